/*
 * HMAC-SHA-2 over packets.  libcrypto's EVP_MAC allocates for every message,
 * so the two hash states that a key gives are computed once with the hash
 * functions beneath it and copied; under FIPS properties EVP_MAC serves, as
 * only that is the approved implementation.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* SHA256_Init() and its kin */
#include "lib/ssh/cipher_alg.h"

#include "lib/err.h"
#include "lib/mem.h"
#include "lib/secret.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/sha.h>

#include <stdlib.h>
#include <string.h>

struct mac {
	const struct mac_alg *alg;
	EVP_MAC_CTX *evp; /* FIPS; else NULL and the states count */
	union {
		struct {
			SHA256_CTX inner, outer, now;
		} sha256;
		struct {
			SHA512_CTX inner, outer, now;
		} sha512;
	};
};

static void
store_seq(uint8_t at[4], uint32_t seq)
{
	at[0] = (uint8_t)(seq >> 24);
	at[1] = (uint8_t)(seq >> 16);
	at[2] = (uint8_t)(seq >> 8);
	at[3] = (uint8_t)seq;
}

/* RFC 2104: the key, shorter than a block, xored with a repeated byte. */
static void
pad_key(uint8_t *pad, size_t block, const struct mac *m, const uint8_t *key,
    uint8_t with)
{
	memset(pad, with, block);
	for (size_t i = 0; i < m->alg->key_len; i++)
		pad[i] ^= key[i];
}

static void
set_states(struct mac *m, const uint8_t *key)
{
	uint8_t inner[SHA512_CBLOCK], outer[SHA512_CBLOCK];
	size_t block = m->alg->sha512 ? SHA512_CBLOCK : SHA256_CBLOCK;

	pad_key(inner, block, m, key, 0x36);
	pad_key(outer, block, m, key, 0x5c);
	if (m->alg->sha512) {
		SHA512_Init(&m->sha512.inner);
		SHA512_Update(&m->sha512.inner, inner, block);
		SHA512_Init(&m->sha512.outer);
		SHA512_Update(&m->sha512.outer, outer, block);
	} else {
		SHA256_Init(&m->sha256.inner);
		SHA256_Update(&m->sha256.inner, inner, block);
		SHA256_Init(&m->sha256.outer);
		SHA256_Update(&m->sha256.outer, outer, block);
	}
	wipe(inner, sizeof(inner));
	wipe(outer, sizeof(outer));
}

static int
set_evp(struct mac *m, const uint8_t *key)
{
	char digest[16];
	OSSL_PARAM params[2];

	memcpy(digest, m->alg->sha512 ? "SHA2-512" : "SHA2-256", 9);
	params[0] =
	    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0);
	params[1] = OSSL_PARAM_construct_end();
	m->evp = EVP_MAC_CTX_new(cipher_hmac());
	if (m->evp == NULL ||
	    EVP_MAC_init(m->evp, key, m->alg->key_len, params) != 1)
		return E_CRYPTO;
	return 0;
}

struct mac *
mac_new(const struct mac_alg *alg, const uint8_t *key)
{
	struct mac *m = mem_zalloc(sizeof(*m));

	m->alg = alg;
	if (EVP_default_properties_is_fips_enabled(NULL) != 1)
		set_states(m, key);
	else if (set_evp(m, key) != 0) {
		mac_free(m);
		return NULL;
	}
	return m;
}

void
mac_free(struct mac *m)
{
	if (m == NULL)
		return;
	EVP_MAC_CTX_free(m->evp);
	wipe(m, sizeof(*m));
	free(m);
}

static int
compute_evp(struct mac *m, const uint8_t seq[4], const uint8_t *data,
    size_t len, uint8_t *tag)
{
	size_t tag_len;

	/* No key: begin again with the one it has. */
	if (EVP_MAC_init(m->evp, NULL, 0, NULL) != 1 ||
	    EVP_MAC_update(m->evp, seq, 4) != 1 ||
	    EVP_MAC_update(m->evp, data, len) != 1 ||
	    EVP_MAC_final(m->evp, tag, &tag_len, m->alg->tag_len) != 1)
		return E_CRYPTO;
	return 0;
}

static int
compute_256(struct mac *m, const uint8_t seq[4], const uint8_t *data,
    size_t len, uint8_t *tag)
{
	SHA256_CTX *now = &m->sha256.now;
	uint8_t inner[SHA256_DIGEST_LENGTH];

	*now = m->sha256.inner;
	if (SHA256_Update(now, seq, 4) != 1 ||
	    SHA256_Update(now, data, len) != 1 || SHA256_Final(inner, now) != 1)
		return E_CRYPTO;
	*now = m->sha256.outer;
	if (SHA256_Update(now, inner, sizeof(inner)) != 1 ||
	    SHA256_Final(tag, now) != 1)
		return E_CRYPTO;
	return 0;
}

static int
compute_512(struct mac *m, const uint8_t seq[4], const uint8_t *data,
    size_t len, uint8_t *tag)
{
	SHA512_CTX *now = &m->sha512.now;
	uint8_t inner[SHA512_DIGEST_LENGTH];

	*now = m->sha512.inner;
	if (SHA512_Update(now, seq, 4) != 1 ||
	    SHA512_Update(now, data, len) != 1 || SHA512_Final(inner, now) != 1)
		return E_CRYPTO;
	*now = m->sha512.outer;
	if (SHA512_Update(now, inner, sizeof(inner)) != 1 ||
	    SHA512_Final(tag, now) != 1)
		return E_CRYPTO;
	return 0;
}

int
mac_compute(
    struct mac *m, uint32_t seq, const uint8_t *data, size_t len, uint8_t *tag)
{
	uint8_t number[4];

	store_seq(number, seq);
	if (m->evp != NULL)
		return compute_evp(m, number, data, len, tag);
	return m->alg->sha512 ? compute_512(m, number, data, len, tag) :
				compute_256(m, number, data, len, tag);
}
