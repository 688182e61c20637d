/*
 * The keeper that a monitor template starts when its master was killed: this
 * very program, with the template's configuration, slots and log, and a new
 * wall; daemon/master/orphans.c is the other side.
 */
#include "daemon/monitor/orphans.h"

#include "daemon/start.h"
#include "lib/err.h"
#include "lib/log.h"
#include "privsep/spawn.h"
#include "privsep/title.h"
#include "privsep/wall.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int bundle = -1, slots = -1;

void
orphans_hold(void)
{
	bundle = fcntl(SPAWN_BUNDLE, F_DUPFD_CLOEXEC, SPAWN_FDS);
	slots = fcntl(SPAWN_SLOTS, F_DUPFD_CLOEXEC, SPAWN_FDS);
}

void
orphans_release(void)
{
	if (bundle >= 0)
		close(bundle);
	if (slots >= 0)
		close(slots);
	bundle = slots = -1;
}

static void
become_keeper(int wall)
{
	const struct start_flags *flags = start_own_flags();
	char name[TITLE_MAX], orphans[40], files[40], status[40], level[40];
	char log[40], foreground[] = "-D", to_stderr[] = "-e";
	char *argv[10] = {name, orphans, files, status, level, foreground};
	size_t n = 6;
	sigset_t none;

	title_blank(name);
	snprintf(orphans, sizeof(orphans), "--orphans=%d", wall);
	snprintf(files, sizeof(files), "--bundle=%d", bundle);
	snprintf(status, sizeof(status), "--slots=%d", slots);
	snprintf(level, sizeof(level), "--log-level=%d", flags->log_level);
	snprintf(log, sizeof(log), "--log-fd=%d", flags->log_fd);
	if (flags->log_fd >= 0)
		argv[n++] = log;
	if (flags->log_stderr)
		argv[n++] = to_stderr;
	argv[n] = NULL;
	if (setsid() < 0 || fcntl(wall, F_SETFD, 0) != 0 ||
	    fcntl(bundle, F_SETFD, 0) != 0 || fcntl(slots, F_SETFD, 0) != 0)
		_exit(1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	/* Start the program that runs here: another may be on the
	 * disk by then. */
	execv("/proc/self/exe", argv);
	_exit(1);
}

int
orphans_keeper(void)
{
	int fds[2];
	pid_t pid;

	if (wall_pair(fds) != 0) {
		log_error("no keeper: %s", strerror(errno));
		return -1;
	}
	pid = fork();
	if (pid == 0)
		become_keeper(fds[1]);
	close(fds[1]);
	if (pid > 0)
		return fds[0];
	log_error("no keeper: fork: %s", strerror(errno));
	close(fds[0]);
	return -1;
}
