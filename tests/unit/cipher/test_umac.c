/*
 * UMAC against the vectors of RFC 4418, appendix.
 */
#include "tests/unit/cipher/suites.h"

#include "lib/err.h"
#include "lib/mem.h"
#include "lib/ssh/umac.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Tags of 12 bytes are the RFC's longest; those of 16 begin with them, since
 * the fourth round has keys of its own and the pad is a whole block for both.
 */
static const struct {
	const char *part;
	size_t repeat;
	const char *tag64, *tag96;
} vectors[] = {
    {"", 0, "6E155FAD26900BE1", "32FEDB100C79AD58F07FF764"},
    {"a", 3, "44B5CB542F220104", "185E4FE905CBA7BD85E4C2DC"},
    {"a", 1 << 10, "26BF2F5D60118BD9", "7A54ABE04AF82D60FB298C3C"},
    {"a", 1 << 15, "27F8EF643B0D118D", "7B136BD911E4B734286EF2BE"},
    {"a", 1 << 20, "A4477E87E9F55853", "F8ACFA3AC31CFEEA047F7B11"},
    {"abc", 1, "D4D7B9F6BD4FBFCF", "883C3D4B97A61976FFCF2323"},
    {"abc", 500, "D4CF26DDEFD5C01A", "8824A260C53C66A36C9260A6"},
};

#define VECTORS ((int)(sizeof(vectors) / sizeof(vectors[0])))

static const uint8_t *key = (const uint8_t *)"abcdefghijklmnop";
static const uint8_t *nonce = (const uint8_t *)"bcdefghi";

static void
check_tag(const uint8_t *data, size_t len, size_t tag_len, const char *want)
{
	struct umac *u = umac_new(key, tag_len);
	uint8_t tag[16];
	char text[33];

	ck_assert_ptr_nonnull(u);
	/* Twice: nothing of a message stays behind. */
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(umac_compute(u, nonce, data, len, tag), 0);
		for (size_t j = 0; j < tag_len; j++)
			snprintf(&text[2 * j], 3, "%02X", tag[j]);
		text[strlen(want)] = '\0';
		ck_assert_str_eq(text, want);
	}
	umac_free(u);
}

START_TEST(tags_are_those_of_the_document)
{
	size_t part = strlen(vectors[_i].part);
	size_t len = part * vectors[_i].repeat;
	uint8_t *data = mem_alloc(len + 1);

	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)vectors[_i].part[i % part];
	check_tag(data, len, 8, vectors[_i].tag64);
	check_tag(data, len, 16, vectors[_i].tag96);
	free(data);
}
END_TEST

START_TEST(longer_messages_than_the_hash_is_for_are_refused)
{
	struct umac *u = umac_new(key, 8);
	uint8_t tag[8];

	ck_assert_ptr_nonnull(u);
	ck_assert_int_eq(umac_compute(u, nonce, key, UMAC_MESSAGE_MAX + 1, tag),
	    E_TOO_LARGE);
	umac_free(u);
}
END_TEST

Suite *
suite_umac(void)
{
	Suite *s = suite_create("umac");
	TCase *t = tcase_create("vectors");

	tcase_add_loop_test(t, tags_are_those_of_the_document, 0, VECTORS);
	tcase_add_test(t, longer_messages_than_the_hash_is_for_are_refused);
	suite_add_tcase(s, t);
	return s;
}
