/*
 * Keys and decapsulation of ML-KEM, for the client in our tests.
 */
#include "lib/ssh/mlkem_client.h"

#include "lib/err.h"
#include "lib/secret.h"
#include "lib/ssh/digest.h"
#include "lib/ssh/mlkem_pke.h"

#include <string.h>

/* Where its parts are: dk is s, ek, H(ek), z. */
struct dk_places {
	size_t ek, hash, z;
};

static struct dk_places
dk_places(const struct mlkem_params *p)
{
	size_t ek = p->k * MLKEM_POLY_LEN;

	return (struct dk_places){ek, ek + p->ek_len, ek + p->ek_len + 32};
}

size_t
mlkem_dk_len(enum mlkem_size size)
{
	return dk_places(mlkem_params_of(size)).z + MLKEM_SEED_LEN;
}

struct keys {
	const struct mlkem_params *p;
	struct mlkem_factor s[MLKEM_K_MAX];
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
	uint8_t k = w->p->k;
	int err;

	for (uint8_t i = 0; i < k; i++) {
		memset(&w->sum, 0, sizeof(w->sum));
		for (uint8_t j = 0; j < k; j++) {
			if ((err = mlkem_matrix_entry(
				 shake, w->seeds, i, j, &w->term)) != 0)
				return err;
			mlkem_multiply_add(&w->sum, &w->term, &w->s[j]);
		}
		if ((err = mlkem_noise(
			 shake, &w->seeds[32], (uint8_t)(k + i), &w->e)) != 0)
			return err;
		mlkem_ntt(&w->e);
		mlkem_finish_sum(&w->result, &w->sum);
		mlkem_to_montgomery(&w->result);
		mlkem_add(&w->result, &w->e);
		mlkem_canonical(&w->result);
		mlkem_pack(&ek[i * MLKEM_POLY_LEN], &w->result, 12);
	}
	for (size_t i = 0; i < k; i++) {
		mlkem_canonical(&w->s[i].f);
		mlkem_pack(&dk[i * MLKEM_POLY_LEN], &w->s[i].f, 12);
	}
	memcpy(&ek[k * MLKEM_POLY_LEN], w->seeds, MLKEM_SEED_LEN);
	MLKEM_DECLASSIFY(ek, w->p->ek_len);
	return 0;
}

int
mlkem_keygen(enum mlkem_size size, const uint8_t d[MLKEM_SEED_LEN],
    const uint8_t z[MLKEM_SEED_LEN], uint8_t *ek, uint8_t *dk)
{
	const struct mlkem_params *p = mlkem_params_of(size);
	struct digest_part parts[] = {{d, MLKEM_SEED_LEN}, {&p->k, 1}};
	struct dk_places at = dk_places(p);
	struct mlkem_shake *shake = mlkem_shake_new();
	struct keys w;
	int err = E_CRYPTO;

	w.p = p;
	if (shake == NULL ||
	    (err = digest_parts(DIGEST_SHA3_512, parts, 2, w.seeds, 0)) != 0)
		goto out;
	MLKEM_DECLASSIFY(w.seeds, MLKEM_SEED_LEN);
	if ((err = mlkem_noise_factors(shake, &w.seeds[32], p->k, w.s)) != 0 ||
	    (err = keygen_pack(shake, &w, ek, dk)) != 0)
		goto out;
	memcpy(&dk[at.ek], ek, p->ek_len);
	memcpy(&dk[at.z], z, MLKEM_SEED_LEN);
	err = mlkem_hash_key(p, ek, &dk[at.hash]);
out:
	wipe(&w, sizeof(w));
	mlkem_shake_free(shake);
	return err;
}

/* K-PKE.Decrypt (algorithm 15). */
static void
decrypt(const struct mlkem_params *p, const uint8_t *dk, const uint8_t *cipher,
    uint8_t *m)
{
	struct {
		struct mlkem_sum sum;
		struct mlkem_factor u;
		struct mlkem_poly s, v;
	} w;

	memset(&w, 0, sizeof(w));
	for (size_t i = 0; i < p->k; i++) {
		mlkem_unpack(&w.u.f, &cipher[i * 32 * p->du], p->du);
		mlkem_ntt(&w.u.f);
		mlkem_prepare(&w.u);
		mlkem_unpack(&w.s, &dk[i * MLKEM_POLY_LEN], 12);
		mlkem_multiply_add(&w.sum, &w.s, &w.u);
	}
	mlkem_finish_sum(&w.s, &w.sum);
	mlkem_inverse_ntt(&w.s);
	mlkem_unpack(&w.v, &cipher[p->k * 32 * p->du], p->dv);
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
mlkem_decaps(enum mlkem_size size, const uint8_t *dk, const uint8_t *cipher,
    uint8_t *secret)
{
	const struct mlkem_params *p = mlkem_params_of(size);
	struct dk_places at = dk_places(p);
	struct {
		uint8_t m[32], secret_and_r[64], rejected[32];
		uint8_t again[MLKEM_CIPHER_MAX];
	} w;
	struct digest_part parts[] = {
	    {&dk[at.z], MLKEM_SEED_LEN}, {cipher, p->cipher_len}};
	uint8_t mask;
	int err;

	decrypt(p, dk, cipher, w.m);
	if ((err = mlkem_hash_message(w.m, &dk[at.hash], w.secret_and_r)) !=
		0 ||
	    (err = digest_parts(DIGEST_SHAKE256, parts, 2, w.rejected, 32)) !=
		0 ||
	    (err = mlkem_pke_encrypt(
		 p, &dk[at.ek], w.m, &w.secret_and_r[32], w.again)) != 0)
		goto out;
	mask = differ(cipher, w.again, p->cipher_len);
	for (size_t i = 0; i < MLKEM_SECRET_LEN; i++)
		secret[i] = (uint8_t)((w.secret_and_r[i] & ~mask) |
		    (w.rejected[i] & mask));
out:
	wipe(&w, sizeof(w));
	return err;
}
