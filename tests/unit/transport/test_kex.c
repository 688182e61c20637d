/*
 * Key exchanges: every method, the strict rules, guesses, and what fails.
 */
#include "tests/unit/transport/rig.h"
#include "tests/unit/transport/suites.h"

#include "lib/err.h"

#include <stdio.h>
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

START_TEST(every_method_leads_to_a_login)
{
	const struct kex_method *m = kex_at((size_t)_i);

	if (m == NULL || !kex_usable(m))
		return;
	g.c.kex = m->name; /* without strict and ext-info besides */
	rig_start(&g);
	rig_login(&g);
	ck_assert_str_eq(g.monitor.kex, m->name);
	ck_assert_str_eq(g.monitor.user, "test");
	ck_assert_uint_eq(g.monitor.seen[MSG_newkeys], 1);
}
END_TEST

#define GSS "gss-curve25519-sha256-" KEX_GSS_KERBEROS

/* RFC 4462 section 2.1: its token, the error, the end. */
START_TEST(a_token_that_is_refused_ends_the_connection)
{
	struct rd r;
	size_t len;

	g.c.kex = GSS;
	g.c.token = "refuse";
	rig_start(&g);
	rig_hello(&g);
	client_send_kexinit(&g.c);
	rig_expect(&g, SSH_MSG_KEXINIT, &r);
	client_negotiate(&g.c);
	client_send_share(&g.c);
	rig_expect(&g, SSH_MSG_KEXGSS_CONTINUE, &r);
	(void)rd_string(&r, 100, &len);
	ck_assert_uint_eq(len, 2);
	rig_expect(&g, SSH_MSG_KEXGSS_ERROR, &r);
	ck_assert_uint_eq(rd_u32(&r), 0xd0000);
	ck_assert_uint_eq(rd_u32(&r), 0);
	(void)rd_string(&r, 100, &len);
	(void)rd_string(&r, 100, &len);
	ck_assert_int_eq(rd_end(&r), 0);
	rig_expect_disconnect(&g, SSH_DISCONNECT_KEY_EXCHANGE_FAILED);
	ck_assert_uint_eq(g.monitor.cause, BYE_NEGOTIATION_FAILED);
}
END_TEST

static const uint8_t not_awaited[] = {SSH_MSG_KEXGSS_CONTINUE,
    SSH_MSG_KEXGSS_COMPLETE, SSH_MSG_KEXGSS_ERROR, SSH_MSG_NEWKEYS};

START_TEST(gss_awaits_one_message)
{
	struct rd r;

	g.c.kex = GSS;
	rig_start(&g);
	rig_hello(&g);
	client_send_kexinit(&g.c);
	rig_expect(&g, SSH_MSG_KEXINIT, &r);
	client_negotiate(&g.c);
	client_number(&g.c, not_awaited[_i]);
	rig_expect_disconnect(&g, SSH_DISCONNECT_PROTOCOL_ERROR);
	ck_assert_uint_eq(g.monitor.seen[MSG_kex], 0);
}
END_TEST

START_TEST(no_host_key_is_for_gss_alone)
{
	struct rd r;

	free((void *)(uintptr_t)g.settings.offer.host_key);
	g.settings.offer.host_key = strdup("ssh-ed25519,null");
	g.c.host_key = "null";
	g.c.kex = _i == 0 ? GSS : "curve25519-sha256";
	rig_start(&g);
	if (_i == 0) {
		rig_login(&g);
		ck_assert_str_eq(g.monitor.token, "token");
		return;
	}
	rig_hello(&g);
	rig_expect(&g, SSH_MSG_KEXINIT, &r);
	client_send_kexinit(&g.c);
	rig_expect_disconnect(&g, SSH_DISCONNECT_KEY_EXCHANGE_FAILED);
	ck_assert_str_eq(g.monitor.kind, "host key type");
}
END_TEST

