/*
 * Every message number in every phase; disconnects; the end.
 */
#include "config.h"

#include "daemon/worker/phases.h"
#include "tests/unit/transport/rig.h"
#include "tests/unit/transport/suites.h"

#include "lib/err.h"

#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef SANITIZED /* whose every fork is dear: one of so many */
#define EVERY 11
#else
#define EVERY 1
#endif

static struct rig g;

static void
setup(void)
{
	rig_init(&g);
}

static void
teardown(void)
{
	rig_free(&g);
}

/* Bring the connection to a phase. */
static void
reach(enum phase phase)
{
	struct rd r;

	rig_start(&g);
	if (phase == PHASE_OPEN) {
		rig_login(&g);
		return;
	}
	rig_hello(&g);
	if (phase == PHASE_KEX) {
		rig_expect(&g, SSH_MSG_KEXINIT, &r);
		return;
	}
	rig_kex(&g);
	if (phase == PHASE_USERAUTH)
		rig_service(&g);
}

static bool
has_handler(int i)
{
	packet_handler *h =
	    phases_handler((enum phase)(i / 256), (uint8_t)(i % 256));

	return h != transport_unknown && h != phases_refuse;
}

/*
 * _i: phase * 256 + number.  A number without a handler is answered
 * UNIMPLEMENTED with its sequence number; a handler that refuses ends the
 * connection; and nothing makes the worker silent for good.
 */
START_TEST(every_number_is_handled_or_answered_in_every_phase)
{
	enum phase phase = (enum phase)(_i / 256);
	uint8_t number = (uint8_t)(_i % 256);
	packet_handler *handler = phases_handler(phase, number);
	uint32_t seq;
	struct rd r;

	ck_assert_ptr_nonnull(handler);
	reach(phase);
	seq = g.w->transport->from.seq;
	client_number(&g.c, number);
	if (handler == phases_refuse) {
		rig_expect_disconnect(&g, SSH_DISCONNECT_PROTOCOL_ERROR);
		return;
	}
	rig_expect(&g, SSH_MSG_UNIMPLEMENTED, &r);
	ck_assert_uint_eq(rd_u32(&r), seq);
	ck_assert_int_eq(rd_end(&r), 0);
}
END_TEST

/* An empty packet of each handled number: an error or nothing, no crash. */
START_TEST(empty_packets_do_no_harm)
{
	enum phase phase = (enum phase)(_i / 256);
	uint8_t number = (uint8_t)(_i % 256);

	reach(phase);
	client_number(&g.c, number);
	for (int i = 0; i < 20; i++)
		rig_turn(&g);
	ck_assert_uint_le(g.monitor.seen[MSG_bye], 1);
}
END_TEST

START_TEST(userauth_messages_after_success_are_passed_over)
{
	reach(PHASE_OPEN);
	rig_send_none(&g);
	client_number(&g.c, 61);
	rig_nothing(&g);
	ck_assert_uint_eq(g.monitor.seen[MSG_auth_none], 1);
}
END_TEST

START_TEST(the_peers_disconnect_is_told)
{
	struct buf *b;

	reach((enum phase)_i);
	b = client_start(&g.c, SSH_MSG_DISCONNECT);
	buf_u32(b, SSH_DISCONNECT_BY_APPLICATION);
	buf_text(b, "good\nbye");
	buf_text(b, "");
	client_finish(&g.c);
	rig_until_ended(&g);
	ck_assert_uint_eq(g.monitor.cause, BYE_PEER_DISCONNECTED);
	ck_assert_uint_eq(g.monitor.reason, SSH_DISCONNECT_BY_APPLICATION);
	ck_assert_uint_eq(g.monitor.seen[MSG_bye], 1);
}
END_TEST

START_TEST(the_monitors_disconnect_is_sent)
{
	reach((enum phase)_i);
	ck_assert_int_eq(WALL_SEND(&g.monitor.wall, disconnect,
			     .reason = SSH_DISCONNECT_BY_APPLICATION,
			     .text = "closing time"),
	    0);
	rig_expect_disconnect(&g, SSH_DISCONNECT_BY_APPLICATION);
	ck_assert_uint_eq(g.monitor.cause, BYE_ORDERED);
}
END_TEST

