/*
 * The tightening column of the schema at work: what a guard, a key's options
 * or a certificate may do to a decision.  Each function takes away or leaves;
 * none can grant.  tests/unit/config breaks each of them on purpose.
 */
#include "config/arena.h"
#include "config/grants.h"
#include "config/options.h"
#include "config/parse.h"
#include "config/policy/policy.h"
#include "config/policy/match.h"
#include "lib/err.h"
#include "lib/match.h"

#include <stdio.h>
#include <string.h>

struct tightening {
	struct decision *d;
	const struct option *option;
	void *granted; /* in d->grants */
	const void *value; /* of the same type */
	struct origin origin;
};

typedef int tighten_function(const struct tightening *t);

static void
set_origin(const struct tightening *t)
{
	t->d->grants.origins[t->option->grant] = t->origin;
}

static int
tighten_never(const struct tightening *t)
{
	(void)t;
	return E_DENIED;
}

static int
tighten_bool(const struct tightening *t, bool safe)
{
	bool *granted = t->granted;

	if (*(const bool *)t->value == safe && *granted != safe) {
		*granted = safe;
		set_origin(t);
	}
	return 0;
}

static int
tighten_true(const struct tightening *t)
{
	return tighten_bool(t, true);
}

static int
tighten_false(const struct tightening *t)
{
	return tighten_bool(t, false);
}

static int
tighten_smaller_size(const struct tightening *t)
{
	uint64_t *granted = t->granted, value = *(const uint64_t *)t->value;

	if (value < *granted) {
		*granted = value;
		set_origin(t);
	}
	return 0;
}

/* CONFIG_NONE is the largest number there is: infinity. */
static int
tighten_smaller(const struct tightening *t)
{
	uint32_t *granted = t->granted, value;

	if (t->option->type == OPTION_SIZE)
		return tighten_smaller_size(t);
	value = *(const uint32_t *)t->value;
	if (value < *granted) {
		*granted = value;
		set_origin(t);
	}
	return 0;
}

static int
tighten_larger(const struct tightening *t)
{
	uint32_t *granted = t->granted, value = *(const uint32_t *)t->value;

	if (value > *granted) {
		*granted = value;
		set_origin(t);
	}
	return 0;
}

/* A umask; none is no bits of ours. */
static int
tighten_bits_or(const struct tightening *t)
{
	uint32_t *granted = t->granted, value = *(const uint32_t *)t->value;

	if (value == CONFIG_NONE)
		return 0;
	if (*granted == CONFIG_NONE || (*granted | value) != *granted) {
		*granted = *granted == CONFIG_NONE ? value : *granted | value;
		set_origin(t);
	}
	return 0;
}

static int
tighten_bits_and(const struct tightening *t)
{
	uint32_t *granted = t->granted, value = *(const uint32_t *)t->value;

	if ((*granted & value) != *granted) {
		*granted &= value;
		set_origin(t);
	}
	return 0;
}

static int
tighten_layer(const struct tightening *t)
{
	return decision_add_layer(
	    t->d, (enum grant)t->option->grant, t->value, &t->origin);
}

static int
tighten_same(const struct tightening *t)
{
	char *const *value = t->value;
	char **granted = t->granted;

	if (*value == NULL)
		return 0;
	if (*granted != NULL)
		return strcmp(*granted, *value) == 0 ? 0 : E_DENIED;
	*granted = *value;
	set_origin(t);
	return 0;
}

static int
tighten_unset(const struct tightening *t)
{
	char *const *value = t->value;
	char **granted = t->granted;

	if (*value == NULL || *granted != NULL)
		return 0;
	*granted = *value;
	set_origin(t);
	return 0;
}

