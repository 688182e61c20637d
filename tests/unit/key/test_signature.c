/*
 * Signatures: the RFCs' vectors, those of ssh-keygen, a software
 * authenticator's, and forgeries of all kinds.
 */
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/rd.h"
#include "lib/ssh/base64.h"
#include "lib/ssh/key_private.h"
#include "lib/ssh/key_sign.h"
#include "tests/unit/key/authenticator.h"
#include "tests/unit/key/data.h"
#include "tests/unit/key/suites.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct key_alg *
alg(const char *name)
{
	return key_alg_find(name, strlen(name));
}

/* RFC 8032 section 7.1: key, message, signature. */
static const char *const rfc8032[][3] = {
    {"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
	"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
	"5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
	"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
	"085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
	"6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
	"18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
};

static int
verify_ed25519(const char *point_hex, const char *data_hex, const uint8_t *sig)
{
	size_t point_len, len;
	uint8_t *point = hex(point_hex, &point_len);
	uint8_t *data = hex(data_hex, &len);
	struct key *key;
	struct buf b, s;
	int err;

	buf_init(&b, 128);
	buf_text(&b, "ssh-ed25519");
	buf_string(&b, point, point_len);
	ck_assert_int_eq(key_parse(b.data, b.len, &key), 0);
	buf_init(&s, 128);
	buf_text(&s, "ssh-ed25519");
	buf_string(&s, sig, 64);
	err =
	    key_verify(key, alg("ssh-ed25519"), data, len, s.data, s.len, NULL);
	buf_free(&s);
	buf_free(&b);
	key_free(key);
	free(data);
	free(point);
	return err;
}

START_TEST(the_vectors_of_rfc8032_verify)
{
	size_t len;
	uint8_t *sig = hex(rfc8032[_i][2], &len);

	ck_assert_int_eq(
	    verify_ed25519(rfc8032[_i][0], rfc8032[_i][1], sig), 0);
	ck_assert_int_eq(
	    verify_ed25519(rfc8032[_i][0], "00", sig), E_SIGNATURE);
	free(sig);
}
END_TEST

/* The same signature with S + L in place of S: RFC 8032 section 5.1.7. */
START_TEST(ed25519_with_s_not_reduced_is_refused)
{
	static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63,
	    0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
	    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10};
	size_t len;
	uint8_t *sig = hex(rfc8032[_i][2], &len);
	unsigned carry = 0;

	for (int i = 0; i < 32; i++) {
		carry += sig[32 + i] + order[i];
		sig[32 + i] = (uint8_t)carry;
		carry >>= 8;
	}
	ck_assert_int_eq(
	    verify_ed25519(rfc8032[_i][0], rfc8032[_i][1], sig), E_SIGNATURE);
	memcpy(&sig[32], order, 32);
	ck_assert_int_eq(
	    verify_ed25519(rfc8032[_i][0], rfc8032[_i][1], sig), E_SIGNATURE);
	free(sig);
}
END_TEST

#define RFC6979_R \
	"efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
#define RFC6979_S \
	"f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
#define ECDSA_NAME "0000001365636473612d736861322d6e69737470323536"

/* RFC 6979 section A.2.5, SHA-256, "sample"; the rows break its blob. */
static const struct {
	const char *what;
	const char *sig;
	int err;
} ecdsa[] = {
    {"as it is",
	ECDSA_NAME "0000004a"
		   "0000002100" RFC6979_R "0000002100" RFC6979_S,
	0},
    {"r negative",
	ECDSA_NAME "00000049"
		   "00000020" RFC6979_R "0000002100" RFC6979_S,
	E_SIGNATURE},
    {"s with a spare zero byte",
	ECDSA_NAME "0000004b"
		   "0000002100" RFC6979_R "000000220000" RFC6979_S,
	E_SIGNATURE},
    {"r is zero",
	ECDSA_NAME "00000029"
		   "00000000"
		   "0000002100" RFC6979_S,
	E_SIGNATURE},
    {"s is zero",
	ECDSA_NAME "00000029"
		   "0000002100" RFC6979_R "00000000",
	E_SIGNATURE},
    {"a byte inside, behind s",
	ECDSA_NAME "0000004b"
		   "0000002100" RFC6979_R "0000002100" RFC6979_S "00",
	E_SIGNATURE},
    {"a byte behind",
	ECDSA_NAME "0000004a"
		   "0000002100" RFC6979_R "0000002100" RFC6979_S "00",
	E_SIGNATURE},
    {"r of 33 bytes",
	ECDSA_NAME "0000004a"
		   "0000002101" RFC6979_R "0000002100" RFC6979_S,
	E_SIGNATURE},
    {"s exchanged for r",
	ECDSA_NAME "0000004a"
		   "0000002100" RFC6979_S "0000002100" RFC6979_R,
	E_SIGNATURE},
    {"the name of another curve",
	"0000001365636473612d736861322d6e69737470333834"
	"0000004a"
	"0000002100" RFC6979_R "0000002100" RFC6979_S,
	E_SIGNATURE},
    {"the order in s's place",
	ECDSA_NAME
	"0000004a"
	"0000002100" RFC6979_R "0000002100"
	"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
	E_SIGNATURE},
};

