/*
 * The step from numbers to libcrypto's keys, and the fetching of all that
 * libcrypto needs, once, before a process forks or shuts itself in: its
 * providers open files, and a fetch per use is slow.
 */
#include "lib/ssh/key_inside.h"

#include "lib/err.h"
#include "lib/ssh/evp_public.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#include <string.h>

static struct {
	bool ready;
	EVP_MD *digest[KEY_SHA512 + 1];
	/* A context of these, duplicated, saves a fetch for each key. */
	EVP_PKEY_CTX *ec;
	EVP_PKEY_CTX *rsa;
	EVP_PKEY_CTX *ed25519; /* NULL where FIPS forbids it */
} evp;

static const char *const digest_names[] = {
    [KEY_SHA1] = "SHA1",
    [KEY_SHA256] = "SHA256",
    [KEY_SHA384] = "SHA384",
    [KEY_SHA512] = "SHA512",
};

int
key_evp_ready(void)
{
	if (evp.ready)
		return 0;
	for (size_t i = 0; i <= KEY_SHA512; i++)
		if (evp.digest[i] == NULL &&
		    (evp.digest[i] =
			    EVP_MD_fetch(NULL, digest_names[i], NULL)) == NULL)
			return E_CRYPTO;
	if (evp.ec == NULL)
		evp.ec = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	if (evp.rsa == NULL)
		evp.rsa = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	if (evp.ed25519 == NULL)
		evp.ed25519 = EVP_PKEY_CTX_new_from_name(NULL, "ED25519", NULL);
	ERR_clear_error();
	if (evp.ec == NULL || evp.rsa == NULL)
		return E_CRYPTO;
	evp.ready = true;
	return 0;
}

const EVP_MD *
key_evp_digest(enum key_digest which)
{
	return evp.digest[which];
}

int
key_evp_hash(enum key_digest which, const void *data, size_t len, uint8_t *out)
{
	if (key_evp_ready() != 0 ||
	    EVP_Digest(data, len, out, NULL, evp.digest[which], NULL) != 1)
		return E_CRYPTO;
	return 0;
}

/*
 * Points of order 1, 2, 4 and 8 without their sign bit: a signature that
 * verifies under such a key says nothing of who made it.
 */
static const uint8_t small_order[][32] = {
    {0},
    {1},
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89,
	0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39,
	0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76,
	0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6,
	0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
};

/* RFC 8032 section 5.1.3: y, little-endian, must be below 2^255 - 19. */
static bool
is_canonical_y(const uint8_t y[32])
{
	if (y[31] != 0x7f)
		return true;
	for (int i = 30; i > 0; i--)
		if (y[i] != 0xff)
			return true;
	return y[0] < 0xed;
}

int
key_evp_ed25519(const uint8_t *point, EVP_PKEY **pkey)
{
	uint8_t y[32];

	memcpy(y, point, sizeof(y));
	y[31] &= 0x7f;
	if (!is_canonical_y(y))
		return E_VALUE;
	for (size_t i = 0; i < sizeof(small_order) / sizeof(small_order[0]);
	     i++)
		if (memcmp(y, small_order[i], sizeof(y)) == 0)
			return E_VALUE;
	if (key_evp_ready() != 0)
		return E_CRYPTO;
	*pkey = evp_public_raw(evp.ed25519, point, sizeof(y));
	return *pkey == NULL ? E_CRYPTO : 0;
}

int
key_evp_ec(const char *group, const uint8_t *point, size_t len, EVP_PKEY **pkey)
{
	OSSL_PARAM params[3];

	if (key_evp_ready() != 0)
		return E_CRYPTO;
	params[0] = OSSL_PARAM_construct_utf8_string(
	    OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t)group, 0);
	params[1] = OSSL_PARAM_construct_octet_string(
	    OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)point, len);
	params[2] = OSSL_PARAM_construct_end();
	/* None for what is not a point of the curve. */
	*pkey = evp_public_key(evp.ec, params);
	return *pkey == NULL ? E_VALUE : 0;
}

int
key_evp_rsa(const uint8_t *n, size_t n_len, const uint8_t *e, size_t e_len,
    EVP_PKEY **pkey)
{
	BIGNUM *bn_n = BN_bin2bn(n, (int)n_len, NULL);
	BIGNUM *bn_e = BN_bin2bn(e, (int)e_len, NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	int err = E_CRYPTO;

	if (key_evp_ready() != 0 || bn_n == NULL || bn_e == NULL ||
	    build == NULL ||
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, bn_n) != 1 ||
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, bn_e) != 1 ||
	    (params = OSSL_PARAM_BLD_to_param(build)) == NULL ||
	    (*pkey = evp_public_key(evp.rsa, params)) == NULL)
		goto out;
	err = 0;
out:
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	BN_free(bn_n);
	BN_free(bn_e);
	ERR_clear_error();
	return err;
}
