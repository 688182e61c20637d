/*
 * Records for the Linux audit against a double of the kernel's socket: the
 * bytes of a record, hostile names, a kernel that refuses, and one that keeps
 * its sender waiting.
 */
#include "lib/audit_netlink.h"
#include "tests/unit/ground/suites.h"
#include "tests/unit/unit.h"

#include <sys/socket.h>

#include <errno.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int ends[2]; /* ends[0]: the kernel's */
static int open_error;

static int
open_double(void)
{
	errno = open_error;
	return open_error != 0 ? -1 : dup(ends[1]);
}

/* Prepares the kernel's answer to the next message. */
static void
answer(int error)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
	} a = {.header = {.nlmsg_len = sizeof(a), .nlmsg_type = NLMSG_ERROR},
	    .error = {.error = -error}};

	ck_assert_int_eq(send(ends[0], &a, sizeof(a), 0), sizeof(a));
}

/* The next message, waiting for it. */
static unsigned
taken(char text[AUDIT_NETLINK_TEXT_MAX])
{
	struct {
		struct nlmsghdr header;
		char text[AUDIT_NETLINK_TEXT_MAX];
	} m;
	struct pollfd ready = {.fd = ends[0], .events = POLLIN};
	ssize_t n;

	ck_assert_int_eq(poll(&ready, 1, 20000), 1);
	n = recv(ends[0], &m, sizeof(m), 0);
	ck_assert_int_gt(n, (ssize_t)sizeof(m.header));
	ck_assert_uint_eq(m.header.nlmsg_len, (size_t)n);
	ck_assert_int_eq(m.text[(size_t)n - sizeof(m.header) - 1], '\0');
	snprintf(text, AUDIT_NETLINK_TEXT_MAX, "%s", m.text);
	return m.header.nlmsg_type;
}

static void
setup(void)
{
	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	open_error = 0;
	audit_netlink_open = open_double;
}

static void
teardown(void)
{
	close(ends[0]);
	close(ends[1]);
}

static struct audit_netlink_record
record(const char *acct)
{
	static struct net_address source;

	ck_assert_int_eq(net_parse("192.0.2.7", &source), 0);
	return (struct audit_netlink_record){.type = AUDIT_NETLINK_USER_AUTH,
	    .fields = "op=pubkey",
	    .acct = acct,
	    .source = &source,
	    .terminal = "ssh"};
}

#define TAIL " exe=\"/s\" hostname=? addr=192.0.2.7 terminal=ssh res=failed"
static const struct {
	const char *acct, *text;
} names[] = {
    {"probe", "op=pubkey acct=\"probe\"" TAIL},
    {NULL, "op=pubkey" TAIL},
    {"", "op=pubkey acct=\"\"" TAIL},
    {"(invalid user)", "op=pubkey acct=28696E76616C6964207573657229" TAIL},
    {"a\"b", "op=pubkey acct=612262" TAIL},
    {"a'b", "op=pubkey acct=612762" TAIL},
    {"x res=success", "op=pubkey acct=78207265733D73756363657373" TAIL},
    {"\n", "op=pubkey acct=0A" TAIL},
    {"\xc3\xbc", "op=pubkey acct=C3BC" TAIL},
    {"\x7f", "op=pubkey acct=7F" TAIL},
};

START_TEST(a_name_cannot_end_its_value)
{
	struct audit_netlink_record r = record(names[_i].acct);
	char text[AUDIT_NETLINK_TEXT_MAX];
	size_t len = audit_netlink_format(text, &r, "/s");

	ck_assert_str_eq(text, names[_i].text);
	ck_assert_uint_eq(len, strlen(text));
}
END_TEST

START_TEST(a_record_that_does_not_fit_is_none)
{
	char text[AUDIT_NETLINK_TEXT_MAX], name[600] = "";
	char fields[AUDIT_NETLINK_TEXT_MAX];
	struct audit_netlink_record r = record(name);

	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	ck_assert_uint_eq(audit_netlink_format(text, &r, "/s"), 0);
	name[0] = ' ';
	name[256] = '\0';
	ck_assert_uint_gt(audit_netlink_format(text, &r, "/s"), 0);
	memset(fields, 'f', sizeof(fields) - 1);
	fields[sizeof(fields) - 1] = '\0';
	r = record(NULL);
	r.fields = fields;
	ck_assert_uint_eq(audit_netlink_format(text, &r, "/s"), 0);
}
END_TEST

