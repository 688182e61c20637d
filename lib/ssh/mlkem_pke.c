/*
 * Encryption to a client's ML-KEM-768 key, on libcrypto's SHA-3.  Runs in the
 * worker, on a key that a stranger sent.
 */
#include "lib/ssh/mlkem_pke.h"

#include "lib/err.h"
#include "lib/secret.h"
#include "lib/ssh/digest.h"

#include <stdlib.h>
#include <string.h>

/*
 * Bytes squeezed for one matrix entry: three blocks of SHAKE128 hold 256
 * values below q in 99 of 100 cases.  libcrypto before 3.3 cannot squeeze
 * further, so the rare rest is done again with twice as much; 2016 bytes
 * have never been too few, and never will be (2^-261).
 */
#define SQUEEZE_FIRST 504
#define SQUEEZE_MAX   2016

struct mlkem_shake {
	EVP_MD_CTX *ctx128;
	EVP_MD_CTX *ctx256;
};

struct mlkem_shake *
mlkem_shake_new(void)
{
	struct mlkem_shake *shake = calloc(1, sizeof(*shake));

	if (shake == NULL)
		return NULL;
	shake->ctx128 = EVP_MD_CTX_new();
	shake->ctx256 = EVP_MD_CTX_new();
	if (shake->ctx128 == NULL || shake->ctx256 == NULL) {
		mlkem_shake_free(shake);
		return NULL;
	}
	return shake;
}

void
mlkem_shake_free(struct mlkem_shake *shake)
{
	if (shake == NULL)
		return;
	EVP_MD_CTX_free(shake->ctx128); /* clears its state */
	EVP_MD_CTX_free(shake->ctx256);
	free(shake);
}

static int
squeeze(EVP_MD_CTX *ctx, enum digest which, const uint8_t *data, size_t len,
    uint8_t *out, size_t out_len)
{
	const EVP_MD *md = digest_md(which);

	if (md == NULL || EVP_DigestInit_ex2(ctx, md, NULL) != 1 ||
	    EVP_DigestUpdate(ctx, data, len) != 1 ||
	    EVP_DigestFinalXOF(ctx, out, out_len) != 1)
		return E_CRYPTO;
	return 0;
}

int
mlkem_matrix_entry(struct mlkem_shake *shake, const uint8_t rho[MLKEM_SEED_LEN],
    uint8_t row, uint8_t column, struct mlkem_poly *entry)
{
	uint8_t seed[MLKEM_SEED_LEN + 2], bytes[SQUEEZE_MAX];
	int err;

	memcpy(seed, rho, MLKEM_SEED_LEN);
	seed[MLKEM_SEED_LEN] = column;
	seed[MLKEM_SEED_LEN + 1] = row;
	for (size_t len = SQUEEZE_FIRST; len <= SQUEEZE_MAX; len *= 2) {
		if ((err = squeeze(shake->ctx128, DIGEST_SHAKE128, seed,
			 sizeof(seed), bytes, len)) != 0)
			return err;
		if (mlkem_sample_uniform(entry, 0, bytes, len) == MLKEM_N)
			return 0;
	}
	return E_CRYPTO;
}

int
mlkem_noise(struct mlkem_shake *shake, const uint8_t seed[MLKEM_SEED_LEN],
    uint8_t number, struct mlkem_poly *noise)
{
	uint8_t input[MLKEM_SEED_LEN + 1], bytes[MLKEM_NOISE_LEN];
	int err;

	memcpy(input, seed, MLKEM_SEED_LEN);
	input[MLKEM_SEED_LEN] = number;
	if ((err = squeeze(shake->ctx256, DIGEST_SHAKE256, input, sizeof(input),
		 bytes, sizeof(bytes))) == 0)
		mlkem_sample_noise(noise, bytes);
	wipe(input, sizeof(input));
	wipe(bytes, sizeof(bytes));
	return err;
}

int
mlkem_noise_factors(struct mlkem_shake *shake,
    const uint8_t seed[MLKEM_SEED_LEN], struct mlkem_factor factors[MLKEM_K])
{
	for (uint8_t i = 0; i < MLKEM_K; i++) {
		int err = mlkem_noise(shake, seed, i, &factors[i].f);

		if (err != 0)
			return err;
		mlkem_ntt(&factors[i].f);
		mlkem_prepare(&factors[i]);
	}
	return 0;
}

