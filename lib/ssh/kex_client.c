/*
 * The client's half of each key exchange, for tests, fuzzers and benchmarks;
 * the server does not link it.
 */
#include "lib/ssh/kex_private.h"

#include "lib/err.h"
#include "lib/mem.h"
#include "lib/secret.h"
#include "lib/ssh/mlkem_client.h"
#include "lib/ssh/sntrup_client.h"

#include <openssl/rand.h>

#include <stdlib.h>

struct kex_client {
	const struct kex_method *method;
	EVP_PKEY *key; /* of the curve or the group */
	uint8_t kem_key[MLKEM_DK_MAX]; /* or sntrup761's, which is smaller */
};

static int
start_mlkem(struct kex_client *c, enum mlkem_size size, struct buf *out)
{
	uint8_t seeds[2 * MLKEM_SEED_LEN], ek[MLKEM_EK_MAX];
	int err = E_CRYPTO;

	if (RAND_bytes(seeds, sizeof(seeds)) == 1)
		err = mlkem_keygen(
		    size, seeds, &seeds[MLKEM_SEED_LEN], ek, c->kem_key);
	if (err == 0)
		buf_bytes(out, ek, mlkem_params_of(size)->ek_len);
	wipe(seeds, sizeof(seeds));
	return err;
}

static int
start_sntrup(struct kex_client *c, struct buf *out)
{
	uint8_t pk[SNTRUP_PK_LEN];
	int err = sntrup_keygen(pk, c->kem_key);

	if (err == 0)
		buf_bytes(out, pk, sizeof(pk));
	return err;
}

static int
start_curve(struct kex_client *c, int curve, struct buf *out)
{
	uint8_t point[CURVE_POINT_MAX];
	int err = kex_curve_generate(curve, &c->key, point);

	if (err == 0)
		buf_bytes(out, point, kex_curve_point_len(curve));
	return err;
}

static int
start_hybrid(struct kex_client *c, struct buf *out)
{
	int parameter = c->method->parameter, err = E_INTERNAL;

	switch (KEX_HYBRID_KEM(parameter)) {
	case KEM_MLKEM768:
		err = start_mlkem(c, MLKEM_768, out);
		break;
	case KEM_MLKEM1024:
		err = start_mlkem(c, MLKEM_1024, out);
		break;
	case KEM_SNTRUP761:
		err = start_sntrup(c, out);
		break;
	case KEM_COUNT:
		break;
	}
	return err != 0 ? err :
			  start_curve(c, KEX_HYBRID_CURVE(parameter), out);
}

static int
start(struct kex_client *c, const struct kex_group *group, struct buf *out)
{
	const struct kex_family *family = c->method->family;

	if (family == &kex_family_gex)
		return group == NULL ? E_UNSUPPORTED :
				       kex_dh_generate(0, group, &c->key, out);
	if (group != NULL)
		return E_UNSUPPORTED;
	if (family == &kex_family_dh)
		return kex_dh_generate(
		    c->method->parameter, NULL, &c->key, out);
	if (family == &kex_family_curve)
		return start_curve(c, c->method->parameter, out);
	return start_hybrid(c, out);
}

int
kex_client_start(const struct kex_method *method, const struct kex_group *group,
    struct kex_client **client, struct buf *our_share)
{
	struct kex_client *c;
	int err;

	if (!kex_usable(method))
		return E_UNSUPPORTED;
	c = mem_zalloc(sizeof(*c));
	c->method = method;
	if ((err = start(c, group, our_share)) != 0)
		kex_client_free(c);
	else
		*client = c;
	return err;
}

static int
finish_hybrid(
    struct kex_client *c, const uint8_t *share, size_t len, struct buf *secret)
{
	int parameter = c->method->parameter, err;
	int curve = KEX_HYBRID_CURVE(parameter);
	enum kex_kem kem = KEX_HYBRID_KEM(parameter);
	uint8_t kem_secret[KEM_SECRET_LEN], curve_secret[CURVE_SECRET_MAX];
	size_t point_len = kex_curve_point_len(curve), cipher_len;

	if (len != c->method->family->server_share_len(parameter))
		return E_FORMAT;
	cipher_len = len - point_len;
	if (kem == KEM_SNTRUP761)
		err = sntrup_decaps(c->kem_key, share, kem_secret);
	else
		err = mlkem_decaps(kem == KEM_MLKEM768 ? MLKEM_768 : MLKEM_1024,
		    c->kem_key, share, kem_secret);
	if (err == 0 &&
	    (err = kex_curve_derive(curve, c->key, &share[cipher_len],
		 point_len, curve_secret)) == 0)
		err = kex_hybrid_combine(
		    c->method, kem_secret, curve_secret, secret);
	wipe(kem_secret, sizeof(kem_secret));
	wipe(curve_secret, sizeof(curve_secret));
	return err;
}

int
kex_client_finish(
    struct kex_client *c, const uint8_t *share, size_t len, struct buf *secret)
{
	uint8_t shared[CURVE_SECRET_MAX];
	int curve = c->method->parameter;
	int err;

	if (c->method->family->secret_is_string)
		return finish_hybrid(c, share, len, secret);
	if ((c->method->attributes & KEX_FINITE_FIELD) != 0)
		return kex_dh_derive(c->key, share, len, secret);
	if ((err = kex_curve_derive(curve, c->key, share, len, shared)) == 0)
		buf_mpint(secret, shared, kex_curve_secret_len(curve));
	wipe(shared, sizeof(shared));
	return err;
}

void
kex_client_free(struct kex_client *c)
{
	if (c == NULL)
		return;
	EVP_PKEY_free(c->key);
	wipe(c, sizeof(*c));
	free(c);
}
