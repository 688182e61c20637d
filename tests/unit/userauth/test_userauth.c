/*
 * Requests as packets, as wall messages, and the answers as packets again.
 */
#include "tests/unit/transport/rig.h"
#include "tests/unit/userauth/suites.h"

#include "lib/err.h"

#include <stdlib.h>
#include <string.h>

static struct rig g;

static void
setup(void)
{
	rig_init(&g);
	rig_start(&g);
	rig_hello(&g);
	rig_kex(&g);
	rig_service(&g);
	g.monitor.password = "sesame";
}

static void
teardown(void)
{
	rig_free(&g);
}

static struct buf *
request(const char *method)
{
	struct buf *b = client_start(&g.c, SSH_MSG_USERAUTH_REQUEST);

	buf_text(b, "alice");
	buf_text(b, "ssh-connection");
	buf_text(b, method);
	return b;
}

static void
expect_failure(void)
{
	struct rd r;
	char methods[256];

	rig_expect(&g, SSH_MSG_USERAUTH_FAILURE, &r);
	rd_text(&r, methods, sizeof(methods));
	ck_assert_str_eq(methods, "password,keyboard-interactive");
	ck_assert(!rd_bool(&r));
	ck_assert_int_eq(rd_end(&r), 0);
	ck_assert_str_eq(g.monitor.user, "alice");
}

START_TEST(none_is_told_and_its_failure_sent)
{
	request("none");
	client_finish(&g.c);
	expect_failure();
	ck_assert_uint_eq(g.monitor.seen[MSG_auth_none], 1);
	ck_assert_uint_eq(g.w->transport->holds, 0);
}
END_TEST

START_TEST(a_password_logs_in)
{
	struct buf *b;
	struct rd r;

	b = request("password");
	buf_bool(b, false);
	buf_text(b, "wrong");
	client_finish(&g.c);
	expect_failure();
	ck_assert_str_eq(g.monitor.method, "wrong");
	b = request("password");
	buf_bool(b, false);
	buf_text(b, "sesame");
	client_finish(&g.c);
	rig_expect(&g, SSH_MSG_USERAUTH_SUCCESS, &r);
	ck_assert_int_eq(rd_end(&r), 0);
	ck_assert_int_eq(g.w->phase, PHASE_OPEN);
	rig_expect(&g, SSH_MSG_GLOBAL_REQUEST, &r);
}
END_TEST

START_TEST(an_expired_password_is_changed)
{
	struct buf *b;
	struct rd r;
	char prompt[64];

	g.monitor.password = "expired";
	b = request("password");
	buf_bool(b, false);
	buf_text(b, "expired");
	client_finish(&g.c);
	rig_expect(&g, SSH_MSG_USERAUTH_PASSWD_CHANGEREQ, &r);
	rd_text(&r, prompt, sizeof(prompt));
	ck_assert_str_eq(prompt, "New: ");
	b = request("password");
	buf_bool(b, true);
	buf_text(b, "expired");
	buf_text(b, "fresh");
	client_finish(&g.c);
	rig_expect(&g, SSH_MSG_USERAUTH_SUCCESS, &r);
	ck_assert_str_eq(g.monitor.method, "fresh");
}
END_TEST

START_TEST(a_key_is_asked_for_and_then_shown)
{
	struct buf *b;
	struct rd r;
	char text[64];

	b = request("publickey");
	buf_bool(b, false);
	buf_text(b, "ssh-ed25519");
	buf_text(b, "the blob");
	client_finish(&g.c);
	rig_expect(&g, SSH_MSG_USERAUTH_PK_OK, &r);
	rd_text(&r, text, sizeof(text));
	ck_assert_str_eq(text, "ssh-ed25519");
	rd_text(&r, text, sizeof(text));
	ck_assert_str_eq(text, "the blob");
	b = request(
	    _i == 0 ? "publickey" : "publickey-hostbound-v00@openssh.com");
	buf_bool(b, true);
	buf_text(b, "ssh-ed25519");
	buf_text(b, "the blob");
	if (_i == 1)
		buf_text(b, "the host's");
	buf_text(b, "the signature");
	client_finish(&g.c);
	expect_failure();
	ck_assert_uint_eq(g.monitor.seen[MSG_auth_publickey], 2);
}
END_TEST

