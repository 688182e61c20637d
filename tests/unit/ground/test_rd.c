/*
 * The reader: rows of bytes, and every cut length of each.
 */
#include "lib/err.h"
#include "lib/rd.h"
#include "tests/unit/ground/suites.h"

#include <string.h>

static const struct {
	const char *bytes;
	size_t len;
	size_t max;
	int err;
	size_t value_len;
} mpints[] = {
    {"\0\0\0\0", 4, 8, 0, 0},
    {"\0\0\0\1\1", 5, 8, 0, 1},
    {"\0\0\0\2\0\200", 6, 8, 0, 1},
    {"\0\0\0\1\200", 5, 8, E_FORMAT, 0},
    {"\0\0\0\1\0", 5, 8, E_FORMAT, 0},
    {"\0\0\0\2\0\1", 6, 8, E_FORMAT, 0},
    {"\0\0\0\3\1\2\3", 7, 2, E_TOO_LARGE, 0},
};

START_TEST(mpints_are_read_as_rfc4251_says)
{
	struct rd r;
	size_t len;

	rd_init(&r, mpints[_i].bytes, mpints[_i].len);
	rd_mpint(&r, mpints[_i].max, &len);
	ck_assert_int_eq(rd_end(&r), mpints[_i].err);
	ck_assert_uint_eq(len, mpints[_i].value_len);
	for (size_t cut = 0; cut < mpints[_i].len; cut++) {
		rd_init(&r, mpints[_i].bytes, cut);
		rd_mpint(&r, mpints[_i].max, &len);
		ck_assert_int_ne(rd_end(&r), 0);
		ck_assert_uint_eq(len, 0);
	}
}
END_TEST

START_TEST(a_failed_reader_stays_failed)
{
	struct rd r;

	rd_init(&r, "\0\0\0\1", 4);
	(void)rd_u64(&r);
	ck_assert_int_eq(r.err, E_TRUNCATED);
	ck_assert_uint_eq(rd_u8(&r), 0);
	ck_assert_int_eq(rd_end(&r), E_TRUNCATED);
}
END_TEST

START_TEST(a_copy_is_whole_or_zeros)
{
	static const uint8_t data[] = {1, 2, 3};
	uint8_t to[4] = {9, 9, 9, 9};
	struct rd r;

	rd_init(&r, data, sizeof(data));
	rd_copy(&r, to, 2);
	ck_assert_uint_eq(to[0], 1);
	ck_assert_uint_eq(to[1], 2);
	ck_assert_uint_eq(to[2], 9);
	rd_copy(&r, to, 2);
	ck_assert_int_eq(r.err, E_TRUNCATED);
	ck_assert_uint_eq(to[0] | to[1], 0);
	ck_assert_uint_eq(to[2], 9);
}
END_TEST

START_TEST(text_with_a_nul_is_refused)
{
	struct rd r;
	char text[8];

	rd_init(&r, "\0\0\0\3a\0b", 7);
	rd_text(&r, text, sizeof(text));
	ck_assert_int_eq(rd_end(&r), E_FORMAT);
	ck_assert_str_eq(text, "");
}
END_TEST

Suite *
suite_rd(void)
{
	Suite *s = suite_create("rd");
	TCase *t = tcase_create("rd");

	tcase_add_loop_test(t, mpints_are_read_as_rfc4251_says, 0,
	    (int)(sizeof(mpints) / sizeof(mpints[0])));
	tcase_add_test(t, a_failed_reader_stays_failed);
	tcase_add_test(t, a_copy_is_whole_or_zeros);
	tcase_add_test(t, text_with_a_nul_is_refused);
	suite_add_tcase(s, t);
	return s;
}