START_TEST(ecdsa_signatures_are_mpints_and_nothing_else)
{
	static const char point[] = ECDSA_NAME
	    "000000086e69737470323536"
	    "00000041"
	    "04"
	    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
	    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
	size_t blob_len, len;
	uint8_t *blob = hex(point, &blob_len), *sig = hex(ecdsa[_i].sig, &len);
	struct key *key;

	ck_assert_int_eq(key_parse(blob, blob_len, &key), 0);
	ck_assert_msg(key_verify(key, alg("ecdsa-sha2-nistp256"), "sample", 6,
			  sig, len, NULL) == ecdsa[_i].err,
	    "%s", ecdsa[_i].what);
	key_free(key);
	free(sig);
	free(blob);
}
END_TEST

static const struct {
	const char *file;
	const char *alg;
} sshsigs[] = {
    {"ed25519", "ssh-ed25519"},
    {"ecdsa256", "ecdsa-sha2-nistp256"},
    {"ecdsa384", "ecdsa-sha2-nistp384"},
    {"ecdsa521", "ecdsa-sha2-nistp521"},
    {"rsa2048", "rsa-sha2-512"},
};

/* PROTOCOL.sshsig: the blob in NAME.sig, and what it was made over. */
static void
read_sshsig(const char *name, struct buf *sig, struct buf *data)
{
	char file[64], *text, *at, *compact;
	size_t len, message_len, used = 0;
	uint8_t hash[64];
	const uint8_t *value;
	struct buf b;
	struct rd r;

	snprintf(file, sizeof(file), "%s.sig", name);
	text = data_read(file, &len);
	compact = calloc(1, len + 1);
	*strstr(text, "-----END") = '\0';
	for (at = strchr(text, '\n'); *at != '\0'; at++)
		if (*at != '\n')
			compact[used++] = *at;
	buf_init(&b, 8192);
	ck_assert_int_eq(base64_decode(compact, used, &b), 0);
	rd_init(&r, b.data, b.len);
	(void)rd_bytes(&r, 6 + 4);
	for (int i = 0; i < 4; i++)
		(void)rd_string(&r, 4096, &len);
	value = rd_string(&r, 4096, &len);
	ck_assert_int_eq(rd_end(&r), 0);
	buf_bytes(sig, value, len);
	free(text);
	text = data_read("message", &message_len);
	EVP_Digest(text, message_len, hash, NULL, EVP_sha512(), NULL);
	buf_bytes(data, "SSHSIG", 6);
	buf_text(data, "test");
	buf_text(data, "");
	buf_text(data, "sha512");
	buf_string(data, hash, sizeof(hash));
	buf_free(&b);
	free(compact);
	free(text);
}

