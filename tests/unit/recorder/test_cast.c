/*
 * The file of a recording: the chain over its blocks, its size, and what a
 * disk that fails leaves.
 */
#include "tests/unit/recorder/suites.h"
#include "tests/unit/unit.h"

#include "daemon/recorder/cast.h"
#include "lib/mem.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char header[] = "{\"version\": 2}\n";

static char *
contents(int fd, size_t *len)
{
	struct stat st;
	char *text;

	ck_assert_int_eq(fstat(fd, &st), 0);
	*len = (size_t)st.st_size;
	text = mem_zalloc(*len + 1);
	ck_assert_int_eq(pread(fd, text, *len, 0), st.st_size);
	return text;
}

static int
begin(struct cast *c, uint64_t max)
{
	int fd = memfd_create("cast", MFD_CLOEXEC);

	memset(c, 0, sizeof(*c));
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(cast_prepare(c), 0);
	cast_begin(c, fd, max, header, sizeof(header) - 1);
	ck_assert(cast_is_good(c));
	return fd;
}

static void
sha256(const void *a, size_t a_len, const void *b, size_t b_len,
    uint8_t out[CAST_HASH])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);
	EVP_DigestUpdate(ctx, a, a_len);
	EVP_DigestUpdate(ctx, b, b_len);
	EVP_DigestFinal_ex(ctx, out, NULL);
	EVP_MD_CTX_free(ctx);
}

/* The blocks of a file whose chain holds; -1: it does not.  *open: bytes behind
 * the last block. */
static long
check_chain(const char *text, size_t len, size_t *open)
{
	char before[64] = "sallyport-recording", expected[32 + 2 * CAST_HASH];
	size_t before_len = 20, from = 0, at = 0;
	uint8_t head[CAST_HASH];
	long blocks = 0;

	while (at < len) {
		const char *end = memchr(&text[at], '\n', len - at);
		size_t line =
		    end == NULL ? len - at : (size_t)(end - &text[at]) + 1;
		const char *b = at == 0 ?
		    NULL :
		    memmem(&text[at], line < 30 ? line : 30, ", \"b\", \"", 8);
		int n;

		if (b == NULL) {
			at += line;
			continue;
		}
		if (at - from > CAST_BLOCK + sizeof(header))
			return -1;
		n = sprintf(expected, "%ld ", blocks);
		sha256(before, before_len, &text[from],
		    (size_t)(&b[8 + n] - &text[from]), head);
		for (size_t i = 0; i < CAST_HASH; i++)
			n += sprintf(&expected[n], "%02x", head[i]);
		n += sprintf(&expected[n], "\"]\n");
		if (strncmp(&b[8], expected, (size_t)n) != 0 ||
		    &b[8 + n] != &text[at + line])
			return -1;
		memcpy(before, head, CAST_HASH);
		before_len = CAST_HASH;
		blocks++;
		at += line;
		from = at;
	}
	*open = len - from;
	return blocks;
}

START_TEST(every_byte_of_a_finished_file_is_in_the_chain)
{
	struct cast c;
	int fd = begin(&c, UINT64_MAX);
	uint8_t data[5000];
	size_t len, open = 1;
	char *text, *at;

	for (int i = 0; i < 200; i++) {
		memset(data, 'a' + i % 26, sizeof(data));
		data[i] = (uint8_t)i;
		cast_data(&c, i % 3 == 0 ? CAST_ERROR : CAST_OUTPUT, data,
		    sizeof(data));
		if (i % 10 == 0)
			cast_flush(&c);
	}
	cast_resize(&c, 80, 24);
	cast_mark(&c, "exit %d", 0);
	cast_finish(&c);
	text = contents(fd, &len);
	ck_assert_int_gt(check_chain(text, len, &open), 10);
	ck_assert_uint_eq(open, 0);
	ck_assert_uint_eq(c.size, len);
	ck_assert_uint_eq(c.size_blocks, c.blocks);
	ck_assert_int_eq(check_chain(text, len, &open), (long)c.size_blocks);
	ck_assert_ptr_nonnull(strstr(text, "\"r\", \"80x24\"]\n"));
	ck_assert_ptr_nonnull(strstr(text, "\"m\", \"exit 0\"]\n"));
	/* A changed byte is found, also in the last line of a block. */
	text[len / 2] ^= 1;
	ck_assert_int_eq(check_chain(text, len, &open), -1);
	text[len / 2] ^= 1;
	at = strstr(text, ", \"b\", \"");
	at[-1] ^= 1;
	ck_assert_int_eq(check_chain(text, len, &open), -1);
	free(text);
	cast_free(&c);
	close(fd);
}
END_TEST

START_TEST(a_recording_of_nothing_has_a_block)
{
	struct cast c;
	int fd = begin(&c, UINT64_MAX);
	size_t len, open;
	char *text;

	cast_finish(&c);
	text = contents(fd, &len);
	ck_assert_int_eq(check_chain(text, len, &open), 1);
	free(text);
	cast_free(&c);
	close(fd);
}
END_TEST

