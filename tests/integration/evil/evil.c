/*
 * The daemon with a compromised worker, for tests/integration/test_wall.py;
 * never installed.  A client whose first bytes are "EVIL\n" speaks through
 * it with the real monitor: what it sends goes over the wall byte for byte,
 * what the monitor answers comes back.  Everybody else gets a worker.
 * Everything here runs behind the worker's own filter.
 */
#include "daemon/worker/settings.h"
#include "daemon/worker/worker.h"
#include "lib/buf.h"
#include "lib/ssh/kex.h"
#include "lib/ssh/kexinit.h"
#include "lib/ssh/ssh2.h"
#include "tests/unit/privsep/sample.h"

#include <sys/socket.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROOM	(1024 * 1024)
#define FDS_MAX 16

static int client = -1, wall = -1, pty = -1;
static uint8_t memory[ROOM];

/* `sallyportd-evil --wall-table`: what Python makes messages of. */
static void
print_table(void)
{
	static const char kinds[] = "1248f1ts";
	static const struct {
		uint32_t states;
		enum wall_path path;
	} rules[WALL_TYPES] = {
#define FROM(name_, states_, b, f, a) \
	[MSG_##name_] = {(states_), PATH_WORKER_MONITOR},
	    WALL_WORKER_MONITOR(FROM)};

	for (unsigned t = 1; t < WALL_TYPES; t++) {
		const struct sample_field *f = sample_fields((enum wall_type)t);

		printf("%u %s %s %u %u", t, wall_name((enum wall_type)t),
		    wall_on_path(PATH_WORKER_MONITOR, (enum wall_type)t) ?
			"up" :
			"other",
		    rules[t].states & ((1u << STATE_COUNT) - 1),
		    wall_fds((enum wall_type)t));
		for (; f->name != NULL; f++)
			printf(" %s:%c:%llu", f->name, kinds[f->kind],
			    (unsigned long long)f->limit);
		putchar('\n');
	}
}

static void __attribute__((constructor)) table_option(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--wall-table") == 0) {
		print_table();
		fflush(stdout);
		_exit(0);
	}
}

/* ---- to and from the test ---- */

static void
put(const void *data, size_t len)
{
	const uint8_t *at = data;

	while (len > 0) {
		ssize_t n = write(client, at, len);

		if (n <= 0)
			_exit(0);
		at += n;
		len -= (size_t)n;
	}
}

static void
tell(char kind, unsigned fds, const void *data, size_t len)
{
	uint8_t head[6] = {(uint8_t)kind, (uint8_t)(len >> 24),
	    (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len,
	    (uint8_t)fds};

	put(head, sizeof(head));
	put(data, len);
}

static void
get(void *data, size_t len)
{
	uint8_t *at = data;

	while (len > 0) {
		ssize_t n = read(client, at, len);

		if (n <= 0)
			_exit(0);
		at += n;
		len -= (size_t)n;
	}
}

/* ---- the wall ---- */

static void
relay(void)
{
	static uint8_t answer[ROOM];
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control;
	struct iovec iov = {answer, sizeof(answer)};
	struct msghdr msg = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof(control)};
	struct cmsghdr *c;
	unsigned count = 0;
	ssize_t n = recvmsg(wall, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		tell('E', 0, "", 0);
		_exit(0);
	}
	for (c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c)) {
		count += (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		if (n > 1 && (answer[0] << 8 | answer[1]) == MSG_pty_made)
			memcpy(&pty, CMSG_DATA(c), sizeof(pty));
	}
	tell('M', count, answer, (size_t)n);
}

static void
send_raw(size_t len, unsigned count)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control;
	struct iovec iov = {memory, len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct pollfd p = {.fd = wall, .events = POLLIN | POLLOUT};
	int fds[FDS_MAX];

	memset(&control, 0, sizeof(control));
	if (count > FDS_MAX)
		_exit(1);
	if (count != 0) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(count * sizeof(int));
		CMSG_FIRSTHDR(&msg)->cmsg_level = SOL_SOCKET;
		CMSG_FIRSTHDR(&msg)->cmsg_type = SCM_RIGHTS;
		CMSG_FIRSTHDR(&msg)->cmsg_len = CMSG_LEN(count * sizeof(int));
		for (unsigned i = 0; i < count; i++)
			fds[i] = client;
		memcpy(
		    CMSG_DATA(CMSG_FIRSTHDR(&msg)), fds, count * sizeof(int));
	}
	while (sendmsg(wall, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		if (errno != EAGAIN) {
			int err = errno;

			/* Relay the messages that still come, then the end. */
			tell('X', 0, &err, sizeof(err));
			for (;;)
				relay();
		}
		(void)poll(&p, 1, -1);
		if ((p.revents & POLLIN) != 0)
			relay();
	}
}

/* ---- a good key exchange, to begin with or to spoil ---- */

