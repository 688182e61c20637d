/*
 * Keys and decapsulation of sntrup761, for the client in our tests.
 */
#include "lib/ssh/sntrup_client.h"

#include "lib/err.h"
#include "lib/secret.h"
#include "lib/ssh/sntrup_ring.h"

#include <openssl/rand.h>

#include <string.h>

#define P SNTRUP_P
#define Q SNTRUP_Q

/* sk is f, 1/g, the public key, rho, the public key's hash. */
#define SK_GINV SNTRUP_SMALL_LEN
#define SK_PK	(2 * SNTRUP_SMALL_LEN)
#define SK_RHO	(SK_PK + SNTRUP_PK_LEN)
#define SK_HASH (SK_RHO + SNTRUP_SMALL_LEN)

/* Out of the compiler's sight: it shall not make a branch of a mask. */
static int
hide(int mask)
{
	__asm__("" : "+r"(mask));
	return mask;
}

/* -1 if a is nonzero / negative, else 0. */
static int
nonzero(int32_t a)
{
	return hide((int)((a | -a) >> 31));
}

static int
negative(int32_t a)
{
	return hide((int)(a >> 31));
}

static void
swap_if(int mask, int16_t *a, int16_t *b)
{
	int16_t t = (int16_t)(mask & (*a ^ *b));

	*a = (int16_t)(*a ^ t);
	*b = (int16_t)(*b ^ t);
}

/* 1/a mod q by Fermat, for the invertible ones. */
static int16_t
inverse_mod_q(int16_t a)
{
	int16_t result = a;

	for (int i = 1; i < Q - 2; i++)
		result = sntrup_mod_q((int32_t)a * result);
	return result;
}

/*
 * The state of a division by steps (Bernstein and Yang, "Fast constant-time
 * gcd computation and modular inversion"): f and g reversed, v and r.
 */
struct division {
	int16_t f[P + 1], g[P + 1], v[P + 1], r[P + 1];
	int delta;
};

static void
division_start(struct division *d, const int8_t in[P], int16_t one)
{
	memset(d, 0, sizeof(*d));
	d->f[0] = 1;
	d->f[P - 1] = d->f[P] = -1;
	for (size_t i = 0; i < P; i++)
		d->g[P - 1 - i] = in[i];
	d->r[0] = one;
	d->delta = 1;
}

/* The part of a step before the reduction. */
static void
division_swap(struct division *d)
{
	int mask = negative(-d->delta) & nonzero(d->g[0]);

	memmove(&d->v[1], &d->v[0], P * sizeof(d->v[0]));
	d->v[0] = 0;
	d->delta ^= mask & (d->delta ^ -d->delta);
	d->delta++;
	for (size_t i = 0; i <= P; i++) {
		swap_if(mask, &d->f[i], &d->g[i]);
		swap_if(mask, &d->v[i], &d->r[i]);
	}
}

static void
division_shift(struct division *d)
{
	memmove(&d->g[0], &d->g[1], P * sizeof(d->g[0]));
	d->g[P] = 0;
}

/* 1/in in Z_3; 0 if there is one, else -1. */
static int
invert_mod_3(int8_t out[P], const int8_t in[P])
{
	struct division d;
	int failed;

	division_start(&d, in, 1);
	for (int step = 0; step < 2 * P - 1; step++) {
		int sign;

		division_swap(&d);
		sign = -d.g[0] * d.f[0];
		for (size_t i = 0; i <= P; i++) {
			d.g[i] = sntrup_mod_3(d.g[i] + sign * d.f[i]);
			d.r[i] = sntrup_mod_3(d.r[i] + sign * d.v[i]);
		}
		division_shift(&d);
	}
	for (size_t i = 0; i < P; i++)
		out[i] = (int8_t)(d.f[0] * d.v[P - 1 - i]);
	failed = nonzero(d.delta);
	wipe(&d, sizeof(d));
	return failed;
}

/* 1/(3 * in) in Z_q, for a short element: there always is one. */
static void
invert_mod_q(int16_t out[P], const int8_t in[P])
{
	struct division d;
	int16_t scale;

	division_start(&d, in, inverse_mod_q(3));
	for (int step = 0; step < 2 * P - 1; step++) {
		int32_t f, g;

		division_swap(&d);
		f = d.f[0];
		g = d.g[0];
		for (size_t i = 0; i <= P; i++) {
			d.g[i] = sntrup_mod_q(f * d.g[i] - g * d.f[i]);
			d.r[i] = sntrup_mod_q(f * d.r[i] - g * d.v[i]);
		}
		division_shift(&d);
	}
	scale = inverse_mod_q(d.f[0]);
	for (size_t i = 0; i < P; i++)
		out[i] = sntrup_mod_q((int32_t)scale * d.v[P - 1 - i]);
	wipe(&d, sizeof(d));
}