START_TEST(a_character_in_pieces_is_whole_in_one_line)
{
	static const char euro[] = "a\xe2\x82\xac\xf0\x9f\x98\x80z";
	struct cast c;
	int fd = begin(&c, UINT64_MAX);
	size_t len;
	char *text;

	for (size_t i = 0; i < sizeof(euro) - 1; i++) {
		cast_data(&c, CAST_OUTPUT, &euro[i], 1);
		cast_data(&c, CAST_ERROR, "-", 1); /* in between */
	}
	cast_data(&c, CAST_INPUT, "\xe2", 1);
	cast_finish(&c);
	text = contents(fd, &len);
	ck_assert_ptr_nonnull(strstr(text, "\"o\", \"\xe2\x82\xac\"]"));
	ck_assert_ptr_nonnull(strstr(text, "\"o\", \"\xf0\x9f\x98\x80\"]"));
	ck_assert_ptr_nonnull(strstr(text, "\"i\", \"\xef\xbf\xbd\"]"));
	ck_assert_uint_eq(c.bytes[CAST_OUTPUT], sizeof(euro) - 1);
	free(text);
	cast_free(&c);
	close(fd);
}
END_TEST

/* The piece that is passed on in one call may end anywhere in a character. */
START_TEST(pieces_of_any_length_make_the_same_text)
{
	char in[600], out[4096] = "", *text, *at;
	struct cast c;
	int fd = begin(&c, UINT64_MAX);
	size_t len;

	for (size_t i = 0; i < sizeof(in); i += 6)
		memcpy(&in[i], "\xe2\x82\xac\xc3\xbcx", 6);
	for (size_t i = 0; i < sizeof(in); i += (size_t)_i)
		cast_data(&c, CAST_OUTPUT, &in[i],
		    sizeof(in) - i < (size_t)_i ? sizeof(in) - i : (size_t)_i);
	cast_finish(&c);
	text = contents(fd, &len);
	for (at = text; (at = strstr(at, ", \"o\", \"")) != NULL;) {
		at += 8;
		strncat(out, at, strcspn(at, "\""));
	}
	ck_assert_uint_eq(strlen(out), sizeof(in));
	ck_assert_mem_eq(out, in, sizeof(in));
	free(text);
	cast_free(&c);
	close(fd);
}
END_TEST

START_TEST(a_file_keeps_to_its_size_and_says_so)
{
	struct cast c;
	int fd = begin(&c, (uint64_t)65536 + (uint64_t)_i * 3331);
	size_t len, open;
	uint8_t data[3000];
	char *text;

	memset(data, _i % 2 == 0 ? 'x' : 0x1b, sizeof(data));
	for (int i = 0; i < 200; i++)
		cast_data(&c, CAST_OUTPUT, data, sizeof(data));
	ck_assert_int_eq(c.state, CAST_FULL);
	cast_mark(&c, "exit 0");
	cast_finish(&c);
	ck_assert_int_eq(c.state, CAST_FULL);
	text = contents(fd, &len);
	ck_assert_uint_le(len, c.max_size);
	ck_assert_int_ge(check_chain(text, len, &open), 1);
	ck_assert_uint_eq(open, 0);
	ck_assert_ptr_nonnull(strstr(text, "\"m\", \"full\"]\n"));
	ck_assert_ptr_null(strstr(text, "exit 0"));
	ck_assert_uint_eq(c.marks, 1);
	free(text);
	cast_free(&c);
	close(fd);
}
END_TEST

START_TEST(a_disk_that_fails_is_told_and_counts_what_it_has)
{
	struct cast c;
	int fd = begin(&c, UINT64_MAX), full = open("/dev/full", O_WRONLY);
	uint64_t size;

	cast_data(&c, CAST_OUTPUT, "first", 5);
	cast_flush(&c);
	size = c.size;
	c.fd = full;
	cast_data(&c, CAST_OUTPUT, "second", 6);
	cast_flush(&c);
	ck_assert_int_eq(c.state, CAST_FAILED);
	ck_assert_int_eq(c.error, ENOSPC);
	ck_assert_uint_eq(c.size, size);
	cast_finish(&c);
	ck_assert_uint_eq(c.size, size);
	cast_free(&c);
	close(fd);
	close(full);
}
END_TEST

Suite *
suite_cast(void)
{
	Suite *suite = suite_create("cast");
	TCase *tc = tcase_create("cast");

	tcase_add_test(tc, every_byte_of_a_finished_file_is_in_the_chain);
	tcase_add_test(tc, a_recording_of_nothing_has_a_block);
	tcase_add_test(tc, a_character_in_pieces_is_whole_in_one_line);
	tcase_add_loop_test(tc, pieces_of_any_length_make_the_same_text, 1, 17);
	tcase_add_loop_test(tc, a_file_keeps_to_its_size_and_says_so, 0, 24);
	tcase_add_test(tc, a_disk_that_fails_is_told_and_counts_what_it_has);
	suite_add_tcase(suite, tc);
	return suite;
}
