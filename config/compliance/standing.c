/*
 * Computes the grants that each rule results in; see standing.h.
 */
#include "config/compliance/standing.h"

#include "config/grants.h"
#include "config/load.h"
#include "config/policy/granted.h"
#include "lib/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct walk {
	const struct config *config;
	enum standing_kind kind;
	standing_fn *fn;
	void *context;
	struct config *plain; /* the shipped defaults */
	/* of the rule at hand */
	struct config sub;
	struct rule rule;
	struct rule *overlays;
	struct rule *guards;
	const struct rule *shown; /* as the configuration has it */
};

static const enum grant doors[] = {GRANT_allow_users, GRANT_deny_users,
    GRANT_allow_groups, GRANT_deny_groups, GRANT_times};
#define N_DOORS (sizeof(doors) / sizeof(doors[0]))

bool
standing_is_door(enum grant grant)
{
	for (size_t i = 0; i < N_DOORS; i++)
		if (doors[i] == grant)
			return true;
	return grant == GRANT_refuse;
}

/* Removes the conditions for matching and for letting in: the caller selects by
 * policy_covers(), and the made-up user of judge() must pass. */
static void
open_door(struct walk *w, struct rule *rule)
{
	rule->matches = NULL;
	rule->match_count = 0;
	for (size_t i = 0; i < N_DOORS; i++) {
		grant_copy(&rule->grants, &w->plain->decoy->grants, doors[i]);
		rule->grants.origins[doors[i]] = (struct origin){NULL, 0};
	}
}

/* ---- which rules count ---- */

/* Uid 0 comes in only where a rule names it without wildcards. */
static bool
is_name(const char *pattern)
{
	return strpbrk(pattern, "*?!") == NULL;
}

static bool
has_uid_zero(const struct rule *rule)
{
	for (size_t i = 0; i < rule->match_count; i++)
		for (size_t j = 0; j < rule->matches[i].uids.count; j++)
			if (rule->matches[i].uids.items[j].first == 0)
				return true;
	return false;
}

/* Does the rule name a user whom the other does not?  other NULL: none. */
static bool
names_more(const struct rule *rule, const struct rule *other)
{
	for (size_t i = 0; i < rule->match_count; i++) {
		const struct strings *users = &rule->matches[i].users;

		for (size_t j = 0; j < users->count; j++)
			if (is_name(users->items[j]) &&
			    (other == NULL ||
				!policy_names_root(other, users->items[j])))
				return true;
	}
	return has_uid_zero(rule) &&
	    (other == NULL || !policy_names_root(other, ""));
}

/*
 * Any name may be that of an account with uid 0, which passes by every rule
 * that does not name it.
 */
static bool
is_reached(const struct config *c, size_t index)
{
	const struct rule *rule = &c->rules[index];

	for (size_t i = 0; i < index; i++)
		if (policy_covers(&c->rules[i], rule) &&
		    !names_more(rule, &c->rules[i]))
			return false;
	return true;
}

static bool
names_root_alone(const struct rule *rule)
{
	for (size_t i = 0; i < rule->match_count; i++) {
		const struct strings *users = &rule->matches[i].users;

		for (size_t j = 0; j < users->count; j++)
			if (is_name(users->items[j]) &&
			    strcmp(users->items[j], "root") != 0)
				return false;
	}
	return names_more(rule, NULL) && !has_uid_zero(rule);
}

/* ---- one rule ---- */

static void
judge(struct walk *w, const struct rule *overlay)
{
	struct policy_facts facts = {.user_state = FACT_KNOWN,
	    .user = "somebody",
	    .uid = 1000,
	    .groups_state = FACT_KNOWN,
	    .key_state = FACT_ABSENT,
	    .principal_state = FACT_ABSENT};
	struct decision d;
	struct standing s = {w->kind, &w->sub, w->shown, overlay, &d};

	decision_init(&d);
	policy_decide(&w->sub, &facts, &d);
	if (!d.decoy || w->kind == STANDING_DECOY)
		w->fn(&s, w->context);
	decision_free(&d);
}

/* The rule as it narrows to root where nobody else with uid 0 is named. */
static void
narrow_to_root(struct rule *rule, struct rule_match *matches, char **name)
{
	memcpy(matches, rule->matches, rule->match_count * sizeof(*matches));
	memset(&matches[rule->match_count], 0, sizeof(*matches));
	matches[rule->match_count].users = (struct strings){name, 1};
	rule->matches = matches;
	rule->match_count++;
}

