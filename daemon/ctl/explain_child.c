/*
 * Files and programs of key sources, for explain: touched in a child that has
 * become who may touch them, with a deadline, as the monitor does it.
 */
#include "daemon/ctl/explain.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "lib/safefile.h"
#include "modules/sallyport_module.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct reply {
	int err;
	char why[SAFEFILE_WHY_MAX];
};

static int
from_err(int err)
{
	switch (err) {
	case 0:
		return SALLYPORT_OK;
	case E_NOT_FOUND:
		return SALLYPORT_NOT_FOUND;
	case E_TOO_LARGE:
		return SALLYPORT_TOO_LARGE;
	case E_PERMISSIONS:
	case E_FORMAT:
		return SALLYPORT_PERMISSIONS;
	default:
		return SALLYPORT_SYSTEM;
	}
}

static void
become(uid_t uid, gid_t gid, const gid_t *groups, size_t count)
{
	if (geteuid() != 0)
		return; /* a user who asks about itself */
	if (setgroups(count, groups) != 0 || setresgid(gid, gid, gid) != 0 ||
	    setresuid(uid, uid, uid) != 0)
		_exit(125);
	if (uid != 0 && setuid(0) == 0)
		_exit(125);
}

static void
send_reply(int to, const struct reply *reply, int fd)
{
	struct iovec iov = {
	    .iov_base = (void *)(uintptr_t)reply, .iov_len = sizeof(*reply)};
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};

	if (fd >= 0) {
		memset(&control, 0, sizeof(control));
		h.msg_control = control.space;
		h.msg_controllen = sizeof(control.space);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.align), &fd, sizeof(int));
	}
	if (sendmsg(to, &h, MSG_NOSIGNAL) < 0)
		_exit(125);
}

static int
receive_reply(int from, struct reply *reply, int *fd)
{
	struct iovec iov = {.iov_base = reply, .iov_len = sizeof(*reply)};
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr h = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control.space,
	    .msg_controllen = sizeof(control.space)};
	struct cmsghdr *c;

	if (recvmsg(from, &h, MSG_CMSG_CLOEXEC) != (ssize_t)sizeof(*reply))
		return E_CLOSED;
	c = CMSG_FIRSTHDR(&h);
	if (c != NULL && c->cmsg_level == SOL_SOCKET &&
	    c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(fd, CMSG_DATA(c), sizeof(int));
	reply->why[sizeof(reply->why) - 1] = '\0';
	return 0;
}

static void __attribute__((noreturn))
open_as(int to, const struct child_user *as, const char *path,
    const struct safefile_rules *rules)
{
	struct reply reply = {0};
	int fd = -1;

	become(as->uid, as->gid, as->groups, as->group_count);
	reply.err = safefile_open(path, rules, &fd, reply.why);
	send_reply(to, &reply, reply.err == 0 ? fd : -1);
	_exit(0);
}

static int
wait_for_reply(int from, unsigned deadline_ms, const char *path, int *fd,
    char *why, size_t why_size)
{
	struct pollfd p = {.fd = from, .events = POLLIN};
	struct reply reply;

	if (poll(&p, 1, (int)deadline_ms) <= 0) {
		snprintf(why, why_size, "%s did not open in time", path);
		return SALLYPORT_TIMEOUT;
	}
	if (receive_reply(from, &reply, fd) != 0) {
		snprintf(why, why_size, "the process opening %s died", path);
		return SALLYPORT_SYSTEM;
	}
	snprintf(why, why_size, "%s",
	    reply.why[0] != '\0' ? reply.why : err_text(reply.err));
	return from_err(reply.err);
}

