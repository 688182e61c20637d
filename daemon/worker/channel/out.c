/*
 * Program to client, the bulk path out: bytes are read() into the packet
 * that will carry them.  Who is served when decides what a keystroke waits
 * for: channels that say little go first, bulk takes turns and stops early
 * enough that little of it stands between the next keystroke and the wire.
 */
#include "daemon/worker/channel/channel.h"

#include "lib/log.h"

#include <sys/uio.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define TURN_PACKETS 64 /* of one turn of the loop, then the others */
#define MANY	     8 /* of bulk at once: as much as a pipe holds */
#define BULK_MIN     (64u * 1024)
#define BULK_MAX     (1024u * 1024)
#define RATE_PERIOD  20 /* ms over which the path's rate is measured */
#define LATENCY	     2 /* ms of bulk that may stand in the queue */
#define READER	     100 /* us of bulk that may wait for the client to read */
#define BURST_PERIOD 50 /* ms */
#define PTY_MORE     512 /* a terminal gives 4 KB at once: ask again */
#define TUN_MTU_MAX  4096
#define SMALL	     1024 /* a keystroke's echo, a prompt, a reply */
#define SMALL_PERIOD 1000 /* ms after which nobody types any more */
#define STALL	     5 /* ms */

enum served {
	SERVED, /* a packet went, there may be more */
	DRAINED, /* nothing more for now */
	STALLED, /* the client's window is closed */
	BLOCKED, /* no room in the outgoing queue */
	ENDED /* the end is closed now */
};

/* A channel that sends much in a short time is bulk; an echoed key is not. */
static void
classify(struct channel *c)
{
	uint64_t now = loop_now(c->table->w->loop);

	if (now >= c->burst_at + BURST_PERIOD) {
		c->burst_at = now;
		c->burst = 0;
	}
	c->bulk = c->burst > BULK_BURST;
}

void
channel_ready(struct channel *c)
{
	struct channels *t = c->table;

	if (c->queued)
		return;
	classify(c);
	c->queued = true;
	if (c->bulk)
		TAILQ_INSERT_TAIL(&t->bulk, c, ready);
	else
		TAILQ_INSERT_TAIL(&t->small, c, ready);
	if (t->pump.loop == NULL)
		loop_defer(t->w->loop, &t->pump, channels_pump, t);
}

void
channel_unready(struct channel *c)
{
	if (!c->queued)
		return;
	if (c->bulk)
		TAILQ_REMOVE(&c->table->bulk, c, ready);
	else
		TAILQ_REMOVE(&c->table->small, c, ready);
	c->queued = false;
}

static void
put_u32(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 24);
	at[1] = (uint8_t)(value >> 16);
	at[2] = (uint8_t)(value >> 8);
	at[3] = (uint8_t)value;
}

/* The header in front of len bytes that lie in their place already. */
static size_t
put_header(const struct channel *c, bool error, uint8_t *at, uint32_t len)
{
	at[0] = error ? SSH_MSG_CHANNEL_EXTENDED_DATA : SSH_MSG_CHANNEL_DATA;
	put_u32(&at[1], c->peer);
	if (!error) {
		put_u32(&at[5], len);
		return DATA_HEADER;
	}
	put_u32(&at[5], SSH_EXTENDED_DATA_STDERR);
	put_u32(&at[9], len);
	return EXTENDED_HEADER;
}

static ssize_t
read_some(int fd, uint8_t *at, size_t len)
{
	ssize_t n;

	do
		n = read(fd, at, len);
	while (n < 0 && errno == EINTR);
	return n;
}

/* A terminal's read() returns a line discipline's worth: fill the packet. */
static ssize_t
read_output(const struct channel *c, int fd, uint8_t *at, size_t len)
{
	ssize_t total = read_some(fd, at, len), n;

	if (!c->pty || total < PTY_MORE)
		return total;
	while ((size_t)total < len) {
		n = read_some(fd, &at[total], len - (size_t)total);
		if (n <= 0)
			break; /* an end will be met again */
		total += n;
		if (n < PTY_MORE)
			break;
	}
	errno = 0;
	return total;
}

