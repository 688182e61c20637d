/*
 * A place of the table of what each key did: whatever is decoded can be
 * encoded, and is decoded as the same again.
 */
#include "lib/key_uses.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t place[KEY_USES_PLACE] = {0}, again[KEY_USES_PLACE];
	struct key_use use, other;

	memcpy(place, data, size < sizeof(place) ? size : sizeof(place));
	/* With the right checksum, else none gets further. */
	key_use_seal(place);
	if (key_use_decode(place, &use) != 0)
		return 0;
	if (key_use_encode(&use, again) != 0 ||
	    key_use_decode(again, &other) != 0 ||
	    memcmp(&use, &other, sizeof(use)) != 0)
		abort();
	return 0;
}
