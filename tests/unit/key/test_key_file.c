/*
 * Private key files: ssh-keygen's and openssl's, whole, cut and changed.
 */
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/rd.h"
#include "lib/ssh/base64.h"
#include "lib/ssh/key_private.h"
#include "lib/ssh/key_sign.h"
#include "tests/unit/key/data.h"
#include "tests/unit/key/suites.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *file;
	const char *public; /* NULL: nothing to compare with */
	int err;
} files[] = {
    {"ed25519", "ed25519.pub", 0},
    {"ecdsa256", "ecdsa256.pub", 0},
    {"ecdsa384", "ecdsa384.pub", 0},
    {"ecdsa521", "ecdsa521.pub", 0},
    {"rsa2048", "rsa2048.pub", 0},
    {"rsa1024", "rsa1024.pub", 0},
    {"ecdsa256.pem", "ecdsa256.pub", 0},
    {"ecdsa384.pem", "ecdsa384.pub", 0},
    {"ecdsa521.pem", "ecdsa521.pub", 0},
    {"rsa2048.pem", "rsa2048.pub", 0},
    {"ecdsa256.pkcs8", "ecdsa256.pub", 0},
    {"ecdsa384.pkcs8", "ecdsa384.pub", 0},
    {"ecdsa521.pkcs8", "ecdsa521.pub", 0},
    {"rsa2048.pkcs8", "rsa2048.pub", 0},
    {"ed25519.pkcs8", NULL, 0},
    {"ed25519.locked", NULL, E_PASSPHRASE},
    {"rsa2048.locked.PEM", NULL, E_PASSPHRASE},
    {"rsa2048.locked.PKCS8", NULL, E_PASSPHRASE},
    {"rsa2048.locked.RFC4716", NULL, E_PASSPHRASE},
    {"secp256k1.pem", NULL, E_UNSUPPORTED},
    {"ed448.pkcs8", NULL, E_UNSUPPORTED},
    {"ed25519.pub", NULL, E_FORMAT},
    {"message", NULL, E_FORMAT},
};

START_TEST(files_of_all_forms_are_read_and_nobody_is_asked)
{
	size_t len;
	char *text = data_read(files[_i].file, &len);
	struct key_private *key = NULL;
	struct key *public;

	ck_assert_int_eq(key_private_parse(text, len, &key), files[_i].err);
	if (files[_i].public != NULL) {
		public = data_key(files[_i].public);
		ck_assert(key_equal(key_private_public(key), public));
		key_free(public);
	}
	key_private_free(key);
	free(text);
}
END_TEST

START_TEST(a_cut_file_is_no_key)
{
	size_t len;
	char *text = data_read(files[_i].file, &len), *copy;
	struct key_private *key = NULL;

	/* The last newline and the armour's end may go; the rest may not. */
	for (size_t cut = 0; cut + 36 < len; cut += 1 + cut / 60) {
		copy = malloc(cut + 1);
		memcpy(copy, text, cut);
		ck_assert_int_ne(key_private_parse(copy, cut, &key), 0);
		free(copy);
	}
	free(text);
}
END_TEST

/* The binary inside an OpenSSH file, and back. */
static void
unwrap(const char *name, struct buf *b)
{
	size_t len, used = 0;
	char *text = data_read(name, &len), *at;
	char *compact = calloc(1, len);

	*strstr(text, "-----END") = '\0';
	for (at = strchr(text, '\n'); *at != '\0'; at++)
		if (*at != '\n')
			compact[used++] = *at;
	ck_assert_int_eq(base64_decode(compact, used, b), 0);
	free(compact);
	free(text);
}

static int
parse_binary(const struct buf *b)
{
	char *coded = malloc(BASE64_SIZE(b->len));
	size_t coded_len =
	    base64_encode(b->data, b->len, coded, BASE64_SIZE(b->len));
	struct key_private *key = NULL;
	struct buf file;
	int err;

	buf_init(&file, 65536);
	buf_bytes(&file, "-----BEGIN OPENSSH PRIVATE KEY-----\n", 36);
	buf_bytes(&file, coded, coded_len);
	buf_bytes(&file, "\n-----END OPENSSH PRIVATE KEY-----", 34);
	err = key_private_parse(file.data, file.len, &key);
	key_private_free(key);
	buf_free(&file);
	free(coded);
	return err;
}

/*
 * Every byte is a length, a magic, a check, a number or padding: none may
 * change unnoticed but those of the comment.
 */
