/*
 * Groups as they are kept, for the two files that know.
 */
#ifndef LIB_SSH_MODULI_PRIVATE_H
#define LIB_SSH_MODULI_PRIVATE_H

#include "lib/ssh/moduli.h"

#define MODULI_GENERATOR_BYTES 4

struct moduli_entry {
	uint8_t *p; /* (bits + 7) / 8 bytes */
	uint8_t g[MODULI_GENERATOR_BYTES];
	size_t g_len;
	unsigned bits;
};

struct moduli {
	struct moduli_entry *entries;
	size_t count;
	size_t room;
};

#endif
