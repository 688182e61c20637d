/*
 * Polynomials of ML-KEM: Z_3329[X]/(X^256 + 1), its number-theoretic
 * transform, sampling, packing.  Nothing here branches on, or indexes with, a
 * coefficient, except mlkem_sample_uniform(), whose input is public.
 */
#ifndef LIB_SSH_MLKEM_POLY_H
#define LIB_SSH_MLKEM_POLY_H

#include <stddef.h>
#include <stdint.h>

#define MLKEM_Q		3329
#define MLKEM_N		256
#define MLKEM_K_MAX	4 /* polynomials in a vector of ML-KEM-1024 */
#define MLKEM_POLY_LEN	384 /* bytes at 12 bits a coefficient */
#define MLKEM_NOISE_LEN 128 /* bytes that make one noise polynomial */

struct mlkem_poly {
	int16_t c[MLKEM_N];
};

/* A factor of several products: made once by mlkem_prepare(). */
struct mlkem_factor {
	struct mlkem_poly f;
	int16_t twisted[MLKEM_N / 2]; /* odd coefficients times zeta */
};

/* A sum of products, not yet reduced. */
struct mlkem_sum {
	int32_t c[MLKEM_N];
};

/* Into the transformed domain, from -q..q to -q/2..q/2. */
void mlkem_ntt(struct mlkem_poly *f);

/*
 * And back, from -q..q to -q..q; the result is multiplied by 2^16, which
 * undoes mlkem_finish_sum()'s 2^-16.
 */
void mlkem_inverse_ntt(struct mlkem_poly *f);

/* Complete a factor whose f is transformed. */
void mlkem_prepare(struct mlkem_factor *b);

/*
 * sum += a * b, both transformed, a in -q..q: at most MLKEM_K_MAX times.  Then
 * f = sum * 2^-16, in -q..q.
 */
void mlkem_multiply_add(struct mlkem_sum *sum, const struct mlkem_poly *a,
    const struct mlkem_factor *b);
void mlkem_finish_sum(struct mlkem_poly *f, const struct mlkem_sum *sum);

/* f = f * 2^16: what mlkem_finish_sum() took away. */
void mlkem_to_montgomery(struct mlkem_poly *f);

void mlkem_add(struct mlkem_poly *sum, const struct mlkem_poly *a);
void mlkem_subtract(struct mlkem_poly *from, const struct mlkem_poly *a);

/* Every coefficient to 0..q-1. */
void mlkem_canonical(struct mlkem_poly *f);

/*
 * SampleNTT (algorithm 7) continued: take coefficients from bytes until `have`
 * is 256 or the bytes are used up; the number taken so far.
 */
size_t mlkem_sample_uniform(
    struct mlkem_poly *f, size_t have, const uint8_t *bytes, size_t len);

/* SamplePolyCBD (algorithm 8) with eta = 2. */
void mlkem_sample_noise(
    struct mlkem_poly *f, const uint8_t bytes[MLKEM_NOISE_LEN]);

/*
 * ByteEncode (algorithm 5) of Compress_d: canonical coefficients to d bits
 * each, 32 * d bytes; d is 1, 4, 5, 10, 11, or 12 (which does not compress).
 * And back; with d = 12 a value of q or more makes the result -1, else it is 0.
 */
void mlkem_pack(uint8_t *bytes, const struct mlkem_poly *f, unsigned d);
int mlkem_unpack(struct mlkem_poly *f, const uint8_t *bytes, unsigned d);

#endif
