/*
 * The rings of sntrup761, Z_4591[x] and Z_3[x] modulo x^761 - x - 1, and how
 * their elements become bytes.  Nothing here branches on, or indexes with, a
 * coefficient; sntrup_unpack_*() of q-sized values divide, and are for public
 * data only.
 */
#ifndef LIB_SSH_SNTRUP_RING_H
#define LIB_SSH_SNTRUP_RING_H

#include "lib/ssh/sntrup.h"

#include <stddef.h>
#include <stdint.h>

#define SNTRUP_Q	   4591
#define SNTRUP_W	   286 /* nonzero coefficients of a short element */
#define SNTRUP_SMALL_LEN   191
#define SNTRUP_ROUNDED_LEN 1007

/* The constant-time test's word for what is public; elsewhere nothing. */
#ifndef SNTRUP_DECLASSIFY
#define SNTRUP_DECLASSIFY(data, len) ((void)0)
#endif

/* Nearest to zero modulo q for |a| < 2^26, modulo 3 for |a| < 2^24. */
int16_t sntrup_mod_q(int32_t a);
int8_t sntrup_mod_3(int32_t a);

/*
 * product = a * b in the ring, not reduced.  |a| <= q/2 and |b| <= 1, so
 * that |product| < 2^23.
 */
void sntrup_multiply(int32_t product[SNTRUP_P], const int16_t a[SNTRUP_P],
    const int8_t b[SNTRUP_P]);

/* Each coefficient to the nearest multiple of 3. */
void sntrup_round(int16_t a[SNTRUP_P]);

/* A random element with exactly SNTRUP_W coefficients of 1 or -1. */
void sntrup_short(int8_t out[SNTRUP_P], const uint32_t random[SNTRUP_P]);

/* The hash of a one-byte prefix and parts: half of SHA-512. */
struct digest_part;
int sntrup_hash(uint8_t out[32], uint8_t prefix, const void *a, size_t a_len,
    const void *b, size_t b_len);

/* Elements with coefficients -1, 0, 1; of Z_4591; multiples of 3. */
void sntrup_pack_small(uint8_t *out, const int8_t a[SNTRUP_P]);
void sntrup_unpack_small(int8_t a[SNTRUP_P], const uint8_t *in);
void sntrup_pack_key(uint8_t *out, const int16_t a[SNTRUP_P]);
void sntrup_unpack_key(int16_t a[SNTRUP_P], const uint8_t *in);
void sntrup_pack_rounded(uint8_t *out, const int16_t a[SNTRUP_P]);
void sntrup_unpack_rounded(int16_t a[SNTRUP_P], const uint8_t *in);

/*
 * Ciphertext of the short element r: rounded h * r, then the confirmation.
 * key_hash is sntrup_hash(4, pk).
 */
int sntrup_hide(const uint8_t pk[SNTRUP_PK_LEN], const uint8_t key_hash[32],
    const int8_t r[SNTRUP_P], uint8_t r_packed[SNTRUP_SMALL_LEN],
    uint8_t cipher[SNTRUP_CIPHER_LEN]);

/* The session key; prefix 1 for a valid ciphertext, 0 for a refused one. */
int sntrup_session(uint8_t prefix, const uint8_t r_packed[SNTRUP_SMALL_LEN],
    const uint8_t cipher[SNTRUP_CIPHER_LEN], uint8_t secret[SNTRUP_SECRET_LEN]);

#endif
