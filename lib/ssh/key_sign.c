/*
 * Making signatures, for the keyholder (the host's) and for tests.
 */
#include "lib/ssh/key_sign.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/rd.h"
#include "lib/ssh/key_inside.h"
#include "lib/ssh/key_mldsa.h"

#include <openssl/err.h>
#include <openssl/rsa.h>

#include <string.h>

#define ED25519_SIG_LEN 64
#define SIG_LEN_MAX	KEY_MLDSA_SIGNATURE /* an RSA key's has 2048 */

static size_t
digest_len(const struct key_alg *alg)
{
	if (strcmp(alg->digest, "SHA1") == 0)
		return SHA_DIGEST_LENGTH;
	if (strcmp(alg->digest, "SHA256") == 0)
		return SHA256_DIGEST_LENGTH;
	return strcmp(alg->digest, "SHA384") == 0 ? SHA384_DIGEST_LENGTH :
						    SHA512_DIGEST_LENGTH;
}

static enum key_digest
digest_of(const struct key_alg *alg)
{
	switch (digest_len(alg)) {
	case SHA_DIGEST_LENGTH:
		return KEY_SHA1;
	case SHA256_DIGEST_LENGTH:
		return KEY_SHA256;
	case SHA384_DIGEST_LENGTH:
		return KEY_SHA384;
	default:
		return KEY_SHA512;
	}
}

int
key_signed_init(const struct key_alg *alg, const void *data, size_t len,
    struct key_signed *s)
{
	s->data = data;
	s->len = len;
	if (alg->digest == NULL)
		return 0;
	s->data = s->hash;
	s->len = digest_len(alg);
	return key_evp_hash(digest_of(alg), data, len, s->hash);
}

bool
key_rsa_setup(EVP_PKEY_CTX *ctx, const struct key_alg *alg)
{
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_signature_md(
		ctx, key_evp_digest(digest_of(alg))) == 1;
}

static int
sign_ed25519(EVP_PKEY *pkey, const struct key_signed *s, struct buf *b)
{
	uint8_t sig[ED25519_SIG_LEN];
	size_t len = sizeof(sig);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good;

	if (ctx == NULL)
		return E_CRYPTO;
	good = EVP_DigestSignInit_ex(ctx, NULL, NULL, NULL, NULL, pkey, NULL) ==
		1 &&
	    EVP_DigestSign(ctx, sig, &len, s->data, s->len) == 1;
	EVP_MD_CTX_free(ctx);
	if (!good || len != sizeof(sig))
		return E_CRYPTO;
	buf_bytes(b, sig, len);
	return 0;
}

/* Reads r and s from libcrypto's form: SEQUENCE { INTEGER, INTEGER }. */
static void
mpints_of_der(const uint8_t *der, size_t len, struct buf *b)
{
	size_t count;
	const uint8_t *magnitude;
	struct rd r;

	rd_init(&r, der, len);
	(void)rd_u8(&r);
	if (rd_u8(&r) == 0x81)
		(void)rd_u8(&r);
	for (int i = 0; i < 2; i++) {
		(void)rd_u8(&r);
		count = rd_u8(&r);
		magnitude = rd_bytes(&r, count);
		buf_mpint(b, magnitude, r.err != 0 ? 0 : count);
	}
}

static int
sign_digest(EVP_PKEY *pkey, const struct key_alg *alg,
    const struct key_signed *s, struct buf *b)
{
	uint8_t sig[RSA_LEN_MAX];
	size_t len = sizeof(sig);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	bool good;

	if (ctx == NULL)
		return E_CRYPTO;
	good = EVP_PKEY_sign_init(ctx) == 1 &&
	    (alg->type != KEY_RSA || key_rsa_setup(ctx, alg)) &&
	    EVP_PKEY_sign(ctx, sig, &len, s->data, s->len) == 1;
	EVP_PKEY_CTX_free(ctx);
	if (!good)
		return E_CRYPTO;
	if (alg->type == KEY_RSA)
		buf_bytes(b, sig, len);
	else
		mpints_of_der(sig, len, b);
	return 0;
}

static int
sign_value(const struct key_private *key, const struct key_alg *alg,
    const struct key_signed *s, struct buf *b)
{
	if (alg->type == KEY_MLDSA44_ED25519)
		return key_mldsa_sign(
		    key->mldsa, key->pkey, s, sign_ed25519, b);
	if (alg->type == KEY_ED25519)
		return sign_ed25519(key->pkey, s, b);
	return sign_digest(key->pkey, alg, s, b);
}

int
key_sign(const struct key_private *key, const struct key_alg *alg,
    const void *data, size_t len, struct buf *sig)
{
	uint8_t bytes[SIG_LEN_MAX];
	struct key_signed s;
	struct buf value;
	int err;

	if (alg->type != key->key->type)
		return E_VALUE;
	if ((err = key_signed_init(alg, data, len, &s)) != 0)
		return err;
	buf_init_over(&value, bytes, sizeof(bytes));
	err = sign_value(key, alg, &s, &value);
	ERR_clear_error();
	if (err != 0 || (err = buf_end(&value)) != 0)
		return err;
	buf_text(sig, alg->signature);
	buf_string(sig, value.data, value.len);
	return buf_end(sig);
}
