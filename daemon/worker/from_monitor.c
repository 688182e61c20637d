/*
 * Messages to and from the monitor.  It may sit in a module for seconds: what
 * its socket does not take waits in the wall's queue, and the peer is not read
 * meanwhile, so that this stays small.
 */
#include "daemon/worker/from_monitor.h"

#include "daemon/worker/transport/transport.h"

#include "lib/err.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/ssh/ssh2.h"
#include "privsep/wall_queue.h"

#include <fcntl.h>
#include <string.h>

/* Messages handled in a turn, so that the network is not starved. */
#define TURN_MESSAGES 16
#define END_MS	      1000

void
worker_tell(struct worker *w, const struct wall_message *m)
{
	int err = wall_send(&w->monitor, m);

	if (err == E_LIMIT) {
		/* The monitor has not read for two megabytes: it is lost. */
		wall_queue_free(&w->monitor);
		w->said_bye = true;
		if (w->transport != NULL)
			worker_end(w, BYE_ORDERED, 0, "monitor is stuck");
		return;
	}
	/* A lost monitor is noticed by the reader; others are our mistakes. */
	if (err != 0 && err != E_CLOSED && m->type != MSG_log)
		log_error(
		    "%s to the monitor: %s", wall_name(m->type), err_text(err));
	if (wall_queue_waiting(&w->monitor) && w->transport != NULL)
		transport_hold(w, HOLD_WALL);
}

static void
send_kept(struct worker *w)
{
	(void)wall_queue_flush(&w->monitor);
	if (!wall_queue_waiting(&w->monitor))
		transport_release(w, HOLD_WALL);
}

static bool
hears_more(void *arg, enum wall_type last)
{
	const struct worker *w = arg;

	(void)last;
	return !w->ended;
}

PEER_HANDLE(MONITOR_WORKER)
static const struct peer from_monitor = {
    .handle = peer_MONITOR_WORKER, .turn = TURN_MESSAGES, .more = hears_more};

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
	int err;

	(void)fd;
	if ((events & LOOP_WRITE) != 0)
		send_kept(w);
	if (w->ended) {
		if (!wall_queue_waiting(&w->monitor))
			loop_stop(w->loop);
		return;
	}
	err = peer_read(&from_monitor, &w->monitor, w);
	if (err != 0 && err != E_AGAIN && !w->ended)
		lost(w, err);
}

int
from_monitor_start(struct worker *w)
{
	int err = fd_set_nonblocking(w->monitor.fd);

	if (err != 0)
		return err;
	err = loop_fd_add(w->loop, &w->monitor_handle, w->monitor.fd, LOOP_READ,
	    on_monitor, w);
	wall_queue_watch(&w->monitor, &w->monitor_handle);
	return err;
}

static void
give_up(void *arg)
{
	struct worker *w = arg;

	loop_stop(w->loop);
}

void
from_monitor_end(struct worker *w)
{
	wall_queue_read(&w->monitor, false);
	if (!wall_queue_waiting(&w->monitor) || w->monitor_handle.loop == NULL)
		loop_stop(w->loop);
	else
		loop_timer_start(w->loop, &w->linger, END_MS, give_up, w);
}
