/*
 * The session process: the user's side of a connection, the program
 * sallyport-session (main.c).  The monitor starts it (privsep/session_exec)
 * after the modules opened their session.
 */
#ifndef DAEMON_SESSION_SESSION_H
#define DAEMON_SESSION_SESSION_H

#include "privsep/wall.h"

/* Lines of the log go to the monitor over this wall, which stays in use. */
void session_log_to(struct wall *monitor);

/*
 * Obey the monitor until the end.  Root at entry, the user for good after it;
 * the walls are at SESSION_MONITOR_FD and SESSION_WORKER_FD.  begin is kept.
 * Never returns; ends with status 0 when it was told to finish, otherwise not.
 */
void session_run(struct wall *monitor, const struct msg_begin *begin)
    __attribute__((noreturn));

#endif
