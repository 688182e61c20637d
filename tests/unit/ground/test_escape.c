/*
 * Escaping: rows of hostile bytes, every cut length, idempotence.
 */
#include "lib/escape.h"
#include "tests/unit/ground/suites.h"

#include <string.h>

static const struct {
	const char *bytes;
	size_t len;
	unsigned flags;
	const char *expected;
} rows[] = {
    {"plain", 5, 0, "plain"},
    {"", 0, 0, ""},
    {"a\nb\rc\td", 7, 0, "a\\nb\\rc\\td"},
    {"a\0b", 3, 0, "a\\x00b"},
    {"\x1b[31m\x7f", 6, 0, "\\x1b[31m\\x7f"},
    {"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\xa7", 14, 0,
	"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\xa7"},
    /* C1, right-to-left override, zero width space, line separator, BOM */
    {"\xc2\x9b", 2, 0, "\\xc2\\x9b"},
    {"\xe2\x80\xae", 3, 0, "\\xe2\\x80\\xae"},
    {"\xe2\x80\x8b", 3, 0, "\\xe2\\x80\\x8b"},
    {"\xe2\x80\xa8", 3, 0, "\\xe2\\x80\\xa8"},
    {"\xef\xbb\xbf", 3, 0, "\\xef\\xbb\\xbf"},
    {"\xe2\x81\xa6", 3, 0, "\\xe2\\x81\\xa6"}, /* isolate */
    {"\xf3\xa0\x80\x81", 4, 0, "\\xf3\\xa0\\x80\\x81"}, /* tag */
    /* overlong, surrogate, too large, cut short, stray continuation */
    {"\xc0\xaf", 2, 0, "\\xc0\\xaf"},
    {"\xe0\x80\xaf", 3, 0, "\\xe0\\x80\\xaf"},
    {"\xed\xa0\x80", 3, 0, "\\xed\\xa0\\x80"},
    {"\xf4\x90\x80\x80", 4, 0, "\\xf4\\x90\\x80\\x80"},
    {"\xf5\x80\x80\x80", 4, 0, "\\xf5\\x80\\x80\\x80"},
    {"x\xe2\x82", 3, 0, "x\\xe2\\x82"},
    {"\x80z", 2, 0, "\\x80z"},
    {"\xff", 1, 0, "\\xff"},
    {"\xef\xbf\xbf", 3, 0, "\\xef\\xbf\\xbf"}, /* not a character */
    {"DOM\\user x", 10, 0, "DOM\\user x"},
    {"DOM\\user x", 10, ESCAPE_BACKSLASH, "DOM\\\\user x"},
    {"DOM\\user x", 10, ESCAPE_BACKSLASH | ESCAPE_SPACE, "DOM\\\\user\\x20x"},
};

START_TEST(what_is_not_printable_utf8_is_written_out)
{
	char out[128], again[128];
	size_t len;

	len = escape(
	    out, sizeof(out), rows[_i].bytes, rows[_i].len, rows[_i].flags);
	ck_assert_str_eq(out, rows[_i].expected);
	ck_assert_uint_eq(len, strlen(out));
	escape_text(again, sizeof(again), out, ESCAPE_LINE);
	ck_assert_str_eq(again, out);
}
END_TEST

START_TEST(a_text_is_cut_between_characters_and_says_so)
{
	char full[128], out[128];
	size_t full_len, len;

	full_len = escape(
	    full, sizeof(full), rows[_i].bytes, rows[_i].len, rows[_i].flags);
	for (size_t size = 8; size < sizeof(out); size++) {
		memset(out, 'Z', sizeof(out));
		len = escape(
		    out, size, rows[_i].bytes, rows[_i].len, rows[_i].flags);
		ck_assert_uint_lt(len, size);
		ck_assert_int_eq(out[len], '\0');
		ck_assert_int_eq(out[size == sizeof(out) ? 0 : size],
		    size == sizeof(out) ? out[0] : 'Z');
		if (size > full_len) {
			ck_assert_str_eq(out, full);
			continue;
		}
		ck_assert_str_eq(&out[len - 3], ESCAPE_CUT);
		ck_assert(strncmp(out, full, len - 3) == 0);
		/* A cut text still consists of whole characters. */
		for (size_t i = 0; i < len;) {
			size_t n = escape_printable(&out[i], len - i);

			if (n == 0)
				ck_abort_msg("half a character: %s", out);
			i += n;
		}
	}
}
END_TEST

START_TEST(a_long_text_costs_no_more_than_it_shows)
{
	static char text[70000];
	char out[257];

	memset(text, '\n', sizeof(text) - 1);
	ck_assert_uint_le(escape_text(out, sizeof(out), text, 0), 256);
	ck_assert_ptr_null(strchr(out, '\n'));
	ck_assert_str_eq(&out[strlen(out) - 5], "\\n" ESCAPE_CUT);
	/* A text without an end is not read past what can be shown. */
	memset(text, 'a', sizeof(text));
	escape_text(out, sizeof(out), text, 0);
	ck_assert_uint_eq(strlen(out), 256);
}
END_TEST

Suite *
suite_escape(void)
{
	Suite *s = suite_create("escape");
	TCase *t = tcase_create("escape");
	int n = (int)(sizeof(rows) / sizeof(rows[0]));

	tcase_add_loop_test(t, what_is_not_printable_utf8_is_written_out, 0, n);
	tcase_add_loop_test(
	    t, a_text_is_cut_between_characters_and_says_so, 0, n);
	tcase_add_test(t, a_long_text_costs_no_more_than_it_shows);
	suite_add_tcase(s, t);
	return s;
}
