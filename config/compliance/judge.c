/*
 * Each item of a benchmark, held against the configuration.
 *
 * Keys of the server are looked at once, what listeners offer of their own at
 * each of them; a grant is looked at in what each rule comes to
 * (standing.h), so that one of them that falls short is named.
 */
#include "config/compliance/judge.h"

#include "config/compliance/banner.h"
#include "config/kerberos.h"
#include "config/policy/granted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ASKED_MAX 4096

/* An item and what is asked for it. */
struct asking {
	const struct config *config;
	struct report *report;
	struct item *item;
	const struct demand *demand;
};

/* ---- keys of the server ---- */

static void
add_value(const struct asking *a, const char *where, const void *member,
    const struct option *option, const struct origin *origin)
{
	char *value = granted_value_text(option, member);
	struct finding f = {.what = a->demand->key,
	    .value = value,
	    .where = where,
	    .origin = *origin,
	    .holds = demand_holds(a->demand, member)};

	item_add(a->report, a->item, &f);
	free(value);
}

/* The key that a listener may set of its own, and where it lies there. */
static bool
is_listeners(const struct option *option, size_t *offset)
{
	const struct option *own = option_find(SECTION_LISTENER, option->name);

	if (own == NULL || strcmp(option->name, "banner") == 0 ||
	    strcmp(option->name, "health_sources") == 0)
		return false;
	*offset = own->offset;
	return true;
}

static const struct origin *
origin_of(const struct config *c, const char *key)
{
	return &c->origins[option_find(SECTION_SERVER, key) - options];
}

static const struct origin *
profile_origin(const struct config *c, const struct listener *l)
{
	static const char key[] = "crypto.profile";
	const struct origin *own =
	    &l->origins[option_find(SECTION_LISTENER, key) - options];

	return own->line != 0 ? own : origin_of(c, key);
}

static void
ask_listener(const struct asking *a, size_t index, size_t offset)
{
	const struct listener *l = &a->config->listeners[index];
	const struct option *option = a->demand->option;
	const struct option *own = option_find(SECTION_LISTENER, option->name);
	const struct origin *origin = &l->origins[own - options];
	char where[CONFIG_NAME_MAX + 16];

	if (origin->line == 0)
		origin = origin_of(a->config, option->name);
	/* A list that nobody wrote is the profile's. */
	if (origin->line == 0)
		origin = profile_origin(a->config, l);
	snprintf(where, sizeof(where), "listener %s", l->name);
	add_value(a, a->config->listener_count > 1 ? where : "",
	    (const char *)l + offset, option, origin);
}

/* Holds of nothing at all: what must be there is not there. */
static void
add_nothing(const struct asking *a, const char *why)
{
	struct finding f = {.what = a->demand->key,
	    .value = why,
	    .holds =
		a->demand->how != DEMAND_SET && a->demand->how != DEMAND_HAS};

	item_add(a->report, a->item, &f);
}

static void
ask_server(const struct asking *a)
{
	const struct option *option = a->demand->option;
	size_t offset;

	if (strcmp(option->name, "crypto.gss_kex") == 0 &&
	    !config_exchanges_by_gss(a->config)) {
		add_nothing(a, "not offered");
		return;
	}
	if (!is_listeners(option, &offset)) {
		add_value(a, "", (const char *)a->config + option->offset,
		    option, &a->config->origins[option - options]);
		return;
	}
	for (size_t i = 0; i < a->config->listener_count; i++)
		ask_listener(a, i, offset);
}

/* ---- grants ---- */

static void
describe_where(const struct standing *s, char *text, size_t size)
{
	if (s->kind == STANDING_DECOY)
		snprintf(text, size, "who is refused");
	else
		snprintf(text, size, "rule %s%s%s", s->rule->name,
		    s->overlay != NULL ? " with overlay " : "",
		    s->overlay != NULL ? s->overlay->name : "");
}

/* Where the key at the top level was written that a grant falls back on. */
static struct origin
top_origin(const struct config *c, const struct option *grant)
{
	for (size_t i = 0; i < option_count && grant->top != 0; i++)
		if (options[i].section == SECTION_SERVER &&
		    options[i].offset == grant->top)
			return c->origins[i];
	return (struct origin){NULL, 0};
}

static void
add_standing(const struct asking *a, const struct standing *s, bool holds,
    struct origin origin, const char *value)
{
	enum grant grant = (enum grant)a->demand->option->grant;
	const char *kind;
	const struct rule *setter = standing_setter(s, grant, &origin, &kind);
	char where[2 * CONFIG_NAME_MAX + 40], by[CONFIG_NAME_MAX + 16];
	struct finding f = {.what = a->demand->key,
	    .value = value,
	    .where = where,
	    .origin = origin,
	    .holds = holds};

	describe_where(s, where, sizeof(where));
	if (setter != NULL && strcmp(kind, "rule") != 0) {
		snprintf(by, sizeof(by), "%s %s", kind, setter->name);
		f.setter = by;
	}
	if (origin.line == 0)
		f.origin = top_origin(a->config, a->demand->option);
	/* The line to go to is the rule's where nobody says anything. */
	if (!holds && f.origin.line == 0)
		f.origin = s->rule->origin;
	item_add(a->report, a->item, &f);
}

