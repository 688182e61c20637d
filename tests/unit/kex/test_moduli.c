/*
 * The moduli file and the choice of a group.
 */
#include "tests/unit/kex/suites.h"

#include "lib/err.h"
#include "lib/ssh/moduli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A text that grows. */
struct text {
	char *data;
	size_t len;
	FILE *f;
};

static void
text_open(struct text *t)
{
	memset(t, 0, sizeof(*t));
	t->f = open_memstream(&t->data, &t->len);
}

static void
text_close(struct text *t)
{
	fclose(t->f);
}

/* An odd number of so many bits: the parser is no primality test. */
static void
put_modulus(FILE *f, unsigned bits, unsigned variant)
{
	for (unsigned i = 0; i < bits / 4; i++)
		fputs(i == 0 ? "C" : "5", f);
	fprintf(f, "%04X", (variant * 2 + 1) & 0xffff);
}

static void
put_line(FILE *f, const char *head, unsigned bits, unsigned variant)
{
	fprintf(f, "%s %u 2 ", head, bits - 1);
	put_modulus(f, bits - 16, variant);
	fputc('\n', f);
}

#define GOOD "20210101000000 2 6 100"

static int
parse(const char *text, struct moduli **m, unsigned *line)
{
	return moduli_parse(text, strlen(text), m, line);
}

static struct moduli *
moduli_of(const unsigned *sizes, size_t count)
{
	struct moduli *m = NULL;
	struct text t;
	unsigned line;

	text_open(&t);
	for (size_t i = 0; i < count; i++)
		put_line(t.f, GOOD, sizes[i], (unsigned)i);
	text_close(&t);
	ck_assert_int_eq(moduli_parse(t.data, t.len, &m, &line), 0);
	ck_assert_uint_eq(moduli_count(m), count);
	free(t.data);
	return m;
}

START_TEST(lines_of_other_groups_are_passed_over)
{
	static const char *const heads[] = {
	    "20210101000000 4 6 100", /* not a safe prime */
	    "20210101000000 2 7 100", /* known to be composite */
	    "20210101000000 2 2 100", /* sieved only */
	    "20210101000000 2 0 100", /* not tested */
	    "20210101000000 2 6 0", /* in no round */
	};
	struct moduli *m = NULL;
	struct text t;
	unsigned line;

	text_open(&t);
	fprintf(t.f, "# Time Type Tests Tries Size Generator Modulus\n\n \t\n");
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		put_line(t.f, heads[i], 2048, 1);
	put_line(t.f, GOOD, 1024, 1);
	put_line(t.f, GOOD, 2032, 1);
	put_line(t.f, GOOD, 8208, 1);
	put_line(t.f, GOOD, 2048, 7);
	put_line(t.f, GOOD, 8192, 7);
	text_close(&t);
	ck_assert_int_eq(moduli_parse(t.data, t.len, &m, &line), 0);
	ck_assert_uint_eq(moduli_count(m), 2);
	moduli_free(m);
	free(t.data);
}
END_TEST

static const char *const malformed[] = {
    "x",
    "20210101000000",
    "20210101000000 2",
    "20210101000000 2 6",
    "20210101000000 2 6 100",
    "20210101000000 2 6 100 2047",
    "20210101000000 2 6 100 2047 2",
    "2021010100000x 2 6 100 2047 2 C5",
    "20210101000000 6 6 100 2047 2 C5",
    "20210101000000 2 32 100 2047 2 C5",
    "20210101000000 2 6 -1 2047 2 C5",
    "20210101000000 2 6 100 2047 2 C5", /* not so long */
    "20210101000000 2 6 100 65537 2 C5",
    "20210101000000 2 6 100 99999999999999999999 2 C5",
    "20210101000000 2 6 100 2047 2 C5 more",
    "20210101000000 2 6 100 2047 2 0",
    "20210101000000 2 6 100 2047 2 G5",
};

START_TEST(what_the_manual_does_not_know_is_an_error_with_its_line)
{
	struct moduli *m = NULL;
	struct text t;
	unsigned line = 0;

	text_open(&t);
	put_line(t.f, GOOD, 2048, 1);
	fprintf(t.f, "# comment\n%s\n", malformed[_i]);
	put_line(t.f, GOOD, 2048, 2);
	text_close(&t);
	ck_assert_int_eq(moduli_parse(t.data, t.len, &m, &line), E_FORMAT);
	ck_assert_uint_eq(line, 3);
	ck_assert_ptr_null(m);
	free(t.data);
}
END_TEST

