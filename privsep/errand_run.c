/*
 * Programs that are run for a login: those that print keys, as somebody who is
 * not root, and the one that keeps delegated tickets, as the user.
 */
#include "privsep/errand_run.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "lib/safefile.h"
#include "privsep/errand_child.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UNFIT 126 /* a program that is not to be run */

/*
 * In a child that is to exec: signals as at birth.  By the calls themselves:
 * libc's leave out 32 and 33, and their handlers must not run here once the
 * mask is open.
 */
static void
restore_signals(void)
{
	/* The kernel's struct sigaction, all zero: SIG_DFL. */
	const uint64_t action[8] = {0}, none = 0;

	for (int i = 1; i < NSIG; i++)
		(void)syscall(SYS_rt_sigaction, i, action, NULL, sizeof(none));
	(void)syscall(
	    SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof(none));
}

struct running {
	const struct errand_program *program;
	int output;
	int unfit; /* why it is not run, by the child */
	char why[SAFEFILE_WHY_MAX];
};

/* Its path may lie on a user's file system: judged by the child, too. */
static bool
is_fit(struct running *r)
{
	const struct safefile_rules rules = {.flags = SAFEFILE_FOLLOW};
	int fd;

	r->unfit = safefile_open(r->program->argv[0], &rules, &fd, r->why);
	return r->unfit == 0;
}

/* Nothing that is exec'd has a capability, not even as root. */
static bool
drop_capabilities(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return false;
	if (geteuid() != 0)
		return true; /* tests */
	for (int i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
		if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) != 0)
			return false;
	return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0;
}

static int
run_program(void *arg)
{
	static const char *const nothing[] = {
	    "PATH=/usr/local/bin:/usr/bin:/bin", NULL};
	struct running *r = arg;
	const struct errand_program *p = r->program;
	struct rlimit no_core = {0, 0};
	int null = open("/dev/null", O_RDWR);

	if (setsid() < 0 || null < 0 ||
	    dup2(p->input >= 0 ? p->input : null, 0) < 0 ||
	    dup2(r->output, 1) < 0 || dup2(null, 2) < 0 || chdir("/") != 0)
		return 125;
	if (!is_fit(r))
		return UNFIT;
	errand_close_from(3);
	restore_signals();
	setrlimit(RLIMIT_CORE, &no_core);
	umask(077);
	if (p->bare && !drop_capabilities())
		return 125;
	errand_become(&p->as);
	execve(p->argv[0], (char *const *)(uintptr_t)p->argv,
	    (char *const *)(uintptr_t)(p->environment != NULL ? p->environment :
								nothing));
	return 127;
}

/* All it prints until it closes its end.  0 or an enum sallyport_error. */
static int
collect(int from, struct buf *out, int64_t deadline)
{
	uint8_t piece[4096];

	for (;;) {
		ssize_t n;

		if (!light_child_wait(from, deadline - (int64_t)loop_clock()))
			return SALLYPORT_TIMEOUT;
		n = read(from, piece, sizeof(piece));
		if (n == 0)
			return SALLYPORT_OK;
		if (n < 0)
			return SALLYPORT_SYSTEM;
		buf_bytes(out, piece, (size_t)n);
		if (buf_end(out) != 0)
			return SALLYPORT_TOO_LARGE;
	}
}

/* The child's end, for the caller. */
static int
tell_end(const struct running *r, struct buf *out, int result, char **output,
    size_t *len, char *why, size_t why_size)
{
	if (r->unfit != 0) {
		snprintf(why, why_size, "%s",
		    r->why[0] != '\0' ? r->why : err_text(r->unfit));
		return errand_from_err(r->unfit);
	}
	if (result == SALLYPORT_OK) {
		*output = mem_zalloc(out->len + 1);
		if (out->len > 0)
			memcpy(*output, out->data, out->len);
		*len = out->len;
		return result;
	}
	snprintf(why, why_size,
	    result == SALLYPORT_TIMEOUT	      ? "it took too long" :
		result == SALLYPORT_TOO_LARGE ? "it printed too much" :
						"its output was lost");
	return result;
}

int
errand_program(const struct errand_program *program, char **output, size_t *len,
    int *status, char *why, size_t why_size)
{
	int64_t deadline = (int64_t)loop_clock() + program->deadline_ms;
	struct buf out;
	struct running r = {.program = program};
	struct errand_child sent;
	uid_t whose = program->as.whose;
	int pipes[2], result;

	*output = NULL;
	*len = 0;
	*status = 0;
	why[0] = '\0';
	if (pipe2(pipes, O_CLOEXEC) != 0) {
		snprintf(why, why_size, "%s", strerror(errno));
		return SALLYPORT_SYSTEM;
	}
	r.output = pipes[1];
	result = errand_send(&sent, whose, program->at_once,
	    program->at_once == 0 ? 0 : (int64_t)program->deadline_ms,
	    run_program, &r);
	if (result == SALLYPORT_SYSTEM)
		snprintf(why, why_size, "%s", strerror(errno));
	close(pipes[1]);
	if (result != SALLYPORT_OK) {
		close(pipes[0]);
		return result == SALLYPORT_STATE ?
		    errand_refuse_stuck(whose, why, why_size) :
		    result;
	}
	buf_init(&out, program->output_max);
	result = collect(pipes[0], &out, deadline);
	close(pipes[0]);
	errand_end(&sent, whose,
	    result == SALLYPORT_OK ? deadline - (int64_t)loop_clock() : 0, true,
	    status);
	*status =
	    WIFEXITED(*status) ? WEXITSTATUS(*status) : 256 + WTERMSIG(*status);
	result = tell_end(&r, &out, result, output, len, why, why_size);
	buf_free(&out);
	return result;
}

int
errand_run(const struct sallyport_command *command, uid_t whose, char **output,
    size_t *len, int *status, char *why, size_t why_size)
{
	const gid_t group = command->gid;
	/* Many logins may ask a slow directory at once. */
	const struct errand_program program = {.as = {.uid = command->uid,
						   .gid = command->gid,
						   .groups = &group,
						   .group_count = 1,
						   .whose = whose},
	    .argv = command->argv,
	    .environment = command->environment,
	    .input = -1,
	    .deadline_ms = command->deadline,
	    .output_max = command->output_max};

	if (command->uid == 0) {
		*output = NULL;
		*len = 0;
		*status = 0;
		snprintf(why, why_size, "it must not run as root");
		return SALLYPORT_PERMISSIONS;
	}
	return errand_program(&program, output, len, status, why, why_size);
}
