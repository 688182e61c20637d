/*
 * Answers to the client, their delay, and what is logged about them.  From
 * outside all failures look alike: the same message, no sooner than the floor,
 * whoever the user is and whatever was wrong.
 */
#include "daemon/monitor/auth.h"

#include "config/policy/timed.h"
#include "daemon/monitor/delegated.h"

#include "daemon/monitor/decoy.h"
#include "daemon/monitor/guess.h"
#include "daemon/monitor/files.h"
#include "daemon/monitor/selftest.h"
#include "lib/audit.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/ssh/base64.h"
#include "privsep/records.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODULE_DELAY_MAX (10 * 1000000u)
#define QUERY_FLOOR_MAX	 10000u /* microseconds */
#define LIST_FLOOR_MAX	 5000u /* looking a user up takes less */

/* The method as the log says it: with its module, as sshd does. */
static const char *
method_text(struct monitor *m, char *text, size_t size)
{
	const struct auth *a = m->auth;
	bool dialogue = strcmp(a->attempt.method, "keyboard-interactive") == 0;

	if (dialogue && a->consent.due)
		snprintf(text, size, "%s/consent", a->attempt.method);
	else if (dialogue && a->by != NULL)
		snprintf(text, size, "%s/%s", a->attempt.method,
		    a->by->settings->name);
	else if (strcmp(a->attempt.method, "password") == 0 &&
	    a->attempt.password.len == 0 && a->proof.method == NULL)
		snprintf(text, size, "none"); /* as sshd, of an empty one */
	else
		snprintf(text, size, "%s", a->attempt.method);
	return text;
}

static uint64_t
elapsed_ms(struct monitor *m)
{
	return (auth_clock() - m->auth->attempt.began) / 1000;
}

/* Sleep until the moment, unless the worker leaves. */
static void
wait_until(struct monitor *m, uint64_t moment)
{
	for (;;) {
		uint64_t now = auth_clock();
		struct pollfd p = {.fd = m->worker.fd, .events = 0};
		struct timespec left;

		if (now >= moment)
			return;
		left.tv_sec = (time_t)((moment - now) / 1000000);
		left.tv_nsec = (long)((moment - now) % 1000000) * 1000;
		if (ppoll(&p, 1, &left, NULL) > 0)
			return; /* hung up: nobody to be slow for */
	}
}

/* Answers that say no take their time, and tell nothing by it. */
static void
delay_failure(struct monitor *m, uint64_t floor_max)
{
	struct auth *a = m->auth;
	uint64_t floor =
	    (uint64_t)m->template->config->deadlines.failure_delay * 1000;
	uint64_t delay, asked = a->attempt.delay;

	if (floor > floor_max)
		floor = floor_max;
	delay = decoy_delay(m->user, floor, auth_clock() - a->attempt.began);
	delay += decoy_jitter(floor);
	if (asked > MODULE_DELAY_MAX)
		asked = MODULE_DELAY_MAX;
	if (asked > delay)
		delay = asked;
	wait_until(m, a->attempt.began + delay);
}

static void
send_failure(struct monitor *m)
{
	char methods[WALL_METHODS_MAX];

	if (m->auth->changing != 0)
		snprintf(methods, sizeof(methods), "%s", AUTH_CHANGE_METHODS);
	else if (m->auth->consent.due)
		snprintf(methods, sizeof(methods), "%s", AUTH_CONSENT_METHODS);
	else
		chain_methods(&m->auth->walk, methods, sizeof(methods));
	MONITOR_SEND(
	    m, auth_verdict, .result = AUTH_FAILURE, .methods = methods);
}

static enum refusal
refusal_by(enum sallyport_verdict verdict)
{
	switch (verdict) {
	case SALLYPORT_LOCKED:
		return REFUSAL_locked;
	case SALLYPORT_UNAVAILABLE:
		return REFUSAL_unavailable;
	case SALLYPORT_EXPIRED:
		return REFUSAL_expired;
	default:
		return REFUSAL_not_accepted;
	}
}

