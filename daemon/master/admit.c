/*
 * Admission: who may take up a connection at all, before any byte of it is
 * read; and the hand-over of an admitted one to the two templates.
 */
#include "daemon/master/admit.h"
#include "daemon/master/lobby.h"
#include "daemon/master/selftest.h"

#include "config/offers.h"
#include "config/sources.h"
#include "lib/audit.h"
#include "lib/err.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "privsep/wall_queue.h"

#include <sys/random.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Refusals are told at most once in so many ms, with their count. */
#define DROP_LOG_MS 5000

/*
 * The slots say who has logged in since; the others are unauthenticated.
 * Their list is short (max_startups), the walk over all connections is not:
 * it is made when the count matters.
 */
void
admit_count(struct master *m)
{
	unsigned waiting = 0, due = 0;

	for (struct connection *c = m->connections; c != NULL; c = c->next) {
		if (c->header_due) {
			due++;
		} else if (!c->authenticated) {
			if (connection_logged_in(c))
				c->authenticated = true;
			else
				waiting++;
		}
	}
	m->n_unauthenticated = waiting;
	m->n_header_due = due;
}

static unsigned
from_source(struct master *m, const struct config *config,
    const struct net_address *source)
{
	const struct source_limit *s = &config->limits.source;
	struct net_key key = net_source_key(source, s->prefix4, s->prefix6);
	unsigned count = 0;

	for (struct connection *c = m->connections; c != NULL; c = c->next) {
		struct net_key other;

		if (c->authenticated || c->lenient)
			continue;
		other = net_source_key(&c->source, s->prefix4, s->prefix6);
		if (net_key_equal(&key, &other))
			count++;
	}
	return count;
}

/* Random early drop, as MaxStartups begin:rate:full. */
static bool
startup_drop(const struct startup_limit *s, unsigned waiting)
{
	uint32_t chance, die;

	if (waiting < s->begin)
		return false;
	if (waiting >= s->full || s->rate >= 100)
		return true;
	chance = s->rate +
	    (100 - s->rate) * (waiting - s->begin) / (s->full - s->begin);
	if (getrandom(&die, sizeof(die), 0) != (ssize_t)sizeof(die))
		return true;
	return die % 100 < chance;
}

static unsigned
places(const struct master *m, const struct config *config)
{
	unsigned most = m->room < SLOTS_MAX ? m->room : SLOTS_MAX;

	return config->limits.max_connections < most ?
	    config->limits.max_connections :
	    most;
}

/* own: 1 if the connection that is judged is among them already, else 0. */
static const char *
no_room(struct master *m, const struct config *config, unsigned own)
{
	if (m->n_connections - own < places(m, config))
		return NULL;
	m->stats.dropped_other++;
	return "max_connections";
}

static const char *
going(struct master *m)
{
	if (!m->draining && !m->terminating)
		return NULL;
	m->stats.dropped_draining++;
	return "draining";
}

static const char *
refusal(struct master *m, const struct config *config,
    const struct net_address *source, unsigned own)
{
	const struct limit_settings *l = &config->limits;
	enum offence offence;
	const char *why = going(m);

	if (why != NULL)
		return why;
	if (penalties_in_force(m->penalties, config, source, &offence) != 0) {
		m->stats.dropped_penalty++;
		return "PerSourcePenalties";
	}
	if ((why = no_room(m, config, own)) != NULL)
		return why;
	admit_count(m);
	/* One that is judged by its header is not among them yet. */
	if (startup_drop(&l->startups, m->n_unauthenticated) &&
	    !crowd_gives_way(m, config, source)) {
		m->stats.dropped_startups++;
		return "Maxstartups";
	}
	if (source->family != NET_NONE &&
	    l->source.connections != CONFIG_NONE &&
	    from_source(m, config, source) >= l->source.connections) {
		m->stats.dropped_source++;
		return "PerSourceMaxStartups";
	}
	return NULL;
}

/*
 * Many clients come from a balancer's address: no limit for a source and no
 * offence counts for it.  An administrator's word does.  A balancer that opens
 * connections and sends no headers leaves half of the places to others.
 */
static const char *
balancer_refusal(struct master *m, const struct config *config,
    const struct net_address *balancer)
{
	enum offence offence;
	const char *why = going(m);

	if (why == NULL &&
	    penalties_in_force(m->penalties, config, balancer, &offence) != 0 &&
	    offence == OFFENCE_BY_HAND) {
		m->stats.dropped_penalty++;
		why = "PerSourcePenalties";
	}
	if (why != NULL || (why = no_room(m, config, 0)) != NULL)
		return why;
	admit_count(m);
	if (m->n_header_due < (places(m, config) + 1) / 2)
		return NULL;
	m->stats.dropped_other++;
	return "awaited PROXY headers";
}