/* Not const in tests, which put broken ones in. */
#ifndef TIGHTEN_TABLE
#define TIGHTEN_TABLE static tighten_function *const
#endif
TIGHTEN_TABLE tighten_functions[TIGHTEN_COUNT] = {
    [TIGHTEN_NEVER] = tighten_never,
    [TIGHTEN_TRUE] = tighten_true,
    [TIGHTEN_FALSE] = tighten_false,
    [TIGHTEN_SMALLER] = tighten_smaller,
    [TIGHTEN_LARGER] = tighten_larger,
    [TIGHTEN_BITS_OR] = tighten_bits_or,
    [TIGHTEN_BITS_AND] = tighten_bits_and,
    [TIGHTEN_LAYER] = tighten_layer,
    [TIGHTEN_SAME] = tighten_same,
    [TIGHTEN_UNSET] = tighten_unset,
};

const struct layers *
decision_layers(const struct decision *d, enum grant grant)
{
	return option_of_grant(grant)->tighten == TIGHTEN_LAYER ?
	    &d->layers[grant] :
	    NULL;
}

int
decision_tighten_value(struct decision *d, enum grant grant, const void *value,
    struct origin origin)
{
	const struct option *option = option_of_grant(grant);
	struct tightening t = {
	    d, option, (char *)&d->grants + option->offset, value, origin};
	int err;

	err = tighten_functions[option->tighten](&t);
	if (err != 0)
		decision_refuse(d, REFUSAL_conflict,
		    "%s of %s:%u contradicts the one of %s:%u", option->name,
		    origin.file != NULL ? origin.file : "?", origin.line,
		    d->grants.origins[grant].file != NULL ?
			d->grants.origins[grant].file :
			"the default",
		    d->grants.origins[grant].line);
	return err;
}

int
decision_tighten_off(struct decision *d, enum grant grant, struct origin origin)
{
	/* of any type: false, zero, nothing in the list */
	static const struct grants none;
	const struct option *option = option_of_grant(grant);

	return decision_tighten_value(
	    d, grant, (const char *)&none + option->offset, origin);
}

/* A forced command takes away what the schema says it implies. */
static void
imply_off(struct decision *d, struct origin origin)
{
	enum grant grant;

	for (grant = 0; grant < GRANT_COUNT; grant++) {
		if (grant_forced_off(grant))
			(void)decision_tighten_off(d, grant, origin);
	}
}

/* ---- guards ---- */

static bool
is_forbidden(const struct chain_step *step, const struct strings *forbid)
{
	char text[2 * CONFIG_NAME_MAX + 2];
	size_t i;

	snprintf(text, sizeof(text), "%s:%s", step->method,
	    step->module != NULL ? step->module : "");
	for (i = 0; i < forbid->count; i++) {
		if (match_pattern(step->method, forbid->items[i], MATCH_CASE) ||
		    match_pattern(text, forbid->items[i], MATCH_CASE))
			return true;
	}
	return false;
}

static void
drop_chains(struct decision *d, const struct strings *forbid)
{
	size_t i, j, kept = 0;

	for (i = 0; i < d->chains.count; i++) {
		const struct chain *chain = &d->chains.items[i];

		for (j = 0; j < chain->count; j++) {
			if (is_forbidden(&chain->steps[j], forbid))
				break;
		}
		if (j == chain->count)
			d->chains.items[kept++] = *chain;
	}
	d->chains.count = kept;
}

static bool
chain_has(const struct chain *chain, const struct chain_step *wanted)
{
	size_t i;

	for (i = 0; i < chain->count; i++) {
		if (step_matches(wanted, &chain->steps[i]))
			return true;
	}
	return false;
}

static void
append_steps(
    struct decision *d, struct chain *chain, const struct chain *require)
{
	struct chain longer = {chain->text, NULL, chain->count};
	size_t i;

	longer.steps = arena_array(
	    d->arena, chain->count + require->count, sizeof(*longer.steps));
	memcpy(
	    longer.steps, chain->steps, chain->count * sizeof(*longer.steps));
	for (i = 0; i < require->count; i++) {
		if (chain_has(chain, &require->steps[i]))
			continue;
		longer.steps[longer.count++] = require->steps[i];
		longer.text = arena_printf(d->arena, "%s,%s%s%s%s%s",
		    longer.text, require->steps[i].method,
		    require->steps[i].module != NULL ? ":" : "",
		    require->steps[i].module != NULL ?
			require->steps[i].module :
			"",
		    require->steps[i].service != NULL ? "/" : "",
		    require->steps[i].service != NULL ?
			require->steps[i].service :
			"");
	}
	*chain = longer;
}

