/*
 * From success to an open connection: what the frozen decision means to the
 * worker, and the limits of time that hold from then on.
 */
#include "daemon/monitor/sessions.h"

#include "config/policy/channel.h"
#include "config/policy/timed.h"
#include "daemon/monitor/auth.h"
#include "daemon/monitor/key_record.h"
#include "daemon/monitor/recheck.h"
#include "daemon/monitor/ticket.h"
#include "lib/audit.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "lib/ssh/cert.h"
#include "lib/ssh/key.h"
#include "privsep/die.h"
#include "privsep/directory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

_Static_assert(
    CONFIG_CHANNELS_MAX <= WALL_LIST_MAX, "channel_timeouts fit in opened");

static uint32_t
or_never(uint32_t value)
{
	return value == CONFIG_NONE ? 0 : value;
}

/* As text for the worker, which takes the smallest that fits. */
static char *
timeouts_text(const struct decision *d)
{
	struct buf out;
	char *text;

	buf_init(&out, CONFIG_CHANNELS_MAX);
	channel_timeouts_print(d, &out);
	if (buf_end(&out) != 0)
		bug("channel_timeouts: what was loaded does not fit");
	text = mem_strndup((const char *)out.data, out.len);
	buf_free(&out);
	return text;
}

static void
announce_keys(const struct monitor *m, struct buf *out)
{
	for (size_t i = 0; i < m->offer->n_keys; i++) {
		const struct host_key_blob *key =
		    &m->template->host_keys[m->offer->keys[i]];

		buf_string(out, key->public_key.data, key->public_key.len);
	}
}

static void
fill_slot(struct monitor *m)
{
	struct slot *s = m->slot;

	snprintf(s->user, sizeof(s->user), "%s", m->passwd.pw_name);
	s->uid = (uint32_t)m->passwd.pw_uid;
	snprintf(s->rule, sizeof(s->rule), "%s",
	    m->decision->rule == NULL ? "" : m->decision->rule->name);
	s->since = (uint64_t)time(NULL);
	s->recheck_at =
	    m->decision->timed == NULL ? 0 : m->decision->timed->until;
}

/* The log level that the rule itself sets; 0 if it sets none.  The worker then
 * keeps the level it was started with, which sallyportctl may have set. */
static uint8_t
rule_log_level(const struct decision *d)
{
	const struct grants *g = &d->grants;

	return g->origins[GRANT_log_level].line == 0 ?
	    0 :
	    (uint8_t)((int)g->log_level + 2);
}

/* Asked whatever on_change says: a later policy may say another word.  Where it
 * cannot be learnt a lock is never news. */
static bool
is_locked(struct monitor *m)
{
	struct directory_shadow shadow;
	bool known;

	monitor_call(m, CALL_NSS, "shadow");
	known = directory_shadow(m->passwd.pw_name, &shadow);
	monitor_call_done(m);
	return !known || shadow.locked;
}

void
monitor_login(struct monitor *m)
{
	const struct config *config = m->template->config;
	const struct grants *g = &m->decision->grants;
	char *timeouts;
	struct buf keys;

	monitor_move(m, STATE_OPENING);
	fill_slot(m);
	recheck_begin(m, is_locked(m));
	timeouts = timeouts_text(m->decision);
	buf_init(&keys, WALL_KEYS_MAX);
	announce_keys(m, &keys);
	monitor_move(m, STATE_OPEN);
	MONITOR_SEND(m, opened, .user = m->passwd.pw_name,
	    .max_sessions = g->max_sessions,
	    .max_channels = config->limits.max_channels,
	    .keepalive_interval = or_never(g->keepalive_interval),
	    .keepalive_count = or_never(g->keepalive_count),
	    .idle_timeout = or_never(g->idle_timeout),
	    .unused_timeout = or_never(g->unused_timeout),
	    .warn_before = or_never(g->warn_before),
	    .window_max = config->limits.window_max,
	    .rekey_bytes = g->rekey_bytes,
	    .rekey_seconds = or_never(g->rekey_seconds),
	    .tos_interactive = or_never(g->ip_qos_interactive),
	    .tos_bulk = or_never(g->ip_qos_bulk), .channel_timeouts = timeouts,
	    .log_level = rule_log_level(m->decision),
	    .hostkeys = {.data = keys.data, .len = keys.len});
	buf_free(&keys);
	free(timeouts);
	gss_exchange_free(m->gss);
	m->gss = NULL;
	MONITOR_SEND(m, auth_verdict, .result = AUTH_SUCCESS, .methods = "");
	key_record_login(m);
}

