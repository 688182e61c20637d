/*
 * Admission: who may take up a connection at all, before any byte of it is
 * read; and the hand-over of an admitted one to the two templates.
 */
#include "daemon/master/master.h"

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
	unsigned waiting = 0;

	for (struct connection *c = m->connections; c != NULL; c = c->next) {
		if (!c->authenticated) {
			if (connection_logged_in(c))
				c->authenticated = true;
			else
				waiting++;
		}
	}
	m->n_unauthenticated = waiting;
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

		if (c->authenticated)
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

static const char *
refusal(struct master *m, const struct config *config,
    const struct net_address *source)
{
	const struct limit_settings *l = &config->limits;
	enum offence offence;

	if (m->draining || m->terminating) {
		m->stats.dropped_draining++;
		return "draining";
	}
	if (penalties_in_force(m->penalties, config, source, &offence) != 0) {
		m->stats.dropped_penalty++;
		return "PerSourcePenalties";
	}
	if (m->n_connections >= SLOTS_MAX || m->n_connections >= m->room ||
	    m->n_connections >= l->max_connections) {
		m->stats.dropped_other++;
		return "max_connections";
	}
	admit_count(m);
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

static void
refuse(struct master *m, int fd, const struct net_address *source,
    const struct net_address *local, const char *listener, const char *why)
{
	static const char text[] = "Not allowed at this time\r\n";
	uint64_t now = loop_now(m->loop);
	char id[AUDIT_CONN_ID_SIZE];

	m->dropped++;
	/* The first at once, then a count: a flood must not fill the log. */
	if (m->dropped == 1 || now - m->drop_said_at >= DROP_LOG_MS) {
		audit_new_conn_id(id);
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
	char source[NET_TEXT_MAX], local[NET_TEXT_MAX];
	struct wall_message serve = {.type = MSG_serve};
	struct wall_message work = {.type = MSG_work};
	int err;

	c->monitor_dead = c->worker_dead = true;
	if ((err = wall_pair(wall)) != 0 || (err = wall_pair(key)) != 0)
		goto out;
	err = WALL_SEND_FD(&g->keyholder.wall, key[1], attend,
	    .keys = settings_keys(&g->settings->offers[c->offer]));
	if (err != 0)
		goto out;
	serve.fds[0] = in;
	serve.fds[1] = out;
	serve.fds[2] = wall[0];
	serve.fds[3] = key[0];
	serve.serve = (struct msg_serve){.connection = c->id,
	    .listener = listener,
	    .slot = c->slot,
	    .source = net_print(&c->source, source),
	    .source_port = c->source.port,
	    .local = net_print(&c->local, local),
	    .local_port = c->local.port};
	if ((err = wall_send(&g->monitors.wall, &serve)) != 0)
		goto out;
	c->monitor_dead = false;
	work.fds[0] = in;
	work.fds[1] = out;
	work.fds[2] = wall[1];
	work.fds[3] = -1;
	work.work.connection = c->id;
	work.work.offer = (uint8_t)c->offer;
	if (c->client >= 0)
		work.work.cookie = (struct bytes){c->cookie, sizeof(c->cookie)};
	err = wall_send(&c->workers->child.wall, &work);
	/* On failure the monitor finds its wall closed, and goes. */
	c->worker_dead = err != 0;
out:
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

/* Takes the descriptor if it is one for both. */
static void
serve(struct master *m, int in, int out, const struct net_address *source,
    const struct net_address *local, const char *listener)
{
	struct connection *c = connection_new(m, m->current);

	if (c == NULL) {
		log_error("no connection could be made: no slot");
		if (in == out)
			close(in);
		return;
	}
	c->source = *source;
	c->local = *local;
	c->offer = settings_offer(m->current->config, listener);
	m->stats.accepted++;
	if (in == out && admit_greeting(c)->text.len != 0) {
		lobby_enter(c, in, listener);
		return;
	}
	admit_hand_over(c, in, out, listener);
	if (in == out)
		close(in);
	if (c->monitor_dead && c->worker_dead)
		connection_forget(m, c);
}

void
admit_connection(struct master *m, int fd, const char *listener)
{
	struct net_address source, local;
	const char *why;

	net_of_socket(fd, &source, &local);
	why = refusal(m, m->current->config, &source);
	if (why != NULL) {
		refuse(m, fd, &source, &local, listener, why);
		return;
	}
	serve(m, fd, fd, &source, &local, listener);
}

void
admit_inetd(struct master *m)
{
	struct net_address source, local;

	net_of_socket(STDIN_FILENO, &source, &local);
	for (int fd = 0; fd < 2; fd++)
		if (fd_set_nonblocking(fd) != 0)
			log_warn("descriptor %d: %s", fd, strerror(errno));
	serve(m, STDIN_FILENO, STDOUT_FILENO, &source, &local, "");
}
