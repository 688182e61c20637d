/*
 * The events at the end of a connection.
 */
#ifndef DAEMON_MONITOR_CLOSE_H
#define DAEMON_MONITOR_CLOSE_H

#include "daemon/monitor/monitor.h"

/* The name of an enum state, for events. */
const char *close_state_name(unsigned state);

/* An end by time, if it was one; while the decision is still there. */
void close_audit_timeout(const struct monitor *m);

/* Tell how the connection ended, as the worker said it in `bye`. */
void close_audit(struct monitor *m, enum close_account account);

#endif
