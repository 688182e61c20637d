/*
 * Penalties by source, as OpenSSH 9.8 has them: each offence adds seconds to
 * the source's sentence, time wears it off, and it is enforced from a minimum
 * on.  A bounded hash table; nothing in it came from a client but an address.
 */
#include "daemon/master/master.h"

#include "lib/audit.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/rd.h"

#include <sys/random.h>

#include <stdlib.h>
#include <string.h>

#define BUCKETS 4096
/* Kept over a reload and a restart: the most sentences of one table. */
#define SAVED_MAX    200000
#define FAILURES_MAX 64 /* config/options.c: limits.penalties.failures */

struct sentence {
	struct net_key source;
	uint64_t until; /* ms */
	enum offence offence;
	bool in_force;
	bool fixed; /* until stands: by hand, or after `failures` failures */
	/* The moments of its last failed logins, a ring of FAILURES_MAX. */
	uint64_t *failures;
	uint8_t failed, newest;
	uint64_t counts_until; /* ms; the newest counts no more then */
	struct sentence *next;
};

struct penalties {
	struct sentence *buckets[BUCKETS];
	uint64_t seed;
	uint64_t changes;
	uint32_t count4, count6;
};

static const char *const names[OFFENCE_COUNT] = {
    [OFFENCE_NONE] = "none",
    [OFFENCE_CRASH] = "crash",
    [OFFENCE_AUTH_FAILURE] = "failed authentication",
    [OFFENCE_INVALID_USER] = "invalid user",
    [OFFENCE_NO_AUTH] = "connection without authentication",
    [OFFENCE_GRACE_EXCEEDED] = "exceeded LoginGraceTime",
    [OFFENCE_REFUSED] = "connection refused by policy",
    [OFFENCE_BY_HAND] = "imposed by the administrator",
};

const char *
offence_name(enum offence offence)
{
	return (unsigned)offence < OFFENCE_COUNT ? names[offence] : "unknown";
}

struct penalties *
penalties_new(void)
{
	struct penalties *p = mem_zalloc(sizeof(*p));

	/* Without the kernel's randomness the table works, but can be aimed
	 * at; it is bounded either way. */
	if (getrandom(&p->seed, sizeof(p->seed), 0) < 0)
		p->seed = loop_clock();
	return p;
}

static uint32_t
seconds_of(const struct config *config, enum offence offence)
{
	const struct penalty_settings *s = &config->limits.penalties;

	switch (offence) {
	case OFFENCE_CRASH:
		return s->crash;
	case OFFENCE_AUTH_FAILURE:
		return s->auth_failure;
	case OFFENCE_INVALID_USER:
		return s->invalid_user;
	case OFFENCE_NO_AUTH:
		return s->no_auth;
	case OFFENCE_GRACE_EXCEEDED:
		return s->grace_exceeded;
	case OFFENCE_REFUSED:
		return s->refused;
	case OFFENCE_NONE:
	case OFFENCE_BY_HAND:
	case OFFENCE_COUNT:
		break;
	}
	return 0;
}

static bool
exempt(const struct config *config, const struct net_address *source)
{
	const struct networks *list = &config->limits.penalties.exempt;

	return net_in_list(list->items, list->count, source);
}

static struct net_key
key_of(const struct config *config, const struct net_address *source)
{
	return net_source_key(source, config->limits.source.prefix4,
	    config->limits.source.prefix6);
}

static struct sentence **
find(struct penalties *p, const struct net_key *key)
{
	struct sentence **at =
	    &p->buckets[net_key_hash(key, p->seed) % BUCKETS];

	while (*at != NULL && !net_key_equal(&(*at)->source, key))
		at = &(*at)->next;
	return at;
}

static void
forget(struct penalties *p, struct sentence **at)
{
	struct sentence *gone = *at;

	*at = gone->next;
	if (gone->source.family == NET_V4)
		p->count4--;
	else
		p->count6--;
	free(gone->failures);
	free(gone);
}

static bool
is_over(const struct sentence *s, uint64_t now)
{
	return s->until <= now && s->counts_until <= now;
}

static void
sweep(struct penalties *p)
{
	uint64_t now = loop_clock();

	for (size_t i = 0; i < BUCKETS; i++) {
		struct sentence **at = &p->buckets[i];

		while (*at != NULL) {
			if (is_over(*at, now))
				forget(p, at);
			else
				at = &(*at)->next;
		}
	}
}

