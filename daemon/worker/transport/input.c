/*
 * Packets in.  One large read, then each packet is opened where it lies and
 * handed to its handler from there.  Reading stops when an answer is owed or
 * cannot be sent, so what a peer can make us keep is bounded by the region.
 */
#include "daemon/worker/phases.h"
#include "daemon/worker/transport/transport.h"

#include "lib/err.h"
#include "lib/mem.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Smaller ones cannot hold a padding and a payload. */
#define PACKET_LENGTH_MIN (1 + 4 + 1)

static void
answer_fault(struct transport *t)
{
	if (t->fault == FAULT_LENGTH)
		worker_disconnect(t->w, BYE_PROTOCOL_ERROR,
		    t->from.cipher == NULL ? SSH_DISCONNECT_PROTOCOL_ERROR :
					     SSH_DISCONNECT_MAC_ERROR,
		    "Bad packet length %u.", t->fault_length);
	else
		worker_disconnect(t->w, BYE_PROTOCOL_ERROR,
		    SSH_DISCONNECT_MAC_ERROR,
		    t->fault == FAULT_MAC ? "Corrupted MAC on input." :
					    "Decryption failed.");
}

/* Take what is there; answer when it was enough. */
static int
discard(struct transport *t)
{
	size_t n = region_used(&t->rx);

	n = n < t->discard ? n : t->discard;
	if (t->discard > 0)
		region_take(&t->rx, n);
	t->discard -= (uint32_t)n;
	if (t->discard > 0)
		return E_AGAIN;
	answer_fault(t);
	return E_VALUE;
}

/*
 * Something is wrong with the packet at the region's start.  Where the answer
 * tells an attacker what the packet said, it comes only when as many bytes
 * have come as the longest packet has, whatever was wrong.
 */
static int
refuse_packet(struct transport *t, enum packet_fault fault, uint32_t length)
{
	t->fault = fault;
	t->fault_length = length;
	t->discard = cipher_tells(t->from.cipher) ? SSH_PACKET_MAX : 0;
	return discard(t);
}

/* The payload of a packet that has been opened. */
static int
payload_of(struct transport *t, uint8_t *p, uint32_t length, uint8_t **payload,
    size_t *len)
{
	uint8_t padding = p[4];
	int err = 0;

	if (padding < 4 || (uint32_t)padding + 1 >= length) {
		worker_disconnect(t->w, BYE_PROTOCOL_ERROR,
		    SSH_DISCONNECT_PROTOCOL_ERROR,
		    "Corrupted padlen %u on input.", padding);
		return E_VALUE;
	}
	*payload = &p[CIPHER_HEAD];
	*len = length - padding - 1u;
	if (t->inflate != NULL)
		err = inflater_run(t->inflate, *payload, *len, payload, len);
	if (err == 0 && *len == 0)
		err = E_FORMAT;
	if (err != 0)
		worker_disconnect(t->w, BYE_PROTOCOL_ERROR,
		    SSH_DISCONNECT_COMPRESSION_ERROR, "Compressed data: %s.",
		    err_text(err));
	return err;
}

/*
 * The packet at the region's start, if all of it is there: its size with tag.
 * 0, E_AGAIN, or an error that has been answered.
 */
static int
next_packet(struct transport *t, uint32_t *length, size_t *whole)
{
	uint8_t *p = &t->rx.base[t->rx.start];
	size_t have = region_used(&t->rx);
	int err;

	err = cipher_peek(t->from.cipher, t->from.seq, p, have, length);
	if (err == E_AGAIN)
		return err;
	if (err != 0)
		return refuse_packet(t, FAULT_CRYPTO, 0);
	if (*length < PACKET_LENGTH_MIN || *length > SSH_PACKET_MAX ||
	    !cipher_aligned(t->from.cipher, *length))
		return refuse_packet(t, FAULT_LENGTH, *length);
	*whole = 4 + (size_t)*length + cipher_tag(t->from.cipher);
	if (have < *whole)
		return E_AGAIN;
	err = cipher_open(t->from.cipher, t->from.seq, p, *length);
	return err == 0 ?
	    0 :
	    refuse_packet(t, err == E_MAC ? FAULT_MAC : FAULT_CRYPTO, 0);
}

