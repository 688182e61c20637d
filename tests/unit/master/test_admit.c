/*
 * The hand-over of a connection: who has been asked for is waited for, and
 * nobody is sent away because a queue is full.
 */
#include "config/load.h"
#include "daemon/master/admit.h"
#include "daemon/master/lobby.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "tests/unit/master/rig.h"
#include "tests/unit/master/suites.h"

#include <sys/socket.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct connection *
handed_over(void)
{
	struct connection *c = rig_connection("192.0.2.1", 0);

	admit_hand_over(c, c->client, c->client, "main");
	close(c->client);
	c->client = -1;
	return c;
}

/* Reads the next request to the monitor template: 0, or E_AGAIN. */
static int
next_serve(uint32_t *slot)
{
	struct wall wall;
	struct wall_message m;
	int err;

	ck_assert_int_eq(fcntl(rig.monitors, F_SETFL, O_NONBLOCK), 0);
	wall_init(
	    &wall, rig.monitors, PATH_MONITORS_MASTER, PATH_MASTER_MONITORS);
	if ((err = wall_receive(&wall, &m)) == 0) {
		ck_assert_int_eq(m.type, MSG_serve);
		*slot = m.serve.slot;
	}
	wall_done(&wall, &m);
	free(wall.spare);
	return err;
}

START_TEST(both_halves_live_when_both_were_asked_for)
{
	struct connection *c = handed_over();
	uint32_t slot = SLOTS_MAX;

	ck_assert(!c->monitor_dead && !c->worker_dead);
	ck_assert_int_eq(next_serve(&slot), 0);
	ck_assert_uint_eq(slot, c->slot);
	connection_worker_died(&rig.m, c, 0, 0);
	ck_assert_uint_eq(rig.m.n_connections, 1);
	connection_monitor_died(&rig.m, c, EXIT_NO_AUTH, 0);
	ck_assert_uint_eq(rig.m.n_connections, 0);
}
END_TEST

/* The monitor writes into the slot until it has gone: nobody else gets it. */
START_TEST(a_monitor_without_a_worker_keeps_the_connection_and_its_slot)
{
	const struct net_address *source;
	struct net_address copy;
	struct connection *c, *other;
	enum offence offence;
	uint32_t slot = SLOTS_MAX;

	shutdown(rig.workers, SHUT_RDWR);
	c = handed_over();
	source = &c->source;
	copy = *source;
	ck_assert(!c->monitor_dead && c->worker_dead);
	ck_assert(c->worker_gone_at != 0);
	ck_assert_int_eq(next_serve(&slot), 0);
	ck_assert_uint_eq(slot, c->slot);
	other = connection_new(&rig.m, rig.g);
	ck_assert_uint_ne(other->slot, slot);
	ck_assert(rig.g->slots[slot].connection == c->id);
	connection_monitor_died(&rig.m, c, EXIT_NO_AUTH, 0);
	ck_assert_uint_eq(rig.m.n_connections, 1);
	ck_assert(rig.g->slots[slot].connection == 0);
	/* It was our failure. */
	rig.g->config->limits.penalties.minimum = 0;
	ck_assert_uint_eq(
	    penalties_in_force(rig.m.penalties, rig.g->config, &copy, &offence),
	    0);
}
END_TEST

START_TEST(nobody_is_waited_for_when_nobody_was_asked_for)
{
	struct connection *c;
	uint32_t slot;

	if (_i == 0)
		shutdown(rig.keyholder, SHUT_RDWR);
	else if (_i == 1)
		shutdown(rig.monitors, SHUT_RDWR);
	else
		rig.g->workers->child.ready = false;
	c = handed_over();
	ck_assert(c->monitor_dead && c->worker_dead);
	ck_assert_int_ne(next_serve(&slot), 0);
}
END_TEST

/* The result is the same whichever of the walls is full. */
START_TEST(there_is_room_until_a_queue_is_full_and_nothing_is_lost_by_then)
{
	struct wall *wall = _i == 0 ? &rig.g->keyholder.wall :
	    _i == 1		    ? &rig.g->monitors.wall :
				      &rig.g->workers->child.wall;
	const int end = _i == 0 ? rig.keyholder :
	    _i == 1		? rig.monitors :
				  rig.workers;
	char some[4096];
	unsigned count = 0;

	memset(some, 'x', sizeof(some));
	ck_assert(admit_has_room(rig.g));
	while (admit_has_room(rig.g)) {
		ck_assert_int_eq(
		    send(wall->fd, some, sizeof(some), 0), sizeof(some));
		ck_assert_uint_lt(++count, 10000);
	}
	ck_assert_int_eq(send(wall->fd, some, sizeof(some), 0), sizeof(some));
	for (unsigned i = 0; i <= count; i++)
		ck_assert_int_eq(
		    recv(end, some, sizeof(some), 0), sizeof(some));
	ck_assert(admit_has_room(rig.g));
}
END_TEST

