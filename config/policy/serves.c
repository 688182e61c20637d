/*
 * Names in rules, overlays and guards that nothing serves: a slip of the pen,
 * which in a guard would fail open.  Part of config_check(): what the
 * configuration itself does not say (accounts, methods of modules) is asked
 * through its calls.
 */
#include "config/policy/serves.h"
#include "config/options.h"
#include "lib/match.h"
#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

/* The rule, overlay or guard that is looked at, and what it is called. */
struct served {
	const struct config *config;
	const struct check_calls *calls;
	struct problems *problems;
	const struct rule *rule;
	const char *kind; /* "rules" */
	bool guard;
};

struct words {
	const char **items;
	size_t count;
};

static void
words_add(struct words *w, const char *word)
{
	w->items = mem_grow(w->items, w->count + 1, sizeof(*w->items));
	w->items[w->count++] = word;
}

static void
words_add_list(struct words *w, const char *const *list)
{
	for (; *list != NULL; list++)
		words_add(w, *list);
}

static bool
words_match(const struct words *w, const char *pattern)
{
	size_t i;

	for (i = 0; i < w->count; i++) {
		if (match_pattern(w->items[i], pattern, MATCH_CASE))
			return true;
	}
	return false;
}

static void
unserved(const struct served *s, bool error, const struct origin *origin,
    const char *key, const char *what, const char *name, const struct words *w)
{
	const char *nearest =
	    w != NULL ? word_nearest(name, w->items, w->count) : NULL;
	void (*problem)(struct problems *, const char *, unsigned, const char *,
	    ...) = error ? problem_error : problem_warning;

	problem(s->problems, origin->file, origin->line,
	    "%s.%s.%s: there is no %s \"%s\"%s%s%s", s->kind,
	    s->rule->name != NULL ? s->rule->name : "?", key, what, name,
	    nearest != NULL ? "; did you mean \"" : "",
	    nearest != NULL ? nearest : "", nearest != NULL ? "\"?" : "");
}

/* Every pattern must mean one of the words at least. */
static void
check_words(const struct served *s, bool error, const struct origin *origin,
    const char *key, const char *what, const struct strings *patterns,
    const struct words *w)
{
	size_t i;

	for (i = 0; i < patterns->count; i++) {
		const char *name = patterns->items[i];

		name += name[0] == '!';
		if (strcmp(name, "*") != 0 && !words_match(w, name))
			unserved(s, error, origin, key, what, name, w);
	}
}

/* Plain names among the patterns that the system does not know. */
static void
check_accounts(const struct served *s, bool error, const struct origin *origin,
    const char *key, const char *what, const struct strings *names,
    int (*exists)(void *, const char *))
{
	size_t i;

	for (i = 0; i < names->count && exists != NULL; i++) {
		const char *name = names->items[i];

		name += name[0] == '!';
		if (strpbrk(name, "*?") == NULL &&
		    exists(s->calls->context, name) == 0)
			unserved(s, error && !s->calls->lenient, origin, key,
			    what, name, NULL);
	}
}

/* "ann@10.0.0.0/8" is about ann. */
static void
check_logins(const struct served *s, const struct origin *origin,
    const char *key, const struct strings *logins)
{
	struct strings one = {NULL, 1};
	size_t i;

	for (i = 0; i < logins->count; i++) {
		const char *at = strrchr(logins->items[i], '@');
		char *name = at == NULL ? mem_strdup(logins->items[i]) :
					  mem_strndup(logins->items[i],
					      (size_t)(at - logins->items[i]));

		one.items = &name;
		check_accounts(
		    s, false, origin, key, "user", &one, s->calls->user);
		free(name);
	}
}

/*
 * Lists of who may enter and who may not.  Warnings, in guards too: such a list
 * goes to many machines, and names people whose accounts are deleted later.
 */
