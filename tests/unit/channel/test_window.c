/*
 * Windows: what a client may send, and how they grow with what is taken.
 */
#include "tests/unit/channel/fake.h"
#include "tests/unit/channel/suites.h"

#include "lib/err.h"

#include <string.h>
#include <unistd.h>

static uint8_t block[CHANNEL_PACKET + 1];

START_TEST(test_more_than_the_window_is_refused_and_a_large_packet_dropped)
{
	struct channel *c;
	uint32_t id;
	int far;

	fake_start_plain();
	id = fake_direct(1, &far);
	c = channel_find(fake.w.channels, id);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_DATA, "uS", id, block,
			     (size_t)CHANNEL_PACKET),
	    0);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_DATA, "uS", id, block,
			     (size_t)CHANNEL_PACKET + 1),
	    0);
	ck_assert_uint_eq(c->bytes_in, CHANNEL_PACKET);
	c->window = 10;
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_DATA, "uS", id, block, (size_t)10), 0);
	c->window = 10;
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_DATA, "uS", id, block, (size_t)11),
	    E_LIMIT);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_EXTENDED_DATA, "uuS", id,
			     1u, block, (size_t)11),
	    E_LIMIT);
	close(far);
	fake_end();
}
END_TEST

START_TEST(test_a_window_adjust_beyond_32_bits_is_refused)
{
	uint32_t id;
	int far;

	fake_start_plain();
	id = fake_direct(1, &far);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_WINDOW_ADJUST, "uu", id,
			     UINT32_MAX - (2u << 20)),
	    0);
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_WINDOW_ADJUST, "uu", id, 1u), E_LIMIT);
	close(far);
	fake_end();
}
END_TEST

START_TEST(test_a_program_that_does_not_read_costs_one_window)
{
	struct channel *c;
	size_t sent = 0, got = 0;
	ssize_t n;
	uint32_t id;
	int far;

	fake_start_plain();
	id = fake_direct(1, &far);
	c = channel_find(fake.w.channels, id);
	for (size_t i = 0; i < CHANNEL_PACKET; i++)
		block[i] = (uint8_t)(i * 7 + i / 256);
	/* All that is granted, and what is granted on the way. */
	while (c->window >= CHANNEL_PACKET && sent < 64u << 20) {
		ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_DATA, "uS", id,
				     block, (size_t)CHANNEL_PACKET),
		    0);
		sent += CHANNEL_PACKET;
	}
	ck_assert_uint_lt(sent, WINDOW_START + (1u << 20));
	ck_assert_uint_le(c->backlog.len, WINDOW_START);
	ck_assert_uint_le(c->backlog.room, 2 * WINDOW_START);
	/* Every byte arrives, in order, and the window comes back. */
	while (got < sent) {
		static uint8_t in[70000];

		fake_turn();
		n = read(far, in, sizeof(in));
		ck_assert_int_gt(n, 0);
		for (ssize_t i = 0; i < n; i++) {
			size_t at = (got + (size_t)i) % CHANNEL_PACKET;

			ck_assert_uint_eq(in[i], (uint8_t)(at * 7 + at / 256));
		}
		got += (size_t)n;
	}
	fake_turn();
	ck_assert_uint_eq(c->backlog.len, 0);
	ck_assert_uint_gt(c->window, c->window_size / 2);
	close(far);
	fake_end();
}
END_TEST

START_TEST(test_windows_grow_with_what_is_taken_in_a_round_trip)
{
	struct channel *c;
	static uint8_t in[1 << 20];
	uint64_t end;
	uint32_t id;
	int far;

	fake_start(&(const struct msg_opened){.window_max = 8 << 20});
	fake.rtt = 40000;
	fake.forget = true;
	fake.at = fake.n_sent;
	fake.forget = false;
	id = fake_direct(1, &far);
	c = channel_find(fake.w.channels, id);
	fake.forget = true;
	ck_assert_uint_eq(c->window_size, WINDOW_START);
	end = loop_clock() + 3000;
	while (c->window_size < 8u << 20 && loop_clock() < end) {
		/* A round trip's worth, and the time it takes. */
		for (int i = 0; i < 300 && c->window >= CHANNEL_PACKET; i++) {
			ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_DATA, "uS",
					     id, block, (size_t)CHANNEL_PACKET),
			    0);
			while (read(far, in, sizeof(in)) > 0)
				continue;
			loop_turn(fake.w.loop, 0);
		}
		fake_wait(41);
	}
	ck_assert_uint_eq(c->window_size, 8u << 20); /* the bound, no more */
	ck_assert_uint_le(c->window, c->window_size);
	close(far);
	fake_end();
}
END_TEST

START_TEST(test_windows_grow_where_a_relay_hides_the_round_trip)
{
	struct channel *c;
	static uint8_t in[1 << 20];
	uint64_t end;
	uint32_t id;
	size_t at;
	int far;

	fake_start(&(const struct msg_opened){.window_max = 8 << 20});
	fake.rtt = 50; /* to the relay */
	id = fake_direct(1, &far);
	c = channel_find(fake.w.channels, id);
	end = loop_clock() + 6000;
	while (c->window_size < 8u << 20 && loop_clock() < end) {
		at = fake.n_sent;
		for (int i = 0; i < 300 && c->window >= CHANNEL_PACKET; i++) {
			ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_DATA, "uS",
					     id, block, (size_t)CHANNEL_PACKET),
			    0);
			while (read(far, in, sizeof(in)) > 0)
				continue;
			loop_turn(fake.w.loop, 0);
		}
		fake_wait(41);
		for (; at < fake.n_sent; at++)
			if (fake.sent[at].data[0] == SSH_MSG_GLOBAL_REQUEST)
				ck_assert_int_eq(
				    fake_packet(SSH_MSG_REQUEST_FAILURE, ""),
				    0);
	}
	ck_assert_uint_eq(c->window_size, 8u << 20);
	close(far);
	fake_end();
}
END_TEST

START_TEST(test_windows_stay_small_where_little_is_moved)
{
	struct channel *c;
	uint32_t id;
	char in[16];
	int far;

	fake_start_plain();
	fake.rtt = 10000;
	id = fake_direct(1, &far);
	c = channel_find(fake.w.channels, id);
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(
		    fake_packet(SSH_MSG_CHANNEL_DATA, "us", id, "x"), 0);
		ck_assert_int_eq(read(far, in, sizeof(in)), 1);
		fake_wait(6);
	}
	ck_assert_uint_eq(c->window_size, WINDOW_START);
	fake_expect_nothing(); /* no adjust for a keystroke */
	close(far);
	fake_end();
}
END_TEST

Suite *
suite_window(void)
{
	Suite *s = suite_create("windows");
	TCase *c = tcase_create("windows");

	tcase_set_timeout(c, 60);
	tcase_add_test(
	    c, test_more_than_the_window_is_refused_and_a_large_packet_dropped);
	tcase_add_test(c, test_a_window_adjust_beyond_32_bits_is_refused);
	tcase_add_test(c, test_a_program_that_does_not_read_costs_one_window);
	tcase_add_test(c, test_windows_grow_with_what_is_taken_in_a_round_trip);
	tcase_add_test(c, test_windows_grow_where_a_relay_hides_the_round_trip);
	tcase_add_test(c, test_windows_stay_small_where_little_is_moved);
	suite_add_tcase(s, c);
	return s;
}