START_TEST(ext_info_tells_the_signature_algorithms)
{
	struct rd r;
	char name[64], value[64];

	rig_start(&g);
	rig_hello(&g);
	rig_kex(&g);
	rd_init(&r, g.c.payload, g.c.payload_len);
	ck_assert_uint_eq(rd_u8(&r), SSH_MSG_EXT_INFO);
	ck_assert_uint_eq(rd_u32(&r), 3);
	rd_text(&r, name, sizeof(name));
	rd_text(&r, value, sizeof(value));
	ck_assert_str_eq(name, "server-sig-algs");
	ck_assert_str_eq(value, "ssh-ed25519");
	rd_text(&r, name, sizeof(name));
	ck_assert_str_eq(name, "publickey-hostbound@openssh.com");
	rd_text(&r, value, sizeof(value));
	ck_assert_str_eq(value, "0");
	rd_text(&r, name, sizeof(name));
	ck_assert_str_eq(name, "ping@openssh.com");
}
END_TEST

/* The reply, our NEWKEYS and EXT_INFO come together. */
START_TEST(reply_newkeys_and_ext_info_leave_together)
{
	struct rd r;

	rig_start(&g);
	rig_hello(&g);
	client_send_kexinit(&g.c);
	rig_expect(&g, SSH_MSG_KEXINIT, &r);
	client_negotiate(&g.c);
	client_send_share(&g.c);
	rig_expect(&g, SSH_MSG_KEX_ECDH_REPLY, &r);
	client_take_reply(&g.c);
	ck_assert_int_eq(client_receive(&g.c), 0);
	client_take_newkeys(&g.c);
	ck_assert_int_eq(client_receive(&g.c), 0);
	ck_assert_uint_eq(g.c.payload[0], SSH_MSG_EXT_INFO);
}
END_TEST

static const struct {
	const char *what;
	const char *kind;
} mismatches[] = {
    {"kex", "key exchange method"},
    {"host_key", "host key type"},
    {"cipher_in", "cipher"},
    {"cipher_out", "cipher"},
    {"mac_in", "MAC"},
    {"mac_out", "MAC"},
    {"compression", "compression method"},
};

START_TEST(nothing_in_common_is_said_and_told)
{
	const char **lists[] = {&g.c.kex, &g.c.host_key, &g.c.cipher_in,
	    &g.c.cipher_out, &g.c.mac_in, &g.c.mac_out, &g.c.compression};

	g.c.cipher_in = g.c.cipher_out = "aes128-ctr";
	*lists[_i] = "unheard-of,kex-strict-s-v00@openssh.com";
	rig_start(&g);
	rig_hello(&g);
	client_receive(&g.c);
	client_send_kexinit(&g.c);
	rig_expect_disconnect(&g, SSH_DISCONNECT_KEY_EXCHANGE_FAILED);
	ck_assert_uint_eq(g.monitor.seen[MSG_negotiation_failed], 1);
	ck_assert_str_eq(g.monitor.kind, mismatches[_i].kind);
	ck_assert_uint_eq(g.monitor.cause, BYE_NEGOTIATION_FAILED);
	ck_assert_ptr_nonnull(strstr(g.monitor.text, "Their offer: unheard"));
}
END_TEST

/* Strict: any other message in the first exchange, anywhere. */
static const uint8_t foreign[] = {SSH_MSG_IGNORE, SSH_MSG_UNIMPLEMENTED,
    SSH_MSG_DEBUG, SSH_MSG_SERVICE_REQUEST, SSH_MSG_EXT_INFO,
    SSH_MSG_USERAUTH_REQUEST, SSH_MSG_PING, SSH_MSG_CHANNEL_DATA,
    SSH_MSG_KEXINIT, SSH_MSG_NEWKEYS, 31, 34, 0, 255};

static void
send_foreign(uint8_t number)
{
	struct buf *b = client_start(&g.c, number);

	buf_u32(b, 0); /* an empty string, or a number */
	client_finish(&g.c);
}

START_TEST(strict_no_foreign_message_before_kexinit)
{
	rig_start(&g);
	rig_hello(&g);
	ck_assert_int_eq(client_receive(&g.c), 0);
	send_foreign(foreign[_i]);
	client_send_kexinit(&g.c);
	rig_expect_disconnect(&g, SSH_DISCONNECT_PROTOCOL_ERROR);
	ck_assert_uint_eq(g.monitor.seen[MSG_kex], 0);
}
END_TEST

