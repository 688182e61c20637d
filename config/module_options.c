/*
 * A module's options, held against the rows of its schema before its load()
 * sees them, by the core's own schema engine: unknown names, wrong types and
 * values out of range are told with file and line, and with the nearest name
 * there is.
 */
#include "config/module_options.h"

#include "config/options.h"
#include "config/reader.h"
#include "lib/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "*.command" stands for "directory.command"; one star, at least one byte. */
static bool
name_matches(const char *row, const char *name)
{
	const char *star = strchr(row, '*');
	size_t head, tail, len = strlen(name);

	if (star == NULL)
		return strcmp(row, name) == 0;
	head = (size_t)(star - row);
	tail = strlen(star + 1);
	return len > head + tail && strncmp(row, name, head) == 0 &&
	    strcmp(star + 1, &name[len - tail]) == 0 &&
	    memchr(&name[head], '.', len - head - tail) == NULL;
}

static const struct sallyport_option *
find_row(const struct sallyport_option *rows, const char *name)
{
	for (; rows != NULL && rows->name != NULL; rows++)
		if (name_matches(rows->name, name))
			return rows;
	return NULL;
}

static bool
is_number(enum sallyport_option_type type)
{
	return type == SALLYPORT_NUMBER || type == SALLYPORT_SECONDS ||
	    type == SALLYPORT_SIZE;
}

/* ---- the row as one of the core's schema, and its value ---- */

static const enum option_type types[] = {
    [SALLYPORT_TEXT] = OPTION_STRING,
    [SALLYPORT_BOOL] = OPTION_BOOL,
    [SALLYPORT_NUMBER] = OPTION_NUMBER,
    [SALLYPORT_SECONDS] = OPTION_TIME,
    [SALLYPORT_PATH] = OPTION_PATH,
    [SALLYPORT_WORD] = OPTION_CHOICE,
    [SALLYPORT_SIZE] = OPTION_SIZE,
};

/* The row's words; the last one is NULL. */
static struct choice *
choices_of(struct arena *arena, const char *words)
{
	char *rest = arena_strdup(arena, words == NULL ? "" : words), *word;
	struct choice *choices =
	    arena_array(arena, strlen(rest) / 2 + 2, sizeof(*choices));
	size_t n = 0;

	while ((word = strsep(&rest, " ")) != NULL)
		if (*word != '\0')
			choices[n++].word = word;
	return choices;
}

/* As the administrator would have written it: the loader has kept the text. */
static config_setting_t *
setting_of(config_t *holder, enum sallyport_option_type type, const char *text)
{
	bool digits = text[0] != '\0' && strlen(text) < 19 &&
	    strspn(text, "0123456789") == strlen(text);
	config_setting_t *root = config_root_setting(holder), *s;

	if (type == SALLYPORT_NUMBER && digits) {
		s = config_setting_add(root, "v", CONFIG_TYPE_INT64);
		(void)config_setting_set_int64(s, strtoll(text, NULL, 10));
	} else if (type == SALLYPORT_BOOL &&
	    (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)) {
		s = config_setting_add(root, "v", CONFIG_TYPE_BOOL);
		(void)config_setting_set_bool(s, text[0] == 't');
	} else {
		s = config_setting_add(root, "v", CONFIG_TYPE_STRING);
		(void)config_setting_set_string(s, text);
	}
	return s;
}

/* Judge the value as the core judges its own; *number, if the row is one. */
static bool
read_value(const struct sallyport_option *row, const struct pair *p,
    struct problems *problems, int64_t *number)
{
	struct arena *arena = arena_new();
	struct reader r = {
	    .arena = arena, .problems = problems, .file = p->origin.file};
	struct option option = {.name = row->name,
	    .type = types[row->type],
	    .choices = choices_of(arena, row->words)};
	union {
		bool is;
		uint32_t choice;
		char *text;
	} member;
	config_setting_t *setting;
	config_t holder;
	uint64_t amount = 0;
	bool good;

	config_init(&holder);
	setting = setting_of(&holder, row->type, p->value);
	setting->line = p->origin.line;
	if (is_number(row->type)) {
		option.min = row->min < 0 ? 0 : (uint64_t)row->min;
		option.max = row->max < 0 ? 0 : (uint64_t)row->max;
		good = value_read_amount(&r, &option, p->key, setting, &amount);
		*number = (int64_t)amount;
	} else {
		good = value_read(&r, &option, p->key, setting, &member);
	}
	config_destroy(&holder);
	arena_free(arena);
	return good;
}

/* A default may lie outside the range: what no administrator can set. */
static bool
fallback_is_good(const struct sallyport_option *row)
{
	struct sallyport_option any = *row;
	struct problems problems = {0};
	struct pair p = {.key = (char *)(uintptr_t)row->name,
	    .value = (char *)(uintptr_t)row->fallback};
	int64_t number;
	bool good;

	any.min = 0;
	any.max = INT64_MAX;
	good = read_value(&any, &p, &problems, &number);
	problems_free(&problems);
	return good;
}