int
child_open(const struct child_user *as, const char *path, const char *below,
    size_t max, unsigned deadline_ms, int *fd, char *why, size_t why_size)
{
	const struct safefile_rules rules = {.owner = as->uid,
	    .flags = SAFEFILE_FOLLOW,
	    .max = max,
	    .below = below};
	int pair[2], result;
	pid_t pid;

	*fd = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0 ||
	    (pid = fork()) < 0) {
		snprintf(why, why_size, "%s", strerror(errno));
		return SALLYPORT_SYSTEM;
	}
	if (pid == 0)
		open_as(pair[1], as, path, &rules);
	close(pair[1]);
	result = wait_for_reply(pair[0], deadline_ms, path, fd, why, why_size);
	close(pair[0]);
	kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, result == SALLYPORT_TIMEOUT ? WNOHANG : 0);
	if (result != SALLYPORT_OK && *fd >= 0) {
		close(*fd);
		*fd = -1;
	}
	return result;
}

/* ---- programs ---- */

static void __attribute__((noreturn))
run_as(int output, const struct sallyport_command *command)
{
	static char *const nothing[] = {
	    (char *)(uintptr_t) "PATH=/usr/local/bin:/usr/bin:/bin", NULL};
	const gid_t group = command->gid;
	int null = open("/dev/null", O_RDWR);

	if (setsid() < 0 || null < 0 || dup2(null, 0) < 0 ||
	    dup2(output, 1) < 0 || dup2(null, 2) < 0 || chdir("/") != 0 ||
	    syscall(SYS_close_range, 3, ~0u, 0) != 0)
		_exit(125);
	umask(077);
	become(command->uid, command->gid, &group, 1);
	execve(command->argv[0], (char *const *)(uintptr_t)command->argv,
	    command->environment != NULL ?
		(char *const *)(uintptr_t)command->environment :
		nothing);
	_exit(127);
}

static int
collect(int from, struct buf *out, uint64_t deadline)
{
	uint8_t piece[4096];

	for (;;) {
		struct pollfd p = {.fd = from, .events = POLLIN};
		uint64_t now = loop_clock();
		ssize_t n;

		if (now >= deadline || poll(&p, 1, (int)(deadline - now)) <= 0)
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

/* A program of root's that nobody else can replace; never as root. */
static int
may_run(const struct sallyport_command *command, char *why, size_t why_size)
{
	const struct safefile_rules rules = {.flags = SAFEFILE_FOLLOW};
	char text[SAFEFILE_WHY_MAX] = "";
	int fd, err;

	if (command->uid == 0) {
		snprintf(why, why_size, "it must not run as root");
		return SALLYPORT_PERMISSIONS;
	}
	if ((err = safefile_open(command->argv[0], &rules, &fd, text)) != 0) {
		snprintf(why, why_size, "%s", text);
		return from_err(err);
	}
	close(fd);
	return SALLYPORT_OK;
}

static void
bury(pid_t pid, bool by_force, int *status)
{
	int raw = 0;

	if (by_force)
		kill(-pid, SIGKILL);
	while (waitpid(pid, &raw, 0) < 0 && errno == EINTR)
		continue;
	*status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 256 + WTERMSIG(raw);
}

int
child_run(const struct sallyport_command *command, char **output, size_t *len,
    int *status, char *why, size_t why_size)
{
	uint64_t deadline = loop_clock() + command->deadline;
	struct buf out;
	int pipes[2], result;
	pid_t pid;

	*output = NULL;
	*len = 0;
	*status = 0;
	if ((result = may_run(command, why, why_size)) != SALLYPORT_OK)
		return result;
	if (pipe2(pipes, O_CLOEXEC) != 0 || (pid = fork()) < 0) {
		snprintf(why, why_size, "%s", strerror(errno));
		return SALLYPORT_SYSTEM;
	}
	if (pid == 0)
		run_as(pipes[1], command);
	close(pipes[1]);
	buf_init(&out, command->output_max);
	result = collect(pipes[0], &out, deadline);
	close(pipes[0]);
	bury(pid, result != SALLYPORT_OK, status);
	if (result == SALLYPORT_OK) {
		*output = mem_strndup((const char *)out.data, out.len);
		*len = out.len;
	} else
		snprintf(why, why_size, "%s",
		    result == SALLYPORT_TIMEOUT	      ? "it took too long" :
			result == SALLYPORT_TOO_LARGE ? "it printed too much" :
							"its output was lost");
	buf_free(&out);
	return result;
}
