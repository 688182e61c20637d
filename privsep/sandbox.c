/*
 * The filters, made with libseccomp: lists of calls, each with the reason it
 * is there.  What is not in the list kills the process.
 */
#include "config.h"

#include "privsep/sandbox.h"

#include "lib/log.h"
#include "privsep/die.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

/* Pure computation, memory and descriptors one has: every sandbox. */
static const int base_calls[] = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(close),
    SCMP_SYS(shutdown),
    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(munmap),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(mremap),
    SCMP_SYS(getrandom),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getppid),
    SCMP_SYS(futex),
    SCMP_SYS(sendto),
    SCMP_SYS(mlock),
    SCMP_SYS(munlock),
#ifdef SANITIZED
    /* So that a report comes out before the process goes down. */
    SCMP_SYS(sigaltstack),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(sched_yield),
    SCMP_SYS(getrlimit),
    SCMP_SYS(prlimit64),
    SCMP_SYS(sysinfo),
    SCMP_SYS(tgkill),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(mprotect),
    SCMP_SYS(mincore),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(mmap),
    SCMP_SYS(dup),
    SCMP_SYS(dup2),
    SCMP_SYS(pipe2),
    SCMP_SYS(clone),
    SCMP_SYS(wait4),
    SCMP_SYS(kill),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(uname),
    SCMP_SYS(statx),
#endif
};

static scmp_filter_ctx
begin(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);

	if (ctx == NULL)
		die("seccomp_init");
	/* A foreign architecture's calls are not looked at: they kill. */
	if (seccomp_attr_set(
		ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0 ||
	    seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2) != 0)
		die("seccomp_attr_set");
#ifdef SANITIZED
	/* The symbolizer and /proc/self/maps: no, but without a death. */
	static const int refused[] = {SCMP_SYS(openat), SCMP_SYS(open),
	    SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(access),
	    SCMP_SYS(stat), SCMP_SYS(ptrace), SCMP_SYS(prctl)};
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (getenv("SALLYPORT_STRICT_SANDBOX") == NULL &&
		    seccomp_rule_add(
			ctx, SCMP_ACT_ERRNO(EPERM), refused[i], 0) != 0)
			die("seccomp_rule_add");
#endif
	return ctx;
}

static void
allow(scmp_filter_ctx ctx, int call)
{
	int err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call, 0);

	/* EDOM: a call this architecture does not have. */
	if (err != 0 && err != -EDOM && err != -EEXIST)
		die("seccomp_rule_add %d: %d", call, err);
}

static void
allow_all(scmp_filter_ctx ctx, const int *calls, size_t count)
{
	for (size_t i = 0; i < count; i++)
		allow(ctx, calls[i]);
}
#define ALLOW_ALL(ctx, list) \
	allow_all((ctx), (list), sizeof(list) / sizeof((list)[0]))

static void
allow_if(scmp_filter_ctx ctx, int call, unsigned argument, uint64_t value)
{
	struct scmp_arg_cmp cmp = SCMP_CMP(argument, SCMP_CMP_EQ, value, 0);

	if (seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, call, 1, &cmp) != 0)
		die("seccomp_rule_add %d", call);
}

static void
allow_if2(scmp_filter_ctx ctx, int call, unsigned a, uint64_t av, unsigned b,
    uint64_t bv)
{
	struct scmp_arg_cmp cmp[2] = {
	    SCMP_CMP(a, SCMP_CMP_EQ, av, 0), SCMP_CMP(b, SCMP_CMP_EQ, bv, 0)};

	if (seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, call, 2, cmp) != 0)
		die("seccomp_rule_add %d", call);
}

/* Memory without execution, whatever libcrypto or malloc ask for. */
static void
allow_memory(scmp_filter_ctx ctx)
{
#ifndef SANITIZED
	struct scmp_arg_cmp plain = SCMP_CMP(
	    2, SCMP_CMP_MASKED_EQ, (uint64_t) ~(PROT_READ | PROT_WRITE), 0);
	struct scmp_arg_cmp map[2] = {plain,
	    SCMP_CMP(3, SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS)};

	if (seccomp_rule_add_array(
		ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, &plain) != 0 ||
	    seccomp_rule_add_array(
		ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, map) != 0)
		die("seccomp_rule_add mmap");
#else
	(void)ctx;
#endif
}

static void
allow_descriptor_flags(scmp_filter_ctx ctx)
{
	allow_if(ctx, SCMP_SYS(fcntl), 1, F_DUPFD_CLOEXEC);
	allow_if(ctx, SCMP_SYS(fcntl), 1, F_GETFL);
	allow_if(ctx, SCMP_SYS(fcntl), 1, F_SETFL);
	allow_if(ctx, SCMP_SYS(fcntl), 1, F_GETFD);
	allow_if(ctx, SCMP_SYS(fcntl), 1, F_SETFD);
}

