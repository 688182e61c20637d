/*
 * The session process: the user's side of a connection.  The monitor forks
 * it after PAM's session opened and calls session_run() in the child.
 */
#ifndef DAEMON_SESSION_SESSION_H
#define DAEMON_SESSION_SESSION_H

#include <sys/resource.h>
#include <sys/types.h>

#include <signal.h>
#include <stdbool.h>

struct sftp_options;

struct session_start {
	int monitor; /* our end, MONITOR_SESSION in, SESSION_MONITOR out */
	int worker; /* our end of the socketpair whose other end went to the
		       worker with `session_wall`: SESSION_WORKER */

	/* The account; groups are those the process has already. */
	const char *user, *home, *shell;
	uid_t uid;
	gid_t gid;

	/* Absolute and final, or NULL: every directory on it is checked. */
	const char *chroot;

	/* What programs get: as PAM's session and the start of the daemon
	 * left it, not as the daemon runs itself. */
	bool has_limits;
	struct rlimit limits[RLIM_NLIMITS];
	mode_t umask;
	sigset_t mask;
	const char *oom_score_adj; /* text for /proc, NULL: leave it */

	const char *xauth; /* absolute path, NULL: none */
	/* For RUN_SFTP; in, out, user, home, on_event, context are set here;
	 * detail is kept.  NULL: defaults. */
	const struct sftp_options *sftp;
};

/*
 * Root at entry, the user for good after it; never returns.  Ends with
 * status 0 when it was told to finish, otherwise not.
 */
void session_run(const struct session_start *start) __attribute__((noreturn));

#endif
