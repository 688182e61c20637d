/*
 * Peers that send and do not read, or never finish an exchange: what is kept
 * for them is bounded (CVE-2025-26466 and its kin).
 */
#include "tests/unit/transport/rig.h"
#include "tests/unit/transport/suites.h"

#include "lib/err.h"
#include "privsep/wall_queue.h"

#include <stdlib.h>
#include <string.h>

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

/* Whatever is kept for the peer. */
static size_t
kept(void)
{
	const struct transport *t = g.w->transport;

	return region_used(&t->rx) + region_used(&t->tx) + t->held.room +
	    t->control.room + g.w->monitor.queued;
}

#define KEPT_MAX (OUT_REGION + IN_REGION + HELD_MAX)

static const uint8_t floods[] = {SSH_MSG_PING, SSH_MSG_IGNORE, SSH_MSG_DEBUG,
    SSH_MSG_UNIMPLEMENTED, SSH_MSG_GLOBAL_REQUEST, SSH_MSG_CHANNEL_OPEN, 200};

static void
build(uint8_t number, struct buf *b)
{
	buf_clear(b);
	buf_u8(b, number);
	if (number == SSH_MSG_GLOBAL_REQUEST) {
		buf_text(b, "keepalive@openssh.com");
		buf_bool(b, true);
	} else if (number == SSH_MSG_CHANNEL_OPEN) {
		buf_text(b, "session");
		buf_u32(b, 1);
		buf_u32(b, 1);
		buf_u32(b, 1);
	} else {
		buf_u32(b, 1000);
		memset(buf_add(b, 1000), 0, 1000);
	}
}

/* Send without reading a byte; returns false when the worker gave up. */
static bool
flood(uint8_t number, unsigned count)
{
	struct buf b;

	buf_init(&b, 4096);
	build(number, &b);
	for (unsigned i = 0; i < count && g.w->phase != PHASE_CLOSING; i++) {
		if (g.c.out.len < 1000000)
			client_send(&g.c, b.data, b.len);
		client_flush(&g.c);
		ck_assert_int_eq(loop_turn(g.w->loop, 0), 0);
		fake_monitor_turn(&g.monitor);
		ck_assert_uint_le(kept(), KEPT_MAX);
	}
	buf_free(&b);
	return g.w->phase != PHASE_CLOSING;
}

START_TEST(a_flood_without_reading_is_not_kept)
{
	struct rd r;
	bool answered = floods[_i] != SSH_MSG_IGNORE &&
	    floods[_i] != SSH_MSG_DEBUG && floods[_i] != SSH_MSG_UNIMPLEMENTED;

	rig_start(&g);
	rig_login(&g);
	ck_assert(flood(floods[_i], 50000));
	/* Requests that want an answer are not read while output waits. */
	if (answered)
		ck_assert_uint_eq(
		    g.w->transport->holds & HOLD_OUTPUT, HOLD_OUTPUT);
	else
		ck_assert_uint_eq(g.w->transport->holds, 0);
	/* When the peer reads at last, everything goes on. */
	for (int i = 0; i < 20000 && g.w->transport->holds != 0; i++) {
		rig_turn(&g);
		while (client_receive(&g.c) == 0)
			;
	}
	ck_assert_uint_eq(g.w->transport->holds, 0);
	while (g.c.out.len > 0) {
		rig_turn(&g);
		while (client_receive(&g.c) == 0)
			;
	}
	for (int i = 0; i < 50; i++) {
		rig_turn(&g);
		while (client_receive(&g.c) == 0)
			;
	}
	buf_string(client_start(&g.c, SSH_MSG_PING), "end", 3);
	client_finish(&g.c);
	rig_expect(&g, SSH_MSG_PONG, &r);
}
END_TEST

