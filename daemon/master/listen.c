/*
 * The listening sockets: opened from the configuration, kept over a reload
 * when they stay the same, handed to the next image of the master.
 */
#include "daemon/master/admit.h"

#include "config/offers.h"
#include "lib/audit.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/mem.h"

#include <sys/socket.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 1024
/* When nothing could be accepted, it is tried again after so long. */
#define AGAIN_MS 1000
/* Accepted in one turn of the loop, so that templates are heard between. */
#define ACCEPT_BURST 32

static int
open_socket(
    const struct listener *l, const struct net_address *address, uint16_t port)
{
	struct sockaddr_storage ss;
	struct net_address a = *address;
	socklen_t len;
	int fd, on = 1;

	a.port = port;
	len = net_to_sockaddr(&a, &ss);
	fd =
	    socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    (ss.ss_family == AF_INET6 &&
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) !=
		    0) ||
	    (l->freebind &&
		setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof(on)) !=
		    0) ||
	    bind(fd, (struct sockaddr *)&ss, len) != 0 ||
	    listen(fd, BACKLOG) != 0) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static struct listening *
find(struct master *m, const char *name, const char *address, uint16_t port)
{
	struct listening *l;

	for (l = m->listening; l != NULL; l = l->next)
		if (strcmp(l->name, name) == 0 &&
		    strcmp(l->address, address) == 0 && l->port == port)
			return l;
	return NULL;
}

int
listen_adopt(struct master *m, const char *name, const char *address,
    uint16_t port, int fd, bool inherited)
{
	struct listening *l = mem_zalloc(sizeof(*l));

	l->name = mem_strdup(name);
	l->address = mem_strdup(address);
	l->port = port;
	l->fd = fd;
	l->inherited = inherited;
	l->wanted = true;
	l->next = m->listening;
	m->listening = l;
	return 0;
}

static void
note_failed(struct master *m, const char *name, const char *address,
    uint16_t port, int error)
{
	char *before = m->listen_failed;

	m->listen_failed = mem_printf("%s%s%s (%s port %u: %s)",
	    before != NULL ? before : "", before != NULL ? ", " : "", name,
	    address, (unsigned)port, strerror(error));
	free(before);
}

/* A socket there that had another name. */
static struct listening *
find_place(struct master *m, const char *address, uint16_t port)
{
	struct listening *l;

	for (l = m->listening; l != NULL; l = l->next)
		if (strcmp(l->address, address) == 0 && l->port == port)
			return l;
	return NULL;
}

/* Its name is that of the configuration just loaded. */
static void
take(struct listening *l, const char *name)
{
	l->wanted = true;
	free(l->name);
	l->name = mem_strdup(name);
}

static int
open_one(struct master *m, const struct listener *l, const char *address,
    uint16_t port, bool trial)
{
	struct listening *old = find(m, l->name, address, port);
	struct net_address parsed;
	int fd;

	if (old == NULL)
		old = find_place(m, address, port);
	if (old != NULL) {
		if (!trial)
			take(old, l->name);
		return 0;
	}
	if (net_parse(address, &parsed) != 0)
		return E_VALUE;
	fd = open_socket(l, &parsed, port);
	if (fd < 0 && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL) &&
	    strcmp(l->address, "*") == 0)
		return E_UNSUPPORTED; /* a machine without IPv6 */
	if (fd < 0) {
		int error = errno;

		AUDIT(listener_error, .name = l->name, .address = &parsed,
		    .port = port, .reason = strerror(error));
		note_failed(m, l->name, address, port, error);
		return E_SYSTEM;
	}
	AUDIT(listener_open, .name = l->name, .address = &parsed, .port = port);
	return listen_adopt(m, l->name, address, port, fd, false);
}

static uint16_t
port_of(const struct master *m, const struct listener *l)
{
	return m->options.port != 0 ? (uint16_t)m->options.port : l->port;
}

/* Sockets that came with the start stand in place of all that is configured,
 * over a reload as well. */
static bool
all_inherited(const struct master *m)
{
	return m->listening != NULL && m->listening->inherited;
}

/* trial: what is there keeps its name and its place in the configuration. */
static int
open_all(struct master *m, const struct config *config, bool trial)
{
	int err = 0;

	free(m->listen_failed);
	m->listen_failed = NULL;
	if (all_inherited(m))
		return 0;
	for (struct listening *l = m->listening; !trial && l != NULL;
	     l = l->next)
		l->wanted = false;
	for (size_t i = 0; i < config->listener_count; i++) {
		const struct listener *l = &config->listeners[i];
		uint16_t port = port_of(m, l);

		if (strcmp(l->address, "*") == 0) {
			int four = open_one(m, l, "0.0.0.0", port, trial);
			int six = open_one(m, l, "::", port, trial);

			if (four == E_SYSTEM || six == E_SYSTEM ||
			    (four != 0 && six != 0))
				err = E_SYSTEM;
		} else if (open_one(m, l, l->address, port, trial) != 0) {
			err = E_SYSTEM;
		}
	}
	return err;
}

