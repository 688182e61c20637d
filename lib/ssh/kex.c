/*
 * The table of key exchange methods, for the worker that does them, the
 * monitor that hashes them and the configuration that names them.
 *
 * The order is the default proposal's, and its reasons are these.  First come
 * the hybrids, which an eavesdropper with a later quantum computer cannot
 * open: ML-KEM before sntrup761 because it is a standard (FIPS 203) and may
 * be libcrypto's own; both cost less than two X25519.  The ones on NIST's
 * curves come behind them, for peers that may have no other: P-384 costs five
 * times X25519.  Then X25519, which is
 * fast and easy to do without leaks; then the NIST curves for clients that know
 * no other, P-256 first, as it matches the ciphers and costs a fifth of the
 * larger ones or less.  Finite fields come last, in OpenSSH's order, for
 * appliances and libraries that have nothing else: group16 takes forty times
 * the CPU of X25519, which the limits of connections before a login bound.
 * The last of these is for appliances of before 2016, and where the policy
 * names it.  Methods of GSS-API (RFC 8732) have the same shares in messages of
 * their own; they are offered where Kerberos is configured, in front.
 */
#include "lib/ssh/kex.h"

#include "lib/err.h"
#include "lib/secret.h"
#include "lib/ssh/kex_private.h"

#include <openssl/err.h>

#include <string.h>

#define HYBRID (KEX_POST_QUANTUM | KEX_OWN_CODE | KEX_DEFAULT)
#define FFDH   (KEX_FINITE_FIELD | KEX_FIPS_APPROVED | KEX_DEFAULT)

#define GSS(name) "gss-" name "-" KEX_GSS_KERBEROS
#define GSS_FFDH  (KEX_GSS | KEX_FINITE_FIELD | KEX_FIPS_APPROVED)

static const struct kex_method methods[] = {
    {"mlkem768x25519-sha256", DIGEST_SHA256, HYBRID, &kex_family_hybrid,
	KEX_HYBRID(KEM_MLKEM768, CURVE_X25519)},
    {"sntrup761x25519-sha512", DIGEST_SHA512, HYBRID, &kex_family_hybrid,
	KEX_HYBRID(KEM_SNTRUP761, CURVE_X25519)},
    {"sntrup761x25519-sha512@openssh.com", DIGEST_SHA512, HYBRID,
	&kex_family_hybrid, KEX_HYBRID(KEM_SNTRUP761, CURVE_X25519)},
    {"mlkem768nistp256-sha256", DIGEST_SHA256, HYBRID | KEX_FIPS_APPROVED,
	&kex_family_hybrid, KEX_HYBRID(KEM_MLKEM768, CURVE_P256)},
    {"mlkem1024nistp384-sha384", DIGEST_SHA384, HYBRID | KEX_FIPS_APPROVED,
	&kex_family_hybrid, KEX_HYBRID(KEM_MLKEM1024, CURVE_P384)},
    {"curve25519-sha256", DIGEST_SHA256, KEX_DEFAULT, &kex_family_curve,
	CURVE_X25519},
    {"curve25519-sha256@libssh.org", DIGEST_SHA256, KEX_DEFAULT,
	&kex_family_curve, CURVE_X25519},
    {"ecdh-sha2-nistp256", DIGEST_SHA256, KEX_DEFAULT | KEX_FIPS_APPROVED,
	&kex_family_curve, CURVE_P256},
    {"ecdh-sha2-nistp384", DIGEST_SHA384, KEX_DEFAULT | KEX_FIPS_APPROVED,
	&kex_family_curve, CURVE_P384},
    {"ecdh-sha2-nistp521", DIGEST_SHA512, KEX_DEFAULT | KEX_FIPS_APPROVED,
	&kex_family_curve, CURVE_P521},
    /* Groups of a file are not the named ones that FIPS 140 approves. */
    {"diffie-hellman-group-exchange-sha256", DIGEST_SHA256,
	KEX_FINITE_FIELD | KEX_GROUP_EXCHANGE | KEX_DEFAULT, &kex_family_gex,
	0},
    {"diffie-hellman-group16-sha512", DIGEST_SHA512, FFDH, &kex_family_dh,
	4096},
    {"diffie-hellman-group18-sha512", DIGEST_SHA512, FFDH, &kex_family_dh,
	8192},
    {"diffie-hellman-group14-sha256", DIGEST_SHA256, FFDH, &kex_family_dh,
	2048},
    {"diffie-hellman-group14-sha1", DIGEST_SHA1, KEX_FINITE_FIELD,
	&kex_family_dh, 2048},
    {GSS("curve25519-sha256"), DIGEST_SHA256, KEX_GSS, &kex_family_curve,
	CURVE_X25519},
    {GSS("nistp256-sha256"), DIGEST_SHA256, KEX_GSS | KEX_FIPS_APPROVED,
	&kex_family_curve, CURVE_P256},
    {GSS("group14-sha256"), DIGEST_SHA256, GSS_FFDH, &kex_family_dh, 2048},
    {GSS("group16-sha512"), DIGEST_SHA512, GSS_FFDH, &kex_family_dh, 4096},
};
#define METHOD_COUNT (sizeof(methods) / sizeof(methods[0]))