/* One packet of an interface, with the family before it (PROTOCOL 2.3). */
static ssize_t
read_tun(const struct channel *c, int fd, uint8_t *at, size_t len)
{
	size_t front = c->tun_layer3 ? 4 : 0;
	ssize_t n;

	n = read_some(fd, &at[front], len - front);
	if (n <= 0 || !c->tun_layer3)
		return n;
	put_u32(at, at[front] >> 4 == 6 ? 24 : 2); /* OpenBSD's AF_INET6 */
	return n + (ssize_t)front;
}

static enum served
read_failed(struct channel *c, struct end *end, ssize_t n)
{
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return DRAINED;
	if (n < 0 && errno != EIO)
		log_debug("channel %u: read: %s", c->id, strerror(errno));
	channel_end_output(c, end);
	if (n < 0 && c->socket && c->input.fd >= 0)
		channel_input_failed(c); /* reset: there is no other half */
	return ENDED;
}

static uint32_t
sendable(const struct channel *c)
{
	uint32_t n =
	    c->peer_window < c->peer_packet ? c->peer_window : c->peer_packet;

	if (!c->tun)
		return n;
	/* A datagram goes whole; its length counts against the window. */
	return n < TUN_MTU_MAX + 8 ? 0 : TUN_MTU_MAX + 4;
}

static void
typed(struct channel *c)
{
	struct channels *t = c->table;

	if (t->small_id != c->id) {
		t->small_id = c->id;
		t->other_small_at = t->small_at;
	}
	t->small_at = loop_now(t->w->loop);
}

/* Does somebody type in another channel than this one? */
static bool
beside_typing(const struct channel *c)
{
	const struct channels *t = c->table;
	uint64_t at = c->id == t->small_id ? t->other_small_at : t->small_at;

	return at != 0 && loop_now(t->w->loop) <= at + SMALL_PERIOD;
}

static void
account(struct channel *c, uint32_t n, unsigned packets)
{
	c->peer_window -= n + (c->tun ? 4 : 0);
	c->bytes_out += n;
	c->burst += n;
	if (n < SMALL && !c->bulk)
		typed(c);
	c->table->turn += packets;
	channel_used(c, false);
}

/* An end is no data: it is told though the client's window is closed. */
static bool
is_at_end(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1 &&
	    (p.revents & (POLLIN | POLLHUP)) == POLLHUP;
}

static enum served
serve_end(struct channel *c, struct end *end)
{
	struct worker *w = c->table->w;
	bool error = end == &c->error;
	size_t header = error ? EXTENDED_HEADER : DATA_HEADER;
	size_t room, len = sendable(c);
	uint8_t *place;
	ssize_t n;

	if (len == 0 && is_at_end(end->fd)) {
		channel_end_output(c, end);
		return ENDED;
	}
	if (len == 0)
		return STALLED;
	place = packet_place(w, &room);
	if (place == NULL)
		return BLOCKED;
	if (room <= header) {
		packet_commit(w, 0);
		return BLOCKED;
	}
	if (len > room - header)
		len = room - header;
	n = c->tun ? read_tun(c, end->fd, &place[header], len) :
		     read_output(c, end->fd, &place[header], len);
	if (n <= 0) {
		packet_commit(w, 0);
		return read_failed(c, end, n);
	}
	put_header(c, error, place, (uint32_t)n);
	packet_commit(w, header + (size_t)n);
	account(c, (uint32_t)n, 1);
	return c->tun || (size_t)n == len ? SERVED : DRAINED;
}

/* Divides n bytes that were read into packets; returns their number. */
static size_t
divide(const struct channel *c, struct iovec *places, size_t n)
{
	size_t i = 0;

	for (; n > 0; i++) {
		size_t len = places[i].iov_len - DATA_HEADER;

		len = n < len ? n : len;
		put_header(c, false, places[i].iov_base, (uint32_t)len);
		places[i].iov_len = DATA_HEADER + len;
		n -= len;
	}
	return i;
}

/* Is it known how fast the client reads, and does somebody care? */
static bool
bounded(const struct channel *c)
{
	return c->step != 0 && c->table->rate != 0 && beside_typing(c);
}

/*
 * Bytes that a slower client has not read yet lie in its socket, where a
 * keystroke has to queue, too.  Its window tells how much that is: while
 * somebody types, bulk keeps to what the client reads in two round trips (fewer
 * would shrink with each hiccup of the path) and READER, but never to less than
 * the client needs before it tells of its reading: that is learnt (stalled()).
 * False: a piece more would be too much.
 */
