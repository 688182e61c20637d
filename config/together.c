/*
 * Checks between keys, each of which is right by itself.  Part of
 * loading (load.c).
 */
#include "config/loader.h"

#include <string.h>

static void
server_error(struct loader *l, const char *key, const char *text)
{
	const struct option *option = option_find(SECTION_SERVER, key);
	const struct origin *origin = &l->config->origins[option - options];

	problem_error(
	    l->problems, origin->file, origin->line, "%s: %s", key, text);
}

/* journald reads /dev/log, too: each record would be there twice. */
static void
check_log(struct loader *l)
{
	const struct strings *targets = &l->config->log.targets;
	size_t n = 0;

	for (size_t i = 0; i < targets->count; i++)
		n += strcmp(targets->items[i], "system") == 0 ||
		    strcmp(targets->items[i], "journal") == 0 ||
		    strcmp(targets->items[i], "syslog") == 0;
	if (n > 1)
		server_error(l, "log.targets",
		    "only one of system, journal, and syslog can be named");
}

static void
check_listeners(struct loader *l)
{
	const struct config *c = l->config;
	const struct listener *a, *b;
	size_t i, j;

	for (i = 0; i < c->listener_count; i++) {
		a = &c->listeners[i];
		for (j = 0; j < i && a->name != NULL; j++) {
			b = &c->listeners[j];
			if (b->name == NULL)
				continue;
			if (strcmp(a->name, b->name) == 0)
				problem_error(l->problems, a->origin.file,
				    a->origin.line,
				    "listeners.name: \"%s\" "
				    "is defined already, in %s:%u",
				    a->name, b->origin.file, b->origin.line);
			if (a->port == b->port &&
			    strcmp(a->address, b->address) == 0)
				problem_error(l->problems, a->origin.file,
				    a->origin.line,
				    "listeners.address: %s "
				    "port %u is used already, in %s:%u",
				    a->address, a->port, b->origin.file,
				    b->origin.line);
		}
	}
}

static void
twice(struct loader *l, const char *key, const char *name,
    const struct origin *here, const struct origin *there)
{
	problem_error(l->problems, here->file, here->line,
	    "%s: \"%s\" is defined already, in %s:%u", key, name, there->file,
	    there->line);
}

static void
check_names(struct loader *l)
{
	const struct config *c = l->config;
	size_t i, j;

	for (i = 0; i < c->module_count; i++) {
		for (j = 0; j < i; j++) {
			if (c->modules[i].name != NULL &&
			    c->modules[j].name != NULL &&
			    strcmp(c->modules[i].name, c->modules[j].name) == 0)
				twice(l, "modules.name", c->modules[i].name,
				    &c->modules[i].origin,
				    &c->modules[j].origin);
		}
	}
	for (i = 0; i < c->subsystem_count; i++) {
		for (j = 0; j < i; j++) {
			if (c->subsystems[i].name != NULL &&
			    c->subsystems[j].name != NULL &&
			    strcmp(c->subsystems[i].name,
				c->subsystems[j].name) == 0)
				twice(l, "subsystems.name",
				    c->subsystems[i].name,
				    &c->subsystems[i].origin,
				    &c->subsystems[j].origin);
		}
	}
}

/* Failures that are slow never add up: they wear off meanwhile. */
static void
warn_penalties(struct loader *l)
{
	const struct penalty_settings *p = &l->config->limits.penalties;
	const struct option *option =
	    option_find(SECTION_SERVER, "limits.penalties.minimum");
	const struct origin *origin = &l->config->origins[option - options];
	uint32_t needed;

	if (!p->enabled || p->auth_failure == 0 || origin->line == 0 ||
	    p->failures != 0 || p->minimum < 60 ||
	    p->minimum < 2 * p->auth_failure)
		return;
	needed = p->minimum / p->auth_failure + 1;
	problem_warning(l->problems, origin->file, origin->line,
	    "limits.penalties.minimum: penalties wear off while they add up: "
	    "%u failed logins within %u seconds would be needed; failures, "
	    "within and block count them",
	    needed, needed * p->auth_failure - p->minimum);
}

/* One of them broken must not reach another's memory. */
static void
check_accounts(struct loader *l)
{
	const struct privsep_settings *p = &l->config->privsep;
	const struct {
		const char *key, *user;
	} rows[] = {{"privsep.worker_user", p->worker_user},
	    {"privsep.keyholder_user", p->keyholder_user},
	    {"privsep.ticketholder_user", p->ticketholder_user},
	    {"privsep.helper_user", p->helper_user},
	    {"privsep.recorder_user", p->recorder_user}};
	static const char *const whose[] = {"must not be the worker's user",
	    "must not be the keyholder's user",
	    "must not be the ticketholder's user",
	    "must not be the helpers' user"};
	size_t i, j;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].user == NULL)
			continue;
		if (strcmp(rows[i].user, "root") == 0)
			server_error(l, rows[i].key, "must not be root");
		for (j = 0; j < i; j++)
			if (rows[j].user != NULL &&
			    strcmp(rows[i].user, rows[j].user) == 0)
				server_error(l, rows[i].key, whose[j]);
	}
}

static void
name_helper_users(struct config *c)
{
	for (size_t i = 0; i < c->module_count; i++)
		if (c->modules[i].helper_user == NULL)
			c->modules[i].helper_user = c->privsep.helper_user;
}

void
check_together(struct loader *l)
{
	const struct config *c = l->config;

	if (c->limits.startups.begin > c->limits.startups.full)
		server_error(l, "limits.startups.begin",
		    "is larger than limits.startups.full");
	if (c->limits.penalties.minimum > c->limits.penalties.maximum)
		server_error(l, "limits.penalties.minimum",
		    "is larger than limits.penalties.maximum");
	warn_penalties(l);
	check_accounts(l);
	name_helper_users(l->config);
	check_listeners(l);
	check_names(l);
	check_log(l);
}
