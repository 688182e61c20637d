/*
 * The lobby: a connection that has said nothing yet has no processes.  It is
 * greeted, with our identification and KEXINIT as the worker template made
 * them and a cookie of its own, and handed over when the client's first byte
 * lies in its socket.  The master reads none of them: a port scanner costs it
 * a descriptor and two system calls.  A balancer's connection is greeted when
 * its header has been read elsewhere (proxied.c).
 */
#include "daemon/master/admit.h"
#include "daemon/master/lobby.h"
#include "daemon/master/proxied.h"

#include "config/offers.h"
#include "config/sources.h"
#include "lib/audit.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/mem.h"

#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As long as a worker waits for the first key exchange. */
#define LOBBY_MS (60 * 1000)
/* A balancer sends its header at once: TCP may have to send it again. */
#define HEADER_MS 5000
/* When the templates' queues were full, they are looked at again. */
#define AGAIN_MS 20

static void go_on(struct connection *c, struct generation *to);

static void
stop_reading(struct connection *c)
{
	proxied_stop(c);
	connection_leave_workers(c);
}

int
lobby_take(struct connection *c)
{
	int fd = c->client;

	if (c->header_due)
		stop_reading(c);
	loop_fd_remove(&c->on_client);
	loop_timer_stop(&c->again);
	c->generation->in_lobby--;
	c->client = -1;
	free(c->listener);
	c->listener = NULL;
	return fd;
}

