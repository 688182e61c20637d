/*
 * Three-valued matching of rules and guards: true, false, not known.  Pure
 * but for the time zone; trusts the facts it is given, which are the
 * monitor's own look-ups, and never the name as the client typed it where a
 * user exists.
 */
#include "config/policy/match.h"
#include "config/policy/timed.h"
#include "lib/match.h"
#include "lib/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
policy_is_listed(const struct strings *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->items[i], name) == 0)
			return true;
	return false;
}

bool
policy_in_patterns(const struct strings *patterns, const char *text)
{
	bool matched = false, positive = false;
	size_t i;

	for (i = 0; i < patterns->count; i++) {
		const char *pattern = patterns->items[i];

		if (pattern[0] == '!') {
			if (match_pattern(text, pattern + 1, MATCH_CASE))
				return false;
			continue;
		}
		positive = true;
		if (match_pattern(text, pattern, MATCH_CASE))
			matched = true;
	}
	return matched || !positive;
}

/* As policy_in_patterns, over all names of a set at once. */
static bool
set_in_patterns(
    const struct strings *patterns, const char *const *names, size_t count)
{
	bool matched = false, positive = false;
	size_t i, j;

	for (i = 0; i < patterns->count; i++) {
		const char *pattern = patterns->items[i];
		bool negated = pattern[0] == '!';

		positive |= !negated;
		for (j = 0; j < count; j++) {
			if (!match_pattern(
				names[j], pattern + negated, MATCH_CASE))
				continue;
			if (negated)
				return false;
			matched = true;
		}
	}
	return matched || !positive;
}

static bool
in_networks(const struct networks *networks, const struct net_address *source)
{
	bool matched = false, positive = false;
	size_t i;

	for (i = 0; i < networks->count; i++) {
		const struct net_network *network = &networks->items[i];
		bool inside = net_contains(network, source);

		if (network->negated && inside)
			return false;
		positive |= !network->negated;
		matched |= inside && !network->negated;
	}
	return matched || !positive;
}

/*
 * A fact that there is none of: a list of what must be is not met, but
 * whether one that excludes is met cannot be said.
 */
static enum tri
match_absent(const struct strings *patterns)
{
	size_t i;

	for (i = 0; i < patterns->count; i++) {
		if (patterns->items[i][0] == '!')
			return TRI_UNKNOWN;
	}
	return TRI_NO;
}

/* Collects the result while the criteria are evaluated one by one. */
struct matching {
	const struct rule_match *match;
	const struct policy_facts *facts;
	enum tri result;
	char *why;
	size_t why_size;
};

__attribute__((format(printf, 3, 4))) static void
criterion(struct matching *m, enum tri result, const char *format, ...)
{
	va_list args;

	if (result == TRI_YES || m->result == TRI_NO)
		return;
	if (result == TRI_UNKNOWN && m->result == TRI_UNKNOWN)
		return;
	m->result = result;
	va_start(args, format);
	vsnprintf(m->why, m->why_size, format, args);
	va_end(args);
}

static enum tri
tri_of(bool answer)
{
	return answer ? TRI_YES : TRI_NO;
}

static bool
match_names_root(const struct rule_match *match, const char *root)
{
	size_t i;

	for (i = 0; i < match->users.count; i++) {
		if (strcmp(match->users.items[i], root) == 0 &&
		    strpbrk(root, "*?!") == NULL)
			return true;
	}
	for (i = 0; i < match->uids.count; i++) {
		if (match->uids.items[i].first == 0 &&
		    match->uids.items[i].last == 0)
			return true;
	}
	return false;
}

bool
policy_names_root(const struct rule *rule, const char *root)
{
	size_t i;

	for (i = 0; i < rule->match_count; i++) {
		if (match_names_root(&rule->matches[i], root))
			return true;
	}
	return false;
}

static void
match_user(struct matching *m)
{
	const struct policy_facts *f = m->facts;
	const struct rule_match *match = m->match;

	if (f->user_state == FACT_UNKNOWN) {
		if (match->users.count + match->uids.count > 0 ||
		    match->invalid_user)
			criterion(m, TRI_UNKNOWN,
			    "the user is not known: "
			    "the look-up failed");
		return;
	}
	if (match->invalid_user)
		criterion(m, tri_of(f->user_state == FACT_ABSENT),
		    "invalid_user: the user exists");
	if (match->users.count > 0)
		criterion(m, tri_of(policy_in_patterns(&match->users, f->user)),
		    "user: \"%.64s\" is not listed", f->user);
}

static void
match_uid(struct matching *m)
{
	const struct policy_facts *f = m->facts;
	size_t i;

	if (m->match->uids.count == 0 || f->user_state == FACT_UNKNOWN)
		return;
	if (f->user_state == FACT_ABSENT) {
		criterion(m, TRI_NO, "uid: there is no such user");
		return;
	}
	if (f->uid_unknown) {
		criterion(m, TRI_UNKNOWN, "uid: it is not known");
		return;
	}
	for (i = 0; i < m->match->uids.count; i++) {
		const struct uid_range *range = &m->match->uids.items[i];

		if (f->uid >= range->first && f->uid <= range->last)
			return;
	}
	criterion(m, TRI_NO, "uid: %u is not listed", (unsigned)f->uid);
}

