/*
 * Session channels: requests, and answers in their order.
 */
#include "tests/unit/channel/fake.h"
#include "tests/unit/channel/suites.h"

#include "lib/err.h"

#include <pty.h>
#include <termios.h>
#include <unistd.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

START_TEST(test_answers_leave_in_the_order_of_the_requests)
{
	uint32_t id;

	fake_start_plain();
	id = fake_open_session(1);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_REQUEST, "usbss", id,
			     "env", 1, "LANG", "C"),
	    0);
	/* Known to fail at once; the answer waits for its turn. */
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_REQUEST, "usb", id,
			     "no-such-request", 1),
	    0);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_REQUEST, "usbss", id,
			     "env", 1, "LC_ALL", "C"),
	    0);
	fake_asked(MSG_env);
	fake_asked(MSG_env);
	fake_expect_nothing();
	fake_granted(id);
	fake_expect(SSH_MSG_CHANNEL_SUCCESS);
	fake_expect(SSH_MSG_CHANNEL_FAILURE);
	fake_expect_nothing();
	fake_refused(id, 0, "");
	fake_expect(SSH_MSG_CHANNEL_FAILURE);
	fake_expect_nothing();
	fake_end();
}
END_TEST

START_TEST(test_a_request_without_reply_gets_none)
{
	uint32_t id;

	fake_start_plain();
	id = fake_open_session(1);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_REQUEST, "usbss", id,
			     "env", 0, "LANG", "C"),
	    0);
	fake_asked(MSG_env);
	fake_granted(id);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_REQUEST, "usb", id,
			     "no-such-request", 0),
	    0);
	fake_expect_nothing();
	fake_end();
}
END_TEST

START_TEST(test_only_one_program_runs_on_a_channel)
{
	uint32_t id;

	fake_start_plain();
	id = fake_open_session(1);
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_REQUEST, "usb", id, "shell", 1), 0);
	ck_assert_uint_eq(fake_asked(MSG_start)->start.kind, START_SHELL);
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_REQUEST, "usbs", id, "exec", 1, "id"),
	    0);
	fake_asked_nothing();
	fake_granted(id);
	fake_expect(SSH_MSG_CHANNEL_SUCCESS);
	fake_expect(SSH_MSG_CHANNEL_FAILURE);
	fake_end();
}
END_TEST

START_TEST(test_a_refused_start_says_why_before_the_failure)
{
	uint32_t id;
	struct rd r;

	fake_start_plain();
	id = fake_open_session(1);
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_REQUEST, "usb", id, "shell", 1), 0);
	fake_asked(MSG_start);
	fake_refused(id, 0, "not today");
	r = fake_expect(SSH_MSG_CHANNEL_EXTENDED_DATA);
	ck_assert_ptr_nonnull(memmem(r.data, r.len, "not today", 9));
	fake_expect(SSH_MSG_CHANNEL_FAILURE);
	fake_end();
}
END_TEST

START_TEST(test_signals_go_to_the_monitor_while_a_program_runs)
{
	int program[3];
	uint32_t id;

	fake_start_plain();
	id = fake_open_session(4);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_REQUEST, "usbs", id,
			     "signal", 0, "TERM"),
	    0);
	fake_asked_nothing();
	fake_exec(id, program);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_REQUEST, "usbs", id,
			     "signal", 0, "TERM"),
	    0);
	ck_assert_str_eq(fake_asked(MSG_signal)->signal.name, "TERM");
	fake_end();
}
END_TEST

START_TEST(test_descriptors_nobody_waits_for_are_closed)
{
	int fds[2];
	uint32_t id;
	char byte;
	struct wall_message m = {.type = MSG_pipes};

	fake_start_plain();
	fake_session();
	id = fake_open_session(4);
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	m.pipes.channel = id; /* no program was asked for */
	m.fds[0] = m.fds[1] = m.fds[2] = fds[1];
	ck_assert_int_eq(wall_send(&fake.session, &m), 0);
	ck_assert_int_eq(
	    WALL_SEND_FD(&fake.session, fds[1], stream, .channel = id), 0);
	ck_assert_int_eq(
	    WALL_SEND_FD(&fake.session, fds[1], stream, .channel = 12345), 0);
	close(fds[1]);
	fake_turn();
	ck_assert_int_eq(read(fds[0], &byte, 1), 0);
	close(fds[0]);
	fake_end();
}
END_TEST

static const struct {
	uint8_t number;
	const char *fields;
} nonsense[] = {
    {SSH_MSG_CHANNEL_DATA, "us"},
    {SSH_MSG_CHANNEL_EOF, "u"},
    {SSH_MSG_CHANNEL_CLOSE, "u"},
    {SSH_MSG_CHANNEL_REQUEST, "usb"},
    {SSH_MSG_CHANNEL_SUCCESS, "u"},
};

