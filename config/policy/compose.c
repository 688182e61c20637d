/*
 * The grants of a login before the guards: the rule's own grants, and where
 * it sets none the first overlay's that matches.  An overlay never changes
 * what the rule, or an overlay before it, has set; so the rule that decides
 * is read whole, and a refusal of any of them stands.
 *
 * Fail closed: an overlay is skipped when all that it sets has been set
 * already.  Else it must be judged: if its match asks what is not known, the
 * login is refused, because what it would have tightened cannot be told from
 * what it would have granted.
 */
#include "config/policy/compose.h"

#include "config/arena.h"
#include "config/grants.h"
#include "config/options.h"
#include "lib/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define OPEN SIZE_MAX

struct composing {
	struct decision *d;
	struct grants *grants; /* in the decision's arena */
	size_t set_by[GRANT_COUNT]; /* 0: the rule, n: overlay n - 1, OPEN */
	bool joined[GRANT_COUNT]; /* by lists with +: others may add */
};

static bool
is_set_in(const struct rule *overlay, enum grant grant)
{
	return overlay->grants.origins[grant].line != 0;
}

static bool
takes(const struct composing *c, const struct rule *overlay, enum grant grant)
{
	if (!is_set_in(overlay, grant))
		return false;
	return c->set_by[grant] == OPEN ||
	    (c->joined[grant] && overlay->joins[grant]) ||
	    (grant == GRANT_refuse && !c->grants->refuse);
}

static bool
takes_any(const struct composing *c, const struct rule *overlay)
{
	enum grant grant;

	for (grant = 0; grant < GRANT_COUNT; grant++) {
		if (takes(c, overlay, grant))
			return true;
	}
	return false;
}

/* ---- lists that add up ---- */

/* The entry's name: what stands before "=", or all of it. */
static size_t
name_length(const char *entry)
{
	return strcspn(entry, "=");
}

static bool
has_name(const struct strings *list, size_t count, const char *entry)
{
	size_t i, len = name_length(entry);

	for (i = 0; i < count; i++) {
		if (name_length(list->items[i]) == len &&
		    strncmp(list->items[i], entry, len) == 0)
			return true;
	}
	return false;
}

/* Entries whose name no overlay before has. */
static void
join(struct composing *c, enum grant grant, const struct strings *added)
{
	struct strings *list =
	    (void *)((char *)c->grants + option_of_grant(grant)->offset);
	struct strings joined = {0};
	size_t i, before = c->set_by[grant] == OPEN ? 0 : list->count;

	joined.items = arena_grow(c->d->arena, list->items, before,
	    before + added->count, sizeof(*joined.items));
	joined.count = before;
	for (i = 0; i < added->count; i++) {
		if (!has_name(&joined, before, added->items[i]))
			joined.items[joined.count++] = added->items[i];
	}
	*list = joined;
}

/* "SLOT=source" has done its work: "none" is no source. */
static void
drop_slots(struct composing *c)
{
	struct strings *list = &c->grants->key_sources;
	struct strings names = {0};
	size_t i;

	if (!c->joined[GRANT_key_sources])
		return;
	names.items =
	    arena_array(c->d->arena, list->count, sizeof(*names.items));
	for (i = 0; i < list->count; i++) {
		char *equals = strchr(list->items[i], '=');
		char *name = equals != NULL ? equals + 1 : list->items[i];

		if (strcmp(name, "none") != 0)
			names.items[names.count++] = name;
	}
	*list = names;
}

/* ---- one overlay ---- */

static void
take_grant(struct composing *c, const struct rule *overlay, enum grant grant,
    size_t number)
{
	const struct option *option = option_of_grant(grant);

	if (!overlay->joins[grant]) {
		grant_copy(c->grants, &overlay->grants, grant);
	} else {
		join(c, grant,
		    (const void *)((const char *)&overlay->grants +
			option->offset));
		if (c->set_by[grant] == OPEN)
			c->grants->origins[grant] =
			    overlay->grants.origins[grant];
		c->joined[grant] = true;
	}
	if (c->set_by[grant] == OPEN)
		c->set_by[grant] = number;
}

static void
lay_over(struct composing *c, const struct policy_facts *facts,
    const struct rule *overlay, size_t index, struct trace *trace)
{
	enum tri result;
	enum grant grant;
	char why[256];

	if (!takes_any(c, overlay)) {
		policy_trace(trace, TRACE_OVERLAY, index, TRI_NO,
		    "all that it sets is set already");
		return;
	}
	result = policy_match(overlay, false, facts, why, sizeof(why));
	policy_trace(trace, TRACE_OVERLAY, index, result, why);
	if (result == TRI_UNKNOWN) {
		decision_blame(c->d, overlay);
		decision_refuse(c->d, REFUSAL_unknown_fact, "overlay %s: %s",
		    overlay->name, why);
	}
	if (result != TRI_YES)
		return;
	for (grant = 0; grant < GRANT_COUNT; grant++) {
		if (takes(c, overlay, grant))
			take_grant(c, overlay, grant, index + 1);
	}
}

/* As in a rule: off unless set beside the command, or before it. */
static void
imply(struct composing *c, enum grant restrictor)
{
	size_t by = c->set_by[restrictor];
	enum grant grant;

	if (by == 0 || by == OPEN || !c->grants->command_restricts)
		return;
	for (grant = 0; grant < GRANT_COUNT; grant++) {
		if (grant_forced_off(grant) && c->set_by[grant] > by)
			grant_switch_off(
			    c->grants, grant, c->grants->origins[restrictor]);
	}
}

