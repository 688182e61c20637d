/*
 * Programs on session channels: what they say and read, through pipes or a
 * terminal, and all the orders in which they can end.
 */
#include "tests/unit/channel/fake.h"
#include "tests/unit/channel/suites.h"

#include <sys/ioctl.h>

#include <pty.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static void
session_exits(uint32_t id, uint32_t status, const char *signal)
{
	ck_assert_int_eq(WALL_SEND(&fake.session, exited, .channel = id,
			     .status = status, .signal = signal),
	    0);
	fake_turn();
}

static void
assert_data(struct rd r, uint32_t peer, const char *text)
{
	size_t len;
	const uint8_t *data;

	ck_assert_uint_eq(rd_u32(&r), peer);
	data = rd_string(&r, 65536, &len);
	ck_assert_int_eq(rd_end(&r), 0);
	ck_assert_uint_eq(len, strlen(text));
	ck_assert_mem_eq(data, text, len);
}

/* Its last output closed: EOF and CLOSE, and the end of the test. */
static void
closes_in_order(const int program[3])
{
	close(program[1]);
	close(program[2]);
	fake_turn();
	fake_expect(SSH_MSG_CHANNEL_EOF);
	fake_expect(SSH_MSG_CHANNEL_CLOSE);
	fake_expect_nothing();
	close(program[0]);
	fake_end();
}

START_TEST(test_a_command_is_asked_run_and_its_output_and_status_delivered)
{
	int program[3];
	uint32_t id;
	struct rd r;

	fake_start_plain();
	id = fake_open_session(7);
	fake_exec(id, program);
	ck_assert_int_eq(write(program[1], "out\n", 4), 4);
	fake_turn();
	assert_data(fake_expect(SSH_MSG_CHANNEL_DATA), 7, "out\n");
	ck_assert_int_eq(write(program[2], "err\n", 4), 4);
	fake_turn();
	r = fake_expect(SSH_MSG_CHANNEL_EXTENDED_DATA);
	ck_assert_uint_eq(rd_u32(&r), 7);
	ck_assert_uint_eq(rd_u32(&r), SSH_EXTENDED_DATA_STDERR);
	/* The last words come after the exit and must not be lost. */
	session_exits(id, 3, "");
	fake_expect_nothing();
	ck_assert_int_eq(write(program[1], "last", 4), 4);
	close(program[1]);
	close(program[2]);
	fake_turn();
	assert_data(fake_expect(SSH_MSG_CHANNEL_DATA), 7, "last");
	r = fake_expect(SSH_MSG_CHANNEL_REQUEST);
	(void)rd_u32(&r);
	(void)rd_bytes(&r, 4 + strlen("exit-status") + 1);
	ck_assert_uint_eq(rd_u32(&r), 3);
	ck_assert_int_eq(rd_end(&r), 0);
	fake_expect(SSH_MSG_CHANNEL_EOF);
	fake_expect(SSH_MSG_CHANNEL_CLOSE);
	fake_expect_nothing();
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_CLOSE, "u", id), 0);
	ck_assert_uint_eq(
	    fake_asked(MSG_channel_closed)->channel_closed.bytes_out, 12);
	ck_assert_uint_eq(fake.w.channels->count, 0);
	close(program[0]);
	fake_end();
}
END_TEST

/* The session's no may overtake the monitor's yes. */
START_TEST(test_a_program_that_cannot_be_started_ends_and_says_why)
{
	uint32_t id;
	struct rd r;

	fake_start_plain();
	id = fake_open_session(7);
	fake_session();
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_REQUEST, "usbs", id, "exec", 1, "true"),
	    0);
	fake_asked(MSG_start);
	if (_i == 0)
		fake_granted(id);
	ck_assert_int_eq(WALL_SEND(&fake.session, failed, .channel = id,
			     .reason = SSH_OPEN_RESOURCE_SHORTAGE,
			     .text = "too many processes"),
	    0);
	fake_turn();
	if (_i == 1)
		fake_granted(id);
	if (_i == 0)
		fake_expect(SSH_MSG_CHANNEL_SUCCESS);
	r = fake_expect(SSH_MSG_CHANNEL_EXTENDED_DATA);
	(void)rd_u32(&r);
	assert_data(r, SSH_EXTENDED_DATA_STDERR, "too many processes\n");
	if (_i == 1)
		fake_expect(SSH_MSG_CHANNEL_SUCCESS);
	r = fake_expect(SSH_MSG_CHANNEL_REQUEST);
	(void)rd_u32(&r);
	(void)rd_bytes(&r, 4 + strlen("exit-status") + 1);
	ck_assert_uint_eq(rd_u32(&r), 126);
	fake_expect(SSH_MSG_CHANNEL_EOF);
	fake_expect(SSH_MSG_CHANNEL_CLOSE);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_CLOSE, "u", id), 0);
	ck_assert_uint_eq(fake.w.channels->count, 0);
	fake_end();
}
END_TEST

