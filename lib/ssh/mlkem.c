/*
 * ML-KEM-768 for the worker: which implementation serves, and the step that
 * turns a client's key into a shared secret.
 */
#include "lib/ssh/mlkem.h"

#include "lib/err.h"
#include "lib/secret.h"
#include "lib/ssh/digest.h"
#include "lib/ssh/mlkem_pke.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <string.h>

static bool from_libcrypto;

static int
encaps_libcrypto(const uint8_t *ek, uint8_t *cipher, uint8_t *secret)
{
	size_t cipher_len = MLKEM_CIPHER_LEN, secret_len = MLKEM_SECRET_LEN;
	EVP_PKEY_CTX *ctx = NULL;
	EVP_PKEY *key;
	int err = E_VALUE;

	/* It checks the modulus as it takes the key in. */
	key = EVP_PKEY_new_raw_public_key_ex(
	    NULL, "ML-KEM-768", NULL, ek, MLKEM_EK_LEN);
	if (key == NULL)
		goto out;
	err = E_CRYPTO;
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	if (ctx == NULL || EVP_PKEY_encapsulate_init(ctx, NULL) != 1 ||
	    EVP_PKEY_encapsulate(
		ctx, cipher, &cipher_len, secret, &secret_len) != 1)
		goto out;
	if (cipher_len == MLKEM_CIPHER_LEN && secret_len == MLKEM_SECRET_LEN)
		err = 0;
out:
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return err;
}

/* A whole round, so that all that is lazy in libcrypto is done. */
static bool
try_libcrypto(void)
{
	uint8_t ek[MLKEM_EK_LEN], cipher[MLKEM_CIPHER_LEN];
	uint8_t secret[MLKEM_SECRET_LEN];
	size_t len = sizeof(ek);
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *ctx;
	bool works = false;

	ctx = EVP_PKEY_CTX_new_from_name(NULL, "ML-KEM-768", NULL);
	if (ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1 &&
	    EVP_PKEY_generate(ctx, &key) == 1 &&
	    EVP_PKEY_get_raw_public_key(key, ek, &len) == 1 &&
	    len == sizeof(ek))
		works = encaps_libcrypto(ek, cipher, secret) == 0;
	EVP_PKEY_free(key);
	EVP_PKEY_CTX_free(ctx);
	wipe(secret, sizeof(secret));
	ERR_clear_error();
	return works;
}

int
mlkem_preload(void)
{
	if (digest_preload() != 0)
		return E_UNSUPPORTED;
	from_libcrypto = try_libcrypto();
	if (from_libcrypto)
		return 0;
	if (digest_md(DIGEST_SHA3_256) == NULL ||
	    digest_md(DIGEST_SHA3_512) == NULL ||
	    digest_md(DIGEST_SHAKE128) == NULL ||
	    digest_md(DIGEST_SHAKE256) == NULL)
		return E_UNSUPPORTED;
	return 0;
}

bool
mlkem_from_libcrypto(void)
{
	return from_libcrypto;
}

int
mlkem_encaps_own(const uint8_t ek[MLKEM_EK_LEN],
    const uint8_t m[MLKEM_SEED_LEN], uint8_t cipher[MLKEM_CIPHER_LEN],
    uint8_t secret[MLKEM_SECRET_LEN])
{
	uint8_t hash[32], secret_and_r[64];
	int err;

	if ((err = mlkem_hash_key(ek, hash)) == 0 &&
	    (err = mlkem_hash_message(m, hash, secret_and_r)) == 0 &&
	    (err = mlkem_pke_encrypt(ek, m, &secret_and_r[32], cipher)) == 0)
		memcpy(secret, secret_and_r, MLKEM_SECRET_LEN);
	wipe(secret_and_r, sizeof(secret_and_r));
	return err;
}

int
mlkem_encaps(const uint8_t ek[MLKEM_EK_LEN], uint8_t cipher[MLKEM_CIPHER_LEN],
    uint8_t secret[MLKEM_SECRET_LEN])
{
	uint8_t m[MLKEM_SEED_LEN];
	int err = E_CRYPTO;

	if (from_libcrypto)
		return encaps_libcrypto(ek, cipher, secret);
	if (RAND_bytes(m, sizeof(m)) == 1)
		err = mlkem_encaps_own(ek, m, cipher, secret);
	wipe(m, sizeof(m));
	return err;
}