static bool usable[METHOD_COUNT];

int
kex_preload(void)
{
	int err = digest_preload();

	if (err != 0)
		return err;
	for (size_t i = 0; i < METHOD_COUNT; i++)
		usable[i] =
		    methods[i].family->preload(methods[i].parameter) == 0;
	return 0;
}

const struct kex_method *
kex_find(const char *name, size_t len)
{
	for (size_t i = 0; i < METHOD_COUNT; i++) {
		if (strlen(methods[i].name) == len &&
		    memcmp(methods[i].name, name, len) == 0)
			return &methods[i];
	}
	return NULL;
}

const struct kex_method *
kex_find_gss(const char *family, size_t len)
{
	char name[KEX_NAME_MAX + 1];
	const struct kex_method *method;

	if (len > KEX_NAME_MAX - strlen(KEX_GSS_KERBEROS))
		return NULL;
	memcpy(name, family, len);
	memcpy(&name[len], KEX_GSS_KERBEROS, sizeof(KEX_GSS_KERBEROS));
	method = kex_find(name, strlen(name));
	return method != NULL && (method->attributes & KEX_GSS) != 0 ? method :
								       NULL;
}

const struct kex_method *
kex_at(size_t index)
{
	return index < METHOD_COUNT ? &methods[index] : NULL;
}

unsigned
kex_attributes(const struct kex_method *method)
{
	if (method->family == &kex_family_hybrid &&
	    kex_hybrid_from_libcrypto(method))
		return method->attributes & ~(unsigned)KEX_OWN_CODE;
	return method->attributes;
}

bool
kex_usable(const struct kex_method *method)
{
	return usable[method - methods];
}

void
kex_names(struct buf *b, unsigned with, unsigned without)
{
	bool first = true;

	for (size_t i = 0; i < METHOD_COUNT; i++) {
		unsigned attributes = kex_attributes(&methods[i]);

		if (!usable[i] || (attributes & with) != with ||
		    (attributes & without) != 0)
			continue;
		if (!first)
			buf_u8(b, ',');
		buf_bytes(b, methods[i].name, strlen(methods[i].name));
		first = false;
	}
}

size_t
kex_hash_len(const struct kex_method *method)
{
	return digest_len(method->digest);
}

const uint8_t *
kex_read_share(const struct kex_method *method, struct rd *r, size_t *len)
{
	size_t max = method->family->client_share_len(method->parameter);
	size_t other = method->family->server_share_len(method->parameter);

	if (other > max)
		max = other;
	if ((method->attributes & KEX_FINITE_FIELD) != 0)
		return rd_mpint(r, max, len);
	return rd_string(r, max, len);
}

void
kex_write_share(const struct kex_method *method, struct buf *b,
    const uint8_t *share, size_t len)
{
	if ((method->attributes & KEX_FINITE_FIELD) != 0)
		buf_mpint(b, share, len);
	else
		buf_string(b, share, len);
}

/* Back to what it was before a step that failed. */
static void
cut(struct buf *b, size_t len)
{
	if (b->len > len)
		wipe(&b->data[len], b->len - len);
	b->len = len;
	b->err = 0;
}

static int
respond(const struct kex_method *method, const struct kex_group *group,
    const uint8_t *share, size_t len, struct buf *our_share, struct buf *secret)
{
	size_t share_mark = our_share->len, secret_mark = secret->len;
	int err;

	if (buf_end(our_share) != 0 || buf_end(secret) != 0)
		return E_TOO_LARGE;
	if (group == NULL)
		err = method->family->respond(
		    method, share, len, our_share, secret);
	else
		err = method->family->respond_in_group(
		    method, group, share, len, our_share, secret);
	if (err == 0 && (buf_end(our_share) != 0 || buf_end(secret) != 0))
		err = E_TOO_LARGE;
	if (err != 0) {
		cut(our_share, share_mark);
		cut(secret, secret_mark);
		ERR_clear_error(); /* libcrypto keeps a queue of them */
	}
	return err;
}

int
kex_server_respond(const struct kex_method *method, const uint8_t *share,
    size_t len, struct buf *our_share, struct buf *secret)
{
	if (!kex_usable(method) || method->family->respond == NULL)
		return E_UNSUPPORTED;
	return respond(method, NULL, share, len, our_share, secret);
}

int
kex_gex_respond(const struct kex_method *method, const struct kex_group *group,
    const uint8_t *share, size_t len, struct buf *our_share, struct buf *secret)
{
	if (!kex_usable(method) || method->family->respond_in_group == NULL)
		return E_UNSUPPORTED;
	return respond(method, group, share, len, our_share, secret);
}
