/*
 * The state that a module must not have changed by being loaded: everything
 * that each fork of the template would inherit.  A process with a second
 * thread, a umask of 0 or a descriptor nobody knows is no pristine monitor.
 */
#include "modules/host/snapshot.h"

#include "lib/mem.h"
#include "privsep/offspring.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FDS_MAX	   1024
#define STATUS_MAX 8192

/* Files by which the kernel shows where a process is. */
static const struct {
	const char *path, *name;
} places[] = {
    {".", "directory"},
    {"/proc/self/root", "root directory"},
    {"/proc/self/ns/mnt", "mount namespace"},
    {"/proc/self/ns/net", "network namespace"},
    {"/proc/self/ns/pid_for_children", "process namespace"},
    {"/proc/self/ns/user", "user namespace"},
    {"/proc/self/ns/uts", "host name's namespace"},
    {"/proc/self/ns/ipc", "IPC namespace"},
    {"/proc/self/ns/cgroup", "cgroup namespace"},
};
#define PLACES (sizeof(places) / sizeof(places[0]))

/* Lines of /proc/self/status that must stay as they are. */
static const struct {
	const char *line, *name;
} lines[] = {
    {"\nUmask:", "umask"},
    {"\nUid:", "user"},
    {"\nGid:", "group"},
    {"\nGroups:", "groups"},
    {"\nCapInh:", "capabilities"},
    {"\nCapPrm:", "capabilities"},
    {"\nCapEff:", "capabilities"},
    {"\nCapBnd:", "capabilities"},
    {"\nCapAmb:", "capabilities"},
    {"\nNoNewPrivs:", "privileges"},
    {"\nSeccomp:", "system call filter"},
    {"\nSeccomp_filters:", "system call filter"},
};

enum number {
	IS_PRIORITY,
	IS_GROUP,
	IS_SESSION,
	IS_DUMPABLE,
	IS_SECUREBITS,
	IS_PARENT_SIGNAL,
	IS_TIMER,
	NUMBERS
};
static const char *const number_names[NUMBERS] = {"priority", "process group",
    "session", "dumpable flag", "securebits", "parent's death signal",
    "interval timers"};

struct host_snapshot {
	struct stat open[FDS_MAX]; /* st_ino and st_dev 0: not open */
	size_t fds; /* with those above FDS_MAX */
	struct sigaction actions[NSIG];
	sigset_t blocked;
	struct rlimit limits[RLIM_NLIMITS];
	struct stat places[PLACES];
	char status[STATUS_MAX];
	int64_t numbers[NUMBERS];
	char **environment;
	size_t variables;
	bool children;
};

static size_t
count_entries(const char *path)
{
	DIR *dir = opendir(path);
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
read_status(char *text)
{
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	if (fd >= 0) {
		n = read(fd, text, STATUS_MAX - 1);
		close(fd);
	}
	text[n < 0 ? 0 : n] = '\0';
}

static void
read_numbers(int64_t *numbers)
{
	static const __itimer_which_t timers[] = {
	    ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF};
	struct itimerval timer;
	int signal = 0;

	numbers[IS_PRIORITY] = getpriority(PRIO_PROCESS, 0);
	numbers[IS_GROUP] = getpgrp();
	numbers[IS_SESSION] = getsid(0);
	numbers[IS_DUMPABLE] = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
	numbers[IS_SECUREBITS] = prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);
	(void)prctl(PR_GET_PDEATHSIG, &signal, 0, 0, 0);
	numbers[IS_PARENT_SIGNAL] = signal;
	for (size_t i = 0; i < 3; i++)
		if (getitimer(timers[i], &timer) == 0 &&
		    (timer.it_value.tv_sec != 0 || timer.it_value.tv_usec != 0))
			numbers[IS_TIMER] |= 1 << i;
}

struct host_snapshot *
host_snapshot_take(void)
{
	struct host_snapshot *s = mem_zalloc(sizeof(*s));

	for (int fd = 0; fd < FDS_MAX; fd++)
		if (fstat(fd, &s->open[fd]) != 0)
			memset(&s->open[fd], 0, sizeof(s->open[fd]));
	s->fds = count_entries("/proc/self/fd");
	for (int signal = 1; signal < NSIG; signal++)
		sigaction(signal, NULL, &s->actions[signal]);
	sigprocmask(SIG_SETMASK, NULL, &s->blocked);
	for (int i = 0; i < RLIM_NLIMITS; i++)
		(void)getrlimit((__rlimit_resource_t)i, &s->limits[i]);
	for (size_t i = 0; i < PLACES; i++)
		(void)stat(places[i].path, &s->places[i]);
	read_status(s->status);
	read_numbers(s->numbers);
	while (environ != NULL && environ[s->variables] != NULL)
		s->variables++;
	s->environment = mem_array(s->variables + 1, sizeof(char *));
	for (size_t i = 0; i < s->variables; i++)
		s->environment[i] = mem_strdup(environ[i]);
	s->children = offspring_exist();
	return s;
}

