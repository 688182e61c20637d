/*
 * Strings of JSON, of text that is and that is not.
 */
#include "lib/json.h"
#include "tests/unit/ground/suites.h"

#include <stdlib.h>

static const struct {
	const char *text, *expected;
} rows[] = {
    {"", "\"\""},
    {"plain", "\"plain\""},
    {"a\"b\\c", "\"a\\\"b\\\\c\""},
    {"a\nb\tc\rd", "\"a\\nb\\tc\\u000dd\""},
    {"\x1b[31m\x7f", "\"\\u001b[31m\\u007f\""},
    {"caf\xc3\xa9 \xf0\x9f\x90\xa7", "\"caf\xc3\xa9 \xf0\x9f\x90\xa7\""},
    /* C1, right-to-left override, a tag */
    {"\xc2\x9b", "\"\\u009b\""},
    {"\xe2\x80\xae", "\"\\u202e\""},
    {"\xf3\xa0\x80\x81", "\"\\udb40\\udc01\""},
    /* overlong, surrogate, cut short, stray */
    {"\xc0\xaf", "\"\\ufffd\\ufffd\""},
    {"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},
    {"x\xe2\x82", "\"x\\ufffd\\ufffd\""},
    {"\xff", "\"\\ufffd\""},
};

START_TEST(any_bytes_become_a_string_of_json)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(out);
	json_quote(out, rows[_i].text);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_str_eq(text, rows[_i].expected);
	free(text);
}
END_TEST

Suite *
suite_json(void)
{
	Suite *s = suite_create("json");
	TCase *t = tcase_create("json");

	tcase_add_loop_test(t, any_bytes_become_a_string_of_json, 0,
	    (int)(sizeof(rows) / sizeof(rows[0])));
	suite_add_tcase(s, t);
	return s;
}
