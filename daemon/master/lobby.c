/*
 * The lobby: a connection that has said nothing yet has no processes.  It is
 * greeted, with our identification and KEXINIT as the worker template made
 * them and a cookie of its own, and handed over when the client's first byte
 * lies in its socket.  The master reads none of them: a port scanner costs it
 * a descriptor and two system calls.
 */
#include "daemon/master/master.h"

#include "lib/audit.h"
#include "lib/log.h"
#include "lib/mem.h"

#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As long as a worker waits for the first key exchange. */
#define LOBBY_MS (60 * 1000)
/* When the templates' queues were full, they are looked at again. */
#define AGAIN_MS 20

static void go_on(struct connection *c, struct generation *to);

static void
leave(struct connection *c)
{
	loop_fd_remove(&c->on_client);
	loop_timer_stop(&c->again);
	c->generation->in_lobby--;
	close(c->client);
	c->client = -1;
	free(c->listener);
	c->listener = NULL;
}

static void
hand_over(struct connection *c)
{
	admit_hand_over(c, c->client, c->client, c->listener);
	leave(c);
	if (c->monitor_dead && c->worker_dead)
		connection_forget(c->generation->master, c);
}

static void look_again(void *arg);

/* Not as long as the templates have their hands full. */
static void
hand_over_soon(struct connection *c)
{
	struct master *m = c->generation->master;

	if (admit_has_room(c->generation)) {
		hand_over(c);
		return;
	}
	loop_fd_set(&c->on_client, 0);
	loop_timer_start(m->loop, &c->again, AGAIN_MS, look_again, c);
}

/* One that leaves is handed over whether it has said something or not. */
static void
look_again(void *arg)
{
	struct connection *c = arg;

	if (!c->leaving)
		loop_fd_set(&c->on_client, LOOP_READ);
	else if (generation_serves(c->generation))
		hand_over_soon(c);
	else
		go_on(c, c->generation->master->current);
}

/* It has sent nothing that would be lost: both events are told now. */
void
lobby_end(struct connection *c, const char *how, const char *cause)
{
	struct master *m = c->generation->master;
	enum offence offence =
	    c->grace_exceeded ? OFFENCE_GRACE_EXCEEDED : OFFENCE_NO_AUTH;

	if (c->client < 0)
		return;
	connection_audit(c);
	AUDIT(conn_open, .name = c->listener, .process = (uint64_t)getpid());
	if (strcmp(how, "reset") == 0 || strcmp(how, "closed") == 0)
		AUDIT(conn_ident_error,
		    .reason = how[0] == 'r' ?
			"kex_exchange_identification: read: Connection reset "
			"by peer" :
			"kex_exchange_identification: Connection closed by "
			"remote host");
	AUDIT(conn_close, .how = how, .cause = cause,
	    .bytes_out = admit_greeting(c)->text.len,
	    .duration_ms = loop_now(m->loop) - c->accepted_at);
	audit_forget_connection();
	m->stats.exits[EXIT_NO_AUTH]++;
	m->stats.bytes_out += admit_greeting(c)->text.len;
	if (!c->ended_by_us || c->grace_exceeded)
		penalties_add(
		    m->penalties, c->generation->config, &c->source, offence);
	leave(c);
	connection_forget(m, c);
}

/* Its first bytes, or its end. */
static void
on_client(int fd, unsigned events, void *arg)
{
	struct connection *c = arg;
	int waiting = 0, error = 0;
	socklen_t len = sizeof(error);

	(void)events;
	if (ioctl(fd, FIONREAD, &waiting) == 0 && waiting > 0) {
		hand_over_soon(c);
		return;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = 0;
	lobby_end(c, error != 0 ? "reset" : "closed", NULL);
}

/* The greeting with a cookie of this connection's; the client must take it
 * whole, which a new socket does. */
static bool
greet(struct connection *c)
{
	const struct greeting *g = admit_greeting(c);
	uint8_t *copy;
	ssize_t n;

	if (getrandom(c->cookie, sizeof(c->cookie), 0) !=
	    (ssize_t)sizeof(c->cookie))
		return false;
	copy = mem_dup(g->text.data, g->text.len);
	memcpy(&copy[g->cookie_at], c->cookie, sizeof(c->cookie));
	n = send(c->client, copy, g->text.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	free(copy);
	return n == (ssize_t)g->text.len;
}

void
lobby_enter(struct connection *c, int fd, const char *listener)
{
	struct master *m = c->generation->master;

	c->client = fd;
	c->generation->in_lobby++;
	c->listener = mem_strdup(listener);
	if (!greet(c))
		lobby_end(c, "reset", NULL);
	else if (loop_fd_add(
		     m->loop, &c->on_client, fd, LOOP_READ, on_client, c) != 0)
		hand_over(c);
}

void
lobby_watch(struct connection *c, uint64_t now)
{
	if (now - c->accepted_at >= LOBBY_MS)
		lobby_end(c, "timeout", "no identification");
}

/* Where the random padding of a greeting's KEXINIT begins: its length stands
 * before the message's type and the cookie (RFC 4253 section 6). */
static size_t
padding_at(const struct greeting *g)
{
	size_t padding = g->cookie_at < 2 || g->text.len == 0 ?
	    0 :
	    g->text.data[g->cookie_at - 2];

	return padding > g->text.len ? 0 : g->text.len - padding;
}

/* Would it have been the same words to the same client? */
static bool
same_greeting(const struct greeting *a, const struct greeting *b)
{
	const uint8_t *x = a->text.data, *y = b->text.data;
	size_t after = a->cookie_at + KEXINIT_COOKIE, end = padding_at(a);

	return a->text.len == b->text.len && after <= end &&
	    a->cookie_at == b->cookie_at && end == padding_at(b) &&
	    memcmp(x, y, a->cookie_at) == 0 &&
	    memcmp(&x[after], &y[after], end - after) == 0;
}

/* Its own generation has lost the processes to serve it with. */
static bool
move(struct connection *c, struct generation *to)
{
	unsigned offer;

	if (to == NULL)
		return false;
	offer = settings_offer(to->config, c->listener);
	if (!same_greeting(admit_greeting(c), &to->greetings[offer]))
		return false;
	c->offer = offer;
	c->generation->connections--;
	c->generation->in_lobby--;
	c->generation = to;
	to->connections++;
	to->in_lobby++;
	return true;
}

static void
go_on(struct connection *c, struct generation *to)
{
	if (!move(c, to)) {
		lobby_end(c, "killed", "the server has failed");
		return;
	}
	c->leaving = false;
	loop_fd_set(&c->on_client, LOOP_READ);
}

bool
lobby_empty(struct master *m, struct generation *to)
{
	struct connection *c, *next;
	bool empty = true;

	for (c = m->connections; c != NULL; c = next) {
		next = c->next;
		if (c->client < 0)
			continue;
		if (c->generation == to)
			continue;
		if (!generation_serves(c->generation)) {
			go_on(c, to);
			continue;
		}
		c->leaving = true;
		hand_over_soon(c);
		empty = empty && c->client < 0;
	}
	return empty;
}

void
lobby_close(struct master *m)
{
	struct connection *c, *next;

	for (c = m->connections; c != NULL; c = next) {
		next = c->next;
		c->ended_by_us = c->ended_by_us || c->client >= 0;
		lobby_end(c, "killed", "the server reloads");
	}
}
