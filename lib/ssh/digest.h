/*
 * Hash functions of libcrypto, fetched once: before a process forks and locks
 * itself up, digest_preload() looks up every function, so that hashing costs
 * no look-up, no file and no system call afterwards.
 */
#ifndef LIB_SSH_DIGEST_H
#define LIB_SSH_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

enum digest {
	DIGEST_SHA1, /* old key exchanges alone */
	DIGEST_SHA256,
	DIGEST_SHA384,
	DIGEST_SHA512,
	DIGEST_SHA3_256,
	DIGEST_SHA3_512,
	DIGEST_SHAKE128,
	DIGEST_SHAKE256,
	DIGEST_COUNT
};

#define DIGEST_MAX 64 /* bytes of the longest fixed-length result */

/* One piece of what is hashed; borrowed. */
struct digest_part {
	const void *data;
	size_t len;
};

/*
 * Fetch every hash function, by libcrypto's default properties; again is
 * harmless.  0, or E_CRYPTO when a SHA-2 function is missing (the SHA-3 ones
 * may be: then what needs them is not available).
 */
int digest_preload(void);

/* The fetched function, owned here; NULL when libcrypto has none. */
const EVP_MD *digest_md(enum digest which);

/* Bytes of its result; 0 for the SHAKE functions. */
size_t digest_len(enum digest which);

/*
 * The hash of the parts in a row.  out has room for digest_len(which) bytes;
 * out_len is a SHAKE function's length and ignored by the others.
 * 0 or E_CRYPTO.
 */
int digest_parts(enum digest which, const struct digest_part *parts,
    size_t count, uint8_t *out, size_t out_len);

#endif
