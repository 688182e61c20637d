/*
 * sallyportctl stats: what the master counted, and what the connections
 * counted in their slots, as samples of Prometheus' text format.  No label
 * comes from a client.
 */
#include "config.h"

#include "daemon/master/control.h"
#include "daemon/master/ledger.h"

#include "lib/mem.h"
#include "lib/syslog_out.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct totals {
	uint64_t logins, bytes_in, bytes_out;
	unsigned states[STATE_COUNT];
	struct slot_counts counts;
};

/* Sums over connections that have ended and those that are open. */
static void
add_up(struct master *m, struct totals *t)
{
	struct slot slot;

	t->logins = m->stats.logins;
	t->bytes_in = m->stats.bytes_in;
	t->bytes_out = m->stats.bytes_out;
	t->counts = m->stats.counts;
	t->counts.log_lost += syslog_out_lost();
	for (const struct connection *c = m->connections; c != NULL;
	     c = c->next) {
		if (c->monitor_dead)
			continue;
		connection_slot(c, &slot);
		t->logins += slot.since != 0;
		t->bytes_in += slot.bytes_in;
		t->bytes_out += slot.bytes_out;
		t->states[slot.state < STATE_COUNT ? slot.state :
						     STATE_CLOSING]++;
		slot_counts_add(&t->counts, &slot.counts);
	}
}

static void
family(struct control_client *c, const char *metric, const char *kind,
    const char *help)
{
	control_record(c);
	control_text(c, "metric", metric);
	control_text(c, "kind", kind);
	control_text(c, "help", help);
}

static void
sample(struct control_client *c, const char *name, const char *label,
    const char *value_of_label, const char *label2, const char *value2,
    uint64_t value)
{
	control_record(c);
	control_text(c, "sample", name);
	if (label != NULL) {
		control_text(c, "label", label);
		control_text(c, "is", value_of_label);
	}
	if (label2 != NULL) {
		control_text(c, "label2", label2);
		control_text(c, "is2", value2);
	}
	control_number(c, "value", value);
}

static void
single(struct control_client *c, const char *name, const char *kind,
    const char *help, uint64_t value)
{
	family(c, name, kind, help);
	sample(c, name, NULL, NULL, NULL, NULL, value);
}

static void
connections(struct control_client *c, const struct totals *t)
{
	static const struct {
		unsigned code;
		const char *text;
	} results[] = {
	    {EXIT_DONE, "done"},
	    {EXIT_NO_AUTH, "no_auth"},
	    {EXIT_AUTH_FAILED, "auth_failed"},
	    {EXIT_INVALID_USER, "invalid_user"},
	    {EXIT_REFUSED, "refused"},
	    {EXIT_VIOLATION, "violation"},
	    {EXIT_PROTOCOL, "protocol"},
	    {EXIT_FAILED, "failed"},
	    {EXIT_ACCOUNT, "account"},
	    {EXIT_OUTAGE, "outage"},
	    {EXIT_SILENT, "silent"},
	    {EXIT_HEALTH, "health"},
	};
	static const char *const states[STATE_COUNT] = {
	    [STATE_KEX] = "kex",
	    [STATE_AUTH] = "auth",
	    [STATE_ASKING] = "asking",
	    [STATE_CHANGING] = "changing",
	    [STATE_OPENING] = "opening",
	    [STATE_OPEN] = "open",
	    [STATE_CLOSING] = "closing",
	};
	static const char name[] = "sallyport_connections_total";

	single(c, "sallyport_accepted_total", "counter", "Connections admitted",
	    c->m->stats.accepted);
	family(c, name, "counter", "Connections that have ended, by result");
	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		sample(c, name, "result", results[i].text, NULL, NULL,
		    c->m->stats.exits[results[i].code]);
	family(
	    c, "sallyport_connections", "gauge", "Connections now, by state");
	for (size_t i = 0; i < STATE_COUNT; i++)
		sample(c, "sallyport_connections", "state", states[i], NULL,
		    NULL, t->states[i]);
}

static void
logins(struct control_client *c, const struct totals *t)
{
	static const char *const outcomes[OUTCOME_COUNT] = {
	    [OUTCOME_FAILED] = "failed",
	    [OUTCOME_PARTIAL] = "partial",
	    [OUTCOME_ACCEPTED] = "accepted",
	};
	static const char name[] = "sallyport_authentications_total";

	single(c, "sallyport_logins_total", "counter", "Logins", t->logins);
	family(c, name, "counter", "Proofs, by method and result");
	for (enum slot_method i = 0; i < SLOT_METHOD_COUNT; i++)
		for (size_t k = 0; k < OUTCOME_COUNT; k++)
			sample(c, name, "method", slot_method_text(i), "result",
			    outcomes[k], t->counts.proofs[i][k]);
}

