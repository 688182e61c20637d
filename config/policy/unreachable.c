/*
 * Rules that no login can reach, because an earlier rule takes all whom they
 * match, and overlays that can set nothing, because an earlier one has.  A
 * warning for the administrator; says nothing when in doubt.
 */
#include "config/loader.h"
#include "config/policy/match.h"

#include <string.h>

static bool
has_negation(const struct strings *patterns)
{
	size_t i;

	for (i = 0; i < patterns->count; i++) {
		if (patterns->items[i][0] == '!')
			return true;
	}
	return false;
}

static bool
has_same(const struct strings *patterns, const char *text)
{
	size_t i;

	for (i = 0; i < patterns->count; i++) {
		if (strcmp(patterns->items[i], text) == 0)
			return true;
	}
	return false;
}

/* Does everything that later matches match earlier too? */
static bool
patterns_cover(const struct strings *earlier, const struct strings *later)
{
	bool positive = false;
	size_t i;

	if (earlier->count == 0)
		return true;
	if (has_negation(earlier))
		return false;
	for (i = 0; i < later->count; i++) {
		const char *item = later->items[i];

		if (item[0] == '!')
			continue;
		positive = true;
		if (has_same(earlier, item) || has_same(earlier, "*"))
			continue;
		if (strpbrk(item, "*?") != NULL ||
		    !policy_in_patterns(earlier, item))
			return false;
	}
	return positive || has_same(earlier, "*");
}

static bool
network_within(const struct net_network *outer, const struct net_network *n)
{
	return !outer->negated && n->bits >= outer->bits &&
	    net_contains(outer, &n->address);
}

static bool
networks_cover(const struct networks *earlier, const struct networks *later)
{
	bool positive = false;
	size_t i, j;

	if (earlier->count == 0)
		return true;
	for (j = 0; j < earlier->count; j++) {
		if (earlier->items[j].negated)
			return false;
	}
	for (i = 0; i < later->count; i++) {
		if (later->items[i].negated)
			continue;
		positive = true;
		for (j = 0; j < earlier->count; j++) {
			if (network_within(
				&earlier->items[j], &later->items[i]))
				break;
		}
		if (j == earlier->count)
			return false;
	}
	return positive;
}

static bool
uids_cover(const struct uid_ranges *earlier, const struct uid_ranges *later)
{
	size_t i, j;

	if (earlier->count == 0)
		return true;
	for (i = 0; i < later->count; i++) {
		for (j = 0; j < earlier->count; j++) {
			if (later->items[i].first >= earlier->items[j].first &&
			    later->items[i].last <= earlier->items[j].last)
				break;
		}
		if (j == earlier->count)
			return false;
	}
	return later->count > 0;
}

static bool
times_cover(
    const struct time_windows *earlier, const struct time_windows *later)
{
	size_t i, j;

	if (earlier->count == 0)
		return true;
	for (i = 0; i < later->count; i++) {
		for (j = 0; j < earlier->count; j++) {
			if (strcmp(later->items[i].text,
				earlier->items[j].text) == 0)
				break;
		}
		if (j == earlier->count)
			return false;
	}
	return later->count > 0;
}

/* A grant for a time is for one rule by its name, and ends. */
static bool
covers_group(const struct rule_match *earlier, const struct rule_match *later)
{
	return !earlier->by_grant &&
	    (!earlier->invalid_user || later->invalid_user) &&
	    patterns_cover(&earlier->users, &later->users) &&
	    patterns_cover(&earlier->groups, &later->groups) &&
	    patterns_cover(&earlier->listeners, &later->listeners) &&
	    networks_cover(&earlier->from, &later->from) &&
	    uids_cover(&earlier->uids, &later->uids) &&
	    times_cover(&earlier->times, &later->times);
}

bool
policy_covers(const struct rule *earlier, const struct rule *later)
{
	static const struct rule_match everybody;
	size_t i, j;

	for (i = 0; i < earlier->match_count; i++) {
		if (covers_group(&earlier->matches[i], &everybody))
			continue;
		for (j = 0; j < later->match_count; j++) {
			if (covers_group(
				&earlier->matches[i], &later->matches[j]))
				break;
		}
		if (j == later->match_count)
			return false;
	}
	return true;
}

/* Does the earlier overlay set, for good, all that the later one sets? */
static bool
sets_all(const struct rule *earlier, const struct rule *later)
{
	enum grant grant;

	for (grant = 0; grant < GRANT_COUNT; grant++) {
		if (later->grants.origins[grant].line == 0)
			continue;
		if (earlier->grants.origins[grant].line == 0 ||
		    earlier->joins[grant])
			return false;
	}
	return true;
}

static void
warn_idle_overlays(struct loader *l)
{
	const struct config *c = l->config;
	size_t i, j;

	for (i = 1; i < c->overlay_count; i++) {
		const struct rule *later = &c->overlays[i];

		for (j = 0; j < i; j++) {
			const struct rule *earlier = &c->overlays[j];

			if (!sets_all(earlier, later) ||
			    !policy_covers(earlier, later))
				continue;
			problem_warning(l->problems, later->origin.file,
			    later->origin.line,
			    "overlays.%s: never sets anything: overlay \"%s\" "
			    "of %s:%u has set it for all that this one matches",
			    later->name != NULL ? later->name : "?",
			    earlier->name != NULL ? earlier->name : "?",
			    earlier->origin.file, earlier->origin.line);
			break;
		}
	}
}

void
warn_unreachable(struct loader *l)
{
	const struct config *c = l->config;
	size_t i, j;

	for (i = 1; i < c->rule_count; i++) {
		const struct rule *rule = &c->rules[i];

		for (j = 0; j < i; j++) {
			/* Root passes by every rule that does not name it. */
			if ((policy_names_root(rule, "root") &&
				!policy_names_root(&c->rules[j], "root")) ||
			    !policy_covers(&c->rules[j], rule))
				continue;
			problem_warning(l->problems, rule->origin.file,
			    rule->origin.line,
			    "rules.%s: is never reached: "
			    "rule \"%s\" of %s:%u takes all it matches",
			    rule->name != NULL ? rule->name : "?",
			    c->rules[j].name != NULL ? c->rules[j].name : "?",
			    c->rules[j].origin.file, c->rules[j].origin.line);
			break;
		}
	}
	warn_idle_overlays(l);
}