START_TEST(no_byte_of_an_openssh_file_may_change)
{
	struct buf b;
	char comment[64];
	size_t from, to;

	snprintf(comment, sizeof(comment), "%s@test", files[_i].file);
	buf_init(&b, 65536);
	unwrap(files[_i].file, &b);
	ck_assert_int_eq(parse_binary(&b), 0);
	from = (size_t)((uint8_t *)memmem(
			    b.data, b.len, comment, strlen(comment)) -
	    b.data);
	to = from + strlen(comment);
	for (size_t i = 0; i < b.len; i++) {
		if (i >= from && i < to)
			continue;
		b.data[i] ^= 0x10;
		ck_assert_msg(
		    parse_binary(&b) != 0, "byte %zu of %zu", i, b.len);
		b.data[i] ^= 0x10;
	}
	buf_free(&b);
}
END_TEST

static const struct {
	enum key_type type;
	unsigned bits;
} made[] = {
    {KEY_ED25519, 0},
    {KEY_ECDSA_P256, 0},
    {KEY_ECDSA_P384, 0},
    {KEY_ECDSA_P521, 0},
    {KEY_RSA, 2048},
};

START_TEST(a_new_key_is_written_and_read_again)
{
	struct key_private *key, *again;
	struct buf b;

	ck_assert_int_eq(
	    key_private_generate(made[_i].type, made[_i].bits, &key), 0);
	buf_init(&b, KEY_FILE_MAX);
	ck_assert_int_eq(key_private_write(key, "a comment", &b), 0);
	ck_assert_int_eq(key_private_parse(b.data, b.len, &again), 0);
	ck_assert(
	    key_equal(key_private_public(key), key_private_public(again)));
	ck_assert_str_eq(key_private_comment(again), "a comment");
	buf_free(&b);
	key_private_free(again);
	key_private_free(key);
}
END_TEST

/* ssh-keygen, where it is installed, derives the same public key. */
START_TEST(ssh_keygen_reads_what_we_write)
{
	char *folder = unit_folder(), path[128], command[256];
	char line[8192] = "";
	struct key_private *key;
	struct key *public;
	struct buf b;
	FILE *f;
	int fd;

	snprintf(path, sizeof(path), "%s/key", folder);
	if (access("/usr/bin/ssh-keygen", X_OK) != 0)
		return;
	ck_assert_int_eq(
	    key_private_generate(made[_i].type, made[_i].bits, &key), 0);
	buf_init(&b, KEY_FILE_MAX);
	ck_assert_int_eq(key_private_write(key, "c", &b), 0);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, b.data, b.len), (ssize_t)b.len);
	close(fd);
	snprintf(
	    command, sizeof(command), "/usr/bin/ssh-keygen -y -f %s", path);
	f = popen(command, "r");
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), f));
	ck_assert_int_eq(pclose(f), 0);
	unit_remove(folder);
	free(folder);
	ck_assert_int_eq(
	    key_parse_line(line, strlen(line), &public, NULL, NULL), 0);
	ck_assert(key_equal(public, key_private_public(key)));
	key_free(public);
	buf_free(&b);
	key_private_free(key);
}
END_TEST

START_TEST(keys_we_cannot_sign_with_are_not_made)
{
	struct key_private *key = NULL;

	ck_assert_int_eq(
	    key_private_generate(KEY_SK_ED25519, 0, &key), E_UNSUPPORTED);
	ck_assert_int_eq(
	    key_private_generate(KEY_NONE, 0, &key), E_UNSUPPORTED);
	ck_assert_int_eq(key_private_generate(KEY_RSA, 512, &key), E_VALUE);
	ck_assert_ptr_null(key);
}
END_TEST

Suite *
suite_key_file(void)
{
	Suite *s = suite_create("key_file");
	TCase *t = tcase_create("key_file");
	int count = (int)(sizeof(files) / sizeof(files[0]));

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(
	    t, files_of_all_forms_are_read_and_nobody_is_asked, 0, count);
	tcase_add_loop_test(t, a_cut_file_is_no_key, 0, 15);
	tcase_add_loop_test(t, no_byte_of_an_openssh_file_may_change, 0, 5);
	tcase_add_loop_test(t, a_new_key_is_written_and_read_again, 0, 5);
	tcase_add_loop_test(t, ssh_keygen_reads_what_we_write, 0, 5);
	tcase_add_test(t, keys_we_cannot_sign_with_are_not_made);
	suite_add_tcase(s, t);
	return s;
}
