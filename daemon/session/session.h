/*
 * The session process: the user's side of a connection, the program
 * sallyport-session (main.c).  The monitor starts it (privsep/session_exec)
 * after the modules opened their session.
 */
#ifndef DAEMON_SESSION_SESSION_H
#define DAEMON_SESSION_SESSION_H

#include "privsep/wall.h"

/*
 * The monitor's first order, over the wall fd; kept to the end.  Lines of the
 * log go over that wall from here on.
 */
const struct msg_begin *session_hear(int fd);

/*
 * Obey the monitor until the end.  Root at entry, the user for good after it;
 * the wall to the worker is at SESSION_WORKER_FD.
 * Never returns; ends with status 0 when it was told to finish, otherwise not.
 */
void session_run(void) __attribute__((noreturn));

#endif
