/*
 * Revocation lists, asked of a certificate, which touches all of their parts.
 */
#include "lib/ssh/krl.h"

#include <stdlib.h>
#include <string.h>

static const char line[] =
#include "tests/fuzz/key/certificate.inc"
    ;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct key *key;
	struct krl *krl;

	if (key == NULL &&
	    key_parse_line(line, strlen(line), &key, NULL, NULL) != 0)
		abort();
	if (krl_parse(data, size, &krl, NULL) != 0)
		return 0;
	(void)krl_check(krl, key);
	if (krl_entries(krl) > 8 * size + 1)
		abort();
	krl_free(krl);
	return 0;
}
