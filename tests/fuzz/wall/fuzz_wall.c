/*
 * The wall's codec: whatever decodes encodes to the same bytes again.
 */
#include "lib/buf.h"
#include "privsep/wall.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wall_message m;
	struct buf b;

	memset(&m, 0, sizeof(m));
	if (wall_decode(data, size, &m) != 0)
		return 0;
	buf_init(&b, 1024 * 1024);
	if (wall_encode(&m, &b) != 0 || b.len != size ||
	    memcmp(b.data, data, size) != 0)
		abort();
	buf_free(&b);
	return 0;
}
