/*
 * New keys while data flows: by bytes, by time, on the client's wish; and
 * what may and may not pass meanwhile.
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

static void
exec(const char *command)
{
	struct buf *b = client_start(&g.c, SSH_MSG_CHANNEL_REQUEST);

	buf_u32(b, 0);
	buf_text(b, "exec");
	buf_bool(b, false);
	buf_text(b, command);
	client_finish(&g.c);
}

static void
send_data(size_t len)
{
	struct buf *b = client_start(&g.c, SSH_MSG_CHANNEL_DATA);

	buf_u32(b, 0);
	buf_u32(b, (uint32_t)len);
	memset(buf_add(b, len), 1, len);
	client_finish(&g.c);
}

/*
 * Take packets until the source has closed, doing rekeys as they come; the
 * pattern must be whole.  Returns bytes.
 */
static uint64_t
drain(unsigned *rekeys, uint64_t upload)
{
	uint64_t total = 0, sent = 0;
	uint8_t next = 0;
	struct rd r;
	size_t len;
	const uint8_t *data;
	bool closed = false;
	struct client *c = &g.c;

	while (!closed || sent < upload) {
		int err = client_receive(c);

		if (err == E_AGAIN) {
			if (sent < upload && g.c.out.len < 100000 &&
			    !g.c.half) {
				send_data(10000);
				sent += 10000;
			}
			rig_turn(&g);
			ck_assert(!g.w->ended);
			continue;
		}
		ck_assert_int_eq(err, 0);
		rd_init(&r, c->payload, c->payload_len);
		switch (rd_u8(&r)) {
		case SSH_MSG_CHANNEL_DATA:
			rd_u32(&r);
			data = rd_string(&r, 65536, &len);
			ck_assert_int_eq(rd_end(&r), 0);
			/* All bytes are the same, and the right one. */
			ck_assert(len > 0 && data[0] == next &&
			    memcmp(data, &data[1], len - 1) == 0);
			next++;
			total += len;
			break;
		case SSH_MSG_KEXINIT:
			if (c->half == NULL)
				client_send_kexinit(c);
			client_negotiate(c);
			client_send_share(c);
			break;
		case SSH_MSG_KEX_ECDH_REPLY:
			client_take_reply(c);
			break;
		case SSH_MSG_NEWKEYS:
			client_take_newkeys(c);
			kex_client_free(c->half);
			c->half = NULL;
			(*rekeys)++;
			if (c->deflate != NULL)
				client_compress(c);
			break;
		case SSH_MSG_CHANNEL_CLOSE:
			closed = true;
			break;
		}
	}
	for (int i = 0; i < 50; i++)
		rig_turn(&g);
	return total;
}

START_TEST(the_server_rekeys_by_bytes_while_data_flows)
{
	unsigned rekeys = 0;

	if (_i == 1)
		g.c.compression = "zlib@openssh.com";
	rig_start(&g);
	g.monitor.rekey_bytes = 500000;
	rig_login(&g);
	kex_client_free(g.c.half);
	g.c.half = NULL;
	rig_open_channel(&g, 100 << 20);
	exec("source 5000000");
	ck_assert_uint_eq(drain(&rekeys, _i == 2 ? 3000000 : 0), 5000000);
	ck_assert_uint_ge(rekeys, _i == 1 ? 0 : 6);
	ck_assert_uint_eq(g.monitor.seen[MSG_newkeys], 1 + rekeys);
	ck_assert_uint_eq(transport_rekeys(g.w), rekeys);
	if (_i == 2)
		ck_assert_uint_ge(fake_channels.received, 3000000);
}
END_TEST

/* As if the time of this timer had passed. */
static void
pass(struct loop_timer *timer)
{
	ck_assert(loop_timer_running(timer));
	loop_timer_start(g.w->loop, timer, 0, timer->fn, timer->arg);
	for (int i = 0; i < 5; i++)
		rig_turn(&g);
}

static void
ignored(void)
{
	client_start(&g.c, SSH_MSG_IGNORE);
	client_finish(&g.c);
}

static void
start_timed(void)
{
	rig_start(&g);
	g.monitor.rekey_seconds = 3600;
	rig_login(&g);
	kex_client_free(g.c.half);
	g.c.half = NULL;
	rig_open_channel(&g, 100 << 20);
}

START_TEST(a_silent_client_is_not_asked_for_new_keys)
{
	struct rd r;

	start_timed();
	pass(&g.w->transport->ex.due);
	rig_nothing(&g);
	ignored();
	rig_expect(&g, SSH_MSG_KEXINIT, &r);
}
END_TEST

START_TEST(a_client_that_falls_silent_in_an_exchange_stays)
{
	struct rd r;

	start_timed();
	pass(&g.w->transport->ex.due);
	ignored();
	rig_expect(&g, SSH_MSG_KEXINIT, &r);
	pass(&g.w->transport->ex.deadline);
	rig_nothing(&g);
	/* One that talks and does not answer does not. */
	ignored();
	for (int i = 0; i < 5; i++)
		rig_turn(&g);
	pass(&g.w->transport->ex.deadline);
	rig_expect_disconnect(&g, SSH_DISCONNECT_KEY_EXCHANGE_FAILED);
}
END_TEST

