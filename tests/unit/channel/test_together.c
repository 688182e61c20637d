/*
 * Payloads that came in one read leave in one write, in order, to the right
 * program, and none is lost.
 */
#include "tests/unit/channel/fake.h"
#include "tests/unit/channel/suites.h"

#include <sys/socket.h>

#include <string.h>
#include <unistd.h>

/* A channel whose program takes much at once. */
static uint32_t
open_far(uint32_t peer, int *far)
{
	uint32_t id = fake_direct(peer, far);

	channel_find(fake.w.channels, id)->together = 1 << 20;
	return id;
}

/* One such channel, its packets all of one read. */
static uint32_t
begin(int *far)
{
	uint32_t id;

	fake_start_plain();
	id = open_far(1, far);
	fake.stay = true;
	return id;
}

static void
finish(int far)
{
	close(far);
	fake_end();
}

static void
data(uint32_t id, const char *text)
{
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_DATA, "uS", id, text, strlen(text)), 0);
}

static void
expect(int far, const char *text)
{
	char got[256];
	ssize_t n = recv(far, got, sizeof(got) - 1, MSG_DONTWAIT);

	if (text[0] == '\0') {
		ck_assert_int_eq(n, -1);
		return;
	}
	ck_assert_int_gt(n, 0);
	got[n] = '\0';
	ck_assert_str_eq(got, text);
}

START_TEST(test_one_read_is_one_write)
{
	int far;
	uint32_t id = begin(&far);

	data(id, "one ");
	data(id, "two ");
	data(id, "three");
	expect(far, "");
	fake_data_end();
	expect(far, "one two three");
	/* Nothing is told twice. */
	fake_data_end();
	expect(far, "");
	finish(far);
}
END_TEST

START_TEST(test_each_program_has_its_own)
{
	uint32_t first, second;
	int far, other;

	fake_start_plain();
	first = open_far(1, &far);
	second = open_far(2, &other);
	fake.stay = true;
	data(first, "a");
	data(second, "b");
	data(first, "c");
	data(first, "d");
	expect(far, "a");
	expect(other, "b");
	fake_data_end();
	expect(far, "cd");
	expect(other, "");
	close(far);
	close(other);
	fake_end();
}
END_TEST

START_TEST(test_what_follows_comes_behind_it)
{
	int far;
	uint32_t id = begin(&far);

	data(id, "last ");
	data(id, "words");
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_EOF, "u", id), 0);
	expect(far, "last words");
	ck_assert_int_eq(recv(far, &id, 1, MSG_DONTWAIT), 0);
	finish(far);
}
END_TEST

/* A channel that is closed with payloads waiting: they go first. */
START_TEST(test_a_close_loses_nothing)
{
	int far;
	uint32_t id = begin(&far);

	data(id, "still");
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_CLOSE, "u", id), 0);
	expect(far, "still");
	fake_turn();
	fake_data_end();
	finish(far);
}
END_TEST

/* Data that does not fit is kept in order; then packets go one by one again. */
START_TEST(test_a_slow_program_gets_all)
{
	static uint8_t block[CHANNEL_PACKET], sink[CHANNEL_PACKET];
	size_t sent = 0, got = 0;
	struct channel *c;
	uint32_t id;
	ssize_t n;
	int far;

	id = begin(&far);
	c = channel_find(fake.w.channels, id);
	for (int round = 0; round < 16 && c->backlog.len == 0; round++) {
		for (int i = 0; i < 8 && c->window >= sizeof(block); i++) {
			memset(block, (int)(sent / sizeof(block)) + 1,
			    sizeof(block));
			ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_DATA, "uS",
					     id, block, sizeof(block)),
			    0);
			sent += sizeof(block);
		}
		fake_data_end();
	}
	ck_assert_uint_ne(c->backlog.len, 0);
	ck_assert_uint_eq(c->together, 0);
	while (got < sent) {
		n = recv(
		    far, sink, sizeof(sink) - got % sizeof(sink), MSG_DONTWAIT);
		if (n < 0) {
			fake_turn();
			continue;
		}
		for (ssize_t i = 0; i < n; i++)
			ck_assert_uint_eq(sink[i],
			    (uint8_t)((got + (size_t)i) / sizeof(block) + 1));
		got += (size_t)n;
	}
	fake_turn();
	ck_assert_uint_eq(c->backlog.len, 0);
	finish(far);
}
END_TEST

/* Nobody reads: the window is granted all the same, nothing is used again. */
START_TEST(test_a_program_that_is_gone)
{
	int far;
	uint32_t id = begin(&far);

	close(far);
	data(id, "to ");
	data(id, "nobody");
	fake_data_end();
	fake_turn();
	ck_assert(channel_find(fake.w.channels, id) == NULL ||
	    channel_find(fake.w.channels, id)->input_failed);
	fake_end();
}
END_TEST

Suite *
suite_together(void)
{
	Suite *s = suite_create("together");
	TCase *c = tcase_create("together");

	tcase_add_test(c, test_one_read_is_one_write);
	tcase_add_test(c, test_each_program_has_its_own);
	tcase_add_test(c, test_what_follows_comes_behind_it);
	tcase_add_test(c, test_a_close_loses_nothing);
	tcase_add_test(c, test_a_slow_program_gets_all);
	tcase_add_test(c, test_a_program_that_is_gone);
	suite_add_tcase(s, c);
	return s;
}
