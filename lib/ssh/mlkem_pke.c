/*
 * Encryption to a client's ML-KEM key, on libcrypto's SHA-3.  Runs in the
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
    const uint8_t seed[MLKEM_SEED_LEN], uint8_t k, struct mlkem_factor *factors)
{
	for (uint8_t i = 0; i < k; i++) {
		int err = mlkem_noise(shake, seed, i, &factors[i].f);

		if (err != 0)
			return err;
		mlkem_ntt(&factors[i].f);
		mlkem_prepare(&factors[i]);
	}
	return 0;
}

struct encryption {
	const struct mlkem_params *p;
	struct mlkem_factor y[MLKEM_K_MAX];
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

/* u = A^T y + e1, compressed to du bits. */
static int
encrypt_u(struct mlkem_shake *shake, const uint8_t *rho, const uint8_t *r,
    struct encryption *w, uint8_t *cipher)
{
	uint8_t k = w->p->k;
	int err;

	for (uint8_t i = 0; i < k; i++) {
		memset(&w->sum, 0, sizeof(w->sum));
		for (uint8_t j = 0; j < k; j++) {
			if ((err = mlkem_matrix_entry(
				 shake, rho, j, i, &w->term)) != 0)
				return err;
			mlkem_multiply_add(&w->sum, &w->term, &w->y[j]);
		}
		if ((err = finish(shake, r, (uint8_t)(k + i), w)) != 0)
			return err;
		mlkem_canonical(&w->result);
		mlkem_pack(&cipher[i * 32 * w->p->du], &w->result, w->p->du);
	}
	return 0;
}

/* v = t^T y + e2 + Decompress(m), compressed to dv bits. */
static int
encrypt_v(struct mlkem_shake *shake, const uint8_t *ek, const uint8_t *m,
    const uint8_t *r, struct encryption *w, uint8_t *cipher)
{
	uint8_t k = w->p->k;
	int err;

	memset(&w->sum, 0, sizeof(w->sum));
	for (size_t i = 0; i < k; i++) {
		if (mlkem_unpack(&w->term, &ek[i * MLKEM_POLY_LEN], 12) != 0)
			return E_VALUE;
		mlkem_multiply_add(&w->sum, &w->term, &w->y[i]);
	}
	if ((err = finish(shake, r, (uint8_t)(2 * k), w)) != 0)
		return err;
	mlkem_unpack(&w->term, m, 1);
	mlkem_add(&w->result, &w->term);
	mlkem_canonical(&w->result);
	mlkem_pack(&cipher[k * 32 * w->p->du], &w->result, w->p->dv);
	return 0;
}

int
mlkem_pke_encrypt(const struct mlkem_params *p, const uint8_t *ek,
    const uint8_t m[MLKEM_SEED_LEN], const uint8_t r[MLKEM_SEED_LEN],
    uint8_t *cipher)
{
	struct mlkem_shake *shake = mlkem_shake_new();
	struct encryption w;
	int err = E_CRYPTO;

	w.p = p;
	if (shake != NULL &&
	    (err = mlkem_noise_factors(shake, r, p->k, w.y)) == 0 &&
	    (err = encrypt_v(shake, ek, m, r, &w, cipher)) == 0)
		err =
		    encrypt_u(shake, &ek[p->k * MLKEM_POLY_LEN], r, &w, cipher);
	wipe(&w, sizeof(w));
	mlkem_shake_free(shake);
	return err;
}

int
mlkem_hash_key(
    const struct mlkem_params *p, const uint8_t *ek, uint8_t hash[32])
{
	struct digest_part part = {ek, p->ek_len};

	return digest_parts(DIGEST_SHA3_256, &part, 1, hash, 32);
}

int
mlkem_hash_message(const uint8_t m[MLKEM_SEED_LEN], const uint8_t hash[32],
    uint8_t secret_and_r[64])
{
	struct digest_part parts[] = {{m, MLKEM_SEED_LEN}, {hash, 32}};

	return digest_parts(DIGEST_SHA3_512, parts, 2, secret_and_r, 64);
}
