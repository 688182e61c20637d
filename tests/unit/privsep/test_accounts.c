/*
 * Accounts: buckets of tokens, and sources that they know.  The clock is the
 * test's.
 */
#include "lib/loop.h"

static uint64_t test_clock;
#define loop_clock() test_clock
#include "privsep/accounts.c"
#undef loop_clock

#include "tests/unit/privsep/suites.h"

#include <stdio.h>

#define USER 1000
#define NOW  UINT64_C(1700000000)

static struct accounts *a;
static const struct accounts_rate five = {.tokens = 5, .every = 60};

static void
setup(void)
{
	a = mem_zalloc(sizeof(*a));
	memset(a->seed, 7, sizeof(a->seed));
	test_clock = 1000000;
}

static void
teardown(void)
{
	free(a);
}

static bool
take(uid_t uid)
{
	uint32_t seconds = 0;
	bool taken = accounts_take(a, uid, &five, &seconds);

	ck_assert_int_eq(seconds == 0, taken);
	return taken;
}

static struct net_key
from(const char *text)
{
	struct net_address address;

	ck_assert_int_eq(net_parse(text, &address), 0);
	return net_source_key(&address, 32, 64);
}

static bool
knows(uid_t uid, const char *text, uint64_t days_later)
{
	struct net_key key = from(text);

	return accounts_knows(a, uid, &key, NOW + days_later * DAY, 90);
}

static void
learn(uid_t uid, const char *text, uint64_t days_later)
{
	struct net_key key = from(text);

	accounts_learn(a, uid, &key, NOW + days_later * DAY);
}

START_TEST(a_bucket_holds_so_many_tokens_and_time_brings_more)
{
	for (int i = 0; i < 5; i++)
		ck_assert(take(USER));
	ck_assert(!take(USER));
	ck_assert(take(USER + 1)); /* another's */
	test_clock += 59000;
	ck_assert(!take(USER));
	test_clock += 1000;
	ck_assert(take(USER));
	ck_assert(!take(USER));
	test_clock += 300000;
	for (int i = 0; i < 5; i++)
		ck_assert(take(USER));
	ck_assert(!take(USER));
}
END_TEST

START_TEST(a_guess_that_is_refused_takes_nothing)
{
	uint32_t seconds;

	for (int i = 0; i < 5; i++)
		ck_assert(take(USER));
	for (int i = 0; i < 100; i++) {
		ck_assert(!accounts_take(a, USER, &five, &seconds));
		ck_assert_uint_eq(seconds, 60);
	}
	test_clock += 60000;
	ck_assert(take(USER));
}
END_TEST

START_TEST(a_token_that_is_given_back_is_there_again)
{
	for (int i = 0; i < 100; i++) {
		ck_assert(take(USER));
		accounts_give(a, USER, &five);
	}
	for (int i = 0; i < 5; i++)
		ck_assert(take(USER));
	accounts_give(a, USER, &five);
	ck_assert(take(USER));
	ck_assert(!take(USER));
	/* And not more of them than there were. */
	test_clock += 1000000;
	accounts_give(a, USER, &five);
	for (int i = 0; i < 5; i++)
		ck_assert(take(USER));
	ck_assert(!take(USER));
}
END_TEST

START_TEST(root_has_a_bucket_too)
{
	for (int i = 0; i < 5; i++)
		ck_assert(take(0));
	ck_assert(!take(0));
}
END_TEST

static void
count(uid_t uid, uint32_t seconds, bool refused, void *arg)
{
	unsigned *counts = arg;

	(void)uid;
	ck_assert_uint_gt(seconds, 0);
	counts[refused]++;
}

START_TEST(the_table_is_bounded_and_each_account_in_it_is_shown)
{
	unsigned counts[2] = {0, 0};

	for (int i = 0; i < 6; i++)
		(void)take(USER);
	(void)take(USER + 1);
	accounts_each(a, count, counts);
	ck_assert_uint_eq(counts[0], 1);
	ck_assert_uint_eq(counts[1], 1);
	for (uid_t uid = 0; uid < 100000; uid++)
		(void)take(uid + 2000);
	counts[0] = counts[1] = 0;
	accounts_each(a, count, counts);
	ck_assert_uint_le(counts[0] + counts[1], ACCOUNTS_MAX);
	/* The one that guessers are at has stayed. */
	ck_assert_uint_eq(counts[1], 1);
	ck_assert(!take(USER));
}
END_TEST

