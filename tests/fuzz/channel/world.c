/*
 * The faked surroundings (see world.h).  What must always hold is checked
 * where the channel layer calls out: sizes of packets, order of placing and
 * committing, messages that fit the wall.
 */
#include "tests/fuzz/channel/world.h"

#include "daemon/worker/channel/channel.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/mem.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define QUESTIONS 64
#define FAR_ENDS  32

static struct worker w;
static struct wall session;
static struct buf control;
static uint8_t place[PACKET_PAYLOAD_MAX];
#define ROW 8
static uint8_t row[ROW][PACKET_PAYLOAD_MAX];
static bool placed, started, full;
static struct {
	enum wall_type type;
	uint32_t channel;
} questions[QUESTIONS];
static size_t n_questions;
static int far[FAR_ENDS];
static size_t n_far;

static void
must(bool condition)
{
	if (!condition)
		abort();
}

struct buf *
packet_start(struct worker *worker, uint8_t number)
{
	(void)worker;
	must(!placed && !started);
	started = true;
	buf_clear(&control);
	buf_u8(&control, number);
	return &control;
}

void
packet_send(struct worker *worker)
{
	(void)worker;
	must(started && buf_end(&control) == 0);
	started = false;
}

uint8_t *
packet_place(struct worker *worker, size_t *room)
{
	must(!placed && !started);
	if (full || worker->phase != PHASE_OPEN)
		return NULL;
	placed = true;
	*room = sizeof(place);
	return place;
}

void
packet_commit(struct worker *worker, size_t len)
{
	(void)worker;
	must(placed && len <= sizeof(place));
	placed = false;
}

size_t
packet_places(
    struct worker *worker, size_t len, struct iovec *places, size_t count)
{
	must(!placed && !started && len <= sizeof(place));
	if (full || worker->phase != PHASE_OPEN)
		return 0;
	count = count < ROW ? count : ROW;
	for (size_t i = 0; i < count; i++) {
		places[i].iov_base = row[i];
		places[i].iov_len = len;
	}
	return count;
}

void
packets_commit(struct worker *worker, const struct iovec *places, size_t count)
{
	(void)worker;
	must(!placed && count <= ROW);
	for (size_t i = 0; i < count; i++)
		must(places[i].iov_base == row[i] &&
		    places[i].iov_len <= sizeof(row[i]));
}

int
packet_flush(struct worker *worker)
{
	(void)worker;
	return 0;
}

void
packet_await_room(struct worker *worker)
{
	(void)worker;
}

size_t
packet_queued(const struct worker *worker)
{
	(void)worker;
	return full ? 1 << 20 : 0;
}

uint32_t
transport_rtt(const struct worker *worker)
{
	(void)worker;
	return 1000;
}

uint32_t
transport_rtt_min(const struct worker *worker)
{
	(void)worker;
	return 1000;
}

uint64_t
transport_silence(const struct worker *worker)
{
	(void)worker;
	return 0;
}

void
transport_wait(struct worker *worker, bool wait)
{
	(void)worker;
	(void)wait;
}

bool
transport_payloads_stay(const struct worker *worker)
{
	(void)worker;
	return true;
}

void
transport_interactive(struct worker *worker, bool interactive)
{
	(void)worker;
	(void)interactive;
}

void
transport_totals(const struct worker *worker, uint64_t *in, uint64_t *out)
{
	(void)worker;
	*in = *out = 0;
}

uint32_t
transport_rekeys(const struct worker *worker)
{
	(void)worker;
	return 0;
}

void
transport_opened(struct worker *worker, const struct msg_opened *settings)
{
	(void)worker;
	(void)settings;
}

void
worker_disconnect(struct worker *worker, enum bye_cause cause, uint32_t reason,
    const char *format, ...)
{
	(void)cause;
	(void)reason;
	(void)format;
	worker->phase = PHASE_CLOSING;
}

