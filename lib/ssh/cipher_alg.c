/*
 * The tables of ciphers and MACs, for the configuration, the negotiation and
 * the worker; and libcrypto's implementations of them, fetched once.
 */
#include "lib/ssh/cipher_alg.h"

#include "lib/err.h"
#include "lib/ssh/cipher_table.h"

#include <string.h>

#define ROW(name, places, ...) {name, __VA_ARGS__},
static const struct cipher_alg ciphers[] = {CIPHER_TABLE(ROW)};

static const struct mac_alg macs[] = {MAC_TABLE(ROW)};

#define CIPHERS (sizeof(ciphers) / sizeof(ciphers[0]))
#define MACS	(sizeof(macs) / sizeof(macs[0]))

static EVP_CIPHER *fetched[CIPHERS], *aes_ecb;
static EVP_MAC *poly1305, *hmac;

int
cipher_preload(void)
{
	int err = 0;

	for (size_t i = 0; i < CIPHERS; i++) {
		if (fetched[i] == NULL)
			fetched[i] =
			    EVP_CIPHER_fetch(NULL, ciphers[i].fetch, NULL);
		if (fetched[i] == NULL && ciphers[i].kind != CIPHER_CHACHA)
			err = E_CRYPTO;
	}
	if (aes_ecb == NULL)
		aes_ecb = EVP_CIPHER_fetch(NULL, "AES-128-ECB", NULL);
	if (poly1305 == NULL)
		poly1305 = EVP_MAC_fetch(NULL, "POLY1305", NULL);
	if (hmac == NULL)
		hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	return hmac == NULL || aes_ecb == NULL ? E_CRYPTO : err;
}

EVP_CIPHER *
cipher_evp(const struct cipher_alg *alg)
{
	return fetched[alg - ciphers];
}

EVP_CIPHER *
cipher_aes_ecb(void)
{
	return aes_ecb;
}

EVP_MAC *
cipher_poly1305(void)
{
	return poly1305;
}

EVP_MAC *
cipher_hmac(void)
{
	return hmac;
}

const struct cipher_alg *
cipher_at(size_t index)
{
	return index < CIPHERS ? &ciphers[index] : NULL;
}

const struct mac_alg *
mac_at(size_t index)
{
	return index < MACS ? &macs[index] : NULL;
}

static bool
same(const char *known, const char *name, size_t len)
{
	return strlen(known) == len && memcmp(known, name, len) == 0;
}

const struct cipher_alg *
cipher_find(const char *name, size_t len)
{
	for (size_t i = 0; i < CIPHERS; i++)
		if (same(ciphers[i].name, name, len))
			return &ciphers[i];
	return NULL;
}

const struct mac_alg *
mac_find(const char *name, size_t len)
{
	for (size_t i = 0; i < MACS; i++)
		if (same(macs[i].name, name, len))
			return &macs[i];
	return NULL;
}

bool
cipher_usable(const struct cipher_alg *alg)
{
	return cipher_evp(alg) != NULL &&
	    (alg->kind != CIPHER_CHACHA || poly1305 != NULL);
}

static void
append(struct buf *b, const char *name, bool *first)
{
	if (!*first)
		buf_u8(b, ',');
	*first = false;
	buf_bytes(b, name, strlen(name));
}

void
cipher_names(struct buf *b, unsigned with, unsigned without)
{
	bool first = true;

	for (size_t i = 0; i < CIPHERS; i++)
		if ((ciphers[i].attributes & with) == with &&
		    (ciphers[i].attributes & without) == 0 &&
		    cipher_usable(&ciphers[i]))
			append(b, ciphers[i].name, &first);
}

void
mac_names(struct buf *b, unsigned with, unsigned without)
{
	bool first = true;

	for (size_t i = 0; i < MACS; i++)
		if ((macs[i].attributes & with) == with &&
		    (macs[i].attributes & without) == 0)
			append(b, macs[i].name, &first);
}

/*
 * RFC 4344 section 3.2: 2^(L/4) blocks of L bits; ChaCha20 counts as a cipher
 * with a block of 64 bits, as OpenSSH has it.  Half of that, so that there is
 * time to agree on new keys.
 */
uint64_t
cipher_bytes_limit(const struct cipher_alg *alg)
{
	if (alg->block >= 16)
		return (UINT64_C(1) << 31) * 16;
	return UINT64_C(1) << 30;
}
