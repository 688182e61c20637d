/*
 * The accounts of modules' helper processes, before any is started.
 */
#include "modules/host/helpers.h"

#include "lib/err.h"
#include "privsep/drop.h"

/* One account for two of them would let each end the other. */
static void
check_account(const struct config *config, const struct hosted *modules,
    size_t i, const uid_t *uids, struct problems *problems)
{
	const struct module_settings *s = modules[i].settings;
	const struct privsep_settings *p = &config->privsep;
	const char *const others[] = {
	    p->worker_user, p->keyholder_user, p->ticketholder_user};
	uid_t uid;
	gid_t gid;

	for (size_t k = 0; k < 3; k++)
		if (others[k] != NULL &&
		    drop_account(others[k], &uid, &gid) == 0 && uid == uids[i])
			problem_error(problems, s->origin.file, s->origin.line,
			    "module %s: helper_user %s is the account of "
			    "another process of the server",
			    s->name, s->helper_user);
	for (size_t k = 0; k < i; k++)
		if (uids[k] == uids[i])
			problem_error(problems, s->origin.file, s->origin.line,
			    "module %s: helper_user %s is the account of "
			    "the helper of module %s: each needs its own",
			    s->name, s->helper_user, modules[k].settings->name);
}

void
host_check_helpers(const struct config *config, const struct hosted *modules,
    size_t count, struct problems *problems)
{
	uid_t uids[HOST_MODULES_MAX] = {0};
	gid_t gid;
	int err;

	for (size_t i = 0; i < count; i++) {
		const struct module_settings *s = modules[i].settings;

		uids[i] = (uid_t)-1 - (uid_t)i; /* nobody's */
		if (!host_has_helper(&modules[i]))
			continue;
		err = drop_account(s->helper_user, &uids[i], &gid);
		if (err == 0)
			check_account(config, modules, i, uids, problems);
		else
			problem_error(problems, s->origin.file, s->origin.line,
			    "module %s: helper_user %s: %s", s->name,
			    s->helper_user,
			    err == E_DENIED ? "a helper never runs as root" :
					      "no such account in /etc/passwd");
	}
}
