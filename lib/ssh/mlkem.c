/*
 * ML-KEM for the worker: which implementation serves, and the step that
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

static const struct mlkem_params sizes[MLKEM_SIZES] = {
    [MLKEM_768] = {"ML-KEM-768", 3, 10, 4, 1184, 1088},
    [MLKEM_1024] = {"ML-KEM-1024", 4, 11, 5, MLKEM_EK_MAX, MLKEM_CIPHER_MAX},
};

static bool from_libcrypto[MLKEM_SIZES];

const struct mlkem_params *
mlkem_params_of(enum mlkem_size size)
{
	return &sizes[size];
}

static int
encaps_libcrypto(const struct mlkem_params *p, const uint8_t *ek,
    uint8_t *cipher, uint8_t *secret)
{
	size_t cipher_len = p->cipher_len, secret_len = MLKEM_SECRET_LEN;
	EVP_PKEY_CTX *ctx = NULL;
	EVP_PKEY *key;
	int err = E_VALUE;

	/* It checks the modulus as it takes the key in. */
	key =
	    EVP_PKEY_new_raw_public_key_ex(NULL, p->name, NULL, ek, p->ek_len);
	if (key == NULL)
		goto out;
	err = E_CRYPTO;
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	if (ctx == NULL || EVP_PKEY_encapsulate_init(ctx, NULL) != 1 ||
	    EVP_PKEY_encapsulate(
		ctx, cipher, &cipher_len, secret, &secret_len) != 1)
		goto out;
	if (cipher_len == p->cipher_len && secret_len == MLKEM_SECRET_LEN)
		err = 0;
out:
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return err;
}

/* A whole round, so that all that is lazy in libcrypto is done. */
static bool
try_libcrypto(const struct mlkem_params *p)
{
	uint8_t ek[MLKEM_EK_MAX], cipher[MLKEM_CIPHER_MAX];
	uint8_t secret[MLKEM_SECRET_LEN];
	size_t len = sizeof(ek);
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *ctx;
	bool works = false;

	ctx = EVP_PKEY_CTX_new_from_name(NULL, p->name, NULL);
	if (ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1 &&
	    EVP_PKEY_generate(ctx, &key) == 1 &&
	    EVP_PKEY_get_raw_public_key(key, ek, &len) == 1 && len == p->ek_len)
		works = encaps_libcrypto(p, ek, cipher, secret) == 0;
	EVP_PKEY_free(key);
	EVP_PKEY_CTX_free(ctx);
	wipe(secret, sizeof(secret));
	ERR_clear_error();
	return works;
}

int
mlkem_preload(enum mlkem_size size)
{
	if (digest_preload() != 0)
		return E_UNSUPPORTED;
	from_libcrypto[size] = try_libcrypto(&sizes[size]);
	if (from_libcrypto[size])
		return 0;
	if (EVP_default_properties_is_fips_enabled(NULL) == 1)
		return E_UNSUPPORTED;
	if (digest_md(DIGEST_SHA3_256) == NULL ||
	    digest_md(DIGEST_SHA3_512) == NULL ||
	    digest_md(DIGEST_SHAKE128) == NULL ||
	    digest_md(DIGEST_SHAKE256) == NULL)
		return E_UNSUPPORTED;
	return 0;
}

bool
mlkem_from_libcrypto(enum mlkem_size size)
{
	return from_libcrypto[size];
}

int
mlkem_encaps_own(enum mlkem_size size, const uint8_t *ek,
    const uint8_t m[MLKEM_SEED_LEN], uint8_t *cipher, uint8_t *secret)
{
	const struct mlkem_params *p = &sizes[size];
	uint8_t hash[32], secret_and_r[64];
	int err;

	if ((err = mlkem_hash_key(p, ek, hash)) == 0 &&
	    (err = mlkem_hash_message(m, hash, secret_and_r)) == 0 &&
	    (err = mlkem_pke_encrypt(p, ek, m, &secret_and_r[32], cipher)) == 0)
		memcpy(secret, secret_and_r, MLKEM_SECRET_LEN);
	wipe(secret_and_r, sizeof(secret_and_r));
	return err;
}

int
mlkem_encaps(
    enum mlkem_size size, const uint8_t *ek, uint8_t *cipher, uint8_t *secret)
{
	uint8_t m[MLKEM_SEED_LEN];
	int err = E_CRYPTO;

	if (from_libcrypto[size])
		return encaps_libcrypto(&sizes[size], ek, cipher, secret);
	if (RAND_bytes(m, sizeof(m)) == 1)
		err = mlkem_encaps_own(size, ek, m, cipher, secret);
	wipe(m, sizeof(m));
	return err;
}
