/*
 * Reads the demands of a benchmark and compares values of the configuration
 * with them; see demand.h.
 */
#include "config/compliance/demand.h"

#include "config/policy/granted.h"
#include "lib/match.h"
#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

static const char *const words[DEMAND_OPERATORS] = {[DEMAND_IS] = "=",
    [DEMAND_IS_NOT] = "!=",
    [DEMAND_AT_MOST] = "<=",
    [DEMAND_AT_LEAST] = ">=",
    [DEMAND_ONLY] = "only",
    [DEMAND_WITHOUT] = "without",
    [DEMAND_HAS] = "has",
    [DEMAND_SET] = "set",
    [DEMAND_UNSET] = "unset"};

const char *
demand_word(enum demand_operator how)
{
	return words[how];
}

bool
demand_operator(const char *word, enum demand_operator *how)
{
	for (int i = 0; i < DEMAND_OPERATORS; i++)
		if (strcmp(words[i], word) == 0) {
			*how = (enum demand_operator)i;
			return true;
		}
	return false;
}

/* ---- what goes with what ---- */

enum shape { SHAPE_NONE, SHAPE_FLAG, SHAPE_NUMBER, SHAPE_WORD, SHAPE_LIST };

static enum shape
shape_of(const struct option *option)
{
	switch (option->type) {
	case OPTION_BOOL:
		return SHAPE_FLAG;
	case OPTION_NUMBER:
	case OPTION_TIME:
	case OPTION_GRACE:
	case OPTION_SIZE:
	case OPTION_SIZE32:
		return SHAPE_NUMBER;
	case OPTION_CHOICE:
	case OPTION_MODE:
	case OPTION_STRING:
	case OPTION_NAME:
	case OPTION_PATH:
	case OPTION_HOME_PATH:
		return SHAPE_WORD;
	case OPTION_PORT:
	case OPTION_ADDRESS:
	case OPTION_UIDS:
	case OPTION_CHAIN:
	case OPTION_CHANNELS:
	case OPTION_PAIRS:
	case OPTION_LIST:
		return SHAPE_NONE;
	case OPTION_STRINGS:
	case OPTION_PATHS:
	case OPTION_ALGORITHMS:
	case OPTION_TARGETS_LOG:
	case OPTION_SETENV:
	case OPTION_COMMANDS:
	case OPTION_LOGINS:
	case OPTION_GROUPS:
	case OPTION_FINGERPRINTS:
	case OPTION_NETWORKS:
	case OPTION_CHAINS:
	case OPTION_TARGETS:
	case OPTION_TIMES:
		return SHAPE_LIST;
	}
	return SHAPE_NONE; /* a type of later: it is compared with nothing */
}

#define BIT(how) (1U << (how))
#define EQUALITY (BIT(DEMAND_IS) | BIT(DEMAND_IS_NOT))
#define ORDER	 (BIT(DEMAND_AT_MOST) | BIT(DEMAND_AT_LEAST))
#define PRESENCE (BIT(DEMAND_SET) | BIT(DEMAND_UNSET))
#define NAMES	 (BIT(DEMAND_ONLY) | BIT(DEMAND_WITHOUT))

/* The text of a target does not tell what it is within or leads to. */
static unsigned
operators_of_list(const struct option *option)
{
	if (option->type == OPTION_NETWORKS)
		return PRESENCE;
	if (option->type == OPTION_TARGETS)
		return BIT(DEMAND_ONLY) | BIT(DEMAND_HAS) | PRESENCE;
	return NAMES | BIT(DEMAND_HAS) | PRESENCE;
}

/* The operators that a key takes, as bits. */
static unsigned
operators_of(const struct option *option)
{
	unsigned none = option->flags & OPTION_NONE_OK ? PRESENCE : 0;

	switch (shape_of(option)) {
	case SHAPE_FLAG:
		return EQUALITY;
	case SHAPE_NUMBER:
		return EQUALITY | ORDER | none;
	case SHAPE_WORD:
		return EQUALITY | (option->type == OPTION_MODE ? 0 : NAMES) |
		    none;
	case SHAPE_LIST:
		return operators_of_list(option);
	case SHAPE_NONE:
		break;
	}
	return 0;
}

static bool
takes_list(enum demand_operator how)
{
	return how == DEMAND_ONLY || how == DEMAND_WITHOUT || how == DEMAND_HAS;
}

