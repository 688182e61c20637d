/*
 * Permitted targets.
 */
#include "daemon/session/permit.h"
#include "daemon/session/resolve.h"
#include "tests/unit/session/suites.h"

#include "lib/err.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	const char *list, *host;
	uint32_t port;
	const char *address;
	bool allowed;
} rows[] = {
    {"", "anything", 80, "192.0.2.1", true},
    {"host:80\n", "host", 80, "192.0.2.1", true},
    {"host:80\n", "HOST", 80, "192.0.2.1", true},
    {"host:80\n", "host", 81, "192.0.2.1", false},
    {"host:80\n", "hostx", 80, "192.0.2.1", false},
    {"*.example.com:*\n", "www.example.com", 1, "192.0.2.1", true},
    {"*.example.com:*\n", "example.com", 1, "192.0.2.1", false},
    {"host:80-90\n", "host", 85, "192.0.2.1", true},
    {"host:80-90\n", "host", 91, "192.0.2.1", false},
    {"10.0.0.0/8:*\n", "db", 5432, "10.1.2.3", true},
    {"10.0.0.0/8:*\n", "db", 5432, "11.1.2.3", false},
    /* What a name resolves to decides, not what it looks like. */
    {"10.0.0.0/8:*\n", "10.1.2.3.evil.example", 80, "192.0.2.1", false},
    {"[::1]:22\n", "localhost", 22, "::1", true},
    {"[2001:db8::]/32:22\n", "h", 22, "2001:db8::5", false},
    {"[2001:db8::/32]:22\n", "h", 22, "2001:db8::5", true},
    {"10.0.0.0/8:80\nhost:443\n", "host", 443, "192.0.2.1", true},
    /* Every list must allow. */
    {"host:*\n&\n10.0.0.0/8:*\n", "host", 80, "10.0.0.1", true},
    {"host:*\n&\n10.0.0.0/8:*\n", "host", 80, "192.0.2.1", false},
    {"10.0.0.0/8:*\n&\nhost:*\n", "host", 80, "192.0.2.1", false},
    {"host:*\n&\n", "host", 80, "192.0.2.1", false},
    {"&\nhost:*\n", "host", 80, "192.0.2.1", false},
    /* What cannot be read allows nothing. */
    {"none:0\n", "host", 80, "192.0.2.1", false},
    {"\n", "host", 80, "192.0.2.1", false},
    {"host\n", "host", 80, "192.0.2.1", false},
    {"host:\n", "host", 80, "192.0.2.1", false},
    {"host:80x\n", "host", 80, "192.0.2.1", false},
    {"host:-80\n", "host", 80, "192.0.2.1", false},
    {"!10.0.0.0/8:*\n", "host", 80, "192.0.2.1", false},
};

START_TEST(test_a_target_is_allowed_or_not)
{
	struct net_address a;

	ck_assert_int_eq(net_parse(rows[_i].address, &a), 0);
	ck_assert_msg(permit_allows(rows[_i].list, rows[_i].host, rows[_i].port,
			  &a) == rows[_i].allowed,
	    "row %d", _i);
}
END_TEST

START_TEST(test_a_line_of_any_length_is_read_within_bounds)
{
	static char list[40000];
	struct net_address a;

	ck_assert_int_eq(net_parse("192.0.2.1", &a), 0);
	memset(list, 'a', sizeof(list) - 1);
	ck_assert(!permit_allows(list, "a", 80, &a));
	memcpy(&list[sizeof(list) - 6], "\n*:80", 5);
	ck_assert(permit_allows(list, "a", 80, &a));
}
END_TEST

START_TEST(test_numbers_need_no_look_up_and_names_do)
{
	struct addresses out;

	ck_assert(resolve_here("192.0.2.7", 80, true, &out));
	ck_assert_uint_eq(out.count, 1);
	ck_assert_uint_eq(out.items[0].port, 80);
	ck_assert(!resolve_here("localhost", 80, true, &out));
	/* In a chroot nothing is looked up. */
	ck_assert(resolve_here("localhost", 80, false, &out));
	ck_assert_uint_eq(out.count, 2);
	ck_assert(resolve_here("www.example.com", 80, false, &out));
	ck_assert_uint_eq(out.count, 0);
}
END_TEST

START_TEST(test_a_look_up_happens_in_a_child)
{
	struct addresses out = {.count = 0};
	struct pollfd p = {.events = POLLIN};
	pid_t pid;
	int err, fd;

	ck_assert_int_eq(resolve_start("localhost", 8080, &pid, &fd), 0);
	p.fd = fd;
	do {
		ck_assert_int_eq(poll(&p, 1, 10000), 1);
		err = resolve_read(fd, &out);
	} while (err == E_AGAIN);
	ck_assert_int_eq(err, 0);
	ck_assert_uint_ge(out.count, 1);
	ck_assert(net_is_loopback(&out.items[0]));
	ck_assert_uint_eq(out.items[0].port, 8080);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	close(fd);
}
END_TEST

Suite *
suite_permit(void)
{
	Suite *s = suite_create("permit");
	TCase *c = tcase_create("permit");

	tcase_add_loop_test(c, test_a_target_is_allowed_or_not, 0,
	    sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(c, test_a_line_of_any_length_is_read_within_bounds);
	tcase_add_test(c, test_numbers_need_no_look_up_and_names_do);
	tcase_add_test(c, test_a_look_up_happens_in_a_child);
	suite_add_tcase(s, c);
	return s;
}
