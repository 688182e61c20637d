/*
 * Errands: children that touch what may hang or lie, files of users on
 * whatever file server and programs that print keys.  Each has a deadline,
 * after which it is killed; nobody waits for one that cannot die.  Sent by
 * monitors, and by sallyportctl explain, which is to see what they would.
 */
#include "privsep/errand.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/safefile.h"

#include <sys/prctl.h>
#include <sys/resource.h>
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
#include <time.h>
#include <unistd.h>

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int
from_err(int err)
{
	switch (err) {
	case 0:
		return SALLYPORT_OK;
	case E_NOT_FOUND:
		return SALLYPORT_NOT_FOUND;
	case E_PERMISSIONS:
		return SALLYPORT_PERMISSIONS;
	case E_TOO_LARGE:
		return SALLYPORT_TOO_LARGE;
	default:
		return SALLYPORT_SYSTEM;
	}
}

/* In a child: signals as at birth, descriptors from `first` on gone. */
static void
come_clean(unsigned first)
{
	struct sigaction action = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		sigaction(i, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (syscall(SYS_close_range, first, ~0u, 0) != 0)
		_exit(125);
}

/* In a child: become somebody for good. */
static void
become(uid_t uid, gid_t gid, const gid_t *groups, size_t count)
{
	if (geteuid() != 0)
		return; /* who asks about itself; tests */
	if (setgroups(count, groups) != 0 || setresgid(gid, gid, gid) != 0 ||
	    setresuid(uid, uid, uid) != 0)
		_exit(125);
	if (uid != 0 && setuid(0) == 0)
		_exit(125);
	/* What we remember is in here: not for this user to read. */
	if (prctl(PR_SET_DUMPABLE, 0) != 0)
		_exit(125);
}

/* Reap; kill first, or at the deadline; give up on one that sits in the
 * kernel.  group: what it started goes with it. */
static int
reap(pid_t pid, bool kill_it, bool group, int64_t deadline)
{
	struct timespec pause = {0, 1000000};
	int status = 0;

	if (kill_it) {
		kill(pid, SIGKILL);
		deadline = now_ms() + 200;
	}
	for (;;) {
		siginfo_t info = {0};

		/* Dead but not reaped: its group's number is still its own. */
		if (waitid(P_PID, (id_t)pid, &info,
			WEXITED | WNOHANG | WNOWAIT) != 0 &&
		    errno != EINTR)
			return 0;
		if (info.si_pid == pid) {
			if (group)
				kill(-pid, SIGKILL);
			return waitpid(pid, &status, 0) == pid ? status : 0;
		}
		if (now_ms() >= deadline) {
			if (kill_it)
				return 0;
			return reap(pid, true, group, 0);
		}
		nanosleep(&pause, NULL);
	}
}

/* ---- opening ------------------------------------------------------------ */

struct reply {
	int err;
	char why[SAFEFILE_WHY_MAX];
};

static void
send_reply(int to, const struct reply *reply, int fd)
{
	struct iovec iov = {
	    .iov_base = (void *)(uintptr_t)reply, .iov_len = sizeof(*reply)};
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {{0}};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *c;

	if (fd >= 0) {
		msg.msg_control = control.space;
		msg.msg_controllen = sizeof(control.space);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	(void)sendmsg(to, &msg, MSG_NOSIGNAL);
}

/* The one descriptor of a reply, -1 without; extra ones are closed. */
static int
take_descriptor(struct msghdr *msg)
{
	int fd = -1;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL;
	     c = CMSG_NXTHDR(msg, c)) {
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int one;

			memcpy(
			    &one, CMSG_DATA(c) + i * sizeof(int), sizeof(one));
			if (fd < 0)
				fd = one;
			else
				close(one);
		}
	}
	return fd;
}

