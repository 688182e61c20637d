/*
 * The requests of administrators to the running server.  Each use is audited
 * before it is served.
 */
#include "config.h"

#include "daemon/master/admit.h"
#include "daemon/master/control.h"
#include "daemon/master/judging.h"
#include "daemon/master/notify.h"

#include "config/load.h"
#include "daemon/start.h"
#include "lib/audit.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/mem.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *
state_text(uint32_t state)
{
	static const char *const texts[STATE_COUNT] = {
	    [STATE_KEX] = "key exchange",
	    [STATE_AUTH] = "authentication",
	    [STATE_ASKING] = "authentication",
	    [STATE_CHANGING] = "password change",
	    [STATE_OPENING] = "opening",
	    [STATE_OPEN] = "open",
	    [STATE_CLOSING] = "closing",
	};

	return state < STATE_COUNT ? texts[state] : "unknown";
}

/* ---- status ---- */

static void
describe_listeners(struct control_client *c)
{
	char text[512] = "", one[256];
	size_t used = 0;

	for (struct listening *l = c->m->listening; l != NULL; l = l->next) {
		snprintf(one, sizeof(one),
		    strchr(l->address, ':') != NULL ? "%s[%s]:%u" : "%s%s:%u",
		    used > 0 ? " " : "", l->address, l->port);
		if (used + strlen(one) >= sizeof(text))
			break;
		memcpy(&text[used], one, strlen(one) + 1);
		used += strlen(one);
	}
	control_text(c, "listeners", text);
	control_text(c, "listeners_failed",
	    c->m->listen_failed == NULL ? "" : c->m->listen_failed);
}

static void
describe_helpers(struct control_client *c)
{
	char text[2048] = "", one[256];
	size_t used = 0;

	for (struct generation *g = c->m->generations; g != NULL; g = g->next)
		for (const struct helper *h = g->helpers; h != NULL;
		     h = h->next) {
			snprintf(one, sizeof(one),
			    "%s%s (generation %u): %s, process %d, %u "
			    "restarts, %llu requests, %llu answers%s",
			    used > 0 ? "; " : "", h->module, g->number,
			    h->child.pid == 0  ? "ended" :
				h->child.ready ? "ready" :
						 "starting",
			    (int)h->child.pid, h->restarts,
			    (unsigned long long)h->taken,
			    (unsigned long long)h->answered,
			    helpers_has_waiting(h) ? ", requests wait" : "");
			if (used + strlen(one) >= sizeof(text))
				break;
			memcpy(&text[used], one, strlen(one) + 1);
			used += strlen(one);
		}
	control_text(c, "helpers", text);
}

static void
verb_status(
    struct control_client *c, const char *const *arguments, size_t count)
{
	struct master *m = c->m;
	unsigned generations = 0;
	size_t stuck = 0, users = 0;

	(void)arguments;
	(void)count;
	for (struct generation *g = m->generations; g != NULL; g = g->next)
		generations++;
	admit_count(m);
	control_record(c);
	control_text(c, "version", PACKAGE_VERSION);
	control_number(c, "pid", (uint64_t)getpid());
	control_number(c, "since", m->control->since);
	control_text(c, "config", m->options.config_file);
	control_number(
	    c, "generation", m->current == NULL ? 0 : m->current->number);
	control_number(c, "generations", generations);
	control_number(c, "connections", m->n_connections);
	control_number(
	    c, "unauthenticated", m->n_unauthenticated + m->n_header_due);
	control_number(c, "health_checks", m->stats.exits[EXIT_HEALTH]);
	control_bool(c, "draining", m->draining);
	describe_listeners(c);
	describe_helpers(c);
	control_text(c, "log_level", log_level_name(log_level()));
	control_describe_trial(c);
	/* All generations share one table. */
	if (m->current != NULL && m->current->slots != NULL)
		stuck =
		    leftovers_count(slots_leftovers(m->current->slots), &users);
	control_number(c, "stuck_children", stuck);
	control_number(c, "stuck_users", users);
	control_ok(c);
}

