/*
 * Checks between rules, overlays and guards once all have been read:
 * names, and lists that must fit together.  Part of the loading.
 */
#include "config/loader.h"

#include "config/policy/channel.h"
#include "lib/match.h"

#include <string.h>

/* ---- overlays ---- */

bool
overlay_for_all_sets(const struct config *c, enum grant grant)
{
	size_t i;

	for (i = 0; i < c->overlay_count; i++) {
		const struct rule *o = &c->overlays[i];

		if (o->match_count == 0 && o->grants.origins[grant].line != 0)
			return true;
	}
	return false;
}

static bool
sets_something(const struct rule *overlay)
{
	enum grant grant;

	for (grant = 0; grant < GRANT_COUNT; grant++) {
		if (overlay->grants.origins[grant].line != 0)
			return true;
	}
	return false;
}

static void
check_overlay(struct loader *l, const struct rule *overlay)
{
	const struct grants *g = &overlay->grants;
	const char *name = overlay->name != NULL ? overlay->name : "?";
	const struct origin *o = &overlay->origin;

	if (!sets_something(overlay))
		problem_error(l->problems, o->file, o->line,
		    "overlays.%s: sets nothing", name);
	if (g->command != NULL && g->sftp_only)
		problem_error(l->problems, o->file, o->line,
		    "overlays.%s: command and sftp_only exclude each other",
		    name);
	/* A refusal stands: what comes first must not switch it off. */
	o = &g->origins[GRANT_refuse];
	if (o->line != 0 && !g->refuse)
		problem_error(l->problems, o->file, o->line,
		    "overlays.%s.refuse: false takes back no refusal: leave "
		    "the key out",
		    name);
}

/* ---- all three ---- */

static void
check_twice(struct loader *l, enum rule_kind kind, const struct rule *rules,
    size_t count)
{
	size_t i, j;

	for (i = 0; i < count; i++) {
		for (j = 0; j < i && rules[i].name != NULL; j++) {
			if (rules[j].name == NULL ||
			    strcmp(rules[i].name, rules[j].name) != 0)
				continue;
			problem_error(l->problems, rules[i].origin.file,
			    rules[i].origin.line,
			    "%s.name: \"%s\" is defined "
			    "already, in %s:%u",
			    rule_kind_name(kind), rules[i].name,
			    rules[j].origin.file, rules[j].origin.line);
			break;
		}
	}
}

static bool
listener_exists(const struct config *c, const char *pattern)
{
	size_t i;

	for (i = 0; i < c->listener_count; i++) {
		if (c->listeners[i].name != NULL &&
		    match_pattern(c->listeners[i].name, pattern, MATCH_CASE))
			return true;
	}
	return false;
}

/* In a guard or overlay it is an error: it would never apply. */
static void
check_listener_names(
    struct loader *l, const struct rule *rule, enum rule_kind kind)
{
	void (*problem)(struct problems *, const char *, unsigned, const char *,
	    ...) = kind == KIND_RULE ? problem_warning : problem_error;
	size_t i, j;

	for (i = 0; i < rule->match_count; i++) {
		const struct rule_match *match = &rule->matches[i];

		for (j = 0; j < match->listeners.count; j++) {
			const char *name = match->listeners.items[j];

			name += name[0] == '!';
			if (!listener_exists(l->config, name))
				problem(l->problems, match->origin.file,
				    match->origin.line,
				    "match.listener: no listener is named "
				    "\"%s\"",
				    name);
		}
	}
}

/* A rule's list and those of all guards travel to the worker together. */
static void
check_channel_room(struct loader *l)
{
	const struct config *c = l->config;
	size_t i, guards = 0, room;

	for (i = 0; i < c->guard_count; i++)
		guards += channel_timeouts_room(
		    &c->guards[i].grants.channel_timeouts);
	for (i = 0; i < c->rule_count; i++) {
		const struct grants *g = &c->rules[i].grants;
		const struct origin *origin =
		    &g->origins[GRANT_channel_timeouts];

		room = guards + channel_timeouts_room(&g->channel_timeouts);
		if (room <= CONFIG_CHANNELS_MAX)
			continue;
		if (origin->line == 0)
			origin = &c->rules[i].origin;
		problem_error(l->problems, origin->file, origin->line,
		    "rules.%s.channel_timeouts: too long together with those "
		    "of all guards: %zu bytes, of at most %d",
		    c->rules[i].name != NULL ? c->rules[i].name : "?", room,
		    CONFIG_CHANNELS_MAX);
	}
}

/* ---- consent ---- */

static bool
some_sets_text(const struct rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (rules[i].grants.consent_file != NULL)
			return true;
	return false;
}

/* To nothing nobody can agree: where it is required, nobody would get in. */
static void
check_consent(struct loader *l)
{
	const struct config *c = l->config;
	const struct rule *demanding = NULL;

	for (size_t i = 0; i < c->guard_count; i++)
		if (c->guards[i].grants.consent_require)
			demanding = &c->guards[i];
	if (some_sets_text(c->overlays, c->overlay_count) ||
	    some_sets_text(c->guards, c->guard_count))
		return;
	for (size_t i = 0; i < c->rule_count; i++) {
		const struct rule *rule = &c->rules[i];
		const struct grants *g = &rule->grants;
		const struct origin *o = &g->origins[GRANT_consent_require];
		const char *name = rule->name != NULL ? rule->name : "?";

		if (g->consent_file != NULL || g->refuse)
			continue;
		if (g->consent_require)
			problem_warning(l->problems, o->file, o->line,
			    "rules.%s.consent_require: needs consent_file: "
			    "nobody gets in by this rule",
			    name);
		else if (demanding != NULL)
			problem_warning(l->problems, demanding->origin.file,
			    demanding->origin.line,
			    "guards.%s.consent_require: rules.%s has no "
			    "consent_file, and lets nobody in whom the guard "
			    "matches",
			    demanding->name != NULL ? demanding->name : "?",
			    name);
	}
}

static void
check_kind(struct loader *l, enum rule_kind kind, const struct rule *rules,
    size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		check_listener_names(l, &rules[i], kind);
	check_twice(l, kind, rules, count);
}

void
check_rules(struct loader *l)
{
	const struct config *c = l->config;
	size_t i;

	check_kind(l, KIND_RULE, c->rules, c->rule_count);
	check_kind(l, KIND_OVERLAY, c->overlays, c->overlay_count);
	check_kind(l, KIND_GUARD, c->guards, c->guard_count);
	for (i = 0; i < c->overlay_count; i++)
		check_overlay(l, &c->overlays[i]);
	check_channel_room(l);
	check_consent(l);
}