static int
receive_reply(int from, struct reply *reply, int *fd)
{
	struct iovec iov = {.iov_base = reply, .iov_len = sizeof(*reply)};
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr msg = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control.space,
	    .msg_controllen = sizeof(control.space)};
	ssize_t n = recvmsg(from, &msg, MSG_CMSG_CLOEXEC);

	*fd = n > 0 ? take_descriptor(&msg) : -1;
	if (n != (ssize_t)sizeof(*reply))
		return -1;
	reply->why[sizeof(reply->why) - 1] = '\0';
	return 0;
}

static void
open_file(int to, const struct errand_as *as, const char *path,
    const struct safefile_rules *rules)
{
	struct reply reply;
	int fd = -1;

	if (dup2(to, 3) != 3)
		_exit(125);
	come_clean(4);
	become(as->uid, as->gid, as->groups, as->group_count);
	memset(&reply, 0, sizeof(reply));
	reply.err = safefile_open(path, rules, &fd, reply.why);
	send_reply(3, &reply, reply.err == 0 ? fd : -1);
	_exit(0);
}

int
errand_open(const struct errand_as *as, const char *path, const char *below,
    size_t max, unsigned deadline_ms, int *fd, char *why, size_t why_size)
{
	const struct safefile_rules rules = {.owner = as->uid,
	    .flags = SAFEFILE_FOLLOW,
	    .max = max,
	    .below = below};
	struct reply reply;
	struct pollfd p;
	int pair[2], ready, result = SALLYPORT_SYSTEM;
	pid_t pid;

	*fd = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		goto failed;
	pid = fork();
	if (pid == 0)
		open_file(pair[1], as, path, &rules);
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		goto failed;
	}
	p = (struct pollfd){.fd = pair[0], .events = POLLIN};
	do
		ready = poll(&p, 1, (int)deadline_ms);
	while (ready < 0 && errno == EINTR);
	if (ready == 0) {
		snprintf(why, why_size, "%s did not open in time", path);
		result = SALLYPORT_TIMEOUT;
	} else if (receive_reply(pair[0], &reply, fd) != 0) {
		snprintf(why, why_size, "the process opening %s died", path);
	} else {
		snprintf(why, why_size, "%s",
		    reply.why[0] != '\0' ? reply.why : err_text(reply.err));
		result = from_err(reply.err);
	}
	close(pair[0]);
	reap(pid, true, false, 0);
	if (result == SALLYPORT_OK && *fd >= 0)
		return SALLYPORT_OK;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	return result == SALLYPORT_OK ? SALLYPORT_SYSTEM : result;
failed:
	snprintf(why, why_size, "%s", strerror(errno));
	return SALLYPORT_SYSTEM;
}

/* ---- looking ------------------------------------------------------------ */

static void
look(int to, const struct errand_as *as, const char *path)
{
	struct stat st;
	char found;

	if (dup2(to, 3) != 3)
		_exit(125);
	come_clean(4);
	become(as->uid, as->gid, as->groups, as->group_count);
	found = lstat(path, &st) == 0;
	_exit(write(3, &found, 1) == 1 ? 0 : 125);
}

int
errand_look(const struct errand_as *as, const char *path, unsigned deadline_ms,
    pid_t *pid)
{
	int pipes[2], ready, result = SALLYPORT_SYSTEM;
	struct pollfd p;
	char found;

	if (pipe2(pipes, O_CLOEXEC) != 0)
		return SALLYPORT_SYSTEM;
	*pid = fork();
	if (*pid == 0)
		look(pipes[1], as, path);
	close(pipes[1]);
	p = (struct pollfd){.fd = pipes[0], .events = POLLIN};
	do
		ready = *pid < 0 ? -1 : poll(&p, 1, (int)deadline_ms);
	while (ready < 0 && *pid > 0 && errno == EINTR);
	if (ready == 0)
		result = SALLYPORT_TIMEOUT;
	else if (ready > 0 && read(pipes[0], &found, 1) == 1)
		result = found ? SALLYPORT_OK : SALLYPORT_NOT_FOUND;
	close(pipes[0]);
	if (*pid > 0)
		reap(*pid, true, false, 0);
	return result;
}

/* ---- running ------------------------------------------------------------ */

