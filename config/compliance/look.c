/*
 * Compliance checks that no single key answers: access lists, the banner's
 * file, PAM, hostbased files, GSS-API key exchange.
 */
#include "config/compliance/look.h"

#include "config/compliance/banner.h"
#include "config/kerberos.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* ---- modules ---- */

static bool
is_of(const struct module_settings *m, const char *file)
{
	const char *name = strrchr(m->file, '/');

	return strcmp(name != NULL ? name + 1 : m->file, file) == 0;
}

static const struct module_settings *
find_module(const struct config *c, const char *file)
{
	for (size_t i = 0; i < c->module_count; i++)
		if (is_of(&c->modules[i], file))
			return &c->modules[i];
	return NULL;
}

void
look_pam(const struct looking *l)
{
	const struct module_settings *m = find_module(l->config, "pam.so");
	struct finding f = {.what = "module pam",
	    .value = m != NULL ? "loaded" : "not loaded",
	    .holds = m != NULL};

	if (m != NULL)
		f.origin = m->origin;
	item_add(l->report, l->item, &f);
}

static void
judge_host_files(const struct looking *l, const struct module_settings *m)
{
	struct finding f = {.what = "module hostbased, user_files",
	    .value = m != NULL ? "false" : "not loaded",
	    .holds = true};

	for (size_t i = 0; m != NULL && i < m->options.count; i++) {
		const struct pair *p = &m->options.items[i];

		if (strcmp(p->key, "user_files") != 0)
			continue;
		f.value = p->value;
		f.origin = p->origin;
		f.holds = strcmp(p->value, "false") == 0;
	}
	item_add(l->report, l->item, &f);
}

/* It may be loaded more than once, under several names. */
void
look_host_files(const struct looking *l)
{
	const struct config *c = l->config;

	for (size_t i = 0; i < c->module_count; i++)
		if (is_of(&c->modules[i], "hostbased.so"))
			judge_host_files(l, &c->modules[i]);
	if (find_module(c, "hostbased.so") == NULL)
		judge_host_files(l, NULL);
}

/* The modules that come with the server; of them pam alone has passwords. */
static bool
is_shipped(const struct module_settings *m)
{
	return is_of(m, "pam.so") || is_of(m, "publickey.so") ||
	    is_of(m, "hostbased.so") || is_of(m, "gssapi.so");
}

static void
judge_step(const struct looking *l, const struct chain_step *step)
{
	const struct config *c = l->config;

	if (strcmp(step->method, "password") != 0 &&
	    strcmp(step->method, "keyboard-interactive") != 0)
		return;
	for (size_t i = 0; i < c->module_count; i++) {
		const struct module_settings *m = &c->modules[i];
		struct finding f = {.what = step->method,
		    .value = "another module may serve it, of which nothing "
			     "is known",
		    .where = m->name,
		    .origin = m->origin};

		if (!is_shipped(m) &&
		    (step->module == NULL ||
			strcmp(step->module, m->name) == 0))
			item_add(l->report, l->item, &f);
	}
}

static void
judge_chains(const struct standing *s, void *context)
{
	for (size_t i = 0; i < s->d->chains.count; i++)
		for (size_t j = 0; j < s->d->chains.items[i].count; j++)
			judge_step(context, &s->d->chains.items[i].steps[j]);
}

void
look_passwords(const struct looking *l)
{
	standings_walk(
	    l->config, STANDING_RULES, judge_chains, (void *)(uintptr_t)l);
}

void
look_key_exchange(const struct looking *l)
{
	bool offered = config_exchanges_by_gss(l->config);
	const struct option *option =
	    option_find(SECTION_SERVER, "kerberos.key_exchange");
	struct finding f = {.what = option->name,
	    .value = offered ? "true" : "not offered",
	    .origin = l->config->origins[option - options],
	    .holds = !offered};

	item_add(l->report, l->item, &f);
}

/* ---- whom the policy lets in ---- */

/* Wildcards alone, from wherever (USER@NETWORK): no name. */
static bool
is_any(const char *pattern)
{
	return strspn(pattern, "*?") == strcspn(pattern, "@");
}

/* One entry that is for all is enough, unless somebody is excluded. */
static bool
is_everybody(const struct strings *list)
{
	bool any = list->count == 0;

	for (size_t i = 0; i < list->count; i++) {
		const char *entry = list->items[i];

		if (entry[0] == '!' && !is_any(entry + 1))
			return false;
		any |= is_any(entry + (entry[0] == '!'));
	}
	return any;
}

