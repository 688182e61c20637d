/*
 * Rules that a user cannot meet are left out before the cells are cut: their
 * networks and times are no boundaries for him, and a decision is short.
 */
#include "config/diff/relevant.h"

#include "config/policy/match.h"

#include <string.h>

/* The rule with its conditions on the user alone. */
static struct rule
user_part(struct arena *arena, const struct rule *rule)
{
	struct rule part = *rule;

	part.matches =
	    arena_array(arena, rule->match_count, sizeof(*part.matches));
	for (size_t i = 0; i < rule->match_count; i++) {
		const struct rule_match *m = &rule->matches[i];

		part.matches[i].users = m->users;
		part.matches[i].groups = m->groups;
		part.matches[i].uids = m->uids;
		part.matches[i].invalid_user = m->invalid_user;
	}
	return part;
}

static bool
asks_nothing_else(const struct rule *rule)
{
	for (size_t i = 0; i < rule->match_count; i++) {
		const struct rule_match *m = &rule->matches[i];

		if (m->from.count + m->listeners.count + m->times.count != 0)
			return false;
	}
	return true;
}

static struct rule *
select_rules(struct arena *arena, const struct rule *rules, size_t *count,
    bool first_decides, const struct policy_facts *user)
{
	struct rule *kept = arena_array(arena, *count, sizeof(*kept));
	size_t i, n = 0;
	enum tri result;
	char why[256];

	for (i = 0; i < *count; i++) {
		struct rule part = user_part(arena, &rules[i]);

		result =
		    policy_match(&part, first_decides, user, why, sizeof(why));
		if (result == TRI_NO)
			continue;
		kept[n++] = rules[i];
		if (first_decides && result == TRI_YES &&
		    asks_nothing_else(&rules[i]))
			break;
	}
	*count = n;
	return kept;
}

const struct config *
relevant_part(struct arena *arena, const struct config *config,
    const struct policy_facts *user)
{
	struct config *part = arena_alloc(arena, sizeof(*part));

	*part = *config;
	part->rules =
	    select_rules(arena, config->rules, &part->rule_count, true, user);
	part->overlays = select_rules(
	    arena, config->overlays, &part->overlay_count, false, user);
	part->guards = select_rules(
	    arena, config->guards, &part->guard_count, false, user);
	return part;
}
