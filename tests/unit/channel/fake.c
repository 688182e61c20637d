/*
 * The fake worker (see fake.h).
 */
#include "tests/unit/channel/fake.h"

#include "lib/err.h"
#include "lib/mem.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STALL 20 /* ms: a machine that stops for longer did not, here */

struct fake fake;
static struct buf control;
static uint8_t place[PACKET_PAYLOAD_MAX];
#define ROW 8
static uint8_t row[ROW][PACKET_PAYLOAD_MAX];
#define STAYING 64
static struct buf staying[STAYING]; /* data packets of one read */
static size_t n_staying;
static struct wall_message asked = {.fds = {-1, -1, -1, -1}};

/* ---- transport/, as worker.h has it ------------------------------------- */

static void
keep(const uint8_t *data, size_t len)
{
	fake.total_out += len;
	fake.unflushed += len;
	if (fake.unflushed > fake.unflushed_max)
		fake.unflushed_max = fake.unflushed;
	if (fake.keep_queued)
		fake.queued += len;
	if (fake.queued > fake.placed_max)
		fake.placed_max = fake.queued;
	if (fake.forget)
		return;
	fake.sent = mem_grow(fake.sent, fake.n_sent + 1, sizeof(*fake.sent));
	fake.sent[fake.n_sent].data = mem_dup(data, len);
	fake.sent[fake.n_sent++].len = len;
}

struct buf *
packet_start(struct worker *w, uint8_t number)
{
	(void)w;
	buf_init(&control, 256 * 1024);
	buf_u8(&control, number);
	return &control;
}

void
packet_send(struct worker *w)
{
	(void)w;
	ck_assert_int_eq(buf_end(&control), 0);
	keep(control.data, control.len);
	buf_free(&control);
}

uint8_t *
packet_place(struct worker *w, size_t *room)
{
	(void)w;
	if (fake.queued >= fake.queue_max)
		return NULL;
	*room = sizeof(place);
	return place;
}

void
packet_commit(struct worker *w, size_t len)
{
	(void)w;
	if (len != 0)
		keep(place, len);
}

size_t
packet_places(struct worker *w, size_t len, struct iovec *places, size_t count)
{
	size_t most;

	(void)w;
	if (fake.queued >= fake.queue_max)
		return 0;
	most = (fake.queue_max - fake.queued) / len + 1;
	count = count < most ? count : most;
	count = count < ROW ? count : ROW;
	for (size_t i = 0; i < count; i++) {
		places[i].iov_base = row[i];
		places[i].iov_len = len;
	}
	return count;
}

void
packets_commit(struct worker *w, const struct iovec *places, size_t count)
{
	(void)w;
	ck_assert_uint_le(count, ROW);
	for (size_t i = 0; i < count; i++) {
		ck_assert_ptr_eq(places[i].iov_base, row[i]);
		keep(row[i], places[i].iov_len);
	}
	fake.rows += count > 1;
}

int
packet_flush(struct worker *w)
{
	(void)w;
	fake.unflushed = 0;
	return 0;
}

void
packet_await_room(struct worker *w)
{
	(void)w;
	fake.awaited++;
}

size_t
packet_queued(const struct worker *w)
{
	(void)w;
	return fake.queued;
}

void
worker_tell(struct worker *w, const struct wall_message *m)
{
	int err = wall_send(&w->monitor, m);

	ck_assert_msg(err == 0 || err == E_AGAIN, "%s: %s", wall_name(m->type),
	    err_text(err));
	fake.untold += err == E_AGAIN;
}

uint32_t
transport_rekeys(const struct worker *w)
{
	(void)w;
	return 0;
}

uint32_t
transport_rtt_min(const struct worker *w)
{
	return transport_rtt(w);
}

uint32_t
transport_rtt(const struct worker *w)
{
	(void)w;
	return fake.rtt;
}