START_TEST(ssh_keygens_signatures_verify_and_no_byte_of_them_may_change)
{
	char file[64];
	struct buf sig, data;
	struct key *key;
	const struct key_alg *a = alg(sshsigs[_i].alg);

	snprintf(file, sizeof(file), "%s.pub", sshsigs[_i].file);
	key = data_key(file);
	buf_init(&sig, 4096);
	buf_init(&data, 4096);
	read_sshsig(sshsigs[_i].file, &sig, &data);
	ck_assert_int_eq(
	    key_verify(key, a, data.data, data.len, sig.data, sig.len, NULL),
	    0);
	ck_assert_int_eq(key_verify(key, a, data.data, data.len - 1, sig.data,
			     sig.len, NULL),
	    E_SIGNATURE);
	for (size_t cut = 0; cut < sig.len; cut++)
		ck_assert_int_eq(key_verify(key, a, data.data, data.len,
				     sig.data, cut, NULL),
		    E_SIGNATURE);
	for (size_t i = 0; i < sig.len; i++) {
		sig.data[i] ^= (uint8_t)(1u << (i % 8));
		ck_assert_int_eq(key_verify(key, a, data.data, data.len,
				     sig.data, sig.len, NULL),
		    E_SIGNATURE);
		sig.data[i] ^= (uint8_t)(1u << (i % 8));
	}
	buf_free(&data);
	buf_free(&sig);
	key_free(key);
}
END_TEST

/* Each algorithm signs with its own key, and the name decides. */
START_TEST(what_we_sign_verifies_under_its_own_algorithm_alone)
{
	char file[64];
	size_t len;
	char *text;
	struct key_private *private;
	struct buf sig;

	text = data_read(sshsigs[_i].file, &len);
	ck_assert_int_eq(key_private_parse(text, len, &private), 0);
	buf_init(&sig, 4096);
	snprintf(file, sizeof(file), "%s", sshsigs[_i].alg);
	ck_assert_int_eq(key_sign(private, alg(file), "data", 4, &sig), 0);
	for (size_t i = 0; key_alg_at(i) != NULL; i++) {
		const struct key_alg *a = key_alg_at(i);
		int err = key_verify(key_private_public(private), a, "data", 4,
		    sig.data, sig.len, NULL);

		if (a == alg(file))
			ck_assert_int_eq(err, 0);
		else if (key_alg_serves(a, key_private_public(private)))
			ck_assert_int_eq(err, E_SIGNATURE);
		else
			ck_assert_int_eq(err, E_VALUE);
		if (a->type != key_type(key_private_public(private))) {
			ck_assert_int_eq(
			    key_sign(private, a, "data", 4, &sig), E_VALUE);
		}
	}
	buf_free(&sig);
	key_private_free(private);
	free(text);
}
END_TEST

START_TEST(sha1_is_of_ssh_rsa_alone)
{
	ck_assert_ptr_null(alg("ssh-rsa-cert-v01@openssh.com"));
	ck_assert_ptr_null(alg("ssh-dss"));
	for (size_t i = 0; key_alg_at(i) != NULL; i++) {
		ck_assert_ptr_eq(alg(key_alg_at(i)->name), key_alg_at(i));
		ck_assert_int_eq(key_alg_at(i)->digest != NULL &&
			strcmp(key_alg_at(i)->digest, "SHA1") == 0,
		    strcmp(key_alg_at(i)->name, "ssh-rsa") == 0);
		ck_assert_int_eq(
		    strcmp(key_alg_at(i)->signature, "ssh-rsa") == 0,
		    strcmp(key_alg_at(i)->name, "ssh-rsa") == 0);
	}
}
END_TEST

/* A signature whose first byte is zero, sent without it, with one too many. */
START_TEST(rsa_signatures_may_lack_their_zeros_but_not_exceed_the_modulus)
{
	static const char name[] = "rsa-sha2-256";
	size_t len, value_len = 0;
	char *text = data_read("rsa2048", &len), data[16];
	const uint8_t *value = NULL;
	struct key_private *private;
	const struct key *key;
	struct buf sig, other;
	struct rd r;
	int i;

	ck_assert_int_eq(key_private_parse(text, len, &private), 0);
	key = key_private_public(private);
	buf_init(&sig, 4096);
	buf_init(&other, 4096);
	for (i = 0; i < 5000; i++) {
		buf_clear(&sig);
		snprintf(data, sizeof(data), "%d", i);
		ck_assert_int_eq(
		    key_sign(private, alg(name), data, strlen(data), &sig), 0);
		rd_init(&r, sig.data, sig.len);
		(void)rd_string(&r, 64, &value_len);
		value = rd_string(&r, 4096, &value_len);
		ck_assert_uint_eq(value_len, 256);
		if (value[0] == 0)
			break;
	}
	ck_assert_int_lt(i, 5000);
	buf_text(&other, name);
	buf_string(&other, &value[1], value_len - 1);
	ck_assert_int_eq(key_verify(key, alg(name), data, strlen(data),
			     other.data, other.len, NULL),
	    0);
	buf_clear(&other);
	buf_text(&other, name);
	buf_u32(&other, (uint32_t)value_len + 1);
	buf_u8(&other, 0);
	buf_bytes(&other, value, value_len);
	ck_assert_int_eq(key_verify(key, alg(name), data, strlen(data),
			     other.data, other.len, NULL),
	    E_SIGNATURE);
	buf_clear(&other);
	buf_text(&other, "ssh-rsa"); /* SHA-1's name */
	buf_string(&other, value, value_len);
	ck_assert_int_eq(key_verify(key, alg(name), data, strlen(data),
			     other.data, other.len, NULL),
	    E_SIGNATURE);
	buf_free(&other);
	buf_free(&sig);
	key_private_free(private);
	free(text);
}
END_TEST