START_TEST(a_lost_monitor_ends_the_connection)
{
	struct rd r;

	reach((enum phase)_i);
	wall_free(&g.monitor.wall);
	g.monitor.closed = true;
	rig_expect(&g, SSH_MSG_DISCONNECT, &r);
	rig_until_ended(&g);
}
END_TEST

START_TEST(a_lost_client_ends_the_connection)
{
	reach((enum phase)_i);
	close(g.c.fd);
	g.c.fd = -1;
	rig_until_ended(&g);
	ck_assert_uint_eq(g.monitor.cause, BYE_PEER_CLOSED);
	ck_assert_uint_eq(g.monitor.seen[MSG_bye], 1);
}
END_TEST

START_TEST(a_message_out_of_place_is_our_own_sides_fault)
{
	reach(PHASE_USERAUTH);
	ck_assert_int_eq(WALL_SEND(&g.monitor.wall, kex_done,
			     .session_id = {(const uint8_t *)"x", 1}),
	    0);
	rig_until_ended(&g);
}
END_TEST

START_TEST(a_bad_service_is_refused)
{
	reach(PHASE_SERVICE);
	buf_text(client_start(&g.c, SSH_MSG_SERVICE_REQUEST), "ssh-connection");
	client_finish(&g.c);
	rig_expect_disconnect(&g, SSH_DISCONNECT_SERVICE_NOT_AVAILABLE);
}
END_TEST

/* -i: two pipes instead of a socket. */
START_TEST(pipes_serve_as_well)
{
	int up[2], down[2], wall[2], net[2];
	struct rd r;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, net), 0);
	ck_assert_int_eq(pipe(up), 0);
	ck_assert_int_eq(pipe(down), 0);
	ck_assert_int_eq(wall_pair(wall), 0);
	fake_monitor_init(&g.monitor, wall[1], g.key);
	g.w = worker_new(up[0], down[1], wall[0], &g.settings, NULL);
	ck_assert_ptr_nonnull(g.w);
	ck_assert_int_eq(loop_turn(g.w->loop, 0), 0);
	/* The client reads from one and writes to the other. */
	g.c.fd = net[0];
	{
		uint8_t bytes[4096];
		ssize_t n = read(down[0], bytes, sizeof(bytes));

		ck_assert_int_gt(n, 0);
		ck_assert_int_eq(write(net[1], bytes, (size_t)n), n);
		client_read(&g.c);
		ck_assert(client_hello(&g.c));
	}
	ck_assert_int_eq(write(up[1], "SSH-2.0-x\r\n", 11), 11);
	rig_expect(&g, SSH_MSG_KEXINIT, &r);
	close(up[1]);
	for (int i = 0; i < 100 && !g.monitor.seen[MSG_bye]; i++)
		rig_turn(&g);
	ck_assert_uint_eq(g.monitor.cause, BYE_FINISHED);
	ck_assert_str_eq(g.monitor.client_version, "SSH-2.0-x");
	close(down[0]);
	close(net[1]);
}
END_TEST

Suite *
suite_phases(void)
{
	Suite *s = suite_create("phases");
	TCase *t = tcase_create("phases");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	for (int i = 0; i < 4 * 256; i++) {
		if (has_handler(i))
			tcase_add_loop_test(
			    t, empty_packets_do_no_harm, i, i + 1);
		else if (i % EVERY == 0)
			tcase_add_loop_test(t,
			    every_number_is_handled_or_answered_in_every_phase,
			    i, i + 1);
	}
	tcase_add_test(t, userauth_messages_after_success_are_passed_over);
	tcase_add_loop_test(t, the_peers_disconnect_is_told, 0, 4);
	tcase_add_loop_test(t, the_monitors_disconnect_is_sent, 0, 4);
	tcase_add_loop_test(t, a_lost_monitor_ends_the_connection, 0, 4);
	tcase_add_loop_test(t, a_lost_client_ends_the_connection, 0, 4);
	tcase_add_test(t, a_message_out_of_place_is_our_own_sides_fault);
	tcase_add_test(t, a_bad_service_is_refused);
	tcase_add_test(t, pipes_serve_as_well);
	suite_add_tcase(s, t);
	return s;
}