/* So many accounts that they have no place beside each other. */
START_TEST(guesses_at_other_accounts_bring_no_account_tokens)
{
	unsigned taken = 0;

	for (int round = 0; round < 20; round++)
		for (uid_t i = 0; i < ACCOUNTS_WAYS + 4; i++)
			for (int k = 0; k < 6; k++)
				taken +=
				    take(USER + i * ACCOUNTS_SETS) && i == 0;
	ck_assert_uint_le(taken, 5);
	/* Accounts of another set have theirs. */
	ck_assert(take(USER + 1));
	test_clock += 300000;
	for (uid_t i = 0; i < ACCOUNTS_WAYS + 4; i++)
		ck_assert_int_eq(take(USER + i * ACCOUNTS_SETS), true);
}
END_TEST

START_TEST(buckets_are_filled_for_one_account_or_all)
{
	uid_t uid = USER;

	for (int i = 0; i < 5; i++)
		ck_assert(take(USER) && take(USER + 1));
	ck_assert_uint_eq(accounts_clear(a, &uid), 1);
	ck_assert(take(USER));
	ck_assert(!take(USER + 1));
	ck_assert_uint_eq(accounts_clear(a, NULL), 2);
	ck_assert(take(USER + 1));
}
END_TEST

START_TEST(a_source_is_known_to_the_account_that_logged_in_and_for_so_long)
{
	learn(USER, "192.0.2.1", 0);
	ck_assert(knows(USER, "192.0.2.1", 0));
	ck_assert(knows(USER, "192.0.2.1", 90));
	ck_assert(!knows(USER, "192.0.2.1", 91));
	ck_assert(!knows(USER + 1, "192.0.2.1", 0));
	ck_assert(!knows(USER, "192.0.2.2", 0));
	learn(USER, "2001:db8::1", 0);
	ck_assert(knows(USER, "2001:db8::2", 0));
	learn(USER, "192.0.2.1", 80);
	ck_assert(knows(USER, "192.0.2.1", 170));
}
END_TEST

START_TEST(an_account_has_a_bounded_number_of_sources_the_latest)
{
	char text[NET_TEXT_MAX];

	for (unsigned i = 0; i < 40; i++) {
		snprintf(text, sizeof(text), "192.0.2.%u", i);
		learn(USER, text, i);
	}
	for (unsigned i = 0; i < 40; i++) {
		snprintf(text, sizeof(text), "192.0.2.%u", i);
		ck_assert_int_eq(
		    knows(USER, text, 40), i >= 40 - ACCOUNTS_KNOWN_WAYS);
	}
	/* Nobody's logins push out another's. */
	learn(USER, "192.0.2.1", 40);
	for (unsigned i = 0; i < 200; i++) {
		snprintf(text, sizeof(text), "198.51.100.%u", i);
		learn(USER + 1, text, 41);
	}
	ck_assert(knows(USER, "192.0.2.1", 41));
}
END_TEST

START_TEST(a_file_has_both_and_time_has_passed_meanwhile)
{
	struct accounts *old = a;
	struct buf b;
	struct rd r;

	for (int i = 0; i < 5; i++)
		ck_assert(take(USER));
	learn(USER, "192.0.2.1", 0);
	buf_init(&b, ACCOUNTS_SAVED);
	accounts_save(old, &b);
	ck_assert_int_eq(buf_end(&b), 0);
	for (size_t cut = 0; cut <= b.len; cut++) {
		a = mem_zalloc(sizeof(*a));
		test_clock = 5000; /* another boot */
		rd_init(&r, b.data, cut);
		ck_assert_int_eq(accounts_load(a, &r, 120) == 0, cut == b.len);
		ck_assert_int_eq(knows(USER, "192.0.2.1", 0), cut == b.len);
		if (cut < b.len)
			free(a);
	}
	ck_assert(take(USER));
	ck_assert(take(USER));
	ck_assert(!take(USER));
	free(old);
	buf_free(&b);
}
END_TEST

Suite *
suite_accounts(void)
{
	Suite *s = suite_create("accounts");
	TCase *t = tcase_create("accounts");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_bucket_holds_so_many_tokens_and_time_brings_more);
	tcase_add_test(t, a_guess_that_is_refused_takes_nothing);
	tcase_add_test(t, a_token_that_is_given_back_is_there_again);
	tcase_add_test(t, root_has_a_bucket_too);
	tcase_add_test(t, the_table_is_bounded_and_each_account_in_it_is_shown);
	tcase_add_test(t, guesses_at_other_accounts_bring_no_account_tokens);
	tcase_add_test(t, buckets_are_filled_for_one_account_or_all);
	tcase_add_test(
	    t, a_source_is_known_to_the_account_that_logged_in_and_for_so_long);
	tcase_add_test(
	    t, an_account_has_a_bounded_number_of_sources_the_latest);
	tcase_add_test(t, a_file_has_both_and_time_has_passed_meanwhile);
	suite_add_tcase(s, t);
	return s;
}
