/*
 * The loop: events, timers and tasks, and handles removed at the worst moment.
 */
#include "lib/err.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "tests/unit/ground/suites.h"

#include <sys/socket.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct loop *l;
static int order[64], calls;
static unsigned last_events;

static void
setup(void)
{
	l = loop_new();
	ck_assert_ptr_nonnull(l);
	calls = 0;
	last_events = 0;
}

static void
teardown(void)
{
	loop_free(l);
}

static void
note(void *arg)
{
	if (calls < 64)
		order[calls] = (int)(intptr_t)arg;
	calls++;
}

static void
note_fd(int fd, unsigned events, void *arg)
{
	(void)fd;
	last_events = events;
	note(arg);
}

START_TEST(interests_decide_what_is_told)
{
	struct loop_fd h = {0};
	int p[2];

	ck_assert_int_eq(pipe(p), 0);
	ck_assert_int_eq(loop_fd_add(l, &h, p[0], 0, note_fd, NULL), 0);
	ck_assert_int_eq(write(p[1], "x", 1), 1);
	loop_turn(l, 0);
	ck_assert_int_eq(calls, 0);
	loop_fd_set(&h, LOOP_READ);
	loop_turn(l, 0);
	ck_assert_int_eq(calls, 1);
	ck_assert_uint_eq(last_events, LOOP_READ);
	loop_fd_set(&h, LOOP_WRITE);
	loop_fd_set(&h, 0);
	loop_turn(l, 0);
	ck_assert_int_eq(calls, 1);
	/* A hang-up without interests does not wake; with its own it does. */
	close(p[1]);
	loop_turn(l, 0);
	ck_assert_int_eq(calls, 1);
	loop_fd_set(&h, LOOP_HANGUP);
	loop_turn(l, 0);
	ck_assert_int_eq(calls, 2);
	ck_assert_uint_eq(last_events, LOOP_HANGUP);
	loop_fd_remove(&h);
	loop_fd_remove(&h);
	loop_turn(l, 0);
	ck_assert_int_eq(calls, 2);
	close(p[0]);
}
END_TEST

START_TEST(an_own_end_that_is_shut_is_told_to_those_who_ask)
{
	struct loop_fd h = {0};
	int p[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, p), 0);
	ck_assert_int_eq(loop_fd_add(l, &h, p[0], LOOP_SHUT, note_fd, NULL), 0);
	ck_assert_int_eq(write(p[1], "x", 1), 1);
	loop_turn(l, 0);
	ck_assert_int_eq(calls, 0);
	ck_assert_int_eq(shutdown(p[0], SHUT_RD), 0);
	loop_turn(l, 0);
	ck_assert_int_eq(calls, 1);
	ck_assert_uint_eq(last_events, LOOP_SHUT);
	loop_fd_remove(&h);
	close(p[0]);
	close(p[1]);
}
END_TEST

START_TEST(a_regular_file_is_refused)
{
	struct loop_fd h = {0};
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	ck_assert_int_eq(
	    loop_fd_add(l, &h, fd, LOOP_READ, note_fd, NULL), E_UNSUPPORTED);
	ck_assert_ptr_null(h.loop);
	close(fd);
}
END_TEST

/* Two handles ready at once; whichever is called first frees both. */
static struct loop_fd *pair[2];

static void
free_both(int fd, unsigned events, void *arg)
{
	(void)fd;
	(void)events;
	for (int i = 0; i < 2; i++) {
		loop_fd_remove(pair[i]);
		free(pair[i]);
	}
	note(arg);
}

START_TEST(a_handle_freed_by_another_callback_is_not_called)
{
	int p[2][2];

	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(pipe(p[i]), 0);
		ck_assert_int_eq(write(p[i][1], "x", 1), 1);
		pair[i] = mem_zalloc(sizeof(*pair[i]));
		loop_fd_add(l, pair[i], p[i][0], LOOP_READ, free_both, NULL);
	}
	loop_turn(l, 0);
	loop_turn(l, 0);
	ck_assert_int_eq(calls, 1);
	for (int i = 0; i < 4; i++)
		close(p[i / 2][i % 2]);
}
END_TEST

static struct loop_fd other;

static void
stop_other(int fd, unsigned events, void *arg)
{
	note_fd(fd, events, arg);
	loop_fd_set(&other, 0);
}

START_TEST(an_interest_dropped_in_a_turn_holds_in_that_turn)
{
	struct loop_fd h = {0};
	int p[2], q[2];

	memset(&other, 0, sizeof(other));
	ck_assert_int_eq(pipe(p), 0);
	ck_assert_int_eq(pipe(q), 0);
	ck_assert_int_eq(write(p[1], "x", 1), 1);
	loop_fd_add(l, &h, p[0], LOOP_READ, stop_other, (void *)1);
	loop_fd_add(l, &other, q[1], LOOP_WRITE, note_fd, (void *)2);
	loop_turn(l, 0);
	ck_assert_int_ge(calls, 1);
	if (order[0] == 1)
		ck_assert_int_eq(calls, 1);
	loop_turn(l, 0);
	ck_assert_int_eq(order[calls - 1], 1);
	loop_fd_remove(&h);
	loop_fd_remove(&other);
}
END_TEST