static bool
takes_value(enum demand_operator how)
{
	return how != DEMAND_SET && how != DEMAND_UNSET;
}

static void
operators_text(unsigned bits, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (int i = 0; i < DEMAND_OPERATORS && used < size; i++)
		if (bits & BIT(i))
			used += (size_t)snprintf(&text[used], size - used,
			    "%s\"%s\"", used > 0 ? ", " : "", words[i]);
}

/* ---- reading ---- */

/* The effective value of a grant goes before a default of the same name. */
static const struct option *
find_key(const char *key)
{
	const struct option *grant = option_find(SECTION_GRANT, key);

	return grant != NULL ? grant : option_find(SECTION_SERVER, key);
}

static bool
unknown_key(struct reader *r, const char *what, unsigned line, const char *key)
{
	const char *nearest = option_nearest(SECTION_GRANT, key);

	if (nearest == NULL)
		nearest = option_nearest(SECTION_SERVER, key);
	return reader_error(r, line, what, "there is no key \"%s\"%s%s%s", key,
	    nearest != NULL ? "; did you mean \"" : "",
	    nearest != NULL ? nearest : "", nearest != NULL ? "\"?" : "");
}

/* As its value is read: a list of names where the operator compares names. */
static bool
read_wanted(struct reader *r, const char *what, const config_setting_t *value,
    struct demand *d)
{
	struct option row = *d->option;

	if (takes_list(d->how)) {
		row = (struct option){.section = row.section,
		    .name = row.name,
		    .type = OPTION_STRINGS,
		    .min = 1,
		    .max = 64,
		    .grant = -1};
	}
	row.fallback = NULL;
	return value_read(r, &row, what, value, &d->wanted);
}

static void
describe(struct arena *arena, struct demand *d)
{
	struct option row = *d->option;
	char *text = NULL;

	if (!takes_value(d->how)) {
		d->text = words[d->how];
		return;
	}
	if (takes_list(d->how))
		row.type = OPTION_STRINGS;
	text = granted_value_text(&row, &d->wanted);
	d->text = arena_printf(arena, "%s %s", words[d->how], text);
	free(text);
}

bool
demand_read(struct reader *r, const char *what, unsigned line, const char *key,
    const char *word, const config_setting_t *value, struct demand *d)
{
	char list[96];

	*d = (struct demand){.key = key, .option = find_key(key)};
	if (d->option == NULL)
		return unknown_key(r, what, line, key);
	if (d->option->grant >= 0 &&
	    standing_is_door((enum grant)d->option->grant))
		return reader_error(r, line, what,
		    "\"%s\" says who comes in: that is for tests of the policy",
		    key);
	operators_text(operators_of(d->option), list, sizeof(list));
	if (list[0] == '\0')
		return reader_error(r, line, what,
		    "\"%s\" (%s) cannot be compared", key,
		    option_type_text(d->option->type));
	if (!demand_operator(word, &d->how) ||
	    (operators_of(d->option) & BIT(d->how)) == 0)
		return reader_error(r, line, what,
		    "operator \"%s\": \"%s\" (%s) takes %s", word, key,
		    option_type_text(d->option->type), list);
	if (takes_value(d->how) != (value != NULL))
		return reader_error(r, line, what, "operator \"%s\" takes %s",
		    word, value != NULL ? "no value" : "a value");
	if (value != NULL && !read_wanted(r, what, value, d))
		return false;
	describe(r->arena, d);
	return true;
}

void
demand_make(struct arena *arena, const char *key, enum demand_operator how,
    const char *value, struct demand *d)
{
	struct problems problems = {0};
	struct reader r = {
	    .arena = arena, .problems = &problems, .file = "table"};
	char *text = mem_printf("v = %s;", value != NULL ? value : "0");
	config_t parsed;

	config_init(&parsed);
	if (config_read_string(&parsed, text) != CONFIG_TRUE ||
	    !demand_read(&r, key, 0, key, words[how],
		value != NULL ? config_lookup(&parsed, "v") : NULL, d)) {
		problems_print(&problems, stderr);
		abort();
	}
	config_destroy(&parsed);
	problems_free(&problems);
	free(text);
}

/* ---- comparing ---- */

