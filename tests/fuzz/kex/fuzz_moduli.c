/*
 * The moduli file, and a choice from it.  The first six bytes are a request.
 */
#include "lib/ssh/moduli.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t
number(const uint8_t *data)
{
	return (uint32_t)data[0] << 8 | data[1];
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct moduli *m = NULL;
	struct kex_group group;
	uint32_t min, n, max;
	unsigned line;

	if (size < 6)
		return 0;
	min = number(data);
	n = number(&data[2]);
	max = number(&data[4]);
	if (moduli_parse((const char *)&data[6], size - 6, &m, &line) != 0)
		return m == NULL ? 0 : (abort(), 0);
	if (moduli_choose(m, min, n, max, &group) == 0 &&
	    (group.bits < MODULI_BITS_MIN || group.bits > max ||
		!moduli_allows(m, min, n, max, &group)))
		abort();
	moduli_free(m);
	return 0;
}
