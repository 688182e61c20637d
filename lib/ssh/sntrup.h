/*
 * Streamlined NTRU Prime sntrup761 (Bernstein, Brumley, Chen,
 * Chuengsatiansup, Lange, Marotzke, Peng, Tuveri, van Vredendaal, Yang), the
 * encapsulating side, by our own code on libcrypto's SHA-512.
 */
#ifndef LIB_SSH_SNTRUP_H
#define LIB_SSH_SNTRUP_H

#include <stdint.h>

#define SNTRUP_P	  761
#define SNTRUP_PK_LEN	  1158
#define SNTRUP_CIPHER_LEN 1039
#define SNTRUP_SECRET_LEN 32

/*
 * Encapsulate to a public key: a fresh shared secret and its ciphertext.
 * Every string of SNTRUP_PK_LEN bytes is a key; E_CRYPTO.
 */
int sntrup_encaps(const uint8_t pk[SNTRUP_PK_LEN],
    uint8_t cipher[SNTRUP_CIPHER_LEN], uint8_t secret[SNTRUP_SECRET_LEN]);

/* The same with the random numbers given: for tests. */
int sntrup_encaps_with(const uint8_t pk[SNTRUP_PK_LEN],
    const uint32_t random[SNTRUP_P], uint8_t cipher[SNTRUP_CIPHER_LEN],
    uint8_t secret[SNTRUP_SECRET_LEN]);

#endif
