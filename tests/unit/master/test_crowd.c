/*
 * Tests of crowd.c: the oldest connection of a source that holds many gives
 * way, and never that of a source that only shares a bucket with it.
 */
#include "daemon/master/admit.h"

/* All in one bucket. */
#define net_key_hash(key, seed) ((void)(key), (void)(seed), (size_t)0)
#include "daemon/master/crowd.c"
#undef net_key_hash

#include "tests/unit/master/rig.h"
#include "tests/unit/master/suites.h"

#include <unistd.h>

static bool
comes(const char *from)
{
	struct net_address source;

	ck_assert_int_eq(net_parse(from, &source), 0);
	rig.g->config->limits.startups.begin = 10;
	rig.g->config->limits.startups.full = 60;
	admit_count(&rig.m);
	return crowd_gives_way(&rig.m, rig.g->config, &source);
}

static unsigned
left_of(const char *text)
{
	struct net_address source;
	unsigned count = 0;

	ck_assert_int_eq(net_parse(text, &source), 0);
	for (struct connection *c = rig.m.connections; c != NULL; c = c->next)
		count += memcmp(c->source.bytes, source.bytes, 4) == 0;
	return count;
}

static void
flood_in(
    enum monitor_state state, const char *from, unsigned count, uint64_t ms)
{
	while (count-- > 0) {
		struct connection *c = rig_connection(from, ms);

		rig.g->slots[c->slot].state = state;
	}
}

static void
flood(const char *from, unsigned count, uint64_t ms)
{
	flood_in(STATE_AUTH, from, count, ms);
}

/* A connection each. */
static void
flood_of_sources(enum monitor_state state, unsigned count, uint64_t ms)
{
	char from[32];

	for (unsigned i = 1; i <= count; i++) {
		snprintf(from, sizeof(from), "192.0.2.%u", i);
		flood_in(state, from, 1, ms + i);
	}
}

START_TEST(the_oldest_of_many_gives_way)
{
	struct connection *oldest;

	flood("192.0.2.1", 7, 5000);
	oldest = rig_connection("192.0.2.1", 9000);
	ck_assert(comes("198.51.100.1"));
	ck_assert_uint_eq(left_of("192.0.2.1"), 7);
	for (struct connection *c = rig.m.connections; c != NULL; c = c->next)
		ck_assert_ptr_ne(c, oldest);
}
END_TEST

/* It has waited at its prompt for longest. */
START_TEST(who_shares_a_bucket_with_a_flood_stays)
{
	flood("203.0.113.5", 1, 30000);
	flood("192.0.2.1", 20, 5000);
	for (unsigned i = 20; i > 5; i--) {
		ck_assert(comes("198.51.100.1"));
		ck_assert_uint_eq(left_of("203.0.113.5"), 1);
		ck_assert_uint_eq(left_of("192.0.2.1"), i - 1);
	}
}
END_TEST

START_TEST(few_do_not_give_way_nor_do_the_young)
{
	flood_of_sources(STATE_AUTH, 20, 30000);
	ck_assert(!comes("198.51.100.1"));
	flood("203.0.113.5", 20, 500);
	ck_assert(!comes("198.51.100.1"));
	ck_assert_uint_eq(rig.m.n_connections, 40);
}
END_TEST

START_TEST(who_takes_long_for_its_keys_gives_way_to_anybody)
{
	flood_of_sources(STATE_AUTH, 30, 30000);
	flood_of_sources(STATE_KEX, 30, 6000);
	for (unsigned i = 30; i > 0; i--) {
		char oldest[32];

		snprintf(oldest, sizeof(oldest), "192.0.2.%u", i);
		ck_assert_uint_eq(left_of(oldest), 2);
		ck_assert(comes("198.51.100.1"));
		ck_assert_uint_eq(left_of(oldest), 1);
	}
	ck_assert(!comes("198.51.100.1"));
	/* It has not taken long yet. */
	flood_of_sources(STATE_KEX, 30, 3000);
	ck_assert(!comes("198.51.100.1"));
	ck_assert_uint_eq(rig.m.n_connections, 60);
}
END_TEST

/* A monitor may stay in a module after its worker was killed. */
START_TEST(who_gives_way_slowly_is_counted_and_bounded)
{
	flood("192.0.2.1", 130, 5000);
	for (struct connection *c = rig.m.connections; c != NULL; c = c->next) {
		close(c->client);
		c->client = -1;
		c->worker_pidfd = dup(rig.m.options.keeper);
	}
	ck_assert(!comes("198.51.100.1"));
}
END_TEST

static void
start(void)
{
	rig_start();
	rig.m.options.keeper = rig.keyholder; /* no pidfd: kills nobody */
}

TCase *
case_crowd(void)
{
	TCase *t = tcase_create("crowd");

	tcase_add_checked_fixture(t, start, rig_stop);
	tcase_add_test(t, the_oldest_of_many_gives_way);
	tcase_add_test(t, who_shares_a_bucket_with_a_flood_stays);
	tcase_add_test(t, few_do_not_give_way_nor_do_the_young);
	tcase_add_test(t, who_takes_long_for_its_keys_gives_way_to_anybody);
	tcase_add_test(t, who_gives_way_slowly_is_counted_and_bounded);
	return t;
}