static bool
sets_open_grant(const struct rule *rule, const struct rule *overlay)
{
	for (enum grant g = 0; g < GRANT_COUNT; g++)
		if (overlay->grants.origins[g].line != 0 &&
		    (rule->grants.origins[g].line == 0 || g == GRANT_refuse))
			return true;
	return false;
}

#define NO_OVERLAY SIZE_MAX

/*
 * Takes the overlays that certainly match every user of the rule, and the one
 * with the index `maybe`, which may match; with `all`, takes every overlay.
 */
static void
lay(struct walk *w, const struct rule *narrowed, size_t maybe, bool all)
{
	const struct config *c = w->config;

	w->sub.overlay_count = 0;
	for (size_t i = 0; i < c->overlay_count; i++) {
		const struct rule *o = &c->overlays[i];

		if (!all && i != maybe && !policy_covers(o, narrowed))
			continue;
		w->overlays[w->sub.overlay_count] = *o;
		open_door(w, &w->overlays[w->sub.overlay_count++]);
	}
	w->sub.overlays = w->overlays;
	judge(w, maybe == NO_OVERLAY ? NULL : &c->overlays[maybe]);
}

static void
guard(struct walk *w, const struct rule *narrowed)
{
	const struct config *c = w->config;

	w->sub.guard_count = 0;
	for (size_t i = 0; i < c->guard_count; i++) {
		if (policy_match_is_late(&c->guards[i]) ||
		    !policy_covers(&c->guards[i], narrowed))
			continue;
		w->guards[w->sub.guard_count] = c->guards[i];
		open_door(w, &w->guards[w->sub.guard_count++]);
	}
	w->sub.guards = w->guards;
}

static void
walk_rule(struct walk *w, const struct rule *rule)
{
	static char root[] = "root";
	char *name = root;
	struct rule narrowed = *rule;
	struct rule_match *matches =
	    mem_array(rule->match_count + 1, sizeof(*matches));
	size_t maybe = 0;

	if (w->kind == STANDING_ROOT && names_root_alone(rule))
		narrow_to_root(&narrowed, matches, &name);
	w->sub = *w->config;
	w->shown = rule;
	w->rule = *rule;
	open_door(w, &w->rule);
	w->sub.rules = w->sub.decoy = &w->rule;
	w->sub.rule_count = 1;
	guard(w, &narrowed);
	lay(w, &narrowed, NO_OVERLAY, false);
	for (size_t i = 0; i < w->config->overlay_count; i++) {
		const struct rule *o = &w->config->overlays[i];

		if (policy_covers(o, &narrowed) || !sets_open_grant(rule, o))
			continue;
		lay(w, &narrowed, i, false);
		maybe++;
	}
	if (maybe > 1)
		lay(w, &narrowed, NO_OVERLAY, true);
	free(matches);
}

void
standings_walk(const struct config *config, enum standing_kind kind,
    standing_fn *fn, void *context)
{
	struct walk w = {.config = config,
	    .kind = kind,
	    .fn = fn,
	    .context = context,
	    .plain = config_defaults()};

	w.overlays = mem_array(config->overlay_count + 1, sizeof(*w.overlays));
	w.guards = mem_array(config->guard_count + 1, sizeof(*w.guards));
	if (kind == STANDING_DECOY)
		walk_rule(&w, config->decoy);
	for (size_t i = 0; i < config->rule_count && kind != STANDING_DECOY;
	     i++)
		if (is_reached(config, i) &&
		    (kind != STANDING_ROOT ||
			names_more(&config->rules[i], NULL)))
			walk_rule(&w, &config->rules[i]);
	free(w.overlays);
	free(w.guards);
	config_free(w.plain);
}

const struct rule *
standing_setter(const struct standing *s, enum grant grant,
    const struct origin *origin, const char **kind)
{
	static const char *const words[] = {"rule", "overlay", "guard"};
	const struct rule *setter;
	enum trace_kind trace;

	setter = policy_rule_of(s->config, s->d, grant, origin, &trace);
	*kind = words[trace];
	return origin->line != 0 ? setter : NULL;
}

char *
standing_value(const struct standing *s, enum grant grant)
{
	const struct option *option = option_of_grant(grant);

	if (grant == GRANT_methods)
		return granted_value_text(option, &s->d->chains);
	return granted_text(s->d, option);
}
