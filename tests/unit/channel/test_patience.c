/*
 * A lone program that lags a little is waited for.
 */
#include "tests/unit/channel/fake.h"
#include "tests/unit/channel/suites.h"

#include <sys/socket.h>

#include <unistd.h>

static uint8_t block[CHANNEL_PACKET];

/* Packets until the far end takes no more. */
static void
fill(uint32_t id)
{
	for (int i = 0; i < 64 && !fake.waits &&
	     channel_find(fake.w.channels, id)->backlog.len == 0;
	     i++)
		ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_DATA, "uS", id,
				     block, (size_t)CHANNEL_PACKET),
		    0);
}

static void
take_all(int far)
{
	static uint8_t sink[CHANNEL_PACKET];

	while (recv(far, sink, sizeof(sink), MSG_DONTWAIT) > 0)
		fake_turn();
}

START_TEST(test_a_program_that_lags_is_waited_for)
{
	struct channel *c;
	uint32_t id;
	int far;

	fake_start_plain();
	id = fake_direct(1, &far);
	c = channel_find(fake.w.channels, id);
	fill(id);
	ck_assert(fake.waits);
	ck_assert_uint_le(c->backlog.len, CHANNEL_PACKET);
	take_all(far);
	ck_assert(!fake.waits);
	ck_assert_uint_eq(c->backlog.len, 0);
	/* One that does not catch up is left behind, until it has. */
	fill(id);
	ck_assert_uint_eq(fake.waited, 2);
	for (int i = 0; i < 100 && fake.waits; i++)
		fake_wait(10);
	ck_assert(!fake.waits);
	ck_assert_uint_ne(c->backlog.len, 0);
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_DATA, "uS", id, block, (size_t)100), 0);
	ck_assert_uint_eq(fake.waited, 2);
	take_all(far);
	ck_assert_uint_eq(c->backlog.len, 0);
	fill(id);
	ck_assert_uint_eq(fake.waited, 3);
	/* Nobody waits for a channel that is gone. */
	channel_force_close(c);
	ck_assert(!fake.waits);
	close(far);
	fake_end();
}
END_TEST

START_TEST(test_nobody_waits_where_other_channels_are)
{
	uint32_t id;
	int far, other;

	fake_start_plain();
	id = fake_direct(1, &far);
	(void)fake_direct(2, &other);
	fill(id);
	ck_assert_uint_ne(channel_find(fake.w.channels, id)->backlog.len, 0);
	ck_assert_uint_eq(fake.waited, 0);
	close(far);
	close(other);
	fake_end();
}
END_TEST

Suite *
suite_patience(void)
{
	Suite *s = suite_create("patience");
	TCase *c = tcase_create("patience");

	tcase_add_test(c, test_a_program_that_lags_is_waited_for);
	tcase_add_test(c, test_nobody_waits_where_other_channels_are);
	suite_add_tcase(s, c);
	return s;
}
