/*
 * How a channel ends: each half by itself (EOF), then the exit status of its
 * program once its output has been delivered, then CLOSE; RFC 4254 sections
 * 5.3 and 6.10.
 */
#include "daemon/worker/channel/channel.h"

#include "lib/err.h"
#include "lib/log.h"

#define LINGER_FIRST 200 /* ms after an exit with its output still open */
#define LINGER_AGAIN 1000
#define EOF_HOLD     50 /* ms for a status to come before its EOF */
#define SAY_WAIT     10000 /* for the client's window, before its CLOSE */
#define EXIT_WAIT    5000 /* after the client's CLOSE, for the status */

static void
send_eof(struct channel *c)
{
	struct buf *b = packet_start(c->table->w, SSH_MSG_CHANNEL_EOF);

	buf_u32(b, c->peer);
	packet_send(c->table->w);
	c->eof_sent = true;
}

static void
send_exit(struct channel *c)
{
	struct buf *b;

	c->exit_told = true;
	if (c->close_sent)
		return;
	b = packet_start(c->table->w, SSH_MSG_CHANNEL_REQUEST);
	buf_u32(b, c->peer);
	if (c->exit_signal[0] == '\0') {
		buf_text(b, "exit-status");
		buf_bool(b, false);
		buf_u32(b, c->exit_status);
	} else {
		buf_text(b, "exit-signal");
		buf_bool(b, false);
		buf_text(b, c->exit_signal);
		buf_bool(b, c->exit_core);
		buf_text(b, "");
		buf_text(b, "");
	}
	packet_send(c->table->w);
}

static void
send_close(struct channel *c)
{
	struct buf *b;

	channel_unready(c);
	channel_close_ends(c);
	channel_backlog_free(c);
	loop_timer_stop(&c->timer);
	channel_say_nothing(c);
	if (c->close_sent)
		return;
	c->close_sent = true;
	b = packet_start(c->table->w, SSH_MSG_CHANNEL_CLOSE);
	buf_u32(b, c->peer);
	packet_send(c->table->w);
}

/*
 * A program has ended, but somebody it started keeps its output open: the
 * status is told now, and as in sshd the channel stays until they let go.
 * A terminal that its leader has left is hung up; what is read, is read.  Of
 * one that is recorded the recorder knows when that is.
 */
static void
on_linger(void *arg)
{
	struct channel *c = arg;

	if (c->output_ready || c->error_ready || c->queued ||
	    (c->recorded && c->pty && c->output.fd >= 0)) {
		/* A status is no data: it does not wait for a window. */
		if (c->peer_window == 0 && !c->exit_told)
			send_exit(c);
		loop_timer_start(
		    c->table->w->loop, &c->timer, LINGER_AGAIN, on_linger, c);
		return;
	}
	c->lingering = true;
	if (c->pty)
		channel_end_output(c, &c->output);
	channel_settle(c);
}

/* The program closed its output and lives on: the client hears of it. */
static void
on_eof_hold(void *arg)
{
	struct channel *c = arg;

	c->eof_held = true;
	channel_settle(c);
}

/*
 * A program that ends closes its output a moment before its status is known.
 * A client may answer EOF with CLOSE at once: so the status goes first, as in
 * sshd.
 */
static bool
may_send_eof(struct channel *c)
{
	if (!c->began || c->eof_sent || c->close_sent || c->close_received ||
	    channel_says(c) || !channel_outputs_closed(c))
		return false;
	if (c->kind != KIND_SESSION || c->exited || c->orphan || c->eof_held)
		return true;
	if (!loop_timer_running(&c->timer))
		loop_timer_start(
		    c->table->w->loop, &c->timer, EOF_HOLD, on_eof_hold, c);
	return false;
}

static void
on_exit_wait(void *arg)
{
	struct channel *c = arg;

	c->orphan = true; /* whatever it does, nobody waits for it */
	channel_settle(c);
}

/* After a CLOSE the client still wants to know how the program ends. */
static bool
status_is_awaited(const struct channel *c)
{
	return c->kind == KIND_SESSION && c->began && !c->orphan &&
	    !c->exit_told;
}

static bool
all_done(const struct channel *c)
{
	if (c->close_received)
		return (c->backlog.len == 0 || c->input.fd < 0) &&
		    !status_is_awaited(c);
	if (!c->began || !channel_outputs_closed(c))
		return false;
	if (c->kind == KIND_SESSION)
		return c->exited ? c->exit_told : c->orphan;
	return c->input.fd < 0;
}

/* The client reads nothing: it does not learn why its channel ends. */
static void
on_say_wait(void *arg)
{
	struct channel *c = arg;

	channel_say_nothing(c);
	channel_settle(c);
}

/* A text that waits for the client's window, most often why the channel ends,
 * goes before it. */
static void
close_said(struct channel *c)
{
	if (!channel_says(c) || c->close_received)
		send_close(c);
	else if (!loop_timer_running(&c->timer))
		loop_timer_start(
		    c->table->w->loop, &c->timer, SAY_WAIT, on_say_wait, c);
}

void
channel_settle(struct channel *c)
{
	if (c->state != CHANNEL_OPEN)
		return;
	if (c->eof_received && c->backlog.len == 0)
		channel_finish_input(c);
	else if (c->close_received && c->backlog.len == 0)
		channel_end_input(c);
	if (c->exited && c->began && !c->exit_told) {
		if (channel_outputs_closed(c) || c->lingering)
			send_exit(c);
		else if (!loop_timer_running(&c->timer))
			loop_timer_start(c->table->w->loop, &c->timer,
			    LINGER_FIRST, on_linger, c);
	}
	if (may_send_eof(c))
		send_eof(c);
	if (!c->close_sent && all_done(c))
		close_said(c);
	if (c->close_sent && c->close_received)
		channel_free(c);
}

void
channel_force_close(struct channel *c)
{
	if (c->state != CHANNEL_OPEN)
		return;
	send_close(c);
	channel_settle(c);
}

void
channel_cancel(struct channel *c, uint32_t status, const char *text)
{
	channel_say_line(c, text);
	if (!c->pty) {
		channel_end_input(c);
		channel_end_output(c, &c->output);
		channel_end_output(c, &c->error);
	}
	c->began = c->exited = true;
	c->exit_status = status;
	channel_settle(c);
}

int
channel_eof(struct worker *w, struct rd *r)
{
	struct channel *c;
	int err = channel_of_late_packet(w, r, &c);

	if (err != 0 || (err = rd_end(r)) != 0 || c == NULL)
		return err;
	c->eof_received = true;
	channel_settle(c);
	return 0;
}

int
channel_close(struct worker *w, struct rd *r)
{
	struct channel *c;
	int err = channel_of_late_packet(w, r, &c);

	if (err != 0 || (err = rd_end(r)) != 0 || c == NULL)
		return err;
	c->close_received = true;
	/* Data from the peer is still delivered; data for the
	 * peer is dropped. */
	channel_unready(c);
	channel_end_output(c, &c->output);
	channel_end_output(c, &c->error);
	if (status_is_awaited(c))
		loop_timer_start(
		    w->loop, &c->timer, EXIT_WAIT, on_exit_wait, c);
	channel_settle(c);
	return 0;
}
