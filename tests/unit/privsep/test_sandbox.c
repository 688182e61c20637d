/*
 * The filters: what is not in the list kills, what is works.
 */
#include "config.h"

#include "tests/unit/privsep/suites.h"

#include "privsep/sandbox.h"

#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int pair[2];

/* Raw system calls: what a broken process would make. */
static void
do_open(void)
{
	(void)!syscall(SYS_open, "/", O_RDONLY);
}
static void
do_openat(void)
{
	(void)!open("/", O_RDONLY);
}
static void
do_openat2(void)
{
	syscall(437, AT_FDCWD, "/", NULL, 0);
}
static void
do_socket(void)
{
	socket(AF_INET, SOCK_STREAM, 0);
}
static void
do_connect(void)
{
	connect(pair[0], NULL, 0);
}
static void
do_bind(void)
{
	bind(pair[0], NULL, 0);
}
static void
do_accept(void)
{
	accept(pair[0], NULL, NULL);
}
static void
do_execve(void)
{
	execl("/bin/true", "true", (char *)NULL);
}
static void
do_execveat(void)
{
	syscall(SYS_execveat, 0, "", NULL, NULL, 0);
}
static void
do_fork(void)
{
	syscall(SYS_fork);
}
static void
do_vfork(void)
{
	syscall(SYS_clone, CLONE_VFORK | SIGCHLD, 0);
}
static void
do_clone3(void)
{
	syscall(SYS_clone3, NULL, 0);
}
static void
do_thread(void)
{
	syscall(SYS_clone, CLONE_VM | SIGCHLD, 0);
}
static void
do_kill(void)
{
	kill(getppid(), 0);
}
static void
do_ptrace(void)
{
	syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
}
static void
do_chroot(void)
{
	(void)!chroot("/");
}
static void
do_setuid(void)
{
	(void)!setuid(0);
}
static void
do_unlink(void)
{
	unlink("/x");
}
static void
do_stat(void)
{
	access("/", F_OK);
}
static void
do_prctl(void)
{
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}
static void
do_rlimit(void)
{
	syscall(SYS_prlimit64, 0, 0, NULL, NULL);
}
static void
do_vm_read(void)
{
	syscall(SYS_process_vm_readv, 1, 0, 0, 0, 0, 0);
}
static void
do_bpf(void)
{
	syscall(SYS_bpf, 0, NULL, 0);
}
static void
do_uring(void)
{
	syscall(425, 1, NULL);
}
static void
do_unshare(void)
{
	syscall(SYS_unshare, 0);
}
static void
do_keyctl(void)
{
	syscall(SYS_keyctl, 0, 0);
}
static void
do_memfd(void)
{
	memfd_create("x", 0);
}
static void
do_exec_memory(void)
{
	mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
static void
do_make_exec(void)
{
	static char page[8192] __attribute__((aligned(4096)));

	mprotect(page, 4096, PROT_READ | PROT_EXEC);
}
static void
do_map_file(void)
{
	mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, pair[0], 0);
}
static void
do_sti(void)
{
	ioctl(0, TIOCSTI, "x");
}
static void
do_ctty(void)
{
	ioctl(0, TIOCSCTTY, 0);
}
static void
do_dupfd(void)
{
	fcntl(pair[0], F_DUPFD, 0);
}
static void
do_setown(void)
{
	fcntl(pair[0], F_SETOWN, 1);
}
static void
do_bindtodevice(void)
{
	setsockopt(pair[0], SOL_SOCKET, SO_BINDTODEVICE, "lo", 3);
}

#define TRY(name)                \
	{                        \
#name, do_##name \
	}
static const struct {
	const char *name;
	void (*call)(void);
} forbidden[] = {TRY(open), TRY(openat), TRY(openat2), TRY(socket),
    TRY(connect), TRY(bind), TRY(accept), TRY(execve), TRY(execveat), TRY(fork),
    TRY(vfork), TRY(clone3), TRY(thread), TRY(kill), TRY(ptrace), TRY(chroot),
    TRY(setuid), TRY(unlink), TRY(stat), TRY(prctl), TRY(rlimit), TRY(vm_read),
    TRY(bpf), TRY(uring), TRY(unshare), TRY(keyctl), TRY(memfd),
    TRY(exec_memory), TRY(make_exec), TRY(map_file), TRY(sti), TRY(ctty),
    TRY(dupfd), TRY(setown), TRY(bindtodevice)};
#define FORBIDDEN (int)(sizeof(forbidden) / sizeof(forbidden[0]))

static void
worker(void)
{
	sandbox_worker_template();
	sandbox_worker();
}