START_TEST(numbers_of_a_group_are_judged)
{
	static const struct {
		const char *g;
		unsigned bits; /* said; the modulus has 2048 */
		unsigned last; /* digit of the modulus */
		int err;
	} cases[] = {
	    {"2", 2048, 1, 0},
	    {"5", 2048, 1, 0},
	    {"FFFFFFFF", 2048, 1, 0},
	    {"0002", 2048, 1, 0},
	    {"100000000", 2048, 1, E_FORMAT},
	    {"0", 2048, 1, E_FORMAT},
	    {"1", 2048, 1, E_FORMAT},
	    {"z", 2048, 1, E_FORMAT},
	    {"2", 2048, 0, E_FORMAT}, /* even */
	    {"2", 2049, 1, E_FORMAT},
	    {"2", 2064, 1, E_FORMAT},
	};
	struct moduli *m = NULL;
	struct text t;
	unsigned line;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text_open(&t);
		fprintf(t.f, GOOD " %u %s ", cases[i].bits - 1, cases[i].g);
		for (unsigned j = 0; j < 511; j++)
			fputc('d', t.f);
		fprintf(t.f, "%u\n", cases[i].last);
		text_close(&t);
		ck_assert_int_eq(
		    moduli_parse(t.data, t.len, &m, &line), cases[i].err);
		if (cases[i].err == 0)
			moduli_free(m);
		free(t.data);
	}
}
END_TEST

START_TEST(every_cut_of_a_file_is_an_error_or_fewer_groups)
{
	struct moduli *m = NULL;
	unsigned line;
	struct text t;

	text_open(&t);
	put_line(t.f, GOOD, 2048, 1);
	put_line(t.f, GOOD, 3072, 2);
	text_close(&t);
	for (size_t cut = 0; cut < t.len; cut++) {
		/* An allocation of the exact size, so that a sanitizer sees the
		 * edge. */
		char *part = malloc(cut + 1);

		memcpy(part, t.data, cut);
		m = NULL;
		if (moduli_parse(part, cut, &m, &line) == 0) {
			ck_assert_uint_le(moduli_count(m), 2);
			moduli_free(m);
		} else {
			ck_assert_uint_ge(line, 1);
		}
		free(part);
	}
	free(t.data);
}
END_TEST

START_TEST(an_empty_file_is_no_error_and_an_endless_one_is)
{
	struct moduli *m = NULL;
	unsigned line;
	char *big;

	ck_assert_int_eq(parse("", &m, &line), 0);
	ck_assert_uint_eq(moduli_count(m), 0);
	moduli_free(m);
	big = calloc(1, MODULI_FILE_MAX + 1);
	memset(big, '\n', MODULI_FILE_MAX + 1);
	ck_assert_int_eq(moduli_parse(big, MODULI_FILE_MAX, &m, &line), 0);
	moduli_free(m);
	ck_assert_int_eq(
	    moduli_parse(big, MODULI_FILE_MAX + 1, &m, &line), E_TOO_LARGE);
	ck_assert_uint_eq(line, 0);
	free(big);
	moduli_free(NULL);
	ck_assert_uint_eq(moduli_count(NULL), 0);
}
END_TEST

/* Results of OpenSSH's choose_dh(), with sizes 2048, 3072, 4096, 6144. */
static const struct {
	uint32_t min, n, max;
	unsigned bits; /* 0: E_VALUE */
} requests[] = {
    {2048, 2048, 8192, 2048}, {2048, 3072, 8192, 3072},
    {2048, 2049, 8192, 3072}, {2048, 5000, 8192, 6144},
    {2048, 8192, 8192, 6144}, /* the largest there is */
    {1024, 1024, 8192, 2048}, /* RFC 8270 */
    {1024, 1024, 1024, 0}, {1024, 1024, 2047, 0}, {2048, 8192, 16384, 6144},
    {2048, 16384, 16384, 6144}, {8193, 8193, 16384, 0},
    {2048, 5000, 6000, 4096}, /* nothing in reach has 5000 */
    {3000, 2048, 8192, 0}, /* not in order */
    {2048, 8192, 4096, 0}, {0, 0, 0, 0}, {0, 0xffffffff, 0xffffffff, 6144},
    {2048, 2048, 2048, 2048},
    {2100, 2200, 2300, 0}, /* nothing between, nor built in */
    {7000, 7500, 8192, 8192}, /* built in */
};
#define REQUEST_COUNT (int)(sizeof(requests) / sizeof(requests[0]))

