/*
 * Records for the Linux audit over netlink, in the monitor.  Names of users
 * come from the client; everything else in a record is our own.
 */
#include "lib/audit_netlink.h"

#include "lib/mem.h"

#include <sys/socket.h>
#include <sys/syscall.h>

#include <errno.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/futex.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BATCH_MAX   12
#define STACK_SIZE  (32 * 1024)
#define ENCODED_MAX 520 /* 256 bytes in hexadecimal */
/* An answer has been made before send() returns: this is for a busy system. */
#define ANSWER_S 1

struct message {
	struct nlmsghdr header;
	char text[AUDIT_NETLINK_TEXT_MAX];
};

struct batch {
	unsigned count, lost;
	int fd, error;
	atomic_uint thread; /* the kernel writes 0 when it has ended */
	struct message messages[BATCH_MAX];
	_Alignas(16) char stack[STACK_SIZE];
};

static struct {
	struct batch *waiting, *sending;
	struct audit_netlink_loss loss;
	char exe[256];
} self;

static int
open_netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
}

int (*audit_netlink_open)(void) = open_netlink;

/*
 * libaudit's encoding of what it does not trust: in quotes, or in hexadecimal
 * where a byte could end the quotes, the value or the message.  False: it does
 * not fit.
 */
static bool
encode(char *out, size_t size, const char *value)
{
	size_t len = strlen(value);
	bool plain = true;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)value[i];

		if (c <= ' ' || c >= 0x7f || c == '"' || c == '\'')
			plain = false;
	}
	if ((plain ? len + 2 : 2 * len) >= size)
		return false;
	if (plain) {
		snprintf(out, size, "\"%s\"", value);
		return true;
	}
	out[0] = '\0';
	for (size_t i = 0; i < len; i++)
		snprintf(&out[2 * i], 3, "%02X", (unsigned char)value[i]);
	return true;
}

const char *
audit_netlink_word(char *out, size_t size, const char *value)
{
	static const char marks[] = "-_.,:;/+@<>()=";
	size_t n = 0;

	if (value == NULL || value[0] == '\0')
		value = "?";
	for (; n < size - 1 && value[n] != '\0'; n++) {
		char c = value[n];
		bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || strchr(marks, c) != NULL;

		out[n] = fits || strcmp(value, "?") == 0 ? c : '_';
	}
	out[n] = '\0';
	return out;
}

size_t
audit_netlink_format(char out[AUDIT_NETLINK_TEXT_MAX],
    const struct audit_netlink_record *record, const char *exe)
{
	char who[ENCODED_MAX + 8] = "", name[ENCODED_MAX], program[ENCODED_MAX];
	char source[NET_TEXT_MAX] = "?";
	int len;

	if (!encode(program, sizeof(program), exe))
		return 0;
	if (record->by_id) {
		snprintf(who, sizeof(who), " id=%u", (unsigned)record->id);
	} else if (record->acct != NULL) {
		if (!encode(name, sizeof(name), record->acct))
			return 0;
		snprintf(who, sizeof(who), " acct=%s", name);
	}
	if (record->source != NULL && record->source->family != NET_NONE)
		net_print(record->source, source);
	len = snprintf(out, AUDIT_NETLINK_TEXT_MAX,
	    "%s%s exe=%s hostname=? addr=%s terminal=%s res=%s", record->fields,
	    who, program, source,
	    record->terminal != NULL ? record->terminal : "?",
	    record->success ? "success" : "failed");
	return len < AUDIT_NETLINK_TEXT_MAX ? (size_t)len : 0;
}

/*
 * A system call: its result, or minus the errno.  libc's own functions would
 * write to errno, which the thread below shares with the process.
 */
static long
raw(long number, long a, long b, long c, long d, long e, long f)
{
#if defined(__x86_64__)
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile(
	    "syscall"
	    : "=a"(result)
	    : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
	    : "rcx", "r11", "memory");
	return result;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
#else
	long result = syscall(number, a, b, c, d, e, f);

	return result < 0 ? -errno : result;
#endif
}

/* 0, or the errno: also if the kernel does not say that it took it. */
static int
send_message(int fd, const struct message *m)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char more[AUDIT_NETLINK_TEXT_MAX + sizeof(struct nlmsghdr)];
	} answer;
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	struct timespec limit = {.tv_sec = ANSWER_S};
	long n;

	do
		n = raw(SYS_sendto, fd, (long)m, m->header.nlmsg_len,
		    MSG_NOSIGNAL, 0, 0);
	while (n == -EINTR);
	if (n < 0)
		return (int)-n;
	n = raw(SYS_ppoll, (long)&ready, 1, (long)&limit, 0, 0, 0);
	if (n != 1)
		return n < 0 ? (int)-n : ETIMEDOUT;
	n = raw(SYS_recvfrom, fd, (long)&answer, sizeof(answer), MSG_DONTWAIT,
	    0, 0);
	if (n < 0)
		return (int)-n;
	if ((size_t)n < sizeof(answer.header) + sizeof(answer.error.error) ||
	    answer.header.nlmsg_type != NLMSG_ERROR)
		return EPROTO;
	return -answer.error.error;
}

