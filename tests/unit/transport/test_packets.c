/*
 * Packets: every cipher and MAC in both directions, bytes one by one, and
 * what has been tampered with.
 */
#include "tests/unit/transport/rig.h"
#include "tests/unit/transport/suites.h"

#include "lib/err.h"

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

#define CIPHERS 9
#define MACS	10

/* Case i: a cipher and a MAC in, others out. */
static void
choose(int i)
{
	g.c.cipher_in = cipher_at((size_t)i / MACS)->name;
	g.c.mac_in = mac_at((size_t)i % MACS)->name;
	g.c.cipher_out = cipher_at((size_t)(i / MACS + 1) % CIPHERS)->name;
	g.c.mac_out = mac_at((size_t)(i % MACS + 1) % MACS)->name;
}

static void
echo(size_t len)
{
	struct buf *b;
	struct rd r;
	size_t n;
	const uint8_t *data;

	b = client_start(&g.c, SSH_MSG_PING);
	buf_string(b, NULL, 0);
	buf_clear(b);
	buf_u8(b, SSH_MSG_PING);
	buf_u32(b, (uint32_t)len);
	memset(buf_add(b, len), 0x5a, len);
	client_finish(&g.c);
	rig_expect(&g, SSH_MSG_PONG, &r);
	data = rd_string(&r, SSH_PACKET_MAX, &n);
	ck_assert_int_eq(rd_end(&r), 0);
	ck_assert_uint_eq(n, len);
	/* All bytes are the same, and the right one. */
	ck_assert(data[0] == 0x5a && memcmp(data, &data[1], n - 1) == 0);
}

START_TEST(every_cipher_and_mac_both_ways)
{
	static const size_t sizes[] = {
	    1, 2, 3, 7, 8, 9, 15, 16, 17, 100, 1000, 32768, 100000, 200000};

	choose(_i);
	rig_start(&g);
	rig_login(&g);
	ck_assert_str_eq(g.monitor.cipher_in, g.c.cipher_in);
	ck_assert_str_eq(g.monitor.cipher_out, g.c.cipher_out);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		echo(sizes[i]);
	g.c.slow = true;
	echo(300);
	echo(1);
}
END_TEST

/* Every byte of a packet, and none of them passes. */
START_TEST(a_tampered_packet_ends_the_connection)
{
	static const uint8_t more[300 * 1024] = {1, 2, 3};
	static const size_t places[] = {0, 3, 4, 5, 6, 20, 30, 40, 47};
	uint8_t payload[40] = {SSH_MSG_IGNORE, 0, 0, 0, 35};
	int i = _i / 9;
	size_t place = places[_i % 9];
	struct rd r;

	g.c.cipher_in = cipher_at((size_t)i / MACS)->name;
	g.c.mac_in = mac_at((size_t)i % MACS)->name;
	if (i >= 3 && i < 3 * MACS)
		return; /* AEADs have no MAC besides: once is enough */
	if (i < 3)
		g.c.cipher_in = cipher_at((size_t)i)->name;
	rig_start(&g);
	rig_login(&g);
	g.c.slow = true; /* keeps it in c->out */
	client_send(&g.c, payload, sizeof(payload));
	g.c.slow = false;
	ck_assert_uint_gt(g.c.out.len, 48);
	g.c.out.data[place] ^= 0x10;
	/* A length that grew is waited for: more comes, and it is seen. */
	client_raw(&g.c, more, sizeof(more));
	rig_expect(&g, SSH_MSG_DISCONNECT, &r);
	ck_assert_uint_eq(rd_u32(&r), SSH_DISCONNECT_MAC_ERROR);
}
END_TEST

/*
 * The last byte of the tag, too.  Where the length was decrypted with the rest
 * (CBC), the answer waits until a longest packet has come.
 */
START_TEST(a_tampered_tag_ends_the_connection)
{
	static const uint8_t more[256 * 1024] = {1, 2, 3};
	uint8_t payload[40] = {SSH_MSG_IGNORE, 0, 0, 0, 35};
	bool waits;

	choose(_i);
	waits = strstr(g.c.cipher_in, "cbc") != NULL &&
	    strstr(g.c.mac_in, "etm") == NULL;
	rig_start(&g);
	rig_login(&g);
	g.c.slow = true;
	client_send(&g.c, payload, sizeof(payload));
	g.c.slow = false;
	g.c.out.data[g.c.out.len - 1] ^= 1;
	if (waits) {
		rig_nothing(&g);
		client_raw(&g.c, more, sizeof(more) - 4096);
		rig_nothing(&g);
		client_raw(&g.c, more, 4096);
	}
	rig_expect_disconnect(&g, SSH_DISCONNECT_MAC_ERROR);
}
END_TEST

START_TEST(a_replayed_or_dropped_packet_ends_the_connection)
{
	uint8_t payload[40] = {SSH_MSG_IGNORE, 0, 0, 0, 35};

	choose(_i);
	rig_start(&g);
	rig_login(&g);
	/* Packet n is lost on its way; n + 1 does not fit its place. */
	g.c.slow = true;
	client_send(&g.c, payload, sizeof(payload));
	buf_clear(&g.c.out);
	g.c.slow = false;
	client_send(&g.c, payload, sizeof(payload));
	for (int n = 0; n < 50000 && g.w->phase == PHASE_OPEN; n++) {
		if (g.c.out.len < 10000)
			client_send(&g.c, payload, sizeof(payload));
		if (n % 50 == 0)
			rig_turn(&g);
	}
	rig_until_ended(&g);
	ck_assert_uint_eq(g.monitor.reason, SSH_DISCONNECT_MAC_ERROR);
}
END_TEST