static void
ask_banner(const struct asking *a, const struct standing *s)
{
	for (size_t i = 0; i < a->config->listener_count; i++) {
		struct origin origin;
		char *path = (char *)(uintptr_t)banner_at(s, i, &origin);

		add_standing(a, s, demand_holds(a->demand, &path), origin,
		    path != NULL ? path : "none");
	}
}

static void
ask_standing(const struct standing *s, void *context)
{
	const struct asking *a = context;
	struct origin origin;
	bool holds;
	char *value;

	if (a->demand->option->grant == GRANT_banner) {
		ask_banner(a, s);
		return;
	}
	holds = demand_holds_in(a->demand, s, &origin);
	value = standing_value(s, (enum grant)a->demand->option->grant);
	add_standing(a, s, holds, origin, value);
	free(value);
}

/* These grants also affect connections that are refused: the decoy's rule is
 * judged as well. */
static bool
is_for_strangers(enum grant grant)
{
	return grant == GRANT_banner || grant == GRANT_max_auth_tries ||
	    grant == GRANT_log_level;
}

static void
ask(struct asking *a)
{
	enum grant grant = (enum grant)a->demand->option->grant;
	size_t before = a->item->finding_count + a->item->more;

	if (a->demand->option->section != SECTION_GRANT) {
		ask_server(a);
		return;
	}
	standings_walk(a->config,
	    grant == GRANT_root_login ? STANDING_ROOT : STANDING_RULES,
	    ask_standing, a);
	if (is_for_strangers(grant))
		standings_walk(a->config, STANDING_DECOY, ask_standing, a);
	if (a->item->finding_count + a->item->more == before)
		add_nothing(a, "no rule lets anybody in");
}

/* ---- items ---- */

static struct report *
begin_report(const char *name, const char *title, size_t count)
{
	struct arena *arena = arena_new();
	struct report *report = arena_alloc(arena, sizeof(*report));

	report->arena = arena;
	report->name = arena_strdup(arena, name);
	report->title = arena_strdup(arena, title);
	report->items = arena_array(arena, count + 1, sizeof(*report->items));
	return report;
}

static void
note_asked(struct report *report, struct item *item, const struct demand *d)
{
	item->asked = arena_printf(report->arena, "%s%s%s %s",
	    item->asked != NULL ? item->asked : "",
	    item->asked != NULL ? "; " : "", d->key, d->text);
}

static void
finish_item(struct report *report, struct item *item)
{
	if (item->asked == NULL)
		item->asked = "";
	report->statuses[item->status]++;
	report->count++;
}

static void
judge_check(const struct asking *asking, const struct bundle *bundle,
    const struct check *check)
{
	const struct looking looking = {
	    asking->config, bundle, asking->report, asking->item};

	for (size_t i = 0; i < QUESTIONS_MAX; i++) {
		const struct question *q = &check->questions[i];
		struct asking a = *asking;
		struct demand demand;

		if (q->key == NULL)
			break;
		demand_make(a.report->arena, q->key, q->how, q->value, &demand);
		a.demand = &demand;
		note_asked(a.report, a.item, &demand);
		ask(&a);
	}
	if (check->look != NULL)
		check->look(&looking);
	if (check->asked != NULL)
		asking->item->asked = check->asked;
}

static void
judge_item(const struct config *config, const struct bundle *bundle,
    const struct item_row *row, struct report *report)
{
	const struct check *check = row->check;
	struct item *item = &report->items[report->count];
	struct asking a = {config, report, item, NULL};

	item->id = row->id;
	item->severity = row->severity;
	item->title = row->title;
	item->reason = check->reason;
	item->proof = check->proof;
	item->change = check->change;
	judge_check(&a, bundle, check);
	if (check->meaningless)
		item->status = ITEM_NOT_APPLICABLE;
	finish_item(report, item);
}

struct report *
compliance_judge(const struct config *config, const struct bundle *bundle,
    const struct benchmark_row *benchmark, const char *only)
{
	struct report *report =
	    begin_report(benchmark->name, benchmark->title, benchmark->count);

	for (size_t i = 0; i < benchmark->count; i++)
		if (only == NULL || strcmp(only, benchmark->items[i].id) == 0)
			judge_item(
			    config, bundle, &benchmark->items[i], report);
	return report;
}

/* In words: where a value must be written that the key's kind decides. */
static const char *
change_for(struct report *report, const struct demand *d)
{
	const struct option *o = d->option;
	const char *place = o->section != SECTION_GRANT ? "at the top level" :
	    o->tighten == TIGHTEN_NEVER			? "in each rule" :
					  "in a guard for everybody";

	return arena_printf(
	    report->arena, "# %s %s, %s", d->key, d->text, place);
}

struct report *
compliance_judge_own(
    const struct config *config, const struct own_items *own, const char *only)
{
	struct report *report = begin_report(
	    own->file, own->title != NULL ? own->title : own->file, own->count);

	for (size_t i = 0; i < own->count; i++) {
		struct item *item = &report->items[report->count];
		struct asking a = {config, report, item, &own->items[i].demand};

		if (only != NULL && strcmp(only, own->items[i].id) != 0)
			continue;
		item->id = arena_strdup(report->arena, own->items[i].id);
		item->title = arena_strdup(report->arena, own->items[i].title);
		item->severity = "";
		item->change = change_for(report, a.demand);
		note_asked(report, item, a.demand);
		ask(&a);
		finish_item(report, item);
	}
	return report;
}
