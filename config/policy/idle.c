/*
 * Parts of a policy that can have no effect: root named by a rule that
 * lets no root in, root_login where no root comes, guards that take nothing
 * away.  Warnings, at loading.
 */
#include "config/loader.h"
#include "config/options.h"
#include "config/policy/match.h"

#include <string.h>

static bool
same_origin(const struct origin *a, const struct origin *b)
{
	return a->line == b->line && a->file == b->file;
}

/* Is there a rule of this root_login that root comes to? */
static bool
root_comes(const struct config *c, const struct origin *origin)
{
	for (size_t i = 0; i < c->rule_count; i++)
		if (same_origin(&c->rules[i].grants.origins[GRANT_root_login],
			origin) &&
		    policy_names_root(&c->rules[i], "root"))
			return true;
	return false;
}

static bool
overlay_sets(const struct config *c, enum grant grant)
{
	for (size_t i = 0; i < c->overlay_count; i++)
		if (c->overlays[i].grants.origins[grant].line != 0)
			return true;
	return false;
}

static void
warn_root(struct loader *l, size_t index)
{
	const struct config *c = l->config;
	const struct rule *rule = &c->rules[index];
	const struct origin *origin = &rule->grants.origins[GRANT_root_login];

	if (rule->name == NULL || rule->grants.refuse)
		return;
	if (rule->grants.root_login == ROOT_NO &&
	    (origin->line != 0 || !overlay_sets(c, GRANT_root_login)) &&
	    policy_names_root(rule, "root"))
		problem_warning(l->problems, rule->origin.file,
		    rule->origin.line,
		    "rules.%s: it names root, and root_login is \"no\": root "
		    "is refused; refuse = true says so",
		    rule->name);
	if (rule->grants.root_login == ROOT_NO || origin->line == 0 ||
	    root_comes(c, origin))
		return;
	/* Once, where several rules have it from one place. */
	for (size_t i = 0; i < index; i++)
		if (same_origin(
			&c->rules[i].grants.origins[GRANT_root_login], origin))
			return;
	problem_warning(l->problems, origin->file, origin->line,
	    "rules.%s.root_login: root does not come to a rule that does not "
	    "name it: match = { user = \"root\"; }",
	    rule->name);
}

static bool
is_everything(const struct option *option, const void *value)
{
	const struct strings *strings = value;
	const struct targets *targets = value;

	/* These take away what they list. */
	if (option->grant == GRANT_deny_users ||
	    option->grant == GRANT_deny_groups ||
	    option->grant == GRANT_key_revoked)
		return strings->count == 0;
	if (option->type == OPTION_STRINGS || option->type == OPTION_LOGINS ||
	    option->type == OPTION_GROUPS)
		return strings->count == 1 &&
		    strcmp(strings->items[0], "*") == 0;
	return option->type == OPTION_TARGETS && targets->count == 1 &&
	    strcmp(targets->items[0].text, "*:*") == 0;
}

/* Can this value in a guard make no grant smaller, whatever the rule says? */
static bool
is_idle(const struct option *option, const void *value)
{
	switch (option->tighten) {
	case TIGHTEN_TRUE:
		return !*(const bool *)value;
	case TIGHTEN_FALSE:
		return *(const bool *)value;
	case TIGHTEN_SMALLER:
		return option->type == OPTION_SIZE ?
		    *(const uint64_t *)value == UINT64_MAX :
		    *(const uint32_t *)value == CONFIG_NONE;
	case TIGHTEN_LARGER:
		return *(const uint32_t *)value == 0;
	case TIGHTEN_BITS_OR:
		return *(const uint32_t *)value == 0 ||
		    *(const uint32_t *)value == CONFIG_NONE;
	case TIGHTEN_LAYER:
		return is_everything(option, value);
	case TIGHTEN_SAME:
	case TIGHTEN_UNSET:
		return *(char *const *)value == NULL;
	default:
		return false;
	}
}

static void
warn_guard(struct loader *l, const struct rule *guard)
{
	bool any = guard->forbid.count > 0 || guard->require.count > 0;
	enum grant grant;

	for (grant = 0; grant < GRANT_COUNT; grant++) {
		const struct origin *origin = &guard->grants.origins[grant];
		const struct option *option = option_of_grant(grant);

		if (origin->line == 0)
			continue;
		any = true;
		if (is_idle(
			option, (const char *)&guard->grants + option->offset))
			problem_warning(l->problems, origin->file, origin->line,
			    "guards.%s.%s: takes nothing away, and a guard "
			    "cannot grant",
			    guard->name != NULL ? guard->name : "?",
			    option->name);
	}
	if (!any)
		problem_warning(l->problems, guard->origin.file,
		    guard->origin.line, "guards.%s: takes nothing away",
		    guard->name != NULL ? guard->name : "?");
}

void
warn_idle(struct loader *l)
{
	const struct config *c = l->config;

	if (l->problems->errors > 0)
		return; /* what was meant is not all here */
	for (size_t i = 0; i < c->rule_count; i++)
		warn_root(l, i);
	for (size_t i = 0; i < c->guard_count; i++)
		warn_guard(l, &c->guards[i]);
}
