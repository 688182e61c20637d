/*
 * Elliptic-curve Diffie-Hellman: RFC 8731 (X25519) and RFC 5656 (the NIST
 * curves), by libcrypto.  Runs in the worker, on points strangers send.
 */
#include "lib/ssh/kex_private.h"

#include "lib/err.h"
#include "lib/secret.h"
#include "lib/ssh/evp_public.h"

#include <openssl/core_names.h>
#include <openssl/err.h>

static const struct {
	const char *type;
	const char *group; /* NULL: the type says it all */
	size_t point_len;
	size_t secret_len;
} curves[CURVE_COUNT] = {
    [CURVE_X25519] = {"X25519", NULL, 32, 32},
    [CURVE_P256] = {"EC", "P-256", 65, 32},
    [CURVE_P384] = {"EC", "P-384", 97, 48},
    [CURVE_P521] = {"EC", "P-521", 133, 66},
};

/*
 * A key of each curve, made at preload and never used: new keys take their
 * parameters from it, so that no curve is set up for a connection.  And a
 * context with it, of which each use has a copy: to make one anew is half of
 * the time that X25519 takes.
 */
static EVP_PKEY *patterns[CURVE_COUNT];
static EVP_PKEY_CTX *contexts[CURVE_COUNT];

size_t
kex_curve_point_len(int curve)
{
	return curves[curve].point_len;
}

size_t
kex_curve_secret_len(int curve)
{
	return curves[curve].secret_len;
}

