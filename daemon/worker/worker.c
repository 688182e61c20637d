/*
 * The worker: the network side of one connection, in a sandbox.  Its loop,
 * and how it ends.  It trusts nobody but the monitor; the monitor does not
 * trust it.
 */
#include "daemon/worker/worker.h"

#include "daemon/worker/transport/transport.h"
#include "daemon/worker/from_monitor.h"

#include "lib/err.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/ssh/ssh2.h"

#include <sys/socket.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How long a peer may take to read our last words. */
#define LINGER_MS 2000
/* A client that sleeps reads why it was left when it wakes, if its descriptor
 * is open then: what it sends before would make TCP throw that away. */
#define LINGER_SILENT_MS (30 * 60 * 1000)
/* Behind `log`'s budget of 2000 the monitor would end us. */
#define LINES_MAX 1900

static void
log_line(int level, const char *line, void *arg)
{
	struct worker *w = arg;
	char text[WALL_TEXT_MAX + 1];

	if (w->lines >= LINES_MAX)
		return;
	w->lines++;
	snprintf(text, sizeof(text), "%s", line);
	TELL(w, log, .level = (uint8_t)level, .line = text);
}

struct worker *
worker_new(int in, int out, int wall, const struct worker_settings *settings,
    struct moduli *moduli)
{
	struct worker *w = mem_zalloc(sizeof(*w));

	w->settings = settings;
	w->session.fd = -1;
	w->phase = PHASE_KEX;
	w->loop = loop_new();
	wall_init(&w->monitor, wall, PATH_WORKER_MONITOR, PATH_MONITOR_WORKER);
	if (w->loop != NULL)
		w->transport = transport_new(w, in, out, settings, moduli);
	w->userauth = userauth_new(w);
	if (w->transport == NULL || from_monitor_start(w) != 0 ||
	    transport_start(w->transport) != 0) {
		worker_free(w);
		return NULL;
	}
	log_set_callback(log_line, w);
	return w;
}

void
worker_free(struct worker *w)
{
	log_set_callback(NULL, NULL);
	channels_end(w);
	loop_timer_stop(&w->linger);
	loop_defer_cancel(&w->farewell);
	loop_fd_remove(&w->monitor_handle);
	transport_free(w->transport);
	userauth_free(w->userauth);
	loop_free(w->loop);
	free(w->bye_text);
	wall_free(&w->monitor);
	wall_free(&w->session);
	free(w);
}

void
worker_run(int in, int out, int wall, const struct worker_settings *settings,
    struct moduli *moduli)
{
	struct worker *w = worker_new(in, out, wall, settings, moduli);

	if (w == NULL)
		_exit(1);
	_exit(loop_run(w->loop) == 0 ? 0 : 1);
}

/* ---- the end ---- */

static void
stop(struct worker *w)
{
	w->ended = true;
	transport_stop(w->transport);
	loop_timer_stop(&w->linger);
	from_monitor_end(w);
}

static void
linger_over(void *arg)
{
	stop(arg);
}

static void
say_bye(struct worker *w)
{
	uint64_t in, out;

	w->said_bye = true;
	transport_totals(w, &in, &out);
	TELL(w, bye, .cause = (uint8_t)w->bye_cause, .reason = w->bye_reason,
	    .text = w->bye_text, .bytes_in = in, .bytes_out = out);
}

/* From the loop, as whoever wanted the end may have been a channel. */
static void
farewell(void *arg)
{
	struct worker *w = arg;

	channels_end(w);
	if (!w->said_bye)
		say_bye(w);
	if (w->ended) {
		stop(w);
		return;
	}
	loop_timer_start(w->loop, &w->linger,
	    w->bye_cause == BYE_SILENT ? LINGER_SILENT_MS : LINGER_MS,
	    linger_over, w);
	(void)packet_flush(w);
}

static void __attribute__((format(printf, 4, 0))) begin_end(struct worker *w,
    enum bye_cause cause, uint32_t reason, const char *format, va_list args)
{
	char text[WALL_TEXT_MAX + 1];

	w->phase = PHASE_CLOSING;
	if (w->bye_text == NULL) {
		vsnprintf(text, sizeof(text), format, args);
		w->bye_text = mem_strdup(text);
		w->bye_cause = cause;
		w->bye_reason = reason;
	}
	if (w->farewell.loop == NULL)
		loop_defer(w->loop, &w->farewell, farewell, w);
}

void
worker_end(struct worker *w, enum bye_cause cause, uint32_t reason,
    const char *format, ...)
{
	va_list args;

	if (w->ended)
		return;
	w->ended = true;
	va_start(args, format);
	begin_end(w, cause, reason, format, args);
	va_end(args);
}

void
worker_close(struct worker *w, enum bye_cause cause, uint32_t reason,
    const char *format, ...)
{
	va_list args;

	if (w->ended || w->phase == PHASE_CLOSING)
		return;
	va_start(args, format);
	begin_end(w, cause, reason, format, args);
	va_end(args);
}

static void __attribute__((format(printf, 3, 0))) send_disconnect(
    struct worker *w, uint32_t reason, const char *format, va_list args)
{
	struct buf *b = packet_start(w, SSH_MSG_DISCONNECT);
	char text[WALL_TEXT_MAX + 1];

	vsnprintf(text, sizeof(text), format, args);
	buf_u32(b, reason);
	buf_text(b, text);
	buf_text(b, "");
	packet_send(w);
}

void
worker_disconnect(struct worker *w, enum bye_cause cause, uint32_t reason,
    const char *format, ...)
{
	va_list args;

	if (w->ended || w->phase == PHASE_CLOSING)
		return;
	va_start(args, format);
	send_disconnect(w, reason, format, args);
	va_end(args);
	if (w->ended)
		return;
	va_start(args, format);
	begin_end(w, cause, reason, format, args);
	va_end(args);
}

/*
 * All is written: say so to the peer, and read on until it has closed too,
 * so that unread input does not make TCP throw our last words away.
 */
void
worker_output_left(struct worker *w, size_t len)
{
	if (w->phase != PHASE_CLOSING || len != 0 || w->ended)
		return;
	if (w->transport->in != w->transport->out ||
	    shutdown(w->transport->out, SHUT_WR) != 0)
		stop(w);
	else
		transport_drain(w->transport);
}

void
worker_input_ended(struct worker *w)
{
	if (w->phase == PHASE_CLOSING)
		stop(w);
	else if (w->transport->in != w->transport->out)
		worker_end(w, BYE_FINISHED, SSH_DISCONNECT_CONNECTION_LOST,
		    "end of input");
	else if (w->transport->input_reset)
		worker_end(w, BYE_PEER_RESET, SSH_DISCONNECT_CONNECTION_LOST,
		    "connection reset by peer");
	else
		worker_end(w, BYE_PEER_CLOSED, SSH_DISCONNECT_CONNECTION_LOST,
		    "connection closed by peer");
}

void
worker_packet_failed(struct worker *w, uint8_t number, int err)
{
	if (err == E_STATE)
		worker_disconnect(w, BYE_PROTOCOL_ERROR,
		    SSH_DISCONNECT_PROTOCOL_ERROR,
		    "message %u is not expected here", number);
	else
		worker_disconnect(w, BYE_PROTOCOL_ERROR,
		    SSH_DISCONNECT_PROTOCOL_ERROR, "message %u: %s", number,
		    err_text(err));
}
