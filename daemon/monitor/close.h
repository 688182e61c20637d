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

/*
 * Tell how the connection ended, as the worker said it in `bye`.  If PAM's
 * account stage has refused the login, which sshd tells last, the sentence is
 * one of level verbose.
 */
void close_audit(struct monitor *m, bool account_denied);

#endif