static uint64_t
number_at(const struct option *option, const void *member)
{
	uint32_t number;

	if (option->type == OPTION_SIZE)
		return *(const uint64_t *)member;
	number = *(const uint32_t *)member;
	/* none is more than any number. */
	return number == CONFIG_NONE ? UINT64_MAX : number;
}

static bool
number_holds(const struct demand *d, const void *member)
{
	uint64_t is = number_at(d->option, member);
	uint64_t wanted = number_at(d->option, &d->wanted);

	switch (d->how) {
	case DEMAND_IS:
		return is == wanted;
	case DEMAND_IS_NOT:
		return is != wanted;
	case DEMAND_AT_MOST:
		return is <= wanted;
	case DEMAND_AT_LEAST:
		return is >= wanted;
	case DEMAND_SET:
		return is != UINT64_MAX;
	case DEMAND_UNSET:
		return is == UINT64_MAX;
	default:
		return false;
	}
}

/*
 * Is there a text that both match?  The entry is a pattern too where the
 * policy takes patterns.  row[j]: the first j bytes of the pattern may match
 * what was read of the entry so far.
 */
static bool
meets(const char *entry, const char *pattern)
{
	size_t len = strlen(pattern);
	bool *row = mem_array(len + 1, sizeof(*row));
	bool answer, above, here;

	row[0] = true;
	for (size_t j = 0; j < len; j++)
		row[j + 1] = row[j] && pattern[j] == '*';
	for (; *entry != '\0'; entry++) {
		above = row[0];
		row[0] = above && *entry == '*';
		for (size_t j = 0; j < len; j++) {
			here = row[j + 1];
			if (*entry == '*' || pattern[j] == '*')
				row[j + 1] = above || here || row[j];
			else
				row[j + 1] = above &&
				    (*entry == pattern[j] || *entry == '?' ||
					pattern[j] == '?');
			above = here;
		}
	}
	answer = row[len];
	free(row);
	return answer;
}

static bool
is_among(const struct demand *d, const char *entry)
{
	const struct strings *wanted = &d->wanted.list;
	bool exact = d->option->type == OPTION_TARGETS;

	for (size_t i = 0; i < wanted->count; i++)
		if (exact ? strcmp(entry, wanted->items[i]) == 0 :
			    match_pattern(entry, wanted->items[i], MATCH_CASE))
			return true;
	return false;
}

static bool
is_excluded(const struct strings *list, const char *pattern)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i][0] == '!' &&
		    meets(list->items[i] + 1, pattern))
			return true;
	return false;
}

static bool
has_entry(const struct demand *d, const struct strings *list, char *wanted)
{
	struct demand one = *d;

	one.wanted.list = (struct strings){&wanted, 1};
	for (size_t i = 0; i < list->count; i++)
		if (is_among(&one, list->items[i]))
			return !is_excluded(list, wanted);
	return false;
}

/* A list that only excludes has all others (policy_in_patterns()). */
static bool
only_excludes(const struct strings *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i][0] != '!')
			return false;
	return list->count > 0;
}

static bool
has_nothing_of(const struct strings *list, const struct strings *unwanted)
{
	for (size_t i = 0; i < list->count; i++)
		for (size_t j = 0; j < unwanted->count; j++)
			if (list->items[i][0] != '!' &&
			    meets(list->items[i], unwanted->items[j]))
				return false;
	return !only_excludes(list);
}

static bool
entries_hold(const struct demand *d, const struct strings *list)
{
	const struct strings *wanted = &d->wanted.list;

	switch (d->how) {
	case DEMAND_SET:
		return list->count > 0;
	case DEMAND_UNSET:
		return list->count == 0;
	case DEMAND_HAS:
		for (size_t i = 0; i < wanted->count; i++)
			if (!has_entry(d, list, wanted->items[i]))
				return false;
		return true;
	case DEMAND_ONLY:
		for (size_t i = 0; i < list->count; i++)
			if (list->items[i][0] != '!' &&
			    !is_among(d, list->items[i]))
				return false;
		return !only_excludes(list);
	case DEMAND_WITHOUT:
		return has_nothing_of(list, wanted);
	default:
		return false;
	}
}

/* The methods of all steps of the chains, each by its name. */
static struct strings
method_entries(const struct chains *chains)
{
	struct strings list = {0};

	for (size_t i = 0; i < chains->count; i++)
		for (size_t j = 0; j < chains->items[i].count; j++) {
			list.items = mem_grow(
			    list.items, list.count + 1, sizeof(*list.items));
			list.items[list.count++] =
			    chains->items[i].steps[j].method;
		}
	return list;
}

