/*
 * Bulk and keystrokes: bounds, and who is served before whom.
 */
#include "tests/unit/channel/fake.h"
#include "tests/unit/channel/suites.h"

#include <fcntl.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <termios.h>
#include <unistd.h>

static uint8_t block[CHANNEL_PACKET + 1];

/* A program that writes whenever it can, as much as it can. */
static size_t
pour(int fd)
{
	size_t total = 0;
	ssize_t n;

	ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	while ((n = write(fd, block, sizeof(block) - 1)) > 0)
		total += (size_t)n;
	return total;
}

static void
drain(size_t len)
{
	fake.queued = len > fake.queued ? 0 : fake.queued - len;
	channels_resume(&fake.w);
	fake_turn();
}

static uint32_t
peer_of(size_t index)
{
	const uint8_t *p = fake.sent[index].data;

	return (uint32_t)p[1] << 24 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[3] << 8 | p[4];
}

START_TEST(test_a_client_that_never_reads_stops_the_program)
{
	uint64_t out;
	uint32_t id;
	int program[3];
	size_t poured = 0;

	fake_start_plain();
	id = fake_open_session(1);
	fake_exec(id, program);
	for (int i = 0; i < 1000; i++) {
		poured += pour(program[1]);
		fake_turn();
	}
	out = channel_find(fake.w.channels, id)->bytes_out;
	ck_assert_uint_eq(out, 2u << 20); /* the client's window, all of it */
	ck_assert_uint_lt(poured, (2u << 20) + (2u << 20));
	/* It goes on where it stopped. */
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_WINDOW_ADJUST, "uu", id, 1000u), 0);
	fake_turn();
	ck_assert_uint_eq(
	    channel_find(fake.w.channels, id)->bytes_out, out + 1000);
	fake_end();
}
END_TEST

START_TEST(test_a_full_queue_stops_reading_and_goes_on_when_it_empties)
{
	int program[3];
	uint32_t id;
	uint64_t before;

	fake_start_plain();
	fake.keep_queued = true;
	fake.queue_max = 100000;
	id = fake_open_session(1);
	fake_exec(id, program);
	for (int i = 0; i < 5; i++) {
		pour(program[1]);
		fake_turn();
	}
	ck_assert_uint_le(fake.placed_max, 100000 + CHANNEL_PACKET + 64);
	before = fake.total_out;
	pour(program[1]);
	fake_turn();
	ck_assert_uint_eq(fake.total_out, before);
	drain(1 << 20);
	ck_assert_uint_gt(fake.total_out, before);
	fake_end();
}
END_TEST

/* A pattern of which no packet's length is a multiple. */
#define PATTERN 251

static void
pour_pattern(int fd, size_t total)
{
	static uint8_t out[400 * PATTERN];
	size_t done = 0;
	ssize_t n;

	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (uint8_t)(i % PATTERN);
	ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	while (done < total) {
		size_t at = done % PATTERN, len = total - done;

		if (len > sizeof(out) - at)
			len = sizeof(out) - at;
		n = write(fd, &out[at], len);
		done += n > 0 ? (size_t)n : 0;
		fake_turn();
	}
}

/* Client's window and packet size, and which packets bulk comes in. */
static const struct {
	uint32_t window, packet;
	bool rows; /* several packets from one read */
} rows[] = {
    {8u << 20, 32768, true},
    {8u << 20, 16384, true},
    {8u << 20, 32768 + 9, true},
    {8u << 20, 1u << 20, true},
    {8u << 20, 4999, true},
    {1000003, 32768, true},
    {1u << 31, 0x7fffffff, true},
    {8u << 20, 100, true},
};

