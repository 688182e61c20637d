/*
 * ML-KEM-768 (FIPS 203), the encapsulating side: libcrypto's where it has one
 * (OpenSSL 3.5 and later, asked at run time), else our own.
 */
#ifndef LIB_SSH_MLKEM_H
#define LIB_SSH_MLKEM_H

#include <stdbool.h>
#include <stdint.h>

#define MLKEM_EK_LEN	 1184 /* encapsulation key */
#define MLKEM_CIPHER_LEN 1088
#define MLKEM_SECRET_LEN 32
#define MLKEM_SEED_LEN	 32

/*
 * Ask libcrypto once whether it has ML-KEM-768, and fetch what our own code
 * needs otherwise.  0, or E_UNSUPPORTED when neither can work.
 */
int mlkem_preload(void);

/* Whether libcrypto's ML-KEM serves; known after mlkem_preload(). */
bool mlkem_from_libcrypto(void);

/*
 * Encapsulate to a key: a fresh shared secret and its ciphertext.  E_VALUE
 * when the key fails the modulus check (FIPS 203 section 7.2), E_CRYPTO.
 */
int mlkem_encaps(const uint8_t ek[MLKEM_EK_LEN],
    uint8_t cipher[MLKEM_CIPHER_LEN], uint8_t secret[MLKEM_SECRET_LEN]);

/* The same by our own code and with the randomness m given: for tests. */
int mlkem_encaps_own(const uint8_t ek[MLKEM_EK_LEN],
    const uint8_t m[MLKEM_SEED_LEN], uint8_t cipher[MLKEM_CIPHER_LEN],
    uint8_t secret[MLKEM_SECRET_LEN]);

#endif
