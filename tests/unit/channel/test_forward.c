/*
 * Forwarded channels in both directions, and global requests.
 */
#include "tests/unit/channel/fake.h"
#include "tests/unit/channel/suites.h"

#include "lib/err.h"

#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* The reason of the open failure that was sent for this peer number. */
static uint32_t
failure_reason(uint32_t peer)
{
	struct rd r = fake_expect(SSH_MSG_CHANNEL_OPEN_FAILURE);

	ck_assert_uint_eq(rd_u32(&r), peer);
	return rd_u32(&r);
}

static int
open_direct(uint32_t peer, const char *host, uint32_t port)
{
	return fake_packet(SSH_MSG_CHANNEL_OPEN, "suuususu", "direct-tcpip",
	    peer, 100000u, 32768u, host, port, "from", 1000u);
}

static uint32_t
asked_connect(void)
{
	return fake_asked(MSG_tcp_connect)->tcp_connect.channel;
}

START_TEST(test_a_connect_stands_when_yes_and_socket_are_there)
{
	uint32_t id;
	char text[8];
	int fds[2];

	for (int socket_first = 0; socket_first < 2; socket_first++) {
		fake_start_plain();
		fake_session();
		ck_assert_int_eq(open_direct(5, "host", 80), 0);
		id = asked_connect();
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
		if (!socket_first)
			fake_granted(id);
		else
			fake_turn();
		fake_expect_nothing();
		ck_assert_int_eq(
		    WALL_SEND_FD(&fake.session, fds[0], stream, .channel = id),
		    0);
		fake_turn();
		if (socket_first) {
			fake_expect_nothing();
			fake_granted(id);
		}
		fake_expect(SSH_MSG_CHANNEL_OPEN_CONFIRMATION);
		ck_assert_int_eq(
		    fake_packet(SSH_MSG_CHANNEL_DATA, "us", id, "ping"), 0);
		ck_assert_int_eq(read(fds[1], text, sizeof(text)), 4);
		close(fds[0]);
		close(fds[1]);
		fake_end();
	}
}
END_TEST

START_TEST(test_a_refusal_carries_the_monitors_reason)
{
	uint32_t id;

	fake_start_plain();
	for (uint32_t reason = 1; reason <= 4; reason++) {
		ck_assert_int_eq(open_direct(5, "host", 80), 0);
		id = asked_connect();
		fake_refused(id, reason, "why");
		ck_assert_uint_eq(failure_reason(5), reason);
		fake_asked(MSG_channel_closed);
	}
	fake_end();
}
END_TEST

START_TEST(test_impossible_targets_are_refused_without_a_question)
{
	fake_start_plain();
	ck_assert_int_eq(open_direct(5, "host", 65536), 0);
	ck_assert_uint_eq(failure_reason(5), SSH_OPEN_CONNECT_FAILED);
	ck_assert_int_eq(open_direct(5, "", 80), 0);
	ck_assert_uint_eq(failure_reason(5), SSH_OPEN_CONNECT_FAILED);
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_OPEN, "suuussu",
		"direct-streamlocal@openssh.com", 5u, 1u, 1u, "", "", 0u),
	    0);
	ck_assert_uint_eq(failure_reason(5), SSH_OPEN_CONNECT_FAILED);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_OPEN, "suuu",
			     "no-such-type", 5u, 1u, 1u),
	    0);
	ck_assert_uint_eq(failure_reason(5), SSH_OPEN_UNKNOWN_CHANNEL_TYPE);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_OPEN, "suuuuu",
			     "tun@openssh.com", 5u, 1u, 1u, 3u, 0u),
	    0);
	ck_assert_uint_eq(
	    failure_reason(5), SSH_OPEN_ADMINISTRATIVELY_PROHIBITED);
	/* A largest packet of nothing could carry nothing. */
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_OPEN, "suuu", "session", 5u, 1u, 0u),
	    0);
	ck_assert_uint_eq(failure_reason(5), SSH_OPEN_CONNECT_FAILED);
	fake_asked_nothing();
	fake_end();
}
END_TEST

START_TEST(test_a_lost_session_fails_connects_under_way)
{
	uint32_t id;

	fake_start_plain();
	fake_session();
	ck_assert_int_eq(open_direct(5, "host", 80), 0);
	id = asked_connect();
	fake_granted(id);
	wall_free(&fake.session);
	fake_turn();
	ck_assert_uint_eq(failure_reason(5), SSH_OPEN_CONNECT_FAILED);
	fake_end();
}
END_TEST

