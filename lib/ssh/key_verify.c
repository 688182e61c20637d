/*
 * Checking signatures, for the monitor (users') and certificates (a CA's).
 * Signature and data come from strangers.
 */
#include "lib/ssh/key_sign.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/rd.h"
#include "lib/ssh/key_inside.h"
#include "lib/ssh/key_mldsa.h"
#include "lib/ssh/ssh2.h"

#include <openssl/err.h>
#include <openssl/sha.h>

#include <string.h>

#define SIGNATURE_NAME_MAX 64
#define ED25519_SIG_LEN	   64
#define DER_MAX		   (2 * (EC_LEN_MAX + 3) + 3)

/* RFC 8032 section 5.1.7: S, little-endian, must be below the order L. */
static bool
ed25519_s_is_reduced(const uint8_t s[32])
{
	static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63,
	    0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
	    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10};

	for (int i = 31; i >= 0; i--)
		if (s[i] != order[i])
			return s[i] < order[i];
	return false;
}

static int
verify_ed25519(const struct key *key, const struct key_signed *s,
    const uint8_t *sig, size_t sig_len)
{
	EVP_MD_CTX *ctx;
	bool good;

	if (sig_len != ED25519_SIG_LEN || !ed25519_s_is_reduced(&sig[32]))
		return E_SIGNATURE;
	if ((ctx = EVP_MD_CTX_new()) == NULL)
		return E_CRYPTO;
	good = EVP_DigestVerifyInit_ex(
		   ctx, NULL, NULL, NULL, NULL, key->pkey, NULL) == 1 &&
	    EVP_DigestVerify(ctx, sig, sig_len, s->data, s->len) == 1;
	EVP_MD_CTX_free(ctx);
	return good ? 0 : E_SIGNATURE;
}

/* An INTEGER from an mpint's magnitude (X.690 section 8.3). */
static void
der_integer(struct buf *b, const uint8_t *magnitude, size_t len)
{
	bool pad = (magnitude[0] & 0x80) != 0;

	buf_u8(b, 0x02);
	buf_u8(b, (uint8_t)(len + (pad ? 1 : 0)));
	if (pad)
		buf_u8(b, 0);
	buf_bytes(b, magnitude, len);
}

/* RFC 5656's two mpints as the SEQUENCE that libcrypto takes. */
static int
der_of_mpints(struct rd *r, size_t field, uint8_t *der, size_t *len)
{
	uint8_t integers[DER_MAX];
	size_t r_len, s_len;
	const uint8_t *sig_r = rd_mpint(r, field, &r_len);
	const uint8_t *sig_s = rd_mpint(r, field, &s_len);
	struct buf inner, outer;

	if (rd_end(r) != 0 || r_len == 0 || s_len == 0)
		return E_SIGNATURE;
	buf_init_over(&inner, integers, sizeof(integers));
	der_integer(&inner, sig_r, r_len);
	der_integer(&inner, sig_s, s_len);
	buf_init_over(&outer, der, DER_MAX);
	buf_u8(&outer, 0x30);
	if (inner.len > 127)
		buf_u8(&outer, 0x81);
	buf_u8(&outer, (uint8_t)inner.len);
	buf_bytes(&outer, inner.data, inner.len);
	*len = outer.len;
	return buf_end(&inner) != 0 || buf_end(&outer) != 0 ? E_SIGNATURE : 0;
}

static int
verify_ecdsa(const struct key *key, const struct key_signed *s,
    const uint8_t *sig, size_t sig_len)
{
	uint8_t der[DER_MAX];
	size_t der_len;
	EVP_PKEY_CTX *ctx;
	struct rd r;
	bool good;
	int err;

	rd_init(&r, sig, sig_len);
	err = der_of_mpints(&r, key_field_len(key->type), der, &der_len);
	if (err != 0)
		return err;
	if ((ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL)) == NULL)
		return E_CRYPTO;
	good = EVP_PKEY_verify_init(ctx) == 1 &&
	    EVP_PKEY_verify(ctx, der, der_len, s->data, s->len) == 1;
	EVP_PKEY_CTX_free(ctx);
	return good ? 0 : E_SIGNATURE;
}

