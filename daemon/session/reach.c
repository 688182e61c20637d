/*
 * Connections that a client asked for and the monitor allowed: each of its
 * addresses is tried with a deadline of its own; the first that answers goes
 * to the worker.
 */
#include "daemon/session/inside.h"

#include "lib/addresses.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/mem.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECONDS_DEFAULT 30
#define ADDRESS_MS	10000 /* for one address while others wait */

struct reach {
	LIST_ENTRY(reach) next;
	struct session *s;
	uint32_t channel;
	struct addresses addresses;
	size_t at; /* the next one to try */
	int fd;
	struct loop_fd handle;
	struct loop_timer timer; /* of this address */
	struct loop_timer overall; /* of all */
	char used[128];
	uint32_t reason;
	char text[256];
};

static void
drop_fd(struct reach *r)
{
	loop_fd_remove(&r->handle);
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}

static void
forget(struct reach *r)
{
	drop_fd(r);
	loop_timer_stop(&r->timer);
	loop_timer_stop(&r->overall);
	LIST_REMOVE(r, next);
	r->s->n_reaches--;
	free(r);
}

static void
tell(struct session *s, uint32_t channel, int fd, uint32_t reason,
    const char *address, const char *text)
{
	if (fd >= 0)
		(void)WALL_SEND_FD(&s->worker, fd, stream, .channel = channel);
	else
		(void)WALL_SEND(&s->worker, failed, .channel = channel,
		    .reason = reason, .text = text);
	(void)WALL_SEND(&s->monitor, reached, .channel = channel,
	    .reason = reason, .address = address, .text = text);
}

static void
succeed(struct reach *r)
{
	tell(r->s, r->channel, r->fd, 0, r->used, "");
	forget(r);
}

static void
fail(struct reach *r)
{
	tell(r->s, r->channel, -1, r->reason, r->used, r->text);
	forget(r);
}

static void
set_failure(struct reach *r, uint32_t reason, const char *text)
{
	r->reason = reason;
	strncpy(r->text, text, sizeof(r->text) - 1);
}

/* Turns an error of socket() or connect() into RFC 4254's reason codes. */
static void
set_error(struct reach *r, int error)
{
	bool shortage = error == EMFILE || error == ENFILE ||
	    error == ENOBUFS || error == ENOMEM;

	set_failure(r,
	    shortage ? SSH_OPEN_RESOURCE_SHORTAGE : SSH_OPEN_CONNECT_FAILED,
	    strerror(error));
}

static void try_next(struct reach *r);

static void
on_address_timeout(void *arg)
{
	struct reach *r = arg;

	set_error(r, ETIMEDOUT);
	drop_fd(r);
	try_next(r);
}

static void
on_overall_timeout(void *arg)
{
	struct reach *r = arg;

	set_error(r, ETIMEDOUT);
	fail(r);
}

static void
on_connected(int fd, unsigned events, void *arg)
{
	struct reach *r = arg;
	int error = 0;
	socklen_t len = sizeof(error);

	(void)events;
	loop_timer_stop(&r->timer);
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error == 0) {
		succeed(r);
		return;
	}
	set_error(r, error);
	drop_fd(r);
	try_next(r);
}

/* 0, or errno; r->fd may be on its way (EINPROGRESS). */
static int
start_connect(struct reach *r, const struct net_address *a)
{
	struct sockaddr_storage ss;
	socklen_t len = net_to_sockaddr(a, &ss);
	int on = 1;

	r->fd =
	    socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (r->fd < 0)
		return errno;
	(void)setsockopt(r->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(r->fd, (struct sockaddr *)&ss, len) == 0)
		return 0;
	return errno;
}

static bool
try_one(struct reach *r, const struct net_address *a)
{
	int error = start_connect(r, a);

	if (error == 0) {
		succeed(r);
		return true;
	}
	if (error == EINPROGRESS &&
	    loop_fd_add(r->s->loop, &r->handle, r->fd, LOOP_WRITE, on_connected,
		r) == 0) {
		if (r->at < r->addresses.count)
			loop_timer_start(r->s->loop, &r->timer, ADDRESS_MS,
			    on_address_timeout, r);
		return true;
	}
	set_error(r, error);
	drop_fd(r);
	return false;
}

static void
try_next(struct reach *r)
{
	while (r->at < r->addresses.count) {
		const struct net_address *a = &r->addresses.items[r->at++];
		char text[NET_TEXT_MAX];

		strncpy(r->used, net_print_port(a, text), sizeof(r->used) - 1);
		if (try_one(r, a))
			return;
	}
	fail(r);
}

int
on_reach_tcp(struct session *s, struct wall_message *message)
{
	const struct msg_reach_tcp *m = &message->reach_tcp;
	uint32_t seconds = m->seconds != 0 ? m->seconds : SECONDS_DEFAULT;
	struct addresses addresses;
	struct reach *r;

	if (addresses_read(m->addresses.data, m->addresses.len,
		(uint16_t)m->port, &addresses) != 0 ||
	    addresses.count == 0 || m->port == 0) {
		tell(s, m->channel, -1, SSH_OPEN_CONNECT_FAILED, "",
		    "no such address");
		return 0;
	}
	if (s->finishing || s->n_reaches >= REACHES_MAX) {
		tell(s, m->channel, -1, SSH_OPEN_RESOURCE_SHORTAGE, "",
		    "too many connections are being made");
		return 0;
	}
	r = mem_zalloc(sizeof(*r));
	r->s = s;
	r->fd = -1;
	r->channel = m->channel;
	r->addresses = addresses;
	LIST_INSERT_HEAD(&s->reaches, r, next);
	s->n_reaches++;
	loop_timer_start(s->loop, &r->overall, (uint64_t)seconds * 1000,
	    on_overall_timeout, r);
	try_next(r);
	return 0;
}

/*
 * To what the monitor has judged, whatever its path leads to by now.  A local
 * socket answers at once or not: a full backlog is EAGAIN.
 */
int
on_reach_unix(struct session *s, struct wall_message *message)
{
	const struct msg_reach_unix *m = &message->reach_unix;
	struct place *place = locate_held(s, m->number);
	int fd, error;

	if (place == NULL || place->name != NULL) {
		tell(s, m->channel, -1, SSH_OPEN_CONNECT_FAILED, "",
		    "no such path");
		return 0;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	error = fd < 0 ? errno : locate_connect(s, place, fd);
	if (error == 0)
		tell(s, m->channel, fd, 0, place->asked, "");
	else
		tell(s, m->channel, -1,
		    fd < 0 ? SSH_OPEN_RESOURCE_SHORTAGE :
			     SSH_OPEN_CONNECT_FAILED,
		    place->asked, strerror(error));
	if (fd >= 0)
		close(fd);
	locate_forget(place);
	return 0;
}

void
reaches_end(struct session *s)
{
	while (!LIST_EMPTY(&s->reaches))
		forget(LIST_FIRST(&s->reaches));
}
