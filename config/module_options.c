/*
 * A module's options, held against the rows of its schema before its load()
 * sees them: unknown names, wrong types and values out of range are told
 * with file and line, and with the nearest name there is.
 */
#include "config/module_options.h"

#include "config/options.h"
#include "config/parse.h"
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

/* Times and sizes as everywhere in the configuration; in seconds and bytes. */
static bool
parse_number(enum sallyport_option_type type, const char *text, int64_t *out)
{
	uint64_t value = 0;
	const char *bad;

	if (type == SALLYPORT_SECONDS)
		bad = parse_time(text, &value);
	else if (type == SALLYPORT_SIZE)
		bad = parse_size(text, &value);
	else if (strspn(text, "0123456789") != strlen(text))
		bad = text;
	else
		bad = parse_size(text, &value);
	if (bad != NULL || value > INT64_MAX)
		return false;
	*out = (int64_t)value;
	return true;
}

static bool
is_a_word(const char *words, const char *value)
{
	size_t len = strlen(value), word;

	while (words != NULL && *words != '\0') {
		word = strcspn(words, " ");
		if (word == len && strncmp(words, value, len) == 0)
			return true;
		words += word;
		words += strspn(words, " ");
	}
	return false;
}

static void
check_value(const struct sallyport_option *row, const struct pair *p,
    struct problems *problems)
{
	int64_t number;

	switch (row->type) {
	case SALLYPORT_TEXT:
		if (p->value[0] == '\0')
			problem_error(problems, p->origin.file, p->origin.line,
			    "%s: must not be empty", p->key);
		break;
	case SALLYPORT_BOOL:
		if (strcmp(p->value, "true") != 0 &&
		    strcmp(p->value, "false") != 0)
			problem_error(problems, p->origin.file, p->origin.line,
			    "%s: must be true or false", p->key);
		break;
	case SALLYPORT_NUMBER:
	case SALLYPORT_SECONDS:
	case SALLYPORT_SIZE:
		if (!parse_number(row->type, p->value, &number) ||
		    number < row->min || number > row->max)
			problem_error(problems, p->origin.file, p->origin.line,
			    "%s: \"%s\" is not a %s from %lld to %lld", p->key,
			    p->value,
			    row->type == SALLYPORT_SECONDS ?
				"number of seconds" :
				row->type == SALLYPORT_SIZE ? "size" :
							      "number",
			    (long long)row->min, (long long)row->max);
		break;
	case SALLYPORT_PATH:
		if (p->value[0] != '/')
			problem_error(problems, p->origin.file, p->origin.line,
			    "%s: \"%s\" is not an absolute "
			    "path",
			    p->key, p->value);
		break;
	case SALLYPORT_WORD:
		if (!is_a_word(row->words, p->value))
			problem_error(problems, p->origin.file, p->origin.line,
			    "%s: \"%s\" is none of: %s", p->key, p->value,
			    row->words);
		break;
	}
}

/* A fault that the module's author should have seen; NULL: all is well. */
static const char *
row_fault(const struct sallyport_option *row)
{
	bool fallback = row->fallback != NULL && row->fallback[0] != '\0';
	int64_t number;

	if ((unsigned)row->type > SALLYPORT_SIZE)
		return "is of no type that this server knows";
	if (row->type == SALLYPORT_WORD &&
	    (row->words == NULL || row->words[strspn(row->words, " ")] == '\0'))
		return "is a word, and there are no words";
	if (is_number(row->type) &&
	    (row->min > row->max || (row->min == 0 && row->max == 0)))
		return "has no range";
	if (is_number(row->type) && fallback &&
	    !parse_number(row->type, row->fallback, &number))
		return "has a default that is no number";
	if (row->type == SALLYPORT_WORD && fallback &&
	    !is_a_word(row->words, row->fallback))
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
		check_value(row, p, problems);
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
plain_value(const struct sallyport_option *row, const char *text)
{
	int64_t number;

	if (row == NULL || !is_number(row->type) ||
	    !parse_number(row->type, text, &number))
		return mem_strdup(text);
	return mem_printf("%" PRId64, number);
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
		    .value = plain_value(find_row(rows, p->key), p->value),
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