void
sessions_init(struct monitor *m)
{
	m->sessions = mem_zalloc(sizeof(*m->sessions));
	m->sessions->worker_end = -1;
	m->sessions->recorders = m->sessions->recordings_root = -1;
	m->sessions->place.index = -1;
	m->sessions->limit = UINT64_MAX;
}

/* When the certificate ends that this key is, UINT64_MAX: it is none. */
static uint64_t
certificate_end(const struct key_copy *copy)
{
	uint64_t end = UINT64_MAX;
	struct key *key;

	if (copy->len == 0 || key_parse(copy->data, copy->len, &key) != 0)
		return UINT64_MAX;
	if (key_cert(key) != NULL)
		end = key_cert(key)->valid_before;
	key_free(key);
	return end;
}

static uint64_t
first_certificate_end(const struct auth *a)
{
	uint64_t end = certificate_end(&a->last_copy), one;

	for (const struct earlier_key *e = a->earlier; e != NULL; e = e->next)
		if ((one = certificate_end(&e->copy)) < end)
			end = one;
	return end;
}

/* An end by the wall clock, if it is the nearest. */
static void
limit_at(struct sessions *s, time_t wall, uint64_t ends, const char *why)
{
	uint64_t seconds = ends > (uint64_t)wall ? ends - (uint64_t)wall : 0;
	uint64_t at;

	if (seconds > UINT32_MAX)
		return;
	at = loop_clock() + seconds * 1000;
	if (at < s->limit) {
		s->limit = at;
		s->limit_why = why;
	}
}

/* The nearest end: of the session's time, of a time window, of a certificate.
 */
static void
find_limit(struct monitor *m)
{
	const struct grants *g = &m->decision->grants;
	struct sessions *s = m->sessions;
	time_t wall = time(NULL), ends = 0;

	s->limit = UINT64_MAX - 1; /* looked for, none */
	if (g->max_session_time != CONFIG_NONE && g->max_session_time != 0) {
		s->limit = loop_clock() + g->max_session_time * 1000ULL;
		s->limit_why = "the session's time is over";
	}
	if (policy_may_now(m->decision, wall, &ends) && ends > wall)
		limit_at(s, wall, (uint64_t)ends, "the permitted time is over");
	if (g->until_certificate_ends)
		limit_at(s, wall, first_certificate_end(m->auth),
		    "the certificate is valid no more");
}

static void
warn(struct monitor *m, uint64_t left, const char *why)
{
	char text[256];

	m->sessions->warned = true;
	snprintf(text, sizeof(text),
	    "\r\nThis session ends in %" PRIu64 " seconds: %s.\r\n",
	    (left + 999) / 1000, why);
	MONITOR_SEND(m, say, .channel = UINT32_MAX, .text = text);
}

/* judged: it is the policy's word on an open connection, which was audited. */
static void
end_now(struct monitor *m, const char *why, bool judged)
{
	if (!judged)
		AUDIT(max_close, .seconds = (loop_clock() - m->began) / 1000);
	monitor_disconnect(m, SSH_DISCONNECT_BY_APPLICATION, "%s", why);
}

uint64_t
sessions_tick(struct monitor *m)
{
	struct sessions *s = m->sessions;
	uint64_t now = loop_clock(), before, limit;
	const char *why = NULL;
	bool judged;

	if (m->state != STATE_OPEN)
		return UINT64_MAX;
	if (s->limit == UINT64_MAX)
		find_limit(m);
	limit = recheck_limit(m, &why);
	judged = limit < s->limit;
	if (!judged) {
		limit = s->limit;
		why = s->limit_why;
	}
	if (limit >= UINT64_MAX - 1)
		return UINT64_MAX;
	if (now >= limit) {
		end_now(m, why, judged);
		return UINT64_MAX;
	}
	before = m->decision->grants.warn_before == CONFIG_NONE ?
	    0 :
	    m->decision->grants.warn_before * 1000ULL;
	if (judged && before < RECHECK_LAST_WORDS_MS)
		before = RECHECK_LAST_WORDS_MS; /* it is told in any case */
	if (!s->warned && before != 0) {
		if (now + before < limit)
			return limit - before - now;
		warn(m, limit - now, why);
	}
	return limit - now;
}