/* As if it had run: before its start is granted, and after. */
START_TEST(test_what_is_cancelled_ends_with_a_sentence_and_a_status)
{
	struct wall_message m = {
	    .type = MSG_cancelled, .fds = {-1, -1, -1, -1}};
	uint32_t id;
	struct rd r;

	fake_start_plain();
	id = fake_open_session(7);
	fake_session();
	m.cancelled.channel = id;
	m.cancelled.status = 254;
	m.cancelled.text = "not for you";
	ck_assert_int_eq(on_cancelled(&fake.w, &m), 0); /* nothing to cancel */
	fake_expect_nothing();
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_REQUEST, "usbs", id, "exec", 1, "true"),
	    0);
	fake_asked(MSG_start);
	if (_i == 1)
		fake_granted(id);
	ck_assert_int_eq(on_cancelled(&fake.w, &m), 0);
	fake_expect(SSH_MSG_CHANNEL_SUCCESS);
	r = fake_expect(SSH_MSG_CHANNEL_EXTENDED_DATA);
	(void)rd_u32(&r);
	assert_data(r, SSH_EXTENDED_DATA_STDERR, "not for you\n");
	r = fake_expect(SSH_MSG_CHANNEL_REQUEST);
	(void)rd_u32(&r);
	(void)rd_bytes(&r, 4 + strlen("exit-status") + 1);
	ck_assert_uint_eq(rd_u32(&r), 254);
	fake_expect(SSH_MSG_CHANNEL_EOF);
	fake_expect(SSH_MSG_CHANNEL_CLOSE);
	ck_assert_int_eq(on_cancelled(&fake.w, &m), 0);
	fake_expect_nothing();
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_CLOSE, "u", id), 0);
	ck_assert_uint_eq(fake.w.channels->count, 0);
	fake_end();
}
END_TEST

START_TEST(test_a_signal_is_told_by_name_and_not_as_a_status)
{
	int program[3];
	uint32_t id;
	struct rd r;
	char name[16];

	fake_start_plain();
	id = fake_open_session(0);
	fake_exec(id, program);
	for (int i = 2; i >= 0; i--)
		close(program[i]);
	session_exits(id, 0, "SEGV");
	while (fake_next() != 0 &&
	    (fake_next() != SSH_MSG_CHANNEL_REQUEST ||
		memmem(fake.sent[fake.at].data, fake.sent[fake.at].len,
		    "exit-signal", 11) == NULL))
		fake.at++;
	r = fake_expect(SSH_MSG_CHANNEL_REQUEST);
	(void)rd_bytes(&r, 4 + 4 + strlen("exit-signal") + 1);
	rd_text(&r, name, sizeof(name));
	ck_assert_str_eq(name, "SEGV");
	fake_expect(SSH_MSG_CHANNEL_EOF);
	fake_expect(SSH_MSG_CHANNEL_CLOSE);
	fake_end();
}
END_TEST

START_TEST(test_data_before_the_program_reaches_it_and_then_the_end)
{
	int program[3];
	char text[16] = "";
	uint32_t id;

	fake_start_plain();
	id = fake_open_session(1);
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_DATA, "us", id, "early"), 0);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_EOF, "u", id), 0);
	fake_exec(id, program);
	fake_turn();
	ck_assert_int_eq(read(program[0], text, sizeof(text)), 5);
	ck_assert_str_eq(text, "early");
	ck_assert_int_eq(read(program[0], text, sizeof(text)), 0);
	ck_assert_int_eq(write(program[1], "still", 5), 5);
	fake_turn();
	assert_data(fake_expect(SSH_MSG_CHANNEL_DATA), 1, "still");
	fake_end();
}
END_TEST