/* A guard's refusal is not the refusal of the command's overlay. */
static void
disown(struct decision *d, const struct rule *guard)
{
	const struct grants *g = &guard->grants;
	bool sets_command =
	    g->origins[GRANT_command].line != 0 && g->command != NULL;

	/* The guard demands that very command, or the login is refused. */
	d->overlay_command = d->overlay_command && !sets_command;
	d->own_shell =
	    d->own_shell && (g->origins[GRANT_shell].line == 0 || g->shell);
	d->own_exec =
	    d->own_exec && (g->origins[GRANT_exec].line == 0 || g->exec);
	d->own_subsystems =
	    d->own_subsystems && g->origins[GRANT_subsystems].line == 0;
}

/* The policy's own command goes before a key's, whichever comes first. */
static void
drop_key_command(struct decision *d, const struct rule *guard)
{
	if (!d->key_commands ||
	    (guard->grants.command == NULL && !guard->grants.sftp_only))
		return;
	d->grants.command = NULL;
	d->key_commands = false;
}

void
decision_apply_guard(struct decision *d, const struct rule *guard)
{
	bool had_command, had_sftp = d->grants.sftp_only;
	enum grant grant;
	size_t i;

	drop_key_command(d, guard);
	disown(d, guard);
	had_command = d->grants.command != NULL;
	for (grant = 0; grant < GRANT_COUNT; grant++) {
		if (guard->grants.origins[grant].line != 0)
			(void)decision_tighten_value(d, grant,
			    (const char *)&guard->grants +
				option_of_grant(grant)->offset,
			    guard->grants.origins[grant]);
	}
	if (!had_command && d->grants.command != NULL)
		imply_off(d, d->grants.origins[GRANT_command]);
	if (!had_sftp && d->grants.sftp_only)
		imply_off(d, d->grants.origins[GRANT_sftp_only]);
	if (d->grants.command != NULL && d->grants.sftp_only)
		decision_refuse(d, REFUSAL_conflict,
		    "guard %s: a forced "
		    "command and sftp_only exclude each other",
		    guard->name);
	drop_chains(d, &guard->forbid);
	for (i = 0; i < d->chains.count && guard->require.count > 0; i++)
		append_steps(d, &d->chains.items[i], &guard->require);
}

/* ---- what keys and certificates say ---- */

static struct origin
keep_origin(struct decision *d, struct origin origin)
{
	if (origin.file != NULL)
		origin.file = arena_strdup(d->arena, origin.file);
	return origin;
}

int
decision_tighten_command(
    struct decision *d, const char *command, struct origin origin)
{
	char *copy = arena_strdup(d->arena, command);

	if (d->grants.sftp_only ||
	    (d->grants.command != NULL && !d->key_commands))
		return 0; /* the policy's own goes before */
	d->key_commands = true;
	return decision_tighten_value(
	    d, GRANT_command, &copy, keep_origin(d, origin));
}

int
decision_tighten_targets(struct decision *d, enum grant grant,
    const char *const *texts, size_t count, struct origin origin)
{
	struct targets *targets;
	size_t i;

	targets = arena_alloc(d->arena, sizeof(*targets));
	targets->items = arena_array(d->arena, count, sizeof(*targets->items));
	for (i = 0; i < count; i++) {
		const char *text = texts[i];

		/* sshd(8): no pattern and no look-up, but "*" is any host */
		if (strchr(text, ':') == NULL)
			text = arena_printf(d->arena, "*:%s", text);
		else if (strncmp(text, "*:", 2) != 0)
			text = arena_printf(d->arena, "=%s", text);
		if (parse_target(d->arena, text, &targets->items[i]) != NULL)
			return E_FORMAT;
	}
	targets->count = count;
	return decision_tighten_value(
	    d, grant, targets, keep_origin(d, origin));
}