/* Full even after sweeping: the mildest sentence of a bucket makes room. */
static bool
make_room(
    struct penalties *p, const struct config *config, const struct net_key *key)
{
	const struct penalty_settings *s = &config->limits.penalties;
	bool v4 = key->family == NET_V4;
	struct sentence **mildest = NULL;

	if ((v4 ? p->count4 : p->count6) <
	    (v4 ? s->max_sources4 : s->max_sources6))
		return true;
	sweep(p);
	if ((v4 ? p->count4 : p->count6) <
	    (v4 ? s->max_sources4 : s->max_sources6))
		return true;
	if (s->overflow_refuses)
		return false;
	for (size_t i = 0; i < BUCKETS && mildest == NULL; i++)
		for (struct sentence **at = &p->buckets[i]; *at != NULL;
		     at = &(*at)->next)
			if (((*at)->source.family == NET_V4) == v4 &&
			    (mildest == NULL ||
				(*at)->until < (*mildest)->until))
				mildest = at;
	if (mildest == NULL)
		return false;
	forget(p, mildest);
	return true;
}

static struct sentence *
add_sentence(struct penalties *p, const struct net_key *key)
{
	struct sentence **at = find(p, key);

	if (*at == NULL) {
		*at = mem_zalloc(sizeof(**at));
		(*at)->source = *key;
		if (key->family == NET_V4)
			p->count4++;
		else
			p->count6++;
	}
	return *at;
}

/* One more, and how many of them lie within the time. */
static unsigned
count_failure(struct sentence *s, uint64_t now, uint64_t within)
{
	unsigned recent = 0;

	if (s->failures == NULL)
		s->failures = mem_array(FAILURES_MAX, sizeof(*s->failures));
	s->newest = (uint8_t)((s->newest + 1) % FAILURES_MAX);
	s->failures[s->newest] = now;
	s->failed += s->failed < FAILURES_MAX;
	s->counts_until = now + within;
	for (unsigned i = 0; i < s->failed; i++)
		/* One from before the machine's start is less than zero. */
		recent += now -
			s->failures[(s->newest + FAILURES_MAX - i) %
			    FAILURES_MAX] <
		    within;
	return recent;
}

/* So many failed logins within a time: refused from now on, for a time. */
static bool
block(struct sentence *s, const struct penalty_settings *settings,
    enum offence offence, const char *network)
{
	uint64_t now = loop_clock();

	if (settings->failures == 0 ||
	    (offence != OFFENCE_AUTH_FAILURE &&
		offence != OFFENCE_INVALID_USER) ||
	    count_failure(s, now, (uint64_t)settings->within * 1000) <
		settings->failures)
		return false;
	s->until = now + (uint64_t)settings->block * 1000;
	s->offence = offence;
	s->in_force = s->fixed = true;
	s->failed = 0;
	AUDIT(penalty_enforce, .network = network,
	    .cause = offence_name(offence), .seconds = settings->block);
	return true;
}

static bool
counts(const struct penalty_settings *s, enum offence offence, uint32_t seconds)
{
	return seconds != 0 ||
	    (s->failures != 0 &&
		(offence == OFFENCE_AUTH_FAILURE ||
		    offence == OFFENCE_INVALID_USER));
}

void
penalties_add(struct penalties *p, const struct config *config,
    const struct net_address *source, enum offence offence)
{
	const struct penalty_settings *s = &config->limits.penalties;
	uint32_t seconds = seconds_of(config, offence);
	uint64_t now = loop_clock(), most;
	struct net_key key;
	struct sentence *found;
	char text[NET_TEXT_MAX];
	bool begins;

	if (!s->enabled || !counts(s, offence, seconds) ||
	    source->family == NET_NONE || exempt(config, source))
		return;
	key = key_of(config, source);
	if (*find(p, &key) == NULL && !make_room(p, config, &key))
		return;
	found = add_sentence(p, &key);
	p->changes++;
	if (found->fixed && found->until > now)
		return; /* it is refused already, for as long as was said */
	found->fixed = false;
	if (block(found, s, offence, net_key_print(&key, text)) || seconds == 0)
		return;
	most = now + (uint64_t)s->maximum * 1000;
	if (found->until < now)
		found->until = now;
	found->until += (uint64_t)seconds * 1000;
	if (found->until > most)
		found->until = most;
	found->offence = offence;
	begins = !found->in_force &&
	    found->until - now >= (uint64_t)s->minimum * 1000;
	found->in_force |= begins;
	AUDIT(penalty_add, .network = net_key_print(&key, text),
	    .cause = offence_name(offence), .seconds = seconds);
	if (begins)
		AUDIT(penalty_enforce, .network = text,
		    .cause = offence_name(offence),
		    .seconds = (found->until - now) / 1000);
}

