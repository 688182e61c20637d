/*
 * Public keys from blobs, and what one can ask them.  The blobs come from
 * strangers: every number is judged here, so that what follows need not.
 */
#include "lib/ssh/key.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/rd.h"
#include "lib/ssh/base64.h"
#include "lib/ssh/cert.h"
#include "lib/ssh/key_inside.h"
#include "lib/ssh/key_mldsa.h"
#include "lib/ssh/ssh2.h"

#include <openssl/sha.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LEN	    64
#define NONCE_MAX	    256
#define APPLICATION_MAX_LEN 1024

/* RFC 8709 section 4. */
static int
parse_ed25519(struct rd *r, struct key *key)
{
	size_t len;
	const uint8_t *point = rd_string(r, 32, &len);

	if (r->err != 0)
		return r->err;
	if (len != 32)
		return E_FORMAT;
	return key_evp_ed25519(point, &key->pkey);
}

/* RFC 5656 section 3.1; points are never compressed. */
static int
parse_ecdsa(struct rd *r, struct key *key)
{
	const struct key_type_row *row = key_type_row(key->type);
	size_t curve_len, len;
	const uint8_t *curve = rd_string(r, NAME_MAX_LEN, &curve_len);
	const uint8_t *point = rd_string(r, 1 + 2 * EC_LEN_MAX, &len);

	if (r->err != 0)
		return r->err;
	if (curve_len != strlen(row->curve) ||
	    memcmp(curve, row->curve, curve_len) != 0)
		return E_FORMAT;
	if (len != 1 + 2 * key_field_len(key->type) || point[0] != 4)
		return E_FORMAT;
	return key_evp_ec(row->group, point, len, &key->pkey);
}

static unsigned
bit_count(const uint8_t *magnitude, size_t len)
{
	unsigned bits = (unsigned)len * 8;

	if (len == 0)
		return 0;
	for (uint8_t top = magnitude[0]; (top & 0x80) == 0; top <<= 1)
		bits--;
	return bits;
}

/* RFC 4253 section 6.6; the exponent's bounds are SP 800-56B's, upwards. */
static int
parse_rsa(struct rd *r, struct key *key)
{
	size_t e_len, n_len;
	const uint8_t *e = rd_mpint(r, RSA_E_LEN_MAX, &e_len);
	const uint8_t *n = rd_mpint(r, RSA_BITS_MAX / 8, &n_len);

	if (r->err != 0)
		return r->err;
	key->bits = bit_count(n, n_len);
	if (key->bits < RSA_BITS_MIN || key->bits > RSA_BITS_MAX)
		return E_VALUE;
	if (bit_count(e, e_len) < 2 || (e[e_len - 1] & 1) == 0 ||
	    (n[n_len - 1] & 1) == 0)
		return E_VALUE;
	return key_evp_rsa(n, n_len, e, e_len, &key->pkey);
}

static int
parse_application(struct rd *r, struct key *key)
{
	size_t len;
	const uint8_t *text = rd_string(r, APPLICATION_MAX_LEN, &len);

	if (r->err != 0)
		return r->err;
	if (memchr(text, '\0', len) != NULL)
		return E_FORMAT;
	key->application = mem_strndup((const char *)text, len);
	return 0;
}

/* The fields that belong to the key itself, the same in key and certificate. */
static int
parse_fields(struct rd *r, struct key *key)
{
	int err;

	key->bits = key_type_row(key->type)->bits;
	switch (key->type) {
	case KEY_ED25519:
		return parse_ed25519(r, key);
	case KEY_SK_ED25519:
		if ((err = parse_ed25519(r, key)) != 0)
			return err;
		return parse_application(r, key);
	case KEY_ECDSA_P256:
	case KEY_ECDSA_P384:
	case KEY_ECDSA_P521:
		return parse_ecdsa(r, key);
	case KEY_SK_ECDSA_P256:
		if ((err = parse_ecdsa(r, key)) != 0)
			return err;
		return parse_application(r, key);
	case KEY_RSA:
		return parse_rsa(r, key);
	case KEY_MLDSA44_ED25519:
		return key_mldsa_parse(r, key);
	case KEY_NONE:
	case KEY_TYPE_COUNT:
		break;
	}
	return E_INTERNAL;
}

