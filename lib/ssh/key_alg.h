/*
 * The table of signature algorithms, as they are negotiated and written into
 * signatures.  SHA-1 ("ssh-rsa" as an algorithm) is in it for the legacy
 * profile and for lists that name it.
 */
#ifndef LIB_SSH_KEY_ALG_H
#define LIB_SSH_KEY_ALG_H

#include "lib/ssh/key.h"

struct key_alg {
	const char *name; /* in KEXINIT, userauth, server-sig-algs */
	const char *signature; /* in the signature blob */
	enum key_type type; /* of the key it is made with */
	bool is_cert; /* the key is presented as a certificate */
	const char *digest; /* libcrypto's name, NULL: Ed25519's own */
	bool fips; /* may stand in the fips profile */
};

/* The row of that exact name, or NULL.  Static. */
const struct key_alg *key_alg_find(const char *name, size_t len);

/* Row number index in our order of preference, or NULL behind the last. */
const struct key_alg *key_alg_at(size_t index);

/* May this key be used, and presented, under this algorithm? */
bool key_alg_serves(const struct key_alg *alg, const struct key *key);

#endif
