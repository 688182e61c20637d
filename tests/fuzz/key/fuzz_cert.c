/*
 * Certificates, parsed and judged.
 */
#include "lib/ssh/authorized_keys.h"
#include "lib/ssh/cert.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cert_rules rules = {.kind = CERT_USER, .now = 1770000000};
	struct key_options options;
	struct key *key;
	char why[64];

	if (key_parse(data, size, &key) != 0)
		return 0;
	if (key_cert(key) != NULL) {
		rules.kind = key_cert(key)->kind;
		if (key_cert(key_cert(key)->ca) != NULL)
			abort();
		key_options_of_cert(key_cert(key), &options);
		key_options_free(&options);
	}
	(void)cert_check(key, &rules, why, sizeof(why));
	key_free(key);
	return 0;
}