bool
auth_refused_key_is_news(struct monitor *m)
{
	struct auth *a = m->auth;
	const char *fp = a->attempt.key_facts.fingerprint;
	/* Its fingerprint is that of its key. */
	bool cert = a->attempt.key_facts.ca_fingerprint[0] != '\0';

	if (a->walk.hopeless)
		return false;
	for (size_t i = 0; i < a->refused_key_count; i++)
		if (strcmp(a->refused_keys[i], fp) == 0 &&
		    a->refused_certs[i] == cert)
			return false;
	if (a->refused_key_count < AUTH_REFUSED_KEYS_MAX) {
		a->refused_certs[a->refused_key_count] = cert;
		snprintf(a->refused_keys[a->refused_key_count++],
		    sizeof(a->refused_keys[0]), "%s", fp);
	}
	return true;
}

/*
 * Nobody has failed: it is an error of ours, in words that no watcher counts
 * against the source, and master/connection counts none either.
 */
static void
tell_outage(struct monitor *m, unsigned max)
{
	struct auth *a = m->auth;
	const char *name = a->by == NULL ? NULL : a->by->settings->name;
	const char *why = a->attempt.reason[0] != '\0' ?
	    a->attempt.reason :
	    refusals[REFUSAL_unavailable].sentence;
	char method[128];

	a->outages++;
	if (name != NULL)
		AUDIT(module_error, .module = name, .line = why);
	AUDIT(auth_unavailable,
	    .method = method_text(m, method, sizeof(method)), .module = name,
	    .reason = why, .attempt = a->failures,
	    .attempts_left = max > a->failures ? max - a->failures : 0,
	    .duration_ms = elapsed_ms(m));
	auth_help_failed(m);
}

/* The log and btmp of a failure. */
static void
tell_failure(struct monitor *m, enum sallyport_verdict verdict, unsigned max)
{
	struct auth *a = m->auth;
	const struct attempt *t = &a->attempt;
	bool secret = strcmp(t->method, "password") == 0 ||
	    strcmp(t->method, "keyboard-interactive") == 0;
	/* sshd's rule for what is written at level info. */
	bool loud =
	    (strcmp(t->method, "password") == 0 && t->password.len != 0) ||
	    audit_context()->user_state == AUDIT_USER_INVALID ||
	    audit_context()->denied || a->failures >= max / 2;
	enum refusal by_verdict =
	    a->guess.limited ? REFUSAL_guesses : refusal_by(verdict);
	/* It does not look at keys of users whom it does not let in. */
	bool nobodys_key = t->key_facts.told &&
	    (audit_context()->user_state == AUDIT_USER_INVALID ||
		audit_context()->denied);
	char method[128];

	slot_proof(m->slot, t->method, OUTCOME_FAILED);
	selftest_tell(m, "failed",
	    refusals[a->refused ? a->refusal : by_verdict].code, t->reason, 0);
	if (verdict == SALLYPORT_UNAVAILABLE) {
		tell_outage(m, max);
		return;
	}
	AUDIT_QUIETLY(nobodys_key ? AUDIT_AT_DEBUG : !loud, auth_fail,
	    .method = method_text(m, method, sizeof(method)),
	    .module = a->by == NULL ? NULL : a->by->settings->name,
	    .refusal = refusals[a->refused ? a->refusal : by_verdict].code,
	    .reason = t->reason[0] != '\0' && !a->guess.limited ?
		t->reason :
		refusals[by_verdict].sentence,
	    .attempt = a->failures,
	    .attempts_left = max > a->failures ? max - a->failures : 0,
	    .key_type = t->key_facts.told ? t->key_facts.type : NULL,
	    .fp = t->key_facts.told ? t->key_facts.fingerprint : NULL,
	    .duration_ms = elapsed_ms(m));
	auth_help_failed(m);
	if (m->template->config->records.btmp && (secret || !m->user_known))
		record_failure(m->user, &m->source);
}

static unsigned
tries_allowed(struct monitor *m)
{
	unsigned max = m->auth->decision->grants.max_auth_tries;

	/* A rule's goes before the server's, which the grant begins with. */
	if (max == 0)
		max = m->template->config->limits.max_auth_tries;
	return max == 0 ? 1 : max;
}

/*
 * The client may know the incident's number, the first half of the
 * connection's: a user who quotes it can be found in the log.
 */