static const char *
stranger_refusal(struct master *m)
{
	m->stats.dropped_other++;
	return "not a balancer of this listener";
}

/* c: it has an id already, or NULL.  Takes the descriptor. */
static void
refuse(struct master *m, int fd, const struct connection *c,
    const struct net_address *source, const struct net_address *local,
    const char *listener, const char *why)
{
	static const char text[] = "Not allowed at this time\r\n";
	uint64_t now = loop_now(m->loop);
	char id[AUDIT_CONN_ID_SIZE];

	m->dropped++;
	/* The first at once, then a count: a flood must not fill the log. */
	if (m->dropped == 1 || now - m->drop_said_at >= DROP_LOG_MS) {
		audit_new_conn_id(id);
		if (c != NULL)
			connection_audit(c);
		else
			audit_set_connection(id, source, local);
		AUDIT(conn_refused, .cause = why, .count = m->dropped,
		    .name = listener);
		audit_forget_connection();
		m->drop_said_at = now;
		m->dropped = 0;
	}
	if (m->draining && !m->terminating) {
		parting_tell(m, fd);
		return;
	}
	if (write(fd, text, sizeof(text) - 1) < 0)
		log_debug("refused connection is gone already");
	close(fd);
}

const char *
admit_claim(struct connection *c, const struct net_address *source)
{
	struct master *m = c->generation->master;

	return refusal(m, m->current->config, source, 1);
}

void
admit_refuse(struct connection *c, const char *why)
{
	struct master *m = c->generation->master;
	char *listener = mem_strdup(c->listener);
	int fd = lobby_take(c);

	refuse(m, fd, c, &c->source, &c->local, listener, why);
	free(listener);
	connection_forget(m, c);
}

/*
 * A burst is more than their queues hold; who is sent away then has done
 * nothing.  The kernel calls a queue writable that is at most half full.
 */
bool
admit_has_room(struct generation *g)
{
	const struct workers *w = connection_ready_workers(g);
	struct pollfd walls[] = {
	    {.fd = g->keyholder.wall.fd, .events = POLLOUT},
	    {.fd = g->monitors.wall.fd, .events = POLLOUT},
	    {.fd = w == NULL ? -1 : w->child.wall.fd, .events = POLLOUT}};
	const int n = sizeof(walls) / sizeof(walls[0]);
	bool room = poll(walls, (nfds_t)n, 0) == n;

	if (w == NULL || wall_queue_waiting(&g->keyholder.wall) ||
	    wall_queue_waiting(&g->monitors.wall) ||
	    wall_queue_waiting(&w->child.wall))
		return false;
	/* The loop soon hears of a template that has just died. */
	for (int i = 0; i < n; i++)
		room &= walls[i].revents == POLLOUT;
	return room;
}

/*
 * Everything that can fail, each with its descriptors closed.  Who has been
 * asked for lives, until the template says otherwise.
 */
static int
hand_over(struct connection *c, int in, int out, const char *listener)
{
	struct generation *g = c->generation;
	int wall[2] = {-1, -1}, key[2] = {-1, -1};
	char source[NET_TEXT_MAX], local[NET_TEXT_MAX], proxy[NET_TEXT_MAX];
	struct wall_message serve = {.type = MSG_serve};
	struct wall_message work = {.type = MSG_work};
	const struct selftest *t = c->selftest;
	int err;

	c->monitor_dead = c->worker_dead = true;
	if ((err = wall_pair(wall)) != 0 || (err = wall_pair(key)) != 0)
		goto out;
	err = WALL_SEND_FD(&g->keyholder.wall, key[1], attend,
	    .keys = settings_keys(&g->settings->offers[c->offer]));
	if (err != 0)
		goto out;
	serve.fds[0] = in;
	serve.fds[1] = t == NULL ? out : t->report;
	serve.fds[2] = wall[0];
	serve.fds[3] = key[0];
	serve.serve = (struct msg_serve){.connection = c->id,
	    .listener = listener,
	    .slot = c->slot,
	    .source = net_print(&c->source, source),
	    .source_port = c->source.port,
	    .local = net_print(&c->local, local),
	    .local_port = c->local.port,
	    .proxy =
		c->proxy.family == NET_NONE ? "" : net_print(&c->proxy, proxy),
	    .health = c->health,
	    .selftest_user = t == NULL ? "" : t->user};
	if (t != NULL) {
		serve.serve.selftest_key = (struct bytes){t->key, t->key_len};
		serve.serve.selftest_until = t->until;
	}
	if ((err = wall_send(&g->monitors.wall, &serve)) != 0)
		goto out;
	c->monitor_dead = false;
	work.fds[0] = in;
	work.fds[1] = out;
	work.fds[2] = wall[1];
	work.fds[3] = -1;
	work.work.connection = c->id;
	work.work.offer = (uint8_t)c->offer;
	if (c->greeted)
		work.work.cookie = (struct bytes){c->cookie, sizeof(c->cookie)};
	err = wall_send(&c->workers->child.wall, &work);
	/* On failure the monitor finds its wall closed, and goes. */
	c->worker_dead = err != 0;
out:
	connection_drop_selftest(c);
	for (int i = 0; i < 2; i++) {
		if (wall[i] >= 0)
			close(wall[i]);
		if (key[i] >= 0)
			close(key[i]);
	}
	return err;
}

