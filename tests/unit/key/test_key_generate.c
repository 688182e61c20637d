/*
 * New host keys: their files, modes and contents, and that nothing is ever
 * replaced.
 */
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/ssh/key_generate.h"
#include "lib/ssh/key_private.h"
#include "tests/unit/key/suites.h"
#include "tests/unit/unit.h"

#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *folder;

static void
make_folder(void)
{
	folder = unit_folder();
}

static void
remove_folder(void)
{
	unit_remove(folder);
	free(folder);
}

static size_t
count_files(void)
{
	DIR *dir = opendir(folder);
	size_t count = 0;

	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count - 2;
}

static char *
slurp(const char *path, size_t *len, mode_t *mode)
{
	char *text = mem_zalloc(65536);
	struct stat st;
	int fd = open(path, O_RDONLY);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	*mode = st.st_mode & 07777;
	*len = (size_t)read(fd, text, 65535);
	close(fd);
	return text;
}

static const struct {
	const char *name;
	enum key_type type;
	unsigned bits;
} rows[] = {
    {"ssh_host_ed25519_key", KEY_ED25519, 0},
    {"ssh_host_ecdsa_key", KEY_ECDSA_P256, 0},
    {"ssh_host_rsa_key", KEY_RSA, 3072},
    {"ssh_host_mldsa44_ed25519_key", KEY_MLDSA44_ED25519, 0},
    {"_rsa_key", KEY_NONE, 0},
    {"ssh_host_dsa_key", KEY_NONE, 0},
    {"ssh_host_rsa_key.pub", KEY_NONE, 0},
};

START_TEST(a_files_name_tells_its_type)
{
	unsigned bits = 77;

	ck_assert_int_eq(
	    key_generate_type(rows[_i].name, &bits), rows[_i].type);
	ck_assert_uint_eq(bits, rows[_i].bits);
}
END_TEST

START_TEST(a_key_is_made_with_its_public_half_and_right_modes)
{
	char *path = mem_printf("%s/%s", folder, rows[_i].name);
	char *pub = mem_printf("%s.pub", path), *text, why[256] = "";
	struct key *public, *line;
	struct key_private *key;
	size_t len;
	mode_t mode;

	umask(077);
	ck_assert_msg(key_generate_file(path, rows[_i].type, rows[_i].bits,
			  "root@host", &public, why, sizeof(why)) == 0,
	    "%s", why);
	text = slurp(path, &len, &mode);
	ck_assert_uint_eq(mode, 0600);
	ck_assert_int_eq(key_private_parse(text, len, &key), 0);
	ck_assert(key_equal(key_private_public(key), public));
	ck_assert_str_eq(key_private_comment(key), "root@host");
	free(text);
	text = slurp(pub, &len, &mode);
	ck_assert_uint_eq(mode, 0644);
	ck_assert_int_eq(key_parse_line(text, len, &line, NULL, NULL), 0);
	ck_assert(key_equal(line, public));
	ck_assert_uint_eq(count_files(), 2);
	if (rows[_i].type == KEY_RSA)
		ck_assert_uint_eq(key_bits(public), 3072);
	free(text);
	key_private_free(key);
	key_free(line);
	key_free(public);
	free(pub);
	free(path);
}
END_TEST

START_TEST(what_exists_is_left_alone)
{
	char *path = mem_printf("%s/ssh_host_ed25519_key", folder);
	char *before, *after, why[256] = "";
	size_t len, after_len;
	mode_t mode;
	struct stat st;

	ck_assert_int_eq(
	    key_generate_file(path, KEY_ED25519, 0, "", NULL, why, sizeof(why)),
	    0);
	before = slurp(path, &len, &mode);
	ck_assert_int_eq(
	    key_generate_file(path, KEY_ED25519, 0, "", NULL, why, sizeof(why)),
	    E_EXISTS);
	ck_assert_ptr_nonnull(strstr(why, "exists already"));
	after = slurp(path, &after_len, &mode);
	ck_assert_uint_eq(len, after_len);
	ck_assert_mem_eq(before, after, len);
	ck_assert_uint_eq(count_files(), 2);
	/* A symbolic link that leads nowhere is there, too. */
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink("/nonexistent/file", path), 0);
	ck_assert_int_eq(
	    key_generate_file(path, KEY_ED25519, 0, "", NULL, why, sizeof(why)),
	    E_EXISTS);
	ck_assert_int_eq(lstat(path, &st), 0);
	ck_assert(S_ISLNK(st.st_mode));
	free(before);
	free(after);
	free(path);
}
END_TEST

START_TEST(a_missing_directory_and_a_bad_type_are_told)
{
	char why[256] = "";
	char *path = mem_printf("%s/key", folder);

	ck_assert_int_eq(key_generate_file("/nonexistent/key", KEY_ED25519, 0,
			     "", NULL, why, sizeof(why)),
	    E_SYSTEM);
	ck_assert_str_eq(why, "/nonexistent/key: No such file or directory");
	ck_assert_int_eq(key_generate_file(path, KEY_SK_ED25519, 0, "", NULL,
			     why, sizeof(why)),
	    E_UNSUPPORTED);
	ck_assert_uint_eq(count_files(), 0);
	free(path);
}
END_TEST

Suite *
suite_key_generate(void)
{
	Suite *s = suite_create("key_generate");
	TCase *t = tcase_create("key_generate");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, make_folder, remove_folder);
	tcase_add_loop_test(t, a_files_name_tells_its_type, 0,
	    (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_loop_test(
	    t, a_key_is_made_with_its_public_half_and_right_modes, 0, 3);
	tcase_add_test(t, what_exists_is_left_alone);
	tcase_add_test(t, a_missing_directory_and_a_bad_type_are_told);
	suite_add_tcase(s, t);
	return s;
}
