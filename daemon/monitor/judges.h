/*
 * The template's forks for open connections: judges (judge.c), at most one
 * behind each door, and looks at files that may have changed.
 */
#ifndef DAEMON_MONITOR_JUDGES_H
#define DAEMON_MONITOR_JUDGES_H

#include "daemon/monitor/monitor.h"

/* Once; leave: a fork lets go of all that is the template's. */
void judges_use(const struct monitor_template *t, void (*leave)(void));

/*
 * Start a judge behind this door, which stays the caller's.  While one is
 * there, the next starts when that one has ended: it may just then have
 * stopped to listen.
 */
void judges_start(int door);
/* Start a look, which writes to fd; it stays the caller's. */
void judges_look(int fd);

/* Was this process, which has ended, a judge?  The next one is started. */
bool judges_bury(pid_t pid);

/* In a fork, by leave(): the doors kept here. */
void judges_release(void);

#endif
