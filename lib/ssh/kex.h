/*
 * Key exchange methods (RFC 4253 sections 7 and 8), one table for all:
 *
 *	name = the negotiated name;
 *	method = kex_find(name, name_len);
 *	worker:	 kex_server_respond(method, client_share, ..., &share, &secret);
 *	monitor: kex_exchange_hash(method, &transcript, hash, &hash_len);
 *	both:	 kex_derive_key(method, secret, ..., 'A', iv, iv_len);
 *
 * A share is what the peers send as Q_C, Q_S, e or f; a shared secret is K in
 * the encoding that is hashed, its own length included, so that only this
 * file needs to know which method has an mpint and which a string.
 */
#ifndef LIB_SSH_KEX_H
#define LIB_SSH_KEX_H

#include "lib/buf.h"
#include "lib/rd.h"
#include "lib/ssh/digest.h"
#include "lib/ssh/moduli.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEX_HASH_MAX   64
#define KEX_SHARE_MAX  1792 /* ML-KEM-1024 + P-384 has 1665 */
#define KEX_SECRET_MAX (4 + 1 + MODULI_BYTES_MAX) /* an mpint of 8192 bits */
#define KEX_NAME_MAX   64

enum kex_attribute {
	KEX_POST_QUANTUM = 1 << 0,
	KEX_FIPS_APPROVED = 1 << 1,
	KEX_OWN_CODE = 1 << 2, /* a primitive of our own, not libcrypto's */
	KEX_DEFAULT = 1 << 3, /* offered unless configured otherwise */
	KEX_GROUP_EXCHANGE = 1 << 4, /* RFC 4419's messages */
	KEX_FINITE_FIELD = 1 << 5, /* shares are mpints, not strings */
	KEX_GSS = 1 << 6 /* RFC 4462: a token, and a MIC for a signature */
};

/*
 * How the names of GSS-API's methods end (RFC 4462 section 2): with the MD5 of
 * Kerberos's OID (1.2.840.113554.1.2.2) in DER, in base64.
 */
#define KEX_GSS_KERBEROS "toWM5Slw5Ew8Mqkay+al2g=="

struct kex_family;

struct kex_method {
	const char *name;
	enum digest digest; /* of the exchange hash and the key derivation */
	unsigned attributes;
	const struct kex_family *family; /* how, private to lib/ssh/kex*.c */
	int parameter; /* which curve, which group */
};

/*
 * Look up and set up all that libcrypto needs, once, before the first fork;
 * afterwards a key exchange opens no file and makes no system call but
 * getrandom and the allocator's.  Goes by libcrypto's default properties, so
 * a FIPS configuration (EVP_default_properties_enable_fips()) comes before.
 * 0, or E_CRYPTO when even SHA-2 is missing.  Again is harmless.
 */
int kex_preload(void);

/* The method of that name, or NULL.  Names are compared exactly. */
const struct kex_method *kex_find(const char *name, size_t len);

/* GSS-API's method of a family, "gss-group14-sha256-", with Kerberos; NULL. */
const struct kex_method *kex_find_gss(const char *family, size_t len);

/* Every method in order of preference; NULL after the last. */
const struct kex_method *kex_at(size_t index);

/*
 * Its attributes as they are at run time: ML-KEM is our own code only when
 * libcrypto has none of that size.
 */
unsigned kex_attributes(const struct kex_method *method);

/* Whether libcrypto (as it was when preloaded) can do all the method needs. */
bool kex_usable(const struct kex_method *method);

/*
 * Append the names of the usable methods that have all the attributes in
 * `with` and none of those in `without`, in order of preference and separated
 * by commas: kex_names(&b, KEX_DEFAULT, 0) is the default proposal,
 * kex_names(&b, KEX_FIPS_APPROVED, KEX_OWN_CODE | KEX_GSS) the one of profile
 * fips.
 */
