/*
 * One step of a chain, tried with the modules that serve it: in the order of
 * the configuration, until one has an opinion.
 */
#include "daemon/monitor/auth.h"
#include "daemon/monitor/delegated.h"

#include "config/policy/match.h"

#include "lib/audit.h"
#include "lib/log.h"
#include "privsep/drop.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool
auth_serves(const struct chain_step *step, void *monitor)
{
	const struct monitor *m = monitor;

	for (size_t i = 0; i < m->template->n_modules; i++)
		if (host_serves(
			&m->template->modules[i], step->method, step->module))
			return true;
	return false;
}

/* The number that the next descriptor will have. */
static int
lowest_free(void)
{
	int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);

	if (fd >= 0)
		close(fd);
	return fd;
}

/* It goes with this process, and no program gets it; but somebody may want
 * to mend the module. */
static void
tell_leak(const struct auth *a, const struct hosted *h)
{
	if (a->free_fd >= 0 && lowest_free() > a->free_fd)
		log_verbose("module %s has left descriptor %d open",
		    h->settings->name, a->free_fd);
}

enum slot_call
auth_stage_call(enum host_stage stage)
{
	static const enum slot_call calls[STAGE_COUNT] = {
	    [STAGE_NONE] = CALL_MODULE,
	    [STAGE_BEGIN] = CALL_MODULE_BEGIN,
	    [STAGE_AUTHENTICATE] = CALL_MODULE_AUTHENTICATE,
	    [STAGE_ACCOUNT] = CALL_MODULE_ACCOUNT,
	    [STAGE_CHANGE] = CALL_MODULE_CHANGE,
	    [STAGE_OPEN] = CALL_MODULE_OPEN,
	    [STAGE_CLOSE] = CALL_MODULE_CLOSE,
	    [STAGE_END] = CALL_MODULE_END};

	return calls[stage];
}

void
auth_enter(struct monitor *m, size_t module, enum host_stage stage)
{
	struct auth *a = m->auth;

	a->current = module;
	a->login.module = &m->template->modules[module];
	a->login.stage = stage;
	a->login.done = a->walk.done;
	a->login.done_count = a->walk.done_count;
	a->login.hopeless = a->walk.hopeless;
	a->unanswered = false;
	auth_call(m, auth_stage_call(stage),
	    m->template->modules[module].settings->name);
}

void
auth_leave(struct monitor *m)
{
	/* A call the module began and forgot ends here. */
	auth_call_done(m);
	host_children_look(m);
	host_state_release(m);
	/* Changes by open_session() are the session's, until it runs. */
	if (m->auth->login.stage != STAGE_OPEN)
		own_restore(&m->auth->own);
	m->auth->login.stage = STAGE_NONE;
}

void *
auth_join(struct monitor *m, size_t i)
{
	struct auth *a = m->auth;
	const struct hosted *h = &m->template->modules[i];

	a->current = i;
	a->free_fd = lowest_free();
	if (!a->joined[i].begun) {
		a->joined[i].begun = true;
		if (h->module->begin != NULL) {
			auth_enter(m, i, STAGE_BEGIN);
			a->joined[i].connection =
			    h->module->begin(h->state, &a->login);
			auth_leave(m);
		}
	}
	return a->joined[i].connection;
}

enum sallyport_verdict
auth_verdict(struct monitor *m, size_t module, int verdict)
{
	const struct hosted *h = &m->template->modules[module];

	auth_leave(m);
	host_ticket_end(m);
	/* If it was somebody else for a while, that is at an end, too. */
	drop_dumpable();
	tell_leak(m->auth, h);
	/* Also if it was begin() that could not. */
	verdict = host_answered(m, h->settings->name, verdict);
	return host_verdict(&m->auth->login, h->settings->name, verdict);
}

/* Signatures are made with algorithms that the configuration names. */
static bool
algorithm_is_allowed(struct monitor *m)
{
	const struct strings *names =
	    &m->template->config->crypto.key_algorithms;
	struct attempt *a = &m->auth->attempt;

	if (strcmp(a->method, "publickey") != 0 &&
	    strcmp(a->method, "hostbased") != 0)
		return true;
	if (policy_is_listed(names, a->algorithm))
		return true;
	snprintf(a->reason, sizeof(a->reason),
	    "signature algorithm %s is not allowed", a->algorithm);
	return false;
}

/* Forgets the claims of the previous module about this attempt. */
static void
forget_claims(struct attempt *a)
{
	restrictions_free(&a->restrictions);
	a->demand[0] = '\0';
	memset(&a->key_facts, 0, sizeof(a->key_facts));
	a->principal[0] = '\0';
}

enum sallyport_verdict
auth_try_step(struct monitor *m, const struct chain_step *step)
{
	struct auth *a = m->auth;
	enum sallyport_verdict verdict = SALLYPORT_DENY;
	bool tried = false;

	a->attempt.step = step;
	if (!algorithm_is_allowed(m))
		return SALLYPORT_DENY;
	for (size_t i = 0; i < m->template->n_modules; i++) {
		const struct hosted *h = &m->template->modules[i];
		void *connection;

		if (!host_serves(h, step->method, step->module))
			continue;
		connection = auth_join(m, i);
		if (a->joined[i].exhausted) {
			snprintf(a->attempt.reason, sizeof(a->attempt.reason),
			    "module %s takes no more tries", h->settings->name);
			continue;
		}
		if (a->attempt.change)
			continue; /* a new password nobody asked for */
		forget_claims(&a->attempt);
		delegated_forget_try(m);
		auth_enter(m, i, STAGE_AUTHENTICATE);
		verdict = auth_verdict(
		    m, i, h->module->authenticate(connection, &a->login));
		tried = true;
		if (verdict != SALLYPORT_ALLOW)
			delegated_forget_try(m);
		if (a->attempt.abandoned || a->attempt.broken) {
			a->by = h; /* libpam has told it, if it is its own */
			return SALLYPORT_DENY;
		}
		if (verdict != SALLYPORT_IGNORE) {
			a->by = h;
			break;
		}
	}
	if (!tried || verdict == SALLYPORT_IGNORE)
		return SALLYPORT_DENY;
	/* EXPIRED is account()'s word; of a proof it is a yes to nothing. */
	return verdict == SALLYPORT_EXPIRED ? SALLYPORT_DENY : verdict;
}
