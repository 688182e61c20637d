/*
 * The manual has every key, as the schema has it now.
 */
#include "config/manual.h"
#include "config/show.h"
#include "tests/unit/config/suites.h"
#include "tests/unit/config/support.h"

#include <stdlib.h>
#include <string.h>

START_TEST(the_page_holds_what_the_schema_says_now)
{
	char *page = file_text(SOURCE_DIR "/packaging/man/sallyport.conf.5");
	char *list = NULL, *begin, *end;
	size_t size = 0;
	FILE *out = open_memstream(&list, &size);

	manual_print(out);
	fclose(out);
	begin = strstr(page, MANUAL_BEGIN);
	end = strstr(page, MANUAL_END);
	ck_assert(begin != NULL && end != NULL);
	begin += strlen(MANUAL_BEGIN);
	ck_assert_msg(
	    (size_t)(end - begin) == size && memcmp(begin, list, size) == 0,
	    "the page is stale: make config/print_options && "
	    "config/print_options packaging/man/sallyport.conf.5");
	free(list);
	free(page);
}
END_TEST

START_TEST(a_key_has_help_that_is_a_sentence)
{
	const struct option *option = &options[_i];
	char *page = file_text(SOURCE_DIR "/packaging/man/sallyport.conf.5");
	char key[96];

	ck_assert(option->help != NULL && strlen(option->help) > 8);
	ck_assert(strchr(".,", option->help[strlen(option->help) - 1]) != NULL);
	snprintf(key, sizeof(key), ".It Cm %s\n", option->name);
	ck_assert_msg(strstr(page, key) != NULL, "%s", key);
	free(page);
}
END_TEST

START_TEST(the_key_list_for_completion_has_every_key)
{
	char *list = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&list, &size);

	config_show_keys(out);
	fclose(out);
	ck_assert_uint_eq(lines_in(list), option_count);
	ck_assert(strstr(list, "\nlimits.login_grace\t") != NULL);
	ck_assert(strstr(list, "\nrules.pty\ttrue or false\ttrue\n") != NULL);
	free(list);
}
END_TEST

Suite *
suite_manual(void)
{
	Suite *suite = suite_create("manual");
	TCase *tc = tcase_create("manual");

	tcase_add_test(tc, the_page_holds_what_the_schema_says_now);
	tcase_add_loop_test(
	    tc, a_key_has_help_that_is_a_sentence, 0, (int)option_count);
	tcase_add_test(tc, the_key_list_for_completion_has_every_key);
	suite_add_tcase(suite, tc);
	return suite;
}