/* RFC 8332; some clients drop the leading zero bytes of the signature. */
static int
verify_rsa(const struct key *key, const struct key_alg *alg,
    const struct key_signed *s, const uint8_t *sig, size_t sig_len)
{
	uint8_t padded[RSA_LEN_MAX] = {0};
	size_t len = (key->bits + 7) / 8;
	EVP_PKEY_CTX *ctx;
	bool good;

	if (sig_len == 0 || sig_len > len)
		return E_SIGNATURE;
	memcpy(&padded[len - sig_len], sig, sig_len);
	if ((ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL)) == NULL)
		return E_CRYPTO;
	good = EVP_PKEY_verify_init(ctx) == 1 && key_rsa_setup(ctx, alg) &&
	    EVP_PKEY_verify(ctx, padded, len, s->data, s->len) == 1;
	EVP_PKEY_CTX_free(ctx);
	return good ? 0 : E_SIGNATURE;
}

static int
verify_bytes(const struct key *key, const struct key_alg *alg, const void *data,
    size_t len, const uint8_t *sig, size_t sig_len)
{
	struct key_signed s;
	int err = key_signed_init(alg, data, len, &s);

	if (err != 0)
		return err;
	switch (key->type) {
	case KEY_ED25519:
	case KEY_SK_ED25519:
		return verify_ed25519(key, &s, sig, sig_len);
	case KEY_ECDSA_P256:
	case KEY_ECDSA_P384:
	case KEY_ECDSA_P521:
	case KEY_SK_ECDSA_P256:
		return verify_ecdsa(key, &s, sig, sig_len);
	case KEY_MLDSA44_ED25519:
		return key_mldsa_verify(key, &s, sig, sig_len, verify_ed25519);
	case KEY_RSA:
		return verify_rsa(key, alg, &s, sig, sig_len);
	case KEY_NONE:
	case KEY_TYPE_COUNT:
		break;
	}
	return E_INTERNAL;
}

/*
 * PROTOCOL.u2f: an authenticator signs the digest of the application, its
 * flags and counter, and the digest of the message.
 */
static int
verify_sk(const struct key *key, const struct key_alg *alg, const void *data,
    size_t len, const uint8_t *sig, size_t sig_len,
    const struct key_sk_use *use)
{
	uint8_t message[2 * SHA256_DIGEST_LENGTH + 1 + 4];
	struct buf b;
	uint8_t hash[SHA256_DIGEST_LENGTH];

	buf_init_over(&b, message, sizeof(message));
	if (key_evp_hash(KEY_SHA256, key->application, strlen(key->application),
		hash) != 0)
		return E_CRYPTO;
	buf_bytes(&b, hash, sizeof(hash));
	buf_u8(&b, use->flags);
	buf_u32(&b, use->counter);
	if (key_evp_hash(KEY_SHA256, data, len, hash) != 0)
		return E_CRYPTO;
	buf_bytes(&b, hash, sizeof(hash));
	return verify_bytes(key, alg, b.data, b.len, sig, sig_len);
}

int
key_verify(const struct key *key, const struct key_alg *alg, const void *data,
    size_t len, const void *sig, size_t sig_len, struct key_sk_use *use)
{
	struct key_sk_use seen = {0, 0};
	size_t name_len, value_len;
	const uint8_t *name, *value;
	struct rd r;
	int err;

	if (!key_alg_serves(alg, key))
		return E_VALUE;
	if (key_is_sk(key) && use == NULL)
		return E_INTERNAL;
	rd_init(&r, sig, sig_len);
	name = rd_string(&r, SIGNATURE_NAME_MAX, &name_len);
	value = rd_string(&r, SSH_SIGNATURE_MAX, &value_len);
	if (key_is_sk(key)) {
		seen.flags = rd_u8(&r);
		seen.counter = rd_u32(&r);
	}
	if (rd_end(&r) != 0 || name_len != strlen(alg->signature) ||
	    memcmp(name, alg->signature, name_len) != 0)
		return E_SIGNATURE;
	err = key_is_sk(key) ?
	    verify_sk(key, alg, data, len, value, value_len, &seen) :
	    verify_bytes(key, alg, data, len, value, value_len);
	ERR_clear_error();
	if (err == 0 && use != NULL)
		*use = seen;
	return err;
}
