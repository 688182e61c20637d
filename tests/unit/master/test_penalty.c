/*
 * Penalties: they add up, wear off, are forgiven, bounded and carried over a
 * reload.  The clock is the test's.
 */
#include "config/load.h"
#include "lib/loop.h"

static uint64_t test_clock = 1000000;
#define loop_clock() test_clock
#include "daemon/master/penalty.c"
#include "daemon/master/remember.c"
#undef loop_clock

#include "tests/unit/master/suites.h"

#include <stdio.h>

static struct config *config;
static struct penalties *p;
static struct accounts *accounts;

static void
setup(void)
{
	config = config_defaults();
	config->limits.penalties.minimum = 15;
	config->limits.penalties.maximum = 600;
	p = penalties_new();
	accounts = mem_zalloc(sizeof(*accounts));
}

static void
teardown(void)
{
	(void)penalties_clear(p, NULL);
	free(p);
	free(accounts);
	accounts = NULL;
	config_free(config);
}

static struct net_address
at(const char *text)
{
	struct net_address a;

	ck_assert_int_eq(net_parse(text, &a), 0);
	return a;
}

static uint32_t
in_force(const char *text)
{
	struct net_address a = at(text);
	enum offence offence;

	return penalties_in_force(p, config, &a, &offence);
}

static void
offend(const char *text, enum offence offence, unsigned times)
{
	struct net_address a = at(text);

	while (times-- > 0)
		penalties_add(p, config, &a, offence);
}

START_TEST(each_offence_costs_what_the_configuration_says)
{
	static const struct {
		enum offence offence;
		size_t seconds; /* offset */
	} rows[] = {
	    {OFFENCE_CRASH, offsetof(struct penalty_settings, crash)},
	    {OFFENCE_AUTH_FAILURE,
		offsetof(struct penalty_settings, auth_failure)},
	    {OFFENCE_INVALID_USER,
		offsetof(struct penalty_settings, invalid_user)},
	    {OFFENCE_NO_AUTH, offsetof(struct penalty_settings, no_auth)},
	    {OFFENCE_GRACE_EXCEEDED,
		offsetof(struct penalty_settings, grace_exceeded)},
	    {OFFENCE_REFUSED, offsetof(struct penalty_settings, refused)},
	};
	uint32_t seconds = 100 + (uint32_t)_i;

	memcpy((uint8_t *)&config->limits.penalties + rows[_i].seconds,
	    &seconds, sizeof(seconds));
	offend("192.0.2.1", rows[_i].offence, 1);
	ck_assert_uint_eq(in_force("192.0.2.1"), seconds + 1);
	offend("192.0.2.2", OFFENCE_NONE, 1);
	ck_assert_uint_eq(in_force("192.0.2.2"), 0);
}
END_TEST

START_TEST(offences_add_up_to_the_minimum_and_not_over_the_maximum)
{
	offend("192.0.2.1", OFFENCE_AUTH_FAILURE, 2); /* 5 each */
	ck_assert_uint_eq(in_force("192.0.2.1"), 0);
	offend("192.0.2.1", OFFENCE_AUTH_FAILURE, 1);
	ck_assert_uint_eq(in_force("192.0.2.1"), 16);
	offend("192.0.2.1", OFFENCE_CRASH, 100);
	ck_assert_uint_eq(in_force("192.0.2.1"), 601);
	ck_assert_uint_eq(in_force("192.0.2.2"), 0);
}
END_TEST

START_TEST(time_wears_a_penalty_off)
{
	offend("192.0.2.1", OFFENCE_CRASH, 1);
	ck_assert_uint_eq(in_force("192.0.2.1"), 91);
	test_clock += 50000;
	/* In force until its end, also below the minimum. */
	ck_assert_uint_eq(in_force("192.0.2.1"), 41);
	test_clock += 39000;
	ck_assert_uint_eq(in_force("192.0.2.1"), 2);
	test_clock += 1000;
	ck_assert_uint_eq(in_force("192.0.2.1"), 0);
	ck_assert_uint_eq(p->count4, 0);
	/* And begins anew. */
	offend("192.0.2.1", OFFENCE_AUTH_FAILURE, 1);
	ck_assert_uint_eq(in_force("192.0.2.1"), 0);
}
END_TEST