/* The owner of the command, and what may be refused beside it. */
static void
own_command(struct composing *c)
{
	size_t by = c->set_by[GRANT_command];

	if (by == 0 || by == OPEN)
		return;
	c->d->overlay_command = true;
	c->d->own_shell = c->set_by[GRANT_shell] == by;
	c->d->own_exec = c->set_by[GRANT_exec] == by;
	c->d->own_subsystems =
	    c->set_by[GRANT_subsystems] == by && !c->joined[GRANT_subsystems];
}

static void
finish(struct composing *c)
{
	struct grants *g = c->grants;

	drop_slots(c);
	own_command(c);
	if (g->command != NULL)
		imply(c, GRANT_command);
	if (g->sftp_only)
		imply(c, GRANT_sftp_only);
	if (g->command != NULL && g->sftp_only)
		decision_refuse(c->d, REFUSAL_conflict,
		    "a forced command (%s:%u) and sftp_only (%s:%u) exclude "
		    "each other",
		    g->origins[GRANT_command].file,
		    g->origins[GRANT_command].line,
		    g->origins[GRANT_sftp_only].file,
		    g->origins[GRANT_sftp_only].line);
}

static const struct grants *
compose(const struct config *config, const struct policy_facts *facts,
    struct decision *d, const struct rule *rule, struct trace *trace)
{
	struct composing *c;
	struct grants *grants;
	enum grant grant;
	size_t i;

	if (config->overlay_count == 0)
		return &rule->grants;
	c = mem_zalloc(sizeof(*c));
	c->d = d;
	c->grants = grants = arena_alloc(d->arena, sizeof(*grants));
	*grants = rule->grants;
	for (grant = 0; grant < GRANT_COUNT; grant++)
		c->set_by[grant] =
		    rule->grants.origins[grant].line != 0 ? 0 : OPEN;
	for (i = 0; i < config->overlay_count; i++)
		lay_over(c, facts, &config->overlays[i], i, trace);
	finish(c);
	free(c);
	return grants;
}

/* Each list of the grants becomes the first layer of its kind. */
void
decision_compose(const struct config *config, const struct policy_facts *facts,
    struct decision *d, const struct rule *rule, struct trace *trace)
{
	const struct grants *grants = compose(config, facts, d, rule, trace);
	const struct chains *methods = &grants->methods;
	enum grant grant;

	d->rule = rule;
	d->grants = *grants;
	for (grant = 0; grant < GRANT_COUNT; grant++) {
		const struct option *option = option_of_grant(grant);

		d->layers[grant].count = 0;
		if (option->tighten == TIGHTEN_LAYER)
			(void)decision_add_layer(d, grant,
			    (const char *)grants + option->offset,
			    &grants->origins[grant]);
	}
	d->chains.items =
	    arena_array(d->arena, methods->count, sizeof(*methods->items));
	if (methods->count != 0)
		memcpy(d->chains.items, methods->items,
		    methods->count * sizeof(*methods->items));
	d->chains.count = methods->count;
}

/* ---- switches ---- */

static bool
step_is_on(const struct grants *g, const char *method)
{
	if (strcmp(method, "publickey") == 0)
		return g->publickey;
	if (strcmp(method, "password") == 0)
		return g->password;
	if (strcmp(method, "keyboard-interactive") == 0)
		return g->keyboard_interactive;
	if (strncmp(method, "gssapi-", 7) == 0)
		return g->gssapi;
	if (strcmp(method, "hostbased") == 0)
		return g->hostbased;
	return true;
}

static void
drop_chains_off(struct decision *d)
{
	size_t i, j, kept = 0;

	for (i = 0; i < d->chains.count; i++) {
		const struct chain *chain = &d->chains.items[i];

		for (j = 0; j < chain->count; j++) {
			if (!step_is_on(&d->grants, chain->steps[j].method))
				break;
		}
		if (j == chain->count)
			d->chains.items[kept++] = *chain;
	}
	d->chains.count = kept;
}

/* An empty list of targets and one of strings look the same. */
static const struct targets nothing;

static void
close_layer(struct decision *d, enum grant grant, enum grant by)
{
	const struct layers *layers = &d->layers[grant];

	if (layers->count > 0 &&
	    layers->items[layers->count - 1].list == &nothing)
		return;
	if (decision_add_layer(d, grant, &nothing, &d->grants.origins[by]) != 0)
		decision_refuse(
		    d, REFUSAL_guard_refuses, "too many layers of forwards");
}

static void
forwarding_off(struct decision *d)
{
	static const enum grant scalars[] = {GRANT_agent, GRANT_x11, GRANT_tun};
	static const enum grant lists[] = {GRANT_local_forward,
	    GRANT_remote_forward, GRANT_unix_local, GRANT_unix_remote};
	size_t i;

	for (i = 0; i < sizeof(scalars) / sizeof(scalars[0]); i++)
		grant_switch_off(&d->grants, scalars[i],
		    d->grants.origins[GRANT_forwarding]);
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		close_layer(d, lists[i], GRANT_forwarding);
}

void
decision_settle_switches(struct decision *d)
{
	drop_chains_off(d);
	if (!d->grants.forwarding)
		forwarding_off(d);
	if ((d->grants.tcp_forward & TCP_FORWARD_LOCAL) == 0)
		close_layer(d, GRANT_local_forward, GRANT_tcp_forward);
	if ((d->grants.tcp_forward & TCP_FORWARD_REMOTE) == 0)
		close_layer(d, GRANT_remote_forward, GRANT_tcp_forward);
}
