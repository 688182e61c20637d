/*
 * Too many connections wait to log in, and one more comes.  Chance alone
 * (limits.startups) would let a flood shut everybody out.  So a source that
 * holds many connections gives way to one that holds few; and who has not
 * come through the first key exchange, which no person has to wait for, gives
 * way to anybody: to be in the way of others, a flood from many sources must
 * at least do that work.
 */
#include "daemon/master/master.h"

#include "lib/audit.h"
#include "lib/log.h"

#include <sys/random.h>

#include <string.h>

/* Counted by a hash with a fresh seed each time: one walk, no allocation.
 * Whoever is to go is counted once more, exactly: in a flood somebody waits
 * through many draws, and would be in a bucket with it in one of them. */
#define BUCKETS 4096
/* Many is so many times few: floods of one size do not displace each other. */
#define MANY 4
/* A login of a program takes less; who is younger does not give way. */
#define YOUNG_MS 2000
/* A key exchange takes less, on any line and any machine. */
#define KEX_MS 5000
/* A connection that gives way may still be in a module for a while: at most
 * OVER times limits.startups.full connections exist at a time. */
#define OVER 2

struct crowd {
	uint64_t seed;
	uint16_t held[BUCKETS];
};

static size_t
bucket(const struct crowd *crowd, const struct config *config,
    const struct net_address *source)
{
	const struct source_limit *s = &config->limits.source;
	struct net_key key = net_source_key(source, s->prefix4, s->prefix6);

	return net_key_hash(&key, crowd->seed) % BUCKETS;
}

static bool
has_place(const struct connection *c)
{
	return !c->authenticated && !c->ended_by_us && !c->worker_dead &&
	    (c->worker_pidfd >= 0 || c->client >= 0);
}

/* As one of a source, which a balancer is not. */
static bool
waits(const struct connection *c)
{
	return has_place(c) && !c->lenient;
}

static void
give_way(struct connection *c)
{
	connection_audit(c);
	AUDIT(conn_refused, .cause = "gave way to another source", .count = 1,
	    .name = c->listener);
	audit_forget_connection();
	c->ended_by_us = true;
	connection_kill(c, "gives way to another source");
}

/* Exact, as it decides who is let in. */
static unsigned
held_by(const struct master *m, const struct config *config,
    const struct net_address *source)
{
	const struct source_limit *s = &config->limits.source;
	struct net_key key = net_source_key(source, s->prefix4, s->prefix6);
	unsigned count = 0;

	for (const struct connection *c = m->connections; c != NULL;
	     c = c->next) {
		struct net_key other =
		    net_source_key(&c->source, s->prefix4, s->prefix6);

		count += waits(c) && net_key_equal(&key, &other);
	}
	return count;
}

/* With `after`, only connections accepted later: the source of `after` holds
 * few itself and only shares a full bucket. */
static struct connection *
oldest_of_many(struct master *m, const struct config *config,
    const struct crowd *crowd, unsigned many, const struct connection *after)
{
	struct connection *oldest = NULL;

	for (struct connection *c = m->connections; c != NULL; c = c->next)
		if (waits(c) &&
		    (after == NULL || c->accepted_at > after->accepted_at) &&
		    crowd->held[bucket(crowd, config, &c->source)] >= many &&
		    (oldest == NULL || c->accepted_at < oldest->accepted_at))
			oldest = c;
	return oldest;
}

/* One of the source that holds the most, so many at least. */
static struct connection *
of_many(struct master *m, const struct config *config, unsigned many)
{
	struct connection *oldest = NULL;
	struct crowd crowd;

	memset(&crowd, 0, sizeof(crowd));
	if (getrandom(&crowd.seed, sizeof(crowd.seed), 0) !=
	    (ssize_t)sizeof(crowd.seed))
		return NULL;
	for (struct connection *c = m->connections; c != NULL; c = c->next)
		if (waits(c))
			crowd.held[bucket(&crowd, config, &c->source)]++;
	do
		oldest = oldest_of_many(m, config, &crowd, many, oldest);
	while (oldest != NULL && held_by(m, config, &oldest->source) < many);
	if (oldest == NULL ||
	    loop_now(m->loop) - oldest->accepted_at < YOUNG_MS)
		return NULL;
	return oldest;
}

/* Has it still no keys? */
static bool
dawdles(const struct connection *c, uint64_t now)
{
	const struct slot *slot = &c->generation->slots[c->slot];

	return has_place(c) && !c->header_due &&
	    now - c->accepted_at >= KEX_MS &&
	    __atomic_load_n(&slot->state, __ATOMIC_RELAXED) == STATE_KEX;
}

static struct connection *
of_slow(struct master *m)
{
	struct connection *oldest = NULL;

	for (struct connection *c = m->connections; c != NULL; c = c->next)
		if (dawdles(c, loop_now(m->loop)) &&
		    (oldest == NULL || c->accepted_at < oldest->accepted_at))
			oldest = c;
	return oldest;
}

bool
crowd_gives_way(struct master *m, const struct config *config,
    const struct net_address *source)
{
	struct connection *oldest;
	unsigned held = held_by(m, config, source);
	unsigned many = MANY * (held + 1);

	if (source->family == NET_NONE ||
	    m->n_unauthenticated / OVER >= config->limits.startups.full)
		return false;
	if (many < config->limits.startups.begin / 2)
		many = config->limits.startups.begin / 2;
	oldest = of_many(m, config, many);
	/*
	 * Only for a source that has nothing waiting: a flood that displaced
	 * its own old connections would leave young ones alone, and those give
	 * way to nobody for YOUNG_MS.
	 */
	if (oldest == NULL && held == 0)
		oldest = of_slow(m);
	if (oldest == NULL)
		return false;
	give_way(oldest);
	return true;
}
