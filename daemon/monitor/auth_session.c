/*
 * After success: the modules' sessions around the user's programs, and the
 * end of everything modules began, however the connection ended.
 */
#include "daemon/monitor/auth.h"

#include "config/arena.h"
#include "daemon/monitor/delegated.h"
#include "daemon/monitor/selftest.h"
#include "lib/audit.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/secret.h"
#include "privsep/directory.h"

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static void
close_sessions(struct monitor *m)
{
	struct auth *a = m->auth;

	a->in_session = true;
	for (size_t i = m->template->n_modules; i-- > 0;) {
		const struct hosted *h = &m->template->modules[i];

		if (!a->joined[i].session)
			continue;
		a->joined[i].session = false;
		auth_enter(m, i, STAGE_CLOSE);
		if (h->module->close_session != NULL)
			h->module->close_session(
			    a->joined[i].connection, &a->login);
		auth_leave(m);
	}
	a->in_session = false;
}

/* One module's session; false: refused, and a->session_error says why. */
static bool
open_one(struct monitor *m, size_t i)
{
	struct auth *a = m->auth;
	const struct hosted *h = &m->template->modules[i];
	void *connection = auth_join(m, i);
	enum sallyport_verdict verdict;
	const char *reason;

	/* Its close_session() is called, whatever it says now. */
	a->joined[i].session = true;
	if (h->module->open_session == NULL)
		return true;
	a->attempt.reason[0] = a->attempt.told[0] = '\0';
	auth_enter(m, i, STAGE_OPEN);
	verdict =
	    auth_verdict(m, i, h->module->open_session(connection, &a->login));
	if (verdict == SALLYPORT_ALLOW || verdict == SALLYPORT_IGNORE)
		return true;
	reason = a->attempt.reason[0] != '\0' ? a->attempt.reason :
						"the session was refused";
	AUDIT(session_failed, .service = h->settings->name, .reason = reason);
	selftest_tell(m, "session_failed", h->settings->name, reason, 0);
	snprintf(a->session_error, sizeof(a->session_error), "%s",
	    a->attempt.told[0] != '\0' ? a->attempt.told : reason);
	return false;
}

/* As the user, who may be slow. */
static void
begin_store(struct monitor *m, struct errand_as *as)
{
	*as = (struct errand_as){.uid = m->passwd.pw_uid,
	    .gid = m->passwd.pw_gid,
	    .whose = m->passwd.pw_uid};
	as->groups = auth_groups(m, &as->group_count);
	monitor_call(m, CALL_FILES, "the credential cache");
}

static void
store_tickets(struct monitor *m)
{
	struct errand_as as;
	const char *name;
	char *setting;

	if (!delegated_waits(m))
		return;
	begin_store(m, &as);
	name = delegated_store(m, &as);
	monitor_call_done(m);
	if (name == NULL)
		return;
	setting = mem_printf("KRB5CCNAME=%s", name);
	(void)auth_set_environment(m, setting);
	free(setting);
}

uint64_t
auth_renew_tickets(struct monitor *m)
{
	uint64_t wait = delegated_renewal(m);
	struct errand_as as;

	if (wait != 0)
		return wait;
	begin_store(m, &as);
	(void)delegated_store(m, &as);
	monitor_call_done(m);
	return UINT64_MAX;
}

static void
remove_tickets(struct monitor *m)
{
	struct errand_as as;

	delegated_wipe(m);
	if (m->auth->delegated.cache == NULL)
		return;
	begin_store(m, &as);
	delegated_remove(m, &as);
	monitor_call_done(m);
}

