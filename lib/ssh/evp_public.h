/*
 * Public keys of libcrypto's from their parts, for key_evp.c and kex_curve.c.
 */
#ifndef LIB_SSH_EVP_PUBLIC_H
#define LIB_SSH_EVP_PUBLIC_H

#include <openssl/evp.h>

/*
 * A key of the type that pattern is for, which is copied: a context made anew
 * walks through all of libcrypto's names.  params: OSSL_PKEY_PARAM_* of the
 * public half.  The caller frees; NULL when libcrypto refuses it, or without
 * a pattern.
 */
EVP_PKEY *evp_public_key(const EVP_PKEY_CTX *pattern, OSSL_PARAM *params);

/* The same for types whose public half is one string of bytes (X25519). */
EVP_PKEY *evp_public_raw(
    const EVP_PKEY_CTX *pattern, const uint8_t *point, size_t len);

#endif