/* Remember what is asked; everything must fit the wall. */
void
worker_tell(struct worker *worker, const struct wall_message *m)
{
	struct buf b;
	uint32_t channel;

	(void)worker;
	buf_init(&b, 192 * 1024);
	must(wall_encode(m, &b) == 0);
	buf_free(&b);
	switch (m->type) {
	case MSG_session_open:
		channel = m->session_open.channel;
		break;
	case MSG_pty:
		channel = m->pty.channel;
		break;
	case MSG_env:
		channel = m->env.channel;
		break;
	case MSG_x11:
		channel = m->x11.channel;
		break;
	case MSG_agent:
		channel = m->agent.channel;
		break;
	case MSG_start:
		channel = m->start.channel;
		break;
	case MSG_tcp_connect:
		channel = m->tcp_connect.channel;
		break;
	case MSG_unix_connect:
		channel = m->unix_connect.channel;
		break;
	case MSG_tun:
		channel = m->tun.channel;
		break;
	case MSG_tcp_listen:
		channel = m->tcp_listen.request;
		break;
	case MSG_unix_listen:
		channel = m->unix_listen.request;
		break;
	case MSG_unlisten:
		channel = m->unlisten.request;
		break;
	case MSG_hostkeys_prove:
		channel = 0;
		break;
	default:
		return;
	}
	if (n_questions < QUESTIONS) {
		questions[n_questions].type = m->type;
		questions[n_questions++].channel = channel;
	}
}

static void
keep_far(int fd)
{
	if (n_far < FAR_ENDS)
		far[n_far++] = fd;
	else
		close(fd);
}

void
world_begin(void)
{
	struct wall_message m = {.type = MSG_opened,
	    .opened = {.user = "u",
		.max_channels = 40,
		.window_max = 1 << 20,
		.channel_timeouts = "*=9"}};
	int fds[2];

	signal(SIGPIPE, SIG_IGN);
	log_use_stderr(false);
	memset(&w, 0, sizeof(w));
	w.loop = loop_new();
	w.phase = PHASE_OPEN;
	w.session.fd = -1;
	strcpy(w.client_version, "SSH-2.0-OpenSSH_9.2");
	buf_init(&control, 256 * 1024);
	placed = started = full = false;
	n_questions = n_far = 0;
	must(on_opened(&w, &m) == 0);
	must(wall_pair(fds) == 0);
	must(fcntl(fds[0], F_SETFL, O_NONBLOCK) == 0);
	must(fcntl(fds[1], F_SETFL, O_NONBLOCK) == 0);
	wall_init(&session, fds[1], PATH_SESSION_WORKER, PATH_SESSION_WORKER);
	m.type = MSG_session_wall;
	m.fds[0] = fds[0];
	must(on_session_wall(&w, &m) == 0);
}

bool
world_alive(void)
{
	return w.phase == PHASE_OPEN;
}

static packet_handler *const handlers[] = {
    [0] = global_request,
    [1] = request_success,
    [2] = request_failure,
    [10] = channel_open,
    [11] = channel_open_confirmed,
    [12] = channel_open_failed,
    [13] = channel_window_adjust,
    [14] = channel_data,
    [15] = channel_extended_data,
    [16] = channel_eof,
    [17] = channel_close,
    [18] = channel_request,
    [19] = channel_success,
    [20] = channel_failure,
};

#define TOGETHER 64
static uint8_t *together[TOGETHER]; /* data packets of one read */
static size_t n_together;

static void
data_end(void)
{
	channels_data_end(&w);
	while (n_together > 0)
		free(together[--n_together]);
}

/*
 * An exact copy, so that a sanitizer sees a read past the end; data lies
 * where it is until data_end().
 */
static void
packet(uint8_t number, const uint8_t *data, size_t len)
{
	uint8_t *copy = mem_dup(data, len);
	bool more = number == SSH_MSG_CHANNEL_DATA && n_together < TOGETHER;
	struct rd r;

	if (more)
		together[n_together++] = copy;
	else
		data_end();
	rd_init(&r, copy, len);
	if (handlers[number - 80] != NULL && handlers[number - 80](&w, &r) != 0)
		w.phase = PHASE_CLOSING;
	if (!more) {
		channels_data_end(&w);
		free(copy);
	}
}

