/*
 * Hybrids of a post-quantum KEM and a curve, safe as long as either is:
 * mlkem768x25519-sha256 and, for those bound to NIST's curves,
 * mlkem768nistp256-sha256 and mlkem1024nistp384-sha384
 * (draft-ietf-sshm-mlkem-hybrid-kex); sntrup761x25519-sha512
 * (draft-ietf-sshm-ntruprime-ssh).  The client sends a KEM key and a point,
 * the server a ciphertext and a point, and K is the hash of both secrets, a
 * string.
 */
#include "lib/ssh/kex_private.h"

#include "lib/err.h"
#include "lib/secret.h"
#include "lib/ssh/mlkem.h"
#include "lib/ssh/sntrup.h"

#define CIPHER_MAX MLKEM_CIPHER_MAX

static int
encaps_768(const uint8_t *key, uint8_t *cipher, uint8_t *secret)
{
	return mlkem_encaps(MLKEM_768, key, cipher, secret);
}

static int
encaps_1024(const uint8_t *key, uint8_t *cipher, uint8_t *secret)
{
	return mlkem_encaps(MLKEM_1024, key, cipher, secret);
}

static int
encaps_sntrup(const uint8_t *key, uint8_t *cipher, uint8_t *secret)
{
	return sntrup_encaps(key, cipher, secret);
}

/* Lengths are ML-KEM's parameters, or given. */
static const struct kem {
	int mlkem; /* its size, or -1 */
	size_t key_len;
	size_t cipher_len;
	int (*encaps)(const uint8_t *key, uint8_t *cipher, uint8_t *secret);
} kems[KEM_COUNT] = {
    [KEM_MLKEM768] = {MLKEM_768, 0, 0, encaps_768},
    [KEM_MLKEM1024] = {MLKEM_1024, 0, 0, encaps_1024},
    [KEM_SNTRUP761] = {-1, SNTRUP_PK_LEN, SNTRUP_CIPHER_LEN, encaps_sntrup},
};

static size_t
key_len(const struct kem *kem)
{
	return kem->mlkem < 0 ?
	    kem->key_len :
	    mlkem_params_of((enum mlkem_size)kem->mlkem)->ek_len;
}

static size_t
cipher_len(const struct kem *kem)
{
	return kem->mlkem < 0 ?
	    kem->cipher_len :
	    mlkem_params_of((enum mlkem_size)kem->mlkem)->cipher_len;
}

bool
kex_hybrid_from_libcrypto(const struct kex_method *method)
{
	int size = kems[KEX_HYBRID_KEM(method->parameter)].mlkem;

	return size >= 0 && mlkem_from_libcrypto((enum mlkem_size)size);
}

int
kex_hybrid_combine(const struct kex_method *method,
    const uint8_t kem_secret[KEM_SECRET_LEN], const uint8_t *curve_secret,
    struct buf *secret)
{
	int curve = KEX_HYBRID_CURVE(method->parameter);
	struct digest_part parts[] = {{kem_secret, KEM_SECRET_LEN},
	    {curve_secret, kex_curve_secret_len(curve)}};
	uint8_t hash[DIGEST_MAX];
	int err = digest_parts(method->digest, parts, 2, hash, sizeof(hash));

	if (err == 0)
		buf_string(secret, hash, digest_len(method->digest));
	wipe(hash, sizeof(hash));
	return err;
}

static int
respond(const struct kex_method *method, const uint8_t *share, size_t len,
    struct buf *our_share, struct buf *secret)
{
	const struct kem *kem = &kems[KEX_HYBRID_KEM(method->parameter)];
	int curve = KEX_HYBRID_CURVE(method->parameter), err;
	uint8_t cipher[CIPHER_MAX], point[CURVE_POINT_MAX];
	uint8_t kem_secret[KEM_SECRET_LEN], curve_secret[CURVE_SECRET_MAX];
	size_t point_len = kex_curve_point_len(curve);

	if (len != key_len(kem) + point_len)
		return E_FORMAT;
	if ((err = kem->encaps(share, cipher, kem_secret)) != 0 ||
	    (err = kex_curve_respond(curve, &share[key_len(kem)], point_len,
		 point, curve_secret)) != 0 ||
	    (err = kex_hybrid_combine(
		 method, kem_secret, curve_secret, secret)) != 0)
		goto out;
	buf_bytes(our_share, cipher, cipher_len(kem));
	buf_bytes(our_share, point, point_len);
out:
	wipe(kem_secret, sizeof(kem_secret));
	wipe(curve_secret, sizeof(curve_secret));
	return err;
}

static int
preload(int parameter)
{
	int size = kems[KEX_HYBRID_KEM(parameter)].mlkem;
	int err = size < 0 ? 0 : mlkem_preload((enum mlkem_size)size);

	return err != 0 ? err : kex_curve_preload(KEX_HYBRID_CURVE(parameter));
}

static size_t
client_share_len(int parameter)
{
	return key_len(&kems[KEX_HYBRID_KEM(parameter)]) +
	    kex_curve_point_len(KEX_HYBRID_CURVE(parameter));
}

static size_t
server_share_len(int parameter)
{
	return cipher_len(&kems[KEX_HYBRID_KEM(parameter)]) +
	    kex_curve_point_len(KEX_HYBRID_CURVE(parameter));
}

const struct kex_family kex_family_hybrid = {
    .preload = preload,
    .client_share_len = client_share_len,
    .server_share_len = server_share_len,
    .respond = respond,
    .secret_is_string = true,
};
