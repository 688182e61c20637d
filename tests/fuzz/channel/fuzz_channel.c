/*
 * The channel layer under a hostile client, with a monitor that says yes or
 * no and a session that gives pipes or sockets, all as the input says.  One
 * step: a byte that names it, then its length and bytes.
 */
#include "tests/fuzz/channel/world.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r;

	world_begin();
	rd_init(&r, data, size);
	while (rd_left(&r) != 0 && world_alive()) {
		uint8_t step = rd_u8(&r);
		uint16_t len = rd_u16(&r);

		if (len > rd_left(&r))
			len = (uint16_t)rd_left(&r);
		world_step(step, rd_bytes(&r, len), len);
	}
	world_end();
	return 0;
}
