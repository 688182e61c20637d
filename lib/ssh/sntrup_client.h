/*
 * sntrup761's other half: keys and decapsulation, for the client that the
 * tests and benchmarks play.  The server does not link it.
 */
#ifndef LIB_SSH_SNTRUP_CLIENT_H
#define LIB_SSH_SNTRUP_CLIENT_H

#include "lib/ssh/sntrup.h"

#define SNTRUP_SK_LEN 1763

/* Where random bytes come from; false when there are none. */
typedef int sntrup_random(void *context, void *data, int len);

/* A key pair by libcrypto's generator / by the given one.  0 or E_CRYPTO. */
int sntrup_keygen(uint8_t pk[SNTRUP_PK_LEN], uint8_t sk[SNTRUP_SK_LEN]);
int sntrup_keygen_with(sntrup_random *random, void *context,
    uint8_t pk[SNTRUP_PK_LEN], uint8_t sk[SNTRUP_SK_LEN]);

/* The shared secret; another, made from sk, for a false ciphertext. */
int sntrup_decaps(const uint8_t sk[SNTRUP_SK_LEN],
    const uint8_t cipher[SNTRUP_CIPHER_LEN], uint8_t secret[SNTRUP_SECRET_LEN]);

#endif
