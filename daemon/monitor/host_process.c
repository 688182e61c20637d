/*
 * What a module must not have changed by being loaded: threads, descriptors,
 * signal dispositions.  A fork of a process with a second thread, or with a
 * descriptor nobody knows, is not a pristine monitor.
 */
#include "daemon/monitor/host.h"
#include "lib/mem.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FDS_MAX 1024

struct host_snapshot {
	unsigned char open[FDS_MAX];
	struct sigaction actions[NSIG];
	sigset_t blocked;
};

static size_t
count_threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *entry;
	size_t count = 0;

	if (dir == NULL)
		return 0;
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			count++;
	closedir(dir);
	return count;
}

static void
look(struct host_snapshot *s)
{
	for (int fd = 0; fd < FDS_MAX; fd++)
		s->open[fd] = fcntl(fd, F_GETFD) != -1;
	for (int signal = 1; signal < NSIG; signal++)
		sigaction(signal, NULL, &s->actions[signal]);
	sigprocmask(SIG_SETMASK, NULL, &s->blocked);
}

struct host_snapshot *
host_snapshot_take(void)
{
	struct host_snapshot *s = mem_zalloc(sizeof(*s));

	look(s);
	return s;
}

const char *
host_snapshot_compare(const struct host_snapshot *before)
{
	struct host_snapshot *now = host_snapshot_take();
	static char changed[128];
	size_t threads = count_threads();

	changed[0] = '\0';
	if (threads != 1)
		snprintf(changed, sizeof(changed), "left %zu threads", threads);
	for (int fd = 0; fd < FDS_MAX && changed[0] == '\0'; fd++)
		if (now->open[fd] != before->open[fd])
			snprintf(changed, sizeof(changed), "%s descriptor %d",
			    now->open[fd] ? "left open" : "closed", fd);
	for (int i = 1; i < NSIG && changed[0] == '\0'; i++)
		if (now->actions[i].sa_handler != before->actions[i].sa_handler)
			snprintf(changed, sizeof(changed),
			    "changed what signal %d does", i);
	for (int i = 1; i < NSIG && changed[0] == '\0'; i++)
		if (sigismember(&now->blocked, i) !=
		    sigismember(&before->blocked, i))
			snprintf(changed, sizeof(changed),
			    "changed whether signal %d is blocked", i);
	host_snapshot_free(now);
	return changed[0] == '\0' ? NULL : changed;
}

void
host_snapshot_free(struct host_snapshot *s)
{
	free(s);
}
