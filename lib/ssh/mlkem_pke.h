/*
 * K-PKE, the encryption inside ML-KEM (FIPS 203 section 5), and the hash
 * functions G, H and J.
 */
#ifndef LIB_SSH_MLKEM_PKE_H
#define LIB_SSH_MLKEM_PKE_H

#include "lib/ssh/mlkem.h"
#include "lib/ssh/mlkem_poly.h"

#include <stddef.h>
#include <stdint.h>

/*
 * The constant-time test tells valgrind what is public although it was made
 * from a secret; everywhere else this is nothing.
 */
#ifndef MLKEM_DECLASSIFY
#define MLKEM_DECLASSIFY(data, len) ((void)0)
#endif

/* SHAKE contexts for one operation; they hold secrets until freed. */
struct mlkem_shake;
struct mlkem_shake *mlkem_shake_new(void); /* NULL on failure */
void mlkem_shake_free(struct mlkem_shake *shake);

/* Entry [row][column] of the matrix that rho stands for.  0 or E_CRYPTO. */
int mlkem_matrix_entry(struct mlkem_shake *shake,
    const uint8_t rho[MLKEM_SEED_LEN], uint8_t row, uint8_t column,
    struct mlkem_poly *entry);

/* The noise polynomial PRF(seed, number), eta = 2.  0 or E_CRYPTO. */
int mlkem_noise(struct mlkem_shake *shake, const uint8_t seed[MLKEM_SEED_LEN],
    uint8_t number, struct mlkem_poly *noise);

/* The first k of them, transformed and ready to multiply. */
int mlkem_noise_factors(struct mlkem_shake *shake,
    const uint8_t seed[MLKEM_SEED_LEN], uint8_t k,
    struct mlkem_factor *factors);

/*
 * K-PKE.Encrypt of m with randomness r.  E_VALUE: the key fails the modulus
 * check; E_CRYPTO.
 */
int mlkem_pke_encrypt(const struct mlkem_params *p, const uint8_t *ek,
    const uint8_t m[MLKEM_SEED_LEN], const uint8_t r[MLKEM_SEED_LEN],
    uint8_t *cipher);

/* H(ek); and (secret, r) = G(m || H(ek)).  0 or E_CRYPTO. */
int mlkem_hash_key(
    const struct mlkem_params *p, const uint8_t *ek, uint8_t hash[32]);
int mlkem_hash_message(const uint8_t m[MLKEM_SEED_LEN], const uint8_t hash[32],
    uint8_t secret_and_r[64]);

#endif