/* ---- sessions ---- */

static void
describe_connection(struct control_client *c, const struct connection *k)
{
	struct slot slot;
	char text[NET_TEXT_MAX];

	connection_slot(k, &slot);
	snprintf(text, sizeof(text), "%016llx", (unsigned long long)k->id);
	control_record(c);
	control_text(c, "id", text);
	control_text(c, "user", slot.user);
	control_number(c, "uid", slot.uid);
	control_bool(c, "logged_in", slot.since != 0);
	control_text(c, "source", net_print(&k->source, text));
	control_number(c, "port", k->source.port);
	if (k->proxy.family != NET_NONE)
		control_text(c, "proxy", net_print(&k->proxy, text));
	control_number(c, "since", slot.since);
	control_number(c, "age", (loop_clock() - k->accepted_at) / 1000);
	control_text(c, "rule", slot.rule);
	control_text(c, "method", slot.method);
	control_text(c, "key", slot.key);
	control_text(c, "principal", slot.principal);
	control_text(c, "tty", slot.line);
	control_number(c, "channels", slot.channels);
	control_number(c, "bytes_in", slot.bytes_in);
	control_number(c, "bytes_out", slot.bytes_out);
	control_number(c, "idle", slot.idle);
	control_text(c, "state", state_text(slot.state));
	control_text(
	    c, "call", slot.call == 0 ? "" : slot_call_text(slot.call));
	control_number(c, "generation", k->generation->number);
	control_number(c, "monitor", (uint64_t)k->monitor);
	control_number(c, "worker", (uint64_t)k->worker);
}

static void
verb_sessions(
    struct control_client *c, const char *const *arguments, size_t count)
{
	(void)arguments;
	(void)count;
	for (const struct connection *k = c->m->connections; k != NULL;
	     k = k->next)
		if (!k->silent)
			describe_connection(c, k);
	control_ok(c);
}

static void
verb_kill(struct control_client *c, const char *const *arguments, size_t count)
{
	(void)count;
	control_kill(c, arguments[0]);
}

/* ---- drain ---- */

static void
verb_drain(struct control_client *c, const char *const *arguments, size_t count)
{
	struct master *m = c->m;
	bool on = count == 0 || strcmp(arguments[0], "off") != 0;

	if (count == 1 && on && strcmp(arguments[0], "on") != 0) {
		control_error(c, "drain %s: on or off", arguments[0]);
		return;
	}
	if (on != m->draining)
		AUDIT(drain, .count = m->n_connections,
		    .reason = on ? c->actor : "ended");
	m->draining = on;
	notify_state(on ? "STATUS=Draining: no new connections" :
			  "STATUS=Serving connections");
	control_record(c);
	control_bool(c, "draining", on);
	control_number(c, "connections", m->n_connections);
	control_ok(c);
}

/* ---- penalties ---- */

static void
describe_penalty(const struct net_key *source, enum offence offence,
    uint32_t seconds, bool in_force, void *arg)
{
	struct control_client *c = arg;
	char text[NET_TEXT_MAX];

	control_record(c);
	control_text(c, "source", net_key_print(source, text));
	control_text(c, "cause", offence_name(offence));
	control_number(c, "seconds", seconds);
	control_bool(c, "in_force", in_force);
}

/* Guesses at accounts, by uid: this process asks nobody for names. */
static void
describe_account(uid_t uid, uint32_t seconds, bool refused, void *arg)
{
	struct control_client *c = arg;

	control_record(c);
	control_number(c, "uid", uid);
	control_text(c, "cause", "guesses from unknown sources");
	control_number(c, "seconds", seconds);
	control_bool(c, "in_force", refused);
}

/* The table that all generations share; NULL: none serves. */
static struct accounts *
accounts_of(const struct master *m)
{
	return m->current == NULL || m->current->slots == NULL ?
	    NULL :
	    slots_accounts(m->current->slots);
}

