/*
 * The accounts of modules' helper processes, before any is started.
 */
#include "modules/host/helpers.h"

#include "lib/err.h"
#include "privsep/drop.h"

/* One account for two of them would let each end the other. */
static void
check_others(const struct config *config, const struct module_settings *s,
    uid_t uid, struct problems *problems)
{
	const struct privsep_settings *p = &config->privsep;
	const char *const others[] = {p->worker_user, p->keyholder_user,
	    p->ticketholder_user, p->recorder_user};
	uid_t other;
	gid_t gid;

	for (size_t k = 0; k < 4; k++)
		if (others[k] != NULL &&
		    drop_account(others[k], &other, &gid) == 0 && other == uid)
			problem_error(problems, s->origin.file, s->origin.line,
			    "module %s: helper_user %s is the account of "
			    "another process of the server",
			    s->name, s->helper_user);
}

void
host_check_helper(const struct config *config, const struct module_settings *s,
    const struct module_settings *const *before, size_t count,
    struct problems *problems)
{
	uid_t uid, other;
	gid_t gid;
	int err = drop_account(s->helper_user, &uid, &gid);

	if (err != 0) {
		problem_error(problems, s->origin.file, s->origin.line,
		    "module %s: helper_user %s: %s", s->name, s->helper_user,
		    err == E_DENIED ? "a helper never runs as root" :
				      "no such account in /etc/passwd");
		return;
	}
	check_others(config, s, uid, problems);
	for (size_t k = 0; k < count; k++)
		if (drop_account(before[k]->helper_user, &other, &gid) == 0 &&
		    other == uid)
			problem_error(problems, s->origin.file, s->origin.line,
			    "module %s: helper_user %s is the account of "
			    "the helper of module %s: each needs its own",
			    s->name, s->helper_user, before[k]->name);
}

void
host_check_helpers(const struct config *config, const struct hosted *modules,
    size_t count, struct problems *problems)
{
	const struct module_settings *with[HOST_MODULES_MAX] = {NULL};
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		if (!host_has_helper(&modules[i]))
			continue;
		host_check_helper(
		    config, modules[i].settings, with, n, problems);
		with[n++] = modules[i].settings;
	}
}