static void
give_up(struct monitor *m)
{
	static const char cause[] = "Too many authentication failures";

	AUDIT(auth_maxtries, .attempt = m->auth->failures);
	monitor_disconnect(m, SSH_DISCONNECT_PROTOCOL_ERROR,
	    "%s (incident %.8s)", cause, audit_context()->conn);
	/* For the log, which has the whole number: what watchers look for. */
	snprintf(m->closing_cause, sizeof(m->closing_cause), "%s", cause);
}

/* A query counts as no try here; sshd's sentence is the same. */
static void
tell_offer(struct monitor *m)
{
	const struct attempt *t = &m->auth->attempt;
	bool cert = t->key_facts.ca_fingerprint[0] != '\0';

	if (t->key_facts.told && !audit_context()->denied &&
	    audit_context()->user_state == AUDIT_USER_AUTHENTICATING)
		AUDIT(key_offered, .method = t->method,
		    .key_type = t->key_facts.type,
		    .fp = t->key_facts.fingerprint,
		    .key_id = cert ? t->key_facts.id : NULL,
		    .serial = cert ? t->key_facts.serial : 0,
		    .ca_type = cert ? t->key_facts.ca_type : NULL,
		    .ca_fp = cert ? t->key_facts.ca_fingerprint : NULL);
}

void
auth_fail(struct monitor *m, enum sallyport_verdict verdict)
{
	struct auth *a = m->auth;
	unsigned max = tries_allowed(m);
	bool counts = !a->attempt.query || a->queries > AUTH_QUERIES_FREE;

	if (m->ended)
		return;
	if (counts) {
		a->failures++;
		tell_failure(m, verdict, max);
	} else {
		log_debug("key query: no (%s)", a->attempt.reason);
		tell_offer(m);
	}
	a->by = NULL;
	delay_failure(m, a->attempt.query ? QUERY_FLOOR_MAX : UINT64_MAX);
	if (a->failures >= max) {
		give_up(m);
		return;
	}
	send_failure(m);
}

/* For the owner of the account; the log has the reason. */
static const char *
account_sentence(enum refusal refusal)
{
	return refusals[refusal].owner != NULL ?
	    refusals[refusal].owner :
	    "This account may not log in now";
}

void
auth_end_account(struct monitor *m, enum sallyport_verdict verdict)
{
	struct auth *a = m->auth;
	const char *sentence = a->attempt.told[0] != '\0' ?
	    a->attempt.told :
	    account_sentence(a->refusal);

	if (m->ended)
		return;
	a->failures++;
	a->account_ended = true;
	a->ended_by_dialogue =
	    strcmp(a->attempt.method, "keyboard-interactive") == 0;
	tell_failure(m, verdict, tries_allowed(m));
	a->by = NULL;
	monitor_disconnect(m, SSH_DISCONNECT_BY_APPLICATION,
	    "%s (incident %.8s)", sentence, audit_context()->conn);
	snprintf(m->closing_cause, sizeof(m->closing_cause), "%s", sentence);
}

/*
 * RFC 4256 section 3.1: no answer to the request that was left.  It counts
 * all the same: a client that has seen how far it got could ask for ever.
 */
void
auth_abandoned(struct monitor *m)
{
	struct auth *a = m->auth;

	snprintf(a->attempt.reason, sizeof(a->attempt.reason),
	    "abandoned by the client");
	a->failures++;
	tell_failure(m, SALLYPORT_DENY, tries_allowed(m));
	a->by = NULL;
	delay_failure(m, UINT64_MAX);
	if (a->failures >= tries_allowed(m))
		give_up(m);
}

void
auth_list(struct monitor *m)
{
	char methods[WALL_METHODS_MAX];

	AUDIT(auth_none,
	    .next = chain_methods(&m->auth->walk, methods, sizeof(methods)));
	delay_failure(m, LIST_FLOOR_MAX);
	send_failure(m);
}