/* The client's socket: how packets leave it, and what it knows of the path. */
static void
allow_socket_options(scmp_filter_ctx ctx)
{
	static const int tcp[] = {TCP_NODELAY, TCP_QUICKACK, TCP_NOTSENT_LOWAT};
	static const int socket_level[] = {SO_KEEPALIVE, SO_RCVLOWAT};

	for (size_t i = 0; i < sizeof(tcp) / sizeof(tcp[0]); i++)
		allow_if2(ctx, SCMP_SYS(setsockopt), 1, IPPROTO_TCP, 2,
		    (uint64_t)tcp[i]);
	for (size_t i = 0; i < sizeof(socket_level) / sizeof(int); i++)
		allow_if2(ctx, SCMP_SYS(setsockopt), 1, SOL_SOCKET, 2,
		    (uint64_t)socket_level[i]);
	allow_if2(ctx, SCMP_SYS(setsockopt), 1, IPPROTO_IP, 2, IP_TOS);
	allow_if2(ctx, SCMP_SYS(setsockopt), 1, IPPROTO_IPV6, 2, IPV6_TCLASS);
	allow_if2(ctx, SCMP_SYS(getsockopt), 1, IPPROTO_TCP, 2, TCP_INFO);
	allow_if(ctx, SCMP_SYS(getsockopt), 1, SOL_SOCKET);
	allow_if(ctx, SCMP_SYS(ioctl), 1, TIOCSWINSZ);
	allow_if(ctx, SCMP_SYS(ioctl), 1, FIONREAD);
	allow_if(ctx, SCMP_SYS(ioctl), 1, SIOCOUTQ);
	allow_if(ctx, SCMP_SYS(ioctl), 1, SIOCOUTQNSD);
	/* A terminal's modes, on its master side. */
	allow_if(ctx, SCMP_SYS(ioctl), 1, TCGETS);
	allow_if(ctx, SCMP_SYS(ioctl), 1, TCSETS);
}

static void
load(scmp_filter_ctx ctx, const char *who)
{
	int err = seccomp_load(ctx);

	if (err != 0)
		die("seccomp filter of the %s: error %d", who, -err);
	seccomp_release(ctx);
}

void
sandbox_keyholder(void)
{
	static const int more[] = {SCMP_SYS(fstat), SCMP_SYS(newfstatat)};
	scmp_filter_ctx ctx = begin();

	ALLOW_ALL(ctx, base_calls);
	ALLOW_ALL(ctx, more);
	allow_memory(ctx);
	allow_descriptor_flags(ctx);
	load(ctx, "keyholder");
}

void
sandbox_reader(void)
{
	static const int more[] = {SCMP_SYS(fstat), SCMP_SYS(newfstatat),
	    SCMP_SYS(lseek), SCMP_SYS(pread64)};
	scmp_filter_ctx ctx = begin();

	ALLOW_ALL(ctx, base_calls);
	ALLOW_ALL(ctx, more);
	allow_memory(ctx);
	allow_if(ctx, SCMP_SYS(fcntl), 1, F_GETFL);
	/* Is its output a terminal, and how large? */
	allow_if(ctx, SCMP_SYS(ioctl), 1, TCGETS);
	allow_if(ctx, SCMP_SYS(ioctl), 1, TIOCGWINSZ);
	load(ctx, "reader");
}

/* Files, name servers, the syslog: libkrb5 hears that there is none of them. */
static void
refuse_files(scmp_filter_ctx ctx)
{
	static const int none[] = {SCMP_SYS(open), SCMP_SYS(openat),
	    SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2),
	    SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(statx),
	    SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(socket)};

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		int err =
		    seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOENT), none[i], 0);

		if (err != 0 && err != -EDOM && err != -EEXIST)
			die("seccomp_rule_add %d: %d", none[i], err);
	}
}

/* Its root directory is empty: newfstatat() finds nothing in it either. */
void
sandbox_ticketholder(void)
{
	static const int more[] = {SCMP_SYS(fstat), SCMP_SYS(newfstatat),
	    SCMP_SYS(alarm), SCMP_SYS(setitimer), SCMP_SYS(getuid),
	    SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid),
	    SCMP_SYS(uname)};
	scmp_filter_ctx ctx = begin();

	ALLOW_ALL(ctx, base_calls);
	ALLOW_ALL(ctx, more);
	refuse_files(ctx);
	allow_memory(ctx);
	allow_descriptor_flags(ctx);
	load(ctx, "ticketholder");
}

/* It appends to a file that it has, and moves bytes between others. */
void
sandbox_recorder(void)
{
	scmp_filter_ctx ctx = begin();

	ALLOW_ALL(ctx, base_calls);
	allow(ctx, SCMP_SYS(fdatasync));
	allow(ctx, SCMP_SYS(recvfrom));
	allow_memory(ctx);
	/* A terminal's modes and size, on its master side. */
	allow_if(ctx, SCMP_SYS(ioctl), 1, TCGETS);
	allow_if(ctx, SCMP_SYS(ioctl), 1, TIOCSWINSZ);
	load(ctx, "recorder");
}

