/*
 * Private key files.  OpenSSH's own format (PROTOCOL.key) is read here and
 * written next door (key_write.c); PKCS#8 and the traditional PEM forms are
 * left to libcrypto's decoder, which is never let near a terminal.  They belong
 * to the administrator, but a broken one must give an error, not a crash, at
 * the next reload.
 */
#include "lib/ssh/key_private.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/rd.h"
#include "lib/secret.h"
#include "lib/ssh/base64.h"
#include "lib/ssh/key_inside.h"
#include "lib/ssh/key_mldsa.h"
#include "lib/ssh/ssh2.h"

#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#include <stdlib.h>
#include <string.h>

#define BEGIN_LINE  "-----BEGIN OPENSSH PRIVATE KEY-----"
#define END_LINE    "-----END OPENSSH PRIVATE KEY-----"
#define MAGIC	    "openssh-key-v1" /* and its NUL */
#define NAME_SIZE   64
#define COMMENT_MAX 1024
#define BLOCK_LEN   8

static int
read_ed25519(struct rd *r, EVP_PKEY **pkey)
{
	size_t point_len, pair_len;
	const uint8_t *point = rd_string(r, 32, &point_len);
	const uint8_t *pair = rd_string(r, 64, &pair_len); /* seed, point */
	uint8_t derived[32];
	size_t len = sizeof(derived);

	if (r->err != 0)
		return r->err;
	if (point_len != 32 || pair_len != 64)
		return E_FORMAT;
	*pkey =
	    EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519", NULL, pair, 32);
	if (*pkey == NULL ||
	    EVP_PKEY_get_raw_public_key(*pkey, derived, &len) != 1)
		return E_CRYPTO;
	if (memcmp(derived, point, 32) != 0 ||
	    memcmp(derived, &pair[32], 32) != 0)
		return E_VALUE;
	return 0;
}

/* libcrypto's key of the parameters collected in build. */
static int
from_params(const char *name, OSSL_PARAM_BLD *build, EVP_PKEY **pkey)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, name, NULL);
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
	int err = E_CRYPTO;

	if (ctx != NULL && params != NULL && EVP_PKEY_fromdata_init(ctx) == 1)
		err = EVP_PKEY_fromdata(ctx, pkey, EVP_PKEY_KEYPAIR, params) ==
			1 ?
		    0 :
		    E_VALUE;
	OSSL_PARAM_free(params); /* clears the secret ones */
	EVP_PKEY_CTX_free(ctx);
	return err;
}

/* In secure memory's accounting, so that OSSL_PARAM_BLD copies are cleared. */
static BIGNUM *
secret_number(const uint8_t *magnitude, size_t len)
{
	BIGNUM *bn = BN_secure_new();

	if (bn == NULL || BN_bin2bn(magnitude, (int)len, bn) == NULL) {
		BN_clear_free(bn);
		return NULL;
	}
	BN_set_flags(bn, BN_FLG_CONSTTIME);
	return bn;
}

static int
read_ecdsa(struct rd *r, enum key_type type, EVP_PKEY **pkey)
{
	const struct key_type_row *row = key_type_row(type);
	size_t curve_len, point_len, len;
	const uint8_t *curve = rd_string(r, NAME_SIZE, &curve_len);
	const uint8_t *point = rd_string(r, 1 + 2 * EC_LEN_MAX, &point_len);
	const uint8_t *d = rd_mpint(r, key_field_len(type), &len);
	OSSL_PARAM_BLD *build;
	BIGNUM *bn;
	int err = E_CRYPTO;

	if (r->err != 0)
		return r->err;
	if (curve_len != strlen(row->curve) ||
	    memcmp(curve, row->curve, curve_len) != 0)
		return E_FORMAT;
	build = OSSL_PARAM_BLD_new();
	bn = secret_number(d, len);
	if (build != NULL && bn != NULL &&
	    OSSL_PARAM_BLD_push_utf8_string(
		build, OSSL_PKEY_PARAM_GROUP_NAME, row->group, 0) == 1 &&
	    OSSL_PARAM_BLD_push_octet_string(
		build, OSSL_PKEY_PARAM_PUB_KEY, point, point_len) == 1 &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, bn) == 1)
		err = from_params("EC", build, pkey);
	OSSL_PARAM_BLD_free(build);
	BN_clear_free(bn);
	return err;
}