START_TEST(the_server_rekeys_by_time)
{
	struct rd r;

	rig_start(&g);
	g.monitor.rekey_seconds = 3600;
	rig_login(&g);
	kex_client_free(g.c.half);
	g.c.half = NULL;
	rig_open_channel(&g, 100 << 20);
	ck_assert(loop_timer_running(&g.w->transport->ex.due));
	pass(&g.w->transport->ex.due);
	ignored();
	rig_expect(&g, SSH_MSG_KEXINIT, &r);
	client_send_kexinit(&g.c);
	client_negotiate(&g.c);
	client_send_share(&g.c);
	rig_expect(&g, SSH_MSG_KEX_ECDH_REPLY, &r);
	client_take_reply(&g.c);
	rig_expect(&g, SSH_MSG_NEWKEYS, &r);
	client_take_newkeys(&g.c);
	for (int i = 0; i < 5; i++)
		rig_turn(&g);
	/* And the next time. */
	ck_assert(loop_timer_running(&g.w->transport->ex.due));
	ck_assert_uint_eq(transport_rekeys(g.w), 1);
}
END_TEST

START_TEST(the_client_rekeys_when_it_likes)
{
	rig_start(&g);
	rig_login(&g);
	for (int i = 0; i < 5; i++)
		rig_rekey(&g);
	ck_assert_uint_eq(transport_rekeys(g.w), 5);
	/* The same session, other keys. */
	rig_open_channel(&g, 1 << 20);
	ck_assert_uint_eq(g.monitor.seen[MSG_kex], 6);
}
END_TEST

START_TEST(input_goes_on_until_the_clients_kexinit)
{
	struct rd r;

	rig_start(&g);
	rig_login(&g);
	rig_open_channel(&g, 100 << 20);
	kexinit_begin(g.w->transport);
	rig_expect(&g, SSH_MSG_KEXINIT, &r);
	send_data(5000);
	send_data(5000);
	rig_nothing(&g);
	ck_assert_uint_eq(fake_channels.received, 10000);
	/* And our answers wait until the exchange is over. */
	buf_string(client_start(&g.c, SSH_MSG_PING), "x", 1);
	client_finish(&g.c);
	rig_nothing(&g);
	client_send_kexinit(&g.c);
	client_negotiate(&g.c);
	client_send_share(&g.c);
	rig_expect(&g, SSH_MSG_KEX_ECDH_REPLY, &r);
	client_take_reply(&g.c);
	rig_expect(&g, SSH_MSG_NEWKEYS, &r);
	client_take_newkeys(&g.c);
	rig_expect(&g, SSH_MSG_PONG, &r);
}
END_TEST

START_TEST(no_channel_data_is_placed_during_an_exchange)
{
	size_t room;
	struct rd r;

	rig_start(&g);
	rig_login(&g);
	rig_open_channel(&g, 100 << 20);
	kexinit_begin(g.w->transport);
	ck_assert_ptr_null(packet_place(g.w, &room));
	rig_expect(&g, SSH_MSG_KEXINIT, &r);
	client_send_kexinit(&g.c);
	client_negotiate(&g.c);
	client_send_share(&g.c);
	rig_expect(&g, SSH_MSG_KEX_ECDH_REPLY, &r);
	client_take_reply(&g.c);
	rig_expect(&g, SSH_MSG_NEWKEYS, &r);
	client_take_newkeys(&g.c);
	for (int i = 0; i < 5; i++)
		rig_turn(&g);
	/* The channels were called as soon as there was room. */
	ck_assert_uint_ge(fake_channels.resumes, 1);
	ck_assert_ptr_nonnull(packet_place(g.w, &room));
	ck_assert_uint_eq(room, PACKET_PAYLOAD_MAX);
	packet_commit(g.w, 0);
}
END_TEST

static const uint8_t illegal[] = {SSH_MSG_SERVICE_REQUEST, SSH_MSG_EXT_INFO,
    SSH_MSG_USERAUTH_REQUEST, SSH_MSG_PING, SSH_MSG_KEXINIT, SSH_MSG_NEWKEYS,
    32, 0, 255};

/* asyncssh does, and OpenSSH takes it. */
START_TEST(after_its_kexinit_the_client_may_go_on_with_its_channels)
{
	struct rd r;

	rig_start(&g);
	rig_login(&g);
	rig_open_channel(&g, 100 << 20);
	client_send_kexinit(&g.c);
	rig_expect(&g, SSH_MSG_KEXINIT, &r);
	send_data(5000);
	rig_nothing(&g);
	ck_assert_uint_eq(fake_channels.received, 5000);
	client_negotiate(&g.c);
	client_send_share(&g.c);
	rig_expect(&g, SSH_MSG_KEX_ECDH_REPLY, &r);
	client_take_reply(&g.c);
	rig_expect(&g, SSH_MSG_NEWKEYS, &r);
	client_take_newkeys(&g.c);
}
END_TEST