/* A fault that the module's author should have seen; NULL: all is well. */
static const char *
row_fault(const struct sallyport_option *row)
{
	bool fallback = row->fallback != NULL && row->fallback[0] != '\0';

	if ((unsigned)row->type > SALLYPORT_SIZE)
		return "is of no type that this server knows";
	if (row->type == SALLYPORT_WORD &&
	    (row->words == NULL || row->words[strspn(row->words, " ")] == '\0'))
		return "is a word, and there are no words";
	if (is_number(row->type) && (row->min > row->max || row->max <= 0))
		return "has no range";
	if (is_number(row->type) && fallback && !fallback_is_good(row))
		return "has a default that is no number";
	if (row->type == SALLYPORT_WORD && fallback && !fallback_is_good(row))
		return "has a default that is none of its words";
	if ((row->flags & SALLYPORT_OPTION_SERVICES) != 0 &&
	    (row->type != SALLYPORT_TEXT ||
		(row->flags & SALLYPORT_OPTION_MANY) == 0))
		return "takes services, and is no list of texts";
	return NULL;
}

static void
check_rows(const struct sallyport_option *rows,
    const struct module_settings *settings, struct problems *problems)
{
	const char *fault;

	for (; rows != NULL && rows->name != NULL; rows++)
		if ((fault = row_fault(rows)) != NULL)
			problem_error(problems, settings->origin.file,
			    settings->origin.line,
			    "module %s: its option \"%s\" %s", settings->name,
			    rows->name, fault);
}

static void
tell_unknown(const struct sallyport_option *rows, const char *module,
    const struct pair *p, struct problems *problems)
{
	const char *nearest = NULL;
	size_t best = SIZE_MAX, d;

	for (; rows != NULL && rows->name != NULL; rows++) {
		d = word_distance(rows->name, p->key);
		if (nearest == NULL || d < best) {
			best = d;
			nearest = rows->name;
		}
	}
	if (nearest != NULL)
		problem_error(problems, p->origin.file, p->origin.line,
		    "%s: module %s has no such option; the nearest is \"%s\"",
		    p->key, module, nearest);
	else
		problem_error(problems, p->origin.file, p->origin.line,
		    "%s: module %s takes no options", p->key, module);
}

void
module_options_check(const struct sallyport_option *rows,
    const struct module_settings *settings, struct problems *problems)
{
	const struct pairs *given = &settings->options;
	size_t errors = problems->errors;
	int64_t number;

	check_rows(rows, settings, problems);
	if (problems->errors != errors)
		return;
	for (size_t i = 0; i < given->count; i++) {
		const struct pair *p = &given->items[i];
		const struct sallyport_option *row = find_row(rows, p->key);
		size_t before = 0;

		if (row == NULL) {
			tell_unknown(rows, settings->name, p, problems);
			continue;
		}
		while (
		    before < i && strcmp(given->items[before].key, p->key) != 0)
			before++;
		if (before < i && !(row->flags & SALLYPORT_OPTION_MANY))
			problem_error(problems, p->origin.file, p->origin.line,
			    "%s: is set twice", p->key);
		(void)read_value(row, p, problems, &number);
	}
	for (; rows != NULL && rows->name != NULL; rows++) {
		size_t i = 0;

		if (!(rows->flags & SALLYPORT_OPTION_REQUIRED))
			continue;
		while (i < given->count &&
		    !name_matches(rows->name, given->items[i].key))
			i++;
		if (i == given->count)
			problem_error(problems, settings->origin.file,
			    settings->origin.line,
			    "module %s: option \"%s\" is required",
			    settings->name, rows->name);
	}
}

const struct sallyport_option *
module_options_services(const struct sallyport_option *rows)
{
	for (; rows != NULL && rows->name != NULL; rows++)
		if ((rows->flags & SALLYPORT_OPTION_SERVICES) != 0)
			return rows;
	return NULL;
}

static char *
plain_value(const struct sallyport_option *row, const struct pair *p)
{
	struct problems problems = {0};
	int64_t number;
	bool good;

	if (row == NULL || !is_number(row->type))
		return mem_strdup(p->value);
	good = read_value(row, p, &problems, &number);
	problems_free(&problems);
	return good ? mem_printf("%" PRId64, number) : mem_strdup(p->value);
}

struct sallyport_setting *
module_settings_make(const struct sallyport_option *rows,
    const struct module_settings *settings, const struct pairs *services,
    size_t *count)
{
	const struct pairs *given = &settings->options;
	const struct sallyport_option *row = module_options_services(rows);
	size_t more = services != NULL && row != NULL ? services->count : 0;
	struct sallyport_setting *list =
	    mem_array(given->count + more + 1, sizeof(*list));

	for (size_t i = 0; i < given->count; i++) {
		const struct pair *p = &given->items[i];

		list[i] = (struct sallyport_setting){.name = p->key,
		    .value = plain_value(find_row(rows, p->key), p),
		    .file = p->origin.file,
		    .line = p->origin.line};
	}
	for (size_t i = 0; i < more; i++)
		list[given->count + i] =
		    (struct sallyport_setting){.name = row->name,
			.value = mem_strdup(services->items[i].value),
			.file = services->items[i].origin.file,
			.line = services->items[i].origin.line};
	*count = given->count + more;
	return list;
}

void
module_settings_free(struct sallyport_setting *settings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free((void *)(uintptr_t)settings[i].value);
	free(settings);
}