enum { RSA_N, RSA_E, RSA_D, RSA_IQMP, RSA_P, RSA_Q, RSA_DP, RSA_DQ, RSA_COUNT };

static const char *const rsa_names[RSA_COUNT] = {
    [RSA_N] = OSSL_PKEY_PARAM_RSA_N,
    [RSA_E] = OSSL_PKEY_PARAM_RSA_E,
    [RSA_D] = OSSL_PKEY_PARAM_RSA_D,
    [RSA_IQMP] = OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
    [RSA_P] = OSSL_PKEY_PARAM_RSA_FACTOR1,
    [RSA_Q] = OSSL_PKEY_PARAM_RSA_FACTOR2,
    [RSA_DP] = OSSL_PKEY_PARAM_RSA_EXPONENT1,
    [RSA_DQ] = OSSL_PKEY_PARAM_RSA_EXPONENT2,
};

/* d mod (prime - 1): the file leaves them out. */
static BIGNUM *
crt_exponent(const BIGNUM *d, const BIGNUM *prime, BN_CTX *ctx)
{
	BIGNUM *minus_one = BN_secure_new(), *result = BN_secure_new();

	if (minus_one == NULL || result == NULL ||
	    BN_copy(minus_one, prime) == NULL ||
	    BN_sub_word(minus_one, 1) != 1 || BN_is_zero(minus_one) ||
	    BN_is_negative(minus_one)) {
		BN_clear_free(result);
		result = NULL;
		goto out;
	}
	BN_set_flags(minus_one, BN_FLG_CONSTTIME);
	BN_set_flags(result, BN_FLG_CONSTTIME);
	if (BN_mod(result, d, minus_one, ctx) != 1) {
		BN_clear_free(result);
		result = NULL;
	}
out:
	BN_clear_free(minus_one);
	return result;
}

/* n = p q and q iqmp = 1 (mod p), or the file is broken. */
static bool
factors_fit(BIGNUM *const numbers[], BN_CTX *ctx)
{
	BIGNUM *product = BN_secure_new();
	bool fit;

	fit = product != NULL &&
	    BN_mul(product, numbers[RSA_P], numbers[RSA_Q], ctx) == 1 &&
	    BN_cmp(product, numbers[RSA_N]) == 0 &&
	    BN_mod_mul(product, numbers[RSA_Q], numbers[RSA_IQMP],
		numbers[RSA_P], ctx) == 1 &&
	    BN_is_one(product);
	BN_clear_free(product);
	return fit;
}

static int
make_rsa(BIGNUM *numbers[], EVP_PKEY **pkey)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	BN_CTX *ctx = BN_CTX_secure_new();
	int err = E_CRYPTO;

	for (int i = 0; i < RSA_DP; i++)
		if (numbers[i] == NULL)
			goto out;
	if (build == NULL || ctx == NULL)
		goto out;
	err = E_VALUE;
	numbers[RSA_DP] = crt_exponent(numbers[RSA_D], numbers[RSA_P], ctx);
	numbers[RSA_DQ] = crt_exponent(numbers[RSA_D], numbers[RSA_Q], ctx);
	if (numbers[RSA_DP] == NULL || numbers[RSA_DQ] == NULL ||
	    !factors_fit(numbers, ctx))
		goto out;
	for (int i = 0; i < RSA_COUNT; i++)
		if (OSSL_PARAM_BLD_push_BN(build, rsa_names[i], numbers[i]) !=
		    1)
			goto out;
	err = from_params("RSA", build, pkey);
out:
	BN_CTX_free(ctx);
	OSSL_PARAM_BLD_free(build);
	return err;
}

