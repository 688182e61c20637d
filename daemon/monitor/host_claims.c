/*
 * What a module says of the login while it is called: restrictions, variables,
 * another name, tries and delays.  Each is the attempt's until that succeeds.
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

/* A module that goes on in spite of a refusal here is not believed. */
int
host_restrict_to(struct sallyport_login *login, enum sallyport_restriction what,
    const char *value)
{
	struct auth *a = login->m->auth;
	bool allowed = host_allows(login, HOST_RESTRICT_TO);

	if (allowed &&
	    restrictions_add(&a->attempt.restrictions, what, value) == 0)
		return SALLYPORT_OK;
	a->unkept = true;
	return allowed ? SALLYPORT_REFUSED : SALLYPORT_STATE;
}

int
host_user_changed(struct sallyport_login *login, const char *name)
{
	struct monitor *m = login->m;
	struct passwd pw, *found = NULL;
	char buffer[16384];

	if (!host_allows(login, HOST_USER_CHANGED))
		return SALLYPORT_STATE;
	if (name != NULL && m->user_known && auth_name_is_sane(name) &&
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
host_environment(struct sallyport_login *login, const char *setting)
{
	struct auth *a = login->m->auth;
	int err;

	if (!host_allows(login, HOST_ENVIRONMENT) ||
	    strchr(setting, '=') == NULL)
		return SALLYPORT_STATE;
	if (!policy_may_module_set(setting)) {
		log_warn("module %s may not set the variable %.*s",
		    module_name(login->m), (int)strcspn(setting, "="), setting);
		return SALLYPORT_REFUSED;
	}
	err = a->stage == STAGE_OPEN ?
	    auth_set_environment(login->m, setting) :
	    restrictions_set_variable(&a->attempt.restrictions, setting);
	return err == 0 ? SALLYPORT_OK : SALLYPORT_TOO_LARGE;
}

int
host_tell_user(struct sallyport_login *login, const char *format, ...)
{
	struct attempt *a = &login->m->auth->attempt;
	char text[sizeof(a->told)], *clean;
	va_list args;

	if (!host_allows(login, HOST_TELL_USER))
		return SALLYPORT_STATE;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	clean = ask_clean(text, sizeof(a->told) - 1);
	snprintf(a->told, sizeof(a->told), "%s", clean);
	free(clean);
	return SALLYPORT_OK;
}

/* The session process inherits the monitor's groups of this moment. */
int
host_add_group(struct sallyport_login *login, const char *name)
{
	struct monitor *m = login->m;
	gid_t groups[AUTH_GROUPS_MAX + 1];
	struct group entry, *found = NULL;
	char buffer[65536];
	int count;

	if (!host_allows(login, HOST_ADD_GROUP))
		return SALLYPORT_STATE;
	if (getgrnam_r(name, &entry, buffer, sizeof(buffer), &found) != 0 ||
	    found == NULL)
		return SALLYPORT_NOT_FOUND;
	if (entry.gr_gid == 0)
		return SALLYPORT_REFUSED;
	if ((count = getgroups(AUTH_GROUPS_MAX, groups)) < 0)
		return SALLYPORT_TOO_LARGE;
	groups[count] = entry.gr_gid;
	if (setgroups((size_t)count + 1, groups) != 0)
		return SALLYPORT_SYSTEM;
	log_info("module %s adds the group %s to the session of %s",
	    module_name(m), name, m->passwd.pw_name);
	return SALLYPORT_OK;
}

void
host_exhausted(struct sallyport_login *login)
{
	struct auth *a = login->m->auth;

	if (host_allows(login, HOST_EXHAUSTED))
		a->joined[a->current].exhausted = true;
}

void
host_fail_delay(struct sallyport_login *login, uint32_t microseconds)
{
	struct attempt *a = &login->m->auth->attempt;

	if (host_allows(login, HOST_FAIL_DELAY) && microseconds > a->delay)
		a->delay = microseconds;
}