/* Calls that a sanitizer's runtime is let make, to report. */
static bool
let_report(const char *name)
{
#ifdef SANITIZED
	static const char *const let[] = {"vfork", "thread", "kill", "rlimit",
	    "exec_memory", "make_exec", "map_file"};

	for (size_t i = 0; i < sizeof(let) / sizeof(let[0]); i++)
		if (strcmp(let[i], name) == 0) {
			printf("skipped: %s: a sanitizer's report needs it\n",
			    name);
			return true;
		}
#endif
	(void)name;
	return false;
}

/* How a child ends that filters itself and then does it. */
static int
filtered(void (*filter)(void), void (*call)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		/* No leave for the reports of sanitized builds. */
		setenv("SALLYPORT_STRICT_SANDBOX", "1", 1);
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
			_exit(99);
		filter();
		call();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

START_TEST(a_worker_dies_of_what_is_not_in_its_list)
{
	if (let_report(forbidden[_i].name))
		return;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ck_assert_msg(filtered(worker, forbidden[_i].call) == -SIGSYS, "%s",
	    forbidden[_i].name);
}
END_TEST

START_TEST(the_keyholder_dies_of_what_is_not_in_its_list)
{
	if (let_report(forbidden[_i].name))
		return;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ck_assert_msg(
	    filtered(sandbox_keyholder, forbidden[_i].call) == -SIGSYS, "%s",
	    forbidden[_i].name);
}
END_TEST

/* The template forks and watches; everything else is as in a worker. */
START_TEST(the_template_forks_and_nothing_more)
{
	if (let_report(forbidden[_i].name))
		return;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ck_assert_msg(
	    filtered(sandbox_worker_template, forbidden[_i].call) == -SIGSYS,
	    "%s", forbidden[_i].name);
}
END_TEST

#define MUST(x)                                \
	do {                                   \
		if (!(x))                      \
			_exit(__LINE__ & 255); \
	} while (0)

static void
work(void)
{
	char byte = 'x', space[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec iov = {&byte, 1};
	struct msghdr msg = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = space,
	    .msg_controllen = sizeof(space)};
	struct epoll_event event = {.events = EPOLLIN};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	struct pollfd p = {.fd = pair[1], .events = POLLIN};
	struct timespec now;
	int epoll = epoll_create1(0), fd, one = 1;
	socklen_t len = sizeof(one);
	void *memory;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	fd = pair[0];
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	MUST(epoll >= 0);
	MUST(epoll_ctl(epoll, EPOLL_CTL_ADD, pair[1], &event) == 0);
	MUST(sendmsg(pair[0], &msg, MSG_NOSIGNAL) == 1);
	MUST(poll(&p, 1, 0) == 1);
	MUST(epoll_wait(epoll, &event, 1, 0) == 1);
	MUST(recvmsg(pair[1], &msg, MSG_CMSG_CLOEXEC) == 1);
	MUST(write(pair[0], &byte, 1) == 1 && read(pair[1], &byte, 1) == 1);
	MUST(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
	MUST(getrandom(&byte, 1, 0) == 1);
	MUST((memory = malloc(8 << 20)) != NULL);
	memset(memory, 1, 8 << 20);
	free(memory);
	MUST(fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0);
	MUST(getsockopt(pair[0], SOL_SOCKET, SO_TYPE, &one, &len) == 0);
	(void)setsockopt(pair[0], IPPROTO_TCP, TCP_NODELAY, &one, len);
	MUST(setsockopt(pair[0], SOL_SOCKET, SO_RCVLOWAT, &one, len) == 0);
	MUST(shutdown(pair[0], SHUT_RDWR) == 0 && close(pair[0]) == 0);
}

START_TEST(what_a_worker_needs_works)
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ck_assert_int_eq(filtered(worker, work), 0);
}
END_TEST

static void
fork_one(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		sandbox_worker();
		_exit(7);
	}
	MUST(pid > 0);
	MUST(waitpid(pid, &status, 0) == pid);
	MUST(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

START_TEST(a_template_forks_workers)
{
	ck_assert_int_eq(filtered(sandbox_worker_template, fork_one), 0);
}
END_TEST

Suite *
suite_sandbox(void)
{
	Suite *s = suite_create("sandbox");
	TCase *t = tcase_create("sandbox");

	suite_add_tcase(s, t);
	tcase_add_loop_test(
	    t, a_worker_dies_of_what_is_not_in_its_list, 0, FORBIDDEN);
	tcase_add_loop_test(
	    t, the_keyholder_dies_of_what_is_not_in_its_list, 0, FORBIDDEN);
	tcase_add_loop_test(
	    t, the_template_forks_and_nothing_more, 0, FORBIDDEN);
	tcase_add_test(t, a_template_forks_workers);
	tcase_add_test(t, what_a_worker_needs_works);
	return s;
}
