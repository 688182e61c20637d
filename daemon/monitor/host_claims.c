/*
 * Claims of a module about the login while it is called: restrictions,
 * variables, another name, tries and delays.  They belong to the attempt until
 * it succeeds.
 */
#include "daemon/monitor/auth.h"

#include "lib/audit.h"
#include "lib/err.h"
#include "lib/log.h"

#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *
module_name(const struct monitor *m)
{
	return m->template->modules[m->auth->current].settings->name;
}

int
claim_restriction(struct sallyport_login *login,
    enum sallyport_restriction what, const char *value)
{
	return restrictions_add(&login->attempt->restrictions, what, value) ==
		0 ?
	    SALLYPORT_OK :
	    SALLYPORT_REFUSED;
}

int
claim_user_changed(struct sallyport_login *login, const char *name)
{
	struct monitor *m = login->program;
	struct passwd pw, *found = NULL;
	char buffer[16384];

	if (name != NULL && m->user_known && account_name_is_sane(name) &&
	    getpwnam_r(name, &pw, buffer, sizeof(buffer), &found) == 0 &&
	    found != NULL && found->pw_uid == m->passwd.pw_uid)
		return SALLYPORT_OK;
	AUDIT(user_changed, .module = module_name(m),
	    .target = name == NULL ? "" : name);
	snprintf(m->auth->attempt.reason, sizeof(m->auth->attempt.reason),
	    "the module changed the user");
	return SALLYPORT_REFUSED;
}

int
claim_environment(struct sallyport_login *login, const char *setting)
{
	struct monitor *m = login->program;
	int err;

	if (strchr(setting, '=') == NULL)
		return SALLYPORT_STATE;
	if (!policy_may_module_set(setting)) {
		log_warn("module %s may not set the variable %.*s",
		    module_name(m), (int)strcspn(setting, "="), setting);
		return SALLYPORT_REFUSED;
	}
	err = login->stage == STAGE_OPEN ?
	    auth_set_environment(m, setting) :
	    restrictions_set_variable(&login->attempt->restrictions, setting);
	return err == 0 ? SALLYPORT_OK : SALLYPORT_TOO_LARGE;
}

int
claim_text(struct sallyport_login *login, const char *text)
{
	struct attempt *a = login->attempt;
	char *clean = ask_clean(text, sizeof(a->told) - 1);

	snprintf(a->told, sizeof(a->told), "%s", clean);
	free(clean);
	return SALLYPORT_OK;
}

/* The session process inherits the monitor's groups of this moment. */
int
claim_group(struct sallyport_login *login, const char *name)
{
	struct monitor *m = login->program;
	gid_t groups[ACCOUNT_GROUPS_MAX + 1];
	struct group entry, *found = NULL;
	char buffer[65536];
	int count;

	if (getgrnam_r(name, &entry, buffer, sizeof(buffer), &found) != 0 ||
	    found == NULL)
		return SALLYPORT_NOT_FOUND;
	if (entry.gr_gid == 0)
		return SALLYPORT_REFUSED;
	if ((count = getgroups(ACCOUNT_GROUPS_MAX, groups)) < 0)
		return SALLYPORT_TOO_LARGE;
	groups[count] = entry.gr_gid;
	if (setgroups((size_t)count + 1, groups) != 0)
		return SALLYPORT_SYSTEM;
	log_info("module %s adds the group %s to the session of %s",
	    module_name(m), name, m->passwd.pw_name);
	return SALLYPORT_OK;
}

void
claim_exhausted(struct sallyport_login *login)
{
	const struct monitor *m = login->program;

	m->auth->joined[m->auth->current].exhausted = true;
}

void
claim_fail_delay(struct sallyport_login *login, uint32_t microseconds)
{
	if (microseconds > login->attempt->delay)
		login->attempt->delay = microseconds;
}