static const struct {
	const char *bytes;
	size_t len;
	uint32_t reason;
} clear[] = {
    {"\0\0\0\0\0\0\0\0", 8, SSH_DISCONNECT_PROTOCOL_ERROR},
    {"\0\0\0\1\0\0\0\0", 8, SSH_DISCONNECT_PROTOCOL_ERROR},
    {"\0\0\0\5\4\0\0\0", 8, SSH_DISCONNECT_PROTOCOL_ERROR},
    {"\0\0\0\15\4\0\0\0", 8, SSH_DISCONNECT_PROTOCOL_ERROR}, /* 13 */
    {"\0\4\0\4\4\0\0\0", 8, SSH_DISCONNECT_PROTOCOL_ERROR}, /* 256K + 4 */
    {"\377\377\377\377\377\377\377\377", 8, SSH_DISCONNECT_PROTOCOL_ERROR},
    /* padding: 3; all of it; more than all */
    {"\0\0\0\14\3\1\1\1\1\1\1\1\1\1\1\1", 16, SSH_DISCONNECT_PROTOCOL_ERROR},
    {"\0\0\0\14\13\1\1\1\1\1\1\1\1\1\1\1", 16, SSH_DISCONNECT_PROTOCOL_ERROR},
    {"\0\0\0\14\377\1\1\1\1\1\1\1\1\1\1\1", 16, SSH_DISCONNECT_PROTOCOL_ERROR},
};

START_TEST(bad_lengths_and_paddings_end_the_connection)
{
	struct rd r;

	rig_start(&g);
	rig_hello(&g);
	rig_expect(&g, SSH_MSG_KEXINIT, &r);
	g.c.slow = true;
	client_raw(&g.c, clear[_i].bytes, clear[_i].len);
	rig_expect_disconnect(&g, clear[_i].reason);
	ck_assert_uint_eq(g.monitor.cause, BYE_PROTOCOL_ERROR);
}
END_TEST

START_TEST(compression_begins_after_the_login)
{
	g.c.compression = "zlib@openssh.com,none";
	choose(_i);
	rig_start(&g);
	rig_login(&g);
	ck_assert_ptr_nonnull(g.w->transport->deflate);
	ck_assert_ptr_nonnull(g.w->transport->inflate);
	echo(10);
	echo(100000);
	rig_rekey(&g);
	echo(100000);
	g.c.slow = true;
	echo(100);
}
END_TEST

/* A packet that would inflate to megabytes: ended at 256 KB. */
START_TEST(a_bomb_is_not_inflated)
{
	size_t len = 30u << 20;
	uint8_t *payload = calloc(1, len);

	g.c.compression = "zlib@openssh.com";
	rig_start(&g);
	rig_login(&g);
	payload[0] = SSH_MSG_IGNORE;
	client_send(&g.c, payload, len);
	free(payload);
	rig_expect_disconnect(&g, SSH_DISCONNECT_COMPRESSION_ERROR);
}
END_TEST

START_TEST(rubbish_for_compressed_data_ends_the_connection)
{
	g.c.compression = "zlib@openssh.com";
	rig_start(&g);
	rig_login(&g);
	compressor_free(g.c.deflate);
	g.c.deflate = NULL;
	client_send(&g.c, "\2\0\0\0\0rubbish", 12);
	rig_expect_disconnect(&g, SSH_DISCONNECT_COMPRESSION_ERROR);
}
END_TEST

/* Idle memory: what bulk has touched is given back. */
START_TEST(buffers_are_given_back_when_idle)
{
	struct transport *t;

	rig_start(&g);
	rig_login(&g);
	t = g.w->transport;
	echo(200000);
	ck_assert_uint_gt(t->rx.touched, 100000);
	ck_assert_uint_gt(t->tx.touched, 100000);
	ck_assert(loop_timer_running(&t->trim));
	t->last_packet = 0;
	loop_timer_start(g.w->loop, &t->trim, 0, t->trim.fn, t->trim.arg);
	for (int i = 0; i < 5; i++)
		rig_turn(&g);
	ck_assert_uint_le(t->rx.touched, 4096);
	ck_assert_uint_le(t->tx.touched, 4096);
	echo(200000);
}
END_TEST

Suite *
suite_packets(void)
{
	Suite *s = suite_create("packets");
	TCase *t = tcase_create("packets");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(
	    t, every_cipher_and_mac_both_ways, 0, CIPHERS * MACS);
	tcase_add_loop_test(
	    t, a_tampered_packet_ends_the_connection, 0, 16 * 9);
	tcase_add_loop_test(
	    t, a_tampered_tag_ends_the_connection, 0, CIPHERS * MACS);
	tcase_add_loop_test(t, a_replayed_or_dropped_packet_ends_the_connection,
	    0, CIPHERS * MACS);
	tcase_add_loop_test(t, bad_lengths_and_paddings_end_the_connection, 0,
	    (int)(sizeof(clear) / sizeof(clear[0])));
	tcase_add_loop_test(
	    t, compression_begins_after_the_login, 0, CIPHERS * MACS);
	tcase_add_test(t, a_bomb_is_not_inflated);
	tcase_add_test(t, rubbish_for_compressed_data_ends_the_connection);
	tcase_add_test(t, buffers_are_given_back_when_idle);
	suite_add_tcase(s, t);
	return s;
}
