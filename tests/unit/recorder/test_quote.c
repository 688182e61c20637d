/*
 * Bytes as JSON: what is escaped, what is no UTF-8, and characters that come
 * in pieces.
 */
#include "tests/unit/recorder/suites.h"

#include "daemon/recorder/quote.h"

#include <stdio.h>
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

/* ---- the same, byte by byte ---- */

static size_t
slow_length(const uint8_t *d, size_t len)
{
	static const struct {
		uint8_t first, last, low, high;
		size_t len;
	} forms[] = {
	    {0x00, 0x7f, 0, 0, 1},
	    {0xc2, 0xdf, 0x80, 0xbf, 2},
	    {0xe0, 0xe0, 0xa0, 0xbf, 3},
	    {0xe1, 0xec, 0x80, 0xbf, 3},
	    {0xed, 0xed, 0x80, 0x9f, 3},
	    {0xee, 0xef, 0x80, 0xbf, 3},
	    {0xf0, 0xf0, 0x90, 0xbf, 4},
	    {0xf1, 0xf3, 0x80, 0xbf, 4},
	    {0xf4, 0xf4, 0x80, 0x8f, 4},
	};

	for (size_t f = 0; f < sizeof(forms) / sizeof(forms[0]); f++) {
		size_t n = forms[f].len;

		if (d[0] < forms[f].first || d[0] > forms[f].last)
			continue;
		if (n > len ||
		    (n > 1 && (d[1] < forms[f].low || d[1] > forms[f].high)))
			return 0;
		for (size_t i = 2; i < n; i++)
			if ((d[i] & 0xc0) != 0x80)
				return 0;
		return n;
	}
	return 0;
}

static size_t
slow_quote(char *out, const uint8_t *d, size_t len)
{
	size_t n = 0, step;

	for (size_t at = 0; at < len; at += step) {
		unsigned c = d[at];
		const char *letter =
		    c == 0 ? NULL : strchr("\b\t\n\f\r\"\\", (int)c);

		step = slow_length(&d[at], len - at);
		if (step == 2 && c == 0xc2 && d[at + 1] < 0xa0)
			c = d[at + 1];
		if (step == 0) {
			step = 1;
			n += (size_t)sprintf(&out[n], "\xef\xbf\xbd");
		} else if (letter != NULL) {
			static const char as[] = "btnfr\"\\";

			n += (size_t)sprintf(
			    &out[n], "\\%c", as[letter - "\b\t\n\f\r\"\\"]);
		} else if (c < 0x20 || (c >= 0x7f && c < 0xa0 && c != d[at]) ||
		    c == 0x7f) {
			n += (size_t)sprintf(&out[n], "\\u%04x", c);
		} else {
			memcpy(&out[n], &d[at], step);
			n += step;
		}
	}
	return n;
}

/* Few bytes that need an escape, or many; or pieces of characters. */
static uint8_t
some_byte(uint64_t *state, int kind)
{
	static const char odd[] = "\n\r\x1b\"\\\x7f\xc2\x85\xe2\x82\xac\xf0\x9f"
				  "\x98\x80\xed\xa0\xff\x1f ~";
	uint64_t r;

	*state = *state * 6364136223846793005u + 1442695040888963407u;
	r = *state >> 33;
	if (kind == 0)
		return (uint8_t)r;
	if (kind == 1 ? r % 20 == 0 : r % 3 != 0)
		return (uint8_t)odd[(r >> 8) % (sizeof(odd) - 1)];
	return (uint8_t)(0x20 + (r >> 8) % 0x5f);
}

START_TEST(the_quick_way_writes_what_the_slow_one_does)
{
	static uint8_t in[300], out[QUOTE_GROWTH * sizeof(in)];
	static char slow[QUOTE_GROWTH * sizeof(in) + 8];
	uint64_t state = (uint64_t)_i;

	for (int round = 0; round < 5000; round++) {
		size_t len = (size_t)round % (sizeof(in) + 1), taken, n;

		for (size_t at = 0; at < len; at++)
			in[at] = some_byte(&state, _i % 3);
		n = quote_bytes(out, in, len, true, &taken);
		ck_assert_uint_eq(taken, len);
		ck_assert_uint_eq(n, slow_quote(slow, in, len));
		ck_assert_int_eq(memcmp(out, slow, n), 0);
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
	tcase_add_loop_test(
	    tc, the_quick_way_writes_what_the_slow_one_does, 0, 6);
	suite_add_tcase(suite, tc);
	return suite;
}