static void
answer(bool yes)
{
	struct wall_message m = {.fds = {-1, -1, -1, -1}};
	enum wall_type type;
	uint32_t number;
	int fds[2];

	if (n_questions == 0)
		return;
	type = questions[0].type;
	number = questions[0].channel;
	memmove(questions, &questions[1], --n_questions * sizeof(questions[0]));
	m.listening.request = number;
	if (type == MSG_tcp_listen || type == MSG_unix_listen ||
	    type == MSG_unlisten) {
		(void)(yes ? on_listening(&w, &m) : on_not_listening(&w, &m));
	} else if (type == MSG_hostkeys_prove) {
		memset(&m.hostkeys_proof, 0, sizeof(m.hostkeys_proof));
		(void)on_hostkeys_proof(&w, &m);
	} else if (!yes) {
		m.refused = (struct msg_refused){number, 1, "no"};
		(void)on_refused(&w, &m);
	} else if (type == MSG_pty) {
		must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) ==
		    0);
		m.pty_made.channel = number;
		m.pty_made.recorded = number % 2 == 1;
		m.fds[0] = fds[0];
		(void)on_pty_made(&w, &m);
		if (m.fds[0] >= 0)
			close(m.fds[0]);
		keep_far(fds[1]);
	} else {
		m.granted.channel = number;
		(void)on_granted(&w, &m);
	}
}

/* For the channel of any question, wanted or not. */
static void
give(uint8_t which)
{
	struct wall_message m = {.type = MSG_stream, .fds = {-1, -1, -1, -1}};
	uint32_t number =
	    n_questions != 0 ? questions[which % n_questions].channel : which;
	int fds[3][2];
	int count = which & 1 ? 3 : 1;

	for (int i = 0; i < count; i++) {
		must(socketpair(
			 AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds[i]) == 0);
		m.fds[i] = fds[i][0];
	}
	m.stream.channel = number;
	if (count == 3) {
		m.type = MSG_pipes;
		m.pipes.channel = number;
	}
	(void)wall_send(&session, &m);
	for (int i = 0; i < count; i++) {
		close(fds[i][0]);
		keep_far(fds[i][1]);
	}
}

static void
come_in(uint8_t kind)
{
	int fds[2];

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
	(void)WALL_SEND_FD(&session, fds[0], incoming, .kind = kind % 5,
	    .address = "a", .port = 1, .originator = "o");
	close(fds[0]);
	keep_far(fds[1]);
}

static void
turn(void)
{
	(void)loop_turn(w.loop, 0);
	if (w.channels != NULL)
		must(w.channels->count <= 40);
}

void
world_step(uint8_t step, const uint8_t *data, size_t len)
{
	static uint8_t bytes[65536];
	uint8_t first = len != 0 ? data[0] : 0;
	int *end = n_far != 0 ? &far[first % n_far] : NULL;

	if (step == SSH_MSG_CHANNEL_DATA) {
		packet(step, data, len);
		return;
	}
	data_end();
	if (step >= 80 && step <= 100)
		packet(step, data, len);
	else if (step == 1 || step == 2)
		answer(step == 1);
	else if (step == 3)
		give(first);
	else if (step == 4)
		come_in(first);
	else if (step == 5)
		(void)WALL_SEND(&session, exited, .channel = first, .status = 1,
		    .signal = first & 1 ? "TERM" : "");
	else if (step == 6 && end != NULL)
		(void)!write(*end, bytes, sizeof(bytes));
	else if (step == 7 && end != NULL)
		(void)!read(*end, bytes, sizeof(bytes));
	else if (step == 8 && end != NULL)
		(void)shutdown(*end, SHUT_RDWR);
	else if (step == 9)
		full = true;
	else if (step == 10) {
		full = false;
		channels_resume(&w);
	}
	turn();
}

void
world_end(void)
{
	data_end();
	channels_end(&w);
	wall_free(&w.session);
	wall_free(&session);
	loop_free(w.loop);
	buf_free(&control);
	while (n_far != 0)
		close(far[--n_far]);
}
