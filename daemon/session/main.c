/*
 * sallyport-session: the program of a connection's user.  Started by the
 * monitor as root with two walls and nothing else; its first order says whom
 * it becomes.  Links libc alone: what else a monitor loads (modules, libcrypto,
 * the configuration) is not in a process of the user's.
 */
#include "daemon/session/session.h"

#include "lib/log.h"
#include "privsep/die.h"
#include "privsep/exec_start.h"
#include "privsep/session_exec.h"
#include "privsep/title.h"

#include <stdlib.h>
#include <time.h>

/* The server's zone, read before there is a chroot: SFTP's times are in it. */
static void
set_zone(const char *zone)
{
	if (zone[0] != '\0' && setenv("TZ", zone, 1) != 0)
		die_errno("setenv");
	tzset();
	if (unsetenv("TZ") != 0)
		die_errno("unsetenv");
}

int
main(int argc, char **argv)
{
	const struct exec_start start = {.name = "sallyport-session",
	    .version = session_version(),
	    .purpose = "The process of a connection's user; sallyportd starts "
		       "it, nobody else can.",
	    .last_wall = SESSION_WORKER_FD};
	const struct msg_begin *begin;

	exec_start(&start, argc, argv);
	title_set("session");
	begin = session_hear(SESSION_MONITOR_FD);
	log_set_level((int)begin->log_level - 1);
	set_zone(begin->zone);
	session_run();
}
