/*
 * A module may demand one more step of a login, by its own judgement of the
 * risk; it can take none away.  The demand holds if the call that made it says
 * ALLOW, and is met by a step before or behind it.
 */
#include "daemon/monitor/auth.h"

#include "config/parse.h"
#include "lib/audit.h"
#include "lib/err.h"

#include <stdio.h>
#include <string.h>

int
auth_demand(struct sallyport_login *login, const char *step)
{
	struct monitor *m = login->program;
	struct auth *a = m->auth;
	struct arena *arena;
	struct chain chain = {0};
	bool good;

	arena = arena_new();
	good = strlen(step) < sizeof(a->attempt.demand) &&
	    parse_chain(arena, step, &chain) == NULL && chain.count == 1 &&
	    auth_serves(&chain.steps[0], m);
	arena_free(arena);
	if (!good)
		return SALLYPORT_NOT_FOUND;
	snprintf(a->attempt.demand, sizeof(a->attempt.demand), "%s", step);
	return SALLYPORT_OK;
}

bool
auth_demand_keep(struct monitor *m)
{
	struct auth *a = m->auth;

	if (a->attempt.demand[0] == '\0')
		return true;
	if (a->demands == NULL)
		a->demands = arena_new();
	if (a->demand_count == AUTH_DEMANDS_MAX)
		return false;
	/* It has been parsed before. */
	if (parse_chain(a->demands, a->attempt.demand,
		&a->demanded[a->demand_count]) != NULL)
		return false;
	a->demand_count++;
	a->attempt.demand[0] = '\0';
	return true;
}

bool
auth_demand_next(struct monitor *m)
{
	struct auth *a = m->auth;
	char methods[WALL_METHODS_MAX];
	size_t i = 0;

	while (i < a->demand_count &&
	    auth_step_was_done(a, &a->demanded[i].steps[0]))
		i++;
	if (i == a->demand_count)
		return false;
	chain_continue(&a->walk, &a->demanded[i], 1);
	auth_partial(m, chain_methods(&a->walk, methods, sizeof(methods)));
	return true;
}
