/*
 * The worker template: exec'd once a generation, chrooted, dropped and
 * filtered before it runs this.  It prepares all that a worker needs, then
 * forks one for each connection the master hands it, and buries them.  It
 * reads nothing from the network and knows no policy.
 */
#include "daemon/worker/header.h"
#include "daemon/worker/settings.h"
#include "daemon/worker/worker.h"

#include "lib/err.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "lib/ssh/cipher.h"
#include "lib/ssh/kex.h"
#include "lib/ssh/lacking.h"
#include "lib/ssh/moduli.h"
#include "privsep/sandbox.h"
#include "privsep/spawn.h"
#include "privsep/title.h"
#include "privsep/wall_queue.h"

#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A child, until its death is told. */
struct child {
	struct child *next, **link;
	struct loop_fd handle;
	int pidfd;
	pid_t pid;
	uint64_t connection;
	bool reader; /* of a PROXY header: of its end a crash alone is told */
	struct loop_timer overdue; /* then it is killed */
};

static struct wall master;
static struct loop *loop;
static struct loop_fd master_handle;
static struct child *children;
static struct worker_settings settings;
static struct kexinit_offer offers[WALL_OFFERS_MAX];
static size_t n_offers;
static struct moduli *moduli;

/* The master gives a balancer half of it. */
#define READER_MS (10 * 1000)
/* The master may read late; it is told why before the end. */
#define LAST_WORDS_MS 1000

static void __attribute__((noreturn)) give_up(const char *what, int err)
{
	log_error(
	    "%s: %s", what, err == E_SYSTEM ? strerror(errno) : err_text(err));
	(void)wall_queue_drain(&master, LAST_WORDS_MS);
	_exit(1);
}

static void
tell_line(int level, const char *line, void *arg)
{
	char text[WALL_TEXT_MAX + 1];

	(void)arg;
	snprintf(text, sizeof(text), "%s", line);
	(void)WALL_SEND(
	    &master, worker_log, .level = (uint8_t)level, .line = text);
}

/* ---- settings ---- */

/* Has it the master's settings? */
struct template
{
	bool settled;
};

#undef PEER_CONTEXT
#define PEER_CONTEXT struct template
WALL_MASTER_WORKERS(PEER_DECLARE_STATIC)
PEER_HANDLE(MASTER_WORKERS)
static const struct peer from_master = {.handle = peer_MASTER_WORKERS};

/* Behind the offers, all else. */
static int
on_settings(struct template *t, struct wall_message *message)
{
	const struct msg_settings *m = &message->settings;
	unsigned line = 0;
	int err;

	if (n_offers == 0)
		return E_STATE;
	t->settled = true;
	/* As the monitor does, which compares. */
	settings.signature_algorithms =
	    lacking_left_out(m->signature_algorithms, lacking_key_alg);
	settings.identification = mem_strdup(m->identification);
	settings.rekey_bytes = m->rekey_bytes;
	settings.rekey_seconds = m->rekey_seconds;
	settings.window_max = m->window_max;
	settings.tcp_keepalive = m->tcp_keepalive;
	settings.tos_interactive = (uint8_t)m->tos_interactive;
	settings.tos_bulk = (uint8_t)m->tos_bulk;
	if (m->moduli.len == 0)
		return 0;
	err = moduli_parse(
	    (const char *)m->moduli.data, m->moduli.len, &moduli, &line);
	if (err != 0)
		give_up("moduli", err);
	return 0;
}

static int
on_offer(struct template *t, struct wall_message *message)
{
	const struct msg_offer *m = &message->offer;
	struct kexinit_offer *offer;

	if (t->settled || n_offers == WALL_OFFERS_MAX)
		return E_STATE;
	offer = &offers[n_offers++];
	/* As the monitor does, which compares. */
	offer->kex = lacking_left_out(m->kex, lacking_kex);
	offer->host_key = mem_strdup(m->host_key_algorithms);
	offer->ciphers = mem_strdup(m->ciphers);
	offer->macs = mem_strdup(m->macs);
	offer->compression = mem_strdup(m->compression);
	return 0;
}

static void
take_settings(struct template *t)
{
	int err = 0;

	while (err == 0 && !t->settled)
		err = peer_read(&from_master, &master, t);
	if (err == E_CLOSED)
		_exit(0);
	if (err != 0)
		give_up("settings", err);
}

/* From here on this is what the listener offers. */
static int
use_offer(size_t number)
{
	if (number >= n_offers)
		return E_VALUE;
	settings.offer = offers[number];
	return 0;
}

/*
 * Lines travel as messages: here and in every worker.  The log's own file
 * (-E) is not for a process that strangers talk to; and a time stamp reads
 * /etc/localtime, which the sandbox ends one for.
 */