static void
make_kex(const struct worker_settings *s, const char *name)
{
	const struct kexinit_offer theirs = {.kex = name,
	    .host_key = "ssh-ed25519",
	    .ciphers = "aes256-gcm@openssh.com",
	    .macs = "hmac-sha2-256",
	    .compression = "none"};
	const uint8_t cookie[KEXINIT_COOKIE] = {1};
	const struct kex_method *method = kex_find(name, strlen(name));
	struct kex_client *half = NULL;
	struct buf i_c, i_s, q_c, q_s, secret, out;
	struct wall_message m;

	buf_init(&i_c, SSH_KEXINIT_MAX);
	buf_init(&i_s, SSH_KEXINIT_MAX);
	buf_init(&q_c, WALL_SHARE_MAX);
	buf_init(&q_s, WALL_SHARE_MAX);
	buf_init(&secret, WALL_SHARE_MAX);
	buf_init(&out, ROOM);
	kexinit_write(&i_s, cookie, &s->offer);
	kexinit_write(&i_c, cookie, &theirs);
	if (method == NULL ||
	    kex_client_start(method, NULL, &half, &q_c) != 0 ||
	    kex_server_respond(method, q_c.data, q_c.len, &q_s, &secret) != 0)
		_exit(1);
	kex_client_free(half);
	sample_empty(&m, MSG_kex);
	m.kex.kexinit_client = (struct bytes){i_c.data, i_c.len};
	m.kex.kexinit_server = (struct bytes){i_s.data, i_s.len};
	m.kex.client_share = (struct bytes){q_c.data, q_c.len};
	m.kex.server_share = (struct bytes){q_s.data, q_s.len};
	m.kex.shared_secret = (struct bytes){secret.data, secret.len};
	sample_encode(&m, &out);
	tell('G', 0, out.data, out.len);
	buf_free(&i_c);
	buf_free(&i_s);
	buf_free(&q_c);
	buf_free(&q_s);
	buf_free(&secret);
	buf_free(&out);
}

/* ---- what the filter must not let through ---- */

static void
try_forbidden(uint8_t what)
{
	char *const argv[] = {memory[0] == 0 ? NULL : (char *)memory, NULL};

	switch (what) {
	case 'o':
		(void)!syscall(SYS_openat, AT_FDCWD, "/", O_RDONLY);
		break;
	case 's':
		(void)socket(AF_INET, SOCK_STREAM, 0);
		break;
	case 'e':
		(void)execve("/bin/sh", argv, argv);
		break;
	case 'f':
		(void)syscall(SYS_clone, 17, 0, 0, 0, 0);
		break;
	case 'k':
		(void)syscall(SYS_kill, 1, 0);
		break;
	case 'p':
		(void)syscall(SYS_ptrace, 0, 0, 0, 0);
		break;
	case 'c': /* killed all the same: raise() is not in the list */
		(void)raise(SIGSEGV);
		break;
	case 'a':
		abort();
	case 'q': /* leaves without a word */
		_exit(0);
	default:
		_exit(1);
	}
	tell('!', 0, &what, 1); /* it came back: the test fails */
}

/* ---- bugs, as they slip in: a sanitizer must see them from in here ---- */

static void
commit_bug(uint8_t which)
{
	/* volatile, so that the compiler does not see the bugs. */
	static volatile size_t beyond = 24;
	static volatile int most = 0x7fffffff;
	static volatile uint8_t *volatile heap;

	if ((heap = malloc(24)) == NULL)
		_exit(1);
	switch (which) {
	case 'h': /* writes past the end */
		heap[beyond] = 1;
		break;
	case 'a': /* reads after the end of its life */
		free((void *)(uintptr_t)heap);
		most = heap[beyond - 1];
		break;
	case 's': /* signed overflow */
		most = most + 1;
		break;
	default:
		_exit(1);
	}
	tell('!', 0, &which, 1); /* nobody noticed: the test fails */
}

/*
 * Say the same again and again, and read nothing of what the monitor answers:
 * neither the wall nor the test, until the monitor has gone.
 */
static void __attribute__((noreturn)) never_read(size_t len)
{
	struct pollfd p = {.fd = wall, .events = POLLOUT};

	while (send(wall, memory, len, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0 ||
	    errno == EAGAIN) {
		(void)poll(&p, 1, 1000);
		if ((p.revents & (POLLHUP | POLLERR)) != 0)
			break;
	}
	tell('E', 0, "", 0);
	_exit(0);
}

static void
command(const struct worker_settings *s)
{
	uint8_t head[6];
	size_t len;

	get(head, sizeof(head));
	len = (size_t)head[1] << 24 | (size_t)head[2] << 16 |
	    (size_t)head[3] << 8 | head[4];
	if (len >= sizeof(memory))
		_exit(1);
	get(memory, len);
	memory[len] = '\0';
	if (head[0] == 'W')
		send_raw(len, head[5]);
	else if (head[0] == 'G')
		make_kex(s, (const char *)memory);
	else if (head[0] == 'S')
		try_forbidden(memory[0]);
	else if (head[0] == 'B')
		commit_bug(memory[0]);
	else if (head[0] == 'N')
		never_read(len);
	else if (head[0] == 'P')
		close(pty); /* and the monitor is not told */
	else
		_exit(1);
}

static bool
is_evil(int in)
{
	char first[5];
	struct iovec iov = {first, sizeof(first)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct pollfd p = {.fd = in, .events = POLLIN};

	if (poll(&p, 1, 3000) <= 0)
		return false;
	return recvmsg(in, &msg, MSG_PEEK | MSG_DONTWAIT) ==
	    (ssize_t)sizeof(first) &&
	    memcmp(first, "EVIL\n", sizeof(first)) == 0;
}

void __real_worker_run(int in, int out, int wall_fd,
    const struct worker_settings *settings, struct moduli *moduli)
    __attribute__((noreturn));
void __wrap_worker_run(int in, int out, int wall_fd,
    const struct worker_settings *settings, struct moduli *moduli)
    __attribute__((noreturn));

void
__wrap_worker_run(int in, int out, int wall_fd,
    const struct worker_settings *settings, struct moduli *moduli)
{
	char first[5];

	if (!is_evil(in))
		__real_worker_run(in, out, wall_fd, settings, moduli);
	client = in;
	wall = wall_fd;
	get(first, sizeof(first));
	for (;;) {
		struct pollfd p[2] = {{.fd = client, .events = POLLIN},
		    {.fd = wall, .events = POLLIN}};

		(void)poll(p, 2, -1);
		if (p[1].revents != 0)
			relay();
		if (p[0].revents != 0)
			command(settings);
	}
}
