/*
 * The composite of ML-DSA-44 and Ed25519, for the files of lib/ssh/key*.
 */
#ifndef LIB_SSH_KEY_MLDSA_H
#define LIB_SSH_KEY_MLDSA_H

#include "lib/ssh/key_alg.h"

#include <openssl/evp.h>

struct buf;
struct key_signed;
struct rd;

#define MLDSA_PUBLIC	    1312
#define KEY_MLDSA_PUBLIC    (MLDSA_PUBLIC + 32)
#define KEY_MLDSA_SEEDS	    64 /* ML-DSA's, then Ed25519's */
#define KEY_MLDSA_SIGNATURE (2420 + 64)

/* Whether libcrypto has ML-DSA-44; asked once. */
bool key_mldsa_present(void);

/*
 * The fields of a blob; those of a private key; a new pair.  0, E_UNSUPPORTED
 * where libcrypto has no ML-DSA, or what key_parse() says.  What was made
 * before a failure is the caller's.
 */
int key_mldsa_parse(struct rd *r, struct key *key);
int key_mldsa_read_private(struct rd *r, EVP_PKEY **ed25519, EVP_PKEY **mldsa);
int key_mldsa_generate(EVP_PKEY **ed25519, EVP_PKEY **mldsa);

/* Append the fields as strings.  0 or E_CRYPTO. */
int key_mldsa_write_public(
    const EVP_PKEY *mldsa, const EVP_PKEY *ed25519, struct buf *b);
int key_mldsa_write_seeds(
    const EVP_PKEY *mldsa, const EVP_PKEY *ed25519, struct buf *b);

/* Sign and verify what s has the SHA-512 of; Ed25519's part is given. */
typedef int key_sign_half(
    EVP_PKEY *pkey, const struct key_signed *s, struct buf *b);
typedef int key_verify_half(const struct key *key, const struct key_signed *s,
    const uint8_t *sig, size_t sig_len);
int key_mldsa_sign(EVP_PKEY *mldsa, EVP_PKEY *ed25519,
    const struct key_signed *s, key_sign_half *sign_ed25519, struct buf *b);
int key_mldsa_verify(const struct key *key, const struct key_signed *s,
    const uint8_t *sig, size_t len, key_verify_half *verify_ed25519);

#endif
