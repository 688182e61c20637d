/*
 * Private keys as OpenSSH's own files (PROTOCOL.key), for `sallyportctl
 * hostkeys`.  No pass phrase: a server has nobody to ask.
 */
#include "lib/ssh/key_private.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/secret.h"
#include "lib/ssh/base64.h"
#include "lib/ssh/key_inside.h"
#include "lib/ssh/key_mldsa.h"

#include <openssl/core_names.h>
#include <openssl/rand.h>

#include <stdlib.h>
#include <string.h>

#define BEGIN_LINE "-----BEGIN OPENSSH PRIVATE KEY-----\n"
#define END_LINE   "-----END OPENSSH PRIVATE KEY-----\n"
#define LINE_LEN   70
#define BLOCK_LEN  8

static int
write_ed25519(const EVP_PKEY *pkey, struct buf *b)
{
	uint8_t pair[64];
	size_t seed = 32, point = 32;
	int err = E_CRYPTO;

	if (EVP_PKEY_get_raw_private_key(pkey, pair, &seed) == 1 &&
	    EVP_PKEY_get_raw_public_key(pkey, &pair[32], &point) == 1) {
		buf_string(b, &pair[32], 32);
		buf_string(b, pair, sizeof(pair));
		err = 0;
	}
	wipe(pair, sizeof(pair));
	return err;
}

static int
write_rsa(const EVP_PKEY *pkey, struct buf *b)
{
	static const char *const names[] = {OSSL_PKEY_PARAM_RSA_N,
	    OSSL_PKEY_PARAM_RSA_E, OSSL_PKEY_PARAM_RSA_D,
	    OSSL_PKEY_PARAM_RSA_COEFFICIENT1, OSSL_PKEY_PARAM_RSA_FACTOR1,
	    OSSL_PKEY_PARAM_RSA_FACTOR2};
	int err = 0;

	for (size_t i = 0; err == 0 && i < sizeof(names) / sizeof(names[0]);
	     i++)
		err = key_private_number(pkey, names[i], b);
	return err;
}

/* The type's numbers, public and private, as the file has them. */
static int
write_numbers(const struct key_private *key, struct buf *b)
{
	size_t name_len = strlen(key_name(key->key));
	const uint8_t *rest = &key->key->blob[4 + name_len];

	buf_text(b, key_name(key->key));
	switch (key->key->type) {
	case KEY_ED25519:
		return write_ed25519(key->pkey, b);
	case KEY_RSA:
		return write_rsa(key->pkey, b);
	case KEY_ECDSA_P256:
	case KEY_ECDSA_P384:
	case KEY_ECDSA_P521:
		/* curve and point are the blob's rest */
		buf_bytes(b, rest, key->key->blob_len - 4 - name_len);
		return key_private_number(
		    key->pkey, OSSL_PKEY_PARAM_PRIV_KEY, b);
	case KEY_MLDSA44_ED25519:
		buf_bytes(b, rest, key->key->blob_len - 4 - name_len);
		return key_mldsa_write_seeds(key->mldsa, key->pkey, b);
	default:
		return E_UNSUPPORTED;
	}
}

static int
write_private(const struct key_private *key, const char *comment, struct buf *b)
{
	uint8_t check[4];
	int err;

	if (RAND_bytes(check, sizeof(check)) != 1)
		return E_CRYPTO;
	buf_bytes(b, check, sizeof(check));
	buf_bytes(b, check, sizeof(check));
	if ((err = write_numbers(key, b)) != 0)
		return err;
	buf_text(b, comment == NULL ? "" : comment);
	for (uint8_t i = 1; b->len % BLOCK_LEN != 0; i++)
		buf_u8(b, i);
	return buf_end(b);
}

static int
armour(const struct buf *binary, struct buf *b)
{
	size_t size = BASE64_SIZE(binary->len), len, line;
	char *text = mem_alloc(size);

	len = base64_encode(binary->data, binary->len, text, size);
	buf_bytes(b, BEGIN_LINE, strlen(BEGIN_LINE));
	for (size_t at = 0; at < len; at += line) {
		line = len - at < LINE_LEN ? len - at : LINE_LEN;
		buf_bytes(b, &text[at], line);
		buf_u8(b, '\n');
	}
	buf_bytes(b, END_LINE, strlen(END_LINE));
	wipe(text, size);
	free(text);
	return buf_end(b);
}

int
key_private_write(
    const struct key_private *key, const char *comment, struct buf *b)
{
	struct buf private, binary;
	int err;

	buf_init(&private, KEY_FILE_MAX);
	buf_init(&binary, KEY_FILE_MAX);
	if ((err = write_private(key, comment, &private)) != 0)
		goto out;
	buf_bytes(&binary, "openssh-key-v1", sizeof("openssh-key-v1"));
	buf_text(&binary, "none"); /* cipher */
	buf_text(&binary, "none"); /* key derivation */
	buf_text(&binary, "");
	buf_u32(&binary, 1);
	buf_string(&binary, key->key->blob, key->key->blob_len);
	buf_string(&binary, private.data, private.len);
	if ((err = buf_end(&binary)) == 0)
		err = armour(&binary, b);
out:
	buf_free(&private);
	buf_free(&binary);
	return err;
}
