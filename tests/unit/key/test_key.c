/*
 * Public keys: those of ssh-keygen, and blobs that no ssh-keygen makes.
 */
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/ssh/key.h"
#include "tests/unit/key/data.h"
#include "tests/unit/key/suites.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *file;
	enum key_type type;
	const char *name;
	const char *short_name;
	unsigned bits;
	bool is_cert;
} keys[] = {
    {"ed25519.pub", KEY_ED25519, "ssh-ed25519", "ED25519", 256, false},
    {"ecdsa256.pub", KEY_ECDSA_P256, "ecdsa-sha2-nistp256", "ECDSA", 256,
	false},
    {"ecdsa384.pub", KEY_ECDSA_P384, "ecdsa-sha2-nistp384", "ECDSA", 384,
	false},
    {"ecdsa521.pub", KEY_ECDSA_P521, "ecdsa-sha2-nistp521", "ECDSA", 521,
	false},
    {"rsa2048.pub", KEY_RSA, "ssh-rsa", "RSA", 2048, false},
    {"rsa1024.pub", KEY_RSA, "ssh-rsa", "RSA", 1024, false},
    {"user-cert.pub", KEY_ED25519, "ssh-ed25519-cert-v01@openssh.com",
	"ED25519-CERT", 256, true},
    {"user_ecdsa-cert.pub", KEY_ECDSA_P256,
	"ecdsa-sha2-nistp256-cert-v01@openssh.com", "ECDSA-CERT", 256, true},
    {"user_rsa-cert.pub", KEY_RSA, "ssh-rsa-cert-v01@openssh.com", "RSA-CERT",
	2048, true},
};

START_TEST(keys_of_ssh_keygen_are_read_whole_and_at_no_other_length)
{
	struct key *key = data_key(keys[_i].file), *again;
	size_t len;
	const uint8_t *blob = key_blob(key, &len);
	uint8_t *longer;

	ck_assert_int_eq(key_type(key), keys[_i].type);
	ck_assert_str_eq(key_name(key), keys[_i].name);
	ck_assert_str_eq(key_short_name(key), keys[_i].short_name);
	ck_assert_uint_eq(key_bits(key), keys[_i].bits);
	ck_assert_int_eq(key_cert(key) != NULL, keys[_i].is_cert);
	ck_assert(!key_is_sk(key));
	ck_assert_str_eq(key_application(key), "");
	for (size_t cut = 0; cut < len; cut++)
		ck_assert_int_ne(key_parse(blob, cut, &again), 0);
	longer = calloc(1, len + 1);
	memcpy(longer, blob, len);
	ck_assert_int_eq(key_parse(longer, len + 1, &again), E_TRAILING);
	free(longer);
	ck_assert_int_eq(key_parse(blob, len, &again), 0);
	ck_assert(key_equal(key, again));
	key_free(again);
	key_free(key);
}
END_TEST

START_TEST(a_line_of_text_goes_both_ways)
{
	size_t len, comment_len;
	char *text = data_read(keys[_i].file, &len);
	const char *comment;
	struct key *key;
	char *copy;
	struct buf b;

	ck_assert_int_eq(
	    key_parse_line(text, len, &key, &comment, &comment_len), 0);
	copy = strndup(comment, comment_len);
	ck_assert(comment_len != 0 && strchr(copy, '\n') == NULL);
	buf_init(&b, 65536);
	key_write_line(key, copy, &b);
	buf_u8(&b, '\n');
	ck_assert_int_eq(buf_end(&b), 0);
	ck_assert_uint_eq(b.len, len);
	ck_assert_mem_eq(b.data, text, len);
	buf_free(&b);
	key_free(key);
	free(copy);
	free(text);
}
END_TEST

/* The data was made with the output of `ssh-keygen -l` for ed25519.pub. */
START_TEST(the_fingerprint_is_ssh_keygens_and_a_certificates_is_its_keys)
{
	char text[KEY_FINGERPRINT_SIZE], certified[KEY_FINGERPRINT_SIZE];
	struct key *key = data_key("ed25519.pub");
	struct key *cert = data_key("user-cert.pub");
	size_t len;
	char *expected = data_read("ed25519.fingerprint", &len);

	expected[strcspn(expected, "\n")] = '\0';
	key_fingerprint(key, text, sizeof(text));
	key_fingerprint(cert, certified, sizeof(certified));
	ck_assert_str_eq(text, expected);
	ck_assert_str_eq(certified, expected);
	ck_assert(key_equal_plain(key, cert));
	ck_assert(!key_equal(key, cert));
	free(expected);
	key_free(cert);
	key_free(key);
}
END_TEST