START_TEST(a_word_cannot_end_its_value)
{
	char out[8];

	ck_assert_str_eq(
	    audit_netlink_word(out, sizeof(out), "a b'\n"), "a_b__");
	ck_assert_str_eq(
	    audit_netlink_word(out, sizeof(out), "aes@x.y"), "aes@x.y");
	ck_assert_str_eq(
	    audit_netlink_word(out, sizeof(out), "123456789"), "1234567");
	ck_assert_str_eq(audit_netlink_word(out, sizeof(out), NULL), "?");
	ck_assert_str_eq(audit_netlink_word(out, sizeof(out), ""), "?");
}
END_TEST

START_TEST(records_arrive_in_order_with_their_types)
{
	struct audit_netlink_record r = record("one");
	struct audit_netlink_loss loss;
	char text[AUDIT_NETLINK_TEXT_MAX];

	answer(0);
	answer(0);
	answer(0);
	audit_netlink_add(&r);
	r = record(NULL);
	r.type = AUDIT_NETLINK_USER_LOGIN;
	r.by_id = true;
	r.id = 4242;
	r.success = true;
	audit_netlink_add(&r);
	audit_netlink_flush();
	ck_assert_uint_eq(taken(text), 1100);
	ck_assert_ptr_nonnull(strstr(text, "acct=\"one\""));
	ck_assert_uint_eq(taken(text), 1112);
	ck_assert_ptr_nonnull(strstr(text, "op=pubkey id=4242 exe="));
	ck_assert_ptr_nonnull(strstr(text, "res=success"));
	r.type = AUDIT_NETLINK_USER_LOGOUT;
	audit_netlink_add(&r);
	loss = audit_netlink_end(20000);
	ck_assert_uint_eq(loss.count, 0);
	ck_assert_uint_eq(taken(text), 1113);
}
END_TEST

START_TEST(refused_records_are_counted_with_their_reason)
{
	struct audit_netlink_record r = record("one");
	struct audit_netlink_loss loss;

	answer(EPERM);
	answer(0);
	audit_netlink_add(&r);
	audit_netlink_add(&r);
	loss = audit_netlink_end(20000);
	ck_assert_uint_eq(loss.count, 1);
	ck_assert_int_eq(loss.error, EPERM);
	open_error = EPROTONOSUPPORT;
	audit_netlink_add(&r);
	loss = audit_netlink_end(20000);
	ck_assert_uint_eq(loss.count, 2);
	ck_assert_int_eq(loss.error, EPROTONOSUPPORT);
}
END_TEST

/* The double's socket is full: send() in the thread does not return. */
START_TEST(nobody_waits_for_a_kernel_that_keeps_its_sender_waiting)
{
	struct audit_netlink_record r = record("one");
	struct audit_netlink_loss loss;

	while (send(ends[1], "fill", 4, MSG_DONTWAIT) == 4)
		;
	alarm(20); /* waiting would end the test */
	for (int i = 0; i < 40; i++) {
		audit_netlink_add(&r);
		audit_netlink_flush();
	}
	loss = audit_netlink_end(1);
	alarm(0);
	ck_assert_uint_eq(loss.count, 40);
}
END_TEST

static const struct {
	int error, told;
} probes[] = {
    {0, 0}, {EINVAL, 0}, {EPERM, EPERM}, {ECONNREFUSED, ECONNREFUSED}};

START_TEST(a_probe_tells_what_the_kernel_said)
{
	struct nlmsghdr h;

	answer(probes[_i].error);
	ck_assert_int_eq(audit_netlink_probe(), probes[_i].told);
	ck_assert_int_gt(recv(ends[0], &h, sizeof(h), 0), 0);
	ck_assert_uint_eq(h.nlmsg_len, NLMSG_LENGTH(1));
	open_error = EAFNOSUPPORT;
	ck_assert_int_eq(audit_netlink_probe(), EAFNOSUPPORT);
}
END_TEST

Suite *
suite_audit_netlink(void)
{
	Suite *s = suite_create("audit_netlink");
	TCase *c = tcase_create("netlink");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, a_name_cannot_end_its_value, 0,
	    sizeof(names) / sizeof(names[0]));
	tcase_add_test(c, a_record_that_does_not_fit_is_none);
	tcase_add_test(c, a_word_cannot_end_its_value);
	tcase_add_test(c, records_arrive_in_order_with_their_types);
	tcase_add_test(c, refused_records_are_counted_with_their_reason);
	tcase_add_test(
	    c, nobody_waits_for_a_kernel_that_keeps_its_sender_waiting);
	tcase_add_loop_test(c, a_probe_tells_what_the_kernel_said, 0,
	    sizeof(probes) / sizeof(probes[0]));
	suite_add_tcase(s, c);
	return s;
}
