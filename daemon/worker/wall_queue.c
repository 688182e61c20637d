/*
 * Messages to and from the monitor.  It may sit in a module for seconds: what
 * its queue does not take is kept here, in order, and the peer is not read
 * meanwhile, so that this stays small.
 */
#include "daemon/worker/wall_queue.h"

#include "daemon/worker/transport/transport.h"

#include "lib/err.h"
#include "lib/log.h"
#include "lib/ssh/ssh2.h"

#include <fcntl.h>
#include <string.h>

/* Messages handled in a turn, so that the network is not starved. */
#define TURN_MESSAGES 16
#define END_MS	      1000

static void
arm(struct worker *w)
{
	loop_fd_set(&w->monitor_handle,
	    (w->ended ? 0 : LOOP_READ) | (w->outbox.len > 0 ? LOOP_WRITE : 0));
}

static void
keep(struct worker *w, const struct wall_message *m)
{
	size_t mark = buf_string_open(&w->outbox);
	int err = wall_encode(m, &w->outbox);

	buf_string_close(&w->outbox, mark);
	if (err != 0 || buf_end(&w->outbox) != 0) {
		/* The monitor has not read for a megabyte: it is lost. */
		buf_clear(&w->outbox);
		w->said_bye = true;
		if (w->transport != NULL)
			worker_end(w, BYE_ORDERED, 0, "monitor is stuck");
		return;
	}
	if (w->transport != NULL)
		transport_hold(w, HOLD_WALL);
	arm(w);
}

void
worker_tell(struct worker *w, const struct wall_message *m)
{
	int err = E_AGAIN;

	if (w->outbox.len == 0)
		err = wall_send(&w->monitor, m);
	if (err == E_AGAIN)
		keep(w, m);
	/* A lost monitor is noticed by the reader; others are our mistakes. */
	else if (err != 0 && err != E_CLOSED && m->type != MSG_log)
		log_error(
		    "%s to the monitor: %s", wall_name(m->type), err_text(err));
}

static void
send_kept(struct worker *w)
{
	struct wall_message m;
	struct rd r;
	size_t len, done = 0;
	const uint8_t *data;
	int err = 0;

	rd_init(&r, w->outbox.data, w->outbox.len);
	while (rd_left(&r) > 0 && err == 0) {
		data = rd_string(&r, OUTBOX_MAX, &len);
		if ((err = wall_decode(data, len, &m)) == 0)
			err = wall_send(&w->monitor, &m);
		if (err != E_AGAIN)
			done = r.pos;
	}
	if (done == w->outbox.len || err == E_CLOSED)
		buf_free(&w->outbox);
	else
		buf_consume(&w->outbox, done);
	if (w->outbox.len == 0)
		transport_release(w, HOLD_WALL);
	arm(w);
}

static int
dispatch(struct worker *w, struct wall_message *m)
{
	switch (m->type) {
#define CASE(name, states, budget, fds, answers) \
	case MSG_##name:                         \
		return on_##name(w, m);
		WALL_MONITOR_WORKER(CASE)
#undef CASE
	default:
		return E_STATE;
	}
}

static void
lost(struct worker *w, int err)
{
	if (err != E_CLOSED)
		log_error("monitor: %s", err_text(err));
	loop_fd_remove(&w->monitor_handle);
	w->said_bye = true; /* to nobody */
	worker_disconnect(w, BYE_ORDERED, SSH_DISCONNECT_BY_APPLICATION,
	    "the connection is closed by the server");
}

static void
on_monitor(int fd, unsigned events, void *arg)
{
	struct worker *w = arg;
	struct wall_message m;
	int err = 0;

	(void)fd;
	if ((events & LOOP_WRITE) != 0)
		send_kept(w);
	if (w->ended) {
		if (w->outbox.len == 0)
			loop_stop(w->loop);
		return;
	}
	for (int i = 0; i < TURN_MESSAGES && err == 0 && !w->ended; i++) {
		err = wall_receive(&w->monitor, &m);
		if (err == 0)
			err = dispatch(w, &m);
		wall_done(&w->monitor, &m);
	}
	if (err != 0 && err != E_AGAIN && !w->ended)
		lost(w, err);
}

int
wall_queue_start(struct worker *w)
{
	int flags = fcntl(w->monitor.fd, F_GETFL);

	if (flags < 0 || fcntl(w->monitor.fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return E_SYSTEM;
	return loop_fd_add(w->loop, &w->monitor_handle, w->monitor.fd,
	    LOOP_READ, on_monitor, w);
}

static void
give_up(void *arg)
{
	struct worker *w = arg;

	loop_stop(w->loop);
}

void
wall_queue_end(struct worker *w)
{
	arm(w);
	if (w->outbox.len == 0 || w->monitor_handle.loop == NULL)
		loop_stop(w->loop);
	else
		loop_timer_start(w->loop, &w->linger, END_MS, give_up, w);
}