START_TEST(a_login_that_succeeds_halves_it)
{
	struct net_address a = at("192.0.2.1");

	offend("192.0.2.1", OFFENCE_CRASH, 1);
	penalties_success(p, config, &a);
	ck_assert_uint_eq(in_force("192.0.2.1"), 46);
	for (int i = 0; i < 10; i++)
		penalties_success(p, config, &a);
	ck_assert_uint_eq(in_force("192.0.2.1"), 0);
	ck_assert_uint_eq(p->count4, 0);
}
END_TEST

START_TEST(exempt_networks_and_a_disabled_table_are_never_in_force)
{
	struct net_network network;
	struct networks list = {.items = &network, .count = 1};

	ck_assert_int_eq(net_parse_network("192.0.2.0/28", &network), 0);
	config->limits.penalties.exempt = list;
	offend("192.0.2.15", OFFENCE_CRASH, 1);
	offend("192.0.2.16", OFFENCE_CRASH, 1);
	ck_assert_uint_eq(in_force("192.0.2.15"), 0);
	ck_assert_uint_gt(in_force("192.0.2.16"), 0);
	config->limits.penalties.enabled = false;
	ck_assert_uint_eq(in_force("192.0.2.16"), 0);
	offend("192.0.2.17", OFFENCE_CRASH, 1);
	config->limits.penalties.enabled = true;
	ck_assert_uint_eq(in_force("192.0.2.17"), 0);
	config->limits.penalties.exempt = (struct networks){NULL, 0};
}
END_TEST

START_TEST(a_source_is_as_wide_as_its_prefix)
{
	offend("192.0.2.1", OFFENCE_CRASH, 1);
	ck_assert_uint_eq(in_force("192.0.2.2"), 0);
	offend("2001:db8:0:1::1", OFFENCE_CRASH, 1); /* 64 bits */
	ck_assert_uint_gt(in_force("2001:db8:0:1:ffff::2"), 0);
	ck_assert_uint_eq(in_force("2001:db8:0:2::1"), 0);
	config->limits.source.prefix4 = 24;
	config->limits.source.prefix6 = 48;
	offend("198.51.100.1", OFFENCE_CRASH, 1);
	ck_assert_uint_gt(in_force("198.51.100.200"), 0);
	ck_assert_uint_eq(in_force("198.51.101.1"), 0);
	offend("2001:db8:7:1::1", OFFENCE_CRASH, 1);
	ck_assert_uint_gt(in_force("2001:db8:7:2::1"), 0);
	ck_assert_uint_eq(in_force("2001:db8:8:1::1"), 0);
	/* A mapped address is its IPv4 address. */
	ck_assert_uint_gt(in_force("::ffff:198.51.100.9"), 0);
}
END_TEST

START_TEST(the_tables_are_bounded_each_family_for_itself)
{
	char text[NET_TEXT_MAX];

	config->limits.penalties.max_sources4 = 100;
	config->limits.penalties.max_sources6 = 10;
	config->limits.penalties.overflow_refuses = _i == 1;
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "10.0.%u.%u", i / 250, i % 250);
		offend(text, OFFENCE_CRASH, 1);
		snprintf(text, sizeof(text), "2001:db8:%x::1", i);
		offend(text, OFFENCE_CRASH, 1);
		ck_assert_uint_le(p->count4, 100);
		ck_assert_uint_le(p->count6, 10);
	}
	ck_assert_uint_eq(p->count4, 100);
	ck_assert_uint_eq(p->count6, 10);
	/* Full: a stranger is refused, or lets one be forgotten. */
	ck_assert_uint_eq(in_force("203.0.113.1"), _i == 1 ? 15 : 0);
	ck_assert_uint_eq(in_force("2001:db8:ffff::1"), _i == 1 ? 15 : 0);
	/* Penalties that have worn off make room. */
	test_clock += 91000;
	offend("203.0.113.1", OFFENCE_CRASH, 1);
	ck_assert_uint_eq(p->count4, 1);
	ck_assert_uint_gt(in_force("203.0.113.1"), 15);
}
END_TEST

