/*
 * Diffie-Hellman in finite fields: the fixed groups of RFC 8268 and the
 * group exchange of RFC 4419, by libcrypto.  Runs in the worker, on values
 * strangers send.
 */
#include "lib/ssh/kex_private.h"

#include "lib/err.h"
#include "lib/secret.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#include <string.h>

/* A value with fewer bits set has a logarithm that can be guessed. */
#define VALUE_BITS_SET_MIN 4

static const struct {
	int bits;
	const char *name; /* libcrypto's */
} groups[] = {
    {2048, "modp_2048"},
    {4096, "modp_4096"},
    {8192, "modp_8192"},
};
#define GROUP_COUNT (sizeof(groups) / sizeof(groups[0]))

/* A key of parameters alone for each fixed group, set up at preload. */
static EVP_PKEY *patterns[GROUP_COUNT];

/* A key from its numbers; NULL when libcrypto will not. */
static EVP_PKEY *
key_from(OSSL_PARAM_BLD *build)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
	EVP_PKEY *key = NULL;

	if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	return key;
}

static EVP_PKEY *
named_pattern(const char *name)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY *key = NULL;

	if (build != NULL &&
	    OSSL_PARAM_BLD_push_utf8_string(
		build, OSSL_PKEY_PARAM_GROUP_NAME, name, 0) == 1)
		key = key_from(build);
	OSSL_PARAM_BLD_free(build);
	return key;
}

/*
 * Bits of the private exponent: twice the strength of a group of that size
 * (NIST SP 800-57), and no less than twice what the ciphers need of it.
 */
static int
exponent_bits(unsigned bits)
{
	return bits <= 3072 ? 256 : 512;
}

static EVP_PKEY *
group_pattern(const struct kex_group *group)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	BIGNUM *p = BN_bin2bn(group->p, (int)group->p_len, NULL);
	BIGNUM *g = BN_bin2bn(group->g, (int)group->g_len, NULL);
	EVP_PKEY *key = NULL;

	if (build != NULL && p != NULL && g != NULL &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_FFC_P, p) == 1 &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_FFC_G, g) == 1 &&
	    OSSL_PARAM_BLD_push_int(build, OSSL_PKEY_PARAM_DH_PRIV_LEN,
		exponent_bits((unsigned)BN_num_bits(p))) == 1)
		key = key_from(build);
	OSSL_PARAM_BLD_free(build);
	BN_free(p);
	BN_free(g);
	return key;
}

static int
preload(int bits)
{
	for (size_t i = 0; i < GROUP_COUNT; i++) {
		struct kex_group group;

		if (groups[i].bits != bits)
			continue;
		if (patterns[i] == NULL)
			patterns[i] = named_pattern(groups[i].name);
		ERR_clear_error();
		if (patterns[i] == NULL)
			return E_UNSUPPORTED;
		return moduli_builtin((unsigned)bits, &group);
	}
	return E_UNSUPPORTED;
}

static int
preload_gex(int parameter)
{
	struct kex_group group;
	EVP_PKEY *key = NULL;
	struct buf value;
	int err;

	(void)parameter;
	if ((err = preload(2048)) != 0 || (err = preload(4096)) != 0 ||
	    (err = preload(8192)) != 0 ||
	    (err = moduli_builtin(2048, &group)) != 0)
		return err;
	/* A key from p and g alone, as every group exchange makes one. */
	buf_init(&value, MODULI_BYTES_MAX);
	err = kex_dh_generate(0, &group, &key, &value);
	EVP_PKEY_free(key);
	buf_free(&value);
	ERR_clear_error();
	return err;
}

static EVP_PKEY *
fixed_pattern(int bits)
{
	for (size_t i = 0; i < GROUP_COUNT; i++) {
		if (groups[i].bits == bits)
			return patterns[i];
	}
	return NULL;
}

static int
append_public(EVP_PKEY *key, struct buf *out)
{
	BIGNUM *value = NULL;
	uint8_t *at;
	int err = E_CRYPTO;

	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PUB_KEY, &value) == 1 &&
	    (at = buf_add(out, (size_t)BN_num_bytes(value))) != NULL) {
		BN_bn2bin(value, at);
		err = 0;
	}
	BN_free(value);
	return err;
}

int
kex_dh_generate(int bits, const struct kex_group *group, EVP_PKEY **key,
    struct buf *public_value)
{
	EVP_PKEY *own = group == NULL ? NULL : group_pattern(group);
	EVP_PKEY *pattern = group == NULL ? fixed_pattern(bits) : own;
	EVP_PKEY_CTX *ctx = NULL;
	EVP_PKEY *made = NULL;
	int err = E_CRYPTO;

