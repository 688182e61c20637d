/*
 * config/reader.c, bundle.c: files of root, in their order, and how they
 * reach another process.
 */
#include "config/bundle.h"
#include "config/reader.h"
#include "tests/unit/config/suites.h"
#include "tests/unit/unit.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

START_TEST(a_bundle_survives_the_sealed_memfd)
{
	struct bundle bundle = {0}, back;
	int fd;

	config_bundle_add(&bundle, "a", "one", 3);
	config_bundle_add(&bundle, "b", "", 0);
	fd = config_bundle_seal(&bundle);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(config_bundle_from_fd(fd, &back), 0);
	ck_assert_uint_eq(back.count, 2);
	ck_assert_str_eq(back.files[0].path, "a");
	ck_assert_str_eq(back.files[0].bytes, "one");
	ck_assert_uint_eq(back.files[1].len, 0);
	config_bundle_free(&back);
	config_bundle_free(&bundle);
	ck_assert_int_lt((int)write(fd, "x", 1), 0);
	close(fd);
}
END_TEST

START_TEST(an_unsealed_memfd_is_refused)
{
	struct bundle back;
	int fd = memfd_create("x", MFD_CLOEXEC);

	ck_assert_int_eq((int)write(fd, "xxxxxxxx", 8), 8);
	ck_assert_int_ne(config_bundle_from_fd(fd, &back), 0);
	close(fd);
}
END_TEST

/* A scratch directory with a main file and drop-ins of given modes. */
static char *scratch;

static void
put_file(const char *name, const char *text, mode_t mode)
{
	char path[128];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", scratch, name);
	out = fopen(path, "w");
	ck_assert(out != NULL);
	fputs(text, out);
	fclose(out);
	ck_assert_int_eq(chmod(path, mode), 0);
}

static void
make_scratch(void)
{
	char path[128];

	scratch = unit_folder();
	snprintf(path, sizeof(path), "%s/policy.d", scratch);
	ck_assert_int_eq(mkdir(path, 0700), 0);
}

static void
remove_scratch(void)
{
	unit_remove(scratch);
	free(scratch);
}

static size_t
read_scratch(struct bundle *bundle)
{
	struct problems problems = {0};
	char path[128];
	size_t errors;

	snprintf(path, sizeof(path), "%s/main.conf", scratch);
	ck_assert_int_eq(config_bundle_read(path, bundle, &problems) != 0,
	    problems.errors != 0);
	errors = problems.errors;
	problems_free(&problems);
	return errors;
}

START_TEST(drop_ins_are_read_by_name_before_the_main_file)
{
	struct bundle bundle;

	make_scratch();
	put_file("main.conf", "# main", 0600);
	put_file("policy.d/20.conf", "# 20", 0644);
	put_file("policy.d/10.conf", "# 10", 0600);
	put_file("policy.d/30.conf~", "# not", 0600);
	put_file("policy.d/.hidden.conf", "# not", 0600);
	ck_assert_uint_eq(read_scratch(&bundle), 0);
	ck_assert_uint_eq(bundle.count, 3);
	ck_assert_str_eq(bundle.files[0].bytes, "# 10");
	ck_assert_str_eq(bundle.files[1].bytes, "# 20");
	ck_assert_str_eq(bundle.files[2].bytes, "# main");
	config_bundle_free(&bundle);
	remove_scratch();
}
END_TEST

START_TEST(files_writable_by_others_or_too_large_are_refused)
{
	struct bundle bundle;
	char *large = malloc(CONFIG_FILE_MAX + 2);

	memset(large, ' ', CONFIG_FILE_MAX + 1);
	large[CONFIG_FILE_MAX + 1] = '\0';
	make_scratch();
	put_file("main.conf", "# main", 0622);
	put_file("policy.d/10.conf", "# 10", 0660);
	put_file("policy.d/20.conf", large, 0600);
	ck_assert_uint_eq(read_scratch(&bundle), 3);
	ck_assert_uint_eq(bundle.count, 0);
	remove_scratch();
	free(large);
}
END_TEST

START_TEST(a_missing_main_file_is_an_error)
{
	struct bundle bundle;

	make_scratch();
	ck_assert_uint_eq(read_scratch(&bundle), 1);
	remove_scratch();
}
END_TEST

Suite *
suite_bundle(void)
{
	Suite *suite = suite_create("bundle");
	TCase *tc = tcase_create("bundle");

	tcase_add_test(tc, a_bundle_survives_the_sealed_memfd);
	tcase_add_test(tc, an_unsealed_memfd_is_refused);
	tcase_add_test(tc, drop_ins_are_read_by_name_before_the_main_file);
	tcase_add_test(tc, files_writable_by_others_or_too_large_are_refused);
	tcase_add_test(tc, a_missing_main_file_is_an_error);
	suite_add_tcase(suite, tc);
	return suite;
}
