/*
 * Who the client says it is: the name service's facts, gathered once in a
 * named call, and the policy's decision over them.  Names are matched as NSS
 * returns them.  Who is unknown, or decided against, gets the decoy's chains.
 */
#include "daemon/monitor/auth.h"

#include "lib/audit.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "privsep/directory.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A name with a newline in it would be two lines to a module's service. */
const char *
auth_user_name(const struct monitor *m)
{
	if (m->user_known)
		return m->passwd.pw_name;
	return host_name_is_sane(m->user) ? m->user : "illegal-name";
}

static enum fact_state
look_up_groups(struct monitor *m)
{
	struct auth *a = m->auth;
	size_t count = AUTH_GROUPS_MAX;
	bool asked = policy_asks_groups(m->template->config);

	if (!directory_groups(
		m->passwd.pw_name, m->passwd.pw_gid, a->groups, &count, asked))
		return FACT_UNKNOWN;
	a->group_count = count;
	a->group_names = mem_array(a->group_count + 1, sizeof(char *));
	for (size_t i = 0; asked && i < a->group_count; i++) {
		char *name = directory_group_name(a->groups[i]);

		if (name == NULL)
			return FACT_UNKNOWN;
		a->group_names[a->group_name_count++] = name;
	}
	return FACT_KNOWN;
}

static void
gather(struct monitor *m)
{
	struct auth *a = m->auth;
	struct policy_facts *f = &a->facts;

	f->user_state = FACT_ABSENT;
	f->user = m->user;
	f->groups_state = FACT_ABSENT;
	f->source = m->source;
	f->listener = m->listener[0] == '\0' ? NULL : m->listener;
	f->now = a->attempt.now;
	f->key_state = f->principal_state = FACT_ABSENT;
	if (!host_name_is_sane(m->user))
		return;
	auth_call(m, CALL_NSS, m->user);
	f->user_state = directory_user(m->user, &m->passwd, &a->nss_silent);
	if (f->user_state == FACT_KNOWN) {
		m->user_known = true;
		f->user = m->passwd.pw_name;
		f->uid = m->passwd.pw_uid;
		f->groups_state = look_up_groups(m);
		f->groups = (const char *const *)a->group_names;
		f->group_count = a->group_name_count;
	}
	auth_call_done(m);
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
	a->login.illegal = !host_name_is_sane(m->user);
	a->login.passwd = m->user_known ? &m->passwd : NULL;
	a->login.groups = a->groups;
	a->login.group_count = a->group_count;
	audit_set_requested(m->user, m->user_known);
	policy_decide(m->template->config, &a->facts, d);
	granted = d->verdict == POLICY_GRANTED && !d->decoy && m->user_known;
	auth_name_decider(m);
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
		    .reason = !host_name_is_sane(m->user) ? "illegal name" :
			a->nss_silent ? "no such user, but a source of the "
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

static void
add_group(struct auth *a, const char *name)
{
	char *longer;

	/* A line is a name. */
	if (name == NULL || name[0] == '\0' || strchr(name, '\n') != NULL)
		return;
	longer = mem_printf("%s%s\n", a->group_text, name);
	free(a->group_text);
	a->group_text = longer;
}

const char *
auth_group_text(struct monitor *m)
{
	struct auth *a = m->auth;
	enum slot_call call;

	if (a->group_text != NULL || !m->user_known)
		return a->group_text == NULL ? "" : a->group_text;
	a->group_text = mem_strdup("");
	for (size_t i = 0; i < a->group_name_count; i++)
		add_group(a, a->group_names[i]);
	if (a->group_name_count > 0)
		return a->group_text;
	call = auth_call_pause(m);
	auth_call(m, CALL_NSS, m->passwd.pw_name);
	for (size_t i = 0; i < a->group_count; i++) {
		char *name = directory_group_name(a->groups[i]);

		add_group(a, name);
		free(name);
	}
	auth_call_done(m);
	auth_call_resume(m, call);
	return a->group_text;
}

const gid_t *
auth_groups(struct monitor *m, size_t *count)
{
	*count = m->auth->group_count;
	return m->auth->groups;
}
