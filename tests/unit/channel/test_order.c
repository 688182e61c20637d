/*
 * Typing beside bulk: the one comes first and in order, the other in pieces,
 * and neither is starved, whatever the client's window or a key exchange do.
 */
#include "tests/unit/channel/fake.h"
#include "tests/unit/channel/suites.h"

#include <check.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define TYPING 2 /* the client's numbers of the channels */
#define BULK   1

static uint8_t block[CHANNEL_PACKET];

/* One connection: a far end that types, a program that pours. */
static struct scene {
	struct channel *bulk;
	int program[3], far;
	size_t seen; /* packets looked at */
	uint64_t received; /* of bulk, by the client */
	uint64_t told; /* of it, in adjusts */
	char typed[1024]; /* echoes as the client got them */
	size_t n_typed;
} scene;

static void
pour(void)
{
	while (write(scene.program[1], block, sizeof(block)) > 0)
		;
}

static uint32_t
u32_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

/* The client reads what was sent. */
static void
client_reads(void)
{
	for (; scene.seen < fake.n_sent; scene.seen++) {
		const uint8_t *p = fake.sent[scene.seen].data;

		if (p[0] != SSH_MSG_CHANNEL_DATA)
			continue;
		if (u32_at(&p[1]) == BULK) {
			scene.received += u32_at(&p[5]);
			continue;
		}
		ck_assert_uint_eq(u32_at(&p[1]), TYPING);
		ck_assert_uint_lt(
		    scene.n_typed + u32_at(&p[5]), sizeof(scene.typed));
		memcpy(&scene.typed[scene.n_typed], &p[9], u32_at(&p[5]));
		scene.n_typed += u32_at(&p[5]);
	}
}

/* As OpenSSH's client: when more than three packets have come. */
static void
client_tells(void)
{
	uint64_t more = scene.received - scene.told;

	if (more <= 3u * 32768)
		return;
	scene.told += more;
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_WINDOW_ADJUST, "uu",
			     scene.bulk->id, (uint32_t)more),
	    0);
}

static void
begin(void)
{
	uint32_t bulk;

	memset(&scene, 0, sizeof(scene));
	fake_start_plain();
	/* A busy machine shall not look like a client that has stopped. */
	fake.rtt = 10 * 1000 * 1000;
	/* The path's rate is what it is here: none is measured for an hour. */
	fake.w.channels->rate = 1;
	fake.w.channels->rate_at = loop_clock() + 3600 * 1000;
	(void)fake_direct(TYPING, &scene.far);
	bulk = fake_open_session(BULK);
	fake_exec(bulk, scene.program);
	scene.bulk = channel_find(fake.w.channels, bulk);
	ck_assert_int_eq(fcntl(scene.program[1], F_SETFL, O_NONBLOCK), 0);
}

/* One turn in which a key is pressed, if any, and the program pours. */
static void
turn(char key)
{
	pour();
	if (key != '\0')
		ck_assert_int_eq(write(scene.far, &key, 1), 1);
	ck_assert_int_eq(loop_turn(fake.w.loop, 0), 0);
	ck_assert_int_eq(loop_turn(fake.w.loop, 0), 0);
	client_reads();
}

/* The client reads from the start on, and both are known for what they are. */
static void
warm_up(void)
{
	for (int i = 0; i < 4; i++) {
		turn('w');
		client_tells();
	}
	/* All that went before somebody typed is read. */
	while (scene.bulk->peer_window < scene.bulk->peer_max) {
		uint32_t rest = (uint32_t)(scene.received - scene.told);

		ck_assert_uint_ne(rest, 0);
		scene.told += rest;
		ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_WINDOW_ADJUST,
				     "uu", scene.bulk->id, rest),
		    0);
	}
	scene.n_typed = 0;
}

static void
end(void)
{
	close(scene.far);
	for (int i = 0; i < 3; i++)
		close(scene.program[i]);
	fake_end();
}

START_TEST(test_bulk_beside_typing_leaves_in_pieces)
{
	begin();
	warm_up();
	fake.unflushed = fake.unflushed_max = 0;
	for (int i = 0; i < 20; i++)
		turn('x');
	ck_assert_uint_ge(fake.unflushed_max, CHANNEL_PIECE);
	/* A piece in two packets, an echo before it. */
	ck_assert_uint_le(
	    fake.unflushed_max, CHANNEL_PIECE + 3 * DATA_HEADER + 1);
	/* The client has told nothing yet: four of them are out. */
	ck_assert_uint_le(
	    scene.bulk->peer_max - scene.bulk->peer_window, CHANNEL_STEP_LEAST);
	ck_assert_uint_gt(scene.bulk->peer_max - scene.bulk->peer_window,
	    CHANNEL_STEP_LEAST - CHANNEL_PIECE);
	/* Two of them are told of: two more go. */
	client_tells();
	turn('x');
	turn('x');
	ck_assert_uint_gt(scene.received - scene.told, CHANNEL_PIECE);
	end();
}
END_TEST

/* Replies of a few bytes begin each transfer of a file. */
START_TEST(test_a_channels_own_small_packets_do_not_bound_it)
{
	begin();
	ck_assert_int_eq(write(scene.program[1], "x", 1), 1);
	fake_turn();
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_WINDOW_ADJUST, "uu",
			     scene.bulk->id, 1u),
	    0);
	for (int i = 0; i < 100; i++)
		turn('\0');
	ck_assert_uint_eq(scene.bulk->peer_window, 0);
	end();
}
END_TEST

