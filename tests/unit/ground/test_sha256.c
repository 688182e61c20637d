/*
 * SHA-256 against the vectors of FIPS 180-4, and in pieces of every length.
 */
#include "lib/sha256.h"
#include "lib/sha256_blocks.h"
#include "tests/unit/ground/suites.h"
#include "tests/unit/unit.h"

#include <string.h>

static const struct {
	const char *text;
	unsigned times;
	const char *digest;
} vectors[] = {
    {"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", 1,
	"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
	"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
     "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
	1, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
    {"aaaaaaaaaa", 100000,
	"cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
};

START_TEST(the_vectors_of_the_standard_come_out)
{
	struct sha256 h;
	char text[SHA256_TEXT_SIZE];

	sha256_init(&h);
	for (unsigned i = 0; i < vectors[_i].times; i++)
		sha256_add(&h, vectors[_i].text, strlen(vectors[_i].text));
	sha256_end_text(&h, text);
	ck_assert_str_eq(text, vectors[_i].digest);
}
END_TEST

/* Inputs of all lengths around a block, in two pieces cut at each place. */
START_TEST(pieces_make_the_same_digest)
{
	uint8_t data[200], whole[SHA256_SIZE], parts[SHA256_SIZE];
	struct sha256 h;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	for (size_t len = 0; len <= sizeof(data); len++) {
		sha256_init(&h);
		sha256_add(&h, data, len);
		sha256_end(&h, whole);
		for (size_t cut = 0; cut <= len; cut++) {
			sha256_init(&h);
			sha256_add(&h, data, cut);
			sha256_add(&h, &data[cut], len - cut);
			sha256_end(&h, parts);
			ck_assert_mem_eq(whole, parts, sizeof(whole));
		}
	}
}
END_TEST

/* The processor's own instructions and ours, over many blocks. */
START_TEST(both_ways_make_the_same_state)
{
	uint32_t one[8], two[8];
	uint8_t data[64 * 40];
	uint32_t x = 1;

	if (!sha256_x86_works())
		return;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
	for (size_t i = 0; i < 8; i++)
		one[i] = two[i] = x = x * 1664525 + 1013904223;
	for (size_t n = 0; n <= 40; n++) {
		sha256_plain_blocks(one, data, n);
		sha256_x86_blocks(two, data, n);
		ck_assert_mem_eq(one, two, sizeof(one));
	}
}
END_TEST

Suite *
suite_sha256(void)
{
	Suite *s = suite_create("sha256");
	TCase *c = tcase_create("digest");

	tcase_add_loop_test(c, the_vectors_of_the_standard_come_out, 0,
	    sizeof(vectors) / sizeof(vectors[0]));
	tcase_add_test(c, both_ways_make_the_same_state);
	tcase_add_test(c, pieces_make_the_same_digest);
	suite_add_tcase(s, c);
	return s;
}
