/*
 * Keys and decapsulation of ML-KEM-768, for the client in our tests.
 */
#include "lib/ssh/mlkem_client.h"

#include "lib/err.h"
#include "lib/secret.h"
#include "lib/ssh/digest.h"
#include "lib/ssh/mlkem_pke.h"

#include <string.h>

/* dk is s (1152 bytes), ek, H(ek), z. */
#define DK_EK	(MLKEM_K * MLKEM_POLY_LEN)
#define DK_HASH (DK_EK + MLKEM_EK_LEN)
#define DK_Z	(DK_HASH + 32)

struct keys {
	struct mlkem_factor s[MLKEM_K];
	struct mlkem_poly e;
	struct mlkem_sum sum;
	struct mlkem_poly result;
	struct mlkem_poly term;
	uint8_t seeds[64]; /* rho, sigma */
};

/* t = A s + e, packed; s packed. */
static int
keygen_pack(struct mlkem_shake *shake, struct keys *w, uint8_t *ek, uint8_t *dk)
{
	int err;

	for (uint8_t i = 0; i < MLKEM_K; i++) {
		memset(&w->sum, 0, sizeof(w->sum));
		for (uint8_t j = 0; j < MLKEM_K; j++) {
			if ((err = mlkem_matrix_entry(
				 shake, w->seeds, i, j, &w->term)) != 0)
				return err;
			mlkem_multiply_add(&w->sum, &w->term, &w->s[j]);
		}
		if ((err = mlkem_noise(shake, &w->seeds[32],
			 (uint8_t)(MLKEM_K + i), &w->e)) != 0)
			return err;
		mlkem_ntt(&w->e);
		mlkem_finish_sum(&w->result, &w->sum);
		mlkem_to_montgomery(&w->result);
		mlkem_add(&w->result, &w->e);
		mlkem_canonical(&w->result);
		mlkem_pack(&ek[i * MLKEM_POLY_LEN], &w->result, 12);
	}
	for (size_t i = 0; i < MLKEM_K; i++) {
		mlkem_canonical(&w->s[i].f);
		mlkem_pack(&dk[i * MLKEM_POLY_LEN], &w->s[i].f, 12);
	}
	memcpy(&ek[DK_EK], w->seeds, MLKEM_SEED_LEN);
	MLKEM_DECLASSIFY(ek, MLKEM_EK_LEN);
	return 0;
}

int
mlkem_keygen(const uint8_t d[MLKEM_SEED_LEN], const uint8_t z[MLKEM_SEED_LEN],
    uint8_t ek[MLKEM_EK_LEN], uint8_t dk[MLKEM_DK_LEN])
{
	static const uint8_t k = MLKEM_K;
	struct digest_part parts[] = {{d, MLKEM_SEED_LEN}, {&k, 1}};
	struct mlkem_shake *shake = mlkem_shake_new();
	struct keys w;
	int err = E_CRYPTO;

	if (shake == NULL ||
	    (err = digest_parts(DIGEST_SHA3_512, parts, 2, w.seeds, 0)) != 0)
		goto out;
	MLKEM_DECLASSIFY(w.seeds, MLKEM_SEED_LEN);
	if ((err = mlkem_noise_factors(shake, &w.seeds[32], w.s)) != 0 ||
	    (err = keygen_pack(shake, &w, ek, dk)) != 0)
		goto out;
	memcpy(&dk[DK_EK], ek, MLKEM_EK_LEN);
	memcpy(&dk[DK_Z], z, MLKEM_SEED_LEN);
	err = mlkem_hash_key(ek, &dk[DK_HASH]);
out:
	wipe(&w, sizeof(w));
	mlkem_shake_free(shake);
	return err;
}

/* K-PKE.Decrypt (algorithm 15). */
static void
decrypt(const uint8_t *dk, const uint8_t *cipher, uint8_t *m)
{
	struct {
		struct mlkem_sum sum;
		struct mlkem_factor u;
		struct mlkem_poly s, v;
	} w;

	memset(&w, 0, sizeof(w));
	for (size_t i = 0; i < MLKEM_K; i++) {
		mlkem_unpack(&w.u.f, &cipher[i * 320], 10);
		mlkem_ntt(&w.u.f);
		mlkem_prepare(&w.u);
		mlkem_unpack(&w.s, &dk[i * MLKEM_POLY_LEN], 12);
		mlkem_multiply_add(&w.sum, &w.s, &w.u);
	}
	mlkem_finish_sum(&w.s, &w.sum);
	mlkem_inverse_ntt(&w.s);
	mlkem_unpack(&w.v, &cipher[MLKEM_K * 320], 4);
	mlkem_subtract(&w.v, &w.s);
	mlkem_canonical(&w.v);
	mlkem_pack(m, &w.v, 1);
	wipe(&w, sizeof(w));
}

/*
 * 0xff if they differ, else 0, without saying where.  The compiler shall not
 * know that it has two values only, or it might make a branch of it.
 */
static uint8_t
differ(const uint8_t *a, const uint8_t *b, size_t len)
{
	unsigned diff = 0;

	for (size_t i = 0; i < len; i++)
		diff |= a[i] ^ b[i];
	diff = -diff >> 8;
	__asm__("" : "+r"(diff));
	return (uint8_t)diff;
}

int
mlkem_decaps(const uint8_t dk[MLKEM_DK_LEN],
    const uint8_t cipher[MLKEM_CIPHER_LEN], uint8_t secret[MLKEM_SECRET_LEN])
{
	struct {
		uint8_t m[32], secret_and_r[64], rejected[32];
		uint8_t again[MLKEM_CIPHER_LEN];
	} w;
	struct digest_part parts[] = {
	    {&dk[DK_Z], MLKEM_SEED_LEN}, {cipher, MLKEM_CIPHER_LEN}};
	uint8_t mask;
	int err;

	decrypt(dk, cipher, w.m);
	if ((err = mlkem_hash_message(w.m, &dk[DK_HASH], w.secret_and_r)) !=
		0 ||
	    (err = digest_parts(DIGEST_SHAKE256, parts, 2, w.rejected, 32)) !=
		0 ||
	    (err = mlkem_pke_encrypt(
		 &dk[DK_EK], w.m, &w.secret_and_r[32], w.again)) != 0)
		goto out;
	mask = differ(cipher, w.again, MLKEM_CIPHER_LEN);
	for (size_t i = 0; i < MLKEM_SECRET_LEN; i++)
		secret[i] = (uint8_t)((w.secret_and_r[i] & ~mask) |
		    (w.rejected[i] & mask));
out:
	wipe(&w, sizeof(w));
	return err;
}
