/*
 * ssh-mldsa44-ed25519@openssh.com, as OpenSSH 10.4 and later have it
 * (draft-miller-sshm-mldsa44-ed25519-composite-sigs): ML-DSA-44 (FIPS 204) and
 * Ed25519 over one representative of the message, both of which must verify.
 * The scheme is MLDSA44-Ed25519-SHA512 of draft-ietf-lamps-pq-composite-sigs.
 * libcrypto does both halves; before OpenSSL 3.5 it has no ML-DSA, and keys of
 * this type are then of a type that is not known.
 */
#include "lib/ssh/key_mldsa.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/rd.h"
#include "lib/secret.h"
#include "lib/ssh/key_inside.h"

#include <openssl/err.h>

#include <string.h>

#define NAME	   "ML-DSA-44"
#define MLDSA_SIG  2420
#define ED_LEN	   32
#define PREFIX	   "CompositeAlgorithmSignatures2025"
#define LABEL	   "COMPSIG-MLDSA44-Ed25519-SHA512"
#define PREFIX_LEN (sizeof(PREFIX) - 1)
#define LABEL_LEN  (sizeof(LABEL) - 1)

/* prefix, label, the length of an empty context, SHA-512 of the message */
#define MESSAGE_LEN (PREFIX_LEN + LABEL_LEN + 1 + SHA512_DIGEST_LENGTH)

bool
key_mldsa_present(void)
{
	static int known; /* 1 or -1 once it was asked */
	EVP_PKEY_CTX *ctx;

	if (known == 0) {
		ctx = EVP_PKEY_CTX_new_from_name(NULL, NAME, NULL);
		known = ctx != NULL ? 1 : -1;
		EVP_PKEY_CTX_free(ctx);
		ERR_clear_error();
	}
	return known > 0;
}

int
key_mldsa_parse(struct rd *r, struct key *key)
{
	size_t len;
	const uint8_t *both = rd_string(r, KEY_MLDSA_PUBLIC, &len);
	int err;

	if (r->err != 0)
		return r->err;
	if (!key_mldsa_present())
		return E_UNSUPPORTED;
	if (len != KEY_MLDSA_PUBLIC)
		return E_FORMAT;
	if ((err = key_evp_ed25519(&both[MLDSA_PUBLIC], &key->pkey)) != 0)
		return err;
	key->mldsa = EVP_PKEY_new_raw_public_key_ex(
	    NULL, NAME, NULL, both, MLDSA_PUBLIC);
	ERR_clear_error();
	return key->mldsa == NULL ? E_VALUE : 0;
}

int
key_mldsa_write_public(
    const EVP_PKEY *mldsa, const EVP_PKEY *ed25519, struct buf *b)
{
	uint8_t both[KEY_MLDSA_PUBLIC];
	size_t len = MLDSA_PUBLIC, ed_len = ED_LEN;

	if (EVP_PKEY_get_raw_public_key(mldsa, both, &len) != 1 ||
	    len != MLDSA_PUBLIC ||
	    EVP_PKEY_get_raw_public_key(
		ed25519, &both[MLDSA_PUBLIC], &ed_len) != 1)
		return E_CRYPTO;
	buf_string(b, both, sizeof(both));
	return 0;
}

int
key_mldsa_write_seeds(
    const EVP_PKEY *mldsa, const EVP_PKEY *ed25519, struct buf *b)
{
	uint8_t seeds[KEY_MLDSA_SEEDS];
	size_t len = 0, ed_len = ED_LEN;
	int err = E_CRYPTO;

	if (EVP_PKEY_get_octet_string_param(
		mldsa, "seed", seeds, ED_LEN, &len) == 1 &&
	    len == ED_LEN &&
	    EVP_PKEY_get_raw_private_key(ed25519, &seeds[ED_LEN], &ed_len) ==
		1) {
		buf_string(b, seeds, sizeof(seeds));
		err = 0;
	}
	wipe(seeds, sizeof(seeds));
	return err;
}