/* We have sent KEXINIT, the peer does not answer it but sends on. */
START_TEST(a_flood_in_an_unfinished_exchange_is_bounded)
{
	bool answered = floods[_i] != SSH_MSG_IGNORE &&
	    floods[_i] != SSH_MSG_DEBUG && floods[_i] != SSH_MSG_UNIMPLEMENTED;

	rig_start(&g);
	rig_login(&g);
	kexinit_begin(g.w->transport);
	if (answered && floods[_i] != 200)
		ck_assert(!flood(floods[_i], 80000));
	else
		ck_assert(flood(floods[_i], 20000));
	ck_assert(g.w->bye_text != NULL ||
	    loop_timer_running(&g.w->transport->ex.deadline));
}
END_TEST

START_TEST(before_the_login_nothing_is_kept_either)
{
	rig_start(&g);
	rig_hello(&g);
	rig_kex(&g);
	rig_service(&g);
	if (floods[_i] >= 80 && floods[_i] < 128)
		ck_assert(!flood(floods[_i], 10));
	else
		(void)flood(floods[_i], 20000);
}
END_TEST

/* In the clear, before any key exchange message. */
START_TEST(before_the_first_exchange_nothing_is_kept)
{
	g.c.kex = "curve25519-sha256"; /* not strict */
	rig_start(&g);
	rig_hello(&g);
	(void)flood(floods[_i], 20000);
	ck_assert_uint_le(g.w->transport->held.room, 0);
}
END_TEST

START_TEST(requests_wait_while_the_monitor_thinks)
{
	rig_start(&g);
	rig_hello(&g);
	rig_kex(&g);
	rig_service(&g);
	g.monitor.silent = true;
	for (int i = 0; i < 2000; i++) {
		rig_send_none(&g);
		ck_assert_int_eq(loop_turn(g.w->loop, 0), 0);
		fake_monitor_turn(&g.monitor);
		ck_assert_uint_le(kept(), KEPT_MAX);
	}
	ck_assert_uint_eq(g.monitor.seen[MSG_auth_none], 1);
	ck_assert_uint_eq(g.w->transport->holds, HOLD_AUTH);
}
END_TEST

/* The monitor does not read its wall: the worker keeps little, and waits. */
START_TEST(a_busy_monitor_stops_the_reading)
{
	struct wall_message m = {.type = MSG_report};
	int n = 0;

	rig_start(&g);
	rig_login(&g);
	while ((g.w->transport->holds & HOLD_WALL) == 0 && n++ < 100000)
		worker_tell(g.w, &m);
	ck_assert_uint_eq(g.w->transport->holds, HOLD_WALL);
	ck_assert_uint_gt(g.w->monitor.queued, 0);
	TELL(g.w, report, .channels = 77);
	for (int i = 0; i < 1000 && g.w->transport->holds != 0; i++)
		rig_turn(&g);
	rig_turn(&g);
	ck_assert_uint_eq(g.w->transport->holds, 0);
	ck_assert_uint_eq(g.monitor.seen[MSG_report], (unsigned)n + 1);
	rig_open_channel(&g, 1000);
}
END_TEST

START_TEST(a_stuck_monitor_is_left)
{
	struct wall_message m = {.type = MSG_report};

	rig_start(&g);
	rig_login(&g);
	for (int i = 0; i < 200000 && !g.w->ended; i++)
		worker_tell(g.w, &m);
	ck_assert(g.w->ended);
	ck_assert_uint_le(g.w->monitor.queued, WALL_QUEUE_MAX);
}
END_TEST

Suite *
suite_floods(void)
{
	Suite *s = suite_create("floods");
	TCase *t = tcase_create("floods");
	int n = (int)sizeof(floods);

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_flood_without_reading_is_not_kept, 0, n);
	tcase_add_loop_test(
	    t, a_flood_in_an_unfinished_exchange_is_bounded, 0, n);
	tcase_add_loop_test(t, before_the_login_nothing_is_kept_either, 0, n);
	tcase_add_loop_test(t, before_the_first_exchange_nothing_is_kept, 0, n);
	tcase_add_test(t, requests_wait_while_the_monitor_thinks);
	tcase_add_test(t, a_busy_monitor_stops_the_reading);
	tcase_add_test(t, a_stuck_monitor_is_left);
	suite_add_tcase(s, t);
	return s;
}