START_TEST(a_penalty_is_cleared_by_network)
{
	struct net_network network;

	offend("192.0.2.1", OFFENCE_CRASH, 1);
	offend("192.0.3.1", OFFENCE_CRASH, 1);
	ck_assert_int_eq(net_parse_network("192.0.2.0/24", &network), 0);
	ck_assert_uint_eq(penalties_clear(p, &network), 1);
	ck_assert_uint_eq(in_force("192.0.2.1"), 0);
	ck_assert_uint_gt(in_force("192.0.3.1"), 0);
	ck_assert_uint_eq(penalties_clear(p, NULL), 1);
	ck_assert_uint_eq(p->count4, 0);
}
END_TEST

START_TEST(a_reload_keeps_penalties_and_refuses_what_is_cut_off)
{
	struct penalties *old = p;
	struct buf b;
	struct rd r;

	offend("192.0.2.1", OFFENCE_CRASH, 1);
	offend("192.0.2.2", OFFENCE_AUTH_FAILURE, 1);
	offend("2001:db8::1", OFFENCE_REFUSED, 2);
	buf_init(&b, 65536);
	penalties_save(old, &b, 65536);
	ck_assert_int_eq(buf_end(&b), 0);
	for (size_t cut = 0; cut <= b.len; cut++) {
		p = penalties_new();
		rd_init(&r, b.data, cut);
		ck_assert_int_eq(penalties_load(p, &r) == 0, cut == b.len);
		if (cut < b.len)
			teardown(), config = config_defaults();
	}
	config->limits.penalties.minimum = 15;
	ck_assert_uint_eq(p->count4, 2);
	ck_assert_uint_eq(p->count6, 1);
	ck_assert_uint_eq(in_force("192.0.2.1"), 91);
	ck_assert_uint_eq(in_force("192.0.2.2"), 0);
	ck_assert_uint_eq(in_force("2001:db8::1"), 21);
	(void)penalties_clear(old, NULL);
	free(old);
	buf_free(&b);
}
END_TEST

static void
three_within_a_minute(void)
{
	struct penalty_settings *s = &config->limits.penalties;

	s->failures = 3;
	s->within = 60;
	s->block = 3600;
	s->auth_failure = s->invalid_user = 0;
}

START_TEST(so_many_failures_within_a_time_block_for_a_time)
{
	struct net_address a = at("192.0.2.1");

	three_within_a_minute();
	offend("192.0.2.1", OFFENCE_AUTH_FAILURE, 1);
	offend("192.0.2.1", OFFENCE_NO_AUTH, 5); /* no failed login */
	test_clock += 29000;
	offend("192.0.2.1", OFFENCE_INVALID_USER, 1);
	ck_assert_uint_eq(in_force("192.0.2.1"), 0);
	/* A login that succeeds takes nothing back, nor shortens the block. */
	penalties_success(p, config, &a);
	test_clock += 30000;
	offend("192.0.2.1", OFFENCE_AUTH_FAILURE, 1);
	ck_assert_uint_eq(in_force("192.0.2.1"), 3601); /* over the maximum */
	penalties_success(p, config, &a);
	offend("192.0.2.1", OFFENCE_AUTH_FAILURE, 9);
	ck_assert_uint_eq(in_force("192.0.2.1"), 3601);
	test_clock += 3600000;
	ck_assert_uint_eq(in_force("192.0.2.1"), 0);
	/* It begins anew. */
	offend("192.0.2.1", OFFENCE_AUTH_FAILURE, 2);
	ck_assert_uint_eq(in_force("192.0.2.1"), 0);
	offend("192.0.2.1", OFFENCE_AUTH_FAILURE, 1);
	ck_assert_uint_eq(in_force("192.0.2.1"), 3601);
	test_clock += 3600000;
	ck_assert_uint_eq(in_force("192.0.2.1"), 0);
	sweep(p);
	ck_assert_uint_eq(p->count4, 0);
}
END_TEST

