/*
 * Records for the Linux audit over netlink, in the monitor.  Names of users
 * come from the client; everything else in a record is our own.
 */
#include "lib/audit_netlink.h"

#include "lib/mem.h"

#include <sys/socket.h>

#include <errno.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BATCH_MAX   12
#define STACK_SIZE  (64 * 1024)
#define ENCODED_MAX 520 /* 256 bytes in hexadecimal */
/* An answer has been made before send() returns: this is for a busy system. */
#define ANSWER_MS 1000

struct message {
	struct nlmsghdr header;
	char text[AUDIT_NETLINK_TEXT_MAX];
};

struct batch {
	unsigned count, lost;
	int error;
	atomic_bool done;
	struct message messages[BATCH_MAX];
};

static struct {
	struct batch *waiting, *sending;
	pthread_t thread; /* of sending */
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
	ssize_t n;

	do
		n = send(fd, m, m->header.nlmsg_len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno;
	if (poll(&ready, 1, ANSWER_MS) != 1)
		return ETIMEDOUT;
	n = recv(fd, &answer, sizeof(answer), MSG_DONTWAIT);
	if (n < 0)
		return errno;
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

/* The thread: no memory, no log, no lock. */
static void *
send_batch(void *arg)
{
	struct batch *b = arg;
	int fd = audit_netlink_open(), error;

	if (fd < 0) {
		b->error = errno;
		b->lost = b->count;
	}
	for (unsigned i = 0; fd >= 0 && i < b->count; i++)
		if ((error = send_message(fd, &b->messages[i])) != 0) {
			b->error = error;
			b->lost++;
		}
	if (fd >= 0)
		close(fd);
	atomic_store(&b->done, true);
	return NULL;
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
settle(bool joined)
{
	struct batch *b = self.sending;

	if (b == NULL)
		return true;
	if (!joined &&
	    (!atomic_load(&b->done) || pthread_join(self.thread, NULL) != 0))
		return false;
	lose(b->lost, b->error);
	free(b);
	self.sending = NULL;
	return true;
}

static int
start_thread(struct batch *b)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	int error;

	if ((error = pthread_attr_init(&attributes)) != 0)
		return error;
	sigfillset(&all);
	error = pthread_attr_setstacksize(&attributes, STACK_SIZE);
	if (error == 0 &&
	    (error = pthread_sigmask(SIG_SETMASK, &all, &before)) == 0) {
		error =
		    pthread_create(&self.thread, &attributes, send_batch, b);
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	}
	pthread_attr_destroy(&attributes);
	return error;
}

void
audit_netlink_flush(void)
{
	int error;

	if (self.waiting == NULL || !settle(false))
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

/* False: it was not done by then. */
static bool
wait_sent(const struct timespec *until)
{
	if (self.sending == NULL)
		return true;
	return pthread_timedjoin_np(self.thread, NULL, until) == 0 &&
	    settle(true);
}

struct audit_netlink_loss
audit_netlink_end(unsigned milliseconds)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
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