/* "a, b, ..." as far as there is room. */
static void
join_strings(const struct strings *list, char *text, size_t size)
{
	size_t used = 0;
	int n;

	text[0] = '\0';
	for (size_t i = 0; i < list->count; i++) {
		n = snprintf(&text[used], size - used, "%s%s",
		    i > 0 ? ", " : "", list->items[i]);
		if (n < 0 || used + (size_t)n >= size) {
			snprintf(&text[used], size - used, ", ...");
			return;
		}
		used += (size_t)n;
	}
}

static void
match_group(struct matching *m)
{
	const struct policy_facts *f = m->facts;
	char wanted[128];

	if (m->match->groups.count == 0)
		return;
	if (f->user_state == FACT_ABSENT) {
		criterion(m, TRI_NO, "group: there is no such user");
		return;
	}
	if (f->groups_state == FACT_UNKNOWN) {
		criterion(m, TRI_UNKNOWN,
		    "group: the user's groups are not "
		    "known");
		return;
	}
	join_strings(&m->match->groups, wanted, sizeof(wanted));
	criterion(m,
	    tri_of(set_in_patterns(&m->match->groups, f->groups,
		f->groups_state == FACT_KNOWN ? f->group_count : 0)),
	    "group: wanted is %s, and the user is in none, or in one that is "
	    "excluded",
	    wanted);
}

static void
match_from(struct matching *m)
{
	char text[NET_TEXT_MAX];

	if (m->match->from.count == 0)
		return;
	if (m->facts->source.family == NET_NONE) {
		criterion(m, TRI_UNKNOWN,
		    "from: the source address is not "
		    "known");
		return;
	}
	criterion(m, tri_of(in_networks(&m->match->from, &m->facts->source)),
	    "from: %s is in none of the networks, or excluded",
	    net_print(&m->facts->source, text));
}

static void
match_listener(struct matching *m)
{
	const char *listener = m->facts->listener;

	if (m->match->listeners.count == 0)
		return;
	if (listener == NULL && m->facts->listener_unknown)
		criterion(m, TRI_UNKNOWN, "listener: it is not known by which");
	else if (listener == NULL)
		criterion(m, match_absent(&m->match->listeners),
		    "listener: the connection came by none");
	else
		criterion(m,
		    tri_of(policy_in_patterns(&m->match->listeners, listener)),
		    "listener: \"%.64s\" is not listed", listener);
}

static void
match_time(struct matching *m)
{
	char windows[160];
	enum tri result;

	if (m->match->times.count == 0)
		return;
	if (m->facts->now_unknown) {
		criterion(m,
		    policy_is_always(&m->match->times) ? TRI_YES : TRI_UNKNOWN,
		    "time: it is not known");
		return;
	}
	result = policy_in_windows(&m->match->times, m->facts->now, NULL);
	if (result == TRI_UNKNOWN) {
		criterion(m, result, "time: a time zone is not known here");
		return;
	}
	if (result == TRI_YES)
		return;
	policy_windows_text(
	    &m->match->times, m->facts->now, windows, sizeof(windows));
	criterion(m, result, "time: %s", windows);
}

/*
 * A fact about the key; unknown while there may still be one.  Without a key
 * (a password) a list that excludes is not known to hold: "!sk-*" with refuse
 * would otherwise stop keys and let passwords in.
 */
static void
match_key(struct matching *m, const struct strings *patterns, const char *what,
    const char *fact)
{
	const struct policy_facts *f = m->facts;

	if (patterns->count == 0)
		return;
	if (f->key_state == FACT_UNKNOWN)
		criterion(m, TRI_UNKNOWN, "%s: the key is not known", what);
	else if (f->key_state == FACT_ABSENT || fact == NULL)
		criterion(m, match_absent(patterns), "%s: there is none", what);
	else
		criterion(m, tri_of(policy_in_patterns(patterns, fact)),
		    "%s: \"%.80s\" is not listed", what, fact);
}

/* The same of who came in with a ticket. */
static void
match_principal(struct matching *m)
{
	const struct strings *principals = &m->match->principals;
	const struct strings *realms = &m->match->realms;
	const struct policy_facts *f = m->facts;
	const char *name = f->principal;

	if (principals->count + realms->count == 0)
		return;
	if (f->principal_state != FACT_KNOWN) {
		bool absent = f->principal_state == FACT_ABSENT;

		if (principals->count != 0)
			criterion(m,
			    absent ? match_absent(principals) : TRI_UNKNOWN,
			    "principal: there is none");
		if (realms->count != 0)
			criterion(m,
			    absent ? match_absent(realms) : TRI_UNKNOWN,
			    "realm: there is no principal");
		return;
	}
	if (principals->count != 0)
		criterion(m, tri_of(policy_in_patterns(principals, name)),
		    "principal: \"%.80s\" is not listed", name);
	if (realms->count != 0)
		criterion(m,
		    tri_of(policy_in_patterns(realms, policy_realm(name))),
		    "realm: \"%.80s\" is not listed", policy_realm(name));
}

