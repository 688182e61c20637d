/*
 * The worker's side of the wall to the monitor, without ever waiting for it.
 */
#ifndef DAEMON_WORKER_FROM_MONITOR_H
#define DAEMON_WORKER_FROM_MONITOR_H

#include "daemon/worker/worker.h"

/* Watch the wall.  0 or an error of the loop's. */
int from_monitor_start(struct worker *w);
/* Send what waits, then stop the loop; w->linger bounds it. */
void from_monitor_end(struct worker *w);

#endif
