/*
 * Keepalives, time-outs and the report.
 */
#include "tests/unit/channel/fake.h"
#include "tests/unit/channel/suites.h"

#include <string.h>
#include <unistd.h>

START_TEST(test_a_silent_peer_is_asked_and_then_left)
{
	fake_start(&(const struct msg_opened){.window_max = 1 << 20,
	    .keepalive_interval = 1,
	    .keepalive_count = 2});
	fake.silence = 1000;
	fake_wait(1200);
	fake_expect(SSH_MSG_GLOBAL_REQUEST);
	ck_assert(!fake.disconnected);
	fake.silence = 2000;
	fake_wait(1100);
	fake_expect(SSH_MSG_GLOBAL_REQUEST);
	ck_assert(!fake.disconnected);
	fake.silence = 3000;
	fake_wait(1100);
	ck_assert(fake.disconnected);
	ck_assert_uint_eq(
	    fake.disconnect_reason, SSH_DISCONNECT_CONNECTION_LOST);
	fake_end();
}
END_TEST

START_TEST(test_any_packet_is_an_answer_to_a_keepalive)
{
	fake_start(&(const struct msg_opened){.window_max = 1 << 20,
	    .keepalive_interval = 1,
	    .keepalive_count = 1});
	fake.silence = 1000;
	fake_wait(1200);
	fake_expect(SSH_MSG_GLOBAL_REQUEST);
	ck_assert_int_eq(fake_packet(SSH_MSG_REQUEST_FAILURE, ""), 0);
	fake.silence = 100;
	fake_wait(1500);
	ck_assert(!fake.disconnected);
	fake_end();
}
END_TEST

/* Answered within the millisecond, then silent: that is no lost keepalive. */
START_TEST(test_an_idle_peer_that_answers_stays)
{
	fake_start(&(const struct msg_opened){.window_max = 1 << 20,
	    .keepalive_interval = 1,
	    .keepalive_count = 1});
	fake.heard_at = loop_now(fake.w.loop);
	for (int i = 0; i < 3; i++) {
		fake_wait(1100);
		ck_assert(!fake.disconnected);
		fake_expect(SSH_MSG_GLOBAL_REQUEST);
		ck_assert_int_eq(fake_packet(SSH_MSG_REQUEST_FAILURE, ""), 0);
		fake.heard_at = fake.w.channels->keepalive_at;
	}
	fake_end();
}
END_TEST

START_TEST(test_an_idle_connection_ends_and_a_busy_one_does_not)
{
	uint32_t id;
	char in[4];
	int far;

	fake_start(&(const struct msg_opened){
	    .window_max = 1 << 20, .idle_timeout = 1});
	id = fake_direct(1, &far);
	for (int i = 0; i < 6; i++) {
		fake_wait(300);
		ck_assert_int_eq(
		    fake_packet(SSH_MSG_CHANNEL_DATA, "us", id, "x"), 0);
		ck_assert_int_eq(read(far, in, 1), 1);
	}
	ck_assert(!fake.disconnected);
	fake_wait(1300);
	ck_assert(fake.disconnected);
	close(far);
	fake_end();
}
END_TEST

static void
expect_text(const char *text)
{
	struct rd r = fake_expect(SSH_MSG_CHANNEL_DATA);
	const uint8_t *data;
	size_t len;

	(void)rd_u32(&r);
	data = rd_string(&r, SSH_PACKET_MAX, &len);
	ck_assert_int_eq(rd_end(&r), 0);
	ck_assert_msg(memmem(data, len, text, strlen(text)) != NULL, "%.*s",
	    (int)len, (const char *)data);
}

/* Before each end, once, and again after there was activity. */
START_TEST(test_terminals_are_told_before_the_end)
{
	bool idle = _i == 0;
	const char *what = idle ? "session ends" : "channel closes";
	struct channel *c;
	uint32_t id;

	fake_start(&(const struct msg_opened){.window_max = 1 << 20,
	    .warn_before = 60,
	    .idle_timeout = idle ? 2 : 0,
	    .channel_timeouts = idle ? "" : "session:shell=2"});
	id = fake_open_session(1);
	c = channel_find(fake.w.channels, id);
	c->pty = true;
	channel_timeout_name(c, "session:shell");
	fake_wait(1300);
	expect_text(what);
	fake_wait(300);
	fake_expect_nothing();
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_DATA, "us", id, "x"), 0);
	fake_wait(700);
	fake_expect_nothing();
	fake_wait(600);
	expect_text(what);
	fake_wait(1100);
	ck_assert_int_eq(fake.disconnected, idle);
	if (!idle)
		expect_text("no traffic for 2 seconds");
	fake_end();
}
END_TEST