static bool
parse_uid(const char *text, uid_t *uid)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	*uid = (uid_t)n;
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' &&
	    n <= UINT32_MAX;
}

static void
clear_account(struct control_client *c, const char *text)
{
	struct accounts *accounts = accounts_of(c->m);
	char subject[32];
	uid_t uid;

	if (!parse_uid(text, &uid)) {
		control_error(c, "uid:%s: is no uid", text);
		return;
	}
	snprintf(subject, sizeof(subject), "uid %u", (unsigned)uid);
	AUDIT(penalty_clear, .network = subject, .cause = c->actor);
	control_record(c);
	control_number(c, "cleared",
	    accounts == NULL ? 0 : accounts_clear(accounts, &uid));
	control_ok(c);
}

static void
clear_penalties(struct control_client *c, const char *network)
{
	struct accounts *accounts = accounts_of(c->m);
	struct net_network which;
	size_t cleared;

	if (network != NULL && strncmp(network, "uid:", 4) == 0) {
		clear_account(c, &network[4]);
		return;
	}
	if (network != NULL && net_parse_network(network, &which) != 0) {
		control_error(c, "%s: is no address or network", network);
		return;
	}
	cleared =
	    penalties_clear(c->m->penalties, network == NULL ? NULL : &which);
	if (network == NULL && accounts != NULL)
		cleared += accounts_clear(accounts, NULL);
	AUDIT(penalty_clear, .network = network == NULL ? "all" : network,
	    .cause = c->actor);
	control_record(c);
	control_number(c, "cleared", cleared);
	control_ok(c);
}

/* By hand, for so many seconds from now on, whatever the settings are. */
static void
add_penalty(struct control_client *c, const char *address, const char *seconds)
{
	struct master *m = c->m;
	struct net_address source;
	char *end;
	unsigned long n = strtoul(seconds, &end, 10);
	int err;

	if (net_parse(address, &source) != 0) {
		control_error(c, "%s: is no address", address);
		return;
	}
	if (seconds[0] < '0' || seconds[0] > '9' || *end != '\0' || n == 0 ||
	    n > PENALTY_BY_HAND_MAX) {
		control_error(c, "%s: a penalty is 1 to %u seconds", seconds,
		    (unsigned)PENALTY_BY_HAND_MAX);
		return;
	}
	err = m->current == NULL ?
	    E_NOT_FOUND :
	    penalties_impose(m->penalties, m->current->config, &source,
		(uint32_t)n, c->actor);
	if (err == E_PERMISSIONS)
		control_error(c, "%s: limits.penalties exempts it", address);
	else if (err == E_UNSUPPORTED)
		control_error(c, "limits.penalties.enabled is false");
	else if (err != 0)
		control_error(c, "%s: %s", address, err_text(err));
	if (err != 0)
		return;
	control_record(c);
	control_text(c, "source", address);
	control_number(c, "seconds", n);
	control_ok(c);
}

static void
verb_penalties(
    struct control_client *c, const char *const *arguments, size_t count)
{
	struct master *m = c->m;

	if (count > 0 && count <= 2 && strcmp(arguments[0], "clear") == 0) {
		clear_penalties(c, count > 1 ? arguments[1] : NULL);
		return;
	}
	if (count == 3 && strcmp(arguments[0], "add") == 0) {
		add_penalty(c, arguments[1], arguments[2]);
		return;
	}
	if (count > 0) {
		control_error(c,
		    "penalties %s: add address seconds, clear, or nothing",
		    arguments[0]);
		return;
	}
	if (m->current != NULL)
		penalties_each(
		    m->penalties, m->current->config, describe_penalty, c);
	if (accounts_of(m) != NULL)
		accounts_each(accounts_of(m), describe_account, c);
	control_ok(c);
}

/* ---- the rest ---- */

static void
verb_stats(struct control_client *c, const char *const *arguments, size_t count)
{
	(void)arguments;
	(void)count;
	control_stats(c);
}