static void
log_to_master(void)
{
	int fd = log_fd();

	log_set_callback(tell_line, NULL);
	log_use_stderr(false);
	log_use_fd(-1);
	if (fd >= 0)
		close(fd);
}

/* All look-ups of libcrypto are made here and never again. */
static void
preload(void)
{
	int err = kex_preload();

	if (err == 0)
		err = cipher_preload();
	if (err != 0)
		give_up("libcrypto", err);
}

/* ---- workers ---- */

/*
 * Each worker has a stack canary of its own, so that one cannot be guessed
 * byte by byte through forks that share it.  Nothing returns through a frame
 * that was made before: this is part of its caller, which does not return.
 */
static inline void __attribute__((always_inline)) own_canary(void)
{
#if defined(__x86_64__)
	uint64_t canary;

	if (getrandom(&canary, sizeof(canary), 0) != sizeof(canary))
		_exit(1);
	canary &= ~UINT64_C(0xff); /* a string cannot write past it */
	__asm__ volatile("movq %0, %%fs:0x28" : : "r"(canary) : "memory");
#elif defined(__aarch64__)
	extern uintptr_t __stack_chk_guard;
	uintptr_t canary;

	if (getrandom(&canary, sizeof(canary), 0) != sizeof(canary))
		_exit(1);
	__stack_chk_guard = canary & ~(uintptr_t)0xff;
#endif
}

static void __attribute__((noreturn, noinline, no_stack_protector))
be_worker(int in, int out, int wall_fd)
{
	own_canary();
	worker_run(in, out, wall_fd, &settings, moduli);
}

static void __attribute__((noreturn, noinline, no_stack_protector))
be_reader(int client, int wall_fd)
{
	own_canary();
	header_run(client, wall_fd);
}

/* Nothing of the template's is left open in a worker. */
static void
close_template(void)
{
	struct child *c;

	log_set_callback(NULL, NULL);
	wall_free(&master);
	loop_free(loop);
	for (c = children; c != NULL; c = c->next)
		close(c->pidfd);
}

static void
forget_child(struct child *c)
{
	loop_fd_remove(&c->handle);
	loop_timer_stop(&c->overdue);
	close(c->pidfd);
	*c->link = c->next;
	if (c->next != NULL)
		c->next->link = c->link;
	free(c);
}

static void
send_death(const struct child *c, uint32_t code, uint32_t signal)
{
	if (WALL_SEND(&master, worker_died, .connection = c->connection,
		.code = code, .signal = signal) != 0)
		_exit(0);
}

static void
reader_ended(const struct child *c, const siginfo_t *info)
{
	/* Killed: by us, or with the whole machine in want of memory. */
	if (info->si_code == CLD_EXITED || info->si_status == SIGKILL)
		return;
	if (WALL_SEND(&master, reader_crashed, .connection = c->connection,
		.signal = (uint32_t)info->si_status & 255) != 0)
		_exit(0);
}

static void
on_child(int fd, unsigned events, void *arg)
{
	struct child *c = arg;
	siginfo_t info;

	(void)events;
	memset(&info, 0, sizeof(info));
	if (waitid(P_PIDFD, (id_t)fd, &info, WEXITED | WNOHANG) != 0 ||
	    info.si_pid == 0)
		return;
	if (c->reader)
		reader_ended(c, &info);
	else if (info.si_code == CLD_EXITED)
		send_death(c, (uint32_t)info.si_status & 255, 0);
	else
		send_death(c, 0, (uint32_t)info.si_status & 255);
	forget_child(c);
}

static struct child *
watch_child(pid_t pid, uint64_t connection)
{
	struct child *c = mem_zalloc(sizeof(*c));

	c->pid = pid;
	c->connection = connection;
	c->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (c->pidfd < 0)
		give_up("pidfd_open", E_SYSTEM);
	c->next = children;
	c->link = &children;
	if (children != NULL)
		children->link = &c->next;
	children = c;
	if (loop_fd_add(loop, &c->handle, c->pidfd, LOOP_READ, on_child, c) !=
	    0)
		give_up("epoll", E_SYSTEM);
	return c;
}

static void
tell_birth(const struct child *c)
{
	if (WALL_SEND_FD(&master, c->pidfd, worker_born,
		.connection = c->connection, .pid = (uint32_t)c->pid) != 0)
		_exit(0);
}

/* With a network connection in and out are two numbers for one socket. */
static bool
same_socket(int a, int b)
{
	uint64_t cookie_a = 0, cookie_b = 0;
	socklen_t len_a = sizeof(cookie_a), len_b = sizeof(cookie_b);

	return getsockopt(a, SOL_SOCKET, SO_COOKIE, &cookie_a, &len_a) == 0 &&
	    getsockopt(b, SOL_SOCKET, SO_COOKIE, &cookie_b, &len_b) == 0 &&
	    cookie_a == cookie_b;
}