static bool
room_for_piece(const struct channel *c)
{
	const struct channels *t = c->table;
	uint64_t cap, sent = c->peer_max - c->peer_window;

	if (!bounded(c))
		return true;
	cap = t->rate * (2 * (uint64_t)transport_rtt_min(t->w) + READER) / 1000;
	if (cap < c->step)
		cap = c->step;
	return sent + CHANNEL_PIECE <= cap;
}

/* The client has told nothing of its reading for a while: it needs more. */
static void
stalled(struct channel *c, uint64_t now)
{
	uint64_t paths = 2 * transport_rtt_min(c->table->w) / 1000;

	if (now < c->step_at + STALL + paths || c->step > UINT32_MAX / 2)
		return;
	c->step *= 2;
	c->step_at = now;
}

/* Bytes, in packets of len, that fit the window and the room left to bulk. */
static size_t
fitting(const struct channel *c, size_t len)
{
	size_t queued = packet_queued(c->table->w);
	size_t limit = c->table->bulk_limit, count = c->peer_window / len;

	if (queued >= limit)
		return 0;
	if (count > (limit - queued) / len + 1)
		count = (limit - queued) / len + 1;
	if (count > MANY)
		count = MANY;
	if (count * len > CHANNEL_PIECE && bounded(c))
		return CHANNEL_PIECE;
	return count * len;
}

/* Places for the payloads of `most` bytes; less than two are not worth it. */
static size_t
places_for(struct channel *c, size_t len, size_t most, struct iovec *places,
    struct iovec *into)
{
	size_t count = (most + len - 1) / len;

	if (count >= 2)
		count = packet_places(
		    c->table->w, DATA_HEADER + len, places, count);
	if (count < 2)
		return 0;
	for (size_t i = 0; i < count; i++) {
		into[i].iov_base = (uint8_t *)places[i].iov_base + DATA_HEADER;
		into[i].iov_len = most < len ? most : len;
		most -= into[i].iov_len;
	}
	return count;
}

/*
 * Bulk: all that a pipe has in one call.  Each read() of a part of it woke
 * the program and then waited for the pipe's lock while the program wrote.
 */
static enum served
serve_many(struct channel *c, struct end *end)
{
	struct iovec places[MANY], into[MANY];
	size_t len = c->peer_packet, most = 0, count, packets;
	ssize_t n;

	if (len > PACKET_PAYLOAD_MAX - DATA_HEADER)
		len = PACKET_PAYLOAD_MAX - DATA_HEADER;
	if (!c->bulk || c->pty || c->tun || len == 0)
		return serve_end(c, end);
	count = places_for(c, len, fitting(c, len), places, into);
	if (count == 0)
		return serve_end(c, end);
	for (size_t i = 0; i < count; i++)
		most += into[i].iov_len;
	do
		n = readv(end->fd, into, (int)count);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return read_failed(c, end, n);
	packets = divide(c, places, (size_t)n);
	packets_commit(c->table->w, places, packets);
	account(c, (uint32_t)n, (unsigned)packets);
	return (size_t)n == most ? SERVED : DRAINED;
}

/*
 * One packet of whichever of the two has something; standard error first,
 * being small.  What comes back is about the channel as a whole.
 */
static enum served
serve(struct channel *c)
{
	enum served result = DRAINED;

	if (c->error_ready && c->error.fd >= 0) {
		result = serve_end(c, &c->error);
		if (result == DRAINED || result == ENDED)
			c->error_ready = false;
		if (result == SERVED || result == BLOCKED)
			return result;
	}
	if (c->output_ready && c->output.fd >= 0) {
		enum served other = serve_many(c, &c->output);

		if (other == DRAINED || other == ENDED)
			c->output_ready = false;
		if (other == SERVED || other == BLOCKED)
			return other;
		if (result == DRAINED)
			result = other;
	}
	return result;
}

/* Watch again what was drained; leave alone what is known to be ready. */
static void
watch(struct channel *c)
{
	if (c->output.fd >= 0)
		channel_want_read(&c->output, !c->output_ready);
	if (c->error.fd >= 0)
		channel_want_read(&c->error, !c->error_ready);
}

