/*
 * The start of a program that a monitor execs (see exec_start.h).  It runs as
 * root and has read nothing yet; the session's program links libc alone.
 */
#include "privsep/exec_start.h"

#include "lib/about.h"
#include "lib/fd.h"
#include "privsep/drop.h"
#include "privsep/session_exec.h"
#include "privsep/title.h"

#include <sys/stat.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As a monitor starts it: root, and sockets where they should be. */
static bool
started_by_monitor(int last_wall)
{
	struct stat st;

	for (int fd = SESSION_MONITOR_FD; fd <= last_wall; fd++)
		if (fstat(fd, &st) != 0 || !S_ISSOCK(st.st_mode) ||
		    fd_set_cloexec(fd) != 0)
			return false;
	return getuid() == 0 && geteuid() == 0;
}

void
exec_start(const struct exec_start *e, int argc, char **argv)
{
	drop_dumpable();
	if (argc == 2 && about_print(argv[1], e->name, e->version, e->purpose))
		exit(0);
	if (argc != 3 || strcmp(argv[1], e->version) != 0) {
		fprintf(stderr,
		    "%s is started by sallyportd of the same version\n",
		    e->name);
		exit(1);
	}
	if (strcmp(argv[2], "probe") == 0)
		exit(0);
	if (!started_by_monitor(e->last_wall))
		exit(1);
	title_init(argc, argv);
}
