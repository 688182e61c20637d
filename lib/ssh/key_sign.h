/*
 * Signatures: RFC 4253 section 6.6, RFC 5656 section 3.1.2, RFC 8332,
 * RFC 8709 section 6, OpenSSH's PROTOCOL.u2f.
 */
#ifndef LIB_SSH_KEY_SIGN_H
#define LIB_SSH_KEY_SIGN_H

#include "lib/ssh/key_alg.h"

struct key_private;

/* Facts that a FIDO authenticator also signed: the caller applies
 * its policy. */
#define KEY_SK_PRESENT	0x01 /* the user touched it */
#define KEY_SK_VERIFIED 0x04 /* the user gave a PIN or a finger */
struct key_sk_use {
	uint8_t flags; /* 0 for keys that are not FIDO's */
	uint32_t counter;
};

/*
 * Does sig (the signature blob) by key under alg cover data?  The key must
 * serve alg, and the blob must name alg's own signature.  0 and *use filled
 * in (use may be NULL for keys that are not FIDO's: for these a NULL is
 * E_INTERNAL, so that flags are never forgotten); E_SIGNATURE when it does
 * not verify or is malformed; E_VALUE when the key does not serve alg.
 */
int key_verify(const struct key *key, const struct key_alg *alg,
    const void *data, size_t len, const void *sig, size_t sig_len,
    struct key_sk_use *use);

/*
 * Append the signature blob over data.  alg may be a certificate's: only the
 * key's type must be alg's.  0, E_VALUE (a key of another type), E_CRYPTO or
 * E_TOO_LARGE.
 */
int key_sign(const struct key_private *key, const struct key_alg *alg,
    const void *data, size_t len, struct buf *sig);

#endif
