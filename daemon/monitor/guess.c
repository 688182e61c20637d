/*
 * Guesses at an account's password, of all connections: tokens of the grant
 * "guesses" (privsep/accounts.h).  A guess without a token goes through the
 * modules as any other, with a password that is never right, so that its answer
 * and the time of that are a wrong password's.
 */
#include "daemon/monitor/guess.h"

#include "daemon/monitor/auth.h"
#include "daemon/monitor/selftest.h"

#include "lib/audit.h"
#include "privsep/accounts.h"

#include <string.h>
#include <time.h>

static struct net_key
source_of(const struct monitor *m)
{
	const struct limit_settings *l = &m->template->config->limits;

	return net_source_key(&m->source, l->source.prefix4, l->source.prefix6);
}

static bool
has_limit(const struct monitor *m)
{
	return m->user_known && m->template->slots != NULL &&
	    m->auth->decision->grants.guesses != CONFIG_NONE;
}

static bool
is_guess(const struct attempt *t)
{
	return strcmp(t->method, "password") == 0 ||
	    strcmp(t->method, "keyboard-interactive") == 0;
}

/* A client that has a key or a ticket guesses nobody else's password. */
static bool
has_proof(const struct auth *a)
{
	return a->last_key.key_facts.told || a->principal[0] != '\0';
}

static bool
is_known(const struct monitor *m)
{
	struct net_key source = source_of(m);

	return accounts_knows(slots_accounts(m->template->slots),
	    m->passwd.pw_uid, &source, (uint64_t)time(NULL),
	    m->template->config->limits.penalties.known_days);
}

static struct accounts_rate
rate_of(const struct monitor *m)
{
	const struct grants *g = &m->auth->decision->grants;

	return (struct accounts_rate){
	    .tokens = g->guesses, .every = g->guess_every};
}

void
guess_begin(struct monitor *m)
{
	struct auth *a = m->auth;
	struct accounts_rate rate;
	uint32_t seconds = 0;

	a->guess.token = a->guess.limited = false;
	if (!has_limit(m) || a->walk.hopeless || a->changing != 0 ||
	    a->consent.due || !is_guess(&a->attempt) || has_proof(a) ||
	    is_known(m))
		return;
	rate = rate_of(m);
	a->guess.done = a->walk.done_count;
	a->guess.outages = a->outages;
	a->guess.token = accounts_take(slots_accounts(m->template->slots),
	    m->passwd.pw_uid, &rate, &seconds);
	if (a->guess.token)
		return;
	a->guess.limited = a->walk.hopeless = true;
	if (!a->guess.told)
		AUDIT(auth_limited, .method = a->attempt.method,
		    .seconds = seconds);
	a->guess.told = true;
}

void
guess_end(struct monitor *m)
{
	struct auth *a = m->auth;
	struct accounts_rate rate;

	if (a->guess.limited)
		a->walk.hopeless = a->before.hopeless = a->refused;
	a->guess.limited = false;
	if (!a->guess.token)
		return;
	a->guess.token = false;
	rate = rate_of(m);
	if (a->walk.done_count > a->guess.done || a->outages > a->guess.outages)
		accounts_give(slots_accounts(m->template->slots),
		    m->passwd.pw_uid, &rate);
}

void
guess_succeeded(struct monitor *m)
{
	struct net_key source = source_of(m);

	/* No client has come from there. */
	if (has_limit(m) && m->selftest == NULL)
		accounts_learn(slots_accounts(m->template->slots),
		    m->passwd.pw_uid, &source, (uint64_t)time(NULL));
}