static void
drops(struct control_client *c)
{
	static const char name[] = "sallyport_dropped_total";

	family(c, name, "counter", "Connections not admitted, by cause");
	sample(c, name, "cause", "startups", NULL, NULL,
	    c->m->stats.dropped_startups);
	sample(
	    c, name, "cause", "source", NULL, NULL, c->m->stats.dropped_source);
	sample(c, name, "cause", "penalty", NULL, NULL,
	    c->m->stats.dropped_penalty);
	sample(c, name, "cause", "draining", NULL, NULL,
	    c->m->stats.dropped_draining);
	sample(
	    c, name, "cause", "other", NULL, NULL, c->m->stats.dropped_other);
}

static void
failures(struct control_client *c)
{
	static const char name[] = "sallyport_crashes_total";

	family(c, name, "counter", "Processes that died of a signal");
	sample(c, name, "component", "worker", NULL, NULL,
	    c->m->stats.worker_crashes);
	sample(c, name, "component", "monitor", NULL, NULL,
	    c->m->stats.monitor_crashes);
	single(c, "sallyport_wall_violations_total", "counter",
	    "Workers that broke the rules of the wall", c->m->stats.violations);
	single(c, "sallyport_deadlines_total", "counter",
	    "Connections ended because a call did not return",
	    c->m->stats.deadlines);
}

/* Prometheus' unit is the second; the reader divides. */
static void
histogram(struct control_client *c, enum slot_time what,
    const struct slot_times *times)
{
	char name[96], part[128], bound[32];
	uint64_t count = 0;

	snprintf(
	    name, sizeof(name), "sallyport_%s_seconds", slot_time_text(what));
	family(c, name, "histogram",
	    what == TIME_KEX ? "From the connection to its first keys" :
		what == TIME_SESSION ?
			       "Opening of a session" :
			       "Calls, the client's thinking not counted");
	snprintf(part, sizeof(part), "%s_bucket", name);
	for (size_t i = 0; i < SLOT_BUCKETS; i++) {
		count += times->buckets[i];
		snprintf(bound, sizeof(bound), "%u.%03u", slot_bounds[i] / 1000,
		    slot_bounds[i] % 1000);
		sample(c, part, "le", bound, NULL, NULL, count);
	}
	count += times->buckets[SLOT_BUCKETS];
	sample(c, part, "le", "+Inf", NULL, NULL, count);
	snprintf(part, sizeof(part), "%s_sum", name);
	sample(c, part, NULL, NULL, NULL, NULL, times->sum);
	control_bool(c, "milliseconds", true);
	snprintf(part, sizeof(part), "%s_count", name);
	sample(c, part, NULL, NULL, NULL, NULL, count);
}

static void
count_penalty(const struct net_key *source, enum offence offence,
    uint32_t seconds, bool in_force, void *arg)
{
	uint64_t *counts = arg;

	(void)source;
	(void)offence;
	(void)seconds;
	counts[in_force]++;
}

static void
penalties(struct control_client *c)
{
	static const char name[] = "sallyport_penalties";
	uint64_t counts[2] = {0, 0};

	if (c->m->current != NULL)
		penalties_each(c->m->penalties, c->m->current->config,
		    count_penalty, counts);
	family(c, name, "gauge", "Sources with a penalty");
	sample(c, name, "in_force", "false", NULL, NULL, counts[0]);
	sample(c, name, "in_force", "true", NULL, NULL, counts[1]);
}

void
control_stats(struct control_client *c)
{
	struct totals *t = mem_zalloc(sizeof(*t));
	uint64_t age;

	add_up(c->m, t);
	family(c, "sallyport_build_info", "gauge", "The program that runs");
	sample(c, "sallyport_build_info", "version", PACKAGE_VERSION, NULL,
	    NULL, 1);
	single(c, "sallyport_start_time_seconds", "gauge",
	    "When the server was started", c->m->control->since);
	single(c, "sallyport_generation", "gauge",
	    "Generation of the configuration",
	    c->m->current == NULL ? 0 : c->m->current->number);
	single(c, "sallyport_draining", "gauge", "No new connections",
	    c->m->draining);
	connections(c, t);
	logins(c, t);
	for (enum slot_time i = 0; i < SLOT_TIME_COUNT; i++)
		histogram(c, i, &t->counts.times[i]);
	single(c, "sallyport_received_bytes_total", "counter",
	    "Bytes from clients", t->bytes_in);
	single(c, "sallyport_sent_bytes_total", "counter", "Bytes to clients",
	    t->bytes_out);
	drops(c);
	penalties(c);
	failures(c);
	single(c, "sallyport_log_lost_total", "counter",
	    "Records that syslog or the journal did not take",
	    t->counts.log_lost);
	if (ledger_age(&age))
		single(c, "sallyport_audit_checkpoint_age_seconds", "gauge",
		    "Since the last signed checkpoint of the log", age);
	free(t);
	control_ok(c);
}