START_TEST(after_its_kexinit_the_client_sends_nothing_else)
{
	struct rd r;

	rig_start(&g);
	rig_login(&g);
	client_send_kexinit(&g.c);
	rig_expect(&g, SSH_MSG_KEXINIT, &r);
	buf_u32(client_start(&g.c, illegal[_i]), 0);
	client_finish(&g.c);
	rig_expect_disconnect(&g, SSH_DISCONNECT_PROTOCOL_ERROR);
}
END_TEST

START_TEST(ignore_and_debug_may_pass_in_a_rekey)
{
	struct rd r;

	rig_start(&g);
	rig_login(&g);
	client_send_kexinit(&g.c);
	buf_u32(client_start(&g.c, SSH_MSG_IGNORE), 0);
	client_finish(&g.c);
	rig_expect(&g, SSH_MSG_KEXINIT, &r);
	client_negotiate(&g.c);
	buf_u32(client_start(&g.c, SSH_MSG_DEBUG), 0);
	client_finish(&g.c);
	client_send_share(&g.c);
	rig_expect(&g, SSH_MSG_KEX_ECDH_REPLY, &r);
}
END_TEST

/* The monitor signs once before the login. */
START_TEST(a_rekey_in_userauth_is_refused)
{
	struct rd r;

	rig_start(&g);
	rig_hello(&g);
	rig_kex(&g);
	rig_service(&g);
	client_send_kexinit(&g.c);
	rig_expect(&g, SSH_MSG_DISCONNECT, &r);
	ck_assert_uint_eq(rd_u32(&r), SSH_DISCONNECT_PROTOCOL_ERROR);
}
END_TEST

START_TEST(rekeys_without_traffic_are_slowed_down)
{
	struct exchange *ex;

	rig_start(&g);
	rig_login(&g);
	ex = &g.w->transport->ex;
	rig_rekey(&g);
	ex->tokens = 0;
	ex->tokens_at = loop_now(g.w->loop);
	ex->tokens_total =
	    g.w->transport->from.total + g.w->transport->to.total;
	client_send_kexinit(&g.c);
	rig_nothing(&g);
	ck_assert_uint_eq(g.w->transport->holds, HOLD_PACE);
	ck_assert(loop_timer_running(&ex->pace));
	/* Its time comes, and it goes on. */
	loop_timer_start(g.w->loop, &ex->pace, 0, ex->pace.fn, ex->pace.arg);
	{
		struct rd r;

		rig_expect(&g, SSH_MSG_KEXINIT, &r);
		client_negotiate(&g.c);
		client_send_share(&g.c);
		rig_expect(&g, SSH_MSG_KEX_ECDH_REPLY, &r);
	}
}
END_TEST

START_TEST(traffic_earns_rekeys)
{
	rig_start(&g);
	rig_login(&g);
	rig_rekey(&g);
	g.w->transport->ex.tokens = 0;
	g.w->transport->from.total += 1 << 20;
	rig_rekey(&g);
}
END_TEST

START_TEST(a_cipher_is_not_used_beyond_its_bound)
{
	struct rd r;

	rig_start(&g);
	rig_login(&g);
	rig_open_channel(&g, 1 << 20);
	if (_i == 0)
		g.w->transport->from.bytes = g.w->transport->from.bytes_max;
	else
		g.w->transport->from.packets = UINT64_C(1) << 31;
	send_data(1);
	rig_expect(&g, SSH_MSG_KEXINIT, &r);
}
END_TEST

Suite *
suite_rekey(void)
{
	Suite *s = suite_create("rekey");
	TCase *t = tcase_create("rekey");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(
	    t, the_server_rekeys_by_bytes_while_data_flows, 0, 3);
	tcase_add_test(t, the_server_rekeys_by_time);
	tcase_add_test(t, a_silent_client_is_not_asked_for_new_keys);
	tcase_add_test(t, a_client_that_falls_silent_in_an_exchange_stays);
	tcase_add_test(t, the_client_rekeys_when_it_likes);
	tcase_add_test(t, input_goes_on_until_the_clients_kexinit);
	tcase_add_test(t, no_channel_data_is_placed_during_an_exchange);
	tcase_add_loop_test(t, after_its_kexinit_the_client_sends_nothing_else,
	    0, (int)sizeof(illegal));
	tcase_add_test(
	    t, after_its_kexinit_the_client_may_go_on_with_its_channels);
	tcase_add_test(t, ignore_and_debug_may_pass_in_a_rekey);
	tcase_add_test(t, a_rekey_in_userauth_is_refused);
	tcase_add_test(t, rekeys_without_traffic_are_slowed_down);
	tcase_add_test(t, traffic_earns_rekeys);
	tcase_add_loop_test(t, a_cipher_is_not_used_beyond_its_bound, 0, 2);
	suite_add_tcase(s, t);
	return s;
}
