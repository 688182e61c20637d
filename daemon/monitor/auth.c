/*
 * The course of one authentication request, in the monitor: the user and the
 * service are frozen by the first, the policy says which chains may be
 * walked, modules give verdicts, and chain.c alone turns those into progress.
 */
#include "daemon/monitor/auth.h"
#include "daemon/monitor/delegated.h"

#include "daemon/monitor/decoy.h"
#include "daemon/monitor/guess.h"
#include "lib/audit.h"
#include "lib/err.h"
#include "lib/escape.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_TRIED_MAX 8 /* steps of different chains by one request */

void
auth_init(struct monitor *m)
{
	struct auth *a = mem_zalloc(sizeof(*a));

	a->decision = mem_zalloc(sizeof(*a->decision));
	decision_init(a->decision);
	a->login = (struct sallyport_login){.calls = &host_calls,
	    .program = m,
	    .config = m->template->config,
	    .source = &m->source,
	    .local = &m->local,
	    .listener = m->listener,
	    .connection = m->connection_id,
	    .decision = a->decision,
	    .facts = &a->facts,
	    .attempt = &a->attempt};
	ticket_init(&a->ticket.context);
	a->began = auth_clock();
	own_save(&a->own);
	m->auth = a;
	auth_watch_exit(m);
	host_children_watch(m);
}

struct attempt *
auth_attempt(struct monitor *m, const char *method, struct bytes user,
    struct bytes service)
{
	struct attempt *a = &m->auth->attempt;

	restrictions_free(&a->restrictions);
	wipe(a, sizeof(*a));
	a->method = method;
	a->user = user;
	a->service = service;
	a->began = auth_clock();
	a->now = time(NULL);
	return a;
}

/* The name as the client typed it, or something that nobody is called. */
static void
freeze(struct monitor *m, struct bytes user, struct bytes service)
{
	memcpy(m->user, user.data, user.len);
	m->user[user.len] = '\0';
	memcpy(m->service, service.data, service.len);
	m->service[service.len] = '\0';
	m->user_frozen = true;
}

static bool
same(const char *text, struct bytes b)
{
	return strlen(text) == b.len && memcmp(text, b.data, b.len) == 0;
}

/* For the log, which has both as sshd's; each stays one word. */
static void
tell_change(struct monitor *m)
{
	const struct attempt *a = &m->auth->attempt;
	char old[256], new[256], text[SSH_USER_MAX + 1], service[64];

	snprintf(text, sizeof(text), "%.*s", (int)a->user.len,
	    (const char *)a->user.data);
	snprintf(service, sizeof(service), "%.*s", (int)a->service.len,
	    (const char *)a->service.data);
	escape_text(old, sizeof(old), m->user, ESCAPE_SPACE);
	escape_text(new, sizeof(new), text, ESCAPE_SPACE);
	snprintf(text, sizeof(text), "%s", service);
	escape_text(service, sizeof(service), text, ESCAPE_SPACE);
	snprintf(m->closing_cause, sizeof(m->closing_cause),
	    "Change of username or service not allowed: (%.100s,%s) -> "
	    "(%.100s,%s)",
	    old, m->service, new, service);
}

/*
 * The first request names user and service; the others must name the same.
 * False: the connection ends.
 */
static bool
check_names(struct monitor *m)
{
	const struct attempt *a = &m->auth->attempt;

	if (a->user.len > SSH_USER_MAX || a->service.len >= 64 ||
	    memchr(a->user.data, '\0', a->user.len) != NULL ||
	    memchr(a->service.data, '\0', a->service.len) != NULL) {
		monitor_disconnect(
		    m, SSH_DISCONNECT_ILLEGAL_USER_NAME, "Illegal user name");
		return false;
	}
	if (!m->user_frozen) {
		if (!same("ssh-connection", a->service)) {
			monitor_disconnect(m,
			    SSH_DISCONNECT_SERVICE_NOT_AVAILABLE,
			    "No such service");
			return false;
		}
		freeze(m, a->user, a->service);
		auth_learn(m);
		return true;
	}
	if (same(m->user, a->user) && same(m->service, a->service))
		return true;
	monitor_disconnect(m, SSH_DISCONNECT_PROTOCOL_ERROR,
	    "Change of username or service not allowed");
	tell_change(m);
	return false;
}

/*
 * A query: would this key do?  A user whose right password a guard has refused
 * is answered as before, so that it cannot be told from a wrong one.
 */
static void
answer_query(
    struct monitor *m, const struct chain_step *const *steps, size_t count)
{
	struct auth *a = m->auth;
	enum sallyport_verdict verdict = SALLYPORT_DENY;

	for (size_t i = 0; i < count && verdict != SALLYPORT_ALLOW; i++)
		verdict = auth_try_step(m, steps[i]);
	if (verdict == SALLYPORT_ALLOW && !a->blind &&
	    a->attempt.key_facts.told &&
	    !chain_key_used(&a->walk, a->attempt.key_facts.fingerprint) &&
	    ++a->offers <= AUTH_QUERIES_FREE) {
		AUDIT_QUIETLY(
		    true, auth_postponed, .method = a->attempt.method);
		MONITOR_SEND(m, auth_key_ok,
		    .algorithm = {(const uint8_t *)a->attempt.algorithm,
			strlen(a->attempt.algorithm)},
		    .key = a->attempt.key);
		return;
	}
	a->queries++;
	if (a->offers > AUTH_QUERIES_FREE) {
		a->queries = AUTH_QUERIES_FREE + 1;
		snprintf(a->attempt.reason, sizeof(a->attempt.reason),
		    "asked for too many times");
	}
	if (!a->blind && verdict == SALLYPORT_ALLOW &&
	    a->attempt.reason[0] == '\0')
		snprintf(a->attempt.reason, sizeof(a->attempt.reason),
		    "key has been used already");
	auth_fail(m, verdict == SALLYPORT_ALLOW ? SALLYPORT_DENY : verdict);
}

