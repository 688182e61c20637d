/*
 * After the last step of a chain and before success: the guards, which may
 * ask for more; the account, for every method; a password that has expired;
 * consent. A refusal by policy here looks like any failure, from outside.  What
 * the account refuses ends the connection with a sentence: the client has
 * proven to be the user, and no other proof would help.
 */
#include "daemon/monitor/auth.h"

#include "config/consent.h"
#include "daemon/monitor/files.h"
#include "daemon/monitor/selftest.h"

#include "lib/audit.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/sha256.h"
#include "privsep/directory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Each key that succeeded, for guards; the last one is the login's.  And the
 * Kerberos principal, of which a login has one. */
static void
fill_key_facts(struct auth *a)
{
	struct policy_facts *f = &a->facts;

	f->methods = a->walk.done;
	f->method_count = a->walk.done_count;
	f->now = a->attempt.now;
	if (a->principal[0] != '\0') {
		f->principal_state = FACT_KNOWN;
		f->principal = a->principal;
		f->delegated = a->delegated.counted.are_there;
	}
	if (!a->last_key.key_facts.told)
		return;
	f->earlier = NULL;
	for (struct earlier_key *e = a->earlier; e != NULL; e = e->next) {
		e->facts = *f;
		key_facts_tell(&e->key.key_facts, e->key.algorithm, &e->facts);
		f->earlier = &e->facts;
	}
	key_facts_tell(&a->last_key.key_facts, a->last_key.algorithm, f);
	f->key_command = a->granted.command;
}

static bool
some_module_has_account(struct monitor *m)
{
	for (size_t i = 0; i < m->template->n_modules; i++)
		if (m->template->modules[i].module->account != NULL)
			return true;
	return false;
}

/*
 * A shell that does not exist or cannot be executed: no login, whoever says
 * otherwise.  (nologin(8) is a shell that can be executed; it speaks for
 * itself.)
 */
static bool
check_shell(struct monitor *m)
{
	const char *shell = m->passwd.pw_shell, *fault;
	char detail[512];

	switch (files_ask(m, ERRAND_IS_PROGRAM, shell)) {
	case SALLYPORT_OK:
		return true;
	case SALLYPORT_NOT_FOUND:
		fault = "does not exist";
		break;
	case SALLYPORT_PERMISSIONS:
		fault = "is not executable";
		break;
	default:
		fault = "could not be looked at";
		break;
	}
	snprintf(detail, sizeof(detail), "shell %s %s", shell, fault);
	auth_refuse(m, REFUSAL_shell, detail, NULL);
	return false;
}

/* Without PAM the shadow file is ours to read: locked, expired. */
static bool
check_shadow(struct monitor *m)
{
	long today = (long)(m->auth->attempt.now / 86400);
	struct directory_shadow shadow;
	bool known, expired;

	auth_call(m, CALL_NSS, "shadow");
	known = directory_shadow(m->passwd.pw_name, &shadow);
	auth_call_done(m);
	expired = shadow.expires >= 0 && shadow.expires <= today;
	if (!known)
		auth_refuse(m, REFUSAL_unknown_fact,
		    "whether the account is locked could not be learnt", NULL);
	else if (shadow.locked)
		auth_refuse(m, REFUSAL_locked, NULL, NULL);
	else if (expired)
		auth_refuse(m, REFUSAL_expired, "account has expired", NULL);
	return known && !shadow.locked && !expired;
}

/* Keeps the restrictions and demands of this call for the login. */
static bool
keep_claims(struct monitor *m, size_t i)
{
	struct auth *a = m->auth;
	int err = restrictions_merge(&a->granted, &a->attempt.restrictions,
	    a->decision, m->template->modules[i].settings->name);

	restrictions_free(&a->attempt.restrictions);
	if (err == 0 && auth_demand_keep(m))
		return true;
	snprintf(a->attempt.reason, sizeof(a->attempt.reason),
	    "restrictions contradict each other");
	return false;
}

