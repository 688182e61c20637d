/*
 * Tests of the queue of a wall whose socket is full: order, bounds, descriptors
 * in flight, the deadline, and the interest in the loop.
 */
#include "tests/unit/privsep/sample.h"
#include "tests/unit/privsep/suites.h"

#include "lib/err.h"
#include "lib/loop.h"
#include "privsep/wall_queue.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct wall here, there;

static void
open_walls(void)
{
	int ends[2];

	ck_assert_int_eq(wall_pair(ends), 0);
	wall_init(&here, ends[0], PATH_SESSION_WORKER, PATH_SESSION_WORKER);
	wall_init(&there, ends[1], PATH_SESSION_WORKER, PATH_SESSION_WORKER);
	ck_assert_int_eq(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
}

static void
close_walls(void)
{
	wall_free(&here);
	wall_free(&there);
}

static int
tell(uint32_t channel)
{
	return WALL_SEND(&here, running, .channel = channel);
}

/* Until something waits: the number of the first that does. */
static uint32_t
fill(void)
{
	uint32_t n = 0;

	while (!wall_queue_waiting(&here))
		ck_assert_int_eq(tell(n++), 0);
	return n;
}

static uint32_t
read_some(uint32_t next, uint32_t count)
{
	struct wall_message m;

	for (; count > 0; count--) {
		if (wall_receive(&there, &m) == E_AGAIN)
			break;
		ck_assert_int_eq(m.type, MSG_running);
		ck_assert_uint_eq(m.running.channel, next++);
		wall_done(&there, &m);
	}
	return next;
}

static unsigned
open_fds(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

START_TEST(a_full_socket_neither_blocks_nor_loses_nor_reorders)
{
	uint32_t sent, got = 0;

	open_walls();
	alarm(20); /* blocking would end the test; the sender's end blocks */
	sent = fill();
	while (sent < 3000) {
		ck_assert_int_eq(tell(sent++), 0);
		if (sent % 100 == 0)
			got = read_some(got, 30);
		if (sent % 150 == 0)
			ck_assert_int_eq(wall_queue_flush(&here), 0);
	}
	while (got < sent) {
		got = read_some(got, 500);
		ck_assert_int_eq(wall_queue_flush(&here), 0);
	}
	ck_assert(!wall_queue_waiting(&here));
	ck_assert_uint_eq(here.queued, 0);
	alarm(0);
	close_walls();
}
END_TEST

START_TEST(it_is_full_before_it_refuses_and_what_is_refused_is_not_sent)
{
	uint32_t sent, got = 0;
	bool was_full = false;

	open_walls();
	sent = fill();
	ck_assert(!wall_queue_full(&here));
	while (tell(sent) == 0) {
		was_full = was_full || wall_queue_full(&here);
		sent++;
		ck_assert_uint_le(here.queued, WALL_QUEUE_MAX);
		ck_assert(
		    here.queued < WALL_QUEUE_FULL || wall_queue_full(&here));
	}
	ck_assert(was_full);
	ck_assert_int_eq(tell(sent), E_LIMIT);
	while (got < sent) {
		got = read_some(got, 500);
		ck_assert_int_eq(wall_queue_flush(&here), 0);
	}
	ck_assert_uint_eq(read_some(got, 1), got);
	ck_assert_int_eq(tell(sent), 0);
	close_walls();
}
END_TEST

static bool
same_file(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev &&
	    x.st_ino == y.st_ino;
}

/* The sender closes its own at once, as it does after each send. */
START_TEST(descriptors_wait_with_their_message_and_none_is_left)
{
	unsigned before = open_fds();
	int pipes[WALL_QUEUE_FULL_FDS][2];
	struct wall_message m;
	uint32_t first;

	open_walls();
	first = fill();
	for (unsigned i = 0; i < WALL_QUEUE_FULL_FDS; i++) {
		int copy;

		ck_assert(!wall_queue_full(&here));
		ck_assert_int_eq(pipe2(pipes[i], O_CLOEXEC), 0);
		copy = dup(pipes[i][0]);
		ck_assert_int_eq(
		    WALL_SEND_FD(&here, copy, stream, .channel = i), 0);
		close(copy);
	}
	ck_assert(wall_queue_full(&here));
	read_some(0, first);
	for (unsigned i = 0; i < WALL_QUEUE_FULL_FDS; i++) {
		ck_assert_int_eq(wall_queue_flush(&here), 0);
		ck_assert_int_eq(wall_receive(&there, &m), 0);
		if (m.type != MSG_stream) { /* the last of fill() */
			i--;
			wall_done(&there, &m);
			continue;
		}
		ck_assert_uint_eq(m.stream.channel, i);
		ck_assert(same_file(m.fds[0], pipes[i][0]));
		wall_done(&there, &m);
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
	ck_assert_uint_eq(here.queued_fds, 0);
	close_walls();
	ck_assert_uint_eq(open_fds(), before);
}
END_TEST

START_TEST(descriptors_of_messages_never_sent_are_closed)
{
	unsigned before = open_fds();

	open_walls();
	fill();
	while (WALL_SEND_FD(&here, 0, stream, .channel = 1) == 0)
		ck_assert_uint_le(here.queued_fds, WALL_QUEUE_MAX_FDS);
	ck_assert_uint_eq(here.queued_fds, WALL_QUEUE_MAX_FDS);
	close_walls();
	ck_assert_uint_eq(open_fds(), before);
}
END_TEST

START_TEST(the_deadline_runs_from_the_last_progress)
{
	uint64_t now, first;
	uint32_t sent;

	open_walls();
	ck_assert(wall_queue_deadline(&here) == UINT64_MAX);
	sent = fill();
	now = loop_clock();
	first = wall_queue_deadline(&here);
	ck_assert(first <= now + WALL_PATIENCE_MS);
	ck_assert(first + 2000 > now + WALL_PATIENCE_MS);
	(void)poll(NULL, 0, 20);
	/* Neither more to send nor a vain try is progress. */
	ck_assert_int_eq(tell(sent), 0);
	ck_assert_int_eq(wall_queue_flush(&here), 0);
	ck_assert(wall_queue_deadline(&here) == first);
	for (unsigned i = 0; i < 50; i++)
		ck_assert_int_eq(tell(sent + 1 + i), 0);
	read_some(0, 5);
	ck_assert_int_eq(wall_queue_flush(&here), 0);
	ck_assert(wall_queue_waiting(&here));
	ck_assert(wall_queue_deadline(&here) >= first + 20);
	read_some(5, sent);
	ck_assert_int_eq(wall_queue_flush(&here), 0);
	ck_assert(wall_queue_deadline(&here) == UINT64_MAX);
	close_walls();
}
END_TEST

START_TEST(draining_is_bounded)
{
	uint32_t sent;

	open_walls();
	ck_assert_int_eq(wall_queue_drain(&here, 0), 0);
	sent = fill();
	ck_assert_int_eq(wall_queue_drain(&here, 30), E_AGAIN);
	ck_assert(wall_queue_waiting(&here));
	read_some(0, sent);
	ck_assert_int_eq(wall_queue_drain(&here, 10000), 0);
	wall_free(&there);
	ck_assert_int_eq(tell(0), E_CLOSED);
	close_walls();
}
END_TEST

START_TEST(nothing_waits_for_a_peer_that_has_gone)
{
	open_walls();
	fill();
	wall_free(&there);
	ck_assert_int_eq(wall_queue_flush(&here), E_CLOSED);
	ck_assert(!wall_queue_waiting(&here));
	ck_assert_int_eq(wall_queue_drain(&here, -1), 0);
	close_walls();
}
END_TEST

static unsigned told;

static void
on_event(int fd, unsigned events, void *arg)
{
	(void)fd;
	(void)arg;
	told |= events;
	if ((events & LOOP_WRITE) != 0)
		ck_assert_int_eq(wall_queue_flush(&here), 0);
}

START_TEST(the_loop_tells_of_room_only_while_something_waits)
{
	struct loop *loop = loop_new();
	struct loop_fd handle = {0};
	uint32_t sent, got = 0;

	open_walls();
	ck_assert_int_eq(
	    loop_fd_add(loop, &handle, here.fd, LOOP_READ, on_event, NULL), 0);
	wall_queue_watch(&here, &handle);
	ck_assert_uint_eq(handle.wanted, LOOP_READ);
	sent = fill();
	ck_assert_uint_eq(handle.wanted, LOOP_READ | LOOP_WRITE);
	wall_queue_read(&here, false);
	ck_assert_uint_eq(handle.wanted, LOOP_WRITE);
	while (got < sent) {
		got = read_some(got, 50);
		ck_assert_int_eq(loop_turn(loop, 0), 0);
	}
	ck_assert_uint_eq(told, LOOP_WRITE);
	ck_assert_uint_eq(handle.wanted, 0);
	wall_queue_read(&here, true);
	ck_assert_uint_eq(handle.wanted, LOOP_READ);
	loop_fd_remove(&handle);
	close_walls();
	loop_free(loop);
}
END_TEST

Suite *
suite_wall_queue(void)
{
	Suite *s = suite_create("wall_queue");
	TCase *t = tcase_create("wall_queue");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_full_socket_neither_blocks_nor_loses_nor_reorders);
	tcase_add_test(
	    t, it_is_full_before_it_refuses_and_what_is_refused_is_not_sent);
	tcase_add_test(t, descriptors_wait_with_their_message_and_none_is_left);
	tcase_add_test(t, descriptors_of_messages_never_sent_are_closed);
	tcase_add_test(t, the_deadline_runs_from_the_last_progress);
	tcase_add_test(t, draining_is_bounded);
	tcase_add_test(t, nothing_waits_for_a_peer_that_has_gone);
	tcase_add_test(t, the_loop_tells_of_room_only_while_something_waits);
	suite_add_tcase(s, t);
	return s;
}
