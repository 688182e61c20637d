/*
 * Signatures over files and texts: OpenSSH's PROTOCOL.sshsig, as `ssh-keygen -Y
 * sign` makes and `ssh-keygen -Y verify` checks them.  SHA-512 is the one hash
 * that is made and taken here.
 */
#ifndef LIB_SSH_SSHSIG_H
#define LIB_SSH_SSHSIG_H

#include "lib/ssh/ssh2.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct key;
struct key_private;

/* The namespaces in which this server signs: the keyholder knows no other. */
#define SSHSIG_RECORDING  "sallyport-recording@sallyport"
#define SSHSIG_CHECKPOINT "sallyport-audit@sallyport"

#define SSHSIG_HASH	     64 /* bytes of SHA-512 */
#define SSHSIG_NAMESPACE_MAX 256
#define SSHSIG_MAX	     (SSH_KEY_BLOB_MAX + SSH_SIGNATURE_MAX + 512)
#define SSHSIG_TEXT_MAX	     (SSHSIG_MAX * 3 / 2)

/* A signature taken apart; its bytes belong to the blob it was made of. */
struct sshsig {
	struct key *key; /* that claims to have signed */
	char namespace[SSHSIG_NAMESPACE_MAX + 1];
	const uint8_t *signature;
	size_t signature_len;
};

/* SHA-512 of a message, for the functions below.  0 or E_CRYPTO. */
int sshsig_hash(const void *message, size_t len, uint8_t hash[SSHSIG_HASH]);

/*
 * Append the blob of a signature over a message of that hash.  0; E_VALUE for
 * a namespace that is empty or too long, E_UNSUPPORTED for a key that cannot
 * sign so, else what key_sign() says.
 */
int sshsig_make(const struct key_private *key, const char *namespace,
    const uint8_t hash[SSHSIG_HASH], struct buf *blob);

/* Are these bytes what a signature of this kind is made over? */
bool sshsig_is_signed_data(const void *data, size_t len);

/*
 * "-----BEGIN SSH SIGNATURE-----", lines, and the end; and back.  Strict:
 * nothing before, between or behind.  0, E_FORMAT, E_TOO_LARGE.
 */
int sshsig_armour(const void *blob, size_t len, struct buf *text);
int sshsig_unarmour(const char *text, size_t len, struct buf *blob);

/* Take a blob apart.  0, or E_FORMAT, E_TRUNCATED, E_TRAILING, E_UNSUPPORTED
 * (another version or hash), or what key_parse() says. */
int sshsig_parse(const void *blob, size_t len, struct sshsig *s);
void sshsig_free(struct sshsig *s);

/*
 * 0: it is over a message of that hash, in that namespace, by one of the keys
 * (compared without their certificates).  E_VALUE: another namespace; E_DENIED:
 * by none of the keys; E_UNSUPPORTED; E_SIGNATURE: it does not verify.
 */
int sshsig_verify(const struct sshsig *s, const char *namespace,
    const uint8_t hash[SSHSIG_HASH], const struct key *const *keys,
    size_t count);

#endif
