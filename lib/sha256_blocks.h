/*
 * The inside of SHA-256: for lib/sha256*.c and their test.
 */
#ifndef LIB_SHA256_BLOCKS_H
#define LIB_SHA256_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

extern const uint32_t sha256_constants[64];

/* count blocks of 64 bytes; the second only where the first question of the
 * processor is answered with true. */
void sha256_plain_blocks(uint32_t state[8], const uint8_t *data, size_t count);
bool sha256_x86_works(void);
void sha256_x86_blocks(uint32_t state[8], const uint8_t *data, size_t count);

#endif