void kex_names(struct buf *b, unsigned with, unsigned without);

/* Bytes of the exchange hash. */
size_t kex_hash_len(const struct kex_method *method);

/*
 * Read / write a share as the method's messages carry it: a string, or an
 * mpint for the finite-field methods.  Bounds are the method's; the bytes
 * belong to the reader's data.
 */
const uint8_t *kex_read_share(
    const struct kex_method *method, struct rd *r, size_t *len);
void kex_write_share(const struct kex_method *method, struct buf *b,
    const uint8_t *share, size_t len);

/*
 * Worker: all that KEXDH_INIT or KEX_ECDH_INIT asks for, except the
 * signature.  Appends our share (bare, see kex_write_share) and the encoded
 * shared secret.  E_FORMAT: a share of a wrong length; E_VALUE: one the method
 * must refuse (a point off the curve, an all-zero secret, 1, p-1, ...);
 * E_CRYPTO; E_UNSUPPORTED for a group exchange or a method not usable.
 * On failure both buffers are as they were.
 */
int kex_server_respond(const struct kex_method *method, const uint8_t *share,
    size_t len, struct buf *our_share, struct buf *secret);

/* Worker: the same for KEX_DH_GEX_INIT, in the group moduli_choose() gave. */
int kex_gex_respond(const struct kex_method *method,
    const struct kex_group *group, const uint8_t *share, size_t len,
    struct buf *our_share, struct buf *secret);

/*
 * The client's half, for tests and benchmarks.  kex_client_start() appends
 * the client's share (group: what the server chose, for a group exchange
 * only; else NULL); kex_client_finish() appends the encoded secret.
 */
struct kex_client;
int kex_client_start(const struct kex_method *method,
    const struct kex_group *group, struct kex_client **client,
    struct buf *our_share);
int kex_client_finish(struct kex_client *client, const uint8_t *share,
    size_t len, struct buf *secret);
void kex_client_free(struct kex_client *client);

/* Bytes of one field; borrowed. */
struct kex_field {
	const uint8_t *data;
	size_t len;
};

/* Input of the exchange hash (RFC 4253 section 8, RFC 5656 section 4, RFC
 * 4419). */
struct kex_transcript {
	struct kex_field version_client; /* without CR LF */
	struct kex_field version_server;
	struct kex_field kexinit_client; /* payload, message number included */
	struct kex_field kexinit_server;
	struct kex_field host_key; /* the blob, K_S; GSS-API's is empty */
	uint32_t gex_min, gex_n, gex_max; /* group exchange only; else 0 */
	struct kex_group gex_group; /* group exchange only; else empty */
	struct kex_field client_share; /* bare, see kex_write_share */
	struct kex_field server_share;
	struct kex_field secret; /* encoded, as kex_server_respond gave it */
};

/*
 * Monitor: the exchange hash.  Every field is checked first, as it comes from
 * a worker that is believed in nothing: lengths the method can have, shares
 * and secret well formed, identification lines without CR or LF, KEXINITs
 * that begin as one; a group exchange's group is for moduli_allows().
 * hash has KEX_HASH_MAX bytes.  0, E_FORMAT, E_VALUE or E_CRYPTO.
 */
int kex_exchange_hash(const struct kex_method *method,
    const struct kex_transcript *transcript, uint8_t *hash, size_t *len);

/*
 * RFC 4253 section 7.2: key material for one letter, 'A' to 'F'.  K is the
 * encoded secret; H the hash of this exchange, session_id that of the first.
 * E_VALUE for another letter or more than KEX_DERIVE_MAX bytes, E_CRYPTO.
 */
#define KEX_DERIVE_MAX 256
int kex_derive_key(const struct kex_method *method, const uint8_t *secret,
    size_t secret_len, const uint8_t *hash, size_t hash_len,
    const uint8_t *session_id, size_t session_id_len, char letter, uint8_t *out,
    size_t len);

#endif