static void
verb_bundle(
    struct control_client *c, const char *const *arguments, size_t count)
{
	struct master *m = c->m;

	(void)arguments;
	(void)count;
	if (m->current != NULL)
		c->pass = fcntl(m->current->bundle, F_DUPFD_CLOEXEC, SPAWN_FDS);
	if (c->pass < 0) {
		control_error(c, "no configuration is in force");
		return;
	}
	control_record(c);
	control_number(c, "generation", m->current->number);
	control_ok(c);
}

static void
verb_message(
    struct control_client *c, const char *const *arguments, size_t count)
{
	(void)count;
	control_message(c, arguments[0], arguments[1]);
}

/* sallyportctl reads and removes recordings itself: who does is audited here.
 */
static void
verb_recordings(
    struct control_client *c, const char *const *words, size_t count)
{
	(void)words;
	(void)count;
	control_record(c);
	control_ok(c);
}

/* Begin to judge open connections anew; with "status", how far that is. */
static void
verb_recheck(
    struct control_client *c, const char *const *arguments, size_t count)
{
	struct judging_count n;
	const char *why = NULL;

	if (count == 1 && strcmp(arguments[0], "status") != 0) {
		control_error(
		    c, "recheck %s: status, or nothing", arguments[0]);
		return;
	}
	if (count == 0 &&
	    judging_begin(c->m, RECHECK_ADMINISTRATOR, &why) == 0) {
		control_error(c, "%s", why);
		return;
	}
	judging_count(c->m, &n);
	control_record(c);
	control_number(c, "open", n.asked);
	control_number(c, "waiting", n.waiting);
	control_number(c, "allowed", n.allowed);
	control_number(c, "refused", n.refused);
	control_number(c, "unknown", n.unknown);
	control_ok(c);
}

/* Asked by a keeper that came after our start. */
static void
verb_adopt(struct control_client *c, const char *const *words, size_t count)
{
	(void)words;
	(void)count;
	control_record(c);
	control_number(c, "adopted", master_adopt_more(c->m));
	control_ok(c);
}

static const struct verb {
	const char *name;
	control_verb_fn *serve;
	size_t least, most;
} verbs[] = {
    {"status", verb_status, 0, 0},
    {"sessions", verb_sessions, 0, 0},
    {"kill", verb_kill, 1, 1},
    {"message", verb_message, 2, 2},
    {"drain", verb_drain, 0, 1},
    {"penalties", verb_penalties, 0, 3},
    {"recheck", verb_recheck, 0, 1},
    {"reload", control_reload, 0, 3},
    {"confirm", control_confirm, 0, 0},
    {"revert", control_revert, 0, 0},
    {"stats", verb_stats, 0, 0},
    {"log-level", control_log_level, 0, 1},
    {"bundle", verb_bundle, 0, 0},
    {"recordings", verb_recordings, 2, 2},
    {"adopt", verb_adopt, 0, 0},
    {"selftest", control_selftest, 3, 5},
};

void
control_serve(struct control_client *c, const char *const *words, size_t count)
{
	char target[CONTROL_REQUEST_MAX] = "";

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		const struct verb *v = &verbs[i];

		if (strcmp(words[0], v->name) != 0 || count - 1 < v->least ||
		    count - 1 > v->most)
			continue;
		for (size_t k = 1; k < count; k++) {
			size_t used = strlen(target);

			snprintf(&target[used], sizeof(target) - used, "%s%s",
			    k > 1 ? " " : "", words[k]);
		}
		AUDIT(ctl_command, .verb = v->name,
		    .target = target[0] != '\0' ? target : NULL,
		    .actor = c->actor);
		v->serve(c, &words[1], count - 1);
		return;
	}
	AUDIT(ctl_denied, .verb = words[0], .actor = c->actor,
	    .reason = "no such command");
	control_error(c, "%s: no such command, or wrong arguments", words[0]);
}