START_TEST(what_led_to_a_block_does_not_lead_to_another)
{
	three_within_a_minute();
	config->limits.penalties.block = 10;
	offend("192.0.2.1", OFFENCE_AUTH_FAILURE, 3);
	ck_assert_uint_eq(in_force("192.0.2.1"), 11);
	test_clock += 10000;
	offend("192.0.2.1", OFFENCE_AUTH_FAILURE, 2);
	ck_assert_uint_eq(in_force("192.0.2.1"), 0);
	offend("192.0.2.1", OFFENCE_AUTH_FAILURE, 1);
	ck_assert_uint_eq(in_force("192.0.2.1"), 11);
}
END_TEST

START_TEST(failures_that_are_slow_do_not_block)
{
	three_within_a_minute();
	for (int i = 0; i < 200; i++) {
		offend("192.0.2.1", OFFENCE_AUTH_FAILURE, 1);
		ck_assert_uint_eq(in_force("192.0.2.1"), 0);
		test_clock += 30000;
	}
	test_clock += 60000;
	ck_assert_uint_eq(in_force("192.0.2.1"), 0);
	ck_assert_uint_eq(p->count4, 0);
}
END_TEST

START_TEST(a_reload_keeps_what_has_been_counted)
{
	struct penalties *old = p;
	struct buf b;
	struct rd r;

	three_within_a_minute();
	offend("192.0.2.1", OFFENCE_AUTH_FAILURE, 2);
	offend("192.0.2.2", OFFENCE_AUTH_FAILURE, 3);
	buf_init(&b, 65536);
	penalties_save(old, &b, 65536);
	p = penalties_new();
	rd_init(&r, b.data, b.len);
	ck_assert_int_eq(penalties_load(p, &r), 0);
	ck_assert_uint_eq(in_force("192.0.2.1"), 0);
	ck_assert_uint_eq(in_force("192.0.2.2"), 3601);
	test_clock += 59000;
	offend("192.0.2.1", OFFENCE_AUTH_FAILURE, 1);
	ck_assert_uint_eq(in_force("192.0.2.1"), 3601);
	(void)penalties_clear(old, NULL);
	free(old);
	buf_free(&b);
}
END_TEST

/* A file of the penalties that are there, and a table without any. */
static struct buf
written(uint64_t wall)
{
	struct buf b;

	buf_init(&b, REMEMBER_MAX);
	remember_write(p, accounts, wall, &b);
	ck_assert_int_eq(buf_end(&b), 0);
	(void)penalties_clear(p, NULL);
	free(p);
	p = penalties_new();
	return b;
}

START_TEST(a_file_keeps_penalties_over_a_start_of_the_machine)
{
	struct net_address a = at("192.0.2.3");
	struct buf b;

	three_within_a_minute();
	test_clock = 5000000;
	offend("192.0.2.1", OFFENCE_AUTH_FAILURE, 2);
	offend("192.0.2.2", OFFENCE_AUTH_FAILURE, 3);
	offend("2001:db8::1", OFFENCE_CRASH, 1);
	ck_assert_int_eq(
	    penalties_impose(p, config, &a, 86400, "the administrator"), 0);
	b = written(1700000000);
	test_clock = 2000; /* another boot, 40 seconds later */
	ck_assert_int_eq(
	    remember_parse(b.data, b.len, 1700000040, p, accounts), 0);
	ck_assert_uint_eq(in_force("192.0.2.2"), 3561);
	ck_assert_uint_eq(in_force("192.0.2.3"), 86361);
	ck_assert_uint_eq(in_force("2001:db8::1"), 51);
	/* Offences below the threshold still count, for the time
	 * that was left. */
	offend("192.0.2.1", OFFENCE_AUTH_FAILURE, 1);
	ck_assert_uint_eq(in_force("192.0.2.1"), 3601);
	buf_free(&b);
}
END_TEST

START_TEST(a_file_of_long_ago_holds_nothing)
{
	struct buf b;

	three_within_a_minute();
	offend("192.0.2.1", OFFENCE_AUTH_FAILURE, 2);
	offend("192.0.2.2", OFFENCE_CRASH, 1);
	b = written(1700000000);
	test_clock = 2000;
	ck_assert_int_eq(
	    remember_parse(b.data, b.len, 1700000000 + 100, p, accounts), 0);
	ck_assert_uint_eq(in_force("192.0.2.2"), 0);
	offend("192.0.2.1", OFFENCE_AUTH_FAILURE, 1);
	ck_assert_uint_eq(in_force("192.0.2.1"), 0);
	buf_free(&b);
}
END_TEST

