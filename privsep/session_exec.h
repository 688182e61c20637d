/*
 * Starting sallyport-session, the program that serves a connection as its
 * user: exec of the held program by a light child, so that the monitor, with
 * other users' secrets in its memory, is neither copied nor shared.
 */
#ifndef PRIVSEP_SESSION_EXEC_H
#define PRIVSEP_SESSION_EXEC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Where it finds its walls; 0, 1 and 2 are /dev/null, others do not exist. */
enum session_fd { SESSION_MONITOR_FD = 3, SESSION_WORKER_FD = 4 };

/*
 * The version and a sum of the wall's table as this program was compiled with.
 * Both programs make it, and the session refuses another one's: an update
 * that replaces one of the two programs on disk is noticed at the start.
 */
const char *session_version(void);

/*
 * Start it with the ends of its two walls; the caller keeps its copies.  It
 * is root, in the groups, limits and namespaces of the caller, and becomes the
 * user when it has read `begin`.  selinux: the caller's exec context is for
 * the user's programs, and is cleared for this exec.  0 with *pid, or E_SYSTEM
 * with errno.
 */
int session_exec(
    int program, int monitor, int worker, bool selinux, pid_t *pid);

/* Can it be run, and is it of this version?  0, E_SYSTEM or E_STATE. */
int session_exec_probe(int program);

/*
 * The same for sallyport-recorder, which has a wall to the monitor alone, at
 * SESSION_MONITOR_FD, and /dev/null at the other place.
 */
const char *recorder_version(void);
int recorder_exec(int program, int monitor, bool selinux, pid_t *pid);
int recorder_exec_probe(int program);

#endif
