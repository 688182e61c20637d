/*
 * Sentences of ours to a client that has left little room for them.
 */
#include "tests/unit/channel/fake.h"
#include "tests/unit/channel/suites.h"

#include <string.h>
#include <unistd.h>

#define WAIT 10000 /* ms, as say.c's texts are waited for before a CLOSE */

static uint32_t
open_with_window(uint32_t window)
{
	uint32_t id;

	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_OPEN, "suuu", "session",
			     7u, window, 32768u),
	    0);
	id = fake_asked(MSG_session_open)->session_open.channel;
	fake_granted(id);
	fake_expect(SSH_MSG_CHANNEL_OPEN_CONFIRMATION);
	return id;
}

static void
give(uint32_t id, uint32_t window)
{
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_WINDOW_ADJUST, "uu", id, window), 0);
	fake_turn();
}

static void
say(uint32_t id, const char *text)
{
	struct wall_message m = {
	    .type = MSG_say, .say = {.channel = id, .text = text}};

	ck_assert_int_eq(on_say(&fake.w, &m), 0);
}

static void
cancel(uint32_t id, const char *text)
{
	struct wall_message m = {.type = MSG_cancelled,
	    .cancelled = {.channel = id, .status = 254, .text = text},
	    .fds = {-1, -1, -1, -1}};

	ck_assert_int_eq(on_cancelled(&fake.w, &m), 0);
	fake_turn();
}

/* The next packet is this piece of a text of ours on standard error. */
static void
expect_said(const char *piece)
{
	struct rd r = fake_expect(SSH_MSG_CHANNEL_EXTENDED_DATA);
	const uint8_t *data;
	size_t len;

	ck_assert_uint_eq(rd_u32(&r), 7);
	ck_assert_uint_eq(rd_u32(&r), SSH_EXTENDED_DATA_STDERR);
	data = rd_string(&r, 65536, &len);
	ck_assert_int_eq(rd_end(&r), 0);
	ck_assert_uint_eq(len, strlen(piece));
	ck_assert_mem_eq(data, piece, len);
}

/* The clock goes on, and with it what waits for a time. */
static void
pass(uint64_t ms)
{
	fake.hidden -= ms;
	fake.clock += ms;
	fake_turn();
}

static void
expect_end(void)
{
	fake_expect(SSH_MSG_CHANNEL_EOF);
	fake_expect(SSH_MSG_CHANNEL_CLOSE);
	fake_expect_nothing();
}

START_TEST(test_a_text_waits_for_the_window_before_the_programs_output)
{
	int program[3];
	uint32_t id;
	struct rd r;

	fake_start_plain();
	id = open_with_window(5);
	fake_exec(id, program);
	ck_assert_int_eq(write(program[1], "output", 6), 6);
	say(id, "it is recorded\n");
	expect_said("it is");
	fake_turn();
	fake_expect_nothing();
	give(id, 3);
	expect_said(" re");
	fake_expect_nothing();
	give(id, 9);
	expect_said("corded\n");
	r = fake_expect(SSH_MSG_CHANNEL_DATA);
	(void)rd_u32(&r);
	ck_assert_uint_eq(rd_u32(&r), 2); /* all that the window takes */
	for (int i = 0; i < 3; i++)
		close(program[i]);
	fake_end();
}
END_TEST

START_TEST(test_a_channel_ends_after_the_text_that_says_why)
{
	uint32_t id;

	fake_start_plain();
	id = open_with_window(0);
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_REQUEST, "usbs", id, "exec", 1, "true"),
	    0);
	fake_asked(MSG_start);
	cancel(id, "no");
	fake_expect(SSH_MSG_CHANNEL_SUCCESS);
	fake_expect(SSH_MSG_CHANNEL_REQUEST); /* a status needs no window */
	fake_expect_nothing();
	give(id, 2);
	expect_said("no");
	fake_expect_nothing();
	pass(WAIT / 2);
	fake_expect_nothing();
	if (_i == 0) {
		give(id, 100);
		expect_said("\n");
		expect_end();
	} else {
		/* Little by little does not make it longer. */
		pass(WAIT / 2 + 100);
		expect_end();
		give(id, 100);
		fake_expect_nothing();
	}
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_CLOSE, "u", id), 0);
	ck_assert_uint_eq(fake.w.channels->count, 0);
	fake_end();
}
END_TEST

START_TEST(test_a_client_that_closes_waits_for_no_text)
{
	uint32_t id;

	fake_start_plain();
	id = open_with_window(0);
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_REQUEST, "usbs", id, "exec", 1, "true"),
	    0);
	fake_asked(MSG_start);
	cancel(id, "no");
	fake_expect(SSH_MSG_CHANNEL_SUCCESS);
	fake_expect(SSH_MSG_CHANNEL_REQUEST);
	fake_expect_nothing();
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_CLOSE, "u", id), 0);
	fake_expect(SSH_MSG_CHANNEL_CLOSE);
	fake_expect_nothing();
	ck_assert_uint_eq(fake.w.channels->count, 0);
	pass(WAIT + 100);
	fake_end();
}
END_TEST

START_TEST(test_texts_that_wait_are_bounded)
{
	char text[1001], whole[16001];
	size_t said = 0;
	uint32_t id;

	memset(text, 'x', 1000);
	text[1000] = '\0';
	fake_start_plain();
	id = open_with_window(0);
	for (int i = 0; i < 16; i++)
		say(id, text);
	fake_expect_nothing();
	give(id, sizeof(whole));
	while (fake_next() == SSH_MSG_CHANNEL_EXTENDED_DATA) {
		struct rd r = fake_expect(SSH_MSG_CHANNEL_EXTENDED_DATA);
		size_t len;

		(void)rd_u32(&r);
		(void)rd_u32(&r);
		(void)rd_string(&r, sizeof(whole), &len);
		said += len;
	}
	/* None of them in part. */
	ck_assert_uint_eq(said, 8000);
	fake_expect_nothing();
	/* A client that reads again hears again. */
	say(id, "again");
	expect_said("again");
	fake_end();
}
END_TEST

START_TEST(test_a_remark_that_would_come_late_is_dropped)
{
	struct channel *c;
	uint32_t id;

	fake_start_plain();
	id = open_with_window(5);
	c = channel_find(fake.w.channels, id);
	channel_remark(c, "in 10 seconds");
	fake_expect_nothing();
	ck_assert(!channel_says(c));
	channel_remark(c, "now");
	expect_said("now");
	fake_end();
}
END_TEST

Suite *
suite_say(void)
{
	Suite *s = suite_create("say");
	TCase *c = tcase_create("say");

	tcase_add_test(
	    c, test_a_text_waits_for_the_window_before_the_programs_output);
	tcase_add_loop_test(
	    c, test_a_channel_ends_after_the_text_that_says_why, 0, 2);
	tcase_add_test(c, test_a_client_that_closes_waits_for_no_text);
	tcase_add_test(c, test_texts_that_wait_are_bounded);
	tcase_add_test(c, test_a_remark_that_would_come_late_is_dropped);
	suite_add_tcase(s, c);
	return s;
}