/*
 * All but these.  No process of a helper's is left when it is killed, and its
 * end cannot be put off: PDEATHSIG stays.  A user namespace would give it
 * capabilities; io_uring and the keyrings are the kernel's to strangers.
 */
void
sandbox_helper(void)
{
	static const int refused[] = {SCMP_SYS(fork), SCMP_SYS(vfork),
	    SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(unshare),
	    SCMP_SYS(setns), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
	    SCMP_SYS(process_vm_writev), SCMP_SYS(pidfd_getfd), SCMP_SYS(bpf),
	    SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd),
	    SCMP_SYS(io_uring_setup), SCMP_SYS(add_key), SCMP_SYS(keyctl),
	    SCMP_SYS(request_key), SCMP_SYS(mount), SCMP_SYS(umount2),
	    SCMP_SYS(pivot_root), SCMP_SYS(chroot)};
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int err;

	if (ctx == NULL ||
	    seccomp_attr_set(
		ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0)
		die("seccomp_init");
	for (size_t i = 0; i < sizeof(refused) / sizeof(int); i++) {
		err =
		    seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), refused[i], 0);
		if (err != 0 && err != -EDOM)
			die("seccomp_rule_add %d: %d", refused[i], err);
	}
	/* Its flags lie in memory: libc makes threads by clone() instead. */
	if (seccomp_rule_add(
		ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) != 0 ||
	    seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
		SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0)) != 0 ||
	    seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(prctl), 1,
		SCMP_A0(SCMP_CMP_MASKED_EQ, 0xffffffff, PR_SET_PDEATHSIG)) !=
		0 ||
	    seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(prctl), 1,
		SCMP_A0(SCMP_CMP_MASKED_EQ, 0xffffffff, PR_SET_DUMPABLE)) != 0)
		die("seccomp_rule_add");
	load(ctx, "helper");
}

/* Calls that only a worker's template needs: fork, watch, reap, and filter. */
static const int template_calls[] = {SCMP_SYS(pidfd_open), SCMP_SYS(waitid),
    SCMP_SYS(wait4), SCMP_SYS(set_robust_list), SCMP_SYS(rseq),
    SCMP_SYS(seccomp), SCMP_SYS(close_range), SCMP_SYS(signalfd4),
    SCMP_SYS(set_tid_address), SCMP_SYS(prctl), SCMP_SYS(clone)};

/* The worker's program, compiled once and loaded in each fork. */
static struct sock_fprog worker_program;

/*
 * The template's filter stays in force in each worker, and the kernel obeys
 * the strictest of all filters: so the worker's own only takes away what the
 * template had more.  The list of what is allowed is looked through once a
 * call, not twice, and a fork compiles a dozen instructions instead of 300.
 */
static scmp_filter_ctx
without_template_calls(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);

	if (ctx == NULL ||
	    seccomp_attr_set(
		ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0)
		die("seccomp_init");
	for (size_t i = 0; i < sizeof(template_calls) / sizeof(int); i++) {
		int call = template_calls[i];
#ifdef SANITIZED
		/* These a report needs. */
		if (call == SCMP_SYS(clone) || call == SCMP_SYS(wait4) ||
		    call == SCMP_SYS(prctl))
			continue;
#endif
		if (seccomp_rule_add(ctx, SCMP_ACT_KILL_PROCESS, call, 0) != 0)
			die("seccomp_rule_add %d", call);
	}
	return ctx;
}

static void
compile_worker(void)
{
	scmp_filter_ctx ctx = without_template_calls();
	int fd = memfd_create("filter", MFD_CLOEXEC);
	struct stat st;
	void *program;

	if (fd < 0 || seccomp_export_bpf(ctx, fd) != 0 || fstat(fd, &st) != 0)
		die_errno("seccomp_export_bpf");
	program = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (program == MAP_FAILED)
		die_errno("mmap");
	close(fd);
	worker_program.filter = program;
	worker_program.len =
	    (unsigned short)((size_t)st.st_size / sizeof(struct sock_filter));
	seccomp_release(ctx);
}

void
sandbox_worker_template(void)
{
	scmp_filter_ctx ctx;

	compile_worker();
	ctx = begin();
	ALLOW_ALL(ctx, base_calls);
	/* All of template_calls but the last two, of which there is less. */
	allow_all(
	    ctx, template_calls, sizeof(template_calls) / sizeof(int) - 2);
	allow_memory(ctx);
	allow_descriptor_flags(ctx);
	allow_socket_options(ctx);
	allow_if(ctx, SCMP_SYS(prctl), 0, PR_SET_NAME);
	allow_if(ctx, SCMP_SYS(prctl), 0, PR_SET_PDEATHSIG);
	/* fork(), and nothing that makes a thread or a namespace. */
#ifndef SANITIZED
	allow_if(ctx, SCMP_SYS(clone), 0,
	    CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD);
#endif
	load(ctx, "worker template");
}

void
sandbox_worker(void)
{
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &worker_program) !=
	    0)
		die_errno("seccomp filter of the worker");
}