int
auth_open_session(struct monitor *m, const char *tty, const char **text)
{
	struct auth *a = m->auth;
	uint64_t began = auth_clock();
	bool opened = true;

	*text = a->session_error;
	if (a->session_asked)
		return a->session_result;
	a->session_asked = true;
	a->session_result = E_DENIED;
	snprintf(a->tty, sizeof(a->tty), "%s", tty == NULL ? "" : tty);
	host_children_session();
	/* Base groups first: pam_group adds to them, pam_setcred may. */
	if (setgroups(a->groups.count, a->groups.ids) != 0) {
		snprintf(a->session_error, sizeof(a->session_error),
		    "groups could not be set");
		AUDIT(session_failed, .reason = a->session_error);
		return E_DENIED;
	}
	store_tickets(m);
	a->in_session = true;
	for (size_t i = 0; i < m->template->n_modules && opened; i++)
		if (m->template->modules[i].module->open_session != NULL ||
		    m->template->modules[i].module->close_session != NULL)
			opened = open_one(m, i);
	a->in_session = false;
	if (!opened) {
		close_sessions(m);
		return E_DENIED;
	}
	AUDIT(session_open,
	    .tty = strncmp(a->tty, "/dev/", 5) == 0 ? &a->tty[5] : NULL,
	    .duration_ms = (auth_clock() - began) / 1000);
	a->session_result = 0;
	selftest_tell(m, "session", NULL, NULL, auth_clock() - began);
	return 0;
}

const char *
auth_exposed(struct monitor *m)
{
	return m->auth->exposed == NULL ? "" : m->auth->exposed;
}

const char *
auth_session_text(struct monitor *m)
{
	return m->auth->session_text == NULL ? "" : m->auth->session_text;
}

char *const *
auth_environment(struct monitor *m)
{
	struct auth *a = m->auth;

	if (a->environment == NULL)
		a->environment = mem_array(1, sizeof(char *));
	return a->environment;
}

int
auth_set_environment(struct monitor *m, const char *setting)
{
	struct auth *a = m->auth;
	size_t name = strcspn(setting, "=");

	if (name == 0 || setting[name] != '=')
		return E_FORMAT;
	for (size_t i = 0; i < a->environment_count; i++)
		if (strncmp(a->environment[i], setting, name + 1) == 0) {
			free(a->environment[i]);
			a->environment[i] = mem_strdup(setting);
			return 0;
		}
	if (a->environment_count >= AUTH_ENV_MAX)
		return E_LIMIT;
	mem_push(&a->environment, &a->environment_count, mem_strdup(setting));
	return 0;
}

bool
auth_tun_unit(struct monitor *m, uint32_t *unit)
{
	const char *text = m->auth->granted.tun_unit;

	if (text == NULL)
		return false;
	*unit = (uint32_t)strtoul(text, NULL, 10);
	return true;
}

static void
free_passwd(struct monitor *m)
{
	if (!m->user_known)
		return;
	directory_user_free(&m->passwd);
	m->user_known = false;
}

void
auth_close(struct monitor *m)
{
	struct auth *a = m->auth;

	if (a == NULL)
		return;
	auth_consent_end(m);
	close_sessions(m);
	remove_tickets(m);
	(void)auth_exit_code(m);
	a->attempt.abandoned = true; /* nobody is there to be asked */
	for (size_t i = m->template->n_modules; i-- > 0;) {
		const struct hosted *h = &m->template->modules[i];

		if (!a->joined[i].begun)
			continue;
		a->joined[i].begun = false;
		auth_enter(m, i, STAGE_END);
		if (h->module->end != NULL)
			h->module->end(a->joined[i].connection);
		auth_leave(m);
	}
	host_children_end(m);
	auth_steps_free(a);
	arena_free(a->demands);
	ask_forget(m);
	restrictions_free(&a->attempt.restrictions);
	restrictions_free(&a->granted);
	account_groups_free(&a->groups);
	for (size_t i = 0; i < a->environment_count; i++)
		free(a->environment[i]);
	free(a->environment);
	free(a->session_text);
	free(a->exposed);
	for (struct earlier_key *e = a->earlier, *next; e != NULL; e = next) {
		next = e->next;
		free(e->copy.data);
		wipe(e, sizeof(*e));
		free(e);
	}
	free(a->last_copy.data);
	free(a->timed);
	free(a->chains);
	decision_free(a->decision);
	free(a->decision);
	m->decision = NULL;
	free_passwd(m);
	wipe(a, sizeof(*a));
	free(a);
	m->auth = NULL;
}