/* The blob that the key would have without its certificate. */
static void
keep_plain(struct key *key, const uint8_t *fields, size_t len)
{
	struct buf b;

	buf_init(&b, SSH_KEY_BLOB_MAX);
	buf_text(&b, key_type_row(key->type)->name);
	buf_bytes(&b, fields, len);
	key->plain = mem_dup(b.data, b.len);
	key->plain_len = b.len;
	buf_free(&b);
}

static int
parse_blob(struct rd *r, struct key *key)
{
	bool is_cert;
	size_t len, start;
	const char *name = (const char *)rd_string(r, NAME_MAX_LEN, &len);
	int err;

	if (r->err != 0)
		return r->err == E_TOO_LARGE ? E_UNSUPPORTED : r->err;
	key->type = key_type_of_name(name, len, &is_cert);
	if (key->type == KEY_NONE)
		return E_UNSUPPORTED;
	if (is_cert)
		(void)rd_string(r, NONCE_MAX, &len);
	start = r->pos;
	if ((err = parse_fields(r, key)) != 0)
		return err;
	if (!is_cert)
		return rd_end(r);
	keep_plain(key, &r->data[start], r->pos - start);
	if ((err = cert_parse(r, &key->cert)) != 0)
		return err;
	return rd_end(r);
}

int
key_parse(const void *blob, size_t len, struct key **out)
{
	struct key *key;
	struct rd r;
	int err;

	if (len > SSH_KEY_BLOB_MAX)
		return E_TOO_LARGE;
	if ((err = key_evp_ready()) != 0)
		return err;
	key = mem_zalloc(sizeof(*key));
	key->blob = mem_dup(blob, len);
	key->blob_len = len;
	rd_init(&r, key->blob, len);
	if ((err = parse_blob(&r, key)) != 0) {
		key_free(key);
		return err;
	}
	*out = key;
	return 0;
}

void
key_free(struct key *key)
{
	if (key == NULL)
		return;
	cert_free(key->cert);
	EVP_PKEY_free(key->pkey);
	EVP_PKEY_free(key->mldsa);
	free(key->application);
	free(key->plain);
	free(key->blob);
	free(key);
}

const uint8_t *
key_blob(const struct key *key, size_t *len)
{
	*len = key->blob_len;
	return key->blob;
}

const uint8_t *
key_plain_blob(const struct key *key, size_t *len)
{
	if (key->plain == NULL)
		return key_blob(key, len);
	*len = key->plain_len;
	return key->plain;
}

enum key_type
key_type(const struct key *key)
{
	return key->type;
}

const char *
key_name(const struct key *key)
{
	return key_type_name(key->type, key->cert != NULL);
}

const char *
key_short_name(const struct key *key)
{
	const struct key_type_row *row = key_type_row(key->type);

	return key->cert != NULL ? row->cert_short_name : row->short_name;
}

unsigned
key_bits(const struct key *key)
{
	return key->bits;
}

const char *
key_application(const struct key *key)
{
	return key->application == NULL ? "" : key->application;
}

bool
key_is_sk(const struct key *key)
{
	return key_type_row(key->type)->is_sk;
}

const struct cert *
key_cert(const struct key *key)
{
	return key->cert;
}

int
key_check_length(
    const struct key *key, unsigned rsa_min_bits, char *why, size_t size)
{
	if (key->type != KEY_RSA || key->bits >= rsa_min_bits)
		return 0;
	snprintf(why, size, "RSA key of %u bits, %u are required", key->bits,
	    rsa_min_bits);
	return E_KEY_LENGTH;
}

static bool
same(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	return a_len == b_len && memcmp(a, b, a_len) == 0;
}

bool
key_equal(const struct key *a, const struct key *b)
{
	return same(a->blob, a->blob_len, b->blob, b->blob_len);
}

bool
key_equal_plain(const struct key *a, const struct key *b)
{
	size_t a_len, b_len;
	const uint8_t *a_blob = key_plain_blob(a, &a_len);
	const uint8_t *b_blob = key_plain_blob(b, &b_len);

	return same(a_blob, a_len, b_blob, b_len);
}

void
key_fingerprint(const struct key *key, char *text, size_t size)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];
	char base64[BASE64_SIZE(sizeof(hash))];
	size_t len;
	const uint8_t *blob = key_plain_blob(key, &len);

	if (key_evp_hash(KEY_SHA256, blob, len, hash) != 0) {
		snprintf(text, size, "SHA256:?");
		return;
	}
	base64_encode(hash, sizeof(hash), base64, sizeof(base64));
	base64[strcspn(base64, "=")] = '\0';
	snprintf(text, size, "SHA256:%s", base64);
}