int
listen_open(struct master *m, const struct config *config)
{
	return open_all(m, config, false);
}

static void
close_one(struct master *m, struct listening **at)
{
	struct listening *l = *at;
	struct net_address address;

	(void)m;
	if (net_parse(l->address, &address) == 0)
		AUDIT(listener_close, .name = l->name, .address = &address,
		    .port = l->port);
	*at = l->next;
	loop_fd_remove(&l->on_accept);
	close(l->fd);
	free(l->name);
	free(l->address);
	free(l);
}

void
listen_close_unwanted(struct master *m)
{
	struct listening **at = &m->listening;

	while (*at != NULL) {
		if ((*at)->wanted)
			at = &(*at)->next;
		else
			close_one(m, at);
	}
}

/* New ones stand before those that are there. */
const char *
listen_try(struct master *m, const struct config *config)
{
	struct listening *first = m->listening;

	(void)open_all(m, config, true);
	while (m->listen_failed != NULL && m->listening != first)
		close_one(m, &m->listening);
	return m->listen_failed;
}

void
listen_close_all(struct master *m)
{
	while (m->listening != NULL)
		close_one(m, &m->listening);
}

static void
accept_again(void *arg)
{
	listen_start(arg);
}

/*
 * Out of descriptors or memory: until some come back.  The end of a
 * connection tells at once; what the rest of the machine gives back, nobody
 * does.
 */
static void
out_of_resources(struct master *m, int error)
{
	if (!m->accept_failed)
		log_warn("accept: %s", strerror(error));
	m->accept_failed = true;
	listen_pause(m);
	loop_timer_start(m->loop, &m->accept_timer, AGAIN_MS, accept_again, m);
}

static void
on_accept(int fd, unsigned events, void *arg)
{
	struct master *m = arg;
	struct sockaddr_storage peer;
	struct net_address source;
	struct listening *l;
	socklen_t len;

	(void)events;
	for (l = m->listening; l != NULL && l->fd != fd; l = l->next)
		continue;
	for (int i = 0; l != NULL && i < ACCEPT_BURST; i++) {
		int client;

		/* getpeername() knows nothing of one that was reset meanwhile.
		 */
		len = sizeof(peer);
		client = accept4(fd, (struct sockaddr *)&peer, &len,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (client < 0) {
			if (errno == EMFILE || errno == ENFILE ||
			    errno == ENOMEM || errno == ENOBUFS)
				out_of_resources(m, errno);
			return;
		}
		m->accept_failed = false;
		if (net_from_sockaddr((struct sockaddr *)&peer, len, &source) !=
		    0)
			memset(&source, 0, sizeof(source));
		admit_connection(m, client, &source, l->name);
	}
}

/*
 * Has the serving configuration a listener of that name in that place?  Else
 * it is of the next one, and its clients wait for that: a name that moves must
 * not take rules and offers to a place that neither configuration gives them.
 * A socket that the next has not asked for stayed open for want of another.
 */
static bool
is_known(const struct master *m, const struct listening *l)
{
	const struct listener *of = offer_listener(m->current->config, l->name);

	if (!l->wanted || l->inherited)
		return true;
	if (of == NULL || port_of(m, of) != l->port)
		return false;
	return strcmp(of->address, l->address) == 0 ||
	    (strcmp(of->address, "*") == 0 &&
		(strcmp(l->address, "0.0.0.0") == 0 ||
		    strcmp(l->address, "::") == 0));
}

static void
watch(struct master *m, struct listening *l)
{
	if (l->on_accept.loop == NULL &&
	    loop_fd_add(
		m->loop, &l->on_accept, l->fd, LOOP_READ, on_accept, m) != 0)
		log_error("cannot watch a listening socket");
	else
		loop_fd_set(&l->on_accept, LOOP_READ);
}

void
listen_start(struct master *m)
{
	/* Nobody could serve: the next generation, or the next worker
	 * template, starts it again. */
	if (m->current == NULL || m->current->failed ||
	    connection_ready_workers(m->current) == NULL)
		return;
	for (struct listening *l = m->listening; l != NULL; l = l->next)
		if (is_known(m, l))
			watch(m, l);
}

void
listen_pause(struct master *m)
{
	for (struct listening *l = m->listening; l != NULL; l = l->next)
		if (l->on_accept.loop != NULL)
			loop_fd_set(&l->on_accept, 0);
}
