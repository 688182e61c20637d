/*
 * Hybrids of a post-quantum KEM and a curve, safe as long as either is:
 * mlkem768x25519-sha256 and, for those bound to NIST's curves,
 * mlkem768nistp256-sha256 (draft-ietf-sshm-mlkem-hybrid-kex) and
 * sntrup761x25519-sha512 (draft-ietf-sshm-ntruprime-ssh).  The client sends a
 * KEM key and a point, the server a ciphertext and a point, and K is the hash
 * of both secrets, a string.
 */
#include "lib/ssh/kex_private.h"

#include "lib/err.h"
#include "lib/secret.h"
#include "lib/ssh/mlkem.h"
#include "lib/ssh/sntrup.h"

#define CIPHER_MAX MLKEM_CIPHER_LEN

/* What differs between the two. */
struct kem {
	size_t key_len;
	size_t cipher_len;
	int (*encaps)(const uint8_t *key, uint8_t *cipher, uint8_t *secret);
};

static const struct kem mlkem = {MLKEM_EK_LEN, MLKEM_CIPHER_LEN, mlkem_encaps};
static const struct kem sntrup = {
    SNTRUP_PK_LEN, SNTRUP_CIPHER_LEN, sntrup_encaps};

int
kex_hybrid_combine(const struct kex_method *method, const uint8_t first[32],
    const uint8_t second[32], struct buf *secret)
{
	struct digest_part parts[] = {{first, 32}, {second, 32}};
	uint8_t hash[DIGEST_MAX];
	int err = digest_parts(method->digest, parts, 2, hash, sizeof(hash));

	if (err == 0)
		buf_string(secret, hash, digest_len(method->digest));
	wipe(hash, sizeof(hash));
	return err;
}

static int
respond(const struct kem *kem, const struct kex_method *method,
    const uint8_t *share, size_t len, struct buf *our_share, struct buf *secret)
{
	uint8_t cipher[CIPHER_MAX], point[CURVE_POINT_MAX];
	uint8_t kem_secret[32], curve_secret[32]; /* of either curve */
	int curve = method->parameter, err;
	size_t point_len = kex_curve_point_len(curve);

	if (len != kem->key_len + point_len)
		return E_FORMAT;
	if ((err = kem->encaps(share, cipher, kem_secret)) != 0 ||
	    (err = kex_curve_respond(curve, &share[kem->key_len], point_len,
		 point, curve_secret)) != 0 ||
	    (err = kex_hybrid_combine(
		 method, kem_secret, curve_secret, secret)) != 0)
		goto out;
	buf_bytes(our_share, cipher, kem->cipher_len);
	buf_bytes(our_share, point, point_len);
out:
	wipe(kem_secret, sizeof(kem_secret));
	wipe(curve_secret, sizeof(curve_secret));
	return err;
}

static int
mlkem_respond(const struct kex_method *method, const uint8_t *share, size_t len,
    struct buf *our_share, struct buf *secret)
{
	return respond(&mlkem, method, share, len, our_share, secret);
}

static int
sntrup_respond(const struct kex_method *method, const uint8_t *share,
    size_t len, struct buf *our_share, struct buf *secret)
{
	return respond(&sntrup, method, share, len, our_share, secret);
}

static int
mlkem_preload_both(int parameter)
{
	int err = mlkem_preload();

	return err != 0 ? err : kex_curve_preload(parameter);
}

static int
sntrup_preload_both(int parameter)
{
	return kex_curve_preload(parameter);
}

static size_t
mlkem_client_len(int parameter)
{
	return MLKEM_EK_LEN + kex_curve_point_len(parameter);
}

static size_t
mlkem_server_len(int parameter)
{
	return MLKEM_CIPHER_LEN + kex_curve_point_len(parameter);
}

static size_t
sntrup_client_len(int parameter)
{
	return SNTRUP_PK_LEN + kex_curve_point_len(parameter);
}

static size_t
sntrup_server_len(int parameter)
{
	return SNTRUP_CIPHER_LEN + kex_curve_point_len(parameter);
}

const struct kex_family kex_family_mlkem = {
    .preload = mlkem_preload_both,
    .client_share_len = mlkem_client_len,
    .server_share_len = mlkem_server_len,
    .respond = mlkem_respond,
    .secret_is_string = true,
};

const struct kex_family kex_family_sntrup = {
    .preload = sntrup_preload_both,
    .client_share_len = sntrup_client_len,
    .server_share_len = sntrup_server_len,
    .respond = sntrup_respond,
    .secret_is_string = true,
};
