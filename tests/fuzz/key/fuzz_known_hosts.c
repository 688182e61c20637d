/*
 * known_hosts files, asked for a host and for a host with a certificate.
 */
#include "lib/ssh/known_hosts.h"

#include <stdlib.h>
#include <string.h>

static const char line[] =
#include "tests/fuzz/key/certificate.inc"
    ;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct key *cert, *plain;
	const uint8_t *blob;
	unsigned number;
	size_t len;

	if (cert == NULL) {
		if (key_parse_line(line, strlen(line), &cert, NULL, NULL) != 0)
			abort();
		blob = key_plain_blob(cert, &len);
		if (key_parse(blob, len, &plain) != 0)
			abort();
	}
	(void)known_hosts_find(
	    (const char *)data, size, "host.example.org", 22, plain, &number);
	(void)known_hosts_find((const char *)data, size, "hashed.example.org",
	    2222, cert, &number);
	return 0;
}
