/*
 * Base64: RFC 4648 section 10's vectors, and what is not base64.
 */
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/ssh/base64.h"
#include "tests/unit/key/suites.h"

#include <string.h>

static const struct {
	const char *plain;
	const char *text;
} vectors[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\373\377\376", "+//+"},
};

START_TEST(the_vectors_of_rfc4648_go_both_ways)
{
	const char *plain = vectors[_i].plain, *coded = vectors[_i].text;
	char text[BASE64_SIZE(8)];
	struct buf b;

	ck_assert_uint_eq(
	    base64_encode(plain, strlen(plain), text, sizeof(text)),
	    strlen(coded));
	ck_assert_str_eq(text, coded);
	buf_init(&b, 64);
	ck_assert_int_eq(base64_decode(coded, strlen(coded), &b), 0);
	ck_assert_uint_eq(b.len, strlen(plain));
	ck_assert(b.len == 0 || memcmp(b.data, plain, b.len) == 0);
	buf_free(&b);
	for (size_t cut = 1; cut < strlen(coded) % 4; cut++)
		ck_assert_int_eq(base64_decode(coded, cut, &b), E_FORMAT);
}
END_TEST

static const char *const malformed[] = {"Zg=", "Zg", "Z", "=",
    "====", "Zg==Zg==", "Z===", "=Zg=", "Zh==", "Zm9=", "Zm 9", "Zm9\n", "Zm9-",
    "Zm9_", "Zm9\x80", "Zg=A", "Zm9vZg=A", "Zm9*Zm9v", "Zm@v", "Zm[v", "Zm`v",
    "Zm{v", "Zm/:", "Zm.v"};

START_TEST(what_is_not_canonical_is_refused)
{
	struct buf b;

	buf_init(&b, 64);
	ck_assert_int_eq(
	    base64_decode(malformed[_i], strlen(malformed[_i]), &b), E_FORMAT);
	buf_free(&b);
}
END_TEST

START_TEST(every_byte_survives_and_every_non_digit_is_refused)
{
	char text[BASE64_SIZE(1)], group[4] = {'A', 'A', (char)_i, 'A'};
	uint8_t byte = (uint8_t)_i;
	struct buf b;
	bool digit = _i != 0 &&
	    strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		   "0123456789+/",
		_i) != NULL;

	buf_init(&b, 4);
	base64_encode(&byte, 1, text, sizeof(text));
	ck_assert_int_eq(base64_decode(text, 4, &b), 0);
	ck_assert_uint_eq(b.data[0], byte);
	buf_clear(&b);
	ck_assert_int_eq(base64_decode(group, 4, &b), digit ? 0 : E_FORMAT);
	buf_free(&b);
}
END_TEST

START_TEST(a_full_buffer_and_a_small_text_are_told)
{
	char text[4];
	struct buf b;

	buf_init(&b, 2);
	ck_assert_int_eq(base64_decode("Zm9v", 4, &b), E_TOO_LARGE);
	buf_free(&b);
	ck_assert_uint_eq(base64_encode("foo", 3, text, sizeof(text)), 0);
	ck_assert_str_eq(text, "");
}
END_TEST

Suite *
suite_base64(void)
{
	Suite *s = suite_create("base64");
	TCase *t = tcase_create("base64");

	tcase_add_loop_test(t, the_vectors_of_rfc4648_go_both_ways, 0,
	    (int)(sizeof(vectors) / sizeof(vectors[0])));
	tcase_add_loop_test(t, what_is_not_canonical_is_refused, 0,
	    (int)(sizeof(malformed) / sizeof(malformed[0])));
	tcase_add_loop_test(
	    t, every_byte_survives_and_every_non_digit_is_refused, 0, 256);
	tcase_add_test(t, a_full_buffer_and_a_small_text_are_told);
	suite_add_tcase(s, t);
	return s;
}
