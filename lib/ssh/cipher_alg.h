/*
 * Shared by lib/ssh/cipher*.c: libcrypto's objects, and the HMAC.
 */
#ifndef LIB_SSH_CIPHER_ALG_H
#define LIB_SSH_CIPHER_ALG_H

#include "lib/ssh/cipher.h"

#include <openssl/evp.h>

/* As cipher_preload() fetched them; NULL when libcrypto has none. */
EVP_CIPHER *cipher_evp(const struct cipher_alg *alg);
EVP_CIPHER *cipher_aes_ecb(void); /* AES-128, a block at a time */
EVP_MAC *cipher_poly1305(void);
EVP_MAC *cipher_hmac(void);

/*
 * A keyed MAC whose states are computed once, so that a packet costs its own
 * bytes only and no allocation.
 */
struct mac;

/* NULL when libcrypto refuses the key. */
struct mac *mac_new(const struct mac_alg *alg, const uint8_t *key);
void mac_free(struct mac *m); /* wipes; NULL is harmless */
/* The MAC of the sequence number and len bytes; tag has alg->tag_len bytes. */
int mac_compute(
    struct mac *m, uint32_t seq, const uint8_t *data, size_t len, uint8_t *tag);

#endif