uint64_t
transport_silence(const struct worker *w)
{
	return fake.heard_at == 0 ? fake.silence :
				    loop_now(w->loop) - fake.heard_at;
}

void
transport_wait(struct worker *w, bool wait)
{
	(void)w;
	ck_assert(wait != fake.waits);
	fake.waits = wait;
	fake.waited += wait;
}

bool
transport_payloads_stay(const struct worker *w)
{
	(void)w;
	return fake.stay;
}

void
transport_interactive(struct worker *w, bool interactive)
{
	(void)w;
	fake.interactive = interactive;
}

void
transport_totals(const struct worker *w, uint64_t *in, uint64_t *out)
{
	(void)w;
	*in = 0;
	*out = fake.total_out;
}

void
transport_opened(struct worker *w, const struct msg_opened *settings)
{
	(void)w;
	(void)settings;
}

void
worker_disconnect(struct worker *w, enum bye_cause cause, uint32_t reason,
    const char *format, ...)
{
	(void)cause;
	(void)format;
	w->phase = PHASE_CLOSING;
	fake.disconnected = true;
	fake.disconnect_reason = reason;
}

/* ---- for the tests ----------------------------------------------------------
 */

void
fake_start(const struct msg_opened *settings)
{
	struct wall_message m = {.type = MSG_opened, .opened = *settings};
	int fds[2];

	memset(&fake, 0, sizeof(fake));
	fake.queue_max = 1024 * 1024;
	fake.rtt = 1000;
	fake.session.fd = -1;
	fake.w.session.fd = -1;
	fake.w.loop = loop_new();
	fake.w.phase = PHASE_OPEN;
	strcpy(fake.w.client_version, "SSH-2.0-OpenSSH_9.2");
	ck_assert_int_eq(wall_pair(fds), 0);
	ck_assert_int_eq(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
	ck_assert_int_eq(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
	wall_init(
	    &fake.w.monitor, fds[0], PATH_WORKER_MONITOR, PATH_MONITOR_WORKER);
	wall_init(
	    &fake.monitor, fds[1], PATH_MONITOR_WORKER, PATH_WORKER_MONITOR);
	if (m.opened.channel_timeouts == NULL)
		m.opened.channel_timeouts = "";
	if (m.opened.user == NULL)
		m.opened.user = "u";
	ck_assert_int_eq(on_opened(&fake.w, &m), 0);
}

void
fake_start_plain(void)
{
	fake_start(&(const struct msg_opened){.window_max = 16 << 20});
}

void
fake_end(void)
{
	fake_data_end();
	channels_end(&fake.w);
	wall_done(&fake.monitor, &asked);
	wall_free(&fake.w.monitor);
	wall_free(&fake.w.session);
	wall_free(&fake.monitor);
	wall_free(&fake.session);
	loop_free(fake.w.loop);
	for (size_t i = 0; i < fake.n_sent; i++)
		free(fake.sent[i].data);
	free(fake.sent);
	memset(&fake, 0, sizeof(fake));
}

void
fake_session(void)
{
	struct wall_message m = {.type = MSG_session_wall};
	int fds[2];

	ck_assert_int_eq(wall_pair(fds), 0);
	ck_assert_int_eq(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
	if (fake.session.fd >= 0)
		wall_free(&fake.session);
	wall_init(
	    &fake.session, fds[1], PATH_SESSION_WORKER, PATH_SESSION_WORKER);
	m.fds[0] = fds[0];
	ck_assert_int_eq(on_session_wall(&fake.w, &m), 0);
	ck_assert_int_eq(m.fds[0], -1);
}

void
fake_turn(void)
{
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(loop_turn(fake.w.loop, 0), 0);
}

/*
 * The loop's clock, by the linker's --wrap: what waits for a time waits on
 * it, but a busy machine that stops the test for a second shall not look like
 * a client that has not typed for one.
 */
int __real_clock_gettime(clockid_t id, struct timespec *t);
int __wrap_clock_gettime(clockid_t id, struct timespec *t);

int
__wrap_clock_gettime(clockid_t id, struct timespec *t)
{
	uint64_t now;

	if (__real_clock_gettime(id, t) != 0)
		return -1;
	if (id != CLOCK_MONOTONIC)
		return 0;
	now = (uint64_t)t->tv_sec * 1000 + (uint64_t)t->tv_nsec / 1000000;
	now -= fake.hidden;
	if (fake.clock != 0 && now > fake.clock + STALL) {
		fake.hidden += now - fake.clock - STALL;
		now = fake.clock + STALL;
	}
	fake.clock = now;
	t->tv_sec = (time_t)(now / 1000);
	t->tv_nsec = (long)(now % 1000) * 1000000;
	return 0;
}

void
fake_wait(int ms)
{
	uint64_t end = loop_clock() + (uint64_t)ms;

	while (loop_clock() < end)
		ck_assert_int_eq(loop_turn(fake.w.loop, 5), 0);
}

static packet_handler *
handler_of(uint8_t number)
{
	switch (number) {
	case SSH_MSG_GLOBAL_REQUEST:
		return global_request;
	case SSH_MSG_REQUEST_SUCCESS:
		return request_success;
	case SSH_MSG_REQUEST_FAILURE:
		return request_failure;
	case SSH_MSG_CHANNEL_OPEN:
		return channel_open;
	case SSH_MSG_CHANNEL_OPEN_CONFIRMATION:
		return channel_open_confirmed;
	case SSH_MSG_CHANNEL_OPEN_FAILURE:
		return channel_open_failed;
	case SSH_MSG_CHANNEL_WINDOW_ADJUST:
		return channel_window_adjust;
	case SSH_MSG_CHANNEL_DATA:
		return channel_data;
	case SSH_MSG_CHANNEL_EXTENDED_DATA:
		return channel_extended_data;
	case SSH_MSG_CHANNEL_EOF:
		return channel_eof;
	case SSH_MSG_CHANNEL_CLOSE:
		return channel_close;
	case SSH_MSG_CHANNEL_REQUEST:
		return channel_request;
	case SSH_MSG_CHANNEL_SUCCESS:
		return channel_success;
	default:
		return channel_failure;
	}
}

int
fake_packet(uint8_t number, const char *fields, ...)
{
	const uint8_t *data;
	struct buf b;
	struct rd r;
	va_list args;
	int err;

	buf_init(&b, 1024 * 1024);
	va_start(args, fields);
	for (; *fields != '\0'; fields++) {
		if (*fields == 'u')
			buf_u32(&b, va_arg(args, uint32_t));
		else if (*fields == 'b')
			buf_bool(&b, va_arg(args, int) != 0);
		else if (*fields == 's')
			buf_text(&b, va_arg(args, const char *));
		else {
			data = va_arg(args, const uint8_t *);
			buf_string(&b, data, va_arg(args, size_t));
		}
	}
	va_end(args);
	if (number != SSH_MSG_CHANNEL_DATA)
		fake_data_end();
	rd_init(&r, b.data, b.len);
	err = handler_of(number)(&fake.w, &r);
	if (fake.stay && number == SSH_MSG_CHANNEL_DATA) {
		ck_assert_uint_lt(n_staying, STAYING);
		staying[n_staying++] = b;
	} else {
		buf_free(&b);
	}
	return err;
}

void
fake_data_end(void)
{
	channels_data_end(&fake.w);
	while (n_staying > 0)
		buf_free(&staying[--n_staying]);
}

uint8_t
fake_next(void)
{
	return fake.at < fake.n_sent ? fake.sent[fake.at].data[0] : 0;
}

struct rd
fake_expect(uint8_t number)
{
	struct rd r;

	ck_assert_msg(fake.at < fake.n_sent, "packet %d was not sent", number);
	rd_init(&r, fake.sent[fake.at].data, fake.sent[fake.at].len);
	fake.at++;
	ck_assert_int_eq(rd_u8(&r), number);
	return r;
}

void
fake_expect_nothing(void)
{
	ck_assert_msg(
	    fake.at == fake.n_sent, "packet %d was sent", fake_next());
}

struct wall_message *
fake_asked(enum wall_type type)
{
	int err;

	wall_done(&fake.monitor, &asked);
	err = wall_receive(&fake.monitor, &asked);
	ck_assert_msg(
	    err == 0, "%s was not asked: %s", wall_name(type), err_text(err));
	ck_assert_str_eq(wall_name(asked.type), wall_name(type));
	return &asked;
}

void
fake_asked_nothing(void)
{
	int err;

	wall_done(&fake.monitor, &asked);
	err = wall_receive(&fake.monitor, &asked);
	ck_assert_msg(err == E_AGAIN, "%s was sent", wall_name(asked.type));
}

void
fake_granted(uint32_t channel)
{
	struct wall_message m = {
	    .type = MSG_granted, .granted = {.channel = channel}};

	ck_assert_int_eq(on_granted(&fake.w, &m), 0);
}

void
fake_refused(uint32_t channel, uint32_t reason, const char *text)
{
	struct wall_message m = {
	    .type = MSG_refused, .refused = {channel, reason, text}};

	ck_assert_int_eq(on_refused(&fake.w, &m), 0);
}

uint32_t
fake_open_session(uint32_t peer)
{
	uint32_t id;
	struct rd r;

	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_OPEN, "suuu", "session",
			     peer, 2u << 20, 32768u),
	    0);
	id = fake_asked(MSG_session_open)->session_open.channel;
	fake_granted(id);
	r = fake_expect(SSH_MSG_CHANNEL_OPEN_CONFIRMATION);
	ck_assert_uint_eq(rd_u32(&r), peer);
	ck_assert_uint_eq(rd_u32(&r), id);
	return id;
}

void
fake_exec(uint32_t channel, int program[3])
{
	int in[2], out[2], error[2];
	struct wall_message m = {
	    .type = MSG_pipes, .pipes = {.channel = channel}};

	ck_assert_int_eq(fake_packet(SSH_MSG_CHANNEL_REQUEST, "usbs", channel,
			     "exec", 1, "true"),
	    0);
	ck_assert_str_eq(fake_asked(MSG_start)->start.command, "true");
	ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(error, O_CLOEXEC), 0);
	m.fds[0] = in[1];
	m.fds[1] = out[0];
	m.fds[2] = error[0];
	if (fake.session.fd < 0)
		fake_session();
	ck_assert_int_eq(wall_send(&fake.session, &m), 0);
	close(in[1]);
	close(out[0]);
	close(error[0]);
	fake_turn();
	fake_granted(channel);
	fake_expect(SSH_MSG_CHANNEL_SUCCESS);
	program[0] = in[0];
	program[1] = out[1];
	program[2] = error[1];
}

uint32_t
fake_direct(uint32_t peer, int *far)
{
	uint32_t id;
	int fds[2];

	ck_assert_int_eq(
	    fake_packet(SSH_MSG_CHANNEL_OPEN, "suuususu", "direct-tcpip", peer,
		2u << 20, 32768u, "host", 80u, "from", 1000u),
	    0);
	id = fake_asked(MSG_tcp_connect)->tcp_connect.channel;
	ck_assert_int_eq(
	    socketpair(
		AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds),
	    0);
	if (fake.session.fd < 0)
		fake_session();
	ck_assert_int_eq(
	    WALL_SEND_FD(&fake.session, fds[0], stream, .channel = id), 0);
	close(fds[0]);
	fake_turn();
	fake_granted(id);
	fake_expect(SSH_MSG_CHANNEL_OPEN_CONFIRMATION);
	*far = fds[1];
	return id;
}