START_TEST(test_a_connection_without_channels_ends)
{
	uint32_t id;

	fake_start(&(const struct msg_opened){
	    .window_max = 1 << 20, .unused_timeout = 1});
	id = fake_open_session(1);
	fake_wait(1300);
	ck_assert(!fake.disconnected);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_CLOSE, "u", id), 0);
	fake_wait(500);
	ck_assert(!fake.disconnected);
	fake_wait(900);
	ck_assert(fake.disconnected);
	fake_end();
}
END_TEST

START_TEST(test_a_channel_without_traffic_is_closed)
{
	int far, other;

	fake_start(&(const struct msg_opened){.window_max = 1 << 20,
	    .channel_timeouts = "session:*=5 direct-tcpip=1 *=9"});
	(void)fake_direct(1, &far);
	fake_wait(800);
	(void)fake_direct(2, &other);
	fake_wait(500);
	fake_expect(SSH_MSG_CHANNEL_CLOSE);
	fake_expect_nothing();
	ck_assert(!fake.disconnected);
	fake_end();
}
END_TEST

static const struct {
	const char *list, *name;
	uint32_t seconds;
} timeouts[] = {
    {"", "session", 0},
    {"session=5", "session", 5},
    {"session=5", "session:shell", 0},
    {"session:*=5 session:shell=7", "session:shell", 5},
    {"session:shell=7 session:*=5", "session:shell", 7},
    {"session:subsystem:sftp=3", "session:subsystem:sftp", 3},
    {"*=9 & session*=4 & x11-connection=1", "session:shell", 4},
    {"*=3 & session*=4", "session:shell", 3},
    {"global=8", "session", 0},
    {"global=8 *=2", "global", 8},
    {"*=2", "global", 0},
    {"nonsense , =4 session", "session", 0},
};

START_TEST(test_timeouts_by_name)
{
	char list[128];
	struct channels t = {.timeouts = list};

	strcpy(list, timeouts[_i].list);
	ck_assert_uint_eq(
	    channels_timeout(&t, timeouts[_i].name), timeouts[_i].seconds);
}
END_TEST

START_TEST(test_the_monitor_is_told_of_activity_and_of_nothing_else)
{
	uint32_t id;
	char in[4];
	int far;

	fake_start_plain();
	id = fake_direct(1, &far);
	fake.w.channels->reported_at = loop_clock() - 9900;
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_DATA, "us", id, "x"), 0);
	ck_assert_int_eq(read(far, in, 1), 1);
	loop_timer_stop(&fake.w.channels->tick);
	channels_schedule(fake.w.channels);
	fake_wait(300);
	ck_assert_uint_eq(fake_asked(MSG_report)->report.channels, 1);
	/* Nothing happens: nothing is due. */
	ck_assert(!loop_timer_running(&fake.w.channels->tick));
	close(far);
	fake_end();
}
END_TEST

START_TEST(test_host_keys_are_announced_to_clients_that_open_nothing)
{
	static const uint8_t keys[] = {0, 0, 0, 1, 'k'};

	fake_start(&(const struct msg_opened){
	    .window_max = 1 << 20, .hostkeys = {keys, sizeof(keys)}});
	fake.w.phase = PHASE_USERAUTH; /* success is not out yet */
	fake_turn();
	fake_expect_nothing();
	fake.w.phase = PHASE_OPEN;
	fake_wait(1200);
	fake_expect(SSH_MSG_GLOBAL_REQUEST);
	fake_end();
}
END_TEST

Suite *
suite_alive(void)
{
	Suite *s = suite_create("alive");
	TCase *c = tcase_create("alive");

	tcase_set_timeout(c, 30);
	tcase_add_test(c, test_a_silent_peer_is_asked_and_then_left);
	tcase_add_test(c, test_any_packet_is_an_answer_to_a_keepalive);
	tcase_add_test(c, test_an_idle_peer_that_answers_stays);
	tcase_add_test(c, test_an_idle_connection_ends_and_a_busy_one_does_not);
	tcase_add_loop_test(c, test_terminals_are_told_before_the_end, 0, 2);
	tcase_add_test(c, test_a_connection_without_channels_ends);
	tcase_add_test(c, test_a_channel_without_traffic_is_closed);
	tcase_add_loop_test(c, test_timeouts_by_name, 0,
	    sizeof(timeouts) / sizeof(timeouts[0]));
	tcase_add_test(
	    c, test_the_monitor_is_told_of_activity_and_of_nothing_else);
	tcase_add_test(
	    c, test_host_keys_are_announced_to_clients_that_open_nothing);
	suite_add_tcase(s, c);
	return s;
}
