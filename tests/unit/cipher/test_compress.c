/*
 * Compression: payloads back and forth, and bounds.
 */
#include "tests/unit/cipher/suites.h"

#include "lib/err.h"
#include "lib/ssh/compress.h"

#include <stdlib.h>
#include <string.h>

#define MAX (256 * 1024)

static int
there_and_back(
    struct compressor *c, struct inflater *i, const uint8_t *data, size_t len)
{
	size_t room = compressor_bound(c, len), made, back_len;
	uint8_t *out = malloc(room), *back;
	int err;

	ck_assert_ptr_nonnull(out);
	ck_assert_int_eq(compressor_run(c, data, len, out, room, &made), 0);
	err = inflater_run(i, out, made, &back, &back_len);
	if (err == 0) {
		ck_assert_uint_eq(back_len, len);
		ck_assert_mem_eq(back, data, len);
	}
	free(out);
	return err;
}

START_TEST(payloads_come_back)
{
	struct compressor *c = compressor_new();
	struct inflater *i = inflater_new(MAX);
	uint8_t *data = malloc(MAX);
	uint32_t x = 1;

	ck_assert_ptr_nonnull(data);
	for (size_t n = 0; n < MAX; n++) {
		x = x * 1103515245 + 12345;
		data[n] = (uint8_t)(_i == 0 ? 0 : _i == 1 ? n : x >> 16);
	}
	for (size_t len = 1; len < 3000; len = len * 3 / 2 + 1)
		ck_assert_int_eq(there_and_back(c, i, data, len), 0);
	ck_assert_int_eq(there_and_back(c, i, data, MAX - 1), 0);
	inflater_trim(i);
	ck_assert_int_eq(there_and_back(c, i, data, 40000), 0);
	compressor_free(c);
	inflater_free(i);
	free(data);
}
END_TEST

START_TEST(too_much_is_refused)
{
	struct compressor *c = compressor_new();
	struct inflater *i = inflater_new(MAX);
	uint8_t *data = calloc(1, 30 << 20);

	ck_assert_int_eq(there_and_back(c, i, data, 30 << 20), E_TOO_LARGE);
	compressor_free(c);
	inflater_free(i);
	free(data);
}
END_TEST

START_TEST(rubbish_is_refused)
{
	struct inflater *i = inflater_new(MAX);
	uint8_t *out;
	size_t made;

	ck_assert_int_eq(
	    inflater_run(i, (const uint8_t *)"rubbish", 7, &out, &made),
	    E_FORMAT);
	inflater_free(i);
}
END_TEST

START_TEST(a_small_place_is_refused)
{
	struct compressor *c = compressor_new();
	uint8_t out[4];
	size_t made;

	ck_assert_int_eq(compressor_run(c, (const uint8_t *)"0123456789", 10,
			     out, sizeof(out), &made),
	    E_TOO_LARGE);
	compressor_free(c);
}
END_TEST

START_TEST(the_end_of_the_stream_is_refused)
{
	/* zlib.compress(b"x"): a stream that is finished. */
	static const uint8_t whole[] = {
	    0x78, 0x9c, 0xab, 0x00, 0x00, 0x00, 0x79, 0x00, 0x79};
	struct inflater *i = inflater_new(MAX);
	uint8_t *out;
	size_t made;

	ck_assert_int_eq(
	    inflater_run(i, whole, sizeof(whole), &out, &made), E_FORMAT);
	inflater_free(i);
}
END_TEST

Suite *
suite_compress(void)
{
	Suite *s = suite_create("compress");
	TCase *t = tcase_create("compress");

	tcase_add_loop_test(t, payloads_come_back, 0, 3);
	tcase_add_test(t, too_much_is_refused);
	tcase_add_test(t, rubbish_is_refused);
	tcase_add_test(t, a_small_place_is_refused);
	tcase_add_test(t, the_end_of_the_stream_is_refused);
	suite_add_tcase(s, t);
	return s;
}
