/*
 * Sessions outlive their server: SIGTERM leaves a keeper (image.c), which
 * listens beside the control socket, and the next server takes over what it
 * keeps: state and descriptors, all or nothing.  Each side asks the kernel
 * whether the other is root.
 *
 *	keeper -> server   hello, with the state's sealed memfd
 *	keeper -> server   descriptors, FDS_AT_ONCE in a message
 *	server -> keeper   TAKE: it was understood
 *	keeper -> server   YOURS; the keeper ends
 *
 * From the picture of the state to YOURS neither side hears what the
 * processes say; without YOURS nothing has changed.
 */
#include "daemon/master/control.h"

#include "lib/audit.h"
#include "lib/err.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/syslog_out.h"

#include <sys/random.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SUFFIX	      ".keeper-"
#define HELLO	      0x73616c79u
#define TAKE	      't'
#define YOURS	      'y'
#define FDS_AT_ONCE   128
#define STEP_SECONDS  5
#define KEEPERS_MAX   64
#define LAST_WORDS_MS 1000 /* for a slow syslog */

struct hello {
	uint32_t magic, count, pid;
};

/* ---- descriptors over a socket ---- */

static int
send_with_fds(int s, const void *data, size_t len, const int *fds, size_t n)
{
	return fd_send(s, data, len, fds, n, 0) == (ssize_t)len ? 0 : E_SYSTEM;
}

/* Receives descriptors, at most FDS_AT_ONCE; on an error all are closed. */
static int
receive_with_fds(int s, void *data, size_t len, int *fds, size_t *n)
{
	struct iovec iov = {.iov_base = data, .iov_len = len};
	union {
		char space[CMSG_SPACE(FDS_AT_ONCE * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr h = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control.space,
	    .msg_controllen = sizeof(control.space)};
	ssize_t got = recvmsg(s, &h, MSG_CMSG_CLOEXEC);
	bool odd = false;

	*n = got < 0 ? 0 : fd_take(&h, fds, FDS_AT_ONCE, &odd);
	if (got == (ssize_t)len && *n > 0 && !odd &&
	    (h.msg_flags & (MSG_CTRUNC | MSG_TRUNC)) == 0)
		return 0;
	fd_close_all(fds, *n);
	*n = 0;
	return E_SYSTEM;
}

/* The other side is root, and each step of it has a deadline. */
static int
trust(int s)
{
	struct timeval limit = {.tv_sec = STEP_SECONDS};
	struct ucred who;
	socklen_t len = sizeof(who);

	if (getsockopt(s, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0 ||
	    who.uid != 0)
		return E_PERMISSIONS;
	if (setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) !=
		0 ||
	    setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) != 0)
		return E_SYSTEM;
	return 0;
}

/* ---- the keeper ---- */

static struct loop_fd on_server;
static int listening = -1;

int
keeper_listen(const char *control_socket)
{
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	uint32_t number;
	int n;

	if (control_socket == NULL ||
	    getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
		return -1;
	n = snprintf(path, sizeof(path), "%s" SUFFIX "%08x", control_socket,
	    (unsigned)number);
	if (n < 0 || (size_t)n >= sizeof(path)) {
		log_warn("no place for %s" SUFFIX "*: the next server will not "
			 "know the sessions that stay",
		    control_socket);
		return -1;
	}
	return control_bind(path, SOCK_SEQPACKET);
}

static int
give_descriptors(int s, const struct carry_fds *fds)
{
	int err = 0;

	for (size_t at = 0; at < fds->count && err == 0; at += FDS_AT_ONCE) {
		size_t n = fds->count - at;

		err = send_with_fds(
		    s, "", 1, &fds->fds[at], n < FDS_AT_ONCE ? n : FDS_AT_ONCE);
	}
	return err;
}

static int
give(const struct master *m, int s)
{
	struct carry_fds *fds = mem_zalloc(sizeof(*fds));
	struct hello hello = {.magic = HELLO, .pid = (uint32_t)getpid()};
	int state = carry_write(m, fds), err;
	char answer = 0;

	hello.count = (uint32_t)fds->count;
	err = state < 0 ? E_SYSTEM :
			  send_with_fds(s, &hello, sizeof(hello), &state, 1);
	if (err == 0)
		err = give_descriptors(s, fds);
	if (err == 0 && (recv(s, &answer, 1, 0) != 1 || answer != TAKE))
		err = E_CLOSED;
	answer = YOURS;
	if (err == 0 && send(s, &answer, 1, MSG_NOSIGNAL) != 1)
		err = E_CLOSED;
	if (state >= 0)
		close(state);
	free(fds);
	return err;
}

static void
on_next_server(int fd, unsigned events, void *arg)
{
	struct master *m = arg;
	int s = accept4(fd, NULL, NULL, SOCK_CLOEXEC), err;

	(void)events;
	if (s < 0)
		return;
	err = trust(s);
	if (err == 0)
		err = give(m, s);
	close(s);
	if (err != 0) {
		log_warn("the sessions stay here: %s", err_text(err));
		return;
	}
	/* From here on the next server reads the messages of the processes. */
	keeper_close(m);
	syslog_out_drain(LAST_WORDS_MS);
	_exit(0);
}

void
keeper_watch(struct master *m)
{
	listening = m->options.keeper;
	if (listening >= 0 &&
	    loop_fd_add(m->loop, &on_server, listening, LOOP_READ,
		on_next_server, m) != 0)
		log_error("cannot watch the keeper's socket");
}

void
keeper_close(struct master *m)
{
	struct sockaddr_un un;
	socklen_t len = sizeof(un);

	(void)m;
	if (listening < 0)
		return;
	memset(&un, 0, sizeof(un));
	if (getsockname(listening, (struct sockaddr *)&un, &len) == 0)
		(void)unlink(un.sun_path);
	loop_fd_remove(&on_server);
	close(listening);
	listening = -1;
}

/* ---- the next server ---- */

static int
take_descriptors(int s, struct carry_fds *fds, size_t count)
{
	while (fds->count < count) {
		int some[FDS_AT_ONCE];
		char byte;
		size_t n;

		if (receive_with_fds(s, &byte, 1, some, &n) != 0)
			return E_CLOSED;
		if (n > CARRY_FDS_MAX - fds->count) {
			while (n > 0)
				close(some[--n]);
			return E_LIMIT;
		}
		memcpy(&fds->fds[fds->count], some, n * sizeof(int));
		fds->count += n;
	}
	return fds->count == count ? 0 : E_LIMIT;
}

static int
confirm(struct master *m, int s, struct generation **first)
{
	char byte = TAKE;

	if (send(s, &byte, 1, MSG_NOSIGNAL) == 1 && recv(s, &byte, 1, 0) == 1 &&
	    byte == YOURS)
		return 0;
	carry_leave(m, first);
	return E_CLOSED;
}

static int
take(struct master *m, int s, uint32_t *pid)
{
	struct carry_fds *fds;
	struct generation **first;
	struct hello hello;
	int state[FDS_AT_ONCE], err;
	size_t n;

	if (receive_with_fds(s, &hello, sizeof(hello), state, &n) != 0)
		return E_CLOSED;
	*pid = hello.pid;
	fds = mem_zalloc(sizeof(*fds));
	err = hello.magic != HELLO || n != 1 || hello.count > CARRY_FDS_MAX ?
	    E_FORMAT :
	    take_descriptors(s, fds, hello.count);
	if (err == 0)
		err = carry_adopt(m, state[0], fds, &first);
	if (err == 0)
		err = confirm(m, s, first);
	if (err == 0)
		connection_watch_orphans(m);
	while (n > 0)
		close(state[--n]);
	for (size_t i = 0; i < fds->count; i++)
		if (fds->fds[i] >= 0)
			close(fds->fds[i]);
	free(fds);
	return err;
}

static unsigned
ask_keeper(struct master *m, const char *path)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	unsigned before = m->n_connections;
	uint32_t pid = 0;
	int s, err;

	if (strlen(path) >= sizeof(un.sun_path))
		return 0;
	memcpy(un.sun_path, path, strlen(path));
	s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s < 0)
		return 0;
	/* Without waiting: its queue may be full, and itself be stopped. */
	if (connect(s, (const struct sockaddr *)&un, sizeof(un)) != 0) {
		/* It ended without a chance to clean up. */
		if (errno == ECONNREFUSED)
			(void)unlink(path);
		close(s);
		return 0;
	}
	err = fcntl(s, F_SETFL, 0) != 0 ? E_SYSTEM : trust(s);
	if (err == 0)
		err = take(m, s, &pid);
	close(s);
	if (err != 0) {
		log_warn("sessions kept by process %u stay with it: %s",
		    (unsigned)pid, err_text(err));
		return 0;
	}
	AUDIT(server_adopt, .count = m->n_connections - before, .process = pid);
	return m->n_connections - before;
}