START_TEST(test_bulk_is_read_into_many_packets_in_order)
{
	struct channel *c;
	uint64_t total = 0;
	uint32_t id;
	int program[3];

	fake_start_plain();
	id = fake_open_session(1);
	fake_exec(id, program);
	c = channel_find(fake.w.channels, id);
	c->peer_window = rows[_i].window;
	c->peer_packet = rows[_i].packet;
	fake.at = fake.n_sent;
	pour_pattern(program[1], 1000003);
	for (int i = 0; i < 1000 && c->bytes_out < 1000003; i++)
		fake_turn();
	for (; fake.at < fake.n_sent; fake.at++) {
		const uint8_t *p = fake.sent[fake.at].data;
		size_t len = fake.sent[fake.at].len - 9;

		ck_assert_uint_eq(p[0], SSH_MSG_CHANNEL_DATA);
		ck_assert_uint_eq(peer_of(fake.at), 1);
		ck_assert_uint_eq(len,
		    (uint32_t)p[5] << 24 | (uint32_t)p[6] << 16 |
			(uint32_t)p[7] << 8 | p[8]);
		ck_assert_uint_le(len, rows[_i].packet);
		for (size_t i = 0; i < len; i++, total++)
			ck_assert_uint_eq(p[9 + i], total % PATTERN);
	}
	ck_assert_uint_eq(total, 1000003);
	ck_assert_uint_eq(c->bytes_out, total);
	ck_assert_uint_eq(c->peer_window, rows[_i].window - total);
	ck_assert_int_eq(fake.rows > 0, rows[_i].rows);
	fake_end();
}
END_TEST

/* The socket's becoming writable is waited for, not the clock. */
START_TEST(test_a_peer_that_reads_nothing_costs_no_wakeup)
{
	int program[3];
	uint64_t before;
	uint32_t id;

	fake_start_plain();
	fake.keep_queued = true;
	id = fake_open_session(1);
	fake_exec(id, program);
	for (int i = 0; i < 20 && fake.awaited == 0; i++) {
		pour(program[1]);
		fake_turn();
	}
	ck_assert_uint_ge(fake.awaited, 1);
	ck_assert(!loop_timer_running(&fake.w.channels->pump_timer));
	ck_assert(fake.w.channels->pump.loop == NULL);
	before = fake.total_out;
	pour(program[1]);
	drain(1 << 20);
	ck_assert_uint_gt(fake.total_out, before);
	fake_end();
}
END_TEST

START_TEST(test_bulk_leaves_room_for_a_keystroke)
{
	int program[3], far;
	uint32_t bulk;
	size_t queued;

	fake_start_plain();
	(void)fake_direct(2, &far);
	bulk = fake_open_session(1);
	fake_exec(bulk, program);
	fake.keep_queued = true;
	fake.w.channels->bulk_limit = 64 * 1024;
	for (int i = 0; i < 5; i++) {
		pour(program[1]);
		fake_turn();
	}
	/* Bulk has stopped by itself, far below the queue's own bound. */
	queued = fake.queued;
	ck_assert_uint_lt(queued, 64 * 1024 + CHANNEL_PACKET + 64);
	/* A keystroke's echo goes out at once, behind no more than that. */
	fake.at = fake.n_sent;
	ck_assert_int_eq(write(far, "x", 1), 1);
	fake_turn();
	ck_assert_uint_eq(fake.n_sent, fake.at + 1);
	ck_assert_uint_eq(peer_of(fake.at), 2);
	close(far);
	fake_end();
}
END_TEST

START_TEST(test_a_keystroke_overtakes_bulk_that_is_ready_before_it)
{
	int program[3], far;
	uint32_t bulk;

	fake_start_plain();
	(void)fake_direct(2, &far);
	bulk = fake_open_session(1);
	fake_exec(bulk, program);
	fake.keep_queued = true;
	fake.queue_max = 200000;
	for (int i = 0; i < 5; i++) {
		pour(program[1]);
		fake_turn();
	}
	fake.at = fake.n_sent;
	ck_assert_int_eq(write(far, "x", 1), 1);
	fake_turn();
	drain(1 << 20);
	/* Bulk waited first, but the small one is the first served. */
	ck_assert_uint_gt(fake.n_sent, fake.at + 1);
	ck_assert_uint_eq(peer_of(fake.at), 2);
	ck_assert_uint_eq(peer_of(fake.at + 1), 1);
	close(far);
	fake_end();
}
END_TEST