static int
take_cookie(const struct bytes *cookie)
{
	settings.greeted = cookie->len != 0;
	if (settings.greeted && cookie->len != sizeof(settings.cookie))
		return E_FORMAT;
	memcpy(settings.cookie, cookie->data, cookie->len);
	return 0;
}

static void
start_worker(struct wall_message *m)
{
	int in = m->fds[0], out = m->fds[1], wall_fd = m->fds[2];
	uint64_t connection = m->work.connection;
	pid_t pid = fork();

	if (pid == 0) {
		m->fds[0] = m->fds[1] = m->fds[2] = -1;
		close_template();
		title_set("worker %016llx", (unsigned long long)connection);
		sandbox_worker();
		/* The same socket comes twice, unless it is a pair of pipes. */
		if (same_socket(in, out)) {
			close(out);
			out = in;
		}
		be_worker(in, out, wall_fd);
	}
	if (pid < 0) {
		struct child unborn = {.connection = connection};

		log_error("fork: %s", strerror(errno));
		send_death(&unborn, 1, 0);
	} else
		tell_birth(watch_child(pid, connection));
}

static void
kill_overdue(void *arg)
{
	const struct child *c = arg;

	(void)syscall(SYS_pidfd_send_signal, c->pidfd, SIGKILL, NULL, 0);
}

/* If it cannot be started, the master finds its wall closed. */
static int
on_read_header(struct template *t, struct wall_message *m)
{
	int client = m->fds[0], wall_fd = m->fds[1];
	uint64_t connection = m->read_header.connection;
	struct child *c;
	pid_t pid;

	if (!t->settled)
		return E_STATE;
	if ((pid = fork()) == 0) {
		m->fds[0] = m->fds[1] = -1;
		close_template();
		title_set("header %016llx", (unsigned long long)connection);
		sandbox_worker();
		be_reader(client, wall_fd);
	}
	if (pid < 0) {
		log_error("fork: %s", strerror(errno));
		return 0;
	}
	c = watch_child(pid, connection);
	c->reader = true;
	loop_timer_start(loop, &c->overdue, READER_MS, kill_overdue, c);
	return 0;
}

static int
on_work(struct template *t, struct wall_message *m)
{
	int err = t->settled ? use_offer(m->work.offer) : E_STATE;

	if (err == 0)
		err = take_cookie(&m->work.cookie);
	if (err == 0)
		start_worker(m);
	return err;
}

static void
on_master(int fd, unsigned events, void *arg)
{
	int err;

	(void)fd;
	if ((events & LOOP_WRITE) != 0)
		(void)wall_queue_flush(&master);
	/* No more work for a master that does not hear of births. */
	wall_queue_read(&master, !wall_queue_full(&master));
	if ((events & ~(unsigned)LOOP_WRITE) == 0)
		return;
	err = peer_read(&from_master, &master, arg);
	if (err == E_CLOSED) {
		/* The generation ends with its last connection. */
		loop_fd_remove(&master_handle);
		_exit(0);
	}
	if (err != 0)
		give_up("master", err);
}

static void
say_greeting(size_t number)
{
	struct buf greeting;
	size_t cookie_at = 0;
	int err;

	buf_init(&greeting, SSH_KEXINIT_MAX);
	err = use_offer(number);
	if (err == 0)
		err = transport_greeting(&settings, &greeting, &cookie_at);
	if (err == 0)
		/* cppcheck-suppress unknownEvaluationOrder ; one name */
		err = WALL_SEND(&master, greeting, .offer = (uint8_t)number,
		    .greeting = {greeting.data, greeting.len},
		    .cookie_at = (uint32_t)cookie_at);
	if (err != 0)
		give_up("greeting", err);
	buf_free(&greeting);
}

/* The last words of the start: what the master greets clients with. */
static void
say_ready(void)
{
	int err;

	for (size_t i = 0; i < n_offers; i++)
		say_greeting(i);
	if ((err = WALL_SEND(&master, worker_ready)) != 0)
		give_up("ready", err);
}

void
workers_run(int wall_fd)
{
	static struct template template;

	wall_init(&master, wall_fd, PATH_WORKERS_MASTER, PATH_MASTER_WORKERS);
	log_to_master();
	take_settings(&template);
	preload();
	loop = loop_new();
	if (loop == NULL ||
	    loop_fd_add(loop, &master_handle, wall_fd, LOOP_READ, on_master,
		&template) != 0)
		give_up("epoll", E_SYSTEM);
	wall_queue_watch(&master, &master_handle);
	say_ready();
	mem_settle();
	(void)loop_run(loop);
	_exit(1);
}