START_TEST(there_is_no_room_without_a_worker_template)
{
	rig.g->workers->child.ready = false;
	ck_assert(!admit_has_room(rig.g));
}
END_TEST

/* Nothing else is signed for its monitor. */
START_TEST(the_keyholder_is_told_the_keys_of_the_listener_alone)
{
	struct offer *offer = &rig.g->settings->offers[0];
	struct wall wall;
	struct wall_message m;

	offer->keys[0] = 3;
	offer->keys[1] = 31;
	offer->n_keys = 2;
	(void)handed_over();
	wall_init(
	    &wall, rig.keyholder, PATH_KEYHOLDER_MASTER, PATH_MASTER_KEYHOLDER);
	ck_assert_int_eq(wall_receive(&wall, &m), 0);
	ck_assert_int_eq(m.type, MSG_attend);
	ck_assert_uint_eq(m.attend.keys, 0x80000008);
	wall_done(&wall, &m);
	free(wall.spare);
}
END_TEST

static int
greets(struct generation *g, const struct msg_greeting *greeting)
{
	struct wall_message m = {.type = MSG_greeting, .greeting = *greeting};
	struct child template = {.generation = g};

	return on_greeting(&template, &m);
}

START_TEST(a_greeting_of_no_offer_or_without_its_cookie_is_refused)
{
	static const uint8_t text[64];
	struct msg_greeting m = {.greeting = {text, 64}, .cookie_at = 48};

	ck_assert_int_eq(greets(rig.g, &m), 0);
	m.cookie_at = 49;
	ck_assert_int_eq(greets(rig.g, &m), E_FORMAT);
	m.cookie_at = 0;
	m.greeting.len = 15;
	ck_assert_int_eq(greets(rig.g, &m), E_FORMAT);
	m.greeting.len = 64;
	m.offer = (uint8_t)rig.g->settings->n_offers;
	ck_assert_int_eq(greets(rig.g, &m), E_FORMAT);
}
END_TEST

/* It has seen the offer of one listener: no other can serve it. */
START_TEST(nobody_is_moved_to_a_generation_that_greets_otherwise)
{
	static const uint8_t one[64] = {[20] = 1}, other[64] = {[20] = 2};
	struct msg_greeting m = {.greeting = {one, 64}, .cookie_at = 48};
	struct generation *to = generation_alloc(&rig.m);
	struct connection *c = rig_connection("192.0.2.1", 0);

	to->config = config_defaults();
	to->moduli = mem_strdup("");
	to->slots_fd = dup(rig.g->slots_fd);
	ck_assert_int_eq(slots_attach(to->slots_fd, &to->slots), 0);
	offers_settle(to);
	ck_assert_int_eq(greets(rig.g, &m), 0);
	m.greeting.data = other;
	ck_assert_int_eq(greets(to, &m), 0);
	c->listener = mem_strdup("main");
	rig.g->in_lobby++;
	rig.g->keyholder.pid = 0;
	(void)lobby_empty(&rig.m, to);
	ck_assert_uint_eq(rig.m.n_connections, 0);
	ck_assert_uint_eq(to->connections, 0);
	generation_free(to);
}
END_TEST

TCase *
case_admit(void)
{
	TCase *t = tcase_create("admit");

	tcase_add_checked_fixture(t, rig_start, rig_stop);
	tcase_add_test(t, both_halves_live_when_both_were_asked_for);
	tcase_add_test(
	    t, a_monitor_without_a_worker_keeps_the_connection_and_its_slot);
	tcase_add_loop_test(
	    t, nobody_is_waited_for_when_nobody_was_asked_for, 0, 3);
	tcase_add_loop_test(t,
	    there_is_room_until_a_queue_is_full_and_nothing_is_lost_by_then, 0,
	    3);
	tcase_add_test(t, there_is_no_room_without_a_worker_template);
	tcase_add_test(t, the_keyholder_is_told_the_keys_of_the_listener_alone);
	tcase_add_test(
	    t, a_greeting_of_no_offer_or_without_its_cookie_is_refused);
	tcase_add_test(
	    t, nobody_is_moved_to_a_generation_that_greets_otherwise);
	return t;
}
