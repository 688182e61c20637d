/*
 * Tests of judging.c: a round tells each open connection once, whatever comes
 * and goes while it is under way.
 */
#include "daemon/master/judging.h"

static unsigned signals;

/* The rig's monitors are no processes. */
#define spawn_signal(pidfd, number) ((void)(pidfd), (void)(number), signals++)
#include "daemon/master/judging.c"
#undef spawn_signal

#include "tests/unit/master/rig.h"
#include "tests/unit/master/suites.h"

#define MANY 100

static void
log_in(struct connection *c)
{
	rig.g->slots[c->slot].since = 1;
}

/* Accepted so many ms ago, at its login. */
static struct connection *
arrives(uint64_t ms)
{
	struct connection *c = rig_connection("192.0.2.1", ms);

	close(c->client);
	c->client = -1;
	c->monitor_pidfd = dup(rig.keyholder);
	return c;
}

static struct connection *
opens(uint64_t ms)
{
	struct connection *c = arrives(ms);

	log_in(c);
	return c;
}

static bool
is_told(const struct connection *c)
{
	return rig.g->slots[c->slot].recheck_number == rig.m.recheck.round;
}

static unsigned
count_told(void)
{
	unsigned told = 0;

	for (struct connection *c = rig.m.connections; c != NULL; c = c->next)
		told += is_told(c);
	return told;
}

static void
begin(void)
{
	signals = 0;
	ck_assert_uint_ne(
	    judging_begin(&rig.m, RECHECK_ADMINISTRATOR, NULL), 0);
}

/* One turn of the timer. */
static bool
step(void)
{
	loop_timer_stop(&rig.m.recheck.pace);
	go_on(&rig.m);
	return loop_timer_running(&rig.m.recheck.pace);
}

static void
finish(void)
{
	for (unsigned i = 0; step(); i++)
		ck_assert_uint_lt(i, 2 * MANY);
}

static void
forget(struct connection *c)
{
	connection_forget(&rig.m, c);
	sweep_turn(&rig.m);
}

START_TEST(each_open_connection_is_told_once_in_each_round)
{
	for (unsigned i = 0; i < MANY; i++)
		opens(1000);
	for (unsigned round = 0; round < 3; round++) {
		begin();
		ck_assert_uint_eq(signals, PACE_MOST);
		finish();
		ck_assert_uint_eq(signals, MANY);
		ck_assert_uint_eq(count_told(), MANY);
	}
}
END_TEST

/* The one where the walk goes on, the one behind it, the last, and one that
 * was told. */
START_TEST(connections_that_go_meanwhile_hide_no_other)
{
	struct connection *next, *first = opens(1000);

	for (unsigned i = 1; i < MANY; i++)
		opens(1000);
	begin();
	next = rig.m.recheck.next;
	ck_assert_ptr_nonnull(next);
	forget(next);
	ck_assert_ptr_ne(rig.m.recheck.next, next);
	forget(rig.m.recheck.next->next);
	forget(first);
	forget(rig.m.connections);
	finish();
	ck_assert_uint_eq(count_told(), MANY - 4);
	ck_assert_uint_eq(signals, MANY - 3);
}
END_TEST

START_TEST(a_walk_whose_last_connection_goes_is_not_lost)
{
	struct connection *last = opens(1000);

	for (unsigned i = 0; i < PACE_MOST; i++)
		opens(1000);
	begin();
	ck_assert_ptr_eq(rig.m.recheck.next, last);
	forget(last);
	finish();
	ck_assert_uint_eq(signals, PACE_MOST);
	ck_assert_uint_eq(count_told(), PACE_MOST);
}
END_TEST

START_TEST(a_login_that_ends_behind_the_walk_is_told_too)
{
	struct connection *c;

	for (unsigned i = 0; i < MANY; i++)
		opens(1000);
	c = arrives(1000); /* the first of the list */
	begin();
	ck_assert(!is_told(c));
	log_in(c);
	finish();
	ck_assert(is_told(c));
	ck_assert_uint_eq(signals, MANY + 1);
}
END_TEST

START_TEST(a_login_that_ends_after_the_round_is_told_when_it_asks)
{
	struct connection *c = arrives(1000);
	struct slot asks;

	begin();
	finish();
	log_in(c);
	asks = rig.g->slots[c->slot];
	judging_one(&rig.m, c, &asks);
	ck_assert(is_told(c));
	judging_one(&rig.m, c, &asks);
	ck_assert_uint_eq(signals, 1);
}
END_TEST

START_TEST(a_round_ends_while_new_logins_go_on)
{
	struct judging_count count;

	for (unsigned i = 0; i < MANY; i++)
		opens(1000);
	begin();
	for (unsigned i = 0; i < MANY && step(); i++)
		opens(0)->accepted_at = rig.m.recheck.began + 1;
	ck_assert(!loop_timer_running(&rig.m.recheck.pace));
	ck_assert_uint_eq(signals, MANY);
	judging_count(&rig.m, &count);
	ck_assert_uint_eq(count.asked, MANY);
	ck_assert_uint_eq(count.waiting, MANY);
}
END_TEST

START_TEST(a_round_that_begins_again_tells_all)
{
	for (unsigned i = 0; i < MANY; i++)
		opens(1000);
	begin();
	ck_assert(step());
	begin();
	finish();
	ck_assert_uint_eq(signals, MANY);
	ck_assert_uint_eq(count_told(), MANY);
}
END_TEST

static void
start(void)
{
	rig_start();
	rig.m.current = rig.g;
}

TCase *
case_judging(void)
{
	TCase *t = tcase_create("judging");

	tcase_add_checked_fixture(t, start, rig_stop);
	tcase_add_test(t, each_open_connection_is_told_once_in_each_round);
	tcase_add_test(t, connections_that_go_meanwhile_hide_no_other);
	tcase_add_test(t, a_walk_whose_last_connection_goes_is_not_lost);
	tcase_add_test(t, a_login_that_ends_behind_the_walk_is_told_too);
	tcase_add_test(
	    t, a_login_that_ends_after_the_round_is_told_when_it_asks);
	tcase_add_test(t, a_round_ends_while_new_logins_go_on);
	tcase_add_test(t, a_round_that_begins_again_tells_all);
	return t;
}
