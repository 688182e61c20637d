/*
 * Restrictions that came with proofs (authorized_keys, certificates), and the
 * variables that modules set: kept apart per attempt, moved into the decision
 * when the attempt succeeded, and only ever to tighten it.
 */
#include "modules/host/restrictions.h"

#include "lib/err.h"
#include "lib/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
push(char ***list, size_t *count, const char *value)
{
	if (*count >= RESTRICTIONS_MAX)
		return E_LIMIT;
	mem_push(list, count, mem_strdup(value));
	return 0;
}

/* One value that must be the same wherever it comes from. */
static int
set_once(char **place, const char *value)
{
	if (*place != NULL)
		return strcmp(*place, value) == 0 ? 0 : E_DENIED;
	*place = mem_strdup(value);
	return 0;
}

int
restrictions_add(
    struct restrictions *r, enum sallyport_restriction what, const char *value)
{
	if (value == NULL)
		value = "";
	switch (what) {
	case SALLYPORT_NO_PTY:
	case SALLYPORT_NO_AGENT:
	case SALLYPORT_NO_X11:
	case SALLYPORT_NO_PORT_FORWARDING:
	case SALLYPORT_NO_USER_RC:
	case SALLYPORT_NO_TUN:
		r->off |= 1u << what;
		return 0;
	case SALLYPORT_COMMAND:
		return set_once(&r->command, value);
	case SALLYPORT_TUN_UNIT:
		return set_once(&r->tun_unit, value);
	case SALLYPORT_PERMIT_OPEN:
		return push(&r->open, &r->open_count, value);
	case SALLYPORT_PERMIT_LISTEN:
		return push(&r->listen, &r->listen_count, value);
	case SALLYPORT_ENVIRONMENT:
		return push(&r->environment, &r->environment_count, value);
	}
	return E_VALUE; /* a restriction we do not know cannot be kept */
}

int
restrictions_set_variable(struct restrictions *r, const char *setting)
{
	size_t name = strcspn(setting, "=") + 1;

	for (size_t i = 0; i < r->variable_count; i++)
		if (strncmp(r->variables[i], setting, name) == 0) {
			free(r->variables[i]);
			r->variables[i] = mem_strdup(setting);
			return 0;
		}
	return push(&r->variables, &r->variable_count, setting);
}

static void
free_list(char ***list, size_t *count)
{
	for (size_t i = 0; i < *count; i++)
		free((*list)[i]);
	free(*list);
	*list = NULL;
	*count = 0;
}

void
restrictions_free(struct restrictions *r)
{
	free(r->command);
	free(r->tun_unit);
	free_list(&r->open, &r->open_count);
	free_list(&r->listen, &r->listen_count);
	free_list(&r->environment, &r->environment_count);
	free_list(&r->variables, &r->variable_count);
	memset(r, 0, sizeof(*r));
}

static int
tighten_off(struct decision *d, unsigned off, struct origin origin)
{
	static const struct {
		enum sallyport_restriction what;
		enum grant grants[4];
		size_t count;
	} rows[] = {
	    {SALLYPORT_NO_PTY, {GRANT_pty}, 1},
	    {SALLYPORT_NO_AGENT, {GRANT_agent}, 1},
	    {SALLYPORT_NO_X11, {GRANT_x11}, 1},
	    {SALLYPORT_NO_USER_RC, {GRANT_user_rc}, 1},
	    {SALLYPORT_NO_TUN, {GRANT_tun}, 1},
	    {SALLYPORT_NO_PORT_FORWARDING,
		{GRANT_local_forward, GRANT_remote_forward, GRANT_unix_local,
		    GRANT_unix_remote},
		4},
	};
	int err;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!(off & 1u << rows[i].what))
			continue;
		for (size_t j = 0; j < rows[i].count; j++)
			if ((err = decision_tighten_off(
				 d, rows[i].grants[j], origin)) != 0)
				return err;
	}
	return 0;
}

static int
tighten(struct decision *d, const struct restrictions *r, struct origin origin)
{
	int err = tighten_off(d, r->off, origin);

	if (err == 0 && r->command != NULL)
		err = decision_tighten_command(d, r->command, origin);
	if (err == 0 && r->open_count > 0)
		err = decision_tighten_targets(d, GRANT_local_forward,
		    (const char *const *)r->open, r->open_count, origin);
	if (err == 0 && r->listen_count > 0)
		err = decision_tighten_targets(d, GRANT_remote_forward,
		    (const char *const *)r->listen, r->listen_count, origin);
	return err;
}

int
restrictions_merge(struct restrictions *to, const struct restrictions *from,
    struct decision *d, const char *origin)
{
	struct origin place = {.file = origin, .line = 0};
	int err = tighten(d, from, place);

	if (err == 0 && from->command != NULL)
		err = set_once(&to->command, from->command);
	if (err == 0 && from->tun_unit != NULL)
		err = set_once(&to->tun_unit, from->tun_unit);
	to->off |= from->off;
	for (size_t i = 0; err == 0 && i < from->environment_count; i++)
		err = push(&to->environment, &to->environment_count,
		    from->environment[i]);
	for (size_t i = 0; err == 0 && i < from->variable_count; i++)
		err = restrictions_set_variable(to, from->variables[i]);
	return err == 0 ? 0 : E_DENIED;
}