int
penalties_impose(struct penalties *p, const struct config *config,
    const struct net_address *source, uint32_t seconds, const char *actor)
{
	uint64_t until = loop_clock() + (uint64_t)seconds * 1000;
	struct net_key key;
	struct sentence *found;
	char text[NET_TEXT_MAX];

	if (!config->limits.penalties.enabled)
		return E_UNSUPPORTED;
	if (exempt(config, source))
		return E_PERMISSIONS;
	key = key_of(config, source);
	if (*find(p, &key) == NULL && !make_room(p, config, &key))
		return E_LIMIT;
	found = add_sentence(p, &key);
	p->changes++;
	if (found->until < until)
		found->until = until;
	found->offence = OFFENCE_BY_HAND;
	found->in_force = found->fixed = true;
	AUDIT(penalty_enforce, .network = net_key_print(&key, text),
	    .cause = actor, .seconds = seconds);
	return 0;
}

/* A login that succeeds halves what its source has left. */
void
penalties_success(struct penalties *p, const struct config *config,
    const struct net_address *source)
{
	struct net_key key = key_of(config, source);
	struct sentence **at = find(p, &key);
	uint64_t now = loop_clock();

	/* No login shortens a penalty that an administrator imposed, nor one
	 * of a fixed time; and what failed before it, has. */
	if (*at == NULL || (*at)->fixed)
		return;
	p->changes++;
	if ((*at)->until > now)
		(*at)->until = now + ((*at)->until - now) / 2;
	if ((*at)->until <= now + 1000 && (*at)->counts_until <= now)
		forget(p, at);
}

uint32_t
penalties_in_force(struct penalties *p, const struct config *config,
    const struct net_address *source, enum offence *offence)
{
	const struct penalty_settings *s = &config->limits.penalties;
	struct net_key key = key_of(config, source);
	struct sentence **at = find(p, &key);
	uint64_t now = loop_clock();

	if (!s->enabled || source->family == NET_NONE || exempt(config, source))
		return 0;
	if (*at == NULL) {
		bool full = key.family == NET_V4 ?
		    p->count4 >= s->max_sources4 :
		    p->count6 >= s->max_sources6;

		*offence = OFFENCE_NONE;
		return full && s->overflow_refuses ? s->minimum : 0;
	}
	if ((*at)->until <= now) {
		(*at)->in_force = (*at)->fixed = false;
		if (is_over(*at, now))
			forget(p, at);
		return 0;
	}
	*offence = (*at)->offence;
	return (*at)->in_force ? (uint32_t)(((*at)->until - now) / 1000 + 1) :
				 0;
}

size_t
penalties_clear(struct penalties *p, const struct net_network *which)
{
	size_t count = 0;

	for (size_t i = 0; i < BUCKETS; i++) {
		struct sentence **at = &p->buckets[i];

		while (*at != NULL) {
			struct net_address a;

			memset(&a, 0, sizeof(a));
			a.family = (*at)->source.family;
			memcpy(a.bytes, (*at)->source.bytes, 16);
			if (which != NULL && !net_contains(which, &a)) {
				at = &(*at)->next;
				continue;
			}
			forget(p, at);
			count++;
		}
	}
	p->changes += count;
	return count;
}

void
penalties_each(struct penalties *p, const struct config *config,
    penalties_each_fn *fn, void *arg)
{
	uint64_t now = loop_clock();

	(void)config;
	sweep(p);
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct sentence *s = p->buckets[i]; s != NULL; s = s->next)
			if (s->until > now)
				fn(&s->source, s->offence,
				    (uint32_t)((s->until - now) / 1000 + 1),
				    s->in_force, arg);
}

/* Oldest first. */
static void
save_failures(const struct sentence *s, struct buf *b)
{
	buf_u8(b, s->failed);
	buf_u64(b, s->counts_until);
	for (unsigned i = s->failed; i > 0; i--)
		buf_u64(b,
		    s->failures[(s->newest + FAILURES_MAX + 1 - i) %
			FAILURES_MAX]);
}

static void
load_failures(struct sentence *s, struct rd *r)
{
	unsigned count = rd_u8(r);
	uint64_t until = rd_u64(r);

	for (unsigned i = 0; i < count && r->err == 0; i++)
		(void)count_failure(s, rd_u64(r), 0);
	s->counts_until = until;
}