/* Serve the head of a queue; false when the outgoing queue is full. */
static bool
serve_head(struct channel *c)
{
	channel_unready(c);
	switch (serve(c)) {
	case SERVED:
		channel_ready(c);
		return true;
	case BLOCKED:
		channel_ready(c);
		c->table->blocked = true;
		return false;
	case STALLED:
		watch(c); /* channel_window_adjust() comes back to it */
		return true;
	case DRAINED:
	case ENDED:
		watch(c);
		channel_settle(c);
		return true;
	}
	return true;
}

/* How much bulk may wait: what the path carries in LATENCY ms. */
static void
measure(struct channels *t)
{
	uint64_t now = loop_now(t->w->loop), in, out, limit;

	if (now < t->rate_at + RATE_PERIOD)
		return;
	transport_totals(t->w, &in, &out);
	if (t->rate_at != 0 && now < t->rate_at + 10 * RATE_PERIOD) {
		t->rate = (out - t->rate_out) / (now - t->rate_at);
		limit = t->rate * LATENCY;
		if (limit < BULK_MIN)
			limit = BULK_MIN;
		t->bulk_limit = limit > BULK_MAX ? BULK_MAX : (size_t)limit;
	}
	t->rate_at = now;
	t->rate_out = out;
}

static void
pump_again(void *arg)
{
	channels_pump(arg);
}

/*
 * The bulk channel whose turn it is; one whose client does not read lets the
 * others pass.  NULL: there is none, or for all of them the clients' reading
 * is waited for, with a timer.
 */
static struct channel *
next_bulk(struct channels *t)
{
	struct channel *c;

	TAILQ_FOREACH(c, &t->bulk, ready)
	{
		if (room_for_piece(c))
			return c;
		stalled(c, loop_now(t->w->loop));
	}
	if (!TAILQ_EMPTY(&t->bulk))
		loop_timer_start(
		    t->w->loop, &t->pump_timer, STALL, pump_again, t);
	return NULL;
}

/*
 * Whether bulk may be read into packets.  If not, the wait for the socket to
 * become writable, once the queue has got shorter, is armed.  A peer that
 * reads nothing costs no turn of the loop.
 */
static bool
bulk_may(struct channels *t)
{
	struct worker *w = t->w;

	if (packet_queued(w) < t->bulk_limit)
		return true;
	packet_flush(w);
	if (w->phase != PHASE_OPEN)
		return false;
	if (packet_queued(w) < t->bulk_limit)
		return true;
	t->bulk_waits = true;
	packet_await_room(w);
	return false;
}

void
channels_pump(void *arg)
{
	struct channels *t = arg;
	struct channel *c;
	bool at_once;

	measure(t);
	t->turn = 0;
	t->bulk_waits = false;
	for (unsigned n = 0; n < TURN_PACKETS && t->turn < TURN_PACKETS; n++) {
		if (t->w->phase != PHASE_OPEN || t->blocked)
			break;
		if ((c = TAILQ_FIRST(&t->small)) == NULL) {
			/* A flush may serve channels: ask for one behind it. */
			if (TAILQ_EMPTY(&t->bulk) || !bulk_may(t) ||
			    (c = next_bulk(t)) == NULL)
				break;
		}
		/* The client reads a piece while the next one is made. */
		at_once = c->bulk && bounded(c) &&
		    packet_queued(t->w) < CHANNEL_PIECE;
		if (!serve_head(c))
			break;
		if (at_once)
			(void)packet_flush(t->w);
	}
	/* The channels that are left over are known to be ready: stop watching
	 * them. */
	TAILQ_FOREACH(c, &t->small, ready)
	watch(c);
	TAILQ_FOREACH(c, &t->bulk, ready)
	watch(c);
	if (t->w->phase == PHASE_OPEN && !t->blocked &&
	    !loop_timer_running(&t->pump_timer) && t->pump.loop == NULL &&
	    (!TAILQ_EMPTY(&t->small) ||
		(!TAILQ_EMPTY(&t->bulk) && !t->bulk_waits)))
		loop_defer(t->w->loop, &t->pump, channels_pump, t);
}

void
channels_resume(struct worker *w)
{
	struct channels *t = w->channels;

	if (t == NULL)
		return;
	t->blocked = false;
	loop_timer_stop(&t->pump_timer);
	if (t->pump.loop == NULL)
		channels_pump(t);
}
