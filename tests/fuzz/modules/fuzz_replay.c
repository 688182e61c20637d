/*
 * The authenticator of a client's first token: found in the bytes or not at
 * all; a token that is cut short has none.
 */
#include "daemon/ticketholder/replay.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t tag[REPLAY_TAG], other[REPLAY_TAG];
	uint8_t *copy;

	if (replay_tag(data, size, tag) != 0)
		return 0;
	/* The authenticator is the last field: nothing follows it. */
	if (size < REPLAY_TAG ||
	    memcmp(&data[size - REPLAY_TAG], tag, REPLAY_TAG) != 0)
		abort();
	copy = malloc(size - 1);
	memcpy(copy, data, size - 1);
	if (replay_tag(copy, size - 1, other) == 0)
		abort();
	free(copy);
	return 0;
}
