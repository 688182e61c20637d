/*
 * Public keys: RFC 4253 section 6.6, RFC 5656, RFC 8709, OpenSSH's
 * PROTOCOL.u2f and PROTOCOL.certkeys.  A struct key is what one public key
 * blob says, with the certificate's contents when the blob is a certificate.
 * Once made it does not change, so it may be shared.
 *
 * Signature algorithms are in lib/ssh/key_alg.h, signing and verifying in
 * lib/ssh/key_sign.h, private keys in lib/ssh/key_private.h, what a
 * certificate says and whether to believe it in lib/ssh/cert.h.
 */
#ifndef LIB_SSH_KEY_H
#define LIB_SSH_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct cert;
struct key;

enum key_type {
	KEY_NONE, /* no key has this type */
	KEY_ED25519,
	KEY_ECDSA_P256,
	KEY_ECDSA_P384,
	KEY_ECDSA_P521,
	KEY_RSA,
	KEY_SK_ED25519, /* a FIDO authenticator's */
	KEY_SK_ECDSA_P256, /* a FIDO authenticator's */
	KEY_MLDSA44_ED25519, /* both at once; where libcrypto has ML-DSA */
	KEY_TYPE_COUNT
};

/* "SHA256:" and 43 characters, and the NUL. */
#define KEY_FINGERPRINT_SIZE 51

/*
 * Fetches libcrypto's algorithms before a process forks or loses its file
 * system: called once, by a template or a test, before any other function of
 * lib/ssh/key*.  0, or E_CRYPTO.
 */
int key_preload(void);

/*
 * A key from its blob.  Strict: points lie on their curve, RSA numbers are
 * sane, nothing follows the last field.  Certificates are taken apart, their
 * signature and dates are NOT judged: that is cert_check().
 * 0 and *key, owned by the caller; E_UNSUPPORTED for a type unknown to us;
 * else E_TRUNCATED, E_TRAILING, E_TOO_LARGE, E_FORMAT, E_VALUE, E_CRYPTO.
 */
int key_parse(const void *blob, size_t len, struct key **key);

/* NULL is harmless. */
void key_free(struct key *key);

/* The blob, as it was parsed; it lives as long as the key. */
const uint8_t *key_blob(const struct key *key, size_t *len);

/* The same for a certificate's own key without the certificate. */
const uint8_t *key_plain_blob(const struct key *key, size_t *len);

/* The type of the key itself, certified or not. */
enum key_type key_type(const struct key *key);

/* The name in the blob, "ssh-ed25519-cert-v01@openssh.com"; static. */
const char *key_name(const struct key *key);

/* The name for logs: ED25519, RSA-CERT, ECDSA, ED25519-SK, ...; static. */
const char *key_short_name(const struct key *key);

/* RSA: of the modulus; else of the field.  0 for KEY_NONE. */
unsigned key_bits(const struct key *key);

/* The application a FIDO key is bound to ("ssh:"); "" for the others. */
const char *key_application(const struct key *key);
bool key_is_sk(const struct key *key);

/* The key's certificate, see lib/ssh/cert.h; NULL for a plain key. */
const struct cert *key_cert(const struct key *key);

/*
 * Is the key long enough?  0, or E_KEY_LENGTH and in why[size] a sentence for
 * the log: "RSA key of 1024 bits, 2048 are required".  A certificate's CA key
 * is judged by cert_check().
 */
int key_check_length(
    const struct key *key, unsigned rsa_min_bits, char *why, size_t size);

/* The blobs are the same / the keys under the certificates are the same. */
bool key_equal(const struct key *a, const struct key *b);
bool key_equal_plain(const struct key *a, const struct key *b);

/*
 * "SHA256:..." of the key; of a certificate, that of its own key, which is
 * what people compare.  text has at least KEY_FINGERPRINT_SIZE bytes.
 */
void key_fingerprint(const struct key *key, char *text, size_t size);

/*
 * The one-line text form "type base64 [comment]", with or without a newline
 * at its end.  0 and *key; E_FORMAT when the line has no such form or the type
 * is not that of the blob; else what key_parse() says.  If comment is not
 * NULL it is set to the comment inside line ("" when there is none).
 */
int key_parse_line(const char *line, size_t len, struct key **key,
    const char **comment, size_t *comment_len);

/* Append "type base64", and " comment" unless that is NULL or empty. */
void key_write_line(const struct key *key, const char *comment, struct buf *b);

/* KEY_NONE for an unknown name; certificates' names are known too. */
enum key_type key_type_of_name(const char *name, size_t len, bool *is_cert);

/* "ssh-ed25519", or the certificate's name; NULL for KEY_NONE. */
const char *key_type_name(enum key_type type, bool is_cert);

#endif
