/*
 * Identification strings.
 */
#include "tests/unit/transport/rig.h"
#include "tests/unit/transport/suites.h"

#include "lib/err.h"

#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>

static struct rig g;

static void
setup(void)
{
	rig_init(&g);
}

static void
teardown(void)
{
	rig_free(&g);
}

START_TEST(our_line_and_kexinit_leave_in_one_write)
{
	struct rd r;

	rig_start(&g);
	ck_assert(client_read(&g.c));
	ck_assert(client_hello(&g.c));
	ck_assert_str_eq(
	    g.c.server_version, "SSH-2.0-OpenSSH_compatible_sallyport_0.1.0");
	ck_assert_int_eq(client_receive(&g.c), 0);
	rd_init(&r, g.c.payload, g.c.payload_len);
	ck_assert_uint_eq(rd_u8(&r), SSH_MSG_KEXINIT);
}
END_TEST

START_TEST(the_addendum_follows_the_version)
{
	free(g.settings.identification);
	g.settings.identification =
	    strdup("OpenSSH_compatible_sallyport_0.1.0 Debian-12");
	rig_start(&g);
	client_read(&g.c);
	ck_assert(client_hello(&g.c));
	ck_assert_str_eq(g.c.server_version,
	    "SSH-2.0-OpenSSH_compatible_sallyport_0.1.0 Debian-12");
}
END_TEST

#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const struct {
	const char *line;
	size_t len; /* 0: strlen */
	const char *taken; /* NULL: refused ... */
	const char *words; /* ... in these */
} lines[] = {
    {"SSH-2.0-x\r\n", 0, "SSH-2.0-x", NULL},
    {"SSH-2.0-x\n", 0, "SSH-2.0-x", NULL},
    {"SSH-2.0-OpenSSH_9.2 a comment\r\n", 0, "SSH-2.0-OpenSSH_9.2 a comment",
	NULL},
    {"SSH-1.99-old\r\n", 0, "SSH-1.99-old", NULL},
    {"SSH-2.0-" X50 X50 X50 X50 "xxxxx" X50 "\n", 0, NULL, "Invalid SSH"},
    {"SSH-1.5-old\r\n", 0, NULL, "Protocol major versions differ"},
    {"SSH-2.1-new\r\n", 0, NULL, "Protocol major versions differ"},
    {"SSH-2.0-\r\n", 0, NULL, "Invalid SSH"},
    {"SSH-2.0\r\n", 0, NULL, "Invalid SSH"},
    {"SSH-\r\n", 0, NULL, "Invalid SSH"}, {"\r\n", 0, NULL, "Invalid SSH"},
    {"GET / HTTP/1.1\r\n\r\n", 0, NULL, "Invalid SSH"},
    {"ssh-2.0-x\r\n", 0, NULL, "Invalid SSH"},
    {"SSH-2.0-a\0b\r\n", 13, NULL, "Invalid SSH"},
    {"SSH-2.0-a\rb\r\n", 0, NULL, "Invalid SSH"},
    {"SSH-2.0-\xc3\xa9\r\n", 0, NULL, "Invalid SSH"},
    {"\x16\x03\x01\x02", 4, NULL, "Invalid SSH"}, /* TLS, no newline */
};

static void
run_line(int i, bool slow)
{
	const char *line = lines[i].line;
	size_t len = lines[i].len;

	rig_start(&g);
	client_read(&g.c);
	g.c.slow = slow;
	client_raw(&g.c, line, len != 0 ? len : strlen(line));
	if (lines[i].taken != NULL) {
		for (int n = 0; n < 300; n++)
			rig_turn(&g);
		ck_assert_str_eq(g.monitor.client_version, lines[i].taken);
		ck_assert_str_eq(g.w->client_version, lines[i].taken);
		ck_assert(!g.w->ended);
		return;
	}
	rig_until_ended(&g);
	ck_assert_uint_eq(g.monitor.seen[MSG_version], 0);
	ck_assert_ptr_nonnull(memmem(
	    g.c.in.data, g.c.in.len, lines[i].words, strlen(lines[i].words)));
	ck_assert_uint_eq(g.monitor.cause, BYE_PROTOCOL_ERROR);
}

START_TEST(lines_are_taken_or_refused_in_words)
{
	run_line(_i, false);
}
END_TEST

START_TEST(lines_may_come_byte_by_byte)
{
	run_line(_i, true);
}
END_TEST

START_TEST(what_follows_the_line_is_the_packet_stream)
{
	struct rd r;

	rig_start(&g);
	client_read(&g.c);
	ck_assert(client_hello(&g.c));
	buf_bytes(&g.c.out, g.c.version, strlen(g.c.version));
	buf_bytes(&g.c.out, "\r\n", 2);
	g.c.slow = true; /* keeps it together: */
	client_send_kexinit(&g.c);
	g.c.slow = false;
	rig_expect(&g, SSH_MSG_KEXINIT, &r);
	client_negotiate(&g.c);
	client_send_share(&g.c);
	rig_expect(&g, SSH_MSG_KEX_ECDH_REPLY, &r);
}
END_TEST

START_TEST(a_client_that_leaves_is_told_as_closed)
{
	rig_start(&g);
	shutdown(g.c.fd, SHUT_WR);
	rig_until_ended(&g);
	ck_assert_uint_eq(g.monitor.cause, BYE_PEER_CLOSED);
}
END_TEST

Suite *
suite_hello(void)
{
	Suite *s = suite_create("hello");
	TCase *t = tcase_create("lines");
	int n = (int)(sizeof(lines) / sizeof(lines[0]));

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, our_line_and_kexinit_leave_in_one_write);
	tcase_add_test(t, the_addendum_follows_the_version);
	tcase_add_loop_test(t, lines_are_taken_or_refused_in_words, 0, n);
	tcase_add_loop_test(t, lines_may_come_byte_by_byte, 0, n);
	tcase_add_test(t, what_follows_the_line_is_the_packet_stream);
	tcase_add_test(t, a_client_that_leaves_is_told_as_closed);
	suite_add_tcase(s, t);
	return s;
}