START_TEST(a_dialogue_is_held)
{
	struct buf *b;
	struct rd r;
	char text[64];

	b = request("keyboard-interactive");
	buf_text(b, "");
	buf_text(b, "");
	client_finish(&g.c);
	rig_expect(&g, SSH_MSG_USERAUTH_INFO_REQUEST, &r);
	rd_text(&r, text, sizeof(text));
	ck_assert_str_eq(text, "n");
	rd_text(&r, text, sizeof(text));
	ck_assert_str_eq(text, "i");
	rd_text(&r, text, sizeof(text));
	ck_assert_uint_eq(rd_u32(&r), 1);
	rd_text(&r, text, sizeof(text));
	ck_assert_str_eq(text, "Say:");
	ck_assert(rd_bool(&r));
	ck_assert_int_eq(rd_end(&r), 0);
	if (_i == 1) {
		/* RFC 4256: a new request abandons it. */
		request("none");
		client_finish(&g.c);
		expect_failure();
		ck_assert_uint_eq(g.monitor.seen[MSG_auth_none], 1);
		client_number(&g.c, SSH_MSG_USERAUTH_INFO_RESPONSE);
		rig_expect(&g, SSH_MSG_UNIMPLEMENTED, &r);
		return;
	}
	b = client_start(&g.c, SSH_MSG_USERAUTH_INFO_RESPONSE);
	buf_u32(b, 1);
	buf_text(b, "sesame");
	client_finish(&g.c);
	rig_expect(&g, SSH_MSG_USERAUTH_SUCCESS, &r);
}
END_TEST

START_TEST(answers_nobody_asked_for_are_not_taken)
{
	struct buf *b;
	struct rd r;

	b = client_start(&g.c, SSH_MSG_USERAUTH_INFO_RESPONSE);
	buf_u32(b, 1);
	buf_text(b, "sesame");
	client_finish(&g.c);
	rig_expect(&g, SSH_MSG_UNIMPLEMENTED, &r);
	ck_assert_uint_eq(g.monitor.seen[MSG_auth_answers], 0);
}
END_TEST

START_TEST(an_unknown_method_goes_to_a_module_raw)
{
	struct buf *b;
	struct rd r;

	b = request("gssapi-with-mic");
	buf_bytes(b, "\1\2\3\4", 4);
	client_finish(&g.c);
	rig_expect(&g, 65, &r);
	ck_assert_uint_eq(rd_left(&r), 3);
	ck_assert_str_eq(g.monitor.method, "gssapi-with-mic");
	b = client_start(&g.c, 61);
	buf_bytes(b, "token", 5);
	client_finish(&g.c);
	b = client_start(&g.c, 79);
	buf_bytes(b, "more!", 5);
	client_finish(&g.c);
	for (int i = 0; i < 20; i++)
		rig_turn(&g);
	ck_assert_uint_eq(g.monitor.seen[MSG_auth_packet], 2);
	ck_assert_mem_eq(g.monitor.payload, "more!", 5);
	/* And is abandoned by another. */
	request("none");
	client_finish(&g.c);
	expect_failure();
}
END_TEST

/* The wall's budget is 1000: nobody but a broken worker comes near it. */
START_TEST(packets_of_a_module_s_method_have_an_end)
{
	struct rd r;

	request("gssapi-with-mic");
	client_finish(&g.c);
	rig_expect(&g, 65, &r);
	for (int i = 0; i < 1100; i++) {
		client_start(&g.c, 61);
		client_finish(&g.c);
		rig_turn(&g);
	}
	rig_expect_disconnect(&g, SSH_DISCONNECT_PROTOCOL_ERROR);
	ck_assert_uint_eq(g.monitor.seen[MSG_auth_packet], 512);
}
END_TEST

START_TEST(hostbased_is_told)
{
	struct buf *b = request("hostbased");

	buf_text(b, "ssh-ed25519");
	buf_text(b, "blob");
	buf_text(b, "client.example.org.");
	buf_text(b, "bob");
	buf_text(b, "signature");
	client_finish(&g.c);
	expect_failure();
	ck_assert_uint_eq(g.monitor.seen[MSG_auth_hostbased], 1);
}
END_TEST

START_TEST(one_request_at_a_time)
{
	struct rd r;

	g.monitor.silent = true;
	for (int i = 0; i < 5; i++) {
		request("none");
		client_finish(&g.c);
	}
	rig_nothing(&g);
	ck_assert_uint_eq(g.monitor.seen[MSG_auth_none], 1);
	g.monitor.silent = false;
	/* The answer to the first releases the second, and so on. */
	ck_assert_int_eq(WALL_SEND(&g.monitor.wall, auth_verdict,
			     .result = AUTH_PARTIAL, .methods = "password"),
	    0);
	rig_expect(&g, SSH_MSG_USERAUTH_FAILURE, &r);
	rd_u32(&r);
	rd_bytes(&r, 8);
	ck_assert(rd_bool(&r));
	for (int i = 0; i < 4; i++)
		expect_failure();
	ck_assert_uint_eq(g.monitor.seen[MSG_auth_none], 5);
}
END_TEST

START_TEST(a_banner_comes_before_the_verdict)
{
	struct rd r;
	char text[64];

	ck_assert_int_eq(
	    WALL_SEND(&g.monitor.wall, banner, .text = "hello\n"), 0);
	request("none");
	client_finish(&g.c);
	rig_expect(&g, SSH_MSG_USERAUTH_BANNER, &r);
	rd_text(&r, text, sizeof(text));
	ck_assert_str_eq(text, "hello\n");
	expect_failure();
}
END_TEST

