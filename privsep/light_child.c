/*
 * Children that share our memory, for errand.c.
 */
#include "privsep/light_child.h"

#include "lib/loop.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#ifdef __has_feature /* clang's way to say it */
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

#define STACK_SIZE (128 * 1024)
#define GUARD_SIZE (64 * 1024) /* a page, whatever its size here */
#define DEATH_MS   200 /* until one that was killed has ended */

/*
 * Not part of our own stack: the kernel may still write into that of a child
 * which was given up, when its file server comes back.
 */
static void *
stack_new(void)
{
	char *stack = mmap(NULL, GUARD_SIZE + STACK_SIZE, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

	if (stack == MAP_FAILED)
		return NULL;
	if (mprotect(&stack[GUARD_SIZE], STACK_SIZE, PROT_READ | PROT_WRITE) !=
	    0) {
		munmap(stack, GUARD_SIZE + STACK_SIZE);
		return NULL;
	}
#ifdef __SANITIZE_ADDRESS__
	/* A child that was killed or called exec left its frames
	 * marked here. */
	__asan_unpoison_memory_region(&stack[GUARD_SIZE], STACK_SIZE);
#endif
	return stack;
}

/*
 * By the call itself: libc's leaves out 32 and 33, whose handlers (of
 * pthread_cancel() and of setuid() in all threads) are a module's chance to
 * run in the child.
 */
static void
set_mask(const uint64_t *set, uint64_t *before)
{
	(void)syscall(
	    SYS_rt_sigprocmask, SIG_SETMASK, set, before, sizeof(*set));
}

static pid_t
start(char *stack, int flags, int (*run)(void *arg), void *arg, int *pidfd)
{
	const uint64_t all = ~UINT64_C(0);
	uint64_t before;
	int error;
	pid_t pid;

	set_mask(&all, &before);
	pid = clone(run, &stack[GUARD_SIZE + STACK_SIZE],
	    CLONE_VM | SIGCHLD | flags, arg, pidfd);
	error = errno;
	set_mask(&before, NULL);
	errno = error;
	return pid;
}

int
light_child_start(struct light_child *child, int (*run)(void *arg), void *arg)
{
	char *stack = stack_new();
	int error;

	child->stack = stack;
	child->pidfd = -1;
	if (stack == NULL)
		return -1;
	child->pid = start(stack, CLONE_PIDFD, run, arg, &child->pidfd);
	if (child->pid > 0)
		return 0;
	error = errno;
	munmap(stack, GUARD_SIZE + STACK_SIZE);
	errno = error;
	return -1;
}

pid_t
light_child_exec(int (*run)(void *arg), void *arg)
{
	char *stack = stack_new();
	int error;
	pid_t pid;

	if (stack == NULL)
		return -1;
	pid = start(stack, CLONE_VFORK, run, arg, NULL);
	error = errno;
	munmap(stack, GUARD_SIZE + STACK_SIZE);
	errno = error;
	return pid;
}

bool
light_child_wait(int fd, int64_t ms)
{
	const int64_t deadline = (int64_t)loop_clock() + ms;
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int ready = 0;

	for (; ready <= 0 && ms > 0; ms = deadline - (int64_t)loop_clock())
		ready = poll(&p, 1, ms > INT_MAX ? INT_MAX : (int)ms);
	return ready > 0;
}

bool
light_child_end(struct light_child *child, int64_t ms, bool group, int *status)
{
	bool ended = light_child_wait(child->pidfd, ms);

	*status = SIGKILL;
	if (!ended) {
		kill(child->pid, SIGKILL);
		ended = light_child_wait(child->pidfd, DEATH_MS);
	}
	/* Dead but not reaped: its group's number is still its own. */
	if (group)
		kill(-child->pid, SIGKILL);
	close(child->pidfd);
	if (!ended)
		return false;
	while (waitpid(child->pid, status, 0) < 0 && errno == EINTR)
		continue;
	munmap(child->stack, GUARD_SIZE + STACK_SIZE);
	return true;
}