static int
read_rsa(struct rd *r, EVP_PKEY **pkey)
{
	const uint8_t *magnitude[RSA_DP];
	BIGNUM *numbers[RSA_COUNT] = {NULL};
	size_t len[RSA_DP];
	int err;

	for (int i = 0; i < RSA_DP; i++)
		magnitude[i] = rd_mpint(r, RSA_BITS_MAX / 8, &len[i]);
	if (r->err != 0)
		return r->err;
	for (int i = 0; i < RSA_DP; i++)
		numbers[i] = secret_number(magnitude[i], len[i]);
	err = make_rsa(numbers, pkey);
	for (int i = 0; i < RSA_COUNT; i++)
		BN_clear_free(numbers[i]);
	return err;
}

static int
read_numbers(struct rd *r, EVP_PKEY **pkey, EVP_PKEY **mldsa)
{
	bool is_cert;
	size_t len;
	const char *name = (const char *)rd_string(r, NAME_SIZE, &len);
	enum key_type type = key_type_of_name(name, len, &is_cert);

	if (r->err != 0)
		return r->err;
	if (is_cert)
		return E_UNSUPPORTED;
	switch (type) {
	case KEY_ED25519:
		return read_ed25519(r, pkey);
	case KEY_ECDSA_P256:
	case KEY_ECDSA_P384:
	case KEY_ECDSA_P521:
		return read_ecdsa(r, type, pkey);
	case KEY_MLDSA44_ED25519:
		return key_mldsa_read_private(r, pkey, mldsa);
	case KEY_RSA:
		return read_rsa(r, pkey);
	default:
		return E_UNSUPPORTED;
	}
}

/* The part that a pass phrase would protect; pub is the blob before it. */
static int
read_private(
    struct rd *r, const uint8_t *pub, size_t pub_len, struct key_private **out)
{
	uint32_t check = rd_u32(r), again = rd_u32(r);
	struct key_private *key = NULL;
	char comment[COMMENT_MAX];
	EVP_PKEY *pkey = NULL, *mldsa = NULL;
	int err;

	if (r->err == 0 && check != again)
		return E_FORMAT;
	if ((err = read_numbers(r, &pkey, &mldsa)) != 0)
		goto out;
	rd_text(r, comment, sizeof(comment));
	for (uint8_t i = 1; rd_left(r) != 0 && i < BLOCK_LEN; i++)
		if (rd_u8(r) != i)
			rd_fail(r, E_FORMAT);
	if ((err = rd_end(r)) != 0)
		goto out;
	err = key_private_of_evp(pkey, mldsa, comment, &key);
	pkey = mldsa = NULL;
	if (err != 0)
		goto out;
	if (pub_len != key->key->blob_len ||
	    memcmp(pub, key->key->blob, pub_len) != 0) {
		err = E_VALUE;
		goto out;
	}
	*out = key;
	key = NULL;
out:
	key_private_free(key);
	EVP_PKEY_free(pkey);
	EVP_PKEY_free(mldsa);
	return err;
}