static void
check_lists(const struct served *s)
{
	const struct grants *g = &s->rule->grants;
	const struct origin *o = g->origins;

	if (o[GRANT_allow_users].line != 0)
		check_logins(
		    s, &o[GRANT_allow_users], "allow_users", &g->allow_users);
	if (o[GRANT_deny_users].line != 0)
		check_logins(
		    s, &o[GRANT_deny_users], "deny_users", &g->deny_users);
	if (o[GRANT_allow_groups].line != 0)
		check_accounts(s, false, &o[GRANT_allow_groups], "allow_groups",
		    "group", &g->allow_groups, s->calls->group);
	if (o[GRANT_deny_groups].line != 0)
		check_accounts(s, false, &o[GRANT_deny_groups], "deny_groups",
		    "group", &g->deny_groups, s->calls->group);
}

/* ---- what there is ---- */

/* The values of an option of any module. */
static size_t
module_values(const struct config *c, const char *key, struct words *w)
{
	size_t i, j, before = w->count;

	for (i = 0; i < c->module_count; i++) {
		const struct pairs *pairs = &c->modules[i].options;

		for (j = 0; j < pairs->count; j++) {
			if (strcmp(pairs->items[j].key, key) == 0)
				words_add(w, pairs->items[j].value);
		}
	}
	return w->count - before;
}

static void
chain_methods(const struct chain *chain, struct words *w)
{
	size_t i;

	for (i = 0; i < chain->count; i++)
		words_add(w, chain->steps[i].method);
}

/* The methods of the protocol, and what chains name beside them. */
static void
list_methods(const struct config *c, struct words *w)
{
	static const char *const standard[] = {"publickey", "password",
	    "keyboard-interactive", "hostbased", "gssapi-with-mic",
	    "gssapi-keyex", NULL};
	size_t i, j;

	words_add_list(w, standard);
	for (i = 0; i < c->rule_count + c->overlay_count; i++) {
		const struct rule *rule = i < c->rule_count ?
		    &c->rules[i] :
		    &c->overlays[i - c->rule_count];
		const struct chains *methods = &rule->grants.methods;

		for (j = 0; j < methods->count; j++)
			chain_methods(&methods->items[j], w);
	}
	for (i = 0; i < c->guard_count; i++)
		chain_methods(&c->guards[i].require, w);
}

static void
list_key_types(struct words *w)
{
	words_add_list(w, algorithm_names(ALGORITHM_USER_KEY, CRYPTO_MODERN));
	words_add(w, "ssh-rsa");
	words_add(w, "ssh-rsa-cert-v01@openssh.com");
}

/* Is every module one of ours, whose sources are known? */
static bool
modules_are_ours(const struct config *c)
{
	static const char *const ours[] = {"pam.so", "publickey.so",
	    "hostbased.so", "gssapi.so", "approve.so"};
	size_t i, j;

	for (i = 0; i < c->module_count; i++) {
		const char *slash = strrchr(c->modules[i].file, '/');
		const char *name =
		    slash != NULL ? slash + 1 : c->modules[i].file;

		for (j = 0; j < sizeof(ours) / sizeof(ours[0]); j++) {
			if (strcmp(name, ours[j]) == 0)
				break;
		}
		if (j == sizeof(ours) / sizeof(ours[0]))
			return false;
	}
	return true;
}

static void
list_key_sources(const struct config *c, struct words *w)
{
	if (module_values(c, "sources", w) == 0)
		words_add(w, "user");
	words_add(w, "ca_keys");
	words_add(w, "hostbased");
}

/* ---- where names stand ---- */

/* "SLOT=source" in a list of an overlay that adds; "none" is no source. */
static void
check_sources(const struct served *s, const struct words *sources)
{
	const struct strings *list = &s->rule->grants.key_sources;
	struct strings one = {NULL, 1};
	bool adds = s->rule->joins[GRANT_key_sources];
	size_t i;

	for (i = 0; i < list->count; i++) {
		char *name = list->items[i], *equals = strchr(name, '=');

		if (adds && equals != NULL)
			name = equals + 1;
		if (adds && strcmp(name, "none") == 0)
			continue;
		one.items = &name;
		check_words(s, s->guard,
		    &s->rule->grants.origins[GRANT_key_sources], "key_sources",
		    "key source", &one, sources);
	}
}

