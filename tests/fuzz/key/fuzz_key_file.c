/*
 * Private key files of all forms; nobody may be asked for a pass phrase.
 */
#include "lib/buf.h"
#include "lib/ssh/key_private.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct key_private *key, *again;
	struct buf b;

	if (key_private_parse(data, size, &key) != 0)
		return 0;
	buf_init(&b, KEY_FILE_MAX);
	if (key_private_write(key, "", &b) != 0 ||
	    key_private_parse(b.data, b.len, &again) != 0)
		abort();
	buf_free(&b);
	key_private_free(again);
	key_private_free(key);
	return 0;
}