START_TEST(test_each_direction_ends_by_itself)
{
	char text[8];
	uint32_t id;
	int far;

	fake_start_plain();
	id = fake_direct(5, &far);
	/* The client has finished; the server answers after that. */
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_DATA, "us", id, "GET"), 0);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_EOF, "u", id), 0);
	ck_assert_int_eq(read(far, text, sizeof(text)), 3);
	ck_assert_int_eq(read(far, text, sizeof(text)), 0);
	ck_assert_int_eq(write(far, "page", 4), 4);
	fake_turn();
	fake_expect(SSH_MSG_CHANNEL_DATA);
	fake_expect_nothing();
	close(far);
	fake_turn();
	fake_expect(SSH_MSG_CHANNEL_EOF);
	fake_expect(SSH_MSG_CHANNEL_CLOSE);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_CLOSE, "u", id), 0);
	fake_asked(MSG_channel_closed);

	/* And the other way round. */
	id = fake_direct(6, &far);
	ck_assert_int_eq(shutdown(far, SHUT_WR), 0);
	fake_turn();
	fake_expect(SSH_MSG_CHANNEL_EOF);
	fake_expect_nothing();
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_DATA, "us", id, "more"), 0);
	ck_assert_int_eq(read(far, text, sizeof(text)), 4);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_EOF, "u", id), 0);
	fake_expect(SSH_MSG_CHANNEL_CLOSE);
	ck_assert_int_eq(read(far, text, sizeof(text)), 0);
	close(far);
	fake_end();
}
END_TEST

START_TEST(test_data_after_the_end_are_dropped)
{
	char text[8];
	uint32_t id;
	int far;

	fake_start_plain();
	id = fake_direct(5, &far);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_EOF, "u", id), 0);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_DATA, "us", id, "x"), 0);
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_EXTENDED_DATA, "uus", id, 1u, "x"), 0);
	ck_assert_int_eq(read(far, text, sizeof(text)), 0);
	close(far);
	fake_end();
}
END_TEST

/* That channel fails, and the connection goes on. */
START_TEST(test_a_maximum_packet_of_nothing_fails_its_channel_only)
{
	uint32_t id;
	int far;

	fake_start_plain();
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_OPEN, "suuu", "session", 3u, 1000u, 0u),
	    0);
	fake_expect(SSH_MSG_CHANNEL_OPEN_FAILURE);
	id = fake_direct(5, &far);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_DATA, "us", id, "x"), 0);
	close(far);
	fake_end();
}
END_TEST

START_TEST(test_a_reset_socket_closes_the_channel)
{
	uint32_t id;
	int far;

	fake_start_plain();
	id = fake_direct(5, &far);
	close(far);
	fake_turn();
	fake_expect(SSH_MSG_CHANNEL_EOF);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_DATA, "us", id, "x"), 0);
	fake_turn();
	fake_expect(SSH_MSG_CHANNEL_CLOSE);
	/* Data that crosses our CLOSE is no error. */
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_DATA, "us", id, "x"), 0);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_CLOSE, "u", id), 0);
	fake_end();
}
END_TEST

