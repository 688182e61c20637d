/*
 * The MACs over packets: HMAC here, UMAC in umac.c.  libcrypto's EVP_MAC
 * allocates for every message, so the two hash states that a key gives are
 * computed once with the hash functions beneath it and copied; under FIPS
 * properties EVP_MAC serves, as only that is the approved implementation.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* SHA256_Init() and its kin */
#include "lib/ssh/cipher_alg.h"

#include "lib/err.h"
#include "lib/mem.h"
#include "lib/secret.h"
#include "lib/ssh/umac.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/sha.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One hash's states: with the key's inner pad, with its outer one, at work. */
#define STATES(type)                    \
	struct {                        \
		type inner, outer, now; \
	}

struct mac {
	const struct mac_alg *alg;
	EVP_MAC_CTX *evp; /* FIPS; else NULL and the states count */
	struct umac *umac;
	union {
		STATES(SHA_CTX) sha1;
		STATES(SHA256_CTX) sha256;
		STATES(SHA512_CTX) sha512;
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

/* The functions of one hash: its states from a key, and a packet's MAC. */
#define HASH(name, hash, context, block, digest)                       \
	static void set_##name(struct mac *m, const uint8_t *key)      \
	{                                                              \
		uint8_t pad[block];                                    \
                                                                       \
		pad_key(pad, sizeof(pad), m, key, 0x36);               \
		hash##_Init(&m->name.inner);                           \
		hash##_Update(&m->name.inner, pad, sizeof(pad));       \
		pad_key(pad, sizeof(pad), m, key, 0x5c);               \
		hash##_Init(&m->name.outer);                           \
		hash##_Update(&m->name.outer, pad, sizeof(pad));       \
		wipe(pad, sizeof(pad));                                \
	}                                                              \
                                                                       \
	static int compute_##name(struct mac *m, const uint8_t seq[4], \
	    const uint8_t *data, size_t len, uint8_t *tag)             \
	{                                                              \
		context *now = &m->name.now;                           \
		uint8_t inner[digest];                                 \
                                                                       \
		*now = m->name.inner;                                  \
		if (hash##_Update(now, seq, 4) != 1 ||                 \
		    hash##_Update(now, data, len) != 1 ||              \
		    hash##_Final(inner, now) != 1)                     \
			return E_CRYPTO;                               \
		*now = m->name.outer;                                  \
		if (hash##_Update(now, inner, sizeof(inner)) != 1 ||   \
		    hash##_Final(tag, now) != 1)                       \
			return E_CRYPTO;                               \
		return 0;                                              \
	}

HASH(sha1, SHA1, SHA_CTX, SHA_CBLOCK, SHA_DIGEST_LENGTH)
HASH(sha256, SHA256, SHA256_CTX, SHA256_CBLOCK, SHA256_DIGEST_LENGTH)
HASH(sha512, SHA512, SHA512_CTX, SHA512_CBLOCK, SHA512_DIGEST_LENGTH)

static const char *const digests[] = {
    [MAC_SHA1] = "SHA1", [MAC_SHA256] = "SHA2-256", [MAC_SHA512] = "SHA2-512"};

static int
set_evp(struct mac *m, const uint8_t *key)
{
	char digest[sizeof("SHA2-512")];
	OSSL_PARAM params[2];

	(void)snprintf(digest, sizeof(digest), "%s", digests[m->alg->kind]);
	params[0] =
	    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0);
	params[1] = OSSL_PARAM_construct_end();
	m->evp = EVP_MAC_CTX_new(cipher_hmac());
	if (m->evp == NULL ||
	    EVP_MAC_init(m->evp, key, m->alg->key_len, params) != 1)
		return E_CRYPTO;
	return 0;
}

static int
set_up(struct mac *m, const uint8_t *key)
{
	if (m->alg->kind == MAC_UMAC) {
		m->umac = umac_new(key, m->alg->tag_len);
		return m->umac == NULL ? E_CRYPTO : 0;
	}
	if (EVP_default_properties_is_fips_enabled(NULL) == 1)
		return set_evp(m, key);
	if (m->alg->kind == MAC_SHA1)
		set_sha1(m, key);
	else if (m->alg->kind == MAC_SHA256)
		set_sha256(m, key);
	else
		set_sha512(m, key);
	return 0;
}

struct mac *
mac_new(const struct mac_alg *alg, const uint8_t *key)
{
	struct mac *m = mem_zalloc(sizeof(*m));

	m->alg = alg;
	if (set_up(m, key) != 0) {
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
	umac_free(m->umac);
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

int
mac_compute(
    struct mac *m, uint32_t seq, const uint8_t *data, size_t len, uint8_t *tag)
{
	/* UMAC's nonce is the sequence number in eight bytes. */
	uint8_t number[UMAC_NONCE] = {0}, *seq32 = &number[4];

	store_seq(seq32, seq);
	if (m->umac != NULL)
		return umac_compute(m->umac, number, data, len, tag);
	if (m->evp != NULL)
		return compute_evp(m, seq32, data, len, tag);
	if (m->alg->kind == MAC_SHA1)
		return compute_sha1(m, seq32, data, len, tag);
	if (m->alg->kind == MAC_SHA256)
		return compute_sha256(m, seq32, data, len, tag);
	return compute_sha512(m, seq32, data, len, tag);
}
