/*
 * A client whose reader has gone, and one whose window stays closed.
 */
#include "tests/unit/channel/fake.h"
#include "tests/unit/channel/suites.h"

#include <string.h>
#include <unistd.h>

static void
eow(uint32_t id)
{
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_REQUEST, "usb", id,
			     "eow@openssh.com", 0),
	    0);
}

START_TEST(test_eow_before_the_program_has_begun_is_not_lost)
{
	int program[3];
	uint32_t id;

	fake_start_plain();
	id = fake_open_session(4);
	eow(id);
	fake_exec(id, program);
	fake_turn();
	ck_assert_int_eq(write(program[1], "x", 1), -1);
	fake_end();
	close(program[0]);
	close(program[1]);
	close(program[2]);
}
END_TEST

/* The client's window stays at 0: the program gets SIGPIPE all the same. */
START_TEST(test_eow_and_a_status_do_not_wait_for_a_window)
{
	static uint8_t block[65536];
	int program[3];
	uint32_t id;
	struct rd r;
	size_t len;

	fake_start_plain();
	id = fake_open_session(4);
	fake_exec(id, program);
	channel_find(fake.w.channels, id)->peer_window = 0;
	ck_assert_int_gt(write(program[1], block, sizeof(block)), 0);
	ck_assert_int_gt(write(program[2], "x", 1), 0);
	fake_turn();
	if (_i == 0) {
		eow(id);
		ck_assert_int_eq(write(program[1], "x", 1), -1);
	}
	ck_assert_int_eq(WALL_SEND(&fake.session, exited, .channel = id,
			     .status = 7, .signal = ""),
	    0);
	fake_turn();
	for (int i = 0; i < 20 && fake_next() == 0; i++)
		fake_wait(100);
	r = fake_expect(SSH_MSG_CHANNEL_REQUEST);
	(void)rd_u32(&r);
	ck_assert_int_eq(memcmp(rd_string(&r, 64, &len), "exit-status", 11), 0);
	/* Its output is not lost by that. */
	close(program[1]);
	close(program[2]);
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_WINDOW_ADJUST, "uu", id, 1u << 20), 0);
	fake_turn();
	fake_expect(SSH_MSG_CHANNEL_EXTENDED_DATA);
	if (_i == 1)
		fake_expect(SSH_MSG_CHANNEL_DATA);
	close(program[0]);
	fake_end();
}
END_TEST

/* A program that left nothing behind: its channel is closed, too. */
START_TEST(test_the_end_does_not_wait_for_a_window)
{
	static uint8_t block[65536];
	int program[3];
	uint32_t id;
	struct rd r;
	size_t len;

	fake_start_plain();
	id = fake_open_session(4);
	fake_exec(id, program);
	channel_find(fake.w.channels, id)->peer_window = 0;
	if (_i == 0) {
		ck_assert_int_gt(write(program[1], block, sizeof(block)), 0);
		fake_turn();
		eow(id);
		ck_assert_int_eq(write(program[1], "x", 1), -1);
	}
	close(program[1]);
	close(program[2]);
	ck_assert_int_eq(WALL_SEND(&fake.session, exited, .channel = id,
			     .status = 7, .signal = ""),
	    0);
	fake_turn();
	for (int i = 0; i < 20 && fake_next() == 0; i++)
		fake_wait(100);
	r = fake_expect(SSH_MSG_CHANNEL_REQUEST);
	(void)rd_u32(&r);
	ck_assert_int_eq(memcmp(rd_string(&r, 64, &len), "exit-status", 11), 0);
	fake_expect(SSH_MSG_CHANNEL_EOF);
	fake_expect(SSH_MSG_CHANNEL_CLOSE);
	close(program[0]);
	fake_end();
}
END_TEST

Suite *
suite_eow(void)
{
	Suite *s = suite_create("eow");
	TCase *c = tcase_create("eow");

	tcase_set_timeout(c, 30);
	tcase_add_test(c, test_eow_before_the_program_has_begun_is_not_lost);
	tcase_add_loop_test(
	    c, test_eow_and_a_status_do_not_wait_for_a_window, 0, 2);
	tcase_add_loop_test(c, test_the_end_does_not_wait_for_a_window, 0, 2);
	suite_add_tcase(s, c);
	return s;
}
