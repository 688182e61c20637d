/*
 * A self-test (sallyportctl selftest): a login that an administrator has asked
 * for, with a key that is one user's on this connection and for seconds.  The
 * policy, modules and account decide as ever; what they say, and how long each
 * call takes, goes to sallyportctl by a socket of its own.
 */
#ifndef DAEMON_MONITOR_SELFTEST_H
#define DAEMON_MONITOR_SELFTEST_H

#include "config/policy/policy.h"
#include "daemon/monitor/monitor.h"

/* As the audit, and the policy, know where the key comes from. */
#define SELFTEST_SOURCE "selftest"

/* Takes the report's descriptor; before the first word to the audit. */
void selftest_begin(
    struct monitor *m, const struct msg_serve *serve, int report);

/* The key that is the frozen user's at this moment; empty: none is. */
struct bytes selftest_key(struct monitor *m);

/*
 * One step of the report, a record of the administrators' socket: what it is,
 * its name, more, and microseconds (0: no time was taken).  NULL is "".
 * Without a self-test nothing happens, here and below.  Never blocks.
 */
void selftest_tell(struct monitor *m, const char *step, const char *name,
    const char *detail, uint64_t us);

/* Around a named call, while it stands in the slot. */
void selftest_call(struct monitor *m);
void selftest_call_done(struct monitor *m);

/* The names of variables that modules have set for the session. */
void selftest_environment(struct monitor *m, char *const *list);

/* The request has been judged: in its place the report of the session runs. */
void selftest_replace(struct monitor *m, struct policy_start *start);

/* The report's descriptor for children to close; -1: there is none. */
int selftest_fd(const struct monitor *m);

#endif