/* Until it has an inverse: how often is no secret of the one that had. */
static int
random_invertible(
    sntrup_random *random, void *context, int8_t g[P], int8_t inverse[P])
{
	int failed;

	do {
		uint32_t bits[P];

		if (!random(context, bits, sizeof(bits)))
			return E_CRYPTO;
		for (size_t i = 0; i < P; i++)
			g[i] = (int8_t)(((bits[i] & 0x3fffffff) * 3 >> 30) - 1);
		wipe(bits, sizeof(bits));
		failed = invert_mod_3(inverse, g);
		SNTRUP_DECLASSIFY(&failed, sizeof(failed));
	} while (failed != 0);
	return 0;
}

static void
make_keys(const int8_t f[P], const int8_t g[P], const int8_t ginv[P],
    uint8_t *pk, uint8_t *sk)
{
	int16_t finv[P];
	int32_t product[P];

	invert_mod_q(finv, f);
	sntrup_multiply(product, finv, g);
	for (size_t i = 0; i < P; i++)
		finv[i] = sntrup_mod_q(product[i]);
	sntrup_pack_key(pk, finv);
	SNTRUP_DECLASSIFY(pk, SNTRUP_PK_LEN);
	sntrup_pack_small(sk, f);
	sntrup_pack_small(&sk[SK_GINV], ginv);
	memcpy(&sk[SK_PK], pk, SNTRUP_PK_LEN);
	wipe(finv, sizeof(finv));
	wipe(product, sizeof(product));
}

int
sntrup_keygen_with(sntrup_random *random, void *context,
    uint8_t pk[SNTRUP_PK_LEN], uint8_t sk[SNTRUP_SK_LEN])
{
	int8_t f[P], g[P], ginv[P];
	uint32_t bits[P];
	int err = random_invertible(random, context, g, ginv);

	if (err != 0)
		goto out;
	err = E_CRYPTO;
	if (!random(context, bits, sizeof(bits)))
		goto out;
	sntrup_short(f, bits);
	make_keys(f, g, ginv, pk, sk);
	if (!random(context, &sk[SK_RHO], SNTRUP_SMALL_LEN))
		goto out;
	err = sntrup_hash(&sk[SK_HASH], 4, pk, SNTRUP_PK_LEN, "", 0);
out:
	wipe(f, sizeof(f));
	wipe(g, sizeof(g));
	wipe(ginv, sizeof(ginv));
	wipe(bits, sizeof(bits));
	return err;
}

static int
from_libcrypto(void *context, void *data, int len)
{
	(void)context;
	return RAND_bytes(data, len) == 1;
}

int
sntrup_keygen(uint8_t pk[SNTRUP_PK_LEN], uint8_t sk[SNTRUP_SK_LEN])
{
	return sntrup_keygen_with(from_libcrypto, NULL, pk, sk);
}

/* The short element inside a ciphertext; some short one if it has none. */
static void
decrypt(int8_t r[P], const uint8_t *sk, const uint8_t *cipher)
{
	int32_t product[P];
	int16_t c[P];
	int8_t small[P];
	int weight = 0, mask;

	sntrup_unpack_rounded(c, cipher);
	sntrup_unpack_small(small, sk);
	sntrup_multiply(product, c, small);
	for (size_t i = 0; i < P; i++) {
		int32_t a = sntrup_mod_q(3 * sntrup_mod_q(product[i]));

		c[i] = sntrup_mod_3(a);
	}
	sntrup_unpack_small(small, &sk[SK_GINV]);
	sntrup_multiply(product, c, small);
	for (size_t i = 0; i < P; i++) {
		r[i] = sntrup_mod_3(product[i]);
		weight += r[i] & 1;
	}
	mask = nonzero(weight - SNTRUP_W);
	for (size_t i = 0; i < P; i++) {
		int replacement = i < SNTRUP_W ? 1 : 0;

		r[i] = (int8_t)((r[i] & ~mask) | (replacement & mask));
	}
	wipe(product, sizeof(product));
	wipe(c, sizeof(c));
	wipe(small, sizeof(small));
}

int
sntrup_decaps(const uint8_t sk[SNTRUP_SK_LEN],
    const uint8_t cipher[SNTRUP_CIPHER_LEN], uint8_t secret[SNTRUP_SECRET_LEN])
{
	uint8_t again[SNTRUP_CIPHER_LEN], r_packed[SNTRUP_SMALL_LEN];
	int8_t r[P];
	int diff = 0, mask, err;

	decrypt(r, sk, cipher);
	if ((err = sntrup_hide(&sk[SK_PK], &sk[SK_HASH], r, r_packed, again)) !=
	    0)
		goto out;
	for (size_t i = 0; i < SNTRUP_CIPHER_LEN; i++)
		diff |= cipher[i] ^ again[i];
	mask = nonzero(diff);
	for (size_t i = 0; i < SNTRUP_SMALL_LEN; i++)
		r_packed[i] =
		    (uint8_t)((r_packed[i] & ~mask) | (sk[SK_RHO + i] & mask));
	err = sntrup_session((uint8_t)(1 + mask), r_packed, cipher, secret);
out:
	wipe(again, sizeof(again));
	wipe(r_packed, sizeof(r_packed));
	wipe(r, sizeof(r));
	return err;
}