/* The attempt's key has succeeded; the one before it is not forgotten. */
static void
take_key(struct auth *a)
{
	struct earlier_key *e;

	if (a->last_key.key_facts.told) {
		e = mem_zalloc(sizeof(*e));
		e->key = a->last_key;
		e->copy = a->last_copy;
		e->next = a->earlier;
		a->earlier = e;
	}
	a->last_key = a->attempt;
	a->last_copy.len = a->attempt.key.len;
	a->last_copy.data = a->attempt.key.len == 0 ?
	    NULL :
	    mem_dup(a->attempt.key.data, a->attempt.key.len);
	memset(&a->last_key.restrictions, 0, sizeof(a->last_key.restrictions));
}

static void
answer_proof(
    struct monitor *m, const struct chain_step *const *steps, size_t count)
{
	struct auth *a = m->auth;
	enum sallyport_verdict verdict = SALLYPORT_DENY;
	enum chain_result result = CHAIN_REFUSED;
	char methods[WALL_METHODS_MAX];

	a->before = a->walk;
	for (size_t i = 0;
	     i < count && result == CHAIN_REFUSED && !a->attempt.abandoned;
	     i++) {
		verdict = auth_try_step(m, steps[i]);
		result = chain_judge(&a->walk, steps[i], verdict,
		    a->by == NULL ? NULL : a->by->settings->name,
		    a->attempt.key_facts.told ?
			a->attempt.key_facts.fingerprint :
			NULL);
	}
	if (a->attempt.abandoned)
		return;
	if (result == CHAIN_REFUSED || a->refused) {
		auth_fail(
		    m, verdict == SALLYPORT_ALLOW ? SALLYPORT_DENY : verdict);
		return;
	}
	a->joined[a->current].proved = true;
	auth_step_done(m, a->attempt.step);
	if (!auth_demand_keep(m)) {
		auth_fail(m, SALLYPORT_DENY);
		return;
	}
	auth_expose(m);
	if (a->attempt.key_facts.told)
		take_key(a);
	if (a->attempt.principal[0] != '\0') {
		memcpy(
		    a->principal, a->attempt.principal, sizeof(a->principal));
		delegated_count(m);
	}
	if (restrictions_merge(&a->granted, &a->attempt.restrictions,
		a->decision, a->attempt.key_facts.source) != 0) {
		auth_refuse(m, REFUSAL_conflict,
		    "restrictions contradict each other", a->decision->why);
		auth_fail(m, SALLYPORT_DENY);
		return;
	}
	if (result == CHAIN_COMPLETE)
		auth_finish(m);
	else
		auth_partial(
		    m, chain_methods(&a->walk, methods, sizeof(methods)));
}

/* This login cannot succeed: replace the password so that no module can accept
 * it. */
static void
spoil_password(struct auth *a)
{
	static char junk[SSH_PASSWORD_MAX];
	size_t len = a->attempt.password.len;

	if (!a->walk.hopeless || len == 0)
		return;
	if (len > sizeof(junk))
		len = sizeof(junk);
	decoy_password(junk, len);
	a->attempt.password = (struct bytes){(const uint8_t *)junk, len};
}

/* The message goes; what pointed into it goes with it. */
static void
forget_request(struct attempt *a)
{
	const struct bytes none = {NULL, 0};

	a->user = a->service = a->password = a->key = none;
	a->signature = a->host_key = a->data = a->submethods = none;
}

int
auth_request(struct monitor *m)
{
	struct auth *a = m->auth;
	const struct chain_step *steps[STEPS_TRIED_MAX];
	size_t count;

	if (!check_names(m))
		return 0;
	a->requests++;
	guess_begin(m);
	spoil_password(a);
	if (a->requests == 1)
		auth_banner(m);
	if (strcmp(a->attempt.method, "none") == 0) {
		/* As sshd: the first `none` only asks. */
		if (a->requests == 1)
			auth_list(m);
		else
			auth_fail(m, SALLYPORT_DENY);
	} else if (a->consent.due) {
		auth_consent(m);
	} else if (a->changing != 0) {
		if (strcmp(a->attempt.method, "keyboard-interactive") == 0 ||
		    strcmp(a->attempt.method, "password") == 0)
			auth_change(m);
		else
			auth_fail(m, SALLYPORT_DENY);
	} else {
		count = chain_steps(
		    &a->walk, a->attempt.method, steps, STEPS_TRIED_MAX);
		if (a->attempt.query)
			answer_query(m, steps, count);
		else
			answer_proof(m, steps, count);
	}
	if (a->attempt.abandoned && m->has_kept)
		auth_abandoned(m);
	guess_end(m);
	ask_forget(m);
	forget_request(&a->attempt);
	return 0;
}

int
auth_exit_code(struct monitor *m)
{
	static int code = EXIT_NO_AUTH; /* one connection, one process */
	const struct auth *a = m->auth;

	if (a == NULL)
		return code;
	if (a->account_ended)
		code = EXIT_ACCOUNT;
	else if (a->outages > 0 && a->failures == a->outages)
		code = EXIT_OUTAGE;
	else if (a->requests == 0 || (a->failures == 0 && a->queries == 0))
		code = EXIT_NO_AUTH;
	else
		code = m->user_known ? EXIT_AUTH_FAILED : EXIT_INVALID_USER;
	return code;
}
