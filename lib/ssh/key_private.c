/*
 * Private keys: made, freed, and turned from what libcrypto holds into what
 * SSH writes.  Files are read and written next door (key_file.c).
 */
#include "lib/ssh/key_private.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/secret.h"
#include "lib/ssh/key_inside.h"
#include "lib/ssh/key_mldsa.h"
#include "lib/ssh/key_sign.h"
#include "lib/ssh/ssh2.h"

#include <openssl/core_names.h>
#include <openssl/err.h>

#include <stdlib.h>
#include <string.h>

/* The SSH type of libcrypto's key; KEY_NONE for those we do not use. */
static enum key_type
type_of(const EVP_PKEY *pkey, const EVP_PKEY *mldsa)
{
	char group[64];
	size_t len;

	if (mldsa != NULL)
		return KEY_MLDSA44_ED25519;
	if (EVP_PKEY_is_a(pkey, "ED25519"))
		return KEY_ED25519;
	if (EVP_PKEY_is_a(pkey, "RSA"))
		return KEY_RSA;
	if (!EVP_PKEY_is_a(pkey, "EC") ||
	    EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME,
		group, sizeof(group), &len) != 1)
		return KEY_NONE;
	for (int type = KEY_ECDSA_P256; type <= KEY_ECDSA_P521; type++)
		if (strcmp(group, key_type_row((enum key_type)type)->group) ==
		    0)
			return (enum key_type)type;
	return KEY_NONE;
}

static int
write_ed25519(const EVP_PKEY *pkey, struct buf *b)
{
	uint8_t point[32];
	size_t len = sizeof(point);

	if (EVP_PKEY_get_raw_public_key(pkey, point, &len) != 1)
		return E_CRYPTO;
	buf_string(b, point, len);
	return 0;
}

static int
write_ecdsa(const EVP_PKEY *pkey, enum key_type type, struct buf *b)
{
	static const char *const names[] = {
	    OSSL_PKEY_PARAM_EC_PUB_X, OSSL_PKEY_PARAM_EC_PUB_Y};
	size_t field = key_field_len(type), mark;
	uint8_t bytes[EC_LEN_MAX];
	BIGNUM *bn = NULL;

	buf_text(b, key_type_row(type)->curve);
	mark = buf_string_open(b);
	buf_u8(b, 4);
	for (size_t i = 0; i < 2; i++) {
		if (EVP_PKEY_get_bn_param(pkey, names[i], &bn) != 1 ||
		    BN_bn2binpad(bn, bytes, (int)field) != (int)field) {
			BN_free(bn);
			return E_CRYPTO;
		}
		buf_bytes(b, bytes, field);
		BN_free(bn);
		bn = NULL;
	}
	buf_string_close(b, mark);
	return 0;
}

int
key_private_number(const EVP_PKEY *pkey, const char *name, struct buf *b)
{
	BIGNUM *bn = NULL;
	uint8_t *bytes;
	size_t len;

	if (EVP_PKEY_get_bn_param(pkey, name, &bn) != 1)
		return E_CRYPTO;
	len = (size_t)BN_num_bytes(bn);
	bytes = mem_alloc(len + 1);
	BN_bn2bin(bn, bytes);
	buf_mpint(b, bytes, len);
	wipe(bytes, len);
	free(bytes);
	BN_clear_free(bn);
	return 0;
}

/* The blob of libcrypto's key. */
static int
write_blob(const EVP_PKEY *pkey, const EVP_PKEY *mldsa, enum key_type type,
    struct buf *b)
{
	int err;

	buf_text(b, key_type_row(type)->name);
	switch (type) {
	case KEY_ED25519:
		return write_ed25519(pkey, b);
	case KEY_MLDSA44_ED25519:
		return key_mldsa_write_public(mldsa, pkey, b);
	case KEY_RSA:
		err = key_private_number(pkey, OSSL_PKEY_PARAM_RSA_E, b);
		if (err != 0)
			return err;
		return key_private_number(pkey, OSSL_PKEY_PARAM_RSA_N, b);
	default:
		return write_ecdsa(pkey, type, b);
	}
}

/* The halves belong together when a signature of one pleases the other. */
static int
check_pair(const struct key_private *key)
{
	const struct key_alg *alg = NULL;
	struct buf sig;
	int err;

	for (size_t i = 0; (alg = key_alg_at(i)) != NULL; i++)
		if (key_alg_serves(alg, key->key))
			break;
	if (alg == NULL)
		return E_UNSUPPORTED;
	buf_init(&sig, SSH_SIGNATURE_MAX);
	if ((err = key_sign(key, alg, "check", 5, &sig)) == 0)
		err = key_verify(
		    key->key, alg, "check", 5, sig.data, sig.len, NULL);
	buf_free(&sig);
	return err == 0 ? 0 : E_VALUE;
}

int
key_private_of_evp(EVP_PKEY *pkey, EVP_PKEY *mldsa, const char *comment,
    struct key_private **out)
{
	struct key_private *key = mem_zalloc(sizeof(*key));
	enum key_type type = type_of(pkey, mldsa);
	struct buf blob;
	int err = E_UNSUPPORTED;

	key->pkey = pkey;
	key->mldsa = mldsa;
	key->comment = mem_strdup(comment);
	buf_init(&blob, SSH_KEY_BLOB_MAX);
	if (type != KEY_NONE &&
	    (err = write_blob(pkey, mldsa, type, &blob)) == 0 &&
	    (err = buf_end(&blob)) == 0 &&
	    (err = key_parse(blob.data, blob.len, &key->key)) == 0)
		err = check_pair(key);
	buf_free(&blob);
	ERR_clear_error();
	if (err != 0) {
		key_private_free(key);
		return err;
	}
	*out = key;
	return 0;
}

int
key_private_generate(
    enum key_type type, unsigned bits, struct key_private **key)
{
	EVP_PKEY *pkey = NULL, *mldsa = NULL;
	int err;

	if ((err = key_evp_ready()) != 0)
		return err;
	switch (type) {
	case KEY_ED25519:
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
		break;
	case KEY_ECDSA_P256:
	case KEY_ECDSA_P384:
	case KEY_ECDSA_P521:
		pkey = EVP_PKEY_Q_keygen(
		    NULL, NULL, "EC", key_type_row(type)->group);
		break;
	case KEY_MLDSA44_ED25519:
		if ((err = key_mldsa_generate(&pkey, &mldsa)) == 0)
			break;
		EVP_PKEY_free(pkey);
		EVP_PKEY_free(mldsa);
		return err;
	case KEY_RSA:
		if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX)
			return E_VALUE;
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits);
		break;
	default:
		return E_UNSUPPORTED;
	}
	ERR_clear_error();
	return pkey == NULL ? E_CRYPTO :
			      key_private_of_evp(pkey, mldsa, "", key);
}

void
key_private_free(struct key_private *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_free(key->pkey); /* libcrypto wipes them */
	EVP_PKEY_free(key->mldsa);
	key_free(key->key);
	free(key->comment);
	free(key);
}

const struct key *
key_private_public(const struct key_private *key)
{
	return key->key;
}

const char *
key_private_comment(const struct key_private *key)
{
	return key->comment;
}