int
audit_netlink_probe(void)
{
	struct message m = {.header = {.nlmsg_len = NLMSG_LENGTH(1),
				.nlmsg_type = AUDIT_NETLINK_USER_ERR,
				.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK}};
	int fd = audit_netlink_open(), error;

	if (fd < 0)
		return errno;
	error = send_message(fd, &m);
	close(fd);
	/* The kernel has looked at the rights before it looks at the text. */
	return error == EINVAL ? 0 : error;
}

/* The thread: no memory, no log, no lock, no function of libc. */
static int
send_batch(void *arg)
{
	struct batch *b = arg;
	int error;

	for (unsigned i = 0; i < b->count; i++)
		if ((error = send_message(b->fd, &b->messages[i])) != 0) {
			b->error = error;
			b->lost++;
		}
	(void)raw(SYS_close, b->fd, 0, 0, 0, 0, 0);
	return 0;
}

static void
lose(unsigned count, int error)
{
	if (count == 0)
		return;
	self.loss.count += count;
	self.loss.error = error;
}

/* True: none is on its way. */
static bool
settle(void)
{
	struct batch *b = self.sending;

	if (b == NULL)
		return true;
	if (atomic_load(&b->thread) != 0)
		return false;
	lose(b->lost, b->error);
	free(b);
	self.sending = NULL;
	return true;
}

/*
 * libc's threads would come with a handler for a signal, by which all threads
 * change their ids together; this one needs neither.
 */
static int
start_thread(struct batch *b)
{
	const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
	    CLONE_THREAD | CLONE_SYSVSEM | CLONE_PARENT_SETTID |
	    CLONE_CHILD_CLEARTID;
	int error;

	b->fd = audit_netlink_open();
	if (b->fd < 0)
		return errno;
	if (clone(send_batch, &b->stack[STACK_SIZE], flags, b, &b->thread, NULL,
		&b->thread) >= 0)
		return 0;
	error = errno;
	close(b->fd);
	return error;
}

void
audit_netlink_flush(void)
{
	int error;

	if (self.waiting == NULL || !settle())
		return;
	self.sending = self.waiting;
	self.waiting = NULL;
	if ((error = start_thread(self.sending)) == 0)
		return;
	lose(self.sending->count, error);
	free(self.sending);
	self.sending = NULL;
}

static void
learn_exe(void)
{
	ssize_t n = readlink("/proc/self/exe", self.exe, sizeof(self.exe) - 1);

	if (n <= 0)
		n = snprintf(self.exe, sizeof(self.exe), "?");
	self.exe[n] = '\0';
}

void
audit_netlink_add(const struct audit_netlink_record *record)
{
	struct message *m;
	size_t len;

	if (self.exe[0] == '\0')
		learn_exe();
	if (self.waiting == NULL)
		self.waiting = mem_zalloc(sizeof(*self.waiting));
	if (self.waiting->count == BATCH_MAX) {
		lose(1, ENOBUFS);
		return;
	}
	m = &self.waiting->messages[self.waiting->count];
	len = audit_netlink_format(m->text, record, self.exe);
	if (len == 0) {
		lose(1, EMSGSIZE);
		return;
	}
	/* With the terminator: the kernel puts one over the last byte. */
	m->header.nlmsg_len = (uint32_t)NLMSG_LENGTH(len + 1);
	m->header.nlmsg_type = (uint16_t)record->type;
	m->header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	self.waiting->count++;
}

/* False: it was not done by then, of the monotonic clock. */
static bool
wait_sent(const struct timespec *until)
{
	struct batch *b = self.sending;
	unsigned thread;
	long err = 0;

	while (b != NULL && (thread = atomic_load(&b->thread)) != 0 &&
	    err != -ETIMEDOUT)
		err = raw(SYS_futex, (long)&b->thread, FUTEX_WAIT_BITSET,
		    thread, (long)until, 0, (long)FUTEX_BITSET_MATCH_ANY);
	return settle();
}

struct audit_netlink_loss
audit_netlink_end(unsigned milliseconds)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += milliseconds / 1000;
	until.tv_nsec += (long)(milliseconds % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	if (wait_sent(&until))
		audit_netlink_flush();
	if (!wait_sent(&until))
		lose(self.sending->count, ETIMEDOUT);
	if (self.waiting != NULL)
		lose(self.waiting->count, ETIMEDOUT);
	return self.loss;
}
