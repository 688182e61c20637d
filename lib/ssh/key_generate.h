/*
 * New host keys on disk, for `sallyportctl hostkeys` and packages.  Nothing
 * that exists is ever replaced.
 */
#ifndef LIB_SSH_KEY_GENERATE_H
#define LIB_SSH_KEY_GENERATE_H

#include "lib/ssh/key.h"

#define KEY_GENERATE_RSA_BITS 3072

/*
 * The type of key for a file of this name: "..._ed25519_key",
 * "..._mldsa44_ed25519_key", "..._ecdsa_key" (nistp256), "..._rsa_key" (*bits
 * is then 3072, else 0).  KEY_NONE if the name says nothing.
 */
enum key_type key_generate_type(const char *path, unsigned *bits);

/*
 * Make a key and write path (0600) and path.pub (0644), so that each of them
 * is there whole or not at all, also after a loss of power.  0, and *public,
 * the caller's, unless that is NULL; E_EXISTS when path is there already
 * (nothing is touched); E_SYSTEM, E_CRYPTO, E_UNSUPPORTED, and a sentence in
 * why[size].
 */
int key_generate_file(const char *path, enum key_type type, unsigned bits,
    const char *comment, struct key **public, char *why, size_t size);

#endif