static void
save_sentence(const struct sentence *s, struct buf *b)
{
	buf_u8(b, s->source.family);
	buf_u8(b, s->source.bits);
	buf_bytes(b, s->source.bytes, sizeof(s->source.bytes));
	buf_u64(b, s->until);
	buf_u8(b, (uint8_t)s->offence);
	buf_bool(b, s->in_force);
	buf_bool(b, s->fixed);
	save_failures(s, b);
}

static size_t
saved_size(const struct sentence *s)
{
	return 1 + 1 + sizeof(s->source.bytes) + 8 + 1 + 1 + 1 + 1 + 8 +
	    (size_t)s->failed * 8;
}

/* Where there is no room for all, what is in force the longest goes first. */
enum weight { WEIGHT_FIXED, WEIGHT_IN_FORCE, WEIGHT_REST, WEIGHT_COUNT };

static enum weight
weight_of(const struct sentence *s)
{
	if (s->fixed)
		return WEIGHT_FIXED;
	return s->in_force ? WEIGHT_IN_FORCE : WEIGHT_REST;
}

/* Writes what fits of one weight, or with NULL only counts it. */
static uint32_t
save_weight(const struct penalties *p, enum weight weight, struct buf *b,
    size_t *room, uint32_t most)
{
	uint32_t count = 0;

	for (size_t i = 0; i < BUCKETS; i++)
		for (const struct sentence *s = p->buckets[i]; s != NULL;
		     s = s->next) {
			if (weight_of(s) != weight || count == most ||
			    saved_size(s) > *room)
				continue;
			*room -= saved_size(s);
			count++;
			if (b != NULL)
				save_sentence(s, b);
		}
	return count;
}

static uint32_t
save_weights(const struct penalties *p, struct buf *b, size_t room)
{
	uint32_t count = 0;

	for (enum weight w = 0; w < WEIGHT_COUNT; w++)
		count += save_weight(p, w, b, &room, SAVED_MAX - count);
	return count;
}

void
penalties_save(const struct penalties *p, struct buf *b, size_t room)
{
	buf_u32(b, save_weights(p, NULL, room));
	(void)save_weights(p, b, room);
}

static bool
is_source(const struct net_key *key)
{
	return (key->family == NET_V4 && key->bits <= 32) ||
	    (key->family == NET_V6 && key->bits <= 128);
}

int
penalties_load(struct penalties *p, struct rd *r)
{
	uint32_t count = rd_u32(r);

	if (count > SAVED_MAX)
		rd_fail(r, E_TOO_LARGE);
	for (uint32_t i = 0; i < count && r->err == 0; i++) {
		struct net_key key;
		struct sentence *s;

		memset(&key, 0, sizeof(key));
		key.family = rd_u8(r);
		key.bits = rd_u8(r);
		rd_copy(r, key.bytes, sizeof(key.bytes));
		if (r->err == 0 && !is_source(&key))
			rd_fail(r, E_VALUE);
		if (r->err != 0)
			break;
		s = add_sentence(p, &key);
		s->until = rd_u64(r);
		s->offence = (enum offence)(rd_u8(r) % OFFENCE_COUNT);
		s->in_force = rd_bool(r);
		s->fixed = rd_bool(r);
		load_failures(s, r);
	}
	return r->err;
}

/* The same moment on a clock that stood at `then` when it was `away` ago. */
static uint64_t
later(uint64_t moment, uint64_t then, uint64_t away)
{
	uint64_t left = moment > then ? moment - then : 0;

	left = left > away ? left - away : 0;
	if (left > (uint64_t)PENALTY_BY_HAND_MAX * 1000)
		left = (uint64_t)PENALTY_BY_HAND_MAX * 1000;
	return left == 0 ? 0 : loop_clock() + left;
}

void
penalties_age(struct penalties *p, uint64_t then, uint64_t away)
{
	const uint64_t now = loop_clock();

	for (size_t i = 0; i < BUCKETS; i++)
		for (struct sentence *s = p->buckets[i]; s != NULL;
		     s = s->next) {
			s->until = later(s->until, then, away);
			s->counts_until = later(s->counts_until, then, away);
			for (unsigned k = 0;
			     s->failures != NULL && k < FAILURES_MAX; k++)
				s->failures[k] =
				    now - away - (then - s->failures[k]);
		}
	sweep(p);
}

uint64_t
penalties_changes(const struct penalties *p)
{
	return p->changes;
}
