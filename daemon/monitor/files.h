/*
 * files.c: questions about paths that may lie on a user's file system.
 */
#ifndef DAEMON_MONITOR_FILES_H
#define DAEMON_MONITOR_FILES_H

#include "daemon/monitor/monitor.h"
#include "lib/buf.h"
#include "privsep/errand.h"

/*
 * Ask as the user who logs in, in a child that can be killed, and as a named
 * call: homes lie on file servers, which may be dead, or know no root.  One
 * that was not answered in time is in the log.  As errand_ask() says.
 */
int files_ask(
    struct monitor *m, enum errand_question question, const char *path);

/*
 * A text of root's, at most max bytes, under the rules of lib/safefile.h; in a
 * child, too, since a part of its path may be a user's.  NULL: the log says
 * why.  The caller frees.
 */
char *files_read(struct monitor *m, const char *path, size_t max);

/* The same with every byte, into *out, which the caller has begun for max. */
bool files_bytes(
    struct monitor *m, const char *path, size_t max, struct buf *out);

#endif
