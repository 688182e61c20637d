/*
 * Listeners for remote forwards, agent and X11, made as the user.  Who
 * connects goes to the worker, and the monitor hears of it.
 */
#include "daemon/session/inside.h"
#include "daemon/session/listener.h"

#include "lib/addresses.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/net.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG	     128
#define ACCEPT_TURN  16
#define ACCEPT_PAUSE 1000 /* ms when descriptors have run out */
#define BEHIND_PAUSE 20 /* ms when the worker or the monitor is behind */

struct listener *
listener_new(struct session *s, uint32_t number, enum incoming_kind kind)
{
	struct listener *l;

	if (s->finishing || s->n_listeners >= LISTENERS_MAX)
		return NULL;
	l = mem_zalloc(sizeof(*l));
	l->s = s;
	l->number = number;
	l->kind = kind;
	LIST_INSERT_HEAD(&s->listeners, l, next);
	s->n_listeners++;
	return l;
}

/*
 * Before the socket is closed, which keeps its inode from being used again: by
 * now the path may be a newer listener's, or any file.
 */
static void
remove_path(const struct listener *l)
{
	struct stat st;

	if (l->path != NULL && lstat(l->path, &st) == 0 &&
	    st.st_dev == l->device && st.st_ino == l->inode)
		(void)unlink(l->path);
}

void
listener_free(struct listener *l)
{
	remove_path(l);
	for (size_t i = 0; i < l->n_fds; i++) {
		loop_fd_remove(&l->places[i].handle);
		close(l->places[i].fd);
	}
	loop_timer_stop(&l->pause);
	if (l->directory != NULL)
		(void)rmdir(l->directory);
	LIST_REMOVE(l, next);
	l->s->n_listeners--;
	free(l->address);
	free(l->path);
	free(l->directory);
	free(l);
}

void
listener_bound(struct session *s, uint32_t number, int error, uint32_t port,
    const char *detail)
{
	(void)WALL_SEND(&s->monitor, bound, .number = number,
	    .error = (uint32_t)error, .port = port, .detail = detail);
}

static void
set_accepting(struct listener *l, bool on)
{
	for (size_t i = 0; i < l->n_fds; i++)
		loop_fd_set(&l->places[i].handle, on ? LOOP_READ : 0);
}

static void
on_pause_over(void *arg)
{
	set_accepting(arg, true);
}

/* Where they come from; a local socket has no address to speak of. */
static void
hand_on(struct listener *l, int fd)
{
	struct net_address peer, local;
	char text[NET_TEXT_MAX] = "";
	int on = 1;

	net_of_socket(fd, &peer, &local);
	if (peer.family != NET_NONE) {
		net_print(&peer, text);
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	}
	(void)WALL_SEND_FD(&l->s->worker, fd, incoming,
	    .kind = (uint8_t)l->kind,
	    .address = l->address != NULL ? l->address : "",
	    .port = l->kind == INCOMING_TCP ? l->port : 0, .originator = text,
	    .originator_port = peer.port);
	(void)WALL_SEND(&l->s->monitor, accepted, .number = l->number,
	    .address = text, .port = peer.port);
}

/* They wait in the kernel's queue meanwhile. */
static void
pause_accepting(struct listener *l, unsigned ms)
{
	set_accepting(l, false);
	loop_timer_start(l->s->loop, &l->pause, ms, on_pause_over, l);
}

static void
on_acceptable(int fd, unsigned events, void *arg)
{
	struct listener *l = arg;
	bool single = l->single;

	(void)events;
	for (int i = 0; i < ACCEPT_TURN; i++) {
		int peer;

		if (session_is_behind(l->s)) {
			pause_accepting(l, BEHIND_PAUSE);
			return;
		}
		peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (peer >= 0) {
			hand_on(l, peer);
			close(peer);
			if (single) {
				listener_free(l);
				return;
			}
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM) {
			pause_accepting(l, ACCEPT_PAUSE);
			return;
		}
		if (errno != EINTR && errno != ECONNABORTED)
			return;
	}
}

int
listener_take(struct listener *l, int fd)
{
	struct listening_place *p = &l->places[l->n_fds];

	if (l->n_fds == LISTENER_FDS || listen(fd, BACKLOG) != 0 ||
	    loop_fd_add(
		l->s->loop, &p->handle, fd, LOOP_READ, on_acceptable, l) != 0) {
		int error = errno != 0 ? errno : EMFILE;

		close(fd);
		return error;
	}
	p->fd = fd;
	l->n_fds++;
	return 0;
}

int
listener_bind_ip(const struct net_address *a, int *fd)
{
	struct sockaddr_storage ss;
	socklen_t len = net_to_sockaddr(a, &ss);
	int on = 1, error;

	*fd =
	    socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0)
		return errno;
	(void)setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (a->family == NET_V6)
		(void)setsockopt(
		    *fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(*fd, (struct sockaddr *)&ss, len) == 0)
		return 0;
	error = errno;
	close(*fd);
	*fd = -1;
	return error;
}

/* ---- tcp -------------------------------------------------------------------
 */

static uint32_t
port_of(int fd)
{
	struct net_address peer, local;

	net_of_socket(fd, &peer, &local);
	return local.port;
}

/*
 * All that can be bound, as sshd does: an address that is busy, or of a family
 * that the machine has not, is left out as long as there is another.  The port
 * that the first one got is everybody's.
 */
static int
bind_all(struct listener *l, struct addresses *list, uint32_t *port)
{
	int error = 0, last = EADDRNOTAVAIL, fd;
	char text[NET_TEXT_MAX];

	for (size_t i = 0; i < list->count; i++) {
		struct net_address *a = &list->items[i];

		a->port = (uint16_t)*port;
		if ((error = listener_bind_ip(a, &fd)) != 0) {
			last = error;
			log_verbose(
			    "%s: %s", net_print_port(a, text), strerror(error));
			continue;
		}
		if (*port == 0)
			*port = port_of(fd);
		if ((error = listener_take(l, fd)) != 0)
			return error;
	}
	return l->n_fds != 0 ? 0 : last;
}

int
on_bind_tcp(struct session *s, struct wall_message *message)
{
	const struct msg_bind_tcp *m = &message->bind_tcp;
	struct listener *l = listener_new(s, m->number, INCOMING_TCP);
	struct addresses list;
	uint32_t port = m->port;
	int error = l == NULL ? EMFILE : 0;

	if (error == 0 &&
	    addresses_read(m->addresses.data, m->addresses.len, 0, &list) != 0)
		error = EADDRNOTAVAIL;
	if (error == 0)
		error = bind_all(l, &list, &port);
	if (error != 0) {
		if (l != NULL)
			listener_free(l);
		listener_bound(s, m->number, error, 0, strerror(error));
		return 0;
	}
	l->address = mem_strdup(m->address);
	l->port = port;
	listener_bound(s, m->number, 0, port, "");
	return 0;
}

/* ---- by the monitor's number
 * --------------------------------------------------- */

int
on_unbind(struct session *s, struct wall_message *m)
{
	uint32_t number = m->unbind.number;
	struct listener *l, *after;

	for (l = LIST_FIRST(&s->listeners); l != NULL; l = after) {
		after = LIST_NEXT(l, next);
		if (l->number == number)
			listener_free(l);
	}
	(void)WALL_SEND(&s->monitor, unbound, .number = number);
	return 0;
}

void
listen_end_all(struct session *s)
{
	while (!LIST_EMPTY(&s->listeners))
		listener_free(LIST_FIRST(&s->listeners));
}
