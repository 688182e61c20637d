/*
 * Public key blobs: what is parsed is written again as it was.
 */
#include "lib/ssh/key.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[KEY_FINGERPRINT_SIZE];
	struct key *key;
	size_t len;

	if (key_parse(data, size, &key) != 0)
		return 0;
	if (memcmp(key_blob(key, &len), data, size) != 0 || len != size ||
	    key_bits(key) == 0 || key_type(key) == KEY_NONE)
		abort();
	key_fingerprint(key, text, sizeof(text));
	key_free(key);
	return 0;
}