void
auth_expose(struct monitor *m)
{
	struct auth *a = m->auth;
	const struct attempt *t = &a->attempt;
	char *blob = mem_zalloc(BASE64_SIZE(t->key.len)), *text;

	if (t->key_facts.told && t->key.len != 0)
		base64_encode(
		    t->key.data, t->key.len, blob, BASE64_SIZE(t->key.len));
	if (t->principal[0] != '\0')
		text = mem_printf("%s%s %s\n",
		    a->exposed == NULL ? "" : a->exposed, t->method,
		    t->principal);
	else
		text = mem_printf("%s%s%s%s%s%s\n",
		    a->exposed == NULL ? "" : a->exposed, t->method,
		    t->key_facts.told ? " " : "",
		    t->key_facts.told ? t->key_facts.type : "",
		    t->key_facts.told ? " " : "", blob);
	free(a->exposed);
	free(blob);
	a->exposed = text;
}

void
auth_partial(struct monitor *m, const char *methods)
{
	struct auth *a = m->auth;
	const struct attempt *t = &a->attempt;
	/* As sshd: see tell_failure(). */
	bool quiet = strcmp(t->method, "password") != 0 &&
	    a->failures < tries_allowed(m) / 2;
	char method[128];

	slot_proof(m->slot, t->method, OUTCOME_PARTIAL);
	selftest_tell(m, "more", methods, NULL, 0);
	AUDIT_QUIETLY(quiet, auth_partial,
	    .method = method_text(m, method, sizeof(method)),
	    .module = a->by == NULL ? NULL : a->by->settings->name,
	    .next = methods,
	    .key_type = t->key_facts.told ? t->key_facts.type : NULL,
	    .fp = t->key_facts.told ? t->key_facts.fingerprint : NULL);
	MONITOR_SEND(
	    m, auth_verdict, .result = AUTH_PARTIAL, .methods = methods);
}

void
auth_refuse(struct monitor *m, enum refusal refusal, const char *reason,
    const char *detail)
{
	const struct refusal_row *row = &refusals[refusal];
	struct auth *a = m->auth;

	a->refused = true;
	a->refusal = refusal;
	if (reason == NULL)
		reason = row->sentence;
	/* From outside nothing has been achieved, as for any failure. */
	a->walk = a->before;
	a->walk.hopeless = true;
	snprintf(a->attempt.reason, sizeof(a->attempt.reason), "%s", reason);
	if (a->refused_told)
		return;
	a->refused_told = true;
	selftest_tell(m, "refused", row->code, reason, 0);
	if (refusal == REFUSAL_shell || refusal == REFUSAL_locked) {
		/* As sshd, to whom such a user is nobody from then on. */
		AUDIT(authz_account, .refusal = row->code, .reason = reason);
		audit_set_denied();
	} else {
		AUDIT_QUIETLY(row->denies ? 0 : AUDIT_AT_DEBUG, authz_deny,
		    .refusal = row->code, .reason = reason,
		    .as_sshd = row->sshd != NULL ? row->sshd : reason,
		    .detail =
			detail == NULL || detail[0] == '\0' ? NULL : detail,
		    .method = a->attempt.method);
	}
	auth_help_refused(m, refusal, reason, detail);
}

static void
fill_slot(struct monitor *m, const char *methods)
{
	struct auth *a = m->auth;
	struct slot *s = m->slot;

	if (s == NULL)
		return;
	s->uid = m->passwd.pw_uid;
	snprintf(s->user, sizeof(s->user), "%s", m->passwd.pw_name);
	snprintf(s->rule, sizeof(s->rule), "%s",
	    a->decision->rule == NULL ? "" : a->decision->rule->name);
	snprintf(s->method, sizeof(s->method), "%.63s", methods);
	snprintf(s->key, sizeof(s->key), "%s",
	    a->last_key.key_facts.told ? a->last_key.key_facts.fingerprint :
					 "");
	snprintf(s->principal, sizeof(s->principal), "%.*s",
	    (int)sizeof(s->principal) - 1, a->principal);
}

/* Variables set by modules, and those of environment="" options whose names the
 * policy lets a client set. */
static void
take_environment(struct monitor *m)
{
	const struct restrictions *r = &m->auth->granted;

	for (size_t i = 0; i < r->variable_count; i++)
		(void)auth_set_environment(m, r->variables[i]);
	for (size_t i = 0; i < r->environment_count; i++) {
		const char *setting = r->environment[i];
		char *name = mem_strndup(setting, strcspn(setting, "="));

		if (policy_may_env(m->auth->decision, name))
			(void)auth_set_environment(m, setting);
		free(name);
	}
}