/* All modules that have an opinion on accounts.  ALLOW, EXPIRED or no. */
static enum sallyport_verdict
ask_accounts(struct monitor *m)
{
	struct auth *a = m->auth;
	enum sallyport_verdict verdict;

	for (size_t i = 0; i < m->template->n_modules; i++) {
		const struct hosted *h = &m->template->modules[i];
		void *connection;

		if (h->module->account == NULL)
			continue;
		connection = auth_join(m, i);
		a->attempt.reason[0] = a->attempt.told[0] = '\0';
		a->attempt.demand[0] = '\0';
		restrictions_free(&a->attempt.restrictions);
		auth_enter(m, i, STAGE_ACCOUNT);
		verdict = auth_verdict(
		    m, i, h->module->account(connection, &a->login));
		if ((verdict == SALLYPORT_ALLOW ||
			verdict == SALLYPORT_IGNORE) &&
		    !keep_claims(m, i))
			return SALLYPORT_DENY;
		if (verdict == SALLYPORT_ALLOW || verdict == SALLYPORT_IGNORE)
			continue;
		if (verdict == SALLYPORT_EXPIRED) {
			a->changing = i + 1;
			return SALLYPORT_EXPIRED;
		}
		if (verdict == SALLYPORT_UNAVAILABLE)
			a->by = h;
		return verdict;
	}
	return SALLYPORT_ALLOW;
}

/* The module's own change dialogue, in a request that can carry it. */
static bool
run_change(struct monitor *m)
{
	struct auth *a = m->auth;
	size_t i = a->changing - 1;
	const struct hosted *h = &m->template->modules[i];
	void *connection = auth_join(m, i);
	enum sallyport_verdict verdict = SALLYPORT_DENY;

	a->attempt.reason[0] = '\0';
	a->in_change = true;
	a->by = h;
	restrictions_free(&a->attempt.restrictions);
	auth_enter(m, i, STAGE_CHANGE);
	if (h->module->change_password != NULL)
		verdict = auth_verdict(
		    m, i, h->module->change_password(connection, &a->login));
	else
		auth_leave(m);
	a->in_change = false;
	if (verdict == SALLYPORT_ALLOW && keep_claims(m, i)) {
		AUDIT(password_changed, .method = a->attempt.method,
		    .module = h->settings->name);
		return true;
	}
	AUDIT(password_change_refused, .method = a->attempt.method,
	    .module = h->settings->name,
	    .reason = a->attempt.reason[0] != '\0' ? a->attempt.reason : NULL);
	return false;
}

enum close_account
auth_account_end(const struct monitor *m)
{
	const struct auth *a = m->auth;

	if (a == NULL || !a->account_ended)
		return CLOSE_OTHER;
	return a->refusal == REFUSAL_account && !a->ended_by_dialogue ?
	    CLOSE_ACCOUNT_TOLD :
	    CLOSE_ACCOUNT_ASKED_ON;
}

static void
refuse_account(struct monitor *m, enum sallyport_verdict verdict)
{
	struct auth *a = m->auth;
	char reason[sizeof(a->attempt.reason)];

	a->changing = 0;
	snprintf(reason, sizeof(reason), "%s", a->attempt.reason);
	auth_refuse(m,
	    verdict == SALLYPORT_LOCKED ? REFUSAL_locked : REFUSAL_account,
	    reason[0] != '\0' ? reason : NULL, NULL);
	auth_end_account(m, verdict);
}

/* Has the old password been proven, or will change_password() see to it? */
static bool
may_change(const struct monitor *m)
{
	size_t i = m->auth->changing - 1;
	const struct sallyport_module *module = m->template->modules[i].module;

	if (m->auth->joined[i].proved)
		return true;
	return module->size >=
	    offsetof(struct sallyport_module, flags) + sizeof(module->flags) &&
	    (module->flags & SALLYPORT_PROVES_OLD_PASSWORD) != 0;
}

/*
 * The dialogue now, if this request can carry it; else the client is told
 * that keyboard-interactive must follow.
 */
static void
change_or_defer(struct monitor *m)
{
	struct auth *a = m->auth;
	bool here = strcmp(a->attempt.method, "password") == 0 ||
	    strcmp(a->attempt.method, "keyboard-interactive") == 0;

	if (!may_change(m)) {
		a->changing = 0;
		auth_refuse(m, REFUSAL_expired,
		    "the password has expired, and was not what was proven",
		    NULL);
		auth_end_account(m, SALLYPORT_DENY);
		return;
	}
	if (here) {
		auth_change(m);
		return;
	}
	auth_proof_done(m);
	selftest_tell(m, "more", AUTH_CHANGE_METHODS,
	    "the password must be changed first", 0);
	AUDIT(password_change_required, .method = a->attempt.method,
	    .module = m->template->modules[a->changing - 1].settings->name);
	MONITOR_SEND(m, auth_verdict, .result = AUTH_PARTIAL,
	    .methods = AUTH_CHANGE_METHODS);
}