static int
take_packet(struct transport *t)
{
	uint8_t *p = &t->rx.base[t->rx.start], *payload;
	const bool secret = t->w->phase != PHASE_OPEN;
	uint32_t length = 0;
	size_t whole = 0, len;
	uint8_t number;
	struct rd r;
	int err;

	if (t->discard > 0)
		return discard(t);
	if ((err = next_packet(t, &length, &whole)) != 0)
		return err;
	t->from.packets++;
	t->from.bytes += whole;
	t->from.total += whole;
	t->last_packet = loop_now(t->w->loop);
	if ((err = payload_of(t, p, length, &payload, &len)) != 0)
		return err;
	number = payload[0];
	if (number != SSH_MSG_CHANNEL_DATA)
		channels_data_end(t->w);
	rd_init(&r, payload, len);
	err = phases_dispatch(t->w, &r);
	/* Passwords and the like do not stay in memory; channel data must. */
	if (secret)
		wipe(p, whole);
	region_take(&t->rx, whole);
	/* NEWKEYS has set the number to 0 under strict key exchange. */
	if (t->resumed)
		t->resumed = false;
	else
		t->from.seq++;
	kexinit_heard(t, number);
	kexinit_check_limits(t);
	return err;
}

void
input_process(struct transport *t)
{
	int err = 0;

	if (t->in_process)
		return;
	t->in_process = true;
	if (!t->hello_done)
		err = hello_receive(t);
	while (err == 0 && t->holds == 0 && !t->w->ended &&
	    t->w->phase != PHASE_CLOSING && region_used(&t->rx) > 0)
		err = take_packet(t);
	channels_data_end(t->w);
	t->in_process = false;
	if (t->w->phase == PHASE_CLOSING) {
		region_take(&t->rx, region_used(&t->rx));
		/* else when the last words are written: transport_drain() */
		if (t->input_ended && region_used(&t->tx) == 0 && !t->w->ended)
			worker_input_ended(t->w);
	} else if (t->input_ended && !t->w->ended && t->holds == 0)
		worker_input_ended(t->w);
}

static void
trim_task(void *arg)
{
	struct transport *t = arg;

	if (loop_now(t->w->loop) - t->last_packet < TRIM_MS ||
	    region_used(&t->tx) > 0) {
		loop_timer_start(t->w->loop, &t->trim, TRIM_MS, trim_task, t);
		return;
	}
	region_trim(&t->rx);
	region_trim(&t->tx);
	if (t->inflate != NULL)
		inflater_trim(t->inflate);
	mem_trim();
	t->trimmed = true;
}

static void
batch_task(void *arg)
{
	struct transport *t = arg;

	/* Held: input_await() when it is over. */
	if (t->holds == 0)
		input_readable(t);
}

void
input_await(struct transport *t)
{
	if (t->batching && !loop_timer_running(&t->batch))
		loop_timer_start(
		    t->w->loop, &t->batch, STREAM_MS, batch_task, t);
}

/*
 * A client writes one packet at a time, and we would be woken for each: three
 * system calls and two changes of process for 32 KiB.  n bytes were read; in
 * the middle of an upload the kernel is to wait for more of them.
 */
static void
pace(struct transport *t, size_t n)
{
	if (!t->authenticated)
		return;
	t->streamed = n < STREAM_READ ? 0 : t->streamed + n;
	if (t->batching && t->streamed == 0) {
		t->batching = false;
		loop_timer_stop(&t->batch);
		(void)sockopt_batch(t, 1);
	} else if (!t->batching && t->streamed >= STREAM_AFTER) {
		t->streamed = 0; /* should this fail: not at each read */
		t->batching = sockopt_batch(t, STREAM_BATCH);
	}
	if (t->batching)
		loop_timer_start(
		    t->w->loop, &t->batch, STREAM_MS, batch_task, t);
}

void
input_readable(struct transport *t)
{
	uint8_t *at = region_room(&t->rx, IN_READ_MAX);
	ssize_t n;

	if (t->holds != 0 || t->input_ended)
		return;
	/* A hold has ended: its packets are handled before there is room. */
	if (at == NULL) {
		input_await(t);
		return;
	}
	do
		n = read(t->in, at, IN_READ_MAX);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN) {
		pace(t, 0);
		return;
	}
	if (n <= 0) {
		t->input_ended = true;
		t->input_reset = n < 0;
		transport_arm(t);
	} else {
		region_add(&t->rx, (size_t)n);
		pace(t, (size_t)n);
		if (!t->authenticated)
			sockopt_quickack(t);
		if ((!t->trimmed || t->rx.touched > TRIM_AT ||
			t->tx.touched > TRIM_AT) &&
		    !loop_timer_running(&t->trim))
			loop_timer_start(
			    t->w->loop, &t->trim, TRIM_MS, trim_task, t);
	}
	input_process(t);
}
