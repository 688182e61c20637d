/*
 * Shared by the files of the key exchange.
 */
#ifndef LIB_SSH_KEX_PRIVATE_H
#define LIB_SSH_KEX_PRIVATE_H

#include "lib/ssh/kex.h"

#include <openssl/evp.h>

/* How a family of methods does its work; parameter is the method's. */
struct kex_family {
	/* Fetch and try all that is needed: 0, or why it cannot work. */
	int (*preload)(int parameter);
	/*
	 * Bytes of the shares, exactly for the families that send strings and
	 * at most for those that send mpints.
	 */
	size_t (*client_share_len)(int parameter);
	size_t (*server_share_len)(int parameter);
	/* One of the two; the second is the group exchange's. */
	int (*respond)(const struct kex_method *method, const uint8_t *share,
	    size_t len, struct buf *our_share, struct buf *secret);
	int (*respond_in_group)(const struct kex_method *method,
	    const struct kex_group *group, const uint8_t *share, size_t len,
	    struct buf *our_share, struct buf *secret);
	bool secret_is_string; /* a hash of digest_len(); else an mpint */
};

extern const struct kex_family kex_family_curve;
extern const struct kex_family kex_family_dh;
extern const struct kex_family kex_family_gex;
extern const struct kex_family kex_family_hybrid;

/* Elliptic curves: X25519 and the NIST ones. */
enum kex_curve {
	CURVE_X25519,
	CURVE_P256,
	CURVE_P384,
	CURVE_P521,
	CURVE_COUNT
};

#define CURVE_POINT_MAX	 133 /* P-521, uncompressed */
#define CURVE_SECRET_MAX 66

int kex_curve_preload(int curve);
size_t kex_curve_point_len(int curve);
size_t kex_curve_secret_len(int curve);

/* A fresh key, which the caller frees, and its public point.  0, E_CRYPTO. */
int kex_curve_generate(int curve, EVP_PKEY **key, uint8_t *point);

/*
 * The shared secret with a peer's point, kex_curve_secret_len() bytes.
 * E_FORMAT: wrong length or form; E_VALUE: off the curve, or a secret of
 * zeros; E_CRYPTO.
 */
int kex_curve_derive(int curve, EVP_PKEY *key, const uint8_t *point, size_t len,
    uint8_t *secret);

/* Both at once, for a server: what it answers and what it has then. */
int kex_curve_respond(int curve, const uint8_t *point, size_t len,
    uint8_t *our_point, uint8_t *secret);

/*
 * Finite fields: a fresh key in the group, which the caller frees, and its
 * public value appended; the shared secret with a peer's value appended as an
 * mpint.  bits is the method's fixed group, or 0 with a group.
 */
int kex_dh_generate(int bits, const struct kex_group *group, EVP_PKEY **key,
    struct buf *public_value);
int kex_dh_derive(
    EVP_PKEY *key, const uint8_t *value, size_t len, struct buf *secret);

/* The post-quantum halves of hybrids, whose parameter names both halves. */
enum kex_kem { KEM_MLKEM768, KEM_MLKEM1024, KEM_SNTRUP761, KEM_COUNT };

#define KEX_HYBRID(kem, curve)	    ((int)(kem) << 4 | (int)(curve))
#define KEX_HYBRID_KEM(parameter)   ((enum kex_kem)((parameter) >> 4))
#define KEX_HYBRID_CURVE(parameter) ((parameter)&15)

#define KEM_SECRET_LEN 32 /* of all of them */

/* Whether the method's post-quantum half is libcrypto's. */
bool kex_hybrid_from_libcrypto(const struct kex_method *method);

/*
 * K of a hybrid: the string of HASH(kem_secret || curve_secret), the second
 * with kex_curve_secret_len() bytes.
 */
int kex_hybrid_combine(const struct kex_method *method,
    const uint8_t kem_secret[KEM_SECRET_LEN], const uint8_t *curve_secret,
    struct buf *secret);

#endif