static const enum key_type sk_types[] = {KEY_SK_ED25519, KEY_SK_ECDSA_P256};

START_TEST(an_authenticators_flags_and_counter_are_told_and_signed)
{
	struct key_sk_use use = {0, 0};
	struct authenticator a, other;
	const struct key_alg *its;
	struct buf sig;

	authenticator_init(&a, sk_types[_i], "ssh:");
	authenticator_init(&other, sk_types[_i], "ssh:other");
	ck_assert(key_is_sk(a.key));
	ck_assert_str_eq(key_application(a.key), "ssh:");
	its = alg(key_name(a.key));
	buf_init(&sig, 512);
	authenticator_sign(
	    &a, "data", 4, KEY_SK_PRESENT | KEY_SK_VERIFIED, 77, &sig);
	ck_assert_int_eq(
	    key_verify(a.key, its, "data", 4, sig.data, sig.len, &use), 0);
	ck_assert_uint_eq(use.flags, KEY_SK_PRESENT | KEY_SK_VERIFIED);
	ck_assert_uint_eq(use.counter, 77);
	/* Nobody may forget to ask. */
	ck_assert_int_eq(
	    key_verify(a.key, its, "data", 4, sig.data, sig.len, NULL),
	    E_INTERNAL);
	ck_assert_int_eq(
	    key_verify(other.key, its, "data", 4, sig.data, sig.len, &use),
	    E_SIGNATURE);
	use.flags = 0x55;
	for (size_t i = 0; i < sig.len; i++) {
		sig.data[i] ^= 4;
		ck_assert_int_eq(
		    key_verify(a.key, its, "data", 4, sig.data, sig.len, &use),
		    E_SIGNATURE);
		sig.data[i] ^= 4;
	}
	for (size_t cut = 0; cut < sig.len; cut++)
		ck_assert_int_eq(
		    key_verify(a.key, its, "data", 4, sig.data, cut, &use),
		    E_SIGNATURE);
	ck_assert_uint_eq(use.flags, 0x55);
	buf_free(&sig);
	authenticator_free(&other);
	authenticator_free(&a);
}
END_TEST

Suite *
suite_signature(void)
{
	Suite *s = suite_create("signature");
	TCase *t = tcase_create("signature");
	int count = (int)(sizeof(sshsigs) / sizeof(sshsigs[0]));

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, the_vectors_of_rfc8032_verify, 0, 3);
	tcase_add_loop_test(t, ed25519_with_s_not_reduced_is_refused, 0, 3);
	tcase_add_loop_test(t, ecdsa_signatures_are_mpints_and_nothing_else, 0,
	    (int)(sizeof(ecdsa) / sizeof(ecdsa[0])));
	tcase_add_loop_test(t,
	    ssh_keygens_signatures_verify_and_no_byte_of_them_may_change, 0,
	    count);
	tcase_add_loop_test(
	    t, what_we_sign_verifies_under_its_own_algorithm_alone, 0, count);
	tcase_add_test(t, sha1_is_of_ssh_rsa_alone);
	tcase_add_test(
	    t, rsa_signatures_may_lack_their_zeros_but_not_exceed_the_modulus);
	tcase_add_loop_test(
	    t, an_authenticators_flags_and_counter_are_told_and_signed, 0, 2);
	suite_add_tcase(s, t);
	return s;
}
