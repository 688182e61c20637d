/*
 * libcrypto's hash functions, for every process that hashes.  A fetch walks
 * providers and takes locks, which a connection shall not pay for; so the
 * functions are fetched once and live as long as the process.
 */
#include "lib/ssh/digest.h"

#include "lib/err.h"

static const struct {
	const char *name;
	size_t len;
	int required;
} names[DIGEST_COUNT] = {
    [DIGEST_SHA1] = {"SHA1", 20, 0},
    [DIGEST_SHA256] = {"SHA2-256", 32, 1},
    [DIGEST_SHA384] = {"SHA2-384", 48, 1},
    [DIGEST_SHA512] = {"SHA2-512", 64, 1},
    [DIGEST_SHA3_256] = {"SHA3-256", 32, 0},
    [DIGEST_SHA3_512] = {"SHA3-512", 64, 0},
    [DIGEST_SHAKE128] = {"SHAKE-128", 0, 0},
    [DIGEST_SHAKE256] = {"SHAKE-256", 0, 0},
};

static EVP_MD *fetched[DIGEST_COUNT];

int
digest_preload(void)
{
	int err = 0;

	for (int i = 0; i < DIGEST_COUNT; i++) {
		if (fetched[i] == NULL)
			fetched[i] = EVP_MD_fetch(NULL, names[i].name, NULL);
		if (fetched[i] == NULL && names[i].required)
			err = E_CRYPTO;
	}
	return err;
}

const EVP_MD *
digest_md(enum digest which)
{
	return fetched[which];
}

size_t
digest_len(enum digest which)
{
	return names[which].len;
}

int
digest_parts(enum digest which, const struct digest_part *parts, size_t count,
    uint8_t *out, size_t out_len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int err = E_CRYPTO;

	if (ctx == NULL || fetched[which] == NULL ||
	    EVP_DigestInit_ex2(ctx, fetched[which], NULL) != 1)
		goto out;
	for (size_t i = 0; i < count; i++) {
		if (EVP_DigestUpdate(ctx, parts[i].data, parts[i].len) != 1)
			goto out;
	}
	if (names[which].len != 0) {
		if (EVP_DigestFinal_ex(ctx, out, NULL) != 1)
			goto out;
	} else if (EVP_DigestFinalXOF(ctx, out, out_len) != 1) {
		goto out;
	}
	err = 0;
out:
	EVP_MD_CTX_free(ctx);
	return err;
}
