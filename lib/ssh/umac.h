/*
 * UMAC (RFC 4418) with AES-128 and tags of 8 or 16 bytes, as the MACs
 * umac-64@openssh.com and umac-128@openssh.com use it.  Time and memory
 * accesses depend on lengths only, never on the key or the data.
 */
#ifndef LIB_SSH_UMAC_H
#define LIB_SSH_UMAC_H

#include <stddef.h>
#include <stdint.h>

#define UMAC_KEY   16
#define UMAC_NONCE 8
/* RFC 4418 section 5.3 hashes longer messages otherwise; no packet is. */
#define UMAC_MESSAGE_MAX ((size_t)1 << 24)

struct umac;

/*
 * The state of a key; tag_len is 8 or 16.  NULL when libcrypto refuses AES.
 * cipher_preload() must have been called.  The caller owns it.
 */
struct umac *umac_new(const uint8_t key[UMAC_KEY], size_t tag_len);
/* Wipe and free; NULL is harmless. */
void umac_free(struct umac *u);

/*
 * The tag (tag_len bytes) of the len bytes at data under nonce, which must be
 * new for each message of a key.  0, E_TOO_LARGE or E_CRYPTO.
 */
int umac_compute(struct umac *u, const uint8_t nonce[UMAC_NONCE],
    const uint8_t *data, size_t len, uint8_t *tag);

#endif
