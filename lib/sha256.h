/*
 * SHA-256 (FIPS 180-4), for programs that link no libcrypto.  Of public data
 * alone: nothing here is wiped.
 */
#ifndef LIB_SHA256_H
#define LIB_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE	 32
#define SHA256_TEXT_SIZE 65 /* hexadecimal, terminated */

struct sha256 {
	uint32_t state[8];
	uint64_t len; /* bytes so far */
	uint8_t block[64]; /* the last, len % 64 bytes of it */
};

void sha256_init(struct sha256 *h);
void sha256_add(struct sha256 *h, const void *data, size_t len);
/* The digest of all that was added; h is used up. */
void sha256_end(struct sha256 *h, uint8_t out[SHA256_SIZE]);
/* The same in hexadecimal. */
void sha256_end_text(struct sha256 *h, char out[SHA256_TEXT_SIZE]);

#endif