/* The texts of a list of another type; the entries are borrowed. */
static struct strings
list_entries(const struct option *option, const void *member)
{
	/* An array of structs with the text as a member. */
	const struct targets *targets = member;
	const struct time_windows *times = member;
	struct strings list = {0};

	if (option->type == OPTION_CHAINS)
		return method_entries(member);
	list.count = targets->count;
	list.items = mem_array(list.count + 1, sizeof(*list.items));
	for (size_t i = 0; i < list.count; i++)
		list.items[i] = option->type == OPTION_TARGETS ?
		    targets->items[i].text :
		    option->type == OPTION_TIMES ? times->items[i].text :
						   (char *)"";
	return list;
}

static bool
list_holds(const struct demand *d, const void *member)
{
	struct strings list;
	bool holds;

	switch (d->option->type) {
	case OPTION_CHAINS:
	case OPTION_TARGETS:
	case OPTION_TIMES:
	case OPTION_NETWORKS:
		list = list_entries(d->option, member);
		holds = entries_hold(d, &list);
		free(list.items);
		return holds;
	default:
		return entries_hold(d, member);
	}
}

static bool
word_holds(const struct demand *d, const void *member)
{
	struct strings one = {NULL, 1};
	char *word = NULL;
	bool holds;

	if (d->option->type == OPTION_MODE ||
	    (d->option->type == OPTION_CHOICE && !takes_list(d->how)))
		return number_holds(d, member);
	if (d->option->type == OPTION_CHOICE) {
		for (const struct choice *c = d->option->choices;
		     c->word != NULL; c++)
			if (c->value == *(const uint32_t *)member)
				word = (char *)c->word;
	} else {
		word = *(char *const *)member;
	}
	if (d->how == DEMAND_SET || d->how == DEMAND_UNSET)
		return (word != NULL) == (d->how == DEMAND_SET);
	if (!takes_list(d->how)) {
		holds = word != NULL && d->wanted.text != NULL ?
		    strcmp(word, d->wanted.text) == 0 :
		    word == d->wanted.text;
		return holds == (d->how == DEMAND_IS);
	}
	one.items = &word;
	one.count = word != NULL;
	return entries_hold(d, &one);
}

bool
demand_holds(const struct demand *d, const void *member)
{
	switch (shape_of(d->option)) {
	case SHAPE_FLAG:
		return (*(const bool *)member == d->wanted.flag) ==
		    (d->how == DEMAND_IS);
	case SHAPE_NUMBER:
		return number_holds(d, member);
	case SHAPE_WORD:
		return word_holds(d, member);
	case SHAPE_LIST:
		return list_holds(d, member);
	case SHAPE_NONE:
		break;
	}
	return false;
}

/* Lists of those that may not enter: a guard's list is added. */
static bool
lists_add(enum grant grant)
{
	return grant == GRANT_deny_users || grant == GRANT_deny_groups ||
	    grant == GRANT_key_revoked;
}

/*
 * A value is allowed only if every layer allows it.  An upper bound
 * (one_will_do) therefore holds as soon as one layer meets it; a lower bound
 * must be met by all layers.
 */
static bool
layers_hold(const struct demand *d, const struct layers *layers,
    bool one_will_do, struct origin *origin)
{
	for (size_t i = 0; i < layers->count; i++) {
		bool holds = demand_holds(d, layers->items[i].list);

		if (i == 0 || holds == one_will_do)
			*origin = layers->items[i].origin;
		if (holds == one_will_do)
			return one_will_do;
	}
	return !one_will_do;
}

bool
demand_holds_in(
    const struct demand *d, const struct standing *s, struct origin *origin)
{
	enum grant grant = (enum grant)d->option->grant;
	const struct layers *layers = decision_layers(s->d, grant);
	bool tight = d->how != DEMAND_SET && d->how != DEMAND_HAS;

	*origin = s->d->grants.origins[grant];
	if (grant == GRANT_methods)
		return demand_holds(d, &s->d->chains);
	if (layers == NULL || layers->count == 0)
		return demand_holds(
		    d, (const char *)&s->d->grants + d->option->offset);
	return layers_hold(
	    d, layers, lists_add(grant) ? !tight : tight, origin);
}
