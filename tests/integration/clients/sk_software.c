/*
 * An authenticator in software, for the tests: what a FIDO token answers, as a
 * library that ssh-keygen and ssh load (-w, SecurityKeyProvider).  Built by
 * them with cc -shared -fPIC -lcrypto.  Its key handle is the private key: it
 * protects nothing.  SK_FLAGS: what it claims of its user (1 touched, 4
 * verified) instead of what it is asked for; SK_COUNTER: its counter.
 */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>
#include <openssl/sha.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define VERSION	  0x000a0000
#define ECDSA	  0
#define ED25519	  1
#define SECRET	  32
#define TOUCHED	  0x01
#define VERIFIED  0x04
#define E_GENERAL (-1)

struct enrolled {
	uint8_t flags;
	uint8_t *public_key;
	size_t public_key_len;
	uint8_t *key_handle;
	size_t key_handle_len;
	uint8_t *signature;
	size_t signature_len;
	uint8_t *attestation_cert;
	size_t attestation_cert_len;
	uint8_t *authdata;
	size_t authdata_len;
};

struct answer {
	uint8_t flags;
	uint32_t counter;
	uint8_t *sig_r;
	size_t sig_r_len;
	uint8_t *sig_s;
	size_t sig_s_len;
};

uint32_t sk_api_version(void);
int sk_enroll(uint32_t, const uint8_t *, size_t, const char *, uint8_t,
    const char *, void **, struct enrolled **);
int sk_sign(uint32_t, const uint8_t *, size_t, const char *, const uint8_t *,
    size_t, uint8_t, const char *, void **, struct answer **);
int sk_load_resident_keys(const char *, void **, void ***, size_t *);

uint32_t
sk_api_version(void)
{
	return VERSION;
}

static uint8_t *
copy(const void *from, size_t len)
{
	uint8_t *to = malloc(len);

	return to == NULL ? NULL : memcpy(to, from, len);
}

/* The P-256 key of a secret. */
static EVP_PKEY *
ec_key(const BIGNUM *secret)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	EC_POINT *point = EC_POINT_new(group);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;
	uint8_t bytes[65];

	EC_POINT_mul(group, point, secret, NULL, NULL, NULL);
	EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, bytes,
	    sizeof(bytes), NULL);
	OSSL_PARAM_BLD_push_utf8_string(
	    build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
	OSSL_PARAM_BLD_push_octet_string(
	    build, OSSL_PKEY_PARAM_PUB_KEY, bytes, sizeof(bytes));
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, secret);
	EVP_PKEY_fromdata_init(ctx);
	EVP_PKEY_fromdata(
	    ctx, &key, EVP_PKEY_KEYPAIR, OSSL_PARAM_BLD_to_param(build));
	return key;
}

static EVP_PKEY *
load(uint32_t alg, const uint8_t *secret)
{
	if (alg == ED25519)
		return EVP_PKEY_new_raw_private_key(
		    EVP_PKEY_ED25519, NULL, secret, SECRET);
	return ec_key(BN_bin2bn(secret, SECRET, NULL));
}

static EVP_PKEY *
make(uint32_t alg, uint8_t *secret)
{
	size_t len = SECRET;
	BIGNUM *bn = NULL;
	EVP_PKEY *key;

	if (alg == ED25519) {
		key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
		return EVP_PKEY_get_raw_private_key(key, secret, &len) == 1 ?
		    key :
		    NULL;
	}
	key = EVP_EC_gen("prime256v1");
	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &bn) != 1)
		return NULL;
	return BN_bn2binpad(bn, secret, SECRET) == SECRET ? key : NULL;
}

int
sk_enroll(uint32_t alg, const uint8_t *challenge, size_t challenge_len,
    const char *application, uint8_t flags, const char *pin, void **options,
    struct enrolled **out)
{
	struct enrolled *e = calloc(1, sizeof(*e));
	uint8_t secret[SECRET], public_key[65];
	size_t len = sizeof(public_key);
	EVP_PKEY *key = make(alg, secret);

	(void)challenge, (void)challenge_len, (void)application, (void)pin,
	    (void)options;
	if (key == NULL || e == NULL)
		return E_GENERAL;
	if (alg == ED25519)
		EVP_PKEY_get_raw_public_key(key, public_key, &len);
	else
		EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY,
		    public_key, sizeof(public_key), &len);
	e->flags = flags;
	e->public_key = copy(public_key, e->public_key_len = len);
	e->key_handle = copy(secret, e->key_handle_len = SECRET);
	e->signature = copy("none", e->signature_len = 4);
	*out = e;
	return 0;
}

static uint8_t *
fixed(const BIGNUM *bn)
{
	uint8_t *out = malloc(SECRET);

	BN_bn2binpad(bn, out, SECRET);
	return out;
}

/* Application's hash, flags, counter, message's hash: what tokens sign. */
static int
signature(EVP_PKEY *key, uint32_t alg, const uint8_t *data, size_t len,
    struct answer *a)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t sig[128];
	const uint8_t *at = sig;
	size_t sig_len = sizeof(sig);
	ECDSA_SIG *parts;

	if (EVP_DigestSignInit(ctx, NULL, alg == ED25519 ? NULL : EVP_sha256(),
		NULL, key) != 1 ||
	    EVP_DigestSign(ctx, sig, &sig_len, data, len) != 1)
		return E_GENERAL;
	if (alg == ED25519) {
		a->sig_r = copy(sig, a->sig_r_len = sig_len);
		return 0;
	}
	parts = d2i_ECDSA_SIG(NULL, &at, (long)sig_len);
	a->sig_r = fixed(ECDSA_SIG_get0_r(parts));
	a->sig_s = fixed(ECDSA_SIG_get0_s(parts));
	a->sig_r_len = a->sig_s_len = SECRET;
	return 0;
}

int
sk_sign(uint32_t alg, const uint8_t *data, size_t data_len,
    const char *application, const uint8_t *handle, size_t handle_len,
    uint8_t flags, const char *pin, void **options, struct answer **out)
{
	const char *claim = getenv("SK_FLAGS"), *count = getenv("SK_COUNTER");
	struct answer *a = calloc(1, sizeof(*a));
	uint8_t text[2 * SHA256_DIGEST_LENGTH + 5], *at = text;

	(void)pin, (void)options;
	if (a == NULL || handle_len != SECRET)
		return E_GENERAL;
	a->flags =
	    claim != NULL ? (uint8_t)atoi(claim) : flags & (TOUCHED | VERIFIED);
	a->counter = count != NULL ? (uint32_t)strtoul(count, NULL, 10) : 7;
	SHA256((const uint8_t *)application, strlen(application), at);
	at += SHA256_DIGEST_LENGTH;
	*at++ = a->flags;
	for (int shift = 24; shift >= 0; shift -= 8)
		*at++ = (uint8_t)(a->counter >> shift);
	SHA256(data, data_len, at);
	*out = a;
	return signature(load(alg, handle), alg, text, sizeof(text), a);
}

int
sk_load_resident_keys(const char *pin, void **options, void ***keys, size_t *n)
{
	(void)pin, (void)options, (void)keys;
	*n = 0;
	return 0;
}