START_TEST(test_a_window_for_no_channel_is_ignored)
{
	fake_start_plain();
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_WINDOW_ADJUST, "uu", 5u, 1000u), 0);
	fake_expect_nothing();
	fake_end();
}
END_TEST

START_TEST(test_packets_for_no_channel_are_protocol_errors)
{
	fake_start_plain();
	ck_assert_int_ne(
	    fake_packet(nonsense[_i].number, nonsense[_i].fields, 5u, "x", 1),
	    0);
	/* A channel the monitor has not decided on is none yet. */
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_OPEN, "suuu", "session",
			     0u, 1000u, 32768u),
	    0);
	ck_assert_int_ne(
	    fake_packet(nonsense[_i].number, nonsense[_i].fields, 0u, "x", 1),
	    0);
	fake_end();
}
END_TEST

START_TEST(test_every_cut_of_a_request_is_an_error_and_asks_nothing)
{
	struct buf b;
	struct rd r;
	uint32_t id;

	fake_start_plain();
	id = fake_open_session(4);
	buf_init(&b, 1024);
	buf_u32(&b, id);
	buf_text(&b, "pty-req");
	buf_bool(&b, true);
	buf_text(&b, "xterm");
	for (int i = 0; i < 4; i++)
		buf_u32(&b, 80);
	buf_text(&b, "modes");
	for (size_t len = 0; len < b.len; len++) {
		rd_init(&r, b.data, len);
		ck_assert_int_ne(channel_request(&fake.w, &r), 0);
	}
	fake_asked_nothing();
	rd_init(&r, b.data, b.len);
	ck_assert_int_eq(channel_request(&fake.w, &r), 0);
	fake_asked(MSG_pty);
	buf_free(&b);
	fake_end();
}
END_TEST

START_TEST(test_texts_that_are_too_long_or_odd_are_refused_here)
{
	static char longer[SSH_EXEC_STRING_MAX + 2];
	uint32_t id;

	memset(longer, 'a', sizeof(longer) - 1);
	fake_start_plain();
	id = fake_open_session(4);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_REQUEST, "usbss", id,
			     "env", 1, longer, "x"),
	    0);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_REQUEST, "usbss", id,
			     "env", 1, "x", longer),
	    0);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_REQUEST, "usbS", id,
			     "exec", 1, "a\0b", (size_t)3),
	    0);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_REQUEST, "usbbssu", id,
			     "x11-req", 1, 0, "MIT", "00", 5000u),
	    0);
	fake_expect(SSH_MSG_CHANNEL_FAILURE);
	/* Only what execve(2) refuses as well is said on standard error. */
	fake_expect(SSH_MSG_CHANNEL_EXTENDED_DATA);
	for (int i = 0; i < 3; i++)
		fake_expect(SSH_MSG_CHANNEL_FAILURE);
	fake_expect_nothing();
	fake_asked_nothing();
	fake_end();
}
END_TEST

/* execve(2) takes 128 KiB a string: what it takes is asked, the rest is said.
 */
START_TEST(test_a_string_of_execves_size_is_asked_and_a_longer_one_is_said)
{
	static char text[SSH_EXEC_STRING_MAX + 2];
	uint32_t id;

	memset(text, 'a', sizeof(text) - 1);
	fake_start_plain();
	id = fake_open_session(4);
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_REQUEST, "usbs", id, "exec", 0, text),
	    0);
	/* As if it had run, since clients show no text with a refusal. */
	fake_expect(SSH_MSG_CHANNEL_EXTENDED_DATA);
	fake_expect(SSH_MSG_CHANNEL_REQUEST); /* exit-status */
	fake_expect(SSH_MSG_CHANNEL_EOF);
	fake_expect(SSH_MSG_CHANNEL_CLOSE);
	fake_asked_nothing();
	id = fake_open_session(5);
	text[SSH_EXEC_STRING_MAX] = '\0';
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_REQUEST, "usbss", id,
			     "env", 0, "A", text),
	    0);
	ck_assert_uint_eq(
	    strlen(fake_asked(MSG_env)->env.value), SSH_EXEC_STRING_MAX);
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_REQUEST, "usbs", id, "exec", 1, text),
	    0);
	ck_assert_uint_eq(
	    strlen(fake_asked(MSG_start)->start.command), SSH_EXEC_STRING_MAX);
	fake_end();
}
END_TEST