START_TEST(a_request_gets_the_size_openssh_would_give)
{
	static const unsigned sizes[] = {6144, 2048, 4096, 3072, 2048, 4096};
	struct moduli *m = moduli_of(sizes, 6);
	struct kex_group group;

	for (int round = 0; round < 20; round++) {
		int err = moduli_choose(m, requests[_i].min, requests[_i].n,
		    requests[_i].max, &group);

		ck_assert_int_eq(err, requests[_i].bits == 0 ? E_VALUE : 0);
		if (err != 0)
			continue;
		ck_assert_uint_eq(group.bits, requests[_i].bits);
		ck_assert_uint_eq(group.p_len, requests[_i].bits / 8);
		ck_assert(moduli_allows(m, requests[_i].min, requests[_i].n,
		    requests[_i].max, &group));
	}
	moduli_free(m);
}
END_TEST

START_TEST(without_a_file_the_built_in_groups_serve)
{
	static const struct {
		uint32_t min, n, max;
		unsigned bits;
	} cases[] = {
	    {2048, 2048, 8192, 2048},
	    {2048, 3072, 8192, 4096},
	    {2048, 8192, 8192, 8192},
	    {2048, 3072, 4000, 2048},
	    {3000, 3072, 4000, 0},
	};
	struct kex_group group;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int err = moduli_choose(
		    NULL, cases[i].min, cases[i].n, cases[i].max, &group);

		ck_assert_int_eq(err, cases[i].bits == 0 ? E_VALUE : 0);
		if (err == 0) {
			ck_assert_uint_eq(group.bits, cases[i].bits);
			ck_assert(moduli_allows(NULL, cases[i].min, cases[i].n,
			    cases[i].max, &group));
		}
	}
}
END_TEST

START_TEST(groups_of_one_size_take_turns)
{
	static const unsigned sizes[] = {2048, 2048, 2048, 3072};
	struct moduli *m = moduli_of(sizes, 4);
	struct kex_group group;
	unsigned seen[4] = {0};

	for (int i = 0; i < 300; i++) {
		ck_assert_int_eq(moduli_choose(m, 2048, 2048, 8192, &group), 0);
		seen[group.p[group.p_len - 1] / 2]++;
	}
	for (int i = 0; i < 3; i++)
		ck_assert_uint_gt(seen[i], 50);
	ck_assert_uint_eq(seen[3], 0);
	moduli_free(m);
}
END_TEST

START_TEST(a_group_that_was_not_ours_to_give_is_not_allowed)
{
	static const unsigned sizes[] = {2048, 3072};
	struct moduli *m = moduli_of(sizes, 2);
	uint8_t p[256], g = 3;
	struct kex_group group, other;

	ck_assert_int_eq(moduli_choose(m, 2048, 2048, 8192, &group), 0);
	ck_assert(moduli_allows(m, 2048, 2048, 8192, &group));
	ck_assert(!moduli_allows(m, 2048, 3072, 8192, &group));
	ck_assert(!moduli_allows(m, 2048, 1024, 8192, &group));
	ck_assert(!moduli_allows(NULL, 2048, 2048, 8192, &group));
	other = group;
	other.g = &g;
	ck_assert(!moduli_allows(m, 2048, 2048, 8192, &other));
	other = group;
	memcpy(p, group.p, sizeof(p));
	p[100] ^= 1;
	other.p = p;
	ck_assert(!moduli_allows(m, 2048, 2048, 8192, &other));
	other = group;
	other.p_len--;
	ck_assert(!moduli_allows(m, 2048, 2048, 8192, &other));
	moduli_free(m);
}
END_TEST

Suite *
suite_moduli(void)
{
	Suite *s = suite_create("moduli");
	TCase *tc = tcase_create("moduli");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, lines_of_other_groups_are_passed_over);
	tcase_add_loop_test(tc,
	    what_the_manual_does_not_know_is_an_error_with_its_line, 0,
	    (int)(sizeof(malformed) / sizeof(malformed[0])));
	tcase_add_test(tc, numbers_of_a_group_are_judged);
	tcase_add_test(tc, every_cut_of_a_file_is_an_error_or_fewer_groups);
	tcase_add_test(tc, an_empty_file_is_no_error_and_an_endless_one_is);
	tcase_add_loop_test(
	    tc, a_request_gets_the_size_openssh_would_give, 0, REQUEST_COUNT);
	tcase_add_test(tc, without_a_file_the_built_in_groups_serve);
	tcase_add_test(tc, groups_of_one_size_take_turns);
	tcase_add_test(tc, a_group_that_was_not_ours_to_give_is_not_allowed);
	suite_add_tcase(s, tc);
	return s;
}