START_TEST(test_interface_packets_are_framed_by_their_family)
{
	static const uint8_t v4[] = {0x45, 1, 2, 3}, v6[] = {0x60, 9};
	static const uint8_t framed[] = {0, 0, 0, 2, 0x45, 7};
	uint8_t text[64];
	struct rd r;
	const uint8_t *data;
	uint32_t id;
	size_t len;
	int fds[2];

	fake_start_plain();
	fake_session();
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_OPEN, "suuuuu", "tun@openssh.com", 5u,
		100000u, 32768u, 1u, 0x7fffffffu),
	    0);
	id = fake_asked(MSG_tun)->tun.channel;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
	ck_assert_int_eq(
	    WALL_SEND_FD(&fake.session, fds[0], stream, .channel = id), 0);
	fake_granted(id);
	fake_turn();
	fake_expect(SSH_MSG_CHANNEL_OPEN_CONFIRMATION);
	ck_assert_int_eq(write(fds[1], v4, sizeof(v4)), sizeof(v4));
	ck_assert_int_eq(write(fds[1], v6, sizeof(v6)), sizeof(v6));
	fake_turn();
	r = fake_expect(SSH_MSG_CHANNEL_DATA);
	(void)rd_u32(&r);
	data = rd_string(&r, 100, &len);
	ck_assert_uint_eq(len, 8);
	ck_assert_mem_eq(data, "\0\0\0\x02\x45\x01\x02\x03", 8);
	r = fake_expect(SSH_MSG_CHANNEL_DATA);
	(void)rd_u32(&r);
	data = rd_string(&r, 100, &len);
	ck_assert_uint_eq(len, 6);
	ck_assert_mem_eq(data, "\0\0\0\x18\x60\x09", 6);
	/* Lengths count against the window (PROTOCOL 2.3). */
	ck_assert_uint_eq(
	    channel_find(fake.w.channels, id)->peer_window, 100000 - 12 - 10);
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_DATA, "uS", id, framed, sizeof(framed)),
	    0);
	ck_assert_int_eq(read(fds[1], text, sizeof(text)), 2);
	ck_assert_mem_eq(text, "\x45\x07", 2);
	close(fds[0]);
	close(fds[1]);
	fake_end();
}
END_TEST

/* ---- opened by us ----------------------------------------------------------
 */

static int
incoming(enum incoming_kind kind, const char *address, uint32_t port)
{
	int fds[2];

	if (fake.session.fd < 0)
		fake_session();
	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	ck_assert_int_eq(
	    WALL_SEND_FD(&fake.session, fds[0], incoming, .kind = (uint8_t)kind,
		.address = address, .port = port, .originator = "192.0.2.1",
		.originator_port = 4000),
	    0);
	close(fds[0]);
	fake_turn();
	return fds[1];
}

START_TEST(test_a_connection_to_a_listener_opens_a_channel)
{
	char type[64], text[64];
	uint32_t id;
	struct rd r;
	int far;

	fake_start_plain();
	far = incoming(INCOMING_TCP, "localhost", 8080);
	r = fake_expect(SSH_MSG_CHANNEL_OPEN);
	rd_text(&r, type, sizeof(type));
	ck_assert_str_eq(type, "forwarded-tcpip");
	id = rd_u32(&r);
	(void)rd_u32(&r);
	(void)rd_u32(&r);
	rd_text(&r, text, sizeof(text));
	ck_assert_str_eq(text, "localhost");
	ck_assert_uint_eq(rd_u32(&r), 8080);
	rd_text(&r, text, sizeof(text));
	ck_assert_str_eq(text, "192.0.2.1");
	ck_assert_uint_eq(rd_u32(&r), 4000);
	ck_assert_int_eq(rd_end(&r), 0);
	ck_assert_uint_eq(
	    fake_asked(MSG_channel_offered)->channel_offered.channel, id);
	/* Nothing moves before the client has said yes. */
	ck_assert_int_eq(write(far, "hi", 2), 2);
	fake_turn();
	fake_expect_nothing();
	ck_assert_int_ne(fake_packet(SSH_MSG_CHANNEL_DATA, "us", id, "x"), 0);
	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_OPEN_CONFIRMATION, "uuuu",
			     id, 77u, 1000u, 1000u),
	    0);
	fake_turn();
	r = fake_expect(SSH_MSG_CHANNEL_DATA);
	ck_assert_uint_eq(rd_u32(&r), 77);
	/* A second confirmation is nonsense. */
	ck_assert_int_ne(fake_packet(SSH_MSG_CHANNEL_OPEN_CONFIRMATION, "uuuu",
			     id, 77u, 1000u, 1000u),
	    0);
	close(far);
	fake_end();
}
END_TEST

START_TEST(test_a_client_may_refuse_what_we_open)
{
	uint32_t id;
	char byte;
	int far;

	fake_start_plain();
	far = incoming(INCOMING_X11, "", 0);
	id = fake_asked(MSG_channel_offered)->channel_offered.channel;
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_OPEN_FAILURE, "uuss", id, 1u, "no", ""),
	    0);
	ck_assert_int_eq(read(far, &byte, 1), 0);
	ck_assert_uint_eq(
	    fake_asked(MSG_channel_closed)->type, MSG_channel_closed);
	ck_assert_int_ne(
	    fake_packet(SSH_MSG_CHANNEL_OPEN_FAILURE, "uuss", id, 1u, "no", ""),
	    0);
	close(far);
	fake_end();
}
END_TEST