/* A pty on the channel: its slave side. */
static int
make_pty(uint32_t id, uint32_t columns)
{
	struct wall_message m = {
	    .type = MSG_pty_made, .pty_made = {.channel = id}};
	int master, slave;

	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_REQUEST, "usbsuuuus", id,
			     "pty-req", 1, "xterm", columns, 24u, 0u, 0u, ""),
	    0);
	ck_assert_str_eq(fake_asked(MSG_pty)->pty.term, "xterm");
	ck_assert_int_eq(openpty(&master, &slave, NULL, NULL, NULL), 0);
	m.fds[0] = master;
	m.fds[1] = m.fds[2] = m.fds[3] = -1;
	ck_assert_int_eq(on_pty_made(&fake.w, &m), 0);
	ck_assert_int_eq(m.fds[0], -1);
	fake_expect(SSH_MSG_CHANNEL_SUCCESS);
	return slave;
}

static void
run_on_pty(uint32_t id)
{
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_REQUEST, "usb", id, "shell", 1), 0);
	fake_asked(MSG_start);
	if (fake.session.fd < 0)
		fake_session();
	ck_assert_int_eq(WALL_SEND(&fake.session, running, .channel = id), 0);
	fake_turn();
	fake_granted(id);
	fake_expect(SSH_MSG_CHANNEL_SUCCESS);
}

START_TEST(test_a_shell_on_a_pty_talks_resizes_and_ends)
{
	struct winsize size;
	char text[16];
	uint32_t id;
	int slave;

	fake_start_plain();
	id = fake_open_session(9);
	slave = make_pty(id, 80);
	ck_assert(fake.interactive);
	run_on_pty(id);
	ck_assert_int_eq(write(slave, "$ ", 2), 2);
	fake_wait(50);
	assert_data(fake_expect(SSH_MSG_CHANNEL_DATA), 9, "$ ");
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_DATA, "us", id, "ls\n"), 0);
	ck_assert_int_eq(read(slave, text, sizeof(text)), 3);
	fake_wait(50);
	assert_data(fake_expect(SSH_MSG_CHANNEL_DATA), 9, "ls\r\n"); /* echo */
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_REQUEST, "usbuuuu", id,
			     "window-change", 0, 132u, 43u, 0u, 0u),
	    0);
	ck_assert_int_eq(ioctl(slave, TIOCGWINSZ, &size), 0);
	ck_assert_int_eq(size.ws_col, 132);
	ck_assert_int_eq(size.ws_row, 43);
	ck_assert_int_eq(write(slave, "bye", 3), 3);
	close(slave); /* the master's read says EIO */
	session_exits(id, 0, "");
	fake_wait(50);
	assert_data(fake_expect(SSH_MSG_CHANNEL_DATA), 9, "bye");
	fake_expect(SSH_MSG_CHANNEL_REQUEST);
	fake_expect(SSH_MSG_CHANNEL_EOF);
	fake_expect(SSH_MSG_CHANNEL_CLOSE);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_CLOSE, "u", id), 0);
	ck_assert(!fake.interactive);
	fake_end();
}
END_TEST

START_TEST(test_a_pty_that_somebody_keeps_open_does_not_hang_the_channel)
{
	uint32_t id;
	int slave;

	fake_start_plain();
	id = fake_open_session(9);
	slave = make_pty(id, 80);
	run_on_pty(id);
	session_exits(id, 1, "");
	fake_expect_nothing();
	fake_wait(300);
	fake_expect(SSH_MSG_CHANNEL_REQUEST);
	fake_expect(SSH_MSG_CHANNEL_EOF);
	fake_expect(SSH_MSG_CHANNEL_CLOSE);
	close(slave);
	fake_end();
}
END_TEST

START_TEST(test_a_background_process_delays_the_close_but_not_the_status)
{
	int program[3];
	uint32_t id;

	fake_start_plain();
	id = fake_open_session(9);
	fake_exec(id, program);
	session_exits(id, 0, "");
	fake_expect_nothing();
	fake_wait(300);
	fake_expect(SSH_MSG_CHANNEL_REQUEST);
	fake_expect_nothing();
	ck_assert_int_eq(write(program[1], "late", 4), 4);
	fake_turn();
	assert_data(fake_expect(SSH_MSG_CHANNEL_DATA), 9, "late");
	closes_in_order(program);
}
END_TEST

