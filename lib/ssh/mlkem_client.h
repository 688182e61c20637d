/*
 * ML-KEM-768's other half by our own code: keys and decapsulation, for the
 * client that the tests and benchmarks play.  The server does not link it.
 */
#ifndef LIB_SSH_MLKEM_CLIENT_H
#define LIB_SSH_MLKEM_CLIENT_H

#include "lib/ssh/mlkem.h"

#define MLKEM_DK_LEN 2400

/* ML-KEM.KeyGen_internal (FIPS 203 algorithm 16).  0 or E_CRYPTO. */
int mlkem_keygen(const uint8_t d[MLKEM_SEED_LEN],
    const uint8_t z[MLKEM_SEED_LEN], uint8_t ek[MLKEM_EK_LEN],
    uint8_t dk[MLKEM_DK_LEN]);

/* ML-KEM.Decaps_internal (algorithm 18).  0 or E_CRYPTO. */
int mlkem_decaps(const uint8_t dk[MLKEM_DK_LEN],
    const uint8_t cipher[MLKEM_CIPHER_LEN], uint8_t secret[MLKEM_SECRET_LEN]);

#endif