void
admit_hand_over(struct connection *c, int in, int out, const char *listener)
{
	int err = E_CLOSED;

	c->monitor_dead = c->worker_dead = true;
	if (connection_take_workers(c))
		err = hand_over(c, in, out, listener);
	if (err == 0)
		return;
	log_error("connection %016llx could not be handed over: %s",
	    (unsigned long long)c->id, err_text(err));
	c->unserved = true;
	c->worker_gone_at = loop_now(c->generation->master->loop);
}

const struct greeting *
admit_greeting(const struct connection *c)
{
	return &c->generation->greetings[c->offer];
}

static struct connection *
make(struct master *m, const struct net_address *source,
    const struct net_address *local, const char *listener)
{
	struct connection *c = connection_new(m, m->current);

	if (c == NULL) {
		log_error("no connection could be made: no slot");
		return NULL;
	}
	c->source = *source;
	c->local = *local;
	c->offer = settings_offer(m->current->config, listener);
	return c;
}

/* Takes the descriptor. */
static void
serve(struct master *m, int fd, const struct net_address *source,
    const struct net_address *local, const char *listener, bool balancer)
{
	const struct config *config = m->current->config;
	struct connection *c = make(m, source, local, listener);

	if (c == NULL) {
		close(fd);
		return;
	}
	m->stats.accepted++;
	c->header_due = c->lenient = balancer;
	c->health =
	    source_is_health(config, offer_listener(config, listener), source);
	lobby_enter(c, fd, listener);
}

void
admit_connection(struct master *m, int fd, const struct net_address *source,
    const char *listener)
{
	const struct config *config = m->current->config;
	struct net_address peer, local;
	enum source_proxy kind;
	const char *why;

	net_of_socket(fd, &peer, &local);
	kind = source_proxy(offer_listener(config, listener), source);
	why = kind == SOURCE_BALANCER ? balancer_refusal(m, config, source) :
	    kind == SOURCE_STRANGER   ? stranger_refusal(m) :
					refusal(m, config, source, 0);
	if (why != NULL)
		refuse(m, fd, NULL, source, &local, listener, why);
	else
		serve(m, fd, source, &local, listener, kind == SOURCE_BALANCER);
}

const char *
admit_selftest(struct master *m, int fd, struct selftest *t,
    const struct net_address *source, const struct net_address *local,
    const char *listener, uint64_t *id)
{
	const char *why = refusal(m, m->current->config, source, 0);
	struct connection *c = NULL;

	if (why == NULL && (c = make(m, source, local, listener)) == NULL)
		why = "no slot";
	if (why != NULL) {
		close(fd);
		close(t->report);
		free(t);
		return why;
	}
	m->stats.accepted++;
	c->is_selftest = c->lenient = true;
	c->selftest = t;
	*id = c->id;
	lobby_enter(c, fd, listener);
	return NULL;
}

void
admit_inetd(struct master *m)
{
	struct net_address source, local;
	struct connection *c;

	net_of_socket(STDIN_FILENO, &source, &local);
	for (int fd = 0; fd < 2; fd++)
		if (fd_set_nonblocking(fd) != 0)
			log_warn("descriptor %d: %s", fd, strerror(errno));
	if ((c = make(m, &source, &local, "")) == NULL)
		return;
	m->stats.accepted++;
	admit_hand_over(c, STDIN_FILENO, STDOUT_FILENO, "");
	if (c->monitor_dead && c->worker_dead)
		connection_forget(m, c);
}
