/*
 * sallyport-session: the program of a connection's user.  Started by the
 * monitor as root with two walls and nothing else; its first order says whom
 * it becomes.  Links libc alone: what else a monitor loads (modules, libcrypto,
 * the configuration) is not in a process of the user's.
 */
#include "daemon/session/session.h"

#include "lib/about.h"
#include "lib/err.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "privsep/die.h"
#include "privsep/drop.h"
#include "privsep/session_exec.h"
#include "privsep/title.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* As a monitor starts it: root, and two sockets where they should be. */
static bool
started_by_monitor(void)
{
	struct stat st;

	for (int fd = SESSION_MONITOR_FD; fd <= SESSION_WORKER_FD; fd++)
		if (fstat(fd, &st) != 0 || !S_ISSOCK(st.st_mode) ||
		    fd_set_cloexec(fd) != 0)
			return false;
	return getuid() == 0 && geteuid() == 0;
}

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
	const struct msg_begin *begin;

	drop_dumpable();
	if (argc == 2 &&
	    about_print(argv[1], "sallyport-session", session_version(),
		"The process of a connection's user; sallyportd "
		"starts it, nobody else can."))
		return 0;
	if (argc != 3 || strcmp(argv[1], session_version()) != 0) {
		fputs("sallyport-session is started by sallyportd of the same "
		      "version\n",
		    stderr);
		return 1;
	}
	if (strcmp(argv[2], "probe") == 0)
		return 0;
	if (!started_by_monitor())
		return 1;
	title_init(argc, argv);
	title_set("session");
	begin = session_hear(SESSION_MONITOR_FD);
	log_set_level((int)begin->log_level - 1);
	set_zone(begin->zone);
	session_run();
}
