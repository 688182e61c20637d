/*
 * The sender to the local syslog socket, for master and monitors.  libc's
 * syslog() blocks when the daemon is slow, and reopens by name after a
 * chroot; this one does neither.  What a full socket does not take is kept, in
 * order and bounded; a process of one connection also waits for it, for a
 * bounded time, so that it cannot run ahead of its log.  A datagram socket is
 * made once and shared over forks: whoever can still see the path reconnects it
 * for all of them.
 */
#include "lib/syslog_out.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/journal.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "lib/rd.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

/* Bytes kept for a daemon that is slow, bookkeeping included. */
#define KEPT_MAX (1024 * 1024)
/* In a process with a loop the socket is tried again so often (ms). */
#define AGAIN_MS 20

/* A record that the socket has not taken; its NUL is counted in len. */
struct kept {
	struct kept *next;
	size_t len;
	char data[];
};

static struct {
	bool open;
	bool fixed; /* no socket can be made any more */
	struct sockaddr_un path;
	char ident[64];
	int facility;
	bool no_pid;
	bool journal; /* records in journald's protocol */
	int fd; /* valid while open, or -1 */
	bool stream;
	/* The rest of a record that a stream socket has taken in part. */
	char rest[SYSLOG_OUT_MAX];
	size_t rest_len;
	struct kept *first, *last;
	size_t kept_bytes;
	uint64_t kept_count;
	unsigned patience; /* ms that a record is waited for */
	bool stuck; /* was waited for in vain: not again until it takes one */
	struct loop *loop;
	struct loop_timer again;
	uint64_t lost, untold;
	pid_t pid; /* whose losses and kept records these are */
	uint64_t *shown; /* untold, where the parent sees it */
} out = {.fd = -1};

