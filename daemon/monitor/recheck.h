/*
 * An open connection is judged anew: what it came in with is sent to a judge
 * of the generation that serves (daemon/monitor/judge.c), and the answer is
 * kept.
 */
#ifndef DAEMON_MONITOR_RECHECK_H
#define DAEMON_MONITOR_RECHECK_H

#include "daemon/monitor/monitor.h"

#include <poll.h>

/* Terminals have so long at least to show why a connection ends. */
#define RECHECK_LAST_WORDS_MS 1000

/* At the login, and at the end; harmless without a login.  locked: so is the
 * account, or that is not known: that it is locked now is no change then. */
void recheck_begin(struct monitor *m, bool locked);
void recheck_end(struct monitor *m);

/* SIGUSR1 has come: there may be a new round in the slot. */
void recheck_asked(struct monitor *m);

/* The descriptor of the judge that is waited for, -1.  And it is readable:
 * true when the decision has become another, so that listeners must be judged
 * (forwards_narrow). */
int recheck_fd(const struct monitor *m);
bool recheck_readable(struct monitor *m);

/* Do what is due; milliseconds until it wants to be called again, or
 * UINT64_MAX. */
uint64_t recheck_tick(struct monitor *m);

/* When the connection ends for it (ms), UINT64_MAX: not; and *why. */
uint64_t recheck_limit(const struct monitor *m, const char **why);

/*
 * judge.c, in the template: a process that answers those who wait behind the
 * door; one that tells by eight bytes which files they would be judged by.
 * They own nothing of the template's but what a fork has.
 */
/* The door: the judges' end is the master's, and kept for a keeper. */
void judge_open_door(struct monitor_template *t);
void judge_run(const struct monitor_template *t, int door)
    __attribute__((noreturn));
void judge_look(const struct config *config, int fd) __attribute__((noreturn));

#endif
