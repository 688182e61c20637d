/*
 * Name look-ups.
 */
#include "daemon/session/resolve.h"
#include "tests/unit/session/suites.h"

#include "lib/err.h"

#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct resolution
resolve(const char *host)
{
	struct resolution out = {.answered = false};
	struct pollfd p = {.events = POLLIN};
	pid_t pid;
	int err, fd;

	ck_assert_int_eq(resolve_start(host, &pid, &fd), 0);
	p.fd = fd;
	do {
		ck_assert_int_eq(poll(&p, 1, 20000), 1);
		err = resolve_read(fd, &out);
	} while (err == E_AGAIN);
	ck_assert_int_eq(err, 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	close(fd);
	return out;
}

START_TEST(test_a_look_up_happens_in_a_child)
{
	struct resolution r = resolve("localhost");

	ck_assert_uint_ge(r.addresses.count, 1);
	ck_assert(net_is_loopback(&r.addresses.items[0]));
}
END_TEST

START_TEST(test_a_failure_is_told_in_the_resolvers_words)
{
	struct resolution r = resolve("no..name");

	ck_assert_uint_eq(r.addresses.count, 0);
	ck_assert_msg(strcmp(r.text, gai_strerror(EAI_NONAME)) == 0 ||
		strcmp(r.text, gai_strerror(EAI_AGAIN)) == 0,
	    "%s", r.text);
}
END_TEST

START_TEST(test_a_resolver_that_dies_is_a_failure)
{
	struct resolution r = {.answered = false};
	int both[2];

	ck_assert_int_eq(pipe(both), 0);
	close(both[1]);
	ck_assert_int_eq(resolve_read(both[0], &r), 0);
	ck_assert_uint_eq(r.addresses.count, 0);
	ck_assert_str_eq(r.text, "the look-up ended without an answer");
	close(both[0]);
}
END_TEST

Suite *
suite_resolve(void)
{
	Suite *s = suite_create("resolve");
	TCase *c = tcase_create("resolve");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, test_a_look_up_happens_in_a_child);
	tcase_add_test(c, test_a_failure_is_told_in_the_resolvers_words);
	tcase_add_test(c, test_a_resolver_that_dies_is_a_failure);
	suite_add_tcase(s, c);
	return s;
}
