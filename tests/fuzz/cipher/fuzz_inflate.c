/*
 * Compressed payloads: two bytes of length, then the payload, and so on
 * through one stream.
 */
#include "lib/ssh/compress.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct inflater *i = inflater_new(65536);
	uint8_t *out;
	size_t len, made;

	while (size > 2) {
		len = (size_t)data[0] << 8 | data[1];
		len = len < size - 2 ? len : size - 2;
		if (inflater_run(i, &data[2], len, &out, &made) != 0)
			break;
		if (made > 65536)
			abort();
		data += 2 + len;
		size -= 2 + len;
	}
	inflater_free(i);
	return 0;
}
