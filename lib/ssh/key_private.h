/*
 * Private keys, for the keyholder, sallyportctl and tests.  Files are OpenSSH's
 * own format (PROTOCOL.key) and what libcrypto decodes: PKCS#8, traditional
 * PEM.
 */
#ifndef LIB_SSH_KEY_PRIVATE_H
#define LIB_SSH_KEY_PRIVATE_H

#include "lib/ssh/key.h"

struct key_private;

/* The largest key file that is looked at. */
#define KEY_FILE_MAX (64 * 1024)

/*
 * A private key from the contents of a file; the caller wipes these.  Nobody
 * is ever asked for a pass phrase.  0 and *key; E_PASSPHRASE when protected
 * by one; E_UNSUPPORTED for types we cannot sign with (FIDO, DSA), E_FORMAT,
 * E_VALUE when private and public half do not belong together, ...
 */
int key_private_parse(const void *file, size_t len, struct key_private **key);

/* A new key.  bits is for RSA alone.  0, E_UNSUPPORTED or E_CRYPTO. */
int key_private_generate(
    enum key_type type, unsigned bits, struct key_private **key);

/* Wipe and free; NULL is harmless. */
void key_private_free(struct key_private *key);

/* The public half; lives as long as the private key. */
const struct key *key_private_public(const struct key_private *key);

/* The comment in the file, "" when there is none. */
const char *key_private_comment(const struct key_private *key);

/*
 * Append the key as an OpenSSH private key file without a pass phrase.
 * 0, E_CRYPTO or E_TOO_LARGE.
 */
int key_private_write(
    const struct key_private *key, const char *comment, struct buf *b);

#endif