static const struct {
	enum incoming_kind kind;
	const char *request;
	const char *type;
} types[] = {
    {INCOMING_UNIX, NULL, "forwarded-streamlocal@openssh.com"},
    {INCOMING_X11, NULL, "x11"},
    {INCOMING_AGENT, "auth-agent-req@openssh.com", "auth-agent@openssh.com"},
    {INCOMING_AGENT, "agent-req", "agent-connect"},
};

START_TEST(test_each_kind_has_its_channel_type)
{
	char type[64];
	struct rd r;
	uint32_t id;

	fake_start_plain();
	if (types[_i].request != NULL) {
		id = fake_open_session(1);
		ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_REQUEST, "usb", id,
				     types[_i].request, 1),
		    0);
		fake_asked(MSG_agent);
		fake_granted(id);
		fake_expect(SSH_MSG_CHANNEL_SUCCESS);
	}
	close(incoming(types[_i].kind, "/path", 0));
	r = fake_expect(SSH_MSG_CHANNEL_OPEN);
	rd_text(&r, type, sizeof(type));
	ck_assert_str_eq(type, types[_i].type);
	fake_end();
}
END_TEST

/* ---- global requests
 * ---------------------------------------------------------- */

static void
listening(uint32_t request, uint32_t port)
{
	struct wall_message m = {
	    .type = MSG_listening, .listening = {request, port}};

	ck_assert_int_eq(on_listening(&fake.w, &m), 0);
}

static void
not_listening(uint32_t request)
{
	struct wall_message m = {
	    .type = MSG_not_listening, .not_listening = {request}};

	ck_assert_int_eq(on_not_listening(&fake.w, &m), 0);
}

START_TEST(test_global_answers_keep_their_order)
{
	uint32_t first, second;
	struct rd r;

	fake_start_plain();
	ck_assert_int_eq(fake_packet(SSH_MSG_GLOBAL_REQUEST, "sbsu",
			     "tcpip-forward", 1, "localhost", 0u),
	    0);
	first = fake_asked(MSG_tcp_listen)->tcp_listen.request;
	ck_assert_int_eq(fake_packet(SSH_MSG_GLOBAL_REQUEST, "sb",
			     "keepalive@openssh.com", 1),
	    0);
	ck_assert_int_eq(fake_packet(SSH_MSG_GLOBAL_REQUEST, "sbs",
			     "streamlocal-forward@openssh.com", 1, "/tmp/s"),
	    0);
	second = fake_asked(MSG_unix_listen)->unix_listen.request;
	/* The later one is ready first. */
	not_listening(second);
	fake_expect_nothing();
	listening(first, 40000);
	r = fake_expect(SSH_MSG_REQUEST_SUCCESS);
	ck_assert_uint_eq(rd_u32(&r), 40000); /* port 0 was asked for */
	ck_assert_int_eq(rd_end(&r), 0);
	fake_expect(SSH_MSG_REQUEST_FAILURE);
	fake_expect(SSH_MSG_REQUEST_FAILURE);
	fake_expect_nothing();
	fake_end();
}
END_TEST

START_TEST(test_the_port_is_told_only_where_none_was_named)
{
	struct rd r;

	fake_start_plain();
	ck_assert_int_eq(fake_packet(SSH_MSG_GLOBAL_REQUEST, "sbsu",
			     "tcpip-forward", 1, "", 8080u),
	    0);
	listening(fake_asked(MSG_tcp_listen)->tcp_listen.request, 8080);
	r = fake_expect(SSH_MSG_REQUEST_SUCCESS);
	ck_assert_int_eq(rd_end(&r), 0);
	ck_assert_int_eq(fake_packet(SSH_MSG_GLOBAL_REQUEST, "sbsu",
			     "cancel-tcpip-forward", 1, "", 8080u),
	    0);
	listening(fake_asked(MSG_unlisten)->unlisten.request, 8080);
	r = fake_expect(SSH_MSG_REQUEST_SUCCESS);
	ck_assert_int_eq(rd_end(&r), 0);
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_GLOBAL_REQUEST, "sbs",
		"cancel-streamlocal-forward@openssh.com", 0, "/tmp/x"),
	    0);
	not_listening(fake_asked(MSG_unlisten)->unlisten.request);
	fake_expect_nothing();
	fake_end();
}
END_TEST