/* With two that say little each is beside the other. */
START_TEST(test_another_channels_typing_is_not_forgotten)
{
	begin();
	ck_assert_int_eq(write(scene.far, "x", 1), 1);
	fake_turn();
	ck_assert_int_eq(write(scene.program[1], "y", 1), 1);
	fake_turn();
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_WINDOW_ADJUST, "uu",
			     scene.bulk->id, 1u),
	    0);
	for (int i = 0; i < 30; i++)
		turn('\0');
	ck_assert_uint_le(
	    scene.bulk->peer_max - scene.bulk->peer_window, CHANNEL_STEP_LEAST);
	end();
}
END_TEST

/* A turn of the long test: the client and the transport. */
enum weather {
	FAIR,
	NOT_READING, /* its window closes */
	REKEYING /* nothing may be placed */
};

static enum weather
weather_at(int i)
{
	if (i >= 100 && i < 160)
		return NOT_READING;
	if (i >= 220 && i < 240)
		return REKEYING;
	return FAIR;
}

START_TEST(test_typing_and_bulk_both_go_on_through_everything)
{
	uint64_t at_100, at_160, at_220, at_240;
	size_t due = 0;

	at_100 = at_160 = at_220 = at_240 = 0;
	begin();
	warm_up();
	for (int i = 0; i < 300; i++) {
		enum weather weather = weather_at(i);

		fake.queue_max = weather == REKEYING ? 0 : 1u << 20;
		if (i == 240)
			channels_resume(&fake.w);
		turn((char)('a' + i % 26));
		if (weather != NOT_READING)
			client_tells();
		if (weather != REKEYING)
			due = (size_t)i + 1;
		/* It is there in its turn, and none is lost or twice. */
		ck_assert_uint_eq(scene.n_typed, due);
		if (i == 99)
			at_100 = scene.received;
		else if (i == 159)
			at_160 = scene.received;
		else if (i == 219)
			at_220 = scene.received;
		else if (i == 239)
			at_240 = scene.received;
	}
	for (size_t i = 0; i < scene.n_typed; i++)
		ck_assert_int_eq(scene.typed[i], (int)('a' + i % 26));
	/* Bulk: no more than the window in bad weather, plenty otherwise. */
	ck_assert_uint_gt(at_100, 20u * CHANNEL_PIECE);
	ck_assert_uint_le(at_160 - at_100, scene.bulk->peer_max);
	ck_assert_uint_gt(at_220 - at_160, 10u * CHANNEL_PIECE);
	ck_assert_uint_eq(at_240, at_220);
	ck_assert_uint_gt(scene.received - at_240, 10u * CHANNEL_PIECE);
	end();
}
END_TEST

/* A window of nothing: typing goes on, a little more lets bulk go on. */
START_TEST(test_a_closed_window_stops_bulk_alone)
{
	uint64_t before;

	begin();
	warm_up();
	scene.bulk->peer_window = 0;
	fake.rtt = 1000;
	before = scene.received;
	for (int i = 0; i < 20; i++)
		turn('x');
	ck_assert_uint_eq(scene.n_typed, 20);
	ck_assert_uint_eq(scene.received, before);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_WINDOW_ADJUST, "uu",
			     scene.bulk->id, 1000u),
	    0);
	for (int i = 0; i < 50 && scene.received == before; i++) {
		turn('x');
		fake_wait(2);
		client_reads();
	}
	ck_assert_uint_ge(scene.received, before + 1000);
	end();
}
END_TEST

/* Two downloads: nobody reads the first, and the second does not wait. */
START_TEST(test_bulk_that_is_not_read_lets_other_bulk_pass)
{
	struct channel *other;
	uint64_t before;
	uint32_t id;
	int program[3];

	begin();
	warm_up();
	fake.at = fake.n_sent;
	id = fake_open_session(BULK + 2);
	fake_exec(id, program);
	other = channel_find(fake.w.channels, id);
	ck_assert_int_eq(fcntl(program[1], F_SETFL, O_NONBLOCK), 0);
	before = 0;
	for (int i = 0; i < 60; i++) {
		while (write(program[1], block, sizeof(block)) > 0)
			;
		pour();
		ck_assert_int_eq(write(scene.far, "x", 1), 1);
		ck_assert_int_eq(loop_turn(fake.w.loop, 0), 0);
		ck_assert_int_eq(loop_turn(fake.w.loop, 0), 0);
		if (other->bytes_out > before)
			ck_assert_int_eq(
			    fake_packet(SSH_MSG_CHANNEL_WINDOW_ADJUST, "uu", id,
				(uint32_t)(other->bytes_out - before)),
			    0);
		before = other->bytes_out;
	}
	/* The first keeps to its bound, the second has gone far beyond one. */
	ck_assert_uint_le(
	    scene.bulk->peer_max - scene.bulk->peer_window, CHANNEL_STEP_LEAST);
	ck_assert_uint_gt(before, 5 * CHANNEL_STEP_LEAST);
	for (int i = 0; i < 3; i++)
		close(program[i]);
	end();
}
END_TEST

Suite *
suite_order(void)
{
	Suite *s = suite_create("order");
	TCase *c = tcase_create("order");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, test_bulk_beside_typing_leaves_in_pieces);
	tcase_add_test(c, test_a_channels_own_small_packets_do_not_bound_it);
	tcase_add_test(c, test_another_channels_typing_is_not_forgotten);
	tcase_add_test(c, test_typing_and_bulk_both_go_on_through_everything);
	tcase_add_test(c, test_a_closed_window_stops_bulk_alone);
	tcase_add_test(c, test_bulk_that_is_not_read_lets_other_bulk_pass);
	suite_add_tcase(s, c);
	return s;
}
