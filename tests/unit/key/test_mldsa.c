/*
 * ssh-mldsa44-ed25519@openssh.com.  data/mldsa44_ed25519* hold the seeds and
 * the signature of id-MLDSA44-Ed25519-SHA512 in the test vectors of
 * draft-ietf-lamps-pq-composite-sigs (October 2025), which OpenSSH tests
 * itself with; the public key and the files were made of the seeds by Python's
 * cryptography.  Where libcrypto has no ML-DSA, the type must not be known.
 */
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/ssh/cert.h"
#include "lib/ssh/key_mldsa.h"
#include "lib/ssh/key_private.h"
#include "lib/ssh/key_sign.h"
#include "lib/ssh/lacking.h"
#include "lib/ssh/ssh2.h"
#include "tests/unit/key/data.h"
#include "tests/unit/key/suites.h"

#include <stdlib.h>
#include <string.h>

static const char name[] = "ssh-mldsa44-ed25519@openssh.com";
static const char message[] = "The quick brown fox jumps over the lazy dog.";

static const struct key_alg *
alg_of(void)
{
	return key_alg_find(name, strlen(name));
}

START_TEST(without_ml_dsa_in_libcrypto_the_type_is_not_known)
{
	struct key_private *key = NULL;
	struct key *public = NULL;
	size_t len, pub_len;
	char *file = data_read("mldsa44_ed25519", &len);
	char *line = data_read("mldsa44_ed25519.pub", &pub_len);

	if (!key_mldsa_present()) {
		ck_assert_int_eq(
		    key_private_parse(file, len, &key), E_UNSUPPORTED);
		ck_assert_int_eq(
		    key_parse_line(line, pub_len, &public, NULL, NULL),
		    E_UNSUPPORTED);
		ck_assert_int_eq(
		    key_private_generate(KEY_MLDSA44_ED25519, 0, &key),
		    E_UNSUPPORTED);
	}
	ck_assert_int_eq(lacking_key_alg(name) == NULL, key_mldsa_present());
	ck_assert_ptr_null(lacking_key_alg("ssh-ed25519"));
	ck_assert_ptr_null(lacking_key_alg("no such"));
	free(file);
	free(line);
}
END_TEST

START_TEST(the_known_key_has_its_name_and_fingerprint)
{
	struct key *key = data_key("mldsa44_ed25519.pub");
	char text[KEY_FINGERPRINT_SIZE];

	key_fingerprint(key, text, sizeof(text));
	ck_assert_str_eq(
	    text, "SHA256:bTJ5f9es38UlFS6cbSd4oOQuHaUNI1NOzDN0qUbVoAc");
	ck_assert_str_eq(key_name(key), name);
	ck_assert_str_eq(key_short_name(key), "MLDSA44-ED25519");
	ck_assert_uint_eq(key_bits(key), 256);
	key_free(key);
}
END_TEST

/* The seeds of the file make the public key beside it. */
START_TEST(the_known_private_key_is_read_and_written_back)
{
	struct key *public = data_key("mldsa44_ed25519.pub");
	struct key_private *key, *again;
	struct buf b;
	size_t len;
	char *file = data_read("mldsa44_ed25519", &len);

	ck_assert_int_eq(key_private_parse(file, len, &key), 0);
	ck_assert(key_equal(public, key_private_public(key)));
	ck_assert_str_eq(key_private_comment(key), "known");
	buf_init(&b, KEY_FILE_MAX);
	ck_assert_int_eq(key_private_write(key, "known", &b), 0);
	ck_assert_int_eq(key_private_parse(b.data, b.len, &again), 0);
	ck_assert(key_equal(public, key_private_public(again)));
	buf_free(&b);
	key_private_free(again);
	key_private_free(key);
	key_free(public);
	free(file);
}
END_TEST

START_TEST(a_signature_of_another_implementation_verifies)
{
	struct key *key = data_key("mldsa44_ed25519.pub");
	size_t len;
	char *sig = data_read("mldsa44_ed25519.sig", &len);

	ck_assert_int_eq(
	    key_verify(key, alg_of(), message, strlen(message), sig, len, NULL),
	    0);
	ck_assert_int_eq(key_verify(key, alg_of(), message, strlen(message) - 1,
			     sig, len, NULL),
	    E_SIGNATURE);
	free(sig);
	key_free(key);
}
END_TEST