static int
read_openssh(const struct buf *b, struct key_private **key)
{
	char cipher[NAME_SIZE], kdf[NAME_SIZE];
	const uint8_t *magic, *pub;
	size_t kdf_len, pub_len;
	struct rd r, private;
	uint32_t count;

	rd_init(&r, b->data, b->len);
	magic = rd_bytes(&r, sizeof(MAGIC));
	if (r.err == 0 && memcmp(magic, MAGIC, sizeof(MAGIC)) != 0)
		rd_fail(&r, E_FORMAT);
	rd_text(&r, cipher, sizeof(cipher));
	rd_text(&r, kdf, sizeof(kdf));
	(void)rd_string(&r, KEY_FILE_MAX, &kdf_len);
	count = rd_u32(&r);
	if (r.err != 0)
		return r.err;
	if (strcmp(cipher, "none") != 0 || strcmp(kdf, "none") != 0)
		return E_PASSPHRASE;
	if (count != 1 || kdf_len != 0)
		return E_FORMAT;
	pub = rd_string(&r, SSH_KEY_BLOB_MAX, &pub_len);
	rd_sub(&r, KEY_FILE_MAX, &private);
	if (rd_end(&r) != 0)
		return rd_end(&r);
	return read_private(&private, pub, pub_len, key);
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The text between the armour lines, without its white space, decoded. */
static int
unarmour(const char *text, size_t len, struct buf *b)
{
	const char *end = memmem(text, len, END_LINE, strlen(END_LINE));
	char *compact;
	size_t at = 0;
	int err;

	if (end == NULL)
		return E_FORMAT;
	compact = mem_alloc(len);
	for (; text < end; text++)
		if (!is_space(*text))
			compact[at++] = *text;
	err = base64_decode(compact, at, b);
	wipe(compact, len);
	free(compact);
	return err;
}

static int
refuse_to_ask(char *text, size_t size, size_t *len, const OSSL_PARAM params[],
    void *asked)
{
	(void)text, (void)size, (void)len, (void)params;
	*(bool *)asked = true;
	return 0;
}

/* An OpenSSH file's text, from behind its first line. */
static int
read_armoured(const char *text, size_t len, struct key_private **key)
{
	struct buf b;
	int err;

	buf_init(&b, KEY_FILE_MAX);
	if ((err = unarmour(text, len, &b)) == 0)
		err = read_openssh(&b, key);
	buf_free(&b);
	return err;
}

/*
 * Converts a key that libcrypto decoded into our own format and reads it again,
 * so that all formats pass the same checks (libcrypto does not compare RSA's
 * numbers with each other).
 */
static int
reread(EVP_PKEY *pkey, struct key_private **out)
{
	struct key_private *key;
	struct buf b;
	int err;

	if ((err = key_private_of_evp(pkey, NULL, "", &key)) != 0)
		return err;
	buf_init(&b, KEY_FILE_MAX);
	if ((err = key_private_write(key, "", &b)) == 0)
		err = read_armoured((const char *)&b.data[strlen(BEGIN_LINE)],
		    b.len - strlen(BEGIN_LINE), out);
	buf_free(&b);
	key_private_free(key);
	return err;
}

static int
read_pem(const void *file, size_t len, struct key_private **key)
{
	const unsigned char *at = file;
	EVP_PKEY *pkey = NULL;
	bool asked = false;
	OSSL_DECODER_CTX *ctx = OSSL_DECODER_CTX_new_for_pkey(
	    &pkey, "PEM", NULL, NULL, OSSL_KEYMGMT_SELECT_KEYPAIR, NULL, NULL);
	int err = E_CRYPTO;

	if (ctx != NULL &&
	    OSSL_DECODER_CTX_set_passphrase_cb(ctx, refuse_to_ask, &asked) == 1)
		err =
		    OSSL_DECODER_from_data(ctx, &at, &len) == 1 ? 0 : E_FORMAT;
	OSSL_DECODER_CTX_free(ctx);
	ERR_clear_error();
	if (asked || err != 0) {
		EVP_PKEY_free(pkey);
		return asked ? E_PASSPHRASE : err;
	}
	return reread(pkey, key);
}

int
key_private_parse(const void *file, size_t len, struct key_private **key)
{
	const char *begin;
	int err;

	if (len > KEY_FILE_MAX)
		return E_TOO_LARGE;
	if ((err = key_evp_ready()) != 0)
		return err;
	if (memmem(file, len, "-----BEGIN ", 11) == NULL)
		return E_FORMAT;
	begin = memmem(file, len, BEGIN_LINE, strlen(BEGIN_LINE));
	if (begin == NULL)
		return read_pem(file, len, key);
	begin += strlen(BEGIN_LINE);
	err = read_armoured(
	    begin, len - (size_t)(begin - (const char *)file), key);
	ERR_clear_error();
	return err;
}
