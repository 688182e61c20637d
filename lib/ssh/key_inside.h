/*
 * Shared by the files of lib/ssh/key* and cert*; for no others.
 */
#ifndef LIB_SSH_KEY_INSIDE_H
#define LIB_SSH_KEY_INSIDE_H

#include "lib/ssh/key_alg.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

struct rd;

/* Larger ones cost more than they protect: a stranger sends them to us. */
#define RSA_BITS_MIN  768
#define RSA_BITS_MAX  16384
#define RSA_E_LEN_MAX 32
#define RSA_LEN_MAX   (RSA_BITS_MAX / 8)
#define EC_LEN_MAX    66 /* P-521's field */

struct key_type_row {
	const char *name;
	const char *cert_name;
	const char *short_name;
	const char *cert_short_name;
	unsigned bits;
	const char *curve; /* SSH's name (RFC 5656 section 6.1), or NULL */
	const char *group; /* libcrypto's name of the curve, or NULL */
	bool is_sk;
};

struct key {
	enum key_type type;
	unsigned bits;
	uint8_t *blob;
	size_t blob_len;
	uint8_t *plain; /* NULL: the same as blob */
	size_t plain_len;
	char *application; /* sk only */
	EVP_PKEY *pkey;
	EVP_PKEY *mldsa; /* the composite's other half, else NULL */
	struct cert *cert;
};

struct key_private {
	struct key *key; /* plain */
	EVP_PKEY *pkey;
	EVP_PKEY *mldsa;
	char *comment;
};

/* The table's row, never NULL: KEY_NONE has one of empty names. */
const struct key_type_row *key_type_row(enum key_type type);

/*
 * The number of bytes of a coordinate, and of r and s, for types on a curve.
 */
size_t key_field_len(enum key_type type);

/* Has key_preload() fetched all algorithms?  0, or E_CRYPTO. */
int key_evp_ready(void);
enum key_digest { KEY_SHA1, KEY_SHA256, KEY_SHA384, KEY_SHA512 };
const EVP_MD *key_evp_digest(enum key_digest which);

/* A digest of data in one go; out has the digest's length.  0 or E_CRYPTO. */
int key_evp_hash(
    enum key_digest which, const void *data, size_t len, uint8_t *out);

/* Public keys from their numbers: 0 and *pkey, E_VALUE, or E_CRYPTO. */
int key_evp_ed25519(const uint8_t *point, EVP_PKEY **pkey);
int key_evp_ec(
    const char *group, const uint8_t *point, size_t len, EVP_PKEY **pkey);
int key_evp_rsa(const uint8_t *n, size_t n_len, const uint8_t *e, size_t e_len,
    EVP_PKEY **pkey);

/*
 * A private key of libcrypto's, which is ours from then on, also on failure;
 * mldsa: the composite's other half, else NULL.
 * 0 and *key, E_UNSUPPORTED, E_VALUE (the halves do not fit), E_CRYPTO.
 */
struct key_private;
int key_private_of_evp(EVP_PKEY *pkey, EVP_PKEY *mldsa, const char *comment,
    struct key_private **key);

/* Append one of its numbers as an mpint.  0 or E_CRYPTO. */
struct buf;
int key_private_number(const EVP_PKEY *pkey, const char *name, struct buf *b);

/* The input of a signature: the bytes, or for all but Ed25519 their digest. */
struct key_signed {
	const uint8_t *data;
	size_t len;
	uint8_t hash[SHA512_DIGEST_LENGTH];
};
int key_signed_init(const struct key_alg *alg, const void *data, size_t len,
    struct key_signed *s);

/* PKCS #1 v1.5 with alg's digest, for signing and verifying. */
bool key_rsa_setup(EVP_PKEY_CTX *ctx, const struct key_alg *alg);

/*
 * The rest of a certificate, behind its key's fields.  0 and *cert, or an
 * error.
 */
int cert_parse(struct rd *r, struct cert **cert);
void cert_free(struct cert *cert);

#endif