static void
leave(struct connection *c)
{
	close(lobby_take(c));
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
static void read_header(struct connection *c);

/* Not as long as the templates have their hands full. */
static void
hand_over_soon(struct connection *c)
{
	struct master *m = c->generation->master;

	if (admit_has_room(c->generation)) {
		if (c->header_due)
			read_header(c);
		else
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
static void
audit_end(const struct connection *c, const char *how, const char *cause)
{
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
	    .duration_ms =
		loop_now(c->generation->master->loop) - c->accepted_at);
}

static void
tell_end(const struct connection *c, const char *how, const char *cause)
{
	connection_audit(c);
	if (c->header_due)
		AUDIT(conn_proxy_bad, .name = c->listener,
		    .reason = cause != NULL	  ? cause :
			strcmp(how, "reset") == 0 ? "reset before a PROXY "
						    "header" :
						    "closed before a PROXY "
						    "header");
	else
		audit_end(c, how, cause);
	audit_forget_connection();
}

/* It has connected and left. */
static bool
is_health_check(const struct connection *c, const char *how)
{
	return c->health && !c->ended_by_us &&
	    (strcmp(how, "closed") == 0 || strcmp(how, "reset") == 0);
}

void
lobby_end(struct connection *c, const char *how, const char *cause)
{
	struct master *m = c->generation->master;
	bool check = is_health_check(c, how);

	if (c->client < 0)
		return;
	if (check)
		log_debug("connection %016llx: a health check has %s it",
		    (unsigned long long)c->id, how);
	else
		tell_end(c, how, cause);
	m->stats.exits[check ? EXIT_HEALTH : EXIT_NO_AUTH]++;
	if (c->greeted)
		m->stats.bytes_out += admit_greeting(c)->text.len;
	if (!check && (!c->ended_by_us || c->grace_exceeded))
		connection_penalise(c,
		    c->grace_exceeded ? OFFENCE_GRACE_EXCEEDED :
					OFFENCE_NO_AUTH);
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
	c->greeted = n == (ssize_t)g->text.len;
	return c->greeted;
}

/* A template that has told no greeting was another image's: its workers greet
 * by themselves. */
void
lobby_known(struct connection *c)
{
	if (admit_greeting(c)->text.len == 0)
		hand_over(c);
	else if (!greet(c))
		lobby_end(c, "reset", NULL);
	else
		loop_fd_set(&c->on_client, LOOP_READ);
}

/* ---- balancers ---- */

/* Ours to end: nobody is to blame but, perhaps, the balancer. */
static void
end_proxied(struct connection *c, const char *why)
{
	c->ended_by_us = true;
	lobby_end(c, "killed", why);
}

/* By the configuration that admitted it.  Its source is still what the kernel
 * said when it was accepted. */
static bool
is_of_balancer(const struct connection *c)
{
	return c->header_due &&
	    source_proxy(offer_listener(c->generation->config, c->listener),
		&c->source) == SOURCE_BALANCER;
}

static void
audit_claim(const struct connection *c, const struct proxied *p)
{
	static const char *const kinds[] = {[PROXY_LOCAL] = "local",
	    [PROXY_UNKNOWN] = "unknown",
	    [PROXY_ADDRESS] = "address"};
	const struct msg_proxied *m = p->more;
	char kind[32];

	snprintf(kind, sizeof(kind), "v%u-%s", m->version, kinds[p->kind]);
	connection_audit(c);
	AUDIT(conn_proxied, .kind = kind,
	    .address = p->kind == PROXY_ADDRESS ? &p->destination : NULL,
	    .port = p->destination.port,
	    .authority = m->authority[0] != '\0' ? m->authority : NULL,
	    .unique_id = m->unique_id[0] != '\0' ? m->unique_id : NULL,
	    .tls = m->tls[0] != '\0' ? m->tls : NULL,
	    .tls_name = m->tls_name[0] != '\0' ? m->tls_name : NULL,
	    .tls_verified = m->tls_verified);
	audit_forget_connection();
}

/*
 * The source from here on.  Where the header has none, it is the balancer
 * itself that connects, or somebody of whom no more is known: no limit of a
 * source is for it.
 */
static void
settle(struct connection *c, const struct proxied *p)
{
	const struct config *config = c->generation->config;

	c->proxy = c->source;
	c->header_due = false;
	if (p->kind == PROXY_ADDRESS) {
		c->source = p->source;
		c->lenient = false;
	}
	c->health = p->kind == PROXY_LOCAL ||
	    source_is_health(
		config, offer_listener(config, c->listener), &c->source);
}

/* The claim of a header, judged as if its source had come by itself; a check
 * must pass while others are too many. */
static void
on_source(struct connection *c, const struct proxied *p)
{
	const char *why = NULL;

	stop_reading(c);
	if (p->fault != NULL || !is_of_balancer(c)) {
		end_proxied(
		    c, p->fault != NULL ? p->fault : "not a balancer's header");
		return;
	}
	if (p->kind != PROXY_LOCAL)
		why = admit_claim(c, &p->source);
	if (c->gone)
		return;
	settle(c, p);
	if (!c->health)
		audit_claim(c, p);
	if (why != NULL)
		admit_refuse(c, why);
	else
		lobby_known(c);
}

static void
read_header(struct connection *c)
{
	int err = E_CLOSED;

	loop_fd_set(&c->on_client, 0);
	if (connection_take_workers(c))
		err = proxied_start(c, &c->workers->child.wall, on_source);
	if (err == 0)
		return;
	log_error("connection %016llx: its PROXY header cannot be read: %s",
	    (unsigned long long)c->id, err_text(err));
	end_proxied(c, "the server has failed");
}

/* ---- the door ---- */

void
lobby_enter(struct connection *c, int fd, const char *listener)
{
	struct master *m = c->generation->master;

	c->client = fd;
	c->generation->in_lobby++;
	c->listener = mem_strdup(listener);
	if (loop_fd_add(m->loop, &c->on_client, fd, LOOP_READ, on_client, c) !=
	    0) {
		c->ended_by_us = true;
		lobby_end(c, "killed", "the server has failed");
	} else if (!c->header_due)
		lobby_known(c);
}

void
lobby_watch(struct connection *c, uint64_t now)
{
	if (c->header_due && now - c->accepted_at >= HEADER_MS)
		lobby_end(c, "timeout", "no PROXY header in time");
	else if (now - c->accepted_at >= LOBBY_MS)
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

	if (to == NULL || c->header_due)
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
		c->unserved = true;
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
		/* It is greeted soon, or ends. */
		if (c->header_due) {
			empty = false;
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
