/*
 * A child for the code of modules.  Its answer is whole or counts as none: a
 * module's exit(0) is no answer.
 */
#include "modules/host/child.h"

#include "lib/err.h"
#include "lib/loop.h"
#include "privsep/offspring.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define END_TRIES 4 /* what is ended may leave its own children to us */

static bool
write_all(int fd, const uint8_t *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

static void __attribute__((noreturn))
be_child(child_work *work, void *arg, int fd, size_t max)
{
	struct buf answer;
	uint32_t len;

	(void)dup2(STDERR_FILENO, STDOUT_FILENO);
	buf_init(&answer, max);
	work(arg, &answer);
	fflush(NULL);
	len = (uint32_t)answer.len;
	if (buf_end(&answer) != 0 ||
	    !write_all(fd, (const uint8_t *)&len, sizeof(len)) ||
	    !write_all(fd, answer.data, len))
		_exit(1);
	_exit(0);
}

/* Exactly len bytes before the deadline (0: whenever). */
static int
read_all(int fd, uint8_t *data, size_t len, uint64_t deadline)
{
	while (len > 0) {
		uint64_t now = loop_clock();
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t n;

		if (deadline != 0 && now >= deadline)
			return E_TIMEOUT;
		if (poll(&p, 1, deadline == 0 ? -1 : (int)(deadline - now)) <=
		    0)
			continue;
		n = read(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return E_CLOSED;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
read_answer(int fd, struct buf *out, uint64_t deadline)
{
	uint32_t len;
	uint8_t *at;
	int err;

	err = read_all(fd, (uint8_t *)&len, sizeof(len), deadline);
	if (err != 0)
		return err;
	if ((at = buf_add(out, len)) == NULL)
		return E_LIMIT;
	return read_all(fd, at, len, deadline);
}

/*
 * The child's end, which is due: its pipe was closed, by it or by a module,
 * or it is to be killed.
 */
static int
await_end(pid_t pid, int err, uint64_t deadline, int *status)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	if (err != 0 && err != E_CLOSED)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, status, WNOHANG) == 0) {
		if (deadline != 0 && loop_clock() >= deadline) {
			(void)kill(pid, SIGKILL);
			err = E_TIMEOUT;
			deadline = 0;
		}
		(void)nanosleep(&pause, NULL);
	}
	return err;
}

/* Programs that the module has started end with its call. */
static void
end_leftovers(void)
{
	pid_t pids[OFFSPRING_MAX];
	size_t n;

	for (int i = 0; i < END_TRIES && offspring_exist(); i++) {
		n = offspring_of(getpid(), pids);
		while (n > 0)
			offspring_end(pids[--n]);
	}
}

int
child_run(child_work *work, void *arg, unsigned seconds, struct buf *out,
    char *why, size_t why_size)
{
	uint64_t deadline =
	    seconds == 0 ? 0 : loop_clock() + (uint64_t)seconds * 1000;
	int fds[2], status = 0, err;
	bool alone = !offspring_exist();
	pid_t pid;

	fflush(NULL);
	if (pipe2(fds, O_CLOEXEC) != 0) {
		snprintf(why, why_size, "%s", strerror(errno));
		return E_SYSTEM;
	}
	offspring_adopt(true);
	if ((pid = fork()) < 0) {
		snprintf(why, why_size, "%s", strerror(errno));
		offspring_adopt(false);
		close(fds[0]);
		close(fds[1]);
		return E_SYSTEM;
	}
	if (pid == 0) {
		close(fds[0]);
		be_child(work, arg, fds[1], out->max);
	}
	close(fds[1]);
	err = await_end(
	    pid, read_answer(fds[0], out, deadline), deadline, &status);
	close(fds[0]);
	if (alone)
		end_leftovers();
	offspring_adopt(false);
	if (err == 0 && status == 0)
		return 0;
	if (err == E_TIMEOUT)
		snprintf(
		    why, why_size, "did not return within %u seconds", seconds);
	else
		snprintf(why, why_size, "ended the process: %s %d",
		    WIFEXITED(status) ? "status" : "signal",
		    WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	return E_SYSTEM;
}