START_TEST(test_bulk_keeps_to_what_the_client_reads_while_somebody_types)
{
	struct channel *c;
	int program[3], far;
	uint32_t bulk;
	uint64_t out;

	fake_start_plain();
	(void)fake_direct(2, &far);
	bulk = fake_open_session(1);
	fake_exec(bulk, program);
	c = channel_find(fake.w.channels, bulk);
	fake.w.channels->rate = 1000; /* a slow client */
	for (int i = 0; i < 4; i++) {
		pour(program[1]);
		loop_turn(fake.w.loop, 0);
	}
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_WINDOW_ADJUST, "uu", bulk, 32768u), 0);
	ck_assert_int_eq(write(far, "x", 1), 1);
	fake_turn();
	for (int i = 0; i < 30; i++) {
		pour(program[1]);
		loop_turn(fake.w.loop, 0);
		fake.w.channels->rate = 1000;
	}
	/* A bulk channel fills only the share of its 2 MB window
	 * that may wait. */
	ck_assert_uint_le(c->peer_max - c->peer_window, 1u << 18);
	out = c->bytes_out;
	/* A client that adjusts late, or nobody typing: all of it is used. */
	for (int i = 0; i < 600 && c->peer_window != 0; i++) {
		pour(program[1]);
		ck_assert_int_eq(write(far, "x", 1), 1);
		fake_wait(2);
	}
	ck_assert_uint_gt(c->bytes_out, out);
	ck_assert_uint_eq(c->peer_window, 0);
	close(far);
	fake_end();
}
END_TEST

START_TEST(test_bulk_channels_take_turns)
{
	int a[3], b[3];
	size_t of_a = 0, of_b = 0, longest = 0, run = 0;

	fake_start_plain();
	fake_exec(fake_open_session(1), a);
	fake_exec(fake_open_session(2), b);
	fake.at = fake.n_sent;
	for (int i = 0; i < 20; i++) {
		pour(a[1]);
		pour(b[1]);
		loop_turn(fake.w.loop, 0);
	}
	for (size_t i = fake.at; i < fake.n_sent; i++) {
		*(peer_of(i) == 1 ? &of_a : &of_b) += fake.sent[i].len;
		run = i > fake.at && peer_of(i) == peer_of(i - 1) ? run + 1 : 1;
		longest = run > longest ? run : longest;
	}
	ck_assert_uint_gt(of_a, 500000);
	ck_assert_uint_gt(of_b, of_a / 2);
	ck_assert_uint_lt(of_b, of_a * 2);
	ck_assert_uint_le(longest, 4);
	fake_end();
}
END_TEST

START_TEST(test_a_terminals_output_fills_packets)
{
	struct wall_message m = {.type = MSG_pty_made};
	struct termios t;
	size_t packets, n = 0;
	int master, slave;
	uint32_t id;

	fake_start_plain();
	fake_session();
	id = fake_open_session(1);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_REQUEST, "usbsuuuus", id,
			     "pty-req", 1, "vt100", 80u, 24u, 0u, 0u, ""),
	    0);
	fake_asked(MSG_pty);
	ck_assert_int_eq(openpty(&master, &slave, NULL, NULL, NULL), 0);
	ck_assert_int_eq(tcgetattr(slave, &t), 0);
	cfmakeraw(&t);
	ck_assert_int_eq(tcsetattr(slave, TCSANOW, &t), 0);
	m.fds[0] = master;
	m.fds[1] = m.fds[2] = m.fds[3] = -1;
	m.pty_made.channel = id;
	ck_assert_int_eq(on_pty_made(&fake.w, &m), 0);
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_REQUEST, "usb", id, "shell", 1), 0);
	fake_asked(MSG_start);
	n = pour(slave);
	usleep(50000);
	fake_granted(id);
	fake.at = fake.n_sent;
	fake_wait(100);
	packets = fake.n_sent - fake.at;
	ck_assert_uint_gt(n, 8000);
	ck_assert_uint_le(packets, 3);
	close(slave);
	fake_end();
}
END_TEST

