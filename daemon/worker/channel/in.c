/*
 * Client to program: payloads are written from the receive buffer, those that
 * came together with one call; only what a program does not take at once is
 * kept, never more than the window that was granted.  Windows follow what the
 * program takes in a round trip.
 */
#include "daemon/worker/channel/channel.h"

#include "lib/err.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/secret.h"

#include <sys/uio.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROUND_MIN 10 /* ms */
#define ROUND_MAX 1000
#define GROWTH	  4 /* of a window, in one step */
/* A program that is only a little slower than the network is waited for so
 * long, before what comes is kept for it instead. */
#define PATIENCE 5 /* ms */
/* After so many adjusts a good half of a large step is forgotten. */
#define STEP_FORGOTTEN 256

uint32_t
channel_window_start(const struct channels *t)
{
	uint32_t start =
	    t->windows < WINDOW_BUDGET / 2 ? WINDOW_START : WINDOW_SMALL;

	return start < t->window_max ? start : t->window_max;
}

/*
 * A window that is emptied more than once in two round trips is too small.
 * It grows to four times at most, up to the configured bound, while the
 * windows of all channels stay within their budget.  What comes in the next
 * round trip was sent before the client knew: four times in two round trips
 * is as fast as TCP's slow start.
 */
static void
grow_window(struct channel *c, uint32_t len)
{
	struct channels *t = c->table;
	uint64_t now = loop_now(t->w->loop), rtt, wanted, budget;
	uint64_t elapsed = now - c->round_start;

	c->round_bytes += len;
	if (elapsed < ROUND_MIN)
		return;
	if (c->round_bytes < c->window_size / 2) {
		if (elapsed >= ROUND_MAX) {
			c->round_start = now;
			c->round_bytes = 0;
		}
		return;
	}
	rtt = channels_rtt(t);
	if (elapsed < rtt)
		return;
	wanted = c->round_bytes * rtt / elapsed * GROWTH;
	c->round_start = now;
	c->round_bytes = 0;
	if (wanted > GROWTH * (uint64_t)c->window_size)
		wanted = GROWTH * (uint64_t)c->window_size;
	if (wanted > t->window_max)
		wanted = t->window_max;
	budget = WINDOW_BUDGET > 2 * (uint64_t)t->window_max ?
	    WINDOW_BUDGET :
	    2 * (uint64_t)t->window_max;
	if (wanted <= c->window_size ||
	    t->windows + wanted - c->window_size > budget)
		return;
	t->windows += wanted - c->window_size;
	c->owed += (uint32_t)wanted - c->window_size;
	c->window_size = (uint32_t)wanted;
}

void
channel_consumed(struct channel *c, uint32_t len)
{
	struct buf *b;
	uint32_t step;

	c->owed += len;
	if (c->eof_received || c->close_received || c->close_sent)
		return;
	grow_window(c, len);
	step = c->window_size / 16;
	if (step < WINDOW_SMALL / 2)
		step = WINDOW_SMALL / 2;
	if (c->owed < step && c->window > c->window_size / 2)
		return;
	if (c->owed == 0)
		return;
	b = packet_start(c->table->w, SSH_MSG_CHANNEL_WINDOW_ADJUST);
	buf_u32(b, c->peer);
	buf_u32(b, c->owed);
	packet_send(c->table->w);
	c->window += c->owed;
	c->owed = 0;
}

/* The program has caught up, or there is nobody to wait for any more. */
static void
wait_ends(struct channel *c)
{
	struct channels *t = c->table;

	c->overtaken = false;
	if (t->awaited != c)
		return;
	t->awaited = NULL;
	loop_timer_stop(&t->patience);
	transport_wait(t->w, false);
}

static void
patience_ends(void *arg)
{
	struct channel *c = arg;

	wait_ends(c);
	c->overtaken = true;
}

/*
 * Keeping data costs a copy and as much memory as the window; data that is not
 * read yet costs neither.  Only for a lone channel: the packets of others, a
 * keystroke or an answer, would wait too.
 */
static void
wait_begins(struct channel *c)
{
	struct channels *t = c->table;

	if (t->count != 1 || t->awaited != NULL || c->overtaken)
		return;
	t->awaited = c;
	loop_timer_start(t->w->loop, &t->patience, PATIENCE, patience_ends, c);
	transport_wait(t->w, true);
}

void
channel_backlog_free(struct channel *c)
{
	struct backlog *k = &c->backlog;

	wait_ends(c);
	if (k->data != NULL)
		wipe(k->data, k->room);
	free(k->data);
	memset(k, 0, sizeof(*k));
}

