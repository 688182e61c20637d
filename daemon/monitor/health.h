/*
 * The log's first lines of a connection, which are held back for a health
 * check.
 */
#ifndef DAEMON_MONITOR_HEALTH_H
#define DAEMON_MONITOR_HEALTH_H

#include "daemon/monitor/monitor.h"

/* The envelope, and the first line unless it may be a health check. */
void health_begin(struct monitor *m, const struct msg_serve *serve);

/* Tell what was held back: what the client does from here on is no health
 * check's.  Harmless when nothing was. */
void health_tell(struct monitor *m);

/* The client's identification, if nothing is held back. */
void health_tell_client(const struct monitor *m);

/* Has it left before a key exchange, from where health checks come? */
bool health_was_check(const struct monitor *m);

#endif
