/*
 * ML-KEM's other half by our own code: keys and decapsulation, for the
 * client that the tests and benchmarks play.  The server does not link it.
 */
#ifndef LIB_SSH_MLKEM_CLIENT_H
#define LIB_SSH_MLKEM_CLIENT_H

#include "lib/ssh/mlkem.h"

#define MLKEM_DK_MAX 3168

/* Bytes of a decapsulation key. */
size_t mlkem_dk_len(enum mlkem_size size);

/* ML-KEM.KeyGen_internal (FIPS 203 algorithm 16).  0 or E_CRYPTO. */
int mlkem_keygen(enum mlkem_size size, const uint8_t d[MLKEM_SEED_LEN],
    const uint8_t z[MLKEM_SEED_LEN], uint8_t *ek, uint8_t *dk);

/* ML-KEM.Decaps_internal (algorithm 18).  0 or E_CRYPTO. */
int mlkem_decaps(enum mlkem_size size, const uint8_t *dk, const uint8_t *cipher,
    uint8_t *secret);

#endif
