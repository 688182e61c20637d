/*
 * Bytes as JSON: what is escaped, what is no UTF-8, and characters that come
 * in pieces.
 */
#include "tests/unit/recorder/suites.h"

#include "daemon/recorder/quote.h"

#include <string.h>

static const struct {
	const char *bytes;
	size_t len, taken; /* when more may come */
	const char *text; /* when this is the last */
} rows[] = {
    {"plain text", 10, 10, "plain text"},
    {"", 0, 0, ""},
    {"\"\\/", 3, 3, "\\\"\\\\/"},
    {"\b\t\n\v\f\r\x1b", 7, 7, "\\b\\t\\n\\u000b\\f\\r\\u001b"},
    {"a\0b", 3, 3, "a\\u0000b"},
    {"\x7f", 1, 1, "\\u007f"},
    {"\xc2\x80\xc2\x9f\xc2\xa0", 6, 6, "\\u0080\\u009f\xc2\xa0"},
    {"\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80", 9, 9,
	"\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80"},
    {"\xff\xfe", 2, 2, "\xef\xbf\xbd\xef\xbf\xbd"},
    /* overlong, surrogate, above U+10FFFF */
    {"\xc0\x80", 2, 2, "\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xe0\x9f\xbf", 3, 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xed\xa0\x80", 3, 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xf4\x90\x80\x80", 4, 4,
	"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xf5\x80", 2, 2, "\xef\xbf\xbd\xef\xbf\xbd"},
    /* the starts of characters */
    {"a\xc3", 2, 1, "a\xef\xbf\xbd"},
    {"\xe2\x82", 2, 0, "\xef\xbf\xbd\xef\xbf\xbd"},
    {"x\xf0\x9f\x98", 4, 1, "x\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xc3(", 2, 2, "\xef\xbf\xbd("},
    {"\xe2\x82(", 3, 3, "\xef\xbf\xbd\xef\xbf\xbd("},
};

START_TEST(bytes_become_the_inside_of_a_json_string)
{
	uint8_t out[QUOTE_GROWTH * 16];
	const uint8_t *bytes = (const uint8_t *)rows[_i].bytes;
	size_t taken, n;

	n = quote_bytes(out, bytes, rows[_i].len, true, &taken);
	ck_assert_uint_eq(taken, rows[_i].len);
	ck_assert_uint_eq(n, strlen(rows[_i].text));
	ck_assert_mem_eq(out, rows[_i].text, n);
	(void)quote_bytes(out, bytes, rows[_i].len, false, &taken);
	ck_assert_uint_eq(taken, rows[_i].taken);
}
END_TEST

/* Wherever it stands in a run that is copied eight bytes at once. */
START_TEST(a_byte_is_escaped_wherever_it_stands)
{
	uint8_t in[24], out[QUOTE_GROWTH * 24];
	size_t taken, n;

	for (size_t at = 0; at < sizeof(in); at++) {
		memset(in, 'x', sizeof(in));
		in[at] = (uint8_t)_i;
		n = quote_bytes(out, in, sizeof(in), true, &taken);
		ck_assert_uint_eq(taken, sizeof(in));
		if (_i >= 0x20 && _i < 0x7f && _i != '"' && _i != '\\') {
			ck_assert_uint_eq(n, sizeof(in));
			ck_assert_mem_eq(out, in, n);
			continue;
		}
		ck_assert_uint_gt(n, sizeof(in));
		ck_assert(out[at] == '\\' || out[at] == 0xef);
		ck_assert_uint_eq(out[n - 1], at == 23 ? out[n - 1] : 'x');
	}
}
END_TEST

Suite *
suite_quote(void)
{
	Suite *suite = suite_create("quote");
	TCase *tc = tcase_create("quote");

	tcase_add_loop_test(tc, bytes_become_the_inside_of_a_json_string, 0,
	    sizeof(rows) / sizeof(rows[0]));
	tcase_add_loop_test(tc, a_byte_is_escaped_wherever_it_stands, 0, 256);
	suite_add_tcase(suite, tc);
	return suite;
}
