/*
 * ML-KEM-768 and ML-KEM-1024 (FIPS 203), the encapsulating side: libcrypto's
 * where it has one (OpenSSL 3.5 and later, asked at run time), else our own.
 */
#ifndef LIB_SSH_MLKEM_H
#define LIB_SSH_MLKEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mlkem_size { MLKEM_768, MLKEM_1024, MLKEM_SIZES };

#define MLKEM_SECRET_LEN 32
#define MLKEM_SEED_LEN	 32

/* The lengths of the larger; those of a size are in its parameters. */
#define MLKEM_EK_MAX	 1568
#define MLKEM_CIPHER_MAX 1568

/* FIPS 203, tables 2 and 3. */
struct mlkem_params {
	const char *name; /* libcrypto's */
	uint8_t k; /* polynomials in a vector */
	uint8_t du, dv; /* bits of a coefficient in the ciphertext */
	size_t ek_len; /* encapsulation key */
	size_t cipher_len;
};

/* Never NULL; static. */
const struct mlkem_params *mlkem_params_of(enum mlkem_size size);

/*
 * Ask libcrypto once whether it has ML-KEM of that size, and fetch what our
 * own code needs otherwise.  0, or E_UNSUPPORTED when neither can work, or
 * when libcrypto is held to FIPS and has none: our own is not approved.
 */
int mlkem_preload(enum mlkem_size size);

/* Whether libcrypto's ML-KEM serves; known after mlkem_preload(). */
bool mlkem_from_libcrypto(enum mlkem_size size);

/*
 * Encapsulate to a key of ek_len bytes: a fresh shared secret of
 * MLKEM_SECRET_LEN and its ciphertext of cipher_len.  E_VALUE when the key
 * fails the modulus check (FIPS 203 section 7.2), E_CRYPTO.
 */
int mlkem_encaps(
    enum mlkem_size size, const uint8_t *ek, uint8_t *cipher, uint8_t *secret);

/* The same by our own code and with the randomness m given: for tests. */
int mlkem_encaps_own(enum mlkem_size size, const uint8_t *ek,
    const uint8_t m[MLKEM_SEED_LEN], uint8_t *cipher, uint8_t *secret);

#endif