void
auth_proof_done(struct monitor *m)
{
	struct auth *a = m->auth;
	struct attempt *p = &a->proof;

	*p = a->attempt;
	a->proof_by = a->by;
	/* Texts and keys of the request go with it. */
	memset(&p->restrictions, 0, sizeof(p->restrictions));
	p->password = p->key = p->signature = p->host_key = p->data =
	    p->submethods = p->user = p->service = (struct bytes){NULL, 0};
	p->step = NULL;
	if (p->method == a->attempt.other)
		p->method = p->other;
}

/* A new password is no proof: the login is by what was proven before. */
static void
take_proof(struct auth *a)
{
	const char *method = a->proof.method;

	restrictions_free(&a->attempt.restrictions);
	a->attempt = a->proof;
	a->by = a->proof_by;
	if (method == a->proof.other)
		a->attempt.method = a->attempt.other;
}

void
auth_succeed(struct monitor *m)
{
	struct auth *a = m->auth;
	const struct attempt *t = &a->attempt;
	char method[128], methods[512] = "";
	bool cert;
	size_t used = 0;
	const struct timed_grant *grant = a->decision->timed;
	const char *ticket = grant != NULL ? grant->ticket : NULL;
	const char *approver = grant != NULL ? grant->approver : NULL;

	if (a->proof.method != NULL)
		take_proof(a);
	cert = t->key_facts.told && t->key_facts.ca_fingerprint[0] != '\0';

	for (size_t i = 0; i < a->walk.done_count; i++)
		used += (size_t)snprintf(&methods[used],
		    used < sizeof(methods) ? sizeof(methods) - used : 0, "%s%s",
		    i > 0 ? "," : "", a->walk.methods[i]);
	audit_set_user(m->passwd.pw_name, m->passwd.pw_uid);
	slot_proof(m->slot, t->method, OUTCOME_ACCEPTED);
	selftest_tell(m, "accepted", methods, NULL, auth_clock() - a->began);
	AUDIT(auth_ok, .method = method_text(m, method, sizeof(method)),
	    .methods = methods,
	    .module = a->by == NULL ? NULL : a->by->settings->name,
	    .key_type = t->key_facts.told ? t->key_facts.type : NULL,
	    .fp = t->key_facts.told ? t->key_facts.fingerprint : NULL,
	    .key_id = cert ? t->key_facts.id : NULL,
	    .serial = cert ? t->key_facts.serial : 0,
	    .ca_type = cert ? t->key_facts.ca_type : NULL,
	    .ca_fp = cert ? t->key_facts.ca_fingerprint : NULL,
	    .principal = t->principal[0] != '\0' ? t->principal : NULL,
	    .attempt = a->requests,
	    .duration_ms = (auth_clock() - a->began) / 1000, .ticket = ticket,
	    .approver = approver);
	AUDIT(authz_allow, .method = methods, .ticket = ticket,
	    .approver = approver);
	fill_slot(m, methods);
	take_environment(m);
	guess_succeeded(m);
	m->decision = a->decision;
	delegated_settle(m);
	monitor_login(m);
}

/* Before the first answer; a banner that cannot be read is only logged. */
/* The rule's or a guard's word goes before the listener's, "none" as well. */
static const char *
banner_path(const struct monitor *m)
{
	const struct grants *g = &m->auth->decision->grants;
	const struct config *c = m->template->config;

	for (size_t i = 0;
	     i < c->listener_count && g->origins[GRANT_banner].line == 0; i++)
		if (strcmp(c->listeners[i].name, m->listener) == 0 &&
		    c->listeners[i].sets_banner)
			return c->listeners[i].banner;
	return g->banner;
}

void
auth_banner(struct monitor *m)
{
	struct auth *a = m->auth;
	const char *path = banner_path(m);
	char *text;

	if (a->banner_sent || path == NULL || path[0] == '\0' ||
	    strcmp(path, "none") == 0)
		return;
	a->banner_sent = true;
	if ((text = files_read(m, path, WALL_BANNER_MAX)) == NULL)
		return;
	MONITOR_SEND(m, banner, .text = text);
	free(text);
}
