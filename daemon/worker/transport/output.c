/*
 * Packets out.  There is one contiguous queue; payloads are placed straight
 * into it, padded and sealed where they lie, and many of them leave in one
 * write at the end of the loop's turn.  Nothing is allocated for a packet.
 */
#include "daemon/worker/transport/transport.h"

#include "lib/err.h"
#include "lib/mem.h"

#include <sys/random.h>
#include <sys/uio.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The most that surrounds a payload: head, padding, tag. */
#define AROUND (CIPHER_HEAD + 32 + CIPHER_TAG_MAX)
/* A control packet's memory that is kept for the next. */
#define CONTROL_KEPT 1024
#define CONTROL_MAX  SSH_PACKET_MAX
/* Writes at the end of a turn, before others get theirs. */
#define FLUSHES 4

static void
store_u32(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 24);
	at[1] = (uint8_t)(value >> 16);
	at[2] = (uint8_t)(value >> 8);
	at[3] = (uint8_t)value;
}

void
output_random(struct transport *t, uint8_t *at, size_t len)
{
	while (len > 0) {
		size_t n = RANDOM_POOL - t->random_used;

		if (n == 0) {
			if (getrandom(t->random, RANDOM_POOL, 0) != RANDOM_POOL)
				abort(); /* cannot be: a small request */
			t->random_used = 0;
			continue;
		}
		n = n < len ? n : len;
		memcpy(at, &t->random[t->random_used], n);
		t->random_used += n;
		at += n;
		len -= n;
	}
}

static void
schedule(struct transport *t)
{
	packet_flush_later(t->w);
	if (region_used(&t->tx) > OUT_HOLD_AT)
		transport_hold(t->w, HOLD_OUTPUT);
}

/* The payload lies at its place behind the queue's end: make it a packet. */
static void
seal(struct transport *t, size_t len)
{
	struct direction *to = &t->to;
	uint8_t *p = &t->tx.base[t->tx.end];
	size_t padding = cipher_padding(to->cipher, len);
	size_t whole = CIPHER_HEAD + len + padding;

	store_u32(p, (uint32_t)(1 + len + padding));
	p[4] = (uint8_t)padding;
	output_random(t, &p[CIPHER_HEAD + len], padding);
	if (cipher_seal(to->cipher, to->seq, p, whole) != 0) {
		transport_failed(t, "encryption failed");
		return;
	}
	to->seq++;
	to->packets++;
	whole += cipher_tag(to->cipher);
	to->bytes += whole;
	to->total += whole;
	region_add(&t->tx, whole);
	schedule(t);
}

/* Compress a payload to its place; or copy it there. */
static int
place(struct transport *t, const uint8_t *payload, size_t *len)
{
	size_t room =
	    t->deflate == NULL ? *len : compressor_bound(t->deflate, *len);
	uint8_t *p = region_room(&t->tx, room + AROUND);

	if (p == NULL)
		return E_TOO_LARGE;
	if (t->deflate != NULL)
		return compressor_run(
		    t->deflate, payload, *len, &p[CIPHER_HEAD], room, len);
	memcpy(&p[CIPHER_HEAD], payload, *len);
	return 0;
}

void
output_now(struct transport *t, const void *payload, size_t len)
{
	if (t->w->ended)
		return;
	if (place(t, payload, &len) != 0) {
		transport_failed(t, "output queue overflows");
		return;
	}
	seal(t, len);
}

void
output_raw(struct transport *t, const void *data, size_t len)
{
	memcpy(region_room(&t->tx, len), data, len);
	region_add(&t->tx, len);
	t->to.total += len;
	schedule(t);
}

struct buf *
packet_start(struct worker *w, uint8_t number)
{
	struct buf *b = &w->transport->control;

	buf_clear(b);
	b->max = CONTROL_MAX;
	buf_u8(b, number);
	return b;
}

/* Keep a packet until the exchange is over. */
static void
hold_back(struct transport *t, const struct buf *b)
{
	t->held.max = HELD_MAX;
	t->held.owned = true;
	buf_string(&t->held, b->data, b->len);
	if (buf_end(&t->held) != 0)
		worker_disconnect(t->w, BYE_PROTOCOL_ERROR,
		    SSH_DISCONNECT_PROTOCOL_ERROR,
		    "too many requests during key exchange");
}

/* RFC 4253 section 7.1: what may be sent while keys are exchanged. */
static bool
passes(uint8_t number)
{
	return number <= 49 && number != SSH_MSG_SERVICE_REQUEST &&
	    number != SSH_MSG_SERVICE_ACCEPT;
}

void
packet_send(struct worker *w)
{
	struct transport *t = w->transport;
	struct buf *b = &t->control;

	if (buf_end(b) != 0)
		transport_failed(t, "a packet of ours is too large");
	else if (w->phase == PHASE_CLOSING && b->data[0] != SSH_MSG_DISCONNECT)
		;
	else if (exchange_holds_output(t) && !passes(b->data[0]))
		hold_back(t, b);
	else if (b->data[0] >= SSH_MSG_GLOBAL_REQUEST && !t->authenticated)
		hold_back(t, b);
	else
		output_now(t, b->data, b->len);
	if (b->room > CONTROL_KEPT)
		buf_free(b);
	else
		buf_clear(b);
}

