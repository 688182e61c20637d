/*
 * The life of the transport: its memory, its descriptors in the loop, and the
 * reasons for which it does not read.
 */
#include "daemon/worker/transport/transport.h"

#include "lib/err.h"
#include "lib/fd.h"
#include "lib/mem.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct transport *
transport_new(struct worker *w, int in, int out,
    const struct worker_settings *settings, struct moduli *moduli)
{
	struct transport *t = mem_zalloc(sizeof(*t));

	t->w = w;
	t->in = in;
	t->out = out;
	t->settings = settings;
	t->moduli = moduli;
	t->rekey_bytes = settings->rekey_bytes;
	t->rekey_seconds = settings->rekey_seconds;
	t->tos_interactive = settings->tos_interactive;
	t->tos_bulk = settings->tos_bulk;
	t->random_used = RANDOM_POOL;
	t->ex.tokens = REKEY_TOKENS;
	buf_init(&t->control, SSH_PACKET_MAX);
	buf_init(&t->held, HELD_MAX);
	if (region_init(&t->rx, IN_REGION) != 0 ||
	    region_init(&t->tx, OUT_REGION) != 0) {
		transport_free(t);
		return NULL;
	}
	return t;
}

void
transport_free(struct transport *t)
{
	if (t == NULL)
		return;
	transport_stop(t);
	exchange_forget(t);
	cipher_free(t->from.cipher);
	cipher_free(t->to.cipher);
	cipher_free(t->ex.next_in);
	compressor_free(t->deflate);
	inflater_free(t->inflate);
	free(t->plain);
	buf_free(&t->control);
	buf_free(&t->held);
	region_free(&t->rx);
	region_free(&t->tx);
	wipe(t, sizeof(*t));
	free(t);
}

void
transport_stop(struct transport *t)
{
	loop_fd_remove(&t->in_handle);
	loop_fd_remove(&t->out_handle);
	loop_at_end(t->w->loop, NULL, NULL);
	loop_defer_cancel(&t->again);
	loop_defer_cancel(&t->process);
	loop_timer_stop(&t->trim);
	loop_timer_stop(&t->batch);
	loop_timer_stop(&t->ex.deadline);
	loop_timer_stop(&t->ex.due);
	loop_timer_stop(&t->ex.pace);
}

void
transport_lost(struct transport *t, const char *why)
{
	worker_end(
	    t->w, BYE_PEER_RESET, SSH_DISCONNECT_CONNECTION_LOST, "%s", why);
}

void
transport_failed(struct transport *t, const char *why)
{
	worker_end(t->w, BYE_FAILED, SSH_DISCONNECT_CONNECTION_LOST, "%s", why);
}

static void
on_in(int fd, unsigned events, void *arg)
{
	struct transport *t = arg;

	(void)fd;
	if ((events & LOOP_WRITE) != 0 && t->in == t->out)
		output_writable(t);
	if (t->w->ended)
		return;
	if (t->holds != 0 && (events & LOOP_HANGUP) != 0 && t->in == t->out)
		transport_lost(t, "connection reset by peer");
	else if ((events & (LOOP_READ | LOOP_HANGUP)) != 0)
		input_readable(t);
}

static void
on_out(int fd, unsigned events, void *arg)
{
	struct transport *t = arg;

	(void)fd;
	(void)events;
	output_writable(t);
}

int
transport_start(struct transport *t)
{
	int err;

	if ((err = fd_set_nonblocking(t->in)) != 0 ||
	    (err = fd_set_nonblocking(t->out)) != 0)
		return err;
	sockopt_start(t);
	loop_at_end(t->w->loop, output_end_of_turn, t);
	err =
	    loop_fd_add(t->w->loop, &t->in_handle, t->in, LOOP_READ, on_in, t);
	if (err == 0 && t->in != t->out)
		err = loop_fd_add(
		    t->w->loop, &t->out_handle, t->out, 0, on_out, t);
	if (err != 0)
		return err;
	hello_send(t);
	kexinit_begin(t);
	if (t->settings->greeted)
		region_take(&t->tx, region_used(&t->tx));
	return packet_flush(t->w);
}

void
transport_arm(struct transport *t)
{
	unsigned in = 0, out = region_used(&t->tx) > 0 ? LOOP_WRITE : 0;

	if (t->input_ended)
		in = 0;
	else if (t->holds == 0) {
		in = LOOP_READ;
		input_await(t);
	} else if (t->in == t->out)
		in = LOOP_HANGUP;
	if (t->in == t->out)
		loop_fd_set(&t->in_handle, in | out);
	else {
		loop_fd_set(&t->in_handle, in);
		loop_fd_set(&t->out_handle, out);
	}
}

void
transport_hold(struct worker *w, enum hold why)
{
	w->transport->holds |= (unsigned)why;
	transport_arm(w->transport);
}

void
transport_drain(struct transport *t)
{
	t->holds = 0;
	if (t->input_ended)
		worker_input_ended(t->w);
	else
		transport_arm(t);
}

static void
process_task(void *arg)
{
	input_process(arg);
}

void
transport_release(struct worker *w, enum hold why)
{
	struct transport *t = w->transport;

	if ((t->holds & (unsigned)why) == 0)
		return;
	t->holds &= ~(unsigned)why;
	transport_arm(t);
	/* Packets may lie in the region, which no event will announce. */
	if (t->holds == 0 && t->process.loop == NULL)
		loop_defer(w->loop, &t->process, process_task, t);
}

void
transport_wait(struct worker *w, bool wait)
{
	if (wait)
		transport_hold(w, HOLD_PROGRAM);
	else
		transport_release(w, HOLD_PROGRAM);
}

bool
transport_payloads_stay(const struct worker *w)
{
	return w->transport->inflate == NULL;
}

uint64_t
transport_silence(const struct worker *w)
{
	return loop_now(w->loop) - w->transport->last_packet;
}

void
transport_totals(const struct worker *w, uint64_t *in, uint64_t *out)
{
	*in = w->transport->from.total;
	*out = w->transport->to.total;
}

uint32_t
transport_rekeys(const struct worker *w)
{
	return w->transport->ex.count;
}

int
on_disconnect(struct worker *w, struct wall_message *m)
{
	worker_disconnect(
	    w, BYE_ORDERED, m->disconnect.reason, "%s", m->disconnect.text);
	return 0;
}