static EVP_PKEY *
new_pattern(int curve)
{
	OSSL_PARAM params[2] = {OSSL_PARAM_END, OSSL_PARAM_END};
	EVP_PKEY_CTX *ctx;
	EVP_PKEY *key = NULL;

	ctx = EVP_PKEY_CTX_new_from_name(NULL, curves[curve].type, NULL);
	if (curves[curve].group != NULL)
		params[0] = OSSL_PARAM_construct_utf8_string(
		    OSSL_PKEY_PARAM_GROUP_NAME, (char *)curves[curve].group, 0);
	if (ctx == NULL || EVP_PKEY_keygen_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_params(ctx, params) != 1 ||
	    EVP_PKEY_generate(ctx, &key) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	return key;
}

int
kex_curve_preload(int curve)
{
	uint8_t point[CURVE_POINT_MAX], ours[CURVE_POINT_MAX];
	uint8_t secret[CURVE_SECRET_MAX];
	EVP_PKEY *key = NULL;
	int err = E_UNSUPPORTED;

	if (patterns[curve] == NULL)
		patterns[curve] = new_pattern(curve);
	if (patterns[curve] != NULL && contexts[curve] == NULL)
		contexts[curve] =
		    EVP_PKEY_CTX_new_from_pkey(NULL, patterns[curve], NULL);
	/* A whole exchange: what libcrypto does late, it does now. */
	if (patterns[curve] != NULL &&
	    (err = kex_curve_generate(curve, &key, point)) == 0)
		err = kex_curve_respond(
		    curve, point, curves[curve].point_len, ours, secret);
	EVP_PKEY_free(key);
	wipe(secret, sizeof(secret));
	ERR_clear_error();
	return err;
}

static int
get_point(int curve, EVP_PKEY *key, uint8_t *point)
{
	size_t len = curves[curve].point_len;

	if (curves[curve].group == NULL) {
		if (EVP_PKEY_get_raw_public_key(key, point, &len) != 1)
			return E_CRYPTO;
	} else if (EVP_PKEY_get_octet_string_param(
		       key, OSSL_PKEY_PARAM_PUB_KEY, point, len, &len) != 1) {
		return E_CRYPTO;
	}
	if (len != curves[curve].point_len)
		return E_CRYPTO;
	return 0;
}

int
kex_curve_generate(int curve, EVP_PKEY **key, uint8_t *point)
{
	EVP_PKEY_CTX *ctx = NULL;
	EVP_PKEY *made = NULL;
	int err = E_CRYPTO;

	if (contexts[curve] == NULL)
		return E_UNSUPPORTED;
	ctx = EVP_PKEY_CTX_dup(contexts[curve]);
	if (ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1 &&
	    EVP_PKEY_generate(ctx, &made) == 1)
		err = get_point(curve, made, point);
	EVP_PKEY_CTX_free(ctx);
	if (err == 0)
		*key = made;
	else
		EVP_PKEY_free(made);
	return err;
}

/* The peer's key: libcrypto checks that the point is on the curve. */
static int
read_point(int curve, const uint8_t *point, size_t len, EVP_PKEY **peer)
{
	EVP_PKEY *key;

	if (len != curves[curve].point_len)
		return E_FORMAT;
	if (curves[curve].group == NULL) {
		*peer = evp_public_raw(contexts[curve], point, len);
		return *peer == NULL ? E_CRYPTO : 0;
	}
	if (point[0] != 4) /* not compressed, nor OpenSSL's "hybrid" form */
		return E_FORMAT;
	key = EVP_PKEY_new();
	if (key == NULL ||
	    EVP_PKEY_copy_parameters(key, patterns[curve]) != 1) {
		EVP_PKEY_free(key);
		return E_CRYPTO;
	}
	if (EVP_PKEY_set1_encoded_public_key(key, point, len) != 1) {
		EVP_PKEY_free(key);
		return E_VALUE;
	}
	*peer = key;
	return 0;
}

int
kex_curve_derive(
    int curve, EVP_PKEY *key, const uint8_t *point, size_t len, uint8_t *secret)
{
	static const uint8_t zeros[CURVE_SECRET_MAX];
	size_t secret_len = curves[curve].secret_len;
	EVP_PKEY_CTX *ctx = NULL;
	EVP_PKEY *peer = NULL;
	int err = read_point(curve, point, len, &peer);

	if (err != 0)
		goto out;
	err = E_CRYPTO;
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	/*
	 * 0: no second check of the point.  It is on the curve, the curves
	 * are of prime order, and infinity has no form of this length.
	 */
	if (ctx == NULL || EVP_PKEY_derive_init(ctx) != 1 ||
	    EVP_PKEY_derive_set_peer_ex(ctx, peer, 0) != 1)
		goto out;
	/* From here only the point can be at fault (a small-order one). */
	err = E_VALUE;
	if (EVP_PKEY_derive(ctx, secret, &secret_len) != 1 ||
	    secret_len != curves[curve].secret_len)
		goto out;
	if (!secret_equal(secret, secret_len, zeros, secret_len))
		err = 0;
out:
	if (err != 0)
		wipe(secret, curves[curve].secret_len);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
	return err;
}

int
kex_curve_respond(int curve, const uint8_t *point, size_t len,
    uint8_t *our_point, uint8_t *secret)
{
	EVP_PKEY *key = NULL;
	int err;

	/* Before the work of making a key. */
	if (len != curves[curve].point_len)
		return E_FORMAT;
	if ((err = kex_curve_generate(curve, &key, our_point)) == 0)
		err = kex_curve_derive(curve, key, point, len, secret);
	EVP_PKEY_free(key);
	return err;
}

static int
respond(const struct kex_method *method, const uint8_t *share, size_t len,
    struct buf *our_share, struct buf *secret)
{
	uint8_t point[CURVE_POINT_MAX], shared[CURVE_SECRET_MAX];
	int curve = method->parameter;
	int err = kex_curve_respond(curve, share, len, point, shared);

	if (err == 0) {
		buf_bytes(our_share, point, curves[curve].point_len);
		buf_mpint(secret, shared, curves[curve].secret_len);
	}
	wipe(shared, sizeof(shared));
	return err;
}

const struct kex_family kex_family_curve = {
    .preload = kex_curve_preload,
    .client_share_len = kex_curve_point_len,
    .server_share_len = kex_curve_point_len,
    .respond = respond,
};