START_TEST(test_impossible_listeners_are_refused_without_a_question)
{
	fake_start_plain();
	ck_assert_int_eq(fake_packet(SSH_MSG_GLOBAL_REQUEST, "sbsu",
			     "tcpip-forward", 1, "", 65536u),
	    0);
	ck_assert_int_eq(fake_packet(SSH_MSG_GLOBAL_REQUEST, "sbs",
			     "streamlocal-forward@openssh.com", 1, ""),
	    0);
	ck_assert_int_eq(
	    fake_packet(SSH_MSG_GLOBAL_REQUEST, "sb", "no-such-request", 1), 0);
	for (int i = 0; i < 3; i++)
		fake_expect(SSH_MSG_REQUEST_FAILURE);
	fake_asked_nothing();
	fake_end();
}
END_TEST

START_TEST(test_host_keys_are_announced_and_proven)
{
	struct wall_message m = {.type = MSG_hostkeys_proof};
	static const uint8_t keys[] = {0, 0, 0, 1, 'k'};
	struct rd r;

	fake_start(&(const struct msg_opened){
	    .window_max = 1 << 20, .hostkeys = {keys, sizeof(keys)}});
	(void)fake_packet(SSH_MSG_GLOBAL_REQUEST, "sbs",
	    "hostkeys-prove-00@openssh.com", 1, "k");
	r = fake_expect(SSH_MSG_GLOBAL_REQUEST);
	ck_assert_ptr_nonnull(
	    memmem(r.data, r.len, "hostkeys-00@openssh.com", 23));
	ck_assert_mem_eq(&r.data[r.len - sizeof(keys)], keys, sizeof(keys));
	ck_assert_uint_eq(
	    fake_asked(MSG_hostkeys_prove)->hostkeys_prove.keys.len, 5);
	m.hostkeys_proof.signatures.data = keys;
	m.hostkeys_proof.signatures.len = sizeof(keys);
	ck_assert_int_eq(on_hostkeys_proof(&fake.w, &m), 0);
	r = fake_expect(SSH_MSG_REQUEST_SUCCESS);
	ck_assert_mem_eq(&r.data[1], keys, sizeof(keys));
	fake_expect_nothing(); /* announced once */
	fake_end();
}
END_TEST

START_TEST(test_unanswered_global_requests_are_bounded)
{
	int err = 0, n;

	fake_start_plain();
	for (n = 0; n < 5000 && err == 0; n++)
		err = fake_packet(SSH_MSG_GLOBAL_REQUEST, "sbsu",
		    "tcpip-forward", 1, "", 8080u);
	ck_assert_int_eq(err, E_LIMIT);
	ck_assert_int_eq(n, GLOBALS_MAX + 1);
	fake_end();
}
END_TEST

Suite *
suite_forward(void)
{
	Suite *s = suite_create("forward");
	TCase *c = tcase_create("forward");

	tcase_set_timeout(c, 30);
	tcase_add_test(c, test_a_connect_stands_when_yes_and_socket_are_there);
	tcase_add_test(c, test_a_refusal_carries_the_monitors_reason);
	tcase_add_test(
	    c, test_impossible_targets_are_refused_without_a_question);
	tcase_add_test(c, test_a_lost_session_fails_connects_under_way);
	tcase_add_test(c, test_each_direction_ends_by_itself);
	tcase_add_test(c, test_data_after_the_end_are_dropped);
	tcase_add_test(
	    c, test_a_maximum_packet_of_nothing_fails_its_channel_only);
	tcase_add_test(c, test_a_reset_socket_closes_the_channel);
	tcase_add_test(c, test_interface_packets_are_framed_by_their_family);
	tcase_add_test(c, test_a_connection_to_a_listener_opens_a_channel);
	tcase_add_test(c, test_a_client_may_refuse_what_we_open);
	tcase_add_loop_test(c, test_each_kind_has_its_channel_type, 0,
	    sizeof(types) / sizeof(types[0]));
	tcase_add_test(c, test_global_answers_keep_their_order);
	tcase_add_test(c, test_the_port_is_told_only_where_none_was_named);
	tcase_add_test(
	    c, test_impossible_listeners_are_refused_without_a_question);
	tcase_add_test(c, test_host_keys_are_announced_and_proven);
	tcase_add_test(c, test_unanswered_global_requests_are_bounded);
	suite_add_tcase(s, c);
	return s;
}
