/*
 * The software authenticator.
 */
#include "tests/unit/key/authenticator.h"

#include "lib/rd.h"
#include "lib/ssh/key_sign.h"

#include <check.h>
#include <openssl/evp.h>
#include <string.h>

void
authenticator_init(
    struct authenticator *a, enum key_type type, const char *application)
{
	enum key_type plain =
	    type == KEY_SK_ED25519 ? KEY_ED25519 : KEY_ECDSA_P256;
	size_t len, name_len;
	const uint8_t *blob;
	struct buf b;

	a->application = application;
	ck_assert_int_eq(key_private_generate(plain, 0, &a->secret), 0);
	blob = key_blob(key_private_public(a->secret), &len);
	name_len = strlen(key_type_name(plain, false));
	buf_init(&b, 4096);
	buf_text(&b, key_type_name(type, false));
	buf_bytes(&b, &blob[4 + name_len], len - 4 - name_len);
	buf_text(&b, application);
	ck_assert_int_eq(key_parse(b.data, b.len, &a->key), 0);
	buf_free(&b);
}

void
authenticator_free(struct authenticator *a)
{
	key_free(a->key);
	key_private_free(a->secret);
}

static void
sha256(const void *data, size_t len, struct buf *b)
{
	uint8_t hash[32];

	ck_assert_int_eq(
	    EVP_Digest(data, len, hash, NULL, EVP_sha256(), NULL), 1);
	buf_bytes(b, hash, sizeof(hash));
}

void
authenticator_sign(const struct authenticator *a, const void *data, size_t len,
    uint8_t flags, uint32_t counter, struct buf *sig)
{
	const char *name = key_name(key_private_public(a->secret));
	struct buf message, plain;
	size_t value_len;
	const uint8_t *value;
	struct rd r;

	buf_init(&message, 256);
	buf_init(&plain, 256);
	sha256(a->application, strlen(a->application), &message);
	buf_u8(&message, flags);
	buf_u32(&message, counter);
	sha256(data, len, &message);
	ck_assert_int_eq(key_sign(a->secret, key_alg_find(name, strlen(name)),
			     message.data, message.len, &plain),
	    0);
	rd_init(&r, plain.data, plain.len);
	(void)rd_string(&r, 64, &value_len);
	value = rd_string(&r, 256, &value_len);
	buf_text(sig, key_name(a->key));
	buf_string(sig, value, value_len);
	buf_u8(sig, flags);
	buf_u32(sig, counter);
	buf_free(&plain);
	buf_free(&message);
}
