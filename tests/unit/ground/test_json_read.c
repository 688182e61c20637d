/*
 * JSON from outside: what is taken, what is refused, and cuts at each byte.
 */
#include "lib/json_read.h"
#include "lib/err.h"
#include "tests/unit/ground/suites.h"

#include <stdlib.h>
#include <string.h>

static int
skip(const char *text, size_t len)
{
	struct json_read j;

	json_read_init(&j, text, len);
	json_read_skip(&j);
	return json_read_end(&j);
}

static const char *const good[] = {
    "{}",
    "[]",
    " [ 1 , -2.5e+3 , true,false , null ] \n",
    "{\"a\":{\"b\":[[[]]]},\"c\":\"d\"}",
    "\"\\u00e9\\ud83d\\ude00\\n\"",
    "\"caf\xc3\xa9\"",
    "0",
    "-0.0",
};

static const char *const bad[] = {
    "", "{", "]", "[1,]", "[,1]", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}",
    "{a:1}", "[}", "01", "1.", "+1", "1e", "tru", "nul", "\"", "\"\t\"",
    "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"",
    "\"\xff\"", "\"\xc0\xaf\"", "[] []",
    "[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", /* 17 */
};

START_TEST(a_text_of_json_is_taken_whole_and_cut_nowhere)
{
	const char *text = good[_i];
	size_t len = strlen(text);

	ck_assert_int_eq(skip(text, len), 0);
	/* A number or white space may be cut and still be one. */
	for (size_t n = 0; n < len && strchr("{[\"", text[0]) != NULL; n++)
		ck_assert_int_eq(skip(text, n), E_FORMAT);
}
END_TEST

START_TEST(all_else_is_refused_with_a_reason)
{
	struct json_read j;

	json_read_init(&j, bad[_i], strlen(bad[_i]));
	json_read_skip(&j);
	ck_assert_int_eq(json_read_end(&j), E_FORMAT);
	ck_assert_ptr_nonnull(j.why);
	ck_assert_uint_le(j.pos, j.len);
}
END_TEST

START_TEST(values_come_as_they_were_written)
{
	static const char text[] = "{\"t\":\"a\\\"\\u0041\\ud83d\\ude00\\/"
				   "\",\"n\":18446744073709551615,"
				   "\"m\":12.0000019,\"b\":true,\"l\":[7]}";
	char name[JSON_NAME_MAX], *value;
	struct json_read j;

	json_read_init(&j, text, sizeof(text) - 1);
	json_read_open(&j, '{');
	ck_assert(json_read_member(&j, name));
	ck_assert_str_eq(name, "t");
	value = json_read_string(&j, 100);
	ck_assert_str_eq(value, "a\"A\xf0\x9f\x98\x80/");
	free(value);
	ck_assert(json_read_member(&j, name));
	ck_assert_uint_eq(json_read_u64(&j), UINT64_MAX);
	ck_assert(json_read_member(&j, name));
	ck_assert_uint_eq(json_read_micros(&j), 12000001);
	ck_assert(json_read_member(&j, name));
	ck_assert(json_read_bool(&j));
	ck_assert(json_read_member(&j, name));
	json_read_open(&j, '[');
	ck_assert(json_read_item(&j));
	ck_assert_uint_eq(json_read_u64(&j), 7);
	ck_assert(!json_read_item(&j));
	ck_assert(!json_read_member(&j, name));
	ck_assert_int_eq(json_read_end(&j), 0);
}
END_TEST

START_TEST(a_number_that_does_not_fit_and_a_text_that_is_too_long_fail)
{
	struct json_read j;

	json_read_init(&j, "18446744073709551616", 20);
	ck_assert_uint_eq(json_read_u64(&j), 0);
	ck_assert_int_eq(json_read_end(&j), E_FORMAT);
	json_read_init(&j, "18446744073709.551616", 21);
	ck_assert_uint_eq(json_read_micros(&j), 0);
	ck_assert_int_eq(json_read_end(&j), E_FORMAT);
	json_read_init(&j, "1.5", 3);
	(void)json_read_u64(&j);
	ck_assert_int_eq(json_read_end(&j), E_FORMAT);
	json_read_init(&j, "\"12345\"", 7);
	ck_assert_ptr_null(json_read_string(&j, 4));
	json_read_init(&j, "\"1\\u00002\"", 10);
	ck_assert_ptr_null(json_read_string(&j, 40));
}
END_TEST

Suite *
suite_json_read(void)
{
	Suite *s = suite_create("json_read");
	TCase *t = tcase_create("json_read");

	tcase_add_loop_test(t, a_text_of_json_is_taken_whole_and_cut_nowhere, 0,
	    (int)(sizeof(good) / sizeof(good[0])));
	tcase_add_loop_test(t, all_else_is_refused_with_a_reason, 0,
	    (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(t, values_come_as_they_were_written);
	tcase_add_test(
	    t, a_number_that_does_not_fit_and_a_text_that_is_too_long_fail);
	suite_add_tcase(s, t);
	return s;
}