START_TEST(strict_no_foreign_message_after_kexinit)
{
	struct rd r;

	rig_start(&g);
	rig_hello(&g);
	client_send_kexinit(&g.c);
	rig_expect(&g, SSH_MSG_KEXINIT, &r);
	client_negotiate(&g.c);
	send_foreign(foreign[_i]);
	client_send_share(&g.c);
	rig_expect_disconnect(&g, SSH_DISCONNECT_PROTOCOL_ERROR);
	ck_assert_uint_eq(g.monitor.seen[MSG_kex], 0);
}
END_TEST

START_TEST(strict_no_foreign_message_before_newkeys)
{
	struct rd r;
	uint8_t number = foreign[_i];

	if (number == SSH_MSG_NEWKEYS)
		return; /* is what is expected */
	rig_start(&g);
	rig_hello(&g);
	client_send_kexinit(&g.c);
	rig_expect(&g, SSH_MSG_KEXINIT, &r);
	client_negotiate(&g.c);
	client_send_share(&g.c);
	rig_expect(&g, SSH_MSG_KEX_ECDH_REPLY, &r);
	send_foreign(number);
	client_take_reply(&g.c);
	rig_expect(&g, SSH_MSG_NEWKEYS, &r);
	client_take_newkeys(&g.c);
	rig_expect(&g, SSH_MSG_EXT_INFO, &r);
	rig_expect_disconnect(&g, SSH_DISCONNECT_PROTOCOL_ERROR);
	ck_assert_uint_eq(g.monitor.seen[MSG_newkeys], 0);
}
END_TEST

START_TEST(without_strict_ignore_is_passed_over)
{
	struct rd r;

	g.c.kex = "curve25519-sha256";
	rig_start(&g);
	rig_hello(&g);
	send_foreign(SSH_MSG_IGNORE);
	client_send_kexinit(&g.c);
	send_foreign(SSH_MSG_DEBUG);
	rig_expect(&g, SSH_MSG_KEXINIT, &r);
	client_negotiate(&g.c);
	client_send_share(&g.c);
	rig_expect(&g, SSH_MSG_KEX_ECDH_REPLY, &r);
	send_foreign(SSH_MSG_IGNORE);
	client_take_reply(&g.c);
	rig_expect(&g, SSH_MSG_NEWKEYS, &r);
	client_take_newkeys(&g.c);
	rig_service(&g);
}
END_TEST

START_TEST(sequence_numbers_are_reset_under_strict_only)
{
	if (_i == 0)
		g.c.kex = "curve25519-sha256";
	rig_start(&g);
	rig_hello(&g);
	rig_kex(&g);
	/* KEXINIT, share, NEWKEYS; or from 0 */
	ck_assert_uint_eq(g.w->transport->from.seq, _i == 0 ? 3 : 0);
	rig_service(&g);
}
END_TEST

static void
guess(const char *kex, bool right)
{
	struct rd r;

	g.c.kex = kex;
	g.c.guess_follows = true;
	rig_start(&g);
	rig_hello(&g);
	client_send_kexinit(&g.c);
	/* The guess: a share of curve25519, be it right or not. */
	buf_string(client_start(&g.c, SSH_MSG_KEX_ECDH_INIT),
	    "0123456789abcdef0123456789abcdef", 32);
	if (!right)
		client_finish(&g.c);
	rig_expect(&g, SSH_MSG_KEXINIT, &r);
	client_negotiate(&g.c);
	ck_assert(g.c.choice.drop_guess == !right);
	client_send_share(&g.c);
	rig_expect(&g, SSH_MSG_KEX_ECDH_REPLY, &r);
	client_take_reply(&g.c);
}

START_TEST(a_wrong_guess_is_dropped)
{
	guess("ecdh-sha2-nistp256,kex-strict-c-v00@openssh.com", false);
}
END_TEST

START_TEST(a_right_guess_is_used)
{
	free((void *)(uintptr_t)g.settings.offer.kex);
	g.settings.offer.kex = strdup("curve25519-sha256,ecdh-sha2-nistp256");
	guess("curve25519-sha256,kex-strict-c-v00@openssh.com", true);
}
END_TEST