/* tcsendbreak() on a pseudo-terminal does nothing; sshd sends nothing. */
START_TEST(test_a_break_reaches_no_program_and_is_answered)
{
	struct termios t;
	char byte = 'x';
	uint32_t id;
	int slave;

	fake_start_plain();
	id = fake_open_session(9);
	slave = make_pty(id, 80);
	run_on_pty(id);
	ck_assert_int_eq(tcgetattr(slave, &t), 0);
	cfmakeraw(&t);
	t.c_cc[VMIN] = 0;
	if (_i == 1) {
		t.c_iflag |= BRKINT;
		t.c_lflag |= ISIG | ECHO | ECHOCTL;
	}
	ck_assert_int_eq(tcsetattr(slave, TCSANOW, &t), 0);
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_REQUEST, "usbu", id, "break", 1, 500u),
	    0);
	fake_expect(SSH_MSG_CHANNEL_SUCCESS);
	fake_wait(50); /* the kernel's line discipline has a thread */
	ck_assert_int_eq(read(slave, &byte, 1), 0);
	fake_expect_nothing();
	close(slave);
	fake_end();
}
END_TEST

START_TEST(test_a_warning_reaches_terminals_with_their_line_ends)
{
	struct wall_message m = {.type = MSG_say,
	    .say = {.channel = CHANNEL_NONE, .text = "one\ntwo"}};
	uint32_t id;
	int slave;

	fake_start_plain();
	(void)fake_open_session(1);
	id = fake_open_session(2);
	slave = make_pty(id, 80);
	ck_assert_int_eq(on_say(&fake.w, &m), 0);
	assert_data(fake_expect(SSH_MSG_CHANNEL_DATA), 2, "one\r\ntwo");
	fake_expect_nothing();
	close(slave);
	fake_end();
}
END_TEST

START_TEST(test_a_program_that_closes_its_input_is_told_to_the_client)
{
	int program[3];
	uint32_t id;
	struct rd r;

	fake_start_plain();
	id = fake_open_session(4);
	fake_exec(id, program);
	close(program[0]);
	fake_turn();
	r = fake_expect(SSH_MSG_CHANNEL_REQUEST);
	ck_assert_ptr_nonnull(memmem(r.data, r.len, "eow@openssh.com", 15));
	/* Later data is taken, and its window given back. */
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_DATA, "us", id, "x"), 0);
	ck_assert_int_eq(write(program[1], "alive", 5), 5);
	fake_turn();
	assert_data(fake_expect(SSH_MSG_CHANNEL_DATA), 4, "alive");
	close(program[1]);
	close(program[2]);
	fake_end();
}
END_TEST

START_TEST(test_eow_from_the_client_closes_the_programs_output)
{
	int program[3];
	uint32_t id;

	fake_start_plain();
	id = fake_open_session(4);
	fake_exec(id, program);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_REQUEST, "usb", id,
			     "eow@openssh.com", 0),
	    0);
	ck_assert_int_eq(write(program[1], "x", 1), -1);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_DATA, "us", id, "in"), 0);
	/* Why it then ends is still heard. */
	ck_assert_int_eq(write(program[2], "EPIPE", 5), 5);
	fake_turn();
	fake_expect(SSH_MSG_CHANNEL_EXTENDED_DATA);
	fake_end();
	close(program[0]);
	close(program[1]);
	close(program[2]);
}
END_TEST

START_TEST(test_a_lost_session_ends_its_channels_when_output_ends)
{
	int program[3];
	uint32_t id;

	fake_start_plain();
	id = fake_open_session(4);
	fake_exec(id, program);
	wall_free(&fake.session);
	fake_turn();
	ck_assert_int_eq(write(program[1], "x", 1), 1);
	fake_turn();
	fake_expect(SSH_MSG_CHANNEL_DATA);
	closes_in_order(program);
}
END_TEST

START_TEST(test_close_delivers_what_was_sent_before_it)
{
	int program[3];
	char text[16] = "";
	uint32_t id;

	fake_start_plain();
	id = fake_open_session(4);
	fake_exec(id, program);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_DATA, "us", id, "all"), 0);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_CLOSE, "u", id), 0);
	ck_assert_int_eq(read(program[0], text, sizeof(text)), 3);
	ck_assert_int_eq(read(program[0], text, sizeof(text)), 0);
	session_exits(id, 0, "");
	fake_expect(SSH_MSG_CHANNEL_REQUEST);
	fake_expect(SSH_MSG_CHANNEL_CLOSE);
	fake_asked(MSG_channel_closed);
	/* Late news of the old channel do not harm. */
	session_exits(id, 0, "");
	fake_granted(id);
	fake_expect_nothing();
	fake_end();
	for (int i = 0; i < 3; i++)
		close(program[i]);
}
END_TEST

