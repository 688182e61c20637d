/*
 * The reader, driven by a program of its own input: the first half names the
 * calls, the second half is read.
 */
#include "lib/rd.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t half = size / 2, len;
	struct rd r, inner;
	char text[16];

	rd_init(&r, &data[half], size - half);
	for (size_t i = 0; i < half; i++) {
		switch (data[i] % 8) {
		case 0:
			(void)rd_u8(&r);
			break;
		case 1:
			(void)rd_u32(&r);
			break;
		case 2:
			(void)rd_u64(&r);
			break;
		case 3:
			(void)rd_string(&r, data[i], &len);
			break;
		case 4:
			(void)rd_mpint(&r, data[i], &len);
			break;
		case 5:
			rd_text(&r, text, sizeof(text));
			break;
		case 6:
			rd_sub(&r, data[i], &inner);
			break;
		case 7:
			(void)rd_bytes(&r, data[i]);
			break;
		}
		if (r.pos > r.len)
			abort();
	}
	return 0;
}