static const struct {
	const char *what;
	const char *hex;
	int err;
} blobs[] = {
    {"empty", "", E_TRUNCATED},
    {"DSA", "000000077373682d647373", E_UNSUPPORTED},
    {"a type that is no type", "00000003616263", E_UNSUPPORTED},
    {"a type of no length", "00000000", E_UNSUPPORTED},
    {"Ed25519 of 31 bytes",
	"0000000b7373682d65643235353139"
	"0000001f"
	"00112233445566778899aabbccddeeff00112233445566778899aabbccddee",
	E_FORMAT},
    {"Ed25519 of 33 bytes",
	"0000000b7373682d65643235353139"
	"00000021"
	"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff00",
	E_TOO_LARGE},
    {"Ed25519 of order 1",
	"0000000b7373682d65643235353139"
	"00000020"
	"0100000000000000000000000000000000000000000000000000000000000000",
	E_VALUE},
    {"Ed25519 of order 2",
	"0000000b7373682d65643235353139"
	"00000020"
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	E_VALUE},
    {"Ed25519 of order 4, signed",
	"0000000b7373682d65643235353139"
	"00000020"
	"0000000000000000000000000000000000000000000000000000000000000080",
	E_VALUE},
    {"Ed25519 of order 8",
	"0000000b7373682d65643235353139"
	"00000020"
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
	E_VALUE},
    {"Ed25519 with y = p + 3",
	"0000000b7373682d65643235353139"
	"00000020"
	"f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	E_VALUE},
    {"P-256 off the curve",
	"0000001365636473612d736861322d6e69737470323536"
	"000000086e69737470323536"
	"00000041"
	"04"
	"6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
	"4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f6",
	E_VALUE},
    {"P-256 with x = p",
	"0000001365636473612d736861322d6e69737470323536"
	"000000086e69737470323536"
	"00000041"
	"04"
	"ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"
	"4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
	E_VALUE},
    {"P-256 at infinity",
	"0000001365636473612d736861322d6e69737470323536"
	"000000086e69737470323536"
	"00000001"
	"00",
	E_FORMAT},
    {"P-256 compressed",
	"0000001365636473612d736861322d6e69737470323536"
	"000000086e69737470323536"
	"00000021"
	"03"
	"6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
	E_FORMAT},
    {"P-256 with another curve's name",
	"0000001365636473612d736861322d6e69737470323536"
	"000000086e69737470333834"
	"00000041"
	"04"
	"6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
	"4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
	E_FORMAT},
    {"P-256 that is fine: the base point",
	"0000001365636473612d736861322d6e69737470323536"
	"000000086e69737470323536"
	"00000041"
	"04"
	"6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
	"4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
	0},
    {"a FIDO key whose application has a NUL",
	"0000001a736b2d7373682d65643235353139406f70656e7373682e636f6d"
	"00000020"
	"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
	"00000004"
	"73730068",
	E_FORMAT},
    {"a FIDO key that is fine",
	"0000001a736b2d7373682d65643235353139406f70656e7373682e636f6d"
	"00000020"
	"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
	"00000004"
	"7373683a",
	0},
};

START_TEST(blobs_that_no_tool_makes_are_refused)
{
	size_t len;
	uint8_t *blob = hex(blobs[_i].hex, &len);
	struct key *key = NULL;

	ck_assert_msg(
	    key_parse(blob, len, &key) == blobs[_i].err, "%s", blobs[_i].what);
	key_free(key);
	free(blob);
}
END_TEST

/* An RSA blob with this exponent and a modulus of len bytes top..last. */
static int
parse_rsa(const char *e, size_t e_len, size_t n_len, uint8_t top, uint8_t last)
{
	uint8_t n[4096];
	struct key *key = NULL;
	struct buf b;
	int err;

	memset(n, 0x5a, sizeof(n));
	n[0] = top;
	n[n_len - 1] = last;
	buf_init(&b, 8192);
	buf_text(&b, "ssh-rsa");
	buf_mpint(&b, e, e_len);
	buf_mpint(&b, n, n_len);
	err = key_parse(b.data, b.len, &key);
	key_free(key);
	buf_free(&b);
	return err;
}

START_TEST(rsa_numbers_must_be_sane)
{
	static const char large[33] = {1, [32] = 1};

	ck_assert_int_eq(parse_rsa("\1\0\1", 3, 256, 0x80, 1), 0);
	ck_assert_int_eq(parse_rsa("\3", 1, 256, 0x80, 1), 0);
	ck_assert_int_eq(parse_rsa("", 0, 256, 0x80, 1), E_VALUE);
	ck_assert_int_eq(parse_rsa("\1", 1, 256, 0x80, 1), E_VALUE);
	ck_assert_int_eq(parse_rsa("\2", 1, 256, 0x80, 1), E_VALUE);
	ck_assert_int_eq(parse_rsa(large, 33, 256, 0x80, 1), E_TOO_LARGE);
	ck_assert_int_eq(parse_rsa("\3", 1, 256, 0x80, 2), E_VALUE);
	ck_assert_int_eq(parse_rsa("\3", 1, 95, 0xff, 1), E_VALUE);
	ck_assert_int_eq(parse_rsa("\3", 1, 2048, 0xff, 1), 0);
	ck_assert_int_eq(parse_rsa("\3", 1, 2049, 0xff, 1), E_TOO_LARGE);
}
END_TEST

START_TEST(a_short_rsa_key_is_refused_with_a_sentence)
{
	struct key *key = data_key("rsa1024.pub");
	struct key *other = data_key("ed25519.pub");
	char why[128] = "";

	ck_assert_int_eq(
	    key_check_length(key, 2048, why, sizeof(why)), E_KEY_LENGTH);
	ck_assert_str_eq(why, "RSA key of 1024 bits, 2048 are required");
	ck_assert_int_eq(key_check_length(key, 1024, why, sizeof(why)), 0);
	ck_assert_int_eq(key_check_length(other, 2048, why, sizeof(why)), 0);
	key_free(other);
	key_free(key);
}
END_TEST

static const char *const lines[] = {"", " ", "ssh-ed25519", "ssh-ed25519 ",
    "ssh-ed25519 AAAA", "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIE1Y",
    /* the blob is Ed25519's, the word before it is not */
    "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8C"
    "Gmj3B1Ea",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJ"
    "a8CGmj3B1E",
    "AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea"};

START_TEST(lines_that_are_not_keys_are_refused)
{
	struct key *key = NULL;

	ck_assert_int_ne(
	    key_parse_line(lines[_i], strlen(lines[_i]), &key, NULL, NULL), 0);
	ck_assert_ptr_null(key);
}
END_TEST

START_TEST(a_line_may_end_as_windows_ends_it_and_have_no_comment)
{
	static const char line[] =
	    "\tssh-ed25519   AAAAC3NzaC1lZDI1NTE5AAAAINd"
	    "amAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea \r\n";
	const char *comment;
	struct key *key;
	size_t len;

	ck_assert_int_eq(
	    key_parse_line(line, sizeof(line) - 1, &key, &comment, &len), 0);
	ck_assert_uint_eq(len, 0);
	key_free(key);
}
END_TEST

START_TEST(names_and_types_agree)
{
	bool is_cert;
	const char *name = key_type_name((enum key_type)_i, false);
	const char *cert = key_type_name((enum key_type)_i, true);

	ck_assert_int_eq(key_type_of_name(name, strlen(name), &is_cert), _i);
	ck_assert(!is_cert);
	ck_assert_int_eq(key_type_of_name(cert, strlen(cert), &is_cert), _i);
	ck_assert(is_cert);
	ck_assert_int_eq(
	    key_type_of_name(name, strlen(name) - 1, &is_cert), KEY_NONE);
}
END_TEST

Suite *
suite_key(void)
{
	Suite *s = suite_create("key");
	TCase *t = tcase_create("key");
	int count = (int)(sizeof(keys) / sizeof(keys[0]));

	tcase_add_loop_test(t,
	    keys_of_ssh_keygen_are_read_whole_and_at_no_other_length, 0, count);
	tcase_add_loop_test(t, a_line_of_text_goes_both_ways, 0, count);
	tcase_add_test(
	    t, the_fingerprint_is_ssh_keygens_and_a_certificates_is_its_keys);
	tcase_add_loop_test(t, blobs_that_no_tool_makes_are_refused, 0,
	    (int)(sizeof(blobs) / sizeof(blobs[0])));
	tcase_add_test(t, rsa_numbers_must_be_sane);
	tcase_add_test(t, a_short_rsa_key_is_refused_with_a_sentence);
	tcase_add_loop_test(t, lines_that_are_not_keys_are_refused, 0,
	    (int)(sizeof(lines) / sizeof(lines[0])));
	tcase_add_test(
	    t, a_line_may_end_as_windows_ends_it_and_have_no_comment);
	tcase_add_loop_test(
	    t, names_and_types_agree, KEY_NONE + 1, KEY_TYPE_COUNT);
	suite_add_tcase(s, t);
	return s;
}
