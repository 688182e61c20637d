/*
 * fork and exec of a role by the master.
 */
#include "config.h"

#include "privsep/spawn.h"

#include "lib/err.h"
#include "lib/mem.h"
#include "privsep/die.h"
#include "privsep/title.h"

#include <sys/resource.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Put from[i] at SPAWN_WALL + i, whatever numbers they have now. */
static void
place_fds(const int *from, size_t count)
{
	int high[SPAWN_FDS], null;

	if ((null = open("/dev/null", O_RDWR)) < 0)
		_exit(EXIT_FAILURE);
	for (size_t i = 0; i < count; i++) {
		int fd = from[i] >= 0 ? from[i] : null;

		high[i] = fcntl(fd, F_DUPFD, 64);
		if (high[i] < 0)
			_exit(EXIT_FAILURE);
	}
	for (size_t i = 0; i < count; i++)
		if (dup2(high[i], SPAWN_WALL + (int)i) < 0)
			_exit(EXIT_FAILURE);
}

/* An environment of our own making; what the master got is not handed on. */
static char **
environment(void)
{
	static const char *const kept[] = {"TZ", "ASAN_OPTIONS",
	    "UBSAN_OPTIONS", "OPENSSL_CONF", "OPENSSL_MODULES",
	    "LLVM_PROFILE_FILE", "SALLYPORT_STRICT_SANDBOX"};
	char **list =
	    mem_array(sizeof(kept) / sizeof(kept[0]) + 2, sizeof(*list));
	size_t n = 0;

	list[n++] = mem_strdup("PATH=/usr/sbin:/usr/bin:/sbin:/bin");
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		const char *value = getenv(kept[i]);

		if (value != NULL)
			list[n++] = mem_printf("%s=%s", kept[i], value);
	}
	return list;
}

void
spawn_signal(int pidfd, int number)
{
	if (pidfd >= 0)
		(void)syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0);
}

int
spawn_report_fd(int log, int null)
{
#ifdef SANITIZED
	const char *path = getenv("SALLYPORT_REPORT");
	int fd;

	if (log >= 0)
		return log;
	if (path != NULL &&
	    (fd = open(
		 path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600)) >= 0)
		return fd;
#endif
	(void)log;
	return null;
}

/* More than all slots can need. */
#define DESCRIPTORS_MAX 65536

static struct rlimit first_limit;
static bool raised;

unsigned
spawn_raise_limits(void)
{
	struct rlimit more;

	if (getrlimit(RLIMIT_NOFILE, &first_limit) != 0)
		return 256;
	more = first_limit;
	if (more.rlim_cur < DESCRIPTORS_MAX)
		more.rlim_cur = more.rlim_max < DESCRIPTORS_MAX ?
		    more.rlim_max :
		    DESCRIPTORS_MAX;
	raised = setrlimit(RLIMIT_NOFILE, &more) == 0;
	if (!raised)
		more = first_limit;
	return more.rlim_cur < DESCRIPTORS_MAX ? (unsigned)more.rlim_cur :
						 DESCRIPTORS_MAX;
}

void
spawn_restore_limits(void)
{
	if (raised)
		(void)setrlimit(RLIMIT_NOFILE, &first_limit);
}

static void
become(enum role role, const struct spawn_options *o)
{
	const int fds[] = {o->wall, o->bundle, o->slots, o->log, o->session,
	    o->door, o->recorder};
	char name[TITLE_MAX], arg[64], level[32], drop[4096 + 64];
	char *argv[] = {name, arg, level, drop, NULL};
	sigset_t none;
	int binary, null;

	snprintf(arg, sizeof(arg), "--role=%s%s%s%s", role_row(role)->name,
	    o->log_stderr ? ",stderr" : "", o->log >= 0 ? ",file" : "",
	    o->fips ? ",fips" : "");
	if (o->version != NULL)
		snprintf(arg, sizeof(arg), "%s", o->version);
	snprintf(level, sizeof(level), "--log-level=%d", o->log_level);
	snprintf(drop, sizeof(drop), "--drop=%u:%u:%s", (unsigned)o->uid,
	    (unsigned)o->gid, o->empty == NULL ? "" : o->empty);
	title_blank(name);
	/* Behind the fixed ones, before they are placed; closed by exec. */
	if ((binary = fcntl(o->binary, F_DUPFD_CLOEXEC, 63)) < 0)
		_exit(EXIT_FAILURE);
	place_fds(fds, sizeof(fds) / sizeof(fds[0]));
	if ((null = open("/dev/null", O_RDWR)) < 0 || dup2(null, 0) < 0 ||
	    dup2(null, 1) < 0)
		_exit(EXIT_FAILURE);
	/* A caller that reads our stderr through a pipe waits until it is
	 * closed. */
	if (!o->log_stderr &&
	    dup2(spawn_report_fd(o->log >= 0 ? SPAWN_LOG : -1, null), 2) < 0)
		_exit(EXIT_FAILURE);
	if (syscall(SYS_close_range, SPAWN_FDS, binary - 1, 0) != 0 ||
	    syscall(SYS_close_range, binary + 1, ~0U, 0) != 0)
		_exit(EXIT_FAILURE);
	if (role == ROLE_MONITORS)
		spawn_restore_limits();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int i = 1; i < NSIG; i++)
		if (i != SIGKILL && i != SIGSTOP)
			signal(i, SIG_DFL);
	/* A Ctrl-C in the terminal of `-D` is for the master alone. */
	if (setsid() < 0)
		_exit(EXIT_FAILURE);
	fexecve(binary, argv, environment());
	_exit(EXIT_FAILURE);
}

int
spawn_role(
    enum role role, const struct spawn_options *options, struct spawned *child)
{
	pid_t pid = fork();

	if (pid < 0)
		return E_SYSTEM;
	if (pid == 0)
		become(role, options);
	child->pid = pid;
	child->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (child->pidfd < 0) {
		kill(pid, SIGKILL);
		return E_SYSTEM;
	}
	return 0;
}
