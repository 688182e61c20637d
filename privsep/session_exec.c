/*
 * exec of sallyport-session and sallyport-recorder (see session_exec.h).  The
 * monitor and the monitor template call this.
 */
#include "privsep/session_exec.h"

#include "lib/err.h"
#include "privsep/light_child.h"
#include "privsep/selinux.h"
#include "privsep/spawn.h"
#include "privsep/title.h"
#include "privsep/wall_version.h"

#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *
session_version(void)
{
	static char text[WALL_VERSION_MAX];
	uint64_t sum = WALL_VERSION_START;

	if (text[0] == '\0') {
		WALL_MONITOR_SESSION(WALL_VERSION_ADD)
		WALL_SESSION_MONITOR(WALL_VERSION_ADD)
		WALL_SESSION_WORKER(WALL_VERSION_ADD)
		wall_version_write(text, sum);
	}
	return text;
}

const char *
recorder_version(void)
{
	static char text[WALL_VERSION_MAX];
	uint64_t sum = WALL_VERSION_START;

	if (text[0] == '\0') {
		WALL_MONITOR_RECORDER(WALL_VERSION_ADD)
		WALL_RECORDER_MONITOR(WALL_VERSION_ADD)
		wall_version_write(text, sum);
	}
	return text;
}

struct exec {
	int program, monitor, worker, report;
	bool clear;
	char name[TITLE_MAX], version[WALL_VERSION_MAX], option[16];
	char *argv[4], **environment;
	int error; /* of the step that failed */
};

/* High numbers first, as the low ones may be any of the given ones. */
static int
place(const struct exec *e)
{
	int program = fcntl(e->program, F_DUPFD_CLOEXEC, 10);
	int monitor = fcntl(e->monitor, F_DUPFD_CLOEXEC, 10);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int worker =
	    fcntl(e->worker >= 0 ? e->worker : null, F_DUPFD_CLOEXEC, 10);

	if (program < 0 || monitor < 0 || worker < 0 || null < 0 ||
	    dup2(null, 0) < 0 || dup2(null, 1) < 0 ||
	    dup2(spawn_report_fd(e->report, null), 2) < 0 ||
	    dup2(monitor, SESSION_MONITOR_FD) < 0 ||
	    dup2(worker, SESSION_WORKER_FD) < 0 ||
	    close_range(SESSION_WORKER_FD + 1, (unsigned)program - 1, 0) != 0 ||
	    close_range((unsigned)program + 1, ~0u, 0) != 0)
		return -1;
	return program;
}

/* In the light child: no lock, no allocation. */
static int
become_program(void *arg)
{
	struct exec *e = arg;
	int program = -1;

	if (setsid() < 0 || (e->clear && selinux_clear_exec() != 0) ||
	    (program = place(e)) < 0) {
		e->error = errno;
		return 1;
	}
	(void)syscall(
	    SYS_execveat, program, "", e->argv, e->environment, AT_EMPTY_PATH);
	e->error = errno;
	return 1;
}

static int
run(struct exec *e, const char *version, const char *option, pid_t *pid)
{
	/* The environment is dropped, except for settings of instrumented
	 * builds. */
	static char *environment[4];
	size_t n = 0;

#ifdef SANITIZED
	for (char **p = environ; p != NULL && *p != NULL && n < 3; p++)
		if (strncmp(*p, "ASAN_OPTIONS=", 13) == 0 ||
		    strncmp(*p, "UBSAN_OPTIONS=", 14) == 0 ||
		    strncmp(*p, "LLVM_PROFILE_FILE=", 18) == 0)
			environment[n++] = *p;
#endif
	environment[n] = NULL;
	title_blank(e->name);
	snprintf(e->version, sizeof(e->version), "%s", version);
	snprintf(e->option, sizeof(e->option), "%s", option);
	e->argv[0] = e->name;
	e->argv[1] = e->version;
	e->argv[2] = e->option;
	e->argv[3] = NULL;
	e->environment = environment;
	e->error = 0;
	*pid = light_child_exec(become_program, e);
	if (*pid < 0)
		return E_SYSTEM;
	if (e->error == 0)
		return 0;
	while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	errno = e->error;
	return E_SYSTEM;
}

int
session_exec(int program, int monitor, int worker, bool selinux, pid_t *pid)
{
	struct exec e = {.program = program,
	    .monitor = monitor,
	    .worker = worker,
	    .report = 2,
	    .clear = selinux};

	return run(&e, session_version(), "", pid);
}

int
recorder_exec(int program, int monitor, bool selinux, pid_t *pid)
{
	struct exec e = {.program = program,
	    .monitor = monitor,
	    .worker = -1,
	    .report = 2,
	    .clear = selinux};

	return run(&e, recorder_version(), "", pid);
}

static int
probe(int program, const char *version)
{
	struct exec e = {
	    .program = program, .monitor = 0, .worker = 0, .report = 2};
	int status;
	pid_t pid;

	if (run(&e, version, "probe", &pid) != 0)
		return E_SYSTEM;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return E_SYSTEM;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : E_STATE;
}

int
session_exec_probe(int program)
{
	return probe(program, session_version());
}

int
recorder_exec_probe(int program)
{
	return probe(program, recorder_version());
}