/* Bounded: a peer cannot send more than its window, which is not renewed. */
static void
keep(struct backlog *k, const uint8_t *data, size_t len)
{
	uint8_t *larger;

	if (k->room - k->head - k->len < len && k->head != 0) {
		memmove(k->data, &k->data[k->head], k->len);
		k->head = 0;
	}
	if (k->room - k->len < len) {
		k->room =
		    k->len + len > 2 * k->room ? k->len + len : 2 * k->room;
		larger = mem_alloc(k->room);
		if (k->len != 0)
			memcpy(larger, k->data, k->len);
		if (k->data != NULL)
			wipe(k->data, k->len);
		free(k->data);
		k->data = larger;
	}
	memcpy(&k->data[k->head + k->len], data, len);
	k->len += len;
}

/* The program reads no more: tell clients that know how to be told. */
void
channel_input_failed(struct channel *c)
{
	struct buf *b;

	c->input_failed = true;
	channel_end_input(c);
	channel_consumed(c, (uint32_t)c->backlog.len);
	channel_backlog_free(c);
	if (c->kind != KIND_SESSION || !c->table->openssh || c->eow_sent ||
	    c->close_sent || c->eof_received)
		return;
	c->eow_sent = true;
	b = packet_start(c->table->w, SSH_MSG_CHANNEL_REQUEST);
	buf_u32(b, c->peer);
	buf_text(b, "eow@openssh.com");
	buf_bool(b, false);
	packet_send(c->table->w);
}

/* Bytes written, 0 when it would block, -1 when nobody reads any more. */
static ssize_t
write_some(struct channel *c, const struct iovec *pieces, unsigned count)
{
	ssize_t n;

	do
		n = writev(c->input.fd, pieces, (int)count);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return n;
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return 0;
	log_debug("channel %u: write: %s", c->id, strerror(errno));
	return -1;
}

static struct iovec
piece(const uint8_t *data, size_t len)
{
	struct iovec v = {.iov_base = (void *)(uintptr_t)data, .iov_len = len};

	return v;
}

void
channel_write_backlog(struct channel *c)
{
	struct backlog *k = &c->backlog;
	ssize_t n = 0;

	if (c->input.fd >= 0 && k->len != 0) {
		struct iovec all = piece(&k->data[k->head], k->len);

		n = write_some(c, &all, 1);
		if (n < 0) {
			channel_input_failed(c);
		} else {
			k->head += (size_t)n;
			k->len -= (size_t)n;
			channel_consumed(c, (uint32_t)n);
		}
	}
	if (k->len == 0) {
		channel_backlog_free(c);
		if (c->input.fd >= 0)
			channel_want_write(c, false);
	} else if (c->input.fd >= 0) {
		channel_want_write(c, true);
	}
	channel_settle(c);
}

/* Only while the program can take it; before that all is kept. */
static bool
may_write(const struct channel *c)
{
	return c->input.fd >= 0 && c->backlog.len == 0 &&
	    (c->kind != KIND_SESSION || c->started);
}

/*
 * A datagram of an interface: written whole or lost, as on any wire.  The
 * window counts its length field too (OpenSSH's PROTOCOL 2.3).
 */
static void
tun_data(struct channel *c, const uint8_t *data, size_t len)
{
	size_t front = c->tun_layer3 ? 4 : 0;

	if (len > front && c->input.fd >= 0) {
		struct iovec datagram = piece(&data[front], len - front);

		(void)write_some(c, &datagram, 1);
	}
	channel_consumed(c, (uint32_t)len + 4);
}

/* All it takes of these at once; the rest is kept for it. */
static void
deliver(struct channel *c, const struct iovec *pieces, unsigned count)
{
	size_t len = 0, done;
	ssize_t n;

	for (unsigned i = 0; i < count; i++)
		len += pieces[i].iov_len;
	n = write_some(c, pieces, count);
	if (n < 0) {
		channel_input_failed(c);
		channel_consumed(c, (uint32_t)len);
		channel_settle(c);
		return;
	}
	if (n != 0)
		channel_consumed(c, (uint32_t)n);
	if ((size_t)n == len) {
		if (c->together < 2 * len)
			c->together = 2 * len;
		return;
	}
	c->together = 0;
	channel_want_write(c, true);
	wait_begins(c);
	done = (size_t)n;
	for (unsigned i = 0; i < count; i++) {
		size_t skip =
		    done < pieces[i].iov_len ? done : pieces[i].iov_len;

		done -= skip;
		if (skip < pieces[i].iov_len)
			keep(&c->backlog,
			    (const uint8_t *)pieces[i].iov_base + skip,
			    pieces[i].iov_len - skip);
	}
}

void
channels_data_end(struct worker *w)
{
	struct channels *t = w->channels;
	struct channel *c;

	if (t == NULL || t->gathering == NULL)
		return;
	c = t->gathering;
	t->gathering = NULL;
	deliver(c, t->gathered, t->n_gathered);
}

