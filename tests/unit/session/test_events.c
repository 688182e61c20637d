/*
 * The relay of an SFTP child's events: it waits once for a burst, however
 * long the burst is, as the child may wait for room.
 */
#include "lib/loop.h"

/* How often it has gone to sleep for others to come. */
static unsigned waits;
#define loop_timer_start(l, t, ms, fn, arg)           \
	((ms) == EVENTS_MS ? (void)waits++ : (void)0, \
	    loop_timer_start(l, t, ms, fn, arg))
#include "daemon/session/program.c"
#undef loop_timer_start

#include "tests/unit/session/suites.h"

#define EVENTS 200 /* a socket's queue holds them */

static struct session session;
static struct wall monitor;
static unsigned told;

static void
on_told(int fd, unsigned events, void *arg)
{
	struct wall_message m;

	(void)fd;
	(void)events;
	(void)arg;
	while (wall_receive(&monitor, &m) == 0) {
		ck_assert_int_eq(m.type, MSG_file_event);
		ck_assert_uint_eq(m.file_event.mode, told);
		wall_done(&monitor, &m);
		told++;
	}
	if (told == EVENTS)
		loop_stop(session.loop);
}

static void
on_late(void *arg)
{
	(void)arg;
	loop_stop(session.loop);
}

START_TEST(a_burst_of_file_events_is_waited_for_once)
{
	struct program p = {.s = &session, .events_handle.loop = NULL};
	struct loop_fd reader = {.loop = NULL};
	struct loop_timer late = {.loop = NULL};
	struct wall child;
	int fds[2], up[2];

	session.loop = loop_new();
	ck_assert_int_eq(wall_pair(up), 0);
	wall_init(&session.monitor, up[0], PATH_SESSION_MONITOR,
	    PATH_MONITOR_SESSION);
	wall_init(&monitor, up[1], PATH_MONITOR_SESSION, PATH_SESSION_MONITOR);
	ck_assert_int_eq(fcntl(up[1], F_SETFL, O_NONBLOCK), 0);
	ck_assert_int_eq(
	    loop_fd_add(session.loop, &reader, up[1], LOOP_READ, on_told, NULL),
	    0);
	ck_assert_int_eq(wall_pair(fds), 0);
	ck_assert_int_eq(watch_events(&p, fds[0]), 0);
	wall_init(&child, fds[1], PATH_SESSION_MONITOR, PATH_SESSION_MONITOR);
	for (uint32_t i = 0; i < EVENTS; i++)
		ck_assert_int_eq(WALL_SEND(&child, file_event, .kind = 1,
				     .path = "a", .target = "", .mode = i),
		    0);
	loop_timer_start(session.loop, &late, 20000, on_late, NULL);
	ck_assert_int_eq(loop_run(session.loop), 0);
	ck_assert_uint_eq(told, EVENTS);
	ck_assert_uint_eq(waits, 1);
	loop_timer_stop(&late);
	end_events(&p);
	loop_fd_remove(&reader);
	wall_free(&child);
	wall_free(&monitor);
	wall_free(&session.monitor);
	loop_free(session.loop);
}
END_TEST

Suite *
suite_events(void)
{
	Suite *s = suite_create("events of an SFTP child");
	TCase *c = tcase_create("relay");

	tcase_set_timeout(c, 30);
	tcase_add_test(c, a_burst_of_file_events_is_waited_for_once);
	suite_add_tcase(s, c);
	return s;
}
