/*
 * config/trial.c: the file that remembers a policy on trial.
 */
#include "config/trial.h"
#include "lib/err.h"
#include "tests/unit/config/suites.h"

#include <string.h>

static void
make(struct trial_file *file)
{
	memset(file, 0, sizeof(*file));
	strcpy(file->config, "/etc/sallyport/sallyport.conf");
	strcpy(file->actor, "uid 0 pid 7");
	strcpy(file->login, "rule:admins");
	file->until = 1764500000;
	file->seconds = 300;
	config_bundle_add(&file->before, "/etc/a.conf", "a\0b", 3);
	config_bundle_add(&file->before, "/etc/b.conf", "", 0);
	config_bundle_add(&file->candidate, "/etc/a.conf", "new", 3);
}

START_TEST(what_was_written_comes_back)
{
	struct trial_file file, back;
	struct buf bytes;

	make(&file);
	file.over = true;
	buf_init(&bytes, TRIAL_FILE_MAX);
	trial_file_write(&file, &bytes);
	ck_assert_int_eq(buf_end(&bytes), 0);
	ck_assert_int_eq(trial_file_parse(bytes.data, bytes.len, &back), 0);
	ck_assert(back.over);
	ck_assert_uint_eq(back.until, 1764500000);
	ck_assert_uint_eq(back.seconds, 300);
	ck_assert_str_eq(back.config, file.config);
	ck_assert_str_eq(back.actor, file.actor);
	ck_assert_str_eq(back.login, file.login);
	ck_assert(config_bundle_equal(&file.before, &back.before));
	ck_assert(config_bundle_equal(&file.candidate, &back.candidate));
	ck_assert(!config_bundle_equal(&back.before, &back.candidate));
	trial_file_free(&back);
	trial_file_free(&file);
	buf_free(&bytes);
}
END_TEST

START_TEST(one_byte_more_or_less_is_refused)
{
	struct trial_file file, back;
	struct buf bytes;

	make(&file);
	buf_init(&bytes, TRIAL_FILE_MAX);
	trial_file_write(&file, &bytes);
	for (size_t len = 0; len < bytes.len; len++) {
		ck_assert_int_ne(trial_file_parse(bytes.data, len, &back), 0);
		ck_assert_uint_eq(back.before.count, 0);
	}
	buf_u8(&bytes, 0);
	ck_assert_int_eq(
	    trial_file_parse(bytes.data, bytes.len, &back), E_TRAILING);
	trial_file_free(&file);
	buf_free(&bytes);
}
END_TEST

START_TEST(a_policy_without_files_is_none)
{
	struct trial_file file, back;
	struct buf bytes;

	make(&file);
	config_bundle_free(&file.before);
	buf_init(&bytes, TRIAL_FILE_MAX);
	trial_file_write(&file, &bytes);
	ck_assert_int_eq(
	    trial_file_parse(bytes.data, bytes.len, &back), E_FORMAT);
	trial_file_free(&file);
	buf_free(&bytes);
}
END_TEST

START_TEST(bundles_are_equal_byte_for_byte)
{
	struct bundle a = {0}, b = {0};

	ck_assert(config_bundle_equal(&a, &b));
	config_bundle_add(&a, "/x", "one", 3);
	ck_assert(!config_bundle_equal(&a, &b));
	config_bundle_add(&b, "/x", "onE", 3);
	ck_assert(!config_bundle_equal(&a, &b));
	config_bundle_free(&b);
	config_bundle_add(&b, "/y", "one", 3);
	ck_assert(!config_bundle_equal(&a, &b));
	config_bundle_free(&b);
	config_bundle_add(&b, "/x", "one", 3);
	ck_assert(config_bundle_equal(&a, &b));
	config_bundle_free(&a);
	config_bundle_free(&b);
}
END_TEST

Suite *
suite_trial(void)
{
	Suite *s = suite_create("trial");
	TCase *t = tcase_create("trial");

	tcase_add_test(t, what_was_written_comes_back);
	tcase_add_test(t, one_byte_more_or_less_is_refused);
	tcase_add_test(t, a_policy_without_files_is_none);
	tcase_add_test(t, bundles_are_equal_byte_for_byte);
	suite_add_tcase(s, t);
	return s;
}