START_TEST(a_clock_that_went_back_lengthens_nothing)
{
	struct buf b;

	offend("192.0.2.1", OFFENCE_CRASH, 1);
	b = written(1700000000);
	test_clock += 1000;
	ck_assert_int_eq(
	    remember_parse(b.data, b.len, 1600000000, p, accounts), 0);
	ck_assert_uint_eq(in_force("192.0.2.1"), 91);
	buf_free(&b);
}
END_TEST

START_TEST(a_file_that_is_damaged_anywhere_leaves_the_table_empty)
{
	struct buf b;

	offend("192.0.2.1", OFFENCE_CRASH, 1);
	offend("2001:db8::1", OFFENCE_REFUSED, 2);
	b = written(1700000000);
	for (size_t i = 0; i < b.len; i++) {
		ck_assert_int_ne(
		    remember_parse(b.data, i, 1700000000, p, accounts), 0);
		b.data[i] ^= 1;
		ck_assert_int_ne(
		    remember_parse(b.data, b.len, 1700000000, p, accounts), 0);
		b.data[i] ^= 1;
		ck_assert_uint_eq(p->count4 + p->count6, 0);
	}
	ck_assert_int_eq(
	    remember_parse(b.data, b.len, 1700000000, p, accounts), 0);
	ck_assert_uint_eq(p->count4 + p->count6, 2);
	buf_free(&b);
}
END_TEST

START_TEST(where_there_is_little_room_those_by_hand_come_first)
{
	struct net_address a = at("192.0.2.3");
	struct penalties *old = p;
	char text[NET_TEXT_MAX];
	struct buf b;
	struct rd r;

	for (unsigned i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "10.0.0.%u", i);
		offend(text, OFFENCE_CRASH, 1);
	}
	ck_assert_int_eq(
	    penalties_impose(p, config, &a, 86400, "the administrator"), 0);
	buf_init(&b, 500 + 4);
	penalties_save(old, &b, 500);
	ck_assert_int_eq(buf_end(&b), 0);
	p = penalties_new();
	rd_init(&r, b.data, b.len);
	ck_assert_int_eq(penalties_load(p, &r), 0);
	ck_assert_int_eq(rd_end(&r), 0);
	ck_assert_uint_eq(in_force("192.0.2.3"), 86401);
	ck_assert_uint_eq(p->count4, 500 / 38);
	(void)penalties_clear(old, NULL);
	free(old);
	buf_free(&b);
}
END_TEST

TCase *
case_penalty(void)
{
	TCase *t = tcase_create("penalty");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(
	    t, each_offence_costs_what_the_configuration_says, 0, 6);
	tcase_add_test(
	    t, offences_add_up_to_the_minimum_and_not_over_the_maximum);
	tcase_add_test(t, time_wears_a_penalty_off);
	tcase_add_test(t, a_login_that_succeeds_halves_it);
	tcase_add_test(t, so_many_failures_within_a_time_block_for_a_time);
	tcase_add_test(t, what_led_to_a_block_does_not_lead_to_another);
	tcase_add_test(t, failures_that_are_slow_do_not_block);
	tcase_add_test(t, a_reload_keeps_what_has_been_counted);
	tcase_add_test(
	    t, exempt_networks_and_a_disabled_table_are_never_in_force);
	tcase_add_test(t, a_source_is_as_wide_as_its_prefix);
	tcase_add_loop_test(
	    t, the_tables_are_bounded_each_family_for_itself, 0, 2);
	tcase_add_test(t, a_penalty_is_cleared_by_network);
	tcase_add_test(t, a_file_keeps_penalties_over_a_start_of_the_machine);
	tcase_add_test(t, a_file_of_long_ago_holds_nothing);
	tcase_add_test(t, a_clock_that_went_back_lengthens_nothing);
	tcase_add_test(
	    t, a_file_that_is_damaged_anywhere_leaves_the_table_empty);
	tcase_add_test(t, where_there_is_little_room_those_by_hand_come_first);
	tcase_add_test(t, a_reload_keeps_penalties_and_refuses_what_is_cut_off);
	return t;
}