/* ---- consent ---- */

/*
 * The last thing before success: the text of consent_file is shown, and with
 * consent_require an answer is asked for in a round of keyboard-interactive.
 * Where the proof came by another method, the client is told to go on with
 * that one; nothing but this dialogue, or the end, can follow.
 *
 * The text is part of the prompt.  OpenSSH's client (9.2) shows 1023 bytes of
 * an instruction, non-ASCII as octal, and with "ssh -q" neither that nor a
 * banner; a prompt is shown whole to the person who answers.
 */
#define QUESTION "Type \"yes\" to agree: "

static const char *
consent_path(const struct monitor *m)
{
	return m->auth->decision->grants.consent_file;
}

/* Once in a connection: what is hashed is what is shown.  False: why is told.
 */
static bool
load_consent(struct monitor *m, const char **why)
{
	struct auth *a = m->auth;
	const char *path = consent_path(m);
	struct sha256 hash;
	struct buf contents;

	*why = "no consent_file is set";
	if (path == NULL)
		return false;
	buf_init(&contents, CONSENT_FILE_MAX);
	*why = "it cannot be read";
	if (files_bytes(m, path, CONSENT_FILE_MAX, &contents)) {
		*why =
		    consent_text(contents.data, contents.len, &a->consent.text);
		sha256_init(&hash);
		sha256_add(&hash, contents.data, contents.len);
		sha256_end_text(&hash, a->consent.digest);
	}
	buf_free(&contents);
	return *why == NULL;
}

/* Without a text there is nothing to agree to: who must, does not get in. */
static void
refuse_consent(struct monitor *m, const char *why)
{
	const char *path = consent_path(m);
	char reason[256];

	AUDIT(consent_refused, .file = path != NULL ? path : "none",
	    .reason = why);
	snprintf(reason, sizeof(reason),
	    "consent is required, and there is no text to agree to: %s", why);
	auth_refuse(m, REFUSAL_consent, reason, path);
	auth_end_account(m, SALLYPORT_DENY);
}

static void
show_consent(struct monitor *m)
{
	struct auth *a = m->auth;
	char *line = mem_printf("%s\n", a->consent.text);

	MONITOR_SEND(m, banner, .text = line);
	free(line);
	AUDIT(consent_shown, .file = consent_path(m),
	    .digest = a->consent.digest);
}

static bool
is_dialogue(const struct auth *a)
{
	return strcmp(a->attempt.method, "keyboard-interactive") == 0;
}

/* An answer that does not agree is not logged: it may be a password. */
static void
fail_consent(struct monitor *m, const char *why)
{
	struct auth *a = m->auth;

	AUDIT(consent_refused, .file = consent_path(m),
	    .digest = a->consent.digest, .reason = why);
	snprintf(a->attempt.reason, sizeof(a->attempt.reason),
	    "the text was not agreed to: %s", why);
	auth_fail(m, SALLYPORT_DENY);
}

void
auth_consent(struct monitor *m)
{
	struct auth *a = m->auth;
	struct sallyport_prompt prompt = {.echo = 1};
	char *text;
	int err;

	a->by = NULL;
	if (!is_dialogue(a)) {
		fail_consent(m, "another method was tried");
		return;
	}
	text = mem_printf("\n%s\n\n" QUESTION, a->consent.text);
	prompt.text = text;
	err = ask_round(&a->login, "", &prompt, 1);
	free(text);
	if (a->attempt.abandoned)
		return; /* it stays due */
	if (err != SALLYPORT_OK) {
		fail_consent(m, "there was no answer that could be read");
		return;
	}
	if (!consent_agrees(prompt.answer)) {
		fail_consent(m, "the answer was another");
		return;
	}
	a->consent.due = false;
	AUDIT(consent_given, .file = consent_path(m),
	    .digest = a->consent.digest,
	    .duration_ms = (auth_clock() - a->attempt.began) / 1000);
	auth_succeed(m);
}