START_TEST(test_a_program_starts_when_its_terminal_has_its_modes)
{
	static const uint8_t modes[] = {53 /* ECHO */, 0, 0, 0, 0, 0};
	struct wall_message m = {.type = MSG_pty_made};
	struct termios t;
	int master, slave;
	uint32_t id;

	fake_start_plain();
	id = fake_open_session(4);
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_REQUEST, "usbsuuuuS", id, "pty-req", 1,
		"xterm", 80u, 24u, 0u, 0u, modes, sizeof(modes)),
	    0);
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_REQUEST, "usb", id, "shell", 1), 0);
	fake_asked(MSG_pty);
	fake_asked_nothing();
	ck_assert_int_eq(openpty(&master, &slave, NULL, NULL, NULL), 0);
	m.pty_made.channel = id;
	m.fds[0] = master;
	m.fds[1] = m.fds[2] = m.fds[3] = -1;
	ck_assert_int_eq(on_pty_made(&fake.w, &m), 0);
	ck_assert_int_eq(tcgetattr(slave, &t), 0);
	ck_assert_uint_eq(t.c_lflag & ECHO, 0);
	fake_asked(MSG_start);
	close(slave);
	fake_end();
}
END_TEST

START_TEST(test_a_program_waits_for_its_agent_and_its_display)
{
	uint32_t id;

	fake_start_plain();
	id = fake_open_session(4);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_REQUEST, "usb", id,
			     "auth-agent-req@openssh.com", 1),
	    0);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_REQUEST, "usbss", id,
			     "env", 0, "A", "1"),
	    0);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_REQUEST, "usbbssu", id,
			     "x11-req", 1, 0, "MIT", "00", 0u),
	    0);
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_REQUEST, "usbs", id, "exec", 1, "id"),
	    0);
	fake_asked(MSG_agent);
	fake_asked_nothing();
	fake_granted(id);
	fake_expect(SSH_MSG_CHANNEL_SUCCESS);
	ck_assert_str_eq(fake_asked(MSG_env)->env.name, "A");
	fake_asked(MSG_x11);
	fake_asked_nothing();
	fake_granted(id);
	fake_asked_nothing(); /* that was the environment's */
	fake_refused(id, 0, "");
	fake_expect(SSH_MSG_CHANNEL_FAILURE);
	ck_assert_str_eq(fake_asked(MSG_start)->start.command, "id");
	fake_granted(id);
	fake_expect(SSH_MSG_CHANNEL_SUCCESS);
	fake_expect_nothing();
	fake_end();
}
END_TEST

START_TEST(test_unanswered_requests_are_bounded)
{
	uint32_t id;
	int err = 0;
	int n;

	fake_start_plain();
	id = fake_open_session(4);
	for (n = 0; n < 5000 && err == 0; n++) {
		err = fake_packet(
		    SSH_MSG_CHANNEL_REQUEST, "usbss", id, "env", 1, "A", "B");
		if (n % 100 == 0)
			fake_turn();
	}
	ck_assert_int_eq(err, E_LIMIT);
	ck_assert_int_eq(n, ANSWERS_MAX + 1);
	fake_end();
}
END_TEST

START_TEST(test_no_more_sessions_means_it)
{
	fake_start_plain();
	(void)fake_open_session(1);
	ck_assert_int_eq(fake_packet(SSH_MSG_GLOBAL_REQUEST, "sb",
			     "no-more-sessions@openssh.com", 0),
	    0);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_OPEN, "suuu", "session",
			     2u, 1000u, 1000u),
	    0);
	ck_assert(fake.disconnected);
	fake_end();
}
END_TEST

Suite *
suite_session_channel(void)
{
	Suite *s = suite_create("session channels");
	TCase *c = tcase_create("requests");

	tcase_set_timeout(c, 30);
	tcase_add_test(c, test_answers_leave_in_the_order_of_the_requests);
	tcase_add_test(c, test_a_request_without_reply_gets_none);
	tcase_add_test(c, test_only_one_program_runs_on_a_channel);
	tcase_add_test(c, test_a_refused_start_says_why_before_the_failure);
	tcase_add_test(c, test_signals_go_to_the_monitor_while_a_program_runs);
	tcase_add_test(c, test_descriptors_nobody_waits_for_are_closed);
	tcase_add_test(c, test_a_window_for_no_channel_is_ignored);
	tcase_add_loop_test(c, test_packets_for_no_channel_are_protocol_errors,
	    0, sizeof(nonsense) / sizeof(nonsense[0]));
	tcase_add_test(
	    c, test_every_cut_of_a_request_is_an_error_and_asks_nothing);
	tcase_add_test(c, test_texts_that_are_too_long_or_odd_are_refused_here);
	tcase_add_test(
	    c, test_a_string_of_execves_size_is_asked_and_a_longer_one_is_said);
	tcase_add_test(
	    c, test_a_program_starts_when_its_terminal_has_its_modes);
	tcase_add_test(c, test_a_program_waits_for_its_agent_and_its_display);
	tcase_add_test(c, test_unanswered_requests_are_bounded);
	tcase_add_test(c, test_no_more_sessions_means_it);
	suite_add_tcase(s, c);
	return s;
}