static void
run_program(int output, const struct sallyport_command *command)
{
	static const char *const nothing[] = {
	    "PATH=/usr/local/bin:/usr/bin:/bin", NULL};
	const gid_t group = command->gid;
	struct rlimit no_core = {0, 0};
	int null = open("/dev/null", O_RDWR);

	if (setsid() < 0 || null < 0 || dup2(null, 0) < 0 ||
	    dup2(output, 1) < 0 || dup2(null, 2) < 0 || chdir("/") != 0)
		_exit(125);
	come_clean(3);
	setrlimit(RLIMIT_CORE, &no_core);
	umask(077);
	become(command->uid, command->gid, &group, 1);
	execve(command->argv[0], (char *const *)(uintptr_t)command->argv,
	    (char *const *)(uintptr_t)(command->environment != NULL ?
		    command->environment :
		    nothing));
	_exit(127);
}

/* All it prints until it closes its end.  0 or an enum sallyport_error. */
static int
collect(int from, struct buf *out, int64_t deadline)
{
	uint8_t piece[4096];

	for (;;) {
		struct pollfd p = {.fd = from, .events = POLLIN};
		int64_t left = deadline - now_ms();
		ssize_t n;
		int ready;

		if (left <= 0)
			return SALLYPORT_TIMEOUT;
		ready = poll(&p, 1, (int)left);
		if (ready < 0 && errno == EINTR)
			continue;
		if (ready == 0)
			return SALLYPORT_TIMEOUT;
		n = read(from, piece, sizeof(piece));
		if (n == 0)
			return SALLYPORT_OK;
		if (n < 0) {
			if (errno == EINTR)
				continue;
			return SALLYPORT_SYSTEM;
		}
		buf_bytes(out, piece, (size_t)n);
		if (buf_end(out) != 0)
			return SALLYPORT_TOO_LARGE;
	}
}

static int
check_program(const char *path, char *why, size_t why_size)
{
	const struct safefile_rules rules = {.flags = SAFEFILE_FOLLOW};
	char text[SAFEFILE_WHY_MAX] = "";
	int fd, err = safefile_open(path, &rules, &fd, text);

	if (err != 0) {
		snprintf(why, why_size, "%s",
		    text[0] != '\0' ? text : err_text(err));
		return from_err(err);
	}
	close(fd);
	return SALLYPORT_OK;
}

int
errand_run(const struct sallyport_command *command, char **output, size_t *len,
    int *status, char *why, size_t why_size)
{
	int64_t deadline = now_ms() + command->deadline;
	struct buf out;
	int pipes[2], result;
	pid_t pid;

	*output = NULL;
	*len = 0;
	*status = 0;
	why[0] = '\0';
	if (command->uid == 0) {
		snprintf(why, why_size, "it must not run as root");
		return SALLYPORT_PERMISSIONS;
	}
	result = check_program(command->argv[0], why, why_size);
	if (result != SALLYPORT_OK)
		return result;
	if (pipe2(pipes, O_CLOEXEC) != 0 || (pid = fork()) < 0) {
		snprintf(why, why_size, "%s", strerror(errno));
		return SALLYPORT_SYSTEM;
	}
	if (pid == 0)
		run_program(pipes[1], command);
	close(pipes[1]);
	buf_init(&out, command->output_max);
	result = collect(pipes[0], &out, deadline);
	close(pipes[0]);
	if (result != SALLYPORT_OK)
		kill(-pid, SIGKILL);
	*status = reap(pid, result != SALLYPORT_OK, true, deadline);
	*status =
	    WIFEXITED(*status) ? WEXITSTATUS(*status) : 256 + WTERMSIG(*status);
	if (result == SALLYPORT_OK) {
		*output = mem_zalloc(out.len + 1);
		if (out.len > 0)
			memcpy(*output, out.data, out.len);
		*len = out.len;
	} else {
		snprintf(why, why_size, "%s",
		    result == SALLYPORT_TIMEOUT	      ? "it took too long" :
			result == SALLYPORT_TOO_LARGE ? "it printed too much" :
							"its output was lost");
	}
	buf_free(&out);
	return result;
}