static EVP_PKEY *
of_seed(const uint8_t *seed)
{
	OSSL_PARAM params[2] = {OSSL_PARAM_construct_octet_string(
				    "seed", (void *)(uintptr_t)seed, ED_LEN),
	    OSSL_PARAM_construct_end()};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, NAME, NULL);
	EVP_PKEY *pkey = NULL;

	if (ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
	    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

/* The public half is compared with the blob by the caller. */
int
key_mldsa_read_private(struct rd *r, EVP_PKEY **ed25519, EVP_PKEY **mldsa)
{
	size_t public_len, len;
	const uint8_t *seeds;

	(void)rd_string(r, KEY_MLDSA_PUBLIC, &public_len);
	seeds = rd_string(r, KEY_MLDSA_SEEDS, &len);
	if (r->err != 0)
		return r->err;
	if (!key_mldsa_present())
		return E_UNSUPPORTED;
	if (public_len != KEY_MLDSA_PUBLIC || len != KEY_MLDSA_SEEDS)
		return E_FORMAT;
	*mldsa = of_seed(seeds);
	*ed25519 = EVP_PKEY_new_raw_private_key_ex(
	    NULL, "ED25519", NULL, &seeds[ED_LEN], ED_LEN);
	return *mldsa == NULL || *ed25519 == NULL ? E_CRYPTO : 0;
}

int
key_mldsa_generate(EVP_PKEY **ed25519, EVP_PKEY **mldsa)
{
	if (!key_mldsa_present())
		return E_UNSUPPORTED;
	*mldsa = EVP_PKEY_Q_keygen(NULL, NULL, NAME);
	*ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	return *mldsa == NULL || *ed25519 == NULL ? E_CRYPTO : 0;
}

/* The label is ML-DSA's context, too. */
static void
label_param(OSSL_PARAM params[2])
{
	static const char label[] = LABEL;

	params[0] = OSSL_PARAM_construct_octet_string(
	    "context-string", (void *)(uintptr_t)label, LABEL_LEN);
	params[1] = OSSL_PARAM_construct_end();
}

/* M' of the message whose hash s has. */
static void
represent(const struct key_signed *s, uint8_t *message, struct key_signed *out)
{
	struct buf b;

	buf_init_over(&b, message, MESSAGE_LEN);
	buf_bytes(&b, PREFIX, PREFIX_LEN);
	buf_bytes(&b, LABEL, LABEL_LEN);
	buf_u8(&b, 0);
	buf_bytes(&b, s->hash, SHA512_DIGEST_LENGTH);
	out->data = message;
	out->len = b.len;
}

int
key_mldsa_sign(EVP_PKEY *mldsa, EVP_PKEY *ed25519, const struct key_signed *s,
    key_sign_half *sign_ed25519, struct buf *b)
{
	uint8_t message[MESSAGE_LEN], sig[MLDSA_SIG];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t len = sizeof(sig);
	struct key_signed m;
	OSSL_PARAM params[2];
	bool good;

	represent(s, message, &m);
	label_param(params);
	good = ctx != NULL &&
	    EVP_DigestSignInit_ex(ctx, NULL, NULL, NULL, NULL, mldsa, params) ==
		1 &&
	    EVP_DigestSign(ctx, sig, &len, m.data, m.len) == 1 &&
	    len == sizeof(sig);
	EVP_MD_CTX_free(ctx);
	if (!good)
		return E_CRYPTO;
	buf_bytes(b, sig, len);
	return sign_ed25519(ed25519, &m, b);
}

int
key_mldsa_verify(const struct key *key, const struct key_signed *s,
    const uint8_t *sig, size_t len, key_verify_half *verify_ed25519)
{
	uint8_t message[MESSAGE_LEN];
	struct key_signed m;
	OSSL_PARAM params[2];
	EVP_MD_CTX *ctx;
	bool good;

	if (len != KEY_MLDSA_SIGNATURE)
		return E_SIGNATURE;
	if ((ctx = EVP_MD_CTX_new()) == NULL)
		return E_CRYPTO;
	represent(s, message, &m);
	label_param(params);
	good = EVP_DigestVerifyInit_ex(
		   ctx, NULL, NULL, NULL, NULL, key->mldsa, params) == 1 &&
	    EVP_DigestVerify(ctx, sig, MLDSA_SIG, m.data, m.len) == 1;
	EVP_MD_CTX_free(ctx);
	if (!good)
		return E_SIGNATURE;
	return verify_ed25519(key, &m, &sig[MLDSA_SIG], len - MLDSA_SIG);
}