static void
check_key_names(const struct served *s, const struct words *types,
    const struct words *sources)
{
	const struct grants *g = &s->rule->grants;
	const struct origin *o = g->origins;
	size_t i;

	for (i = 0; i < s->rule->match_count; i++) {
		const struct rule_match *match = &s->rule->matches[i];

		check_words(s, true, &match->origin, "match.key_type",
		    "type of key", &match->key_types, types);
		if (sources != NULL)
			check_words(s, true, &match->origin, "match.key_source",
			    "key source", &match->key_sources, sources);
	}
	if (o[GRANT_key_types].line != 0)
		check_words(s, s->guard, &o[GRANT_key_types], "key_types",
		    "type of key", &g->key_types, types);
	if (o[GRANT_key_sources].line != 0 && sources != NULL)
		check_sources(s, sources);
}

/* A list that is not loaded revokes nothing, in a rule too. */
static void
check_revoked(const struct served *s)
{
	const struct grants *g = &s->rule->grants;
	struct words lists = {0};

	if (g->origins[GRANT_key_revoked].line == 0)
		return;
	(void)module_values(s->config, "revoked", &lists);
	check_words(s, true, &g->origins[GRANT_key_revoked], "key_revoked",
	    "revocation list", &g->key_revoked, &lists);
	free(lists.items);
}

/* "method" or "method:module", as forbid takes both. */
static void
check_forbidden(const struct served *s, const struct words *methods)
{
	const struct strings *forbid = &s->rule->forbid;
	struct words modules = {0};
	size_t i;

	for (i = 0; i < s->config->module_count; i++)
		words_add(&modules, s->config->modules[i].name);
	for (i = 0; i < forbid->count; i++) {
		const char *colon = strchr(forbid->items[i], ':');
		char *name = mem_strndup(
		    forbid->items[i], strcspn(forbid->items[i], ":"));

		if (!words_match(methods, name))
			unserved(s, true, &s->rule->forbid_origin, "forbid",
			    "method", name, methods);
		else if (colon != NULL && !words_match(&modules, colon + 1))
			unserved(s, true, &s->rule->forbid_origin, "forbid",
			    "module", colon + 1, &modules);
		free(name);
	}
	free(modules.items);
}

static void
check_match_names(const struct served *s, const struct words *methods)
{
	size_t i;

	for (i = 0; i < s->rule->match_count; i++) {
		const struct rule_match *match = &s->rule->matches[i];

		check_accounts(s, s->guard, &match->origin, "match.user",
		    "user", &match->users, s->calls->user);
		check_accounts(s, s->guard, &match->origin, "match.group",
		    "group", &match->groups, s->calls->group);
		check_words(s, true, &match->origin, "match.method", "method",
		    &match->methods, methods);
	}
}

static void
check_kind(struct served *s, const struct rule *rules, size_t count,
    const struct words *methods, const struct words *types,
    const struct words *sources)
{
	size_t i;

	for (i = 0; i < count; i++) {
		s->rule = &rules[i];
		check_match_names(s, methods);
		check_lists(s);
		check_forbidden(s, methods);
		check_key_names(s, types, sources);
		check_revoked(s);
	}
}

void
check_served(const struct config *config, const struct check_calls *calls,
    struct problems *problems)
{
	struct words methods = {0}, types = {0}, sources = {0};
	struct served s = {config, calls, problems, NULL, NULL, false};
	bool ours = modules_are_ours(config);

	list_methods(config, &methods);
	list_key_types(&types);
	list_key_sources(config, &sources);
	s.kind = "rules";
	check_kind(&s, config->rules, config->rule_count, &methods, &types,
	    ours ? &sources : NULL);
	s.kind = "overlays";
	check_kind(&s, config->overlays, config->overlay_count, &methods,
	    &types, ours ? &sources : NULL);
	s.kind = "guards";
	s.guard = true;
	check_kind(&s, config->guards, config->guard_count, &methods, &types,
	    ours ? &sources : NULL);
	free(methods.items);
	free(types.items);
	free(sources.items);
}