void
output_held(struct transport *t)
{
	struct rd r;
	size_t len;
	const uint8_t *payload;

	if (exchange_holds_output(t))
		return;
	rd_init(&r, t->held.data, t->held.len);
	while (rd_left(&r) > 0) {
		payload = rd_string(&r, CONTROL_MAX, &len);
		output_now(t, payload, len);
	}
	buf_free(&t->held);
}

static bool
bulk_may_be_placed(struct transport *t)
{
	if (t->w->phase == PHASE_OPEN && !t->w->ended &&
	    !exchange_holds_output(t) && region_used(&t->tx) < OUT_BULK_MAX)
		return true;
	t->starved = true;
	return false;
}

uint8_t *
packet_place(struct worker *w, size_t *room)
{
	struct transport *t = w->transport;
	uint8_t *p;

	if (!bulk_may_be_placed(t))
		return NULL;
	*room = PACKET_PAYLOAD_MAX;
	if (t->deflate != NULL)
		return t->plain;
	p = region_room(&t->tx, PACKET_PAYLOAD_MAX + AROUND);
	if (p == NULL) {
		t->starved = true;
		return NULL;
	}
	return &p[CIPHER_HEAD];
}

static void
committed(struct transport *t)
{
	kexinit_check_limits(t);
	if (region_used(&t->tx) >= OUT_WRITE_AT)
		(void)packet_flush(t->w);
}

void
packet_commit(struct worker *w, size_t len)
{
	struct transport *t = w->transport;

	if (len == 0)
		return;
	if (t->deflate != NULL)
		output_now(t, t->plain, len);
	else
		seal(t, len);
	committed(t);
}

size_t
packet_places(struct worker *w, size_t len, struct iovec *places, size_t count)
{
	struct transport *t = w->transport;
	size_t whole = CIPHER_HEAD + len + cipher_padding(t->to.cipher, len) +
	    cipher_tag(t->to.cipher);
	size_t most;
	uint8_t *p;

	if (t->deflate != NULL || len > PACKET_PAYLOAD_MAX ||
	    !bulk_may_be_placed(t))
		return 0;
	most = (OUT_BULK_MAX - region_used(&t->tx)) / whole + 1;
	count = count < most ? count : most;
	p = region_room(&t->tx, count * whole + AROUND);
	if (p == NULL)
		return 0;
	for (size_t i = 0; i < count; i++) {
		places[i].iov_base = &p[i * whole + CIPHER_HEAD];
		places[i].iov_len = len;
	}
	return count;
}

void
packets_commit(struct worker *w, const struct iovec *places, size_t count)
{
	struct transport *t = w->transport;

	/* Limits are looked at after all: a KEXINIT would lie in their way. */
	for (size_t i = 0; i < count && !w->ended; i++) {
		if (places[i].iov_base != &t->tx.base[t->tx.end + CIPHER_HEAD])
			abort();
		seal(t, places[i].iov_len);
	}
	committed(t);
}

/* One write; E_AGAIN when the kernel's buffer is full. */
static int
write_some(struct transport *t)
{
	size_t len = region_used(&t->tx);
	ssize_t n;

	do
		n = write(t->out, &t->tx.base[t->tx.start], len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? E_AGAIN : E_CLOSED;
	region_take(&t->tx, (size_t)n);
	return (size_t)n < len ? E_AGAIN : 0;
}

int
packet_flush(struct worker *w)
{
	struct transport *t = w->transport;
	int err = 0;

	t->flush_wanted = false;
	if (region_used(&t->tx) > 0)
		err = write_some(t);
	if (err == E_CLOSED) {
		transport_lost(t, "the peer has closed the connection");
		return err;
	}
	if (region_used(&t->tx) < OUT_BULK_MAX)
		transport_release(w, HOLD_OUTPUT);
	transport_arm(t);
	worker_output_left(w, region_used(&t->tx));
	if (t->starved && region_used(&t->tx) <= OUT_RESUME_AT &&
	    !exchange_holds_output(t) && w->channels != NULL) {
		t->starved = false;
		channels_resume(w);
	}
	return 0;
}

void
packet_flush_later(struct worker *w)
{
	w->transport->flush_wanted = true;
}

static void
nothing(void *arg)
{
	(void)arg;
}

void
output_end_of_turn(void *arg)
{
	struct transport *t = arg;

	/* A flush makes room, and the channels may fill it. */
	for (int i = 0; i < FLUSHES && t->flush_wanted && !t->w->ended; i++)
		(void)packet_flush(t->w);
	/* Not all: the loop must not wait before the rest. */
	if (t->flush_wanted && !t->w->ended && t->again.loop == NULL)
		loop_defer(t->w->loop, &t->again, nothing, t);
}

void
output_writable(struct transport *t)
{
	(void)packet_flush(t->w);
}

void
packet_await_room(struct worker *w)
{
	w->transport->starved = true;
}

size_t
packet_queued(const struct worker *w)
{
	return region_used(&w->transport->tx);
}