	if (pattern != NULL)
		ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pattern, NULL);
	if (ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1 &&
	    EVP_PKEY_generate(ctx, &made) == 1)
		err = append_public(made, public_value);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(own);
	if (err == 0)
		*key = made;
	else
		EVP_PKEY_free(made);
	return err;
}

/* RFC 4253 section 8: 1 < value < p - 1, and not one to be guessed. */
static int
check_value(const uint8_t *value, size_t len, const BIGNUM *e, const BIGNUM *p)
{
	BIGNUM *last = BN_dup(p);
	unsigned set = 0;
	int err = E_VALUE;

	for (size_t i = 0; i < len; i++)
		set += (unsigned)__builtin_popcount(value[i]);
	if (last == NULL || BN_sub_word(last, 1) != 1)
		err = E_CRYPTO;
	else if (BN_cmp(e, BN_value_one()) > 0 && BN_cmp(e, last) < 0 &&
	    set >= VALUE_BITS_SET_MIN)
		err = 0;
	BN_free(last);
	return err;
}

/* The peer's key in our key's group. */
static int
read_value(EVP_PKEY *key, const uint8_t *value, size_t len, EVP_PKEY **peer)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	BIGNUM *p = NULL, *g = NULL, *e = NULL;
	int err = E_CRYPTO;

	if (len == 0 || len > MODULI_BYTES_MAX) {
		err = E_FORMAT;
		goto out;
	}
	e = BN_bin2bn(value, (int)len, NULL);
	if (e == NULL || build == NULL ||
	    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_FFC_P, &p) != 1 ||
	    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_FFC_G, &g) != 1)
		goto out;
	if ((err = check_value(value, len, e, p)) != 0)
		goto out;
	err = E_CRYPTO;
	if (OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_FFC_P, p) == 1 &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_FFC_G, g) == 1 &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PUB_KEY, e) == 1 &&
	    (*peer = key_from(build)) != NULL)
		err = 0;
out:
	OSSL_PARAM_BLD_free(build);
	BN_free(p);
	BN_free(g);
	BN_free(e);
	return err;
}

int
kex_dh_derive(
    EVP_PKEY *key, const uint8_t *value, size_t len, struct buf *secret)
{
	uint8_t shared[MODULI_BYTES_MAX];
	size_t shared_len = sizeof(shared);
	EVP_PKEY_CTX *ctx = NULL;
	EVP_PKEY *peer = NULL;
	int err = read_value(key, value, len, &peer);

	if (err != 0)
		goto out;
	err = E_CRYPTO;
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	if (ctx == NULL || EVP_PKEY_derive_init(ctx) != 1 ||
	    EVP_PKEY_derive_set_peer_ex(ctx, peer, 0) != 1)
		goto out;
	err = E_VALUE;
	if (EVP_PKEY_derive(ctx, shared, &shared_len) != 1)
		goto out;
	buf_mpint(secret, shared, shared_len);
	err = 0;
out:
	wipe(shared, sizeof(shared));
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
	return err;
}

static int
respond_in(int bits, const struct kex_group *group, const uint8_t *share,
    size_t len, struct buf *our_share, struct buf *secret)
{
	EVP_PKEY *key = NULL;
	int err = kex_dh_generate(bits, group, &key, our_share);

	if (err == 0)
		err = kex_dh_derive(key, share, len, secret);
	EVP_PKEY_free(key);
	return err;
}

static int
respond(const struct kex_method *method, const uint8_t *share, size_t len,
    struct buf *our_share, struct buf *secret)
{
	return respond_in(
	    method->parameter, NULL, share, len, our_share, secret);
}

static int
respond_gex(const struct kex_method *method, const struct kex_group *group,
    const uint8_t *share, size_t len, struct buf *our_share, struct buf *secret)
{
	(void)method;
	return respond_in(0, group, share, len, our_share, secret);
}

static size_t
share_len(int bits)
{
	return bits == 0 ? MODULI_BYTES_MAX : (size_t)bits / 8;
}

const struct kex_family kex_family_dh = {
    .preload = preload,
    .client_share_len = share_len,
    .server_share_len = share_len,
    .respond = respond,
};

const struct kex_family kex_family_gex = {
    .preload = preload_gex,
    .client_share_len = share_len,
    .server_share_len = share_len,
    .respond_in_group = respond_gex,
};
