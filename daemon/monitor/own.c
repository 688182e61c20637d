/*
 * Changes by a module in the monitor's process are taken back after the
 * call; what open_session() changes, after the session process has been
 * started with it.
 */
#include "daemon/monitor/own.h"

#include "lib/log.h"

#include <sys/stat.h>
#include <sys/time.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static void
read_limit(int i, struct rlimit *limit)
{
	if (getrlimit((__rlimit_resource_t)i, limit) != 0)
		limit->rlim_cur = limit->rlim_max = RLIM_INFINITY;
}

void
own_save(struct own *o)
{
	for (int i = 0; i < RLIM_NLIMITS; i++)
		read_limit(i, &o->limits[i]);
	o->mask = umask(022);
	umask(o->mask);
}

void
own_restore(const struct own *o)
{
	const struct itimerval none = {{0, 0}, {0, 0}};
	struct rlimit now;

	for (int i = 0; i < RLIM_NLIMITS; i++) {
		read_limit(i, &now);
		if (now.rlim_cur != o->limits[i].rlim_cur ||
		    now.rlim_max != o->limits[i].rlim_max)
			(void)setrlimit((__rlimit_resource_t)i, &o->limits[i]);
	}
	umask(o->mask);
	/* A module may have gone to the user's home. */
	if (chdir("/") != 0)
		log_debug("chdir: %s", strerror(errno));
	(void)setitimer(ITIMER_REAL, &none, NULL);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGALRM, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
}