/* But for uid 0, which no range lets in. */
static bool
is_every_uid(const struct uid_ranges *uids)
{
	uint64_t next = 1;

	for (size_t i = 0; i < uids->count; i++)
		for (size_t j = 0; j < uids->count; j++)
			if (uids->items[j].first <= next &&
			    uids->items[j].last >= next)
				next = (uint64_t)uids->items[j].last + 1;
	return uids->count == 0 || next >= UINT32_MAX;
}

static bool
asks_who(const struct rule *rule)
{
	for (size_t i = 0; i < rule->match_count; i++)
		if (!is_everybody(&rule->matches[i].users) ||
		    !is_everybody(&rule->matches[i].groups) ||
		    !is_every_uid(&rule->matches[i].uids))
			return true;
	return false;
}

/* Returns the place of the first allow_ or deny_ list that this rule sets
 * itself and that does not let everybody in; NULL if there is none. */
static const struct origin *
own_list(const struct rule *rule)
{
	const struct grants *g = &rule->grants;
	const struct {
		bool closed;
		enum grant grant;
	} rows[] = {{!is_everybody(&g->allow_users), GRANT_allow_users},
	    {!is_everybody(&g->allow_groups), GRANT_allow_groups},
	    {g->deny_users.count > 0, GRANT_deny_users},
	    {g->deny_groups.count > 0, GRANT_deny_groups}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].closed && g->origins[rows[i].grant].line != 0)
			return &g->origins[rows[i].grant];
	return NULL;
}

/* It refuses by who comes, wherever from and whenever. */
static bool
refuses_by_name(const struct rule *guard)
{
	if (!guard->grants.refuse || !asks_who(guard) ||
	    policy_match_is_late(guard))
		return false;
	for (size_t i = 0; i < guard->match_count; i++)
		if (guard->matches[i].invalid_user ||
		    guard->matches[i].from.count +
			    guard->matches[i].listeners.count +
			    guard->matches[i].times.count >
			0)
			return false;
	return true;
}

/* The guard that keeps somebody out of this rule by name. */
static const struct rule *
access_guard(const struct config *c, const struct rule *rule)
{
	for (size_t i = 0; i < c->guard_count; i++) {
		const struct rule *guard = &c->guards[i];

		if (refuses_by_name(guard) ||
		    (own_list(guard) != NULL && !policy_match_is_late(guard) &&
			policy_covers(guard, rule)))
			return guard;
	}
	return NULL;
}

static void
judge_access(const struct standing *s, void *context)
{
	const struct looking *l = context;
	const struct rule *guard = access_guard(l->config, s->rule);
	const struct origin *list = own_list(s->rule);
	char where[CONFIG_NAME_MAX + 16], setter[CONFIG_NAME_MAX + 16];
	struct finding f = {.what = "access list",
	    .value = "some, by name or group",
	    .where = where,
	    .origin = s->rule->origin,
	    .holds = true};

	snprintf(where, sizeof(where), "rule %s", s->rule->name);
	if (guard != NULL) {
		snprintf(setter, sizeof(setter), "guard %s", guard->name);
		f.setter = setter;
		f.origin = guard->origin;
	} else if (list != NULL) {
		f.origin = *list;
	} else if (!asks_who(s->rule)) {
		f.value = "everybody";
		f.holds = false;
	}
	item_add(l->report, l->item, &f);
}

void
look_access_list(const struct looking *l)
{
	standings_walk(
	    l->config, STANDING_RULES, judge_access, (void *)(uintptr_t)l);
}

/* ---- the banner ---- */

static void
judge_banner(
    const struct looking *l, const char *path, const struct origin *origin)
{
	struct finding f = {
	    .what = path != NULL ? path : "banner", .origin = *origin};
	struct stat st;

	if (path == NULL)
		f.value = "none";
	else if (stat(path, &st) != 0)
		f.value = strerror(errno);
	else if (!S_ISREG(st.st_mode) || st.st_size == 0)
		f.value = "has no text";
	else
		f.value = "has text";
	f.holds = strcmp(f.value, "has text") == 0;
	item_add(l->report, l->item, &f);
}

static void
judge_banners(const struct standing *s, void *context)
{
	const struct looking *l = context;

	for (size_t i = 0; i < l->config->listener_count; i++) {
		struct origin origin;
		const char *path = banner_at(s, i, &origin);

		judge_banner(l, path, &origin);
	}
}

void
look_banner(const struct looking *l)
{
	void *context = (void *)(uintptr_t)l;

	standings_walk(l->config, STANDING_RULES, judge_banners, context);
	standings_walk(l->config, STANDING_DECOY, judge_banners, context);
}
