/*
 * Rules that a user cannot meet are left out before the cells are cut: their
 * networks and times are no boundaries for him, and a decision is short.
 */
#include "config/diff/relevant.h"

#include "config/policy/match.h"
#include "lib/mem.h"

#include <stdlib.h>

/* The answer of the rule's conditions on the user alone. */
static enum tri
asks_of_user(
    const struct rule *rule, bool named, const struct policy_facts *user)
{
	struct rule_match matches[CONFIG_MATCHES_MAX];
	struct rule part = {.matches = matches};
	char why[256];

	for (size_t i = 0; i < rule->match_count; i++) {
		const struct rule_match *m = &rule->matches[i];

		if (part.match_count == CONFIG_MATCHES_MAX)
			return TRI_UNKNOWN;
		matches[part.match_count++] =
		    (struct rule_match){.users = m->users,
			.groups = m->groups,
			.uids = m->uids,
			.invalid_user = m->invalid_user};
	}
	return policy_match(&part, named, user, why, sizeof(why));
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
	const struct rule **met = mem_array(*count + 1, sizeof(const void *));
	struct rule *kept;
	size_t i, n = 0;
	enum tri result;

	for (i = 0; i < *count; i++) {
		result = asks_of_user(&rules[i], first_decides, user);
		if (result == TRI_NO)
			continue;
		met[n++] = &rules[i];
		if (first_decides && result == TRI_YES &&
		    asks_nothing_else(&rules[i]))
			break;
	}
	kept = arena_array(arena, n, sizeof(*kept));
	for (i = 0; i < n; i++)
		kept[i] = *met[i];
	free(met);
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