START_TEST(timers_run_in_order_and_only_once)
{
	struct loop_timer t[20] = {0};
	static const int ms[20] = {9, 3, 14, 1, 7, 19, 0, 11, 5, 16, 2, 18, 8,
	    12, 4, 15, 6, 17, 10, 13};

	for (int i = 0; i < 20; i++)
		loop_timer_start(l, &t[i], (uint64_t)ms[i] * 2, note,
		    (void *)(intptr_t)ms[i]);
	loop_timer_stop(&t[0]); /* 9 */
	loop_timer_stop(&t[6]); /* 0, the root */
	loop_timer_stop(&t[6]);
	loop_timer_start(l, &t[3], 100, note, (void *)100); /* 1 is moved */
	ck_assert(loop_timer_running(&t[3]));
	while (calls < 18)
		ck_assert_int_eq(loop_turn(l, 1000), 0);
	for (int i = 1; i < 18; i++)
		ck_assert_int_lt(order[i - 1], order[i]);
	ck_assert_int_eq(order[0], 2);
	ck_assert_int_eq(order[17], 100);
	ck_assert(!loop_timer_running(&t[3]));
}
END_TEST

START_TEST(a_timer_is_never_early)
{
	struct loop_timer t = {0};
	uint64_t start = loop_clock();

	loop_timer_start(l, &t, 30, note, NULL);
	while (calls == 0)
		loop_turn(l, -1);
	ck_assert_uint_ge(loop_clock() - start, 30);
	ck_assert_uint_le(loop_clock() - start, 2000);
	ck_assert_uint_ge(loop_now(l), start + 30);
}
END_TEST

static struct loop_timer again;

static void
restart(void *arg)
{
	note(arg);
	loop_timer_start(l, &again, 0, restart, arg);
}

START_TEST(a_timer_that_restarts_itself_does_not_hold_the_turn)
{
	memset(&again, 0, sizeof(again));
	loop_timer_start(l, &again, 0, restart, NULL);
	loop_turn(l, 10);
	ck_assert_int_eq(calls, 1);
	loop_turn(l, 10);
	ck_assert_int_eq(calls, 2);
	loop_timer_stop(&again);
	loop_turn(l, 0);
	ck_assert_int_eq(calls, 2);
}
END_TEST

static struct loop_task a, b;

static void
defer_again(void *arg)
{
	note(arg);
	loop_defer(l, &a, note, (void *)7);
	loop_defer_cancel(&b);
}

START_TEST(tasks_run_at_the_end_of_the_turn)
{
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	loop_defer(l, &a, defer_again, (void *)1);
	loop_defer(l, &b, note, (void *)2);
	ck_assert_int_eq(calls, 0);
	loop_turn(l, -1); /* does not wait: there are tasks */
	ck_assert_int_eq(calls, 1);
	loop_turn(l, -1);
	ck_assert_int_eq(calls, 2);
	ck_assert_int_eq(order[1], 7);
	loop_turn(l, 0);
	ck_assert_int_eq(calls, 2);
	/* Twice deferred, once called; cancelled from the end of the list. */
	loop_defer(l, &a, note, (void *)1);
	loop_defer(l, &a, note, (void *)3);
	loop_defer(l, &b, note, (void *)2);
	loop_defer_cancel(&b);
	loop_defer(l, &b, note, (void *)4);
	loop_turn(l, 0);
	ck_assert_int_eq(calls, 4);
	ck_assert_int_eq(order[2], 3);
	ck_assert_int_eq(order[3], 4);
}
END_TEST

static void
stop(void *arg)
{
	(void)arg;
	loop_stop(l);
}

START_TEST(a_run_ends_when_told)
{
	struct loop_timer t = {0};

	loop_timer_start(l, &t, 5, stop, NULL);
	ck_assert_int_eq(loop_run(l), 0);
}
END_TEST

START_TEST(many_handles_come_and_go)
{
	enum { COUNT = 150 };
	static struct loop_fd h[COUNT];
	int p[COUNT][2];

	memset(h, 0, sizeof(h));
	for (int i = 0; i < COUNT; i++) {
		ck_assert_int_eq(pipe(p[i]), 0);
		ck_assert_int_eq(write(p[i][1], "x", 1), 1);
		loop_fd_add(l, &h[i], p[i][0], LOOP_READ, note_fd, NULL);
	}
	for (int i = 0; i < 3; i++) /* more than fit in one turn */
		loop_turn(l, 0);
	ck_assert_int_ge(calls, COUNT);
	for (int i = 0; i < COUNT; i++) {
		loop_fd_set(&h[i], LOOP_READ | LOOP_WRITE);
		loop_fd_remove(&h[i]); /* dirty */
		close(p[i][0]);
		close(p[i][1]);
	}
	calls = 0;
	ck_assert_int_eq(loop_turn(l, 0), 0);
	ck_assert_int_eq(calls, 0);
}
END_TEST

Suite *
suite_loop(void)
{
	Suite *s = suite_create("loop");
	TCase *t = tcase_create("loop");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, interests_decide_what_is_told);
	tcase_add_test(t, an_own_end_that_is_shut_is_told_to_those_who_ask);
	tcase_add_test(t, a_regular_file_is_refused);
	tcase_add_test(t, a_handle_freed_by_another_callback_is_not_called);
	tcase_add_test(t, an_interest_dropped_in_a_turn_holds_in_that_turn);
	tcase_add_test(t, timers_run_in_order_and_only_once);
	tcase_add_test(t, a_timer_is_never_early);
	tcase_add_test(t, a_timer_that_restarts_itself_does_not_hold_the_turn);
	tcase_add_test(t, tasks_run_at_the_end_of_the_turn);
	tcase_add_test(t, a_run_ends_when_told);
	tcase_add_test(t, many_handles_come_and_go);
	suite_add_tcase(s, t);
	return s;
}