static char changed[160];

static const char *__attribute__((format(printf, 1, 2)))
say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(changed, sizeof(changed), format, args);
	va_end(args);
	return changed;
}

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static const char *
compare_descriptors(
    const struct host_snapshot *before, const struct host_snapshot *now)
{
	const struct stat none = {0};

	for (int fd = 0; fd < FDS_MAX; fd++) {
		if (same_file(&now->open[fd], &before->open[fd]))
			continue;
		if (same_file(&before->open[fd], &none))
			return say("left open descriptor %d", fd);
		return same_file(&now->open[fd], &none) ?
		    say("closed descriptor %d", fd) :
		    say("replaced descriptor %d", fd);
	}
	return now->fds == before->fds ?
	    NULL :
	    say("left open a descriptor above %d", FDS_MAX - 1);
}

static const char *
compare_signals(
    const struct host_snapshot *before, const struct host_snapshot *now)
{
	for (int i = 1; i < NSIG; i++) {
		if (now->actions[i].sa_handler != before->actions[i].sa_handler)
			return say("changed what signal %d does", i);
		if (sigismember(&now->blocked, i) !=
		    sigismember(&before->blocked, i))
			return say("changed whether signal %d is blocked", i);
	}
	return NULL;
}

static size_t
line_length(const char *at)
{
	return at == NULL || *at == '\0' ? 0 : strcspn(&at[1], "\n") + 1;
}

static const char *
compare_status(
    const struct host_snapshot *before, const struct host_snapshot *now)
{
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const char *was = strstr(before->status, lines[i].line);
		const char *is = strstr(now->status, lines[i].line);
		size_t len = line_length(was);

		if (len != line_length(is) ||
		    (len > 0 && memcmp(was, is, len) != 0))
			return say("changed the %s", lines[i].name);
	}
	for (size_t i = 0; i < NUMBERS; i++)
		if (now->numbers[i] != before->numbers[i])
			return say("changed the %s", number_names[i]);
	for (size_t i = 0; i < PLACES; i++)
		if (!same_file(&now->places[i], &before->places[i]))
			return say("changed the %s", places[i].name);
	for (int i = 0; i < RLIM_NLIMITS; i++)
		if (now->limits[i].rlim_cur != before->limits[i].rlim_cur ||
		    now->limits[i].rlim_max != before->limits[i].rlim_max)
			return say("changed resource limit %d", i);
	return NULL;
}

/* Is there a variable in a that b does not have like that? */
static const char *
compare_variables(const struct host_snapshot *a, const struct host_snapshot *b)
{
	for (size_t i = 0; i < a->variables; i++) {
		size_t k = 0;

		while (k < b->variables &&
		    strcmp(a->environment[i], b->environment[k]) != 0)
			k++;
		if (k == b->variables)
			return say("changed the environment: %.*s",
			    (int)strcspn(a->environment[i], "="),
			    a->environment[i]);
	}
	return NULL;
}

/* They are ended: the start is refused, and nobody else would. */
static const char *
compare_children(
    const struct host_snapshot *before, const struct host_snapshot *now)
{
	pid_t pids[OFFSPRING_MAX];
	size_t n;

	if (before->children || !now->children)
		return NULL;
	do {
		n = offspring_of(getpid(), pids);
		for (size_t i = 0; i < n; i++)
			offspring_end(pids[i]);
	} while (n > 0);
	return say("left a child process");
}

const char *
host_snapshot_compare(const struct host_snapshot *before)
{
	struct host_snapshot *now = host_snapshot_take();
	size_t threads = count_entries("/proc/self/task");
	const char *what = compare_children(before, now);

	if (threads != 1 && what == NULL)
		what = say("left %zu threads", threads);
	if (what == NULL)
		what = compare_descriptors(before, now);
	if (what == NULL)
		what = compare_signals(before, now);
	if (what == NULL)
		what = compare_status(before, now);
	if (what == NULL)
		what = compare_variables(now, before);
	if (what == NULL)
		what = compare_variables(before, now);
	host_snapshot_free(now);
	return what;
}

void
host_snapshot_free(struct host_snapshot *s)
{
	for (size_t i = 0; i < s->variables; i++)
		free(s->environment[i]);
	free(s->environment);
	free(s);
}