START_TEST(a_bad_share_ends_the_exchange)
{
	struct rd r;
	uint8_t zeros[32] = {0};

	rig_start(&g);
	rig_hello(&g);
	client_send_kexinit(&g.c);
	rig_expect(&g, SSH_MSG_KEXINIT, &r);
	/* The all-zero point of X25519; or one of a wrong length. */
	buf_string(client_start(&g.c, SSH_MSG_KEX_ECDH_INIT), zeros,
	    _i == 0 ? 32 : 31);
	client_finish(&g.c);
	rig_expect_disconnect(&g, SSH_DISCONNECT_KEY_EXCHANGE_FAILED);
	ck_assert_uint_eq(g.monitor.seen[MSG_kex], 0);
}
END_TEST

START_TEST(group_exchange_bounds_are_checked)
{
	struct buf *b;
	struct rd r;

	g.c.kex = "diffie-hellman-group-exchange-sha256";
	rig_start(&g);
	rig_hello(&g);
	client_send_kexinit(&g.c);
	rig_expect(&g, SSH_MSG_KEXINIT, &r);
	b = client_start(&g.c, SSH_MSG_KEX_DH_GEX_REQUEST);
	buf_u32(b, 512);
	buf_u32(b, 1024);
	buf_u32(b, 1024);
	client_finish(&g.c);
	rig_expect_disconnect(&g, SSH_DISCONNECT_KEY_EXCHANGE_FAILED);
}
END_TEST

START_TEST(nothing_is_read_while_the_monitor_computes)
{
	struct rd r;

	g.monitor.silent = true;
	rig_start(&g);
	g.monitor.silent = true;
	rig_hello(&g);
	client_send_kexinit(&g.c);
	rig_expect(&g, SSH_MSG_KEXINIT, &r);
	client_negotiate(&g.c);
	client_send_share(&g.c);
	rig_nothing(&g);
	ck_assert_uint_eq(g.monitor.seen[MSG_kex], 1);
	ck_assert_uint_eq(g.w->transport->holds, HOLD_MONITOR);
}
END_TEST

START_TEST(an_exchange_that_is_never_finished_ends_by_its_deadline)
{
	struct rd r;

	rig_start(&g);
	rig_hello(&g);
	client_send_kexinit(&g.c);
	rig_expect(&g, SSH_MSG_KEXINIT, &r);
	ck_assert(loop_timer_running(&g.w->transport->ex.deadline));
	/* As if the time had passed. */
	loop_timer_start(g.w->loop, &g.w->transport->ex.deadline, 0,
	    g.w->transport->ex.deadline.fn, g.w->transport->ex.deadline.arg);
	rig_expect_disconnect(&g, SSH_DISCONNECT_KEY_EXCHANGE_FAILED);
	ck_assert_uint_eq(g.monitor.cause, BYE_TIMEOUT);
}
END_TEST

Suite *
suite_kex(void)
{
	Suite *s = suite_create("kex");
	TCase *t = tcase_create("exchange");
	int n = (int)sizeof(foreign);

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, every_method_leads_to_a_login, 0, 24);
	tcase_add_test(t, a_token_that_is_refused_ends_the_connection);
	tcase_add_loop_test(
	    t, gss_awaits_one_message, 0, (int)sizeof(not_awaited));
	tcase_add_loop_test(t, no_host_key_is_for_gss_alone, 0, 2);
	tcase_add_test(t, ext_info_tells_the_signature_algorithms);
	tcase_add_test(t, reply_newkeys_and_ext_info_leave_together);
	tcase_add_loop_test(t, nothing_in_common_is_said_and_told, 0, 7);
	tcase_add_loop_test(t, strict_no_foreign_message_before_kexinit, 0, n);
	tcase_add_loop_test(t, strict_no_foreign_message_after_kexinit, 0, n);
	tcase_add_loop_test(t, strict_no_foreign_message_before_newkeys, 0, n);
	tcase_add_test(t, without_strict_ignore_is_passed_over);
	tcase_add_loop_test(
	    t, sequence_numbers_are_reset_under_strict_only, 0, 2);
	tcase_add_test(t, a_wrong_guess_is_dropped);
	tcase_add_test(t, a_right_guess_is_used);
	tcase_add_loop_test(t, a_bad_share_ends_the_exchange, 0, 2);
	tcase_add_test(t, group_exchange_bounds_are_checked);
	tcase_add_test(t, nothing_is_read_while_the_monitor_computes);
	tcase_add_test(
	    t, an_exchange_that_is_never_finished_ends_by_its_deadline);
	suite_add_tcase(s, t);
	return s;
}