/* The last 64 bytes are Ed25519's, those before them ML-DSA's. */
START_TEST(each_half_must_verify)
{
	struct key *key = data_key("mldsa44_ed25519.pub");
	size_t len, from = 4 + strlen(name) + 4;
	char *sig = data_read("mldsa44_ed25519.sig", &len);

	for (size_t i = from; i < len; i += i + 64 < len ? 41 : 1) {
		sig[i] ^= 4;
		ck_assert_int_eq(key_verify(key, alg_of(), message,
				     strlen(message), sig, len, NULL),
		    E_SIGNATURE);
		sig[i] ^= 4;
	}
	for (size_t cut = 0; cut < len; cut += 7)
		ck_assert_int_eq(key_verify(key, alg_of(), message,
				     strlen(message), sig, cut, NULL),
		    E_SIGNATURE);
	free(sig);
	key_free(key);
}
END_TEST

START_TEST(what_we_sign_verifies_and_no_other_key_does)
{
	struct key_private *key, *other;
	struct buf sig;

	ck_assert_int_eq(key_private_generate(KEY_MLDSA44_ED25519, 0, &key), 0);
	ck_assert_int_eq(
	    key_private_generate(KEY_MLDSA44_ED25519, 0, &other), 0);
	buf_init(&sig, SSH_SIGNATURE_MAX);
	ck_assert_int_eq(
	    key_sign(key, alg_of(), message, strlen(message), &sig), 0);
	ck_assert_uint_eq(sig.len, 4 + strlen(name) + 4 + KEY_MLDSA_SIGNATURE);
	ck_assert_int_eq(key_verify(key_private_public(key), alg_of(), message,
			     strlen(message), sig.data, sig.len, NULL),
	    0);
	ck_assert_int_eq(key_verify(key_private_public(other), alg_of(),
			     message, strlen(message), sig.data, sig.len, NULL),
	    E_SIGNATURE);
	buf_free(&sig);
	key_private_free(key);
	key_private_free(other);
}
END_TEST

START_TEST(a_blob_of_another_length_is_refused)
{
	struct key *key = data_key("mldsa44_ed25519.pub"), *again;
	size_t len;
	const uint8_t *blob = key_blob(key, &len);
	struct buf b;

	for (size_t cut = 0; cut < len; cut += 3)
		ck_assert_int_ne(key_parse(blob, cut, &again), 0);
	for (size_t n = KEY_MLDSA_PUBLIC - 1; n <= KEY_MLDSA_PUBLIC + 1; n++) {
		buf_init(&b, SSH_KEY_BLOB_MAX);
		buf_text(&b, name);
		/* the key's own bytes, one more from its name's end */
		buf_string(&b, &blob[len - n], n);
		ck_assert_int_eq(key_parse(b.data, b.len, &again) == 0,
		    n == KEY_MLDSA_PUBLIC);
		if (n == KEY_MLDSA_PUBLIC)
			key_free(again);
		buf_free(&b);
	}
	key_free(key);
}
END_TEST

/* A file whose public half is another key's. */
START_TEST(halves_that_do_not_fit_are_refused)
{
	struct key_private *key;
	size_t len;
	char *file = data_read("mldsa44_ed25519", &len), *at;

	/* Within the public key's text, which the file has twice. */
	at = &file[800];
	*at = *at == 'A' ? 'B' : 'A';
	ck_assert_int_ne(key_private_parse(file, len, &key), 0);
	free(file);
}
END_TEST

Suite *
suite_mldsa(void)
{
	Suite *s = suite_create("mldsa");
	TCase *t = tcase_create("mldsa");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, without_ml_dsa_in_libcrypto_the_type_is_not_known);
	suite_add_tcase(s, t);
	if (!key_mldsa_present())
		return s;
	tcase_add_test(t, the_known_key_has_its_name_and_fingerprint);
	tcase_add_test(t, the_known_private_key_is_read_and_written_back);
	tcase_add_test(t, a_signature_of_another_implementation_verifies);
	tcase_add_test(t, each_half_must_verify);
	tcase_add_test(t, what_we_sign_verifies_and_no_other_key_does);
	tcase_add_test(t, a_blob_of_another_length_is_refused);
	tcase_add_test(t, halves_that_do_not_fit_are_refused);
	return s;
}