/* Without a principal nothing was delegated. */
static void
match_delegated(struct matching *m)
{
	const struct policy_facts *f = m->facts;

	if (!m->match->delegated)
		return;
	if (f->principal_state == FACT_UNKNOWN)
		criterion(
		    m, TRI_UNKNOWN, "delegated: the principal is not known");
	else
		criterion(m,
		    tri_of(f->principal_state == FACT_KNOWN && f->delegated),
		    "delegated: no tickets were");
}

static void
match_grant(struct matching *m, const char *rule)
{
	const struct policy_facts *f = m->facts;

	if (!m->match->by_grant)
		return;
	if (f->timed_state == FACT_UNKNOWN || f->now_unknown)
		criterion(m, TRI_UNKNOWN,
		    "by_grant: whether there is a grant is not known");
	else
		criterion(m, tri_of(timed_find(f, rule) != NULL),
		    "by_grant: the user has no grant for it that is in force");
}

static void
match_method(struct matching *m)
{
	const struct policy_facts *f = m->facts;
	char **plain;
	size_t i;
	bool in;

	if (m->match->methods.count == 0)
		return;
	plain = mem_array(f->method_count + 1, sizeof(*plain));
	for (i = 0; i < f->method_count; i++)
		plain[i] =
		    mem_strndup(f->methods[i], strcspn(f->methods[i], ":"));
	in = set_in_patterns(
	    &m->match->methods, (const char *const *)plain, f->method_count);
	criterion(m, tri_of(in),
	    "method: none of those used is listed, or one is excluded");
	for (i = 0; i < f->method_count; i++)
		free(plain[i]);
	free(plain);
}

enum tri
policy_match(const struct rule *rule, bool named,
    const struct policy_facts *facts, char *why, size_t why_size)
{
	struct matching m = {NULL, facts, TRI_YES, why, why_size};
	size_t i;

	snprintf(why, why_size, "every condition holds");
	if (facts->user_state == FACT_KNOWN && facts->uid == 0 && named &&
	    !policy_names_root(rule, facts->user))
		criterion(&m, TRI_NO,
		    "root is not named: wildcards do not "
		    "match uid 0");
	for (i = 0; i < rule->match_count; i++) {
		m.match = &rule->matches[i];
		match_user(&m);
		match_uid(&m);
		match_group(&m);
		match_from(&m);
		match_listener(&m);
		match_time(&m);
		match_grant(&m, rule->name);
		match_method(&m);
		match_key(&m, &m.match->key_types, "key_type", facts->key_type);
		match_key(
		    &m, &m.match->key_sources, "key_source", facts->key_source);
		match_key(&m, &m.match->key_cas, "key_ca", facts->key_ca);
		match_principal(&m);
		match_delegated(&m);
	}
	return m.result;
}

enum tri
policy_match_keys(const struct rule *guard, const struct policy_facts *facts,
    char *why, size_t why_size)
{
	enum tri result = policy_match(guard, false, facts, why, why_size), one;
	const struct policy_facts *f;
	char other[256];

	for (f = facts->earlier; f != NULL && result != TRI_UNKNOWN;
	     f = f->earlier) {
		one = policy_match(guard, false, f, other, sizeof(other));
		if (one == TRI_NO || one == result)
			continue;
		result = one;
		snprintf(why, why_size, "%s", other);
	}
	return result;
}

bool
policy_match_is_late(const struct rule *rule)
{
	size_t i;

	for (i = 0; i < rule->match_count; i++) {
		const struct rule_match *match = &rule->matches[i];

		if (match->methods.count + match->key_types.count +
			    match->key_sources.count + match->key_cas.count +
			    match->principals.count + match->realms.count >
			0 ||
		    match->delegated)
			return true;
	}
	return false;
}

static bool
is_everybody(const struct strings *list)
{
	return list->count == 1 && strcmp(list->items[0], "*") == 0;
}

static bool
lists_groups(const struct grants *g)
{
	return g->deny_groups.count > 0 ||
	    (g->origins[GRANT_allow_groups].line != 0 &&
		!is_everybody(&g->allow_groups));
}

static bool
asks_groups(const struct rule *rules, size_t count)
{
	size_t i, j;

	for (i = 0; i < count; i++) {
		if (lists_groups(&rules[i].grants))
			return true;
		for (j = 0; j < rules[i].match_count; j++) {
			if (rules[i].matches[j].groups.count > 0)
				return true;
		}
	}
	return false;
}

bool
policy_asks_groups(const struct config *config)
{
	return asks_groups(config->rules, config->rule_count) ||
	    asks_groups(config->overlays, config->overlay_count) ||
	    asks_groups(config->guards, config->guard_count);
}
