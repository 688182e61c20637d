/*
 * Encoders, decoders and the legality check, all made from the table in
 * privsep/messages.h.  Linked into every process; trusts neither side.
 */
#include "privsep/wall.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/fd.h"
#include "lib/mem.h"
#include "lib/rd.h"
#include "privsep/die.h"
#include "privsep/wall_queue.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A message and its framing; the largest is a key exchange's. */
#define MESSAGE_MAX (192 * 1024)
/* Larger receive buffers are given back after each message. */
#define MEMORY_KEPT 4096

struct rule {
	const char *name;
	uint32_t states;
	uint32_t budget;
	uint8_t fds;
	uint8_t path;
	uint16_t answer; /* enum wall_type */
};

#define RULE(path_, name_, states_, budget_, fds_, answer_) \
	[MSG_##name_] = {.name = #name_,                    \
	    .states = (states_),                            \
	    .budget = (budget_),                            \
	    .fds = (fds_),                                  \
	    .path = PATH_##path_,                           \
	    .answer = MSG_##answer_},
#define R_WM(n, s, b, f, a)  RULE(WORKER_MONITOR, n, s, b, f, a)
#define R_MW(n, s, b, f, a)  RULE(MONITOR_WORKER, n, s, b, f, a)
#define R_MS(n, s, b, f, a)  RULE(MONITOR_SESSION, n, s, b, f, a)
#define R_SM(n, s, b, f, a)  RULE(SESSION_MONITOR, n, s, b, f, a)
#define R_SW(n, s, b, f, a)  RULE(SESSION_WORKER, n, s, b, f, a)
#define R_MK(n, s, b, f, a)  RULE(MONITOR_KEYHOLDER, n, s, b, f, a)
#define R_KM(n, s, b, f, a)  RULE(KEYHOLDER_MONITOR, n, s, b, f, a)
#define R_XK(n, s, b, f, a)  RULE(MASTER_KEYHOLDER, n, s, b, f, a)
#define R_KX(n, s, b, f, a)  RULE(KEYHOLDER_MASTER, n, s, b, f, a)
#define R_XMT(n, s, b, f, a) RULE(MASTER_MONITORS, n, s, b, f, a)
#define R_MTX(n, s, b, f, a) RULE(MONITORS_MASTER, n, s, b, f, a)
#define R_XWT(n, s, b, f, a) RULE(MASTER_WORKERS, n, s, b, f, a)
#define R_WTX(n, s, b, f, a) RULE(WORKERS_MASTER, n, s, b, f, a)
#define R_RX(n, s, b, f, a)  RULE(READER_MASTER, n, s, b, f, a)
#define R_MD(n, s, b, f, a)  RULE(MONITORS_DOOR, n, s, b, f, a)
#define R_MH(n, s, b, f, a)  RULE(MONITOR_TICKETS, n, s, b, f, a)
#define R_HM(n, s, b, f, a)  RULE(TICKETS_MONITOR, n, s, b, f, a)
#define R_XH(n, s, b, f, a)  RULE(MASTER_TICKETS, n, s, b, f, a)
#define R_HX(n, s, b, f, a)  RULE(TICKETS_MASTER, n, s, b, f, a)
#define R_MA(n, s, b, f, a)  RULE(MONITOR_HELPER, n, s, b, f, a)
#define R_AM(n, s, b, f, a)  RULE(HELPER_MONITOR, n, s, b, f, a)
#define R_XA(n, s, b, f, a)  RULE(MASTER_HELPER, n, s, b, f, a)
#define R_AX(n, s, b, f, a)  RULE(HELPER_MASTER, n, s, b, f, a)
#define R_MR(n, s, b, f, a)  RULE(MONITOR_RECORDER, n, s, b, f, a)
#define R_RM(n, s, b, f, a)  RULE(RECORDER_MONITOR, n, s, b, f, a)
#define R_JD(n, s, b, f, a)  RULE(MONITORS_JUDGES, n, s, b, f, a)
#define R_MJ(n, s, b, f, a)  RULE(MONITOR_JUDGE, n, s, b, f, a)
#define R_JM(n, s, b, f, a)  RULE(JUDGE_MONITOR, n, s, b, f, a)

static const struct rule rules[WALL_TYPES] = {
    WALL_WORKER_MONITOR(R_WM) WALL_MONITOR_WORKER(R_MW) WALL_MONITOR_SESSION(
	R_MS) WALL_SESSION_MONITOR(R_SM) WALL_SESSION_WORKER(R_SW)
	WALL_MONITOR_KEYHOLDER(R_MK) WALL_KEYHOLDER_MONITOR(
	    R_KM) WALL_MASTER_KEYHOLDER(R_XK) WALL_KEYHOLDER_MASTER(R_KX)
	    WALL_MASTER_MONITORS(R_XMT) WALL_MONITORS_MASTER(
		R_MTX) WALL_MASTER_WORKERS(R_XWT) WALL_WORKERS_MASTER(R_WTX)
		WALL_READER_MASTER(R_RX) WALL_MONITORS_DOOR(
		    R_MD) WALL_MONITOR_TICKETS(R_MH) WALL_TICKETS_MONITOR(R_HM)
		    WALL_MASTER_TICKETS(R_XH) WALL_TICKETS_MASTER(R_HX)
			WALL_MONITOR_HELPER(R_MA) WALL_HELPER_MONITOR(R_AM)
			    WALL_MASTER_HELPER(R_XA) WALL_HELPER_MASTER(R_AX)
				WALL_MONITOR_RECORDER(R_MR)
				    WALL_RECORDER_MONITOR(R_RM)

					WALL_MONITORS_JUDGES(R_JD)
					    WALL_MONITOR_JUDGE(R_MJ)
						WALL_JUDGE_MONITOR(R_JM)};

const char *
wall_name(enum wall_type type)
{
	if (type <= MSG_nothing || type >= WALL_TYPES)
		return "unknown";
	return rules[type].name;
}

bool
wall_on_path(enum wall_path path, enum wall_type type)
{
	return type > MSG_nothing && type < WALL_TYPES &&
	    rules[type].path == path;
}

unsigned
wall_fds(enum wall_type type)
{
	return type > MSG_nothing && type < WALL_TYPES ? rules[type].fds : 0;
}

enum wall_type
wall_answer(enum wall_type type)
{
	return type > MSG_nothing && type < WALL_TYPES ?
	    (enum wall_type)rules[type].answer :
	    MSG_nothing;
}

int
wall_refuses(enum wall_path path, enum monitor_state state, enum wall_type type,
    uint32_t seen)
{
	if (!wall_on_path(path, type) || (unsigned)state >= STATE_COUNT)
		return E_STATE;
	if ((rules[type].states & (1u << state)) == 0)
		return E_STATE;
	if (rules[type].budget != 0 && seen > rules[type].budget)
		return E_LIMIT;
	return 0;
}

/* Encoding: a field over its limit is our own mistake, and is not sent. */

static void
put_number(struct buf *b, uint64_t value, uint64_t limit, int bytes, int *err)
{
	if (value > limit && *err == 0)
		*err = E_VALUE;
	if (bytes == 1)
		buf_u8(b, (uint8_t)value);
	else if (bytes == 2)
		buf_u16(b, (uint16_t)value);
	else if (bytes == 4)
		buf_u32(b, (uint32_t)value);
	else
		buf_u64(b, value);
}

static void
put_bytes(struct buf *b, const void *data, size_t len, size_t limit, int *err)
{
	if (len > limit && *err == 0)
		*err = E_TOO_LARGE;
	if (*err == 0)
		buf_string(b, data, len);
}

/* A text carries its terminator, so that it can be used where it lies. */
static void
put_text(struct buf *b, const char *text, size_t limit, int *err)
{
	size_t len = text == NULL ? 0 : strlen(text);

	if (len > limit && *err == 0)
		*err = E_TOO_LARGE;
	if (*err == 0)
		buf_string(b, text == NULL ? "" : text, len + 1);
}

#define PUT_u8(n, l)	 put_number(b, m->n, (l), 1, &err);
#define PUT_u16(n, l)	 put_number(b, m->n, (l), 2, &err);
#define PUT_u32(n, l)	 put_number(b, m->n, (l), 4, &err);
#define PUT_u64(n, l)	 put_number(b, m->n, (l), 8, &err);
#define PUT_flag(n, l)	 buf_bool(b, m->n);
#define PUT_choice(n, l) put_number(b, m->n, (l)-1, 1, &err);
#define PUT_text(n, l)	 put_text(b, m->n, (l), &err);
#define PUT_bytes(n, l)	 put_bytes(b, m->n.data, m->n.len, (l), &err);
#define PUT(type, n, l)	 PUT_##type(n, l)
#define ENCODER(name_, s, bu, f, a)                                           \
	static int encode_##name_(const struct msg_##name_ *m, struct buf *b) \
	{                                                                     \
		int err = 0;                                                  \
		(void)m;                                                      \
		(void)b;                                                      \
		WALL_##name_(PUT) return err;                                 \
	}
WALL_MESSAGES(ENCODER)

int
wall_encode(const struct wall_message *m, struct buf *b)
{
	int err = E_STATE;

	buf_u16(b, (uint16_t)m->type);
	switch (m->type) {
#define ENCODE(name, s, bu, f, a)                 \
	case MSG_##name:                          \
		err = encode_##name(&m->name, b); \
		break;
		WALL_MESSAGES(ENCODE)
#undef ENCODE
	case MSG_nothing:
	case WALL_TYPES:
		break;
	}
	return err != 0 ? err : buf_end(b);
}

/* Decoding: a field over its limit is a violation. */

static uint64_t
get_number(struct rd *r, uint64_t limit, int bytes)
{
	uint64_t value = bytes == 1 ? rd_u8(r) :
	    bytes == 2		    ? rd_u16(r) :
	    bytes == 4		    ? rd_u32(r) :
				      rd_u64(r);

	if (value > limit)
		rd_fail(r, E_VALUE);
	return r->err == 0 ? value : 0;
}

static struct bytes
get_bytes(struct rd *r, size_t limit)
{
	struct bytes b;

	b.data = rd_string(r, limit, &b.len);
	return b;
}

static const char *
get_text(struct rd *r, size_t limit)
{
	size_t len;
	const uint8_t *at = rd_string(r, limit + 1, &len);

	if (r->err == 0 && (len == 0 || memchr(at, '\0', len) != &at[len - 1]))
		rd_fail(r, E_FORMAT);
	return r->err == 0 ? (const char *)at : "";
}

static bool
get_flag(struct rd *r)
{
	return get_number(r, 1, 1) == 1;
}

#define GET_u8(n, l)	 m->n = (uint8_t)get_number(&r, (l), 1);
#define GET_u16(n, l)	 m->n = (uint16_t)get_number(&r, (l), 2);
#define GET_u32(n, l)	 m->n = (uint32_t)get_number(&r, (l), 4);
#define GET_u64(n, l)	 m->n = get_number(&r, (l), 8);
#define GET_flag(n, l)	 m->n = get_flag(&r);
#define GET_choice(n, l) m->n = (uint8_t)get_number(&r, (l)-1, 1);
#define GET_text(n, l)	 m->n = get_text(&r, (l));
#define GET_bytes(n, l)	 m->n = get_bytes(&r, (l));
#define GET(type, n, l)	 GET_##type(n, l)
#define DECODER(name_, s, bu, f, a)                                   \
	static int decode_##name_(struct rd r, struct msg_##name_ *m) \
	{                                                             \
		(void)m;                                              \
		WALL_##name_(GET) return rd_end(&r);                  \
	}
WALL_MESSAGES(DECODER)

int
wall_decode(const uint8_t *data, size_t len, struct wall_message *m)
{
	struct rd r;
	uint16_t type;

	m->type = MSG_nothing;
	for (size_t i = 0; i < WALL_FDS_MAX; i++)
		m->fds[i] = -1;
	rd_init(&r, data, len);
	type = rd_u16(&r);
	if (r.err != 0)
		return r.err;
	switch ((enum wall_type)type) {
#define DECODE(name_, s, bu, f, a)     \
	case MSG_##name_:              \
		m->type = MSG_##name_; \
		return decode_##name_(r, &m->name_);
		WALL_MESSAGES(DECODE)
#undef DECODE
	case MSG_nothing:
	case WALL_TYPES:
		break;
	}
	return E_FORMAT;
}

/* The sockets. */

int
wall_pair(int fds[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
		return E_SYSTEM;
	return 0;
}

void
wall_init(struct wall *w, int fd, enum wall_path out, enum wall_path in)
{
	memset(w, 0, sizeof(*w));
	w->fd = fd;
	w->out = out;
	w->in = in;
}

void
wall_free(struct wall *w)
{
	w->handle = NULL; /* after a fork it is the parent's */
	wall_queue_free(w);
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
	free(w->spare); /* wiped by wall_done() */
	w->spare = NULL;
	w->spare_room = 0;
}

int
wall_send(struct wall *w, const struct wall_message *m)
{
	struct buf b;
	unsigned count = wall_fds(m->type);
	int err;

	if (!wall_on_path(w->out, m->type))
		return E_STATE;
	for (unsigned i = 0; i < count; i++)
		if (m->fds[i] < 0)
			return E_VALUE;
	buf_init(&b, MESSAGE_MAX);
	err = wall_encode(m, &b);
	if (err == 0)
		err = wall_queue_put(w, &b, m->fds, count);
	buf_free(&b);
	return err;
}

static void
make_room(struct wall *w, struct wall_message *m)
{
	if (w->spare != NULL) {
		m->memory = w->spare;
		m->memory_room = w->spare_room;
		w->spare = NULL;
		return;
	}
	m->memory_room = MEMORY_KEPT;
	m->memory = mem_alloc(m->memory_room);
}

/*
 * Most messages fit into what a wall keeps.  A larger one's rest arrives here
 * and is copied behind its beginning: one system call for a message, where
 * asking for its length first would be two.
 */
static uint8_t rest[MESSAGE_MAX];

static void
gather(struct wall_message *m, size_t len)
{
	size_t room = m->memory_room;
	uint8_t *whole = mem_alloc(len);

	memcpy(whole, m->memory, room);
	memcpy(&whole[room], rest, len - room);
	explicit_bzero(rest, len - room);
	explicit_bzero(m->memory, room);
	free(m->memory);
	m->memory = whole;
	m->memory_room = len;
}

/*
 * If the peer exits with unread data, recvmsg() first returns ECONNRESET once;
 * retry to get its last messages.
 */
static ssize_t
take(int fd, struct msghdr *msg)
{
	bool reset = false;
	ssize_t n;

	for (;;) {
		n = recvmsg(fd, msg, MSG_CMSG_CLOEXEC);
		if (n >= 0 ||
		    (errno != EINTR && (errno != ECONNRESET || reset)))
			return n;
		reset = reset || errno == ECONNRESET;
	}
}

static int
receive_bytes(struct wall *w, struct wall_message *m, int fds[WALL_FDS_MAX],
    size_t *count, bool *odd)
{
	union {
		struct cmsghdr align;
		/* One more than ever needed, so that a surplus is seen. */
		char space[CMSG_SPACE((WALL_FDS_MAX + 1) * sizeof(int))];
	} control;
	struct iovec iov[2] = {
	    {.iov_base = NULL}, {.iov_base = rest, .iov_len = sizeof(rest)}};
	struct msghdr msg = {.msg_iov = iov,
	    .msg_iovlen = 2,
	    .msg_control = &control,
	    .msg_controllen = sizeof(control)};
	ssize_t n;

	make_room(w, m);
	iov[0].iov_base = m->memory;
	iov[0].iov_len = m->memory_room;
	n = take(w->fd, &msg);
	if (n < 0)
		return errno == EAGAIN	? E_AGAIN :
		    errno == ECONNRESET ? E_CLOSED :
					  E_SYSTEM;
	*count = fd_take(&msg, fds, WALL_FDS_MAX, odd);
	if ((size_t)n > m->memory_room)
		gather(m, (size_t)n);
	m->memory_len = (size_t)n;
	if ((msg.msg_flags & MSG_TRUNC) != 0 || (size_t)n > MESSAGE_MAX)
		return E_TOO_LARGE;
	if ((msg.msg_flags & MSG_CTRUNC) != 0)
		return E_TRUNCATED;
	/* An empty message looks like the end, and is treated as one. */
	return n == 0 ? E_CLOSED : 0;
}

int
wall_receive(struct wall *w, struct wall_message *m)
{
	int fds[WALL_FDS_MAX] = {-1, -1, -1, -1};
	size_t count = 0;
	bool odd = false;
	int err;

	memset(m, 0, sizeof(*m));
	err = receive_bytes(w, m, fds, &count, &odd);
	if (err == 0 && odd)
		err = E_FORMAT;
	if (err == 0)
		err = wall_decode(m->memory, m->memory_len, m);
	if (err == 0 && !wall_on_path(w->in, m->type))
		err = E_FORMAT;
	if (err == 0 && count != rules[m->type].fds)
		err = E_FORMAT;
	if (err == 0 && ++w->seen[m->type] > rules[m->type].budget &&
	    rules[m->type].budget != 0)
		err = E_LIMIT;
	if (err != 0) {
		fd_close_all(fds, WALL_FDS_MAX);
		for (size_t i = 0; i < WALL_FDS_MAX; i++)
			m->fds[i] = -1;
		wall_done(w, m);
		return err;
	}
	memcpy(m->fds, fds, sizeof(fds));
	return 0;
}

void
wall_done(struct wall *w, struct wall_message *m)
{
	uint8_t *memory = m->memory;
	size_t room = m->memory_room;

	fd_close_all(m->fds, WALL_FDS_MAX);
	if (memory != NULL)
		explicit_bzero(memory, m->memory_len);
	memset(m, 0, sizeof(*m));
	for (size_t i = 0; i < WALL_FDS_MAX; i++)
		m->fds[i] = -1;
	/* A handler may have closed the wall. */
	if (memory != NULL && w->fd >= 0 && w->spare == NULL &&
	    room <= MEMORY_KEPT) {
		w->spare = memory;
		w->spare_room = room;
	} else {
		free(memory);
	}
}
