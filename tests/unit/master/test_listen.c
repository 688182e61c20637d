/*
 * Listening sockets over a reload: which of them the generation in force may
 * serve while the next one starts, and which keep their place.
 */
#include "config/load.h"
#include "daemon/master/master.h"
#include "tests/unit/master/rig.h"
#include "tests/unit/master/suites.h"

#include <sys/socket.h>

#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

static struct listener before[] = {
    {.name = (char *)"inside", .address = (char *)"127.0.0.1", .port = 1},
    {.name = (char *)"public", .address = (char *)"127.0.0.1", .port = 2},
    {.name = (char *)"all", .address = (char *)"*", .port = 3}};

static struct config *
config_with(struct listener *listeners, size_t count)
{
	struct config *c = config_defaults();

	c->listeners = listeners;
	c->listener_count = count;
	return c;
}

static void
adopt(const char *name, const char *address, uint16_t port, bool inherited)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	ck_assert_int_eq(
	    listen_adopt(&rig.m, name, address, port, fd, inherited), 0);
}

static void
start(void)
{
	rig_start();
	config_free(rig.g->config);
	rig.g->config = config_with(before, 3);
	rig.m.current = rig.g;
	adopt("inside", "127.0.0.1", 1, false);
	adopt("public", "127.0.0.1", 2, false);
	adopt("all", "0.0.0.0", 3, false);
	adopt("all", "::", 3, false);
}

static void
stop(void)
{
	listen_close_all(&rig.m);
	rig_stop();
}

/* The next configuration's listeners, as a new image finds the sockets. */
static int
load(struct listener *listeners, size_t count)
{
	struct config *c = config_with(listeners, count);
	int err = listen_open(&rig.m, c);

	listen_start(&rig.m);
	config_free(c);
	return err;
}

static const struct listening *
at(const char *address, uint16_t port)
{
	const struct listening *l = rig.m.listening;

	while (
	    l != NULL && (l->port != port || strcmp(l->address, address) != 0))
		l = l->next;
	ck_assert_ptr_nonnull(l);
	return l;
}

static bool
is_served(const char *address, uint16_t port)
{
	return at(address, port)->on_accept.loop != NULL;
}

START_TEST(what_stays_in_its_place_is_served_meanwhile)
{
	ck_assert_int_eq(load(before, 3), 0);
	ck_assert(is_served("127.0.0.1", 1) && is_served("127.0.0.1", 2));
	ck_assert(is_served("0.0.0.0", 3) && is_served("::", 3));
}
END_TEST

/* A public client must not be told to be inside, not even for a moment. */
START_TEST(listeners_that_swap_names_wait_for_the_next_generation)
{
	struct listener after[] = {before[0], before[1], before[2]};

	after[0].name = before[1].name;
	after[1].name = before[0].name;
	ck_assert_int_eq(load(after, 3), 0);
	ck_assert_str_eq(at("127.0.0.1", 1)->name, "public");
	ck_assert_str_eq(at("127.0.0.1", 2)->name, "inside");
	ck_assert(!is_served("127.0.0.1", 1) && !is_served("127.0.0.1", 2));
	ck_assert(is_served("0.0.0.0", 3) && is_served("::", 3));
	rig.g->config->listeners = after;
	listen_start(&rig.m);
	ck_assert(is_served("127.0.0.1", 1) && is_served("127.0.0.1", 2));
}
END_TEST

START_TEST(a_listener_of_a_new_name_waits_for_the_next_generation)
{
	struct listener after[] = {before[0], before[1], before[2]};

	after[0].name = (char *)"new";
	ck_assert_int_eq(load(after, 3), 0);
	ck_assert_str_eq(at("127.0.0.1", 1)->name, "new");
	ck_assert(!is_served("127.0.0.1", 1) && is_served("127.0.0.1", 2));
}
END_TEST

START_TEST(a_socket_that_is_wanted_no_more_is_served_until_it_closes)
{
	ck_assert_int_eq(load(&before[1], 2), 0);
	ck_assert(is_served("127.0.0.1", 1));
	listen_close_unwanted(&rig.m);
	for (const struct listening *l = rig.m.listening; l != NULL;
	     l = l->next)
		ck_assert_uint_ne(l->port, 1);
}
END_TEST

START_TEST(sockets_of_systemd_stay_in_place_of_all_listeners)
{
	listen_close_all(&rig.m);
	adopt(SYSTEMD_LISTENER, "127.0.0.1", 4, true);
	ck_assert_int_eq(load(before, 3), 0);
	listen_close_unwanted(&rig.m);
	ck_assert(is_served("127.0.0.1", 4));
	ck_assert_ptr_null(rig.m.listening->next);
	ck_assert_str_eq(rig.m.listening->name, SYSTEMD_LISTENER);
	ck_assert_ptr_null(listen_try(&rig.m, rig.g->config));
	ck_assert_ptr_null(rig.m.listening->next);
}
END_TEST

TCase *
case_listen(void)
{
	TCase *t = tcase_create("listen");

	tcase_add_checked_fixture(t, start, stop);
	tcase_add_test(t, what_stays_in_its_place_is_served_meanwhile);
	tcase_add_test(
	    t, listeners_that_swap_names_wait_for_the_next_generation);
	tcase_add_test(
	    t, a_listener_of_a_new_name_waits_for_the_next_generation);
	tcase_add_test(
	    t, a_socket_that_is_wanted_no_more_is_served_until_it_closes);
	tcase_add_test(t, sockets_of_systemd_stay_in_place_of_all_listeners);
	return t;
}