static int
make_socket(int type)
{
	return socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* A stream must be made anew; a datagram socket is connected again. */
static bool
reconnect(void)
{
	int fd;

	out.rest_len = 0;
	if (!out.stream) {
		if (out.fd < 0 && (out.fd = make_socket(SOCK_DGRAM)) < 0)
			return false;
		if (connect(out.fd, (struct sockaddr *)&out.path,
			sizeof(out.path)) == 0)
			return true;
		if (errno != EPROTOTYPE || out.journal)
			return false;
	}
	if ((fd = make_socket(SOCK_STREAM)) < 0)
		return false;
	if (connect(fd, (struct sockaddr *)&out.path, sizeof(out.path)) != 0) {
		/* Next time it may be a datagram socket again. */
		if (errno == EPROTOTYPE && out.stream) {
			out.stream = false;
			close(out.fd);
			out.fd = -1;
		}
		close(fd);
		return false;
	}
	if (out.fd >= 0)
		close(out.fd);
	out.fd = fd;
	out.stream = true;
	return true;
}

static bool
good_ident(const char *ident)
{
	size_t len = strlen(ident);

	if (len == 0 || len > 48)
		return false;
	for (size_t i = 0; i < len; i++)
		if (ident[i] <= ' ' || ident[i] > '~' ||
		    strchr("[]:\"\\", ident[i]) != NULL)
			return false;
	return true;
}

int
syslog_out_open(const struct syslog_out_options *options)
{
	const char *path = options->path, *ident = options->ident;

	if (path == NULL)
		path = options->journal ? JOURNAL_PATH : SYSLOG_OUT_PATH;
	if (ident == NULL)
		ident = "sallyport";
	if (!good_ident(ident) || strlen(path) >= sizeof(out.path.sun_path) ||
	    path[0] == '\0')
		return E_VALUE;
	syslog_out_close();
	tzset(); /* the zone is not to be read after a chroot */
	memset(&out.path, 0, sizeof(out.path));
	out.path.sun_family = AF_UNIX;
	strcpy(out.path.sun_path, path);
	strcpy(out.ident, ident);
	out.facility = options->facility == 0 ? LOG_AUTH : options->facility;
	out.no_pid = options->no_pid;
	out.journal = options->journal;
	out.pid = getpid();
	out.open = true;
	(void)reconnect(); /* the daemon may come later */
	return 0;
}

void
syslog_out_close(void)
{
	if (out.fd >= 0)
		close(out.fd);
	out.fd = -1;
	out.open = out.stream = false;
	out.rest_len = 0;
}

void
syslog_out_no_reconnect(void)
{
	out.fixed = true;
}

bool
syslog_out_is_open(void)
{
	return out.open;
}

int
syslog_out_priority(int severity)
{
	return (out.open ? out.facility : LOG_AUTH) | (severity & 7);
}

const char *
syslog_out_ident(void)
{
	return out.open ? out.ident : "sallyport";
}

const char *
syslog_out_carrier(void)
{
	return out.journal ? "the journal" : "syslog";
}

static void
forget_first(void)
{
	struct kept *k = out.first;

	out.first = k->next;
	if (out.first == NULL)
		out.last = NULL;
	out.kept_bytes -= sizeof(*k) + k->len;
	out.kept_count--;
	free(k);
}

/* After a fork only the parent reports records that it lost or kept. */
static void
own_losses(void)
{
	pid_t pid = getpid();

	if (pid != out.pid) {
		out.pid = pid;
		out.lost = out.untold = 0;
		out.shown = NULL;
		out.loop = NULL; /* and its timer are the parent's */
		memset(&out.again, 0, sizeof(out.again));
		while (out.first != NULL)
			forget_first();
		out.stuck = false;
	}
}

/* Should this process be killed, what it keeps is lost, too. */
static void
show_untold(void)
{
	if (out.shown != NULL)
		__atomic_store_n(
		    out.shown, out.untold + out.kept_count, __ATOMIC_RELAXED);
}

void
syslog_out_show(uint64_t *untold)
{
	own_losses();
	out.shown = untold;
	show_untold();
}

void
syslog_out_inherit(uint64_t untold)
{
	own_losses();
	out.untold += untold;
	show_untold();
}

uint64_t
syslog_out_lost(void)
{
	own_losses();
	return out.lost;
}

uint64_t
syslog_out_untold(void)
{
	own_losses();
	return out.untold;
}

void
syslog_out_told(uint64_t n)
{
	out.untold -= n < out.untold ? n : out.untold;
	show_untold();
}

static ssize_t
send_once(const char *data, size_t len)
{
	ssize_t n;

	do
		n = send(out.fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n;
}

/* The rest of the last record goes to the stream before any other. */
static bool
send_rest(void)
{
	ssize_t n;

	if (out.rest_len == 0)
		return true;
	n = send_once(out.rest, out.rest_len);
	if (n < 0)
		return false;
	out.rest_len -= (size_t)n;
	memmove(out.rest, &out.rest[n], out.rest_len);
	if (out.rest_len != 0)
		errno = EAGAIN;
	return out.rest_len == 0;
}

/* len includes a NUL, which ends a record in a stream (RFC 3164 has none). */
static bool
send_record(const char *data, size_t len)
{
	ssize_t n;

	if (out.fd < 0) {
		errno = ENOTCONN;
		return false;
	}
	if (!out.stream) {
		if (send_once(data, len - 1) >= 0)
			return true;
		/* In a sandbox there is no memfd. */
		return out.journal && errno == EMSGSIZE && !out.fixed &&
		    journal_send_sealed(out.fd, data, len - 1) == 0;
	}
	if (!send_rest() || (n = send_once(data, len)) < 0)
		return false;
	out.rest_len = len - (size_t)n;
	memcpy(out.rest, &data[n], out.rest_len);
	return true;
}

static bool
is_full(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS;
}

/* A full queue is a daemon that is slow; anything else, one gone. */
static bool
try_record(const char *data, size_t len)
{
	if (send_record(data, len))
		return true;
	if (is_full(errno) || errno == EMSGSIZE || out.fixed || !reconnect())
		return false;
	return send_record(data, len);
}

static void
lose(void)
{
	out.lost++;
	out.untold++;
}

static void
on_again(void *arg)
{
	(void)arg;
	syslog_out_flush();
}

static bool
keep(const char *data, size_t len)
{
	struct kept *k;

	if (out.kept_bytes + sizeof(*k) + len > KEPT_MAX)
		return false;
	k = mem_alloc(sizeof(*k) + len);
	k->next = NULL;
	k->len = len;
	memcpy(k->data, data, len);
	if (out.first == NULL)
		out.first = k;
	else
		out.last->next = k;
	out.last = k;
	out.kept_bytes += sizeof(*k) + len;
	out.kept_count++;
	if (out.loop != NULL && !loop_timer_running(&out.again))
		loop_timer_start(
		    out.loop, &out.again, AGAIN_MS, on_again, NULL);
	return true;
}

void
syslog_out_flush(void)
{
	int saved = errno;

	own_losses();
	while (out.open && out.first != NULL &&
	    try_record(out.first->data, out.first->len)) {
		forget_first();
		out.stuck = false;
	}
	if (out.first != NULL && out.loop != NULL)
		loop_timer_start(
		    out.loop, &out.again, AGAIN_MS, on_again, NULL);
	show_untold();
	errno = saved;
}

void
syslog_out_save(struct buf *b)
{
	own_losses();
	/* A record that a stream has taken in part ends with the stream. */
	buf_u64(b, out.untold + (out.rest_len != 0));
	buf_u32(b, (uint32_t)out.kept_count);
	for (const struct kept *k = out.first; k != NULL; k = k->next)
		buf_string(b, k->data, k->len);
}

void
syslog_out_load(struct rd *r)
{
	uint64_t untold = rd_u64(r);
	uint32_t count = rd_u32(r);
	struct kept *first, *last;
	size_t len;

	own_losses();
	out.untold += untold;
	first = out.first;
	last = out.last;
	out.first = out.last = NULL;
	for (uint32_t i = 0; i < count && r->err == 0; i++) {
		const uint8_t *data =
		    rd_string(r, SYSLOG_OUT_RECORD_MAX + 1, &len);

		if (r->err != 0 || len == 0 || data[len - 1] != '\0')
			continue;
		/* Meant for the other protocol, if log.targets has changed. */
		if ((data[0] == '<') == out.journal ||
		    (!out.journal && len > SYSLOG_OUT_MAX) ||
		    !keep((const char *)data, len))
			lose();
	}
	if (out.first == NULL)
		out.first = first;
	else
		out.last->next = first;
	if (last != NULL)
		out.last = last;
	show_untold();
}

bool
syslog_out_waiting(void)
{
	own_losses();
	return out.first != NULL;
}

/* True once nothing waits; ends early when the socket takes nothing. */
static bool
wait_for_room(unsigned ms)
{
	uint64_t until = loop_clock() + ms, now;
	uint64_t before = out.kept_count;

	syslog_out_flush();
	while (
	    out.first != NULL && out.fd >= 0 && (now = loop_clock()) < until) {
		struct pollfd p = {.fd = out.fd, .events = POLLOUT};

		/* A socket of others, too, may be full again at once. */
		if (poll(&p, 1, (int)(until - now)) > 0 && p.revents != POLLOUT)
			break;
		syslog_out_flush();
		if (out.kept_count < before)
			until = loop_clock() + ms;
		before = out.kept_count;
	}
	return out.first == NULL;
}

void
syslog_out_drain(unsigned ms)
{
	int saved = errno;

	own_losses();
	if (out.open && out.first != NULL)
		(void)wait_for_room(ms);
	while (out.first != NULL) {
		forget_first();
		lose();
	}
	show_untold();
	errno = saved;
}

void
syslog_out_patience(unsigned ms)
{
	own_losses();
	out.patience = ms;
}

void
syslog_out_use_loop(struct loop *loop)
{
	own_losses();
	out.loop = loop;
}

static bool
send_message(const char *data, size_t len)
{
	int saved = errno;
	bool sent = false;

	own_losses();
	if (out.first != NULL)
		syslog_out_flush();
	if (out.first == NULL)
		sent = try_record(data, len);
	/* A daemon that is gone is not waited for. */
	if (!sent && out.first == NULL && !is_full(errno))
		lose();
	else if (!sent && !keep(data, len))
		lose();
	else if (!sent && out.patience != 0 && !out.stuck)
		out.stuck = !wait_for_room(out.patience);
	else if (sent)
		out.stuck = false;
	show_untold();
	errno = saved;
	return sent;
}

bool
syslog_out_send(int severity, const char *text, size_t len)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char message[SYSLOG_OUT_MAX], pid[16] = "";
	time_t now = time(NULL);
	struct tm tm;
	size_t n;

	if (!out.open)
		return false;
	localtime_r(&now, &tm);
	if (!out.no_pid)
		snprintf(pid, sizeof(pid), "[%d]", (int)getpid());
	n = (size_t)snprintf(message, sizeof(message),
	    "<%d>%.3s %2d %02d:%02d:%02d %s%s: ", syslog_out_priority(severity),
	    &months[tm.tm_mon * 3], tm.tm_mday, tm.tm_hour, tm.tm_min,
	    tm.tm_sec, out.ident, pid);
	if (len > sizeof(message) - n - 1)
		len = sizeof(message) - n - 1;
	memcpy(&message[n], text, len);
	message[n + len] = '\0';
	return send_message(message, n + len + 1);
}

bool
syslog_out_send_raw(const char *text, size_t len)
{
	char message[SYSLOG_OUT_RECORD_MAX + 1];
	size_t max = out.journal ? SYSLOG_OUT_RECORD_MAX : SYSLOG_OUT_MAX - 1;

	if (!out.open)
		return false;
	if (len > max)
		len = max;
	memcpy(message, text, len);
	message[len] = '\0';
	return send_message(message, len + 1);
}
