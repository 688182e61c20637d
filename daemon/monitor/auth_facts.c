/*
 * Gathers the facts about the user name that the client sent: asks the name
 * service once, in a named call, and lets the policy decide over them.  Names
 * are matched as NSS returns them.  A user that is unknown or refused gets the
 * decoy's chains.
 */
#include "daemon/monitor/auth.h"
#include "daemon/monitor/selftest.h"

#include "lib/audit.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "privsep/directory.h"
#include "privsep/grants_directory.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *
auth_user_name(const struct monitor *m)
{
	if (m->user_known)
		return m->passwd.pw_name;
	return account_name_is_sane(m->user) ? m->user : ACCOUNT_ILLEGAL;
}

static void
grant_fault(const char *file, const char *why, void *arg)
{
	(void)arg;
	AUDIT(grant_fault, .file = file, .reason = why);
}

/* Where a rule asks for them; without that they are not known. */
static void
gather_grants(struct monitor *m)
{
	const struct config *c = m->template->config;
	struct auth *a = m->auth;
	struct policy_facts *f = &a->facts;

	if (!policy_asks_grants(c) || !m->user_known)
		return;
	auth_call(m, CALL_FILES, "grants");
	f->timed_state = grants_read(c->grants_directory, m->passwd.pw_name,
	    grant_fault, NULL, &a->timed, &f->timed_count);
	f->timed = a->timed;
	auth_call_done(m);
}

static void
gather(struct monitor *m)
{
	struct auth *a = m->auth;
	struct policy_facts *f = &a->facts;

	f->source = m->source;
	f->listener = m->listener[0] == '\0' ? NULL : m->listener;
	f->now = a->attempt.now;
	f->key_state = f->principal_state = FACT_ABSENT;
	auth_call(m, CALL_NSS, auth_user_name(m));
	m->user_known =
	    account_look_up(m->user, policy_asks_groups(m->template->config),
		false, &m->passwd, &a->groups, f) == FACT_KNOWN;
	auth_call_done(m);
	gather_grants(m);
}

void
auth_name_decider(struct monitor *m)
{
	const struct rule *decider = m->auth->decision->decider;

	audit_set_rule(decider == NULL ? "" : decider->name);
}

void
auth_learn(struct monitor *m)
{
	struct auth *a = m->auth;
	struct decision *d = a->decision;
	bool granted;

	gather(m);
	a->login.user = auth_user_name(m);
	a->login.illegal = !account_name_is_sane(m->user);
	a->login.passwd = m->user_known ? &m->passwd : NULL;
	a->login.groups = a->groups.ids;
	a->login.group_count = a->groups.count;
	audit_set_requested(m->user, m->user_known);
	policy_decide(m->template->config, &a->facts, d);
	granted = d->verdict == POLICY_GRANTED && !d->decoy && m->user_known;
	auth_name_decider(m);
	selftest_tell(
	    m, "rule", d->decider == NULL ? NULL : d->decider->name, d->why, 0);
	if (d->grants.origins[GRANT_log_level].line != 0)
		log_set_level((int)d->grants.log_level);
	a->chains = mem_array(d->chains.count + 1, sizeof(*a->chains));
	for (size_t i = 0; i < d->chains.count; i++)
		a->chains[i] = d->chains.items[i];
	chain_begin(
	    &a->walk, a->chains, d->chains.count, !granted, auth_serves, m);
	a->before = a->walk;
	a->blind = !granted || a->walk.count == 0;
	if (granted && a->walk.count == 0)
		auth_refuse(m, REFUSAL_no_module, NULL, d->why);
	if (a->facts.user_state == FACT_ABSENT) {
		AUDIT(auth_unknown_user,
		    .reason = !account_name_is_sane(m->user) ?
			"illegal name" :
			a->facts.user_silent ?
			"no such user, but a source of the "
			"name service did not answer" :
			"no such user");
		a->invalid_told = true;
		a->refused = true;
		a->refusal = REFUSAL_unknown_user;
	} else if (!granted) {
		if (d->reason == REFUSAL_root)
			AUDIT_QUIETLY(
			    AUDIT_AT_DEBUG, root_denied, .reason = d->why);
		else
			audit_set_denied();
		auth_refuse(m, d->reason, NULL, d->why);
	}
}

const char *
auth_group_text(struct monitor *m)
{
	struct account_groups *groups = &m->auth->groups;
	enum slot_call call;

	if (groups->text != NULL || groups->name_count > 0 || !m->user_known)
		return account_group_text(groups);
	call = auth_call_pause(m);
	auth_call(m, CALL_NSS, m->passwd.pw_name);
	(void)account_group_text(groups);
	auth_call_done(m);
	auth_call_resume(m, call);
	return groups->text;
}

const gid_t *
auth_groups(struct monitor *m, size_t *count)
{
	*count = m->auth->groups.count;
	return m->auth->groups.ids;
}