static bool
consent_is_next(struct monitor *m)
{
	struct auth *a = m->auth;
	const struct grants *g = &a->decision->grants;
	const char *why;

	if (g->consent_file == NULL && !g->consent_require)
		return false;
	if (m->selftest != NULL) {
		selftest_tell(m, "consent", "not asked in a self-test",
		    g->consent_file, 0);
		return false;
	}
	if (!load_consent(m, &why)) {
		if (g->consent_require)
			refuse_consent(m, why);
		else
			log_warn("%s is not shown: %s", g->consent_file, why);
		return g->consent_require;
	}
	if (!g->consent_require) {
		show_consent(m);
		return false;
	}
	if (a->proof.method == NULL)
		auth_proof_done(m);
	a->consent.due = true;
	if (is_dialogue(a))
		auth_consent(m);
	else
		auth_partial(m, AUTH_CONSENT_METHODS);
	return true;
}

void
auth_consent_end(struct monitor *m)
{
	struct auth *a = m->auth;

	if (a->consent.due)
		AUDIT(consent_refused, .file = consent_path(m),
		    .digest = a->consent.digest,
		    .reason = "the client ended without agreeing");
	a->consent.due = false;
	free(a->consent.text);
	a->consent.text = NULL;
}

/* ---- the account, and the end ---- */

/* A step that account() demanded comes before success; then it is asked again.
 */
static void
succeed_or_go_on(struct monitor *m)
{
	if (!auth_demand_next(m) && !consent_is_next(m))
		auth_succeed(m);
}

static void
finish_account(struct monitor *m)
{
	enum sallyport_verdict verdict;

	if (!check_shell(m) ||
	    (!some_module_has_account(m) && !check_shadow(m))) {
		auth_end_account(m, SALLYPORT_DENY);
		return;
	}
	verdict = ask_accounts(m);
	if (m->auth->attempt.abandoned)
		return;
	if (verdict == SALLYPORT_ALLOW)
		succeed_or_go_on(m);
	else if (verdict == SALLYPORT_EXPIRED)
		change_or_defer(m);
	else
		refuse_account(m, verdict);
}

void
auth_change(struct monitor *m)
{
	struct auth *a = m->auth;
	enum sallyport_verdict verdict;
	bool changed = run_change(m);

	if (a->attempt.abandoned)
		return; /* it stays due */
	if (!changed) {
		auth_fail(m, SALLYPORT_DENY); /* it stays due: try again */
		return;
	}
	a->changing = 0;
	verdict = ask_accounts(m);
	if (a->attempt.abandoned)
		return;
	if (verdict == SALLYPORT_ALLOW)
		succeed_or_go_on(m);
	else
		refuse_account(m, verdict);
}

void
auth_finish(struct monitor *m)
{
	struct auth *a = m->auth;
	char methods[WALL_METHODS_MAX];

	/* Guards and accounts are asked when all has been proven. */
	if (!a->refused && !a->walk.hopeless && auth_demand_next(m))
		return;
	fill_key_facts(a);
	policy_guard(m->template->config, &a->facts, a->decision);
	auth_name_decider(m);
	if (a->decision->verdict == POLICY_MORE &&
	    a->decision->more.count > 0) {
		chain_continue(&a->walk, &a->decision->more, 1);
		if (a->walk.count == 0) {
			auth_refuse(m, REFUSAL_no_module,
			    "a guard asks for a method that no "
			    "module serves",
			    a->decision->why);
			auth_fail(m, SALLYPORT_DENY);
			return;
		}
		auth_partial(
		    m, chain_methods(&a->walk, methods, sizeof(methods)));
		return;
	}
	if (a->decision->verdict != POLICY_GRANTED || a->refused ||
	    a->walk.hopeless || !m->user_known) {
		if (a->decision->reason == REFUSAL_root)
			AUDIT(root_denied, .method = a->attempt.method,
			    .reason = a->decision->why);
		auth_refuse(m, a->decision->reason,
		    a->decision->why[0] != '\0' ?
			a->decision->why :
			refusals[REFUSAL_none].sentence,
		    NULL);
		auth_fail(m, SALLYPORT_DENY);
		return;
	}
	finish_account(m);
}