/*
 * Writes the data of one read in one write: each write wakes the program and
 * then waits until it lets go of the pipe.  Never more than twice the size that
 * the program last took whole, so that the bytes of a slow program are not
 * copied but stay, encrypted, where they are.
 */
static void
gather(struct channel *c, const uint8_t *data, size_t len)
{
	struct channels *t = c->table;

	if (t->gathering != c) {
		channels_data_end(t->w);
		t->gathering = c;
		t->n_gathered = 0;
		t->gathered_len = 0;
	}
	t->gathered[t->n_gathered++] = piece(data, len);
	t->gathered_len += len;
	if (t->n_gathered == GATHER || t->gathered_len >= c->together)
		channels_data_end(t->w);
}

static void
take_data(struct channel *c, const uint8_t *data, size_t len)
{
	struct iovec whole = piece(data, len);

	if (c->tun) {
		tun_data(c, data, len);
		return;
	}
	if (c->input_failed || c->exited)
		channel_consumed(c, (uint32_t)len);
	else if (!may_write(c))
		keep(&c->backlog, data, len);
	else if (transport_payloads_stay(c->table->w))
		gather(c, data, len);
	else
		deliver(c, &whole, 1);
}

/*
 * Within what was granted; more is a peer that cannot count, or an attack.
 * Clients exist that send beyond the maximum packet or after their EOF; sshd
 * drops such data and goes on.  *dropped says that nobody is to see it.
 */
static int
account(struct channel *c, size_t len, bool *dropped)
{
	size_t cost = len + (c->tun ? 4 : 0);

	*dropped = true;
	if (len > CHANNEL_PACKET + (c->tun ? 64 : 0)) {
		log_info("channel %u: %zu bytes in one packet are dropped",
		    c->id, len);
		return 0;
	}
	if (cost > c->window) {
		log_warn("channel %u: %zu bytes sent into a window of %u",
		    c->id, len, c->window);
		return E_LIMIT;
	}
	if (c->eof_received) {
		log_verbose(
		    "channel %u: data after its end are dropped", c->id);
		return 0;
	}
	*dropped = false;
	c->window -= (uint32_t)cost;
	c->bytes_in += len;
	channel_used(c, true);
	return 0;
}

int
channel_data(struct worker *w, struct rd *r)
{
	struct channel *c;
	const uint8_t *data;
	size_t len;
	bool dropped;
	int err = channel_of_packet(w, r, &c);

	if (err != 0)
		return err;
	data = rd_string(r, SSH_PACKET_MAX, &len);
	if ((err = rd_end(r)) != 0 || (err = account(c, len, &dropped)) != 0 ||
	    dropped)
		return err;
	/* Data that the peer sent before it read our CLOSE is dropped. */
	if (len != 0 && !c->close_sent)
		take_data(c, data, len);
	return 0;
}

/* A server has no use for it (RFC 4254 section 5.2 allows, names none). */
int
channel_extended_data(struct worker *w, struct rd *r)
{
	struct channel *c;
	size_t len;
	bool dropped;
	int err = channel_of_packet(w, r, &c);

	if (err != 0)
		return err;
	(void)rd_u32(r);
	(void)rd_string(r, SSH_PACKET_MAX, &len);
	if ((err = rd_end(r)) != 0 || (err = account(c, len, &dropped)) != 0 ||
	    dropped)
		return err;
	channel_consumed(c, (uint32_t)len);
	return 0;
}

int
channel_window_adjust(struct worker *w, struct rd *r)
{
	struct channel *c;
	uint32_t id = rd_u32(r), more = rd_u32(r);
	int err = rd_end(r);
	bool says;

	if (err != 0)
		return err;
	if (w->channels == NULL)
		return E_STATE;
	c = channel_find(w->channels, id);
	if (c == NULL || c->state != CHANNEL_OPEN || c->close_received) {
		/* As in sshd: it moves no byte and hurts nobody. */
		log_verbose("window for channel %u, which is not open", id);
		return 0;
	}
	channels_announce(w->channels);
	if (more > UINT32_MAX - c->peer_window)
		return E_LIMIT; /* RFC 4254 section 5.2 */
	c->peer_window += more;
	if (c->peer_window > c->peer_max)
		c->peer_max = c->peer_window;
	/* A step that it needed once it may not need again. */
	if (c->step > CHANNEL_STEP_LEAST)
		c->step -= c->step / STEP_FORGOTTEN;
	else
		c->step = CHANNEL_STEP_LEAST;
	c->step_at = loop_now(w->loop);
	says = channel_says(c);
	channel_say_on(c);
	if (c->output_ready || c->error_ready)
		channel_ready(c);
	if (c->queued && c->table->pump.loop == NULL)
		loop_defer(w->loop, &c->table->pump, channels_pump, c->table);
	/* Its end may have waited for that alone; it may free the channel. */
	if (says && !channel_says(c))
		channel_settle(c);
	return 0;
}