/* Requests with one field too few, too many, or over its limit. */
static const struct {
	const char *method;
	const char *data;
	size_t len;
} malformed[] = {
    {"none", "x", 1},
    {"password", "", 0},
    {"password", "\0", 1},
    {"password", "\0\0\0\0\1xx", 7},
    {"password", "\1\0\0\0\1x", 6},
    {"password", "\0\0\0\4\1", 5},
    {"publickey", "\0", 1},
    {"publickey", "\0\0\0\0\1a\0\0\0\1k\0\0\0\1s", 16},
    {"publickey", "\1\0\0\0\1a\0\0\0\1k", 11},
    {"publickey", "\0\0\0\0\101", 5},
    {"publickey-hostbound-v00@openssh.com", "\1\0\0\0\1a\0\0\0\1k\0\0\0\1s",
	16},
    {"hostbased", "\0\0\0\1a\0\0\0\1k", 10},
    {"keyboard-interactive", "\0\0\0\0", 4},
    {"keyboard-interactive", "\0\0\0\0\0\0\0\0x", 9},
};

START_TEST(malformed_requests_end_the_connection)
{
	struct buf *b = request(malformed[_i].method);
	uint32_t told = 0;

	buf_bytes(b, malformed[_i].data, malformed[_i].len);
	client_finish(&g.c);
	rig_expect_disconnect(&g, SSH_DISCONNECT_PROTOCOL_ERROR);
	for (int t = MSG_auth_none; t <= MSG_auth_packet; t++)
		told += g.monitor.seen[t];
	ck_assert_uint_eq(told, 0);
}
END_TEST

START_TEST(malformed_answers_end_the_connection)
{
	static const struct {
		const char *data;
		size_t len;
	} rows[] = {{"", 0}, {"\0\0\0\1", 4}, {"\0\0\0\201", 4},
	    {"\0\0\0\0x", 5}, {"\0\0\0\2\0\0\0\0", 8}};
	struct buf *b = request("keyboard-interactive");
	struct rd r;

	buf_text(b, "");
	buf_text(b, "");
	client_finish(&g.c);
	rig_expect(&g, SSH_MSG_USERAUTH_INFO_REQUEST, &r);
	buf_bytes(client_start(&g.c, SSH_MSG_USERAUTH_INFO_RESPONSE),
	    rows[_i].data, rows[_i].len);
	client_finish(&g.c);
	rig_expect_disconnect(&g, SSH_DISCONNECT_PROTOCOL_ERROR);
	ck_assert_uint_eq(g.monitor.seen[MSG_auth_answers], 0);
}
END_TEST

START_TEST(every_cut_of_a_request_is_refused_or_raw)
{
	struct buf *b = request("publickey"), whole;

	buf_bool(b, true);
	buf_text(b, "alg");
	buf_text(b, "blob");
	buf_text(b, "sig");
	buf_init(&whole, 4096);
	buf_bytes(&whole, b->data, b->len);
	teardown();
	for (size_t cut = 1; cut < whole.len; cut++) {
		setup();
		client_send(&g.c, whole.data, cut);
		rig_expect_disconnect(&g, SSH_DISCONNECT_PROTOCOL_ERROR);
		teardown();
	}
	buf_free(&whole);
	setup();
}
END_TEST

START_TEST(the_password_does_not_stay_in_memory)
{
	const struct region *rx;
	struct buf *b = request("password");

	buf_bool(b, false);
	buf_text(b, "correct horse battery staple");
	client_finish(&g.c);
	expect_failure();
	rx = &g.w->transport->rx;
	ck_assert_ptr_null(memmem(rx->base, rx->size, "battery", 7));
}
END_TEST

Suite *
suite_userauth(void)
{
	Suite *s = suite_create("userauth");
	TCase *t = tcase_create("userauth");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, none_is_told_and_its_failure_sent);
	tcase_add_test(t, a_password_logs_in);
	tcase_add_test(t, an_expired_password_is_changed);
	tcase_add_loop_test(t, a_key_is_asked_for_and_then_shown, 0, 2);
	tcase_add_loop_test(t, a_dialogue_is_held, 0, 2);
	tcase_add_test(t, answers_nobody_asked_for_are_not_taken);
	tcase_add_test(t, an_unknown_method_goes_to_a_module_raw);
	tcase_add_test(t, packets_of_a_module_s_method_have_an_end);
	tcase_add_test(t, hostbased_is_told);
	tcase_add_test(t, one_request_at_a_time);
	tcase_add_test(t, a_banner_comes_before_the_verdict);
	tcase_add_loop_test(t, malformed_requests_end_the_connection, 0,
	    (int)(sizeof(malformed) / sizeof(malformed[0])));
	tcase_add_loop_test(t, malformed_answers_end_the_connection, 0, 5);
	tcase_add_test(t, every_cut_of_a_request_is_refused_or_raw);
	tcase_add_test(t, the_password_does_not_stay_in_memory);
	suite_add_tcase(s, t);
	return s;
}
