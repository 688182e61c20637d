/*
 * The worker's side of the wall to the monitor, without ever waiting for it.
 */
#ifndef DAEMON_WORKER_WALL_QUEUE_H
#define DAEMON_WORKER_WALL_QUEUE_H

#include "daemon/worker/worker.h"

/* Messages kept for a busy monitor; more is a broken monitor, and the end. */
#define OUTBOX_MAX (1024 * 1024)

/* Watch the wall.  0 or an error of the loop's. */
int wall_queue_start(struct worker *w);
/* Send what is kept, then stop the loop; w->linger bounds it. */
void wall_queue_end(struct worker *w);

#endif