START_TEST(test_a_thousand_channels_live_at_once)
{
	static uint32_t ids[1200];
	static int far[1200];
	struct rlimit limit = {8192, 8192};
	char text[8];

	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	fake_start(&(const struct msg_opened){
	    .window_max = 16 << 20, .max_channels = 1200});
	for (uint32_t i = 0; i < 1200; i++)
		ids[i] = fake_direct(i, &far[i]);
	/* One more is refused, without a question. */
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_OPEN, "suuususu", "direct-tcpip", 9999u,
		1000u, 1000u, "h", 1u, "o", 1u),
	    0);
	fake_asked_nothing();
	fake_expect(SSH_MSG_CHANNEL_OPEN_FAILURE);
	for (uint32_t i = 0; i < 1200; i++) {
		ck_assert_int_eq(write(far[i], "pong", 4), 4);
		ck_assert_int_eq(
		    fake_packet(SSH_MSG_CHANNEL_DATA, "us", ids[i], "ping"), 0);
		ck_assert_int_eq(read(far[i], text, sizeof(text)), 4);
	}
	fake_wait(200);
	for (uint32_t i = 0; i < 1200; i++) {
		struct rd r = fake_expect(SSH_MSG_CHANNEL_DATA);

		ck_assert_uint_lt(rd_u32(&r), 1200);
	}
	/* All windows together keep to their budget. */
	ck_assert_uint_le(
	    fake.w.channels->windows, WINDOW_BUDGET + 1200u * WINDOW_SMALL);
	for (uint32_t i = 0; i < 1200; i++) {
		ck_assert_int_eq(
		    fake_packet(SSH_MSG_CHANNEL_CLOSE, "u", ids[i]), 0);
		fake_asked(MSG_channel_closed);
		close(far[i]);
	}
	ck_assert_uint_eq(fake.w.channels->count, 0);
	fake_end();
}
END_TEST

START_TEST(test_a_number_does_not_come_back_soon)
{
	static uint32_t seen[3000];
	int far;

	fake_start_plain();
	for (size_t i = 0; i < 3000; i++) {
		seen[i] = fake_direct(1, &far);
		for (size_t k = i > 50 ? i - 50 : 0; k < i; k++)
			ck_assert_uint_ne(seen[i], seen[k]);
		ck_assert_int_eq(
		    fake_packet(SSH_MSG_CHANNEL_CLOSE, "u", seen[i]), 0);
		fake_asked(MSG_channel_closed);
		fake_expect(SSH_MSG_CHANNEL_CLOSE);
		close(far);
		/* Late answers about the old one meet nobody. */
		fake_refused(seen[i], 1, "late");
	}
	fake_end();
}
END_TEST

Suite *
suite_flow(void)
{
	Suite *s = suite_create("flow");
	TCase *c = tcase_create("flow");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, test_a_client_that_never_reads_stops_the_program);
	tcase_add_test(
	    c, test_a_full_queue_stops_reading_and_goes_on_when_it_empties);
	tcase_add_loop_test(c, test_bulk_is_read_into_many_packets_in_order, 0,
	    sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(c, test_a_peer_that_reads_nothing_costs_no_wakeup);
	tcase_add_test(c, test_bulk_leaves_room_for_a_keystroke);
	tcase_add_test(
	    c, test_a_keystroke_overtakes_bulk_that_is_ready_before_it);
	tcase_add_test(
	    c, test_bulk_keeps_to_what_the_client_reads_while_somebody_types);
	tcase_add_test(c, test_bulk_channels_take_turns);
	tcase_add_test(c, test_a_terminals_output_fills_packets);
	tcase_add_test(c, test_a_thousand_channels_live_at_once);
	tcase_add_test(c, test_a_number_does_not_come_back_soon);
	suite_add_tcase(s, c);
	return s;
}