/* One that answers nobody delays us once. */
static bool
asked_before(const char *path)
{
	static char *asked[KEEPERS_MAX];
	static size_t count;

	for (size_t i = 0; i < count; i++)
		if (strcmp(asked[i], path) == 0)
			return true;
	if (count < KEEPERS_MAX)
		asked[count++] = mem_strdup(path);
	return false;
}

unsigned
keeper_adopt(struct master *m, const char *control_socket)
{
	char *directory, *name, *path;
	unsigned count = 0, asked = 0;
	struct dirent *e;
	DIR *d;

	if (control_socket == NULL)
		return 0;
	directory = mem_strdup(control_socket);
	*strrchr(directory, '/') = '\0';
	name = mem_printf("%s" SUFFIX, strrchr(control_socket, '/') + 1);
	d = opendir(directory[0] == '\0' ? "/" : directory);
	if (d != NULL && control_check_directories(control_socket) != 0) {
		closedir(d);
		d = NULL;
	}
	while (d != NULL && asked < KEEPERS_MAX && (e = readdir(d)) != NULL) {
		if (strncmp(e->d_name, name, strlen(name)) != 0)
			continue;
		path = mem_printf("%s/%s", directory, e->d_name);
		if (!asked_before(path)) {
			count += ask_keeper(m, path);
			asked++;
		}
		free(path);
	}
	if (d != NULL)
		closedir(d);
	free(name);
	free(directory);
	return count;
}