START_TEST(test_what_is_said_again_after_close_is_ignored)
{
	int program[3];
	uint32_t id, next;

	fake_start_plain();
	id = fake_open_session(4);
	fake_exec(id, program);
	/* Erlang: CLOSE when it hears of a signal, and again to ours. */
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(
		    fake_packet(SSH_MSG_CHANNEL_CLOSE, "u", id), 0);
	session_exits(id, 0, "");
	fake_expect(SSH_MSG_CHANNEL_REQUEST);
	fake_expect(SSH_MSG_CHANNEL_CLOSE);
	fake_asked(MSG_channel_closed);
	next = fake_open_session(4);
	ck_assert_uint_ne(next, id);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_CLOSE, "u", id), 0);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_EOF, "u", id), 0);
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_WINDOW_ADJUST, "uu", id, 1u), 0);
	fake_expect_nothing();
	/* Data to nobody, a packet cut short and a number never given. */
	ck_assert_int_ne(fake_packet(SSH_MSG_CHANNEL_DATA, "us", id, "x"), 0);
	ck_assert_int_ne(
	    fake_packet(SSH_MSG_CHANNEL_WINDOW_ADJUST, "u", id), 0);
	ck_assert_int_ne(
	    fake_packet(SSH_MSG_CHANNEL_CLOSE, "u", next + (1u << SLOT_BITS)),
	    0);
	fake_end();
	for (int i = 0; i < 3; i++)
		close(program[i]);
}
END_TEST

START_TEST(test_a_client_that_closes_early_still_learns_the_status)
{
	int program[3];
	uint32_t id;
	struct rd r;

	fake_start_plain();
	id = fake_open_session(4);
	fake_exec(id, program);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_EOF, "u", id), 0);
	close(program[0]);
	close(program[1]);
	close(program[2]);
	fake_turn();
	fake_expect_nothing(); /* the status goes first, if it comes soon */
	fake_wait(80);
	fake_expect(SSH_MSG_CHANNEL_EOF);
	/* Both have said their end: OpenSSH's client closes now. */
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_CLOSE, "u", id), 0);
	fake_turn();
	fake_expect_nothing();
	session_exits(id, 5, "");
	r = fake_expect(SSH_MSG_CHANNEL_REQUEST);
	ck_assert_ptr_nonnull(memmem(r.data, r.len, "exit-status", 11));
	fake_expect(SSH_MSG_CHANNEL_CLOSE);
	fake_asked(MSG_channel_closed);
	fake_end();
}
END_TEST

Suite *
suite_program(void)
{
	Suite *s = suite_create("programs");
	TCase *c = tcase_create("programs");

	tcase_set_timeout(c, 30);
	tcase_add_test(
	    c, test_a_command_is_asked_run_and_its_output_and_status_delivered);
	tcase_add_loop_test(
	    c, test_what_is_cancelled_ends_with_a_sentence_and_a_status, 0, 2);
	tcase_add_loop_test(
	    c, test_a_program_that_cannot_be_started_ends_and_says_why, 0, 2);
	tcase_add_test(c, test_a_signal_is_told_by_name_and_not_as_a_status);
	tcase_add_test(
	    c, test_data_before_the_program_reaches_it_and_then_the_end);
	tcase_add_test(c, test_a_shell_on_a_pty_talks_resizes_and_ends);
	tcase_add_test(
	    c, test_a_pty_that_somebody_keeps_open_does_not_hang_the_channel);
	tcase_add_test(
	    c, test_a_background_process_delays_the_close_but_not_the_status);
	tcase_add_loop_test(
	    c, test_a_break_reaches_no_program_and_is_answered, 0, 2);
	tcase_add_test(
	    c, test_a_warning_reaches_terminals_with_their_line_ends);
	tcase_add_test(
	    c, test_a_program_that_closes_its_input_is_told_to_the_client);
	tcase_add_test(c, test_eow_from_the_client_closes_the_programs_output);
	tcase_add_test(
	    c, test_a_lost_session_ends_its_channels_when_output_ends);
	tcase_add_test(c, test_close_delivers_what_was_sent_before_it);
	tcase_add_test(c, test_what_is_said_again_after_close_is_ignored);
	tcase_add_test(
	    c, test_a_client_that_closes_early_still_learns_the_status);
	suite_add_tcase(s, c);
	return s;
}
