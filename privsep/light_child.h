/*
 * Light children: processes that share their parent's memory until they exec
 * or end, and nothing else: credentials, descriptors, signals and directory
 * are their own.  A fork of a monitor copies the page tables of all its
 * libraries, and each page that either writes afterwards: a millisecond of a
 * login.  A light child costs some 30 microseconds, and can be left behind in
 * a system call that a dead file server does not answer.
 *
 * What runs in one may call nothing that takes a lock or allocates: whom it
 * has become may kill it between any two instructions.  errno is the
 * parent's, too.  The parent must not let go of what it reads before
 * light_child_end().
 */
#ifndef PRIVSEP_LIGHT_CHILD_H
#define PRIVSEP_LIGHT_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct light_child {
	pid_t pid;
	int pidfd;
	void *stack;
};

/*
 * Run run(arg) in a light child, all signals blocked: no handler of the
 * parent's runs there.  What it returns is its exit status.  0, or -1 with
 * errno.
 */
int light_child_start(
    struct light_child *child, int (*run)(void *arg), void *arg);

/*
 * The same for a child that is to exec: the caller waits until it has, or has
 * ended, so that its stack and *arg are the caller's again; it is an ordinary
 * child then.  The child's pid, or -1 with errno.
 */
pid_t light_child_exec(int (*run)(void *arg), void *arg);

/*
 * Is fd readable within ms?  Signals, whose handlers may be a module's, change
 * nothing of that; and errno is not asked, as it may be the child's.
 */
bool light_child_wait(int fd, int64_t ms);

/*
 * Wait ms for its end, then kill it (at once for 0), and reap it.
 * group: the process group it leads goes with it.  *status: as waitpid(2)'s;
 * that of a killed one also if it sits in the kernel and cannot die yet.
 * False then: it is left behind, and its stack stays.
 */
bool light_child_end(
    struct light_child *child, int64_t ms, bool group, int *status);

#endif