struct encryption {
	struct mlkem_factor y[MLKEM_K];
	struct mlkem_poly noise; /* of e1, or e2 */
	struct mlkem_sum sum;
	struct mlkem_poly result;
	struct mlkem_poly term; /* of the matrix or of the key */
};

/* The sum out of its domain, and noise number `number` on top. */
static int
finish(struct mlkem_shake *shake, const uint8_t *r, uint8_t number,
    struct encryption *w)
{
	int err = mlkem_noise(shake, r, number, &w->noise);

	mlkem_finish_sum(&w->result, &w->sum);
	mlkem_inverse_ntt(&w->result);
	mlkem_add(&w->result, &w->noise);
	return err;
}

/* u = A^T y + e1, compressed to 10 bits. */
static int
encrypt_u(struct mlkem_shake *shake, const uint8_t *rho, const uint8_t *r,
    struct encryption *w, uint8_t *cipher)
{
	int err;

	for (uint8_t i = 0; i < MLKEM_K; i++) {
		memset(&w->sum, 0, sizeof(w->sum));
		for (uint8_t j = 0; j < MLKEM_K; j++) {
			if ((err = mlkem_matrix_entry(
				 shake, rho, j, i, &w->term)) != 0)
				return err;
			mlkem_multiply_add(&w->sum, &w->term, &w->y[j]);
		}
		if ((err = finish(shake, r, (uint8_t)(MLKEM_K + i), w)) != 0)
			return err;
		mlkem_canonical(&w->result);
		mlkem_pack(&cipher[i * 320], &w->result, 10);
	}
	return 0;
}

/* v = t^T y + e2 + Decompress(m), compressed to 4 bits. */
static int
encrypt_v(struct mlkem_shake *shake, const uint8_t *ek, const uint8_t *m,
    const uint8_t *r, struct encryption *w, uint8_t *cipher)
{
	int err;

	memset(&w->sum, 0, sizeof(w->sum));
	for (size_t i = 0; i < MLKEM_K; i++) {
		if (mlkem_unpack(&w->term, &ek[i * MLKEM_POLY_LEN], 12) != 0)
			return E_VALUE;
		mlkem_multiply_add(&w->sum, &w->term, &w->y[i]);
	}
	if ((err = finish(shake, r, 2 * MLKEM_K, w)) != 0)
		return err;
	mlkem_unpack(&w->term, m, 1);
	mlkem_add(&w->result, &w->term);
	mlkem_canonical(&w->result);
	mlkem_pack(&cipher[MLKEM_K * 320], &w->result, 4);
	return 0;
}

int
mlkem_pke_encrypt(const uint8_t ek[MLKEM_EK_LEN],
    const uint8_t m[MLKEM_SEED_LEN], const uint8_t r[MLKEM_SEED_LEN],
    uint8_t cipher[MLKEM_CIPHER_LEN])
{
	struct mlkem_shake *shake = mlkem_shake_new();
	struct encryption w;
	int err = E_CRYPTO;

	if (shake != NULL && (err = mlkem_noise_factors(shake, r, w.y)) == 0 &&
	    (err = encrypt_v(shake, ek, m, r, &w, cipher)) == 0)
		err = encrypt_u(
		    shake, &ek[MLKEM_K * MLKEM_POLY_LEN], r, &w, cipher);
	wipe(&w, sizeof(w));
	mlkem_shake_free(shake);
	return err;
}

int
mlkem_hash_key(const uint8_t ek[MLKEM_EK_LEN], uint8_t hash[32])
{
	struct digest_part part = {ek, MLKEM_EK_LEN};

	return digest_parts(DIGEST_SHA3_256, &part, 1, hash, 32);
}

int
mlkem_hash_message(const uint8_t m[MLKEM_SEED_LEN], const uint8_t hash[32],
    uint8_t secret_and_r[64])
{
	struct digest_part parts[] = {{m, MLKEM_SEED_LEN}, {hash, 32}};

	return digest_parts(DIGEST_SHA3_512, parts, 2, secret_and_r, 64);
}
