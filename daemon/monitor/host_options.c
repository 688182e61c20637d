/*
 * A module's options, held against the rows of its schema before its load()
 * sees them: unknown names, wrong types and values out of range are told
 * with file and line, and with the nearest name there is.
 */
#include "config/problem.h"
#include "daemon/monitor/host.h"

#include <ctype.h>
#include <errno.h>
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

/* Decimal digits, then for seconds an optional unit. */
static bool
parse_number(const char *text, bool seconds, int64_t *out)
{
	static const struct {
		char unit;
		int64_t factor;
	} units[] = {
	    {'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
	int64_t value = 0;
	size_t i = 0, n;

	for (n = 0; n < 15 && isdigit((unsigned char)text[n]); n++)
		value = value * 10 + (text[n] - '0');
	if (n == 0)
		return false;
	if (seconds && text[n] != '\0') {
		for (i = 0; i < 5 && units[i].unit != text[n]; i++)
			;
		if (i == 5)
			return false;
		value *= units[i].factor;
		n++;
	}
	*out = value;
	return text[n] == '\0';
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
		if (!parse_number(
			p->value, row->type == SALLYPORT_SECONDS, &number) ||
		    number < row->min || number > row->max)
			problem_error(problems, p->origin.file, p->origin.line,
			    "%s: \"%s\" is not a number%s from %lld to %lld",
			    p->key, p->value,
			    row->type == SALLYPORT_SECONDS ? " of seconds" : "",
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
	default:
		problem_error(problems, p->origin.file, p->origin.line,
		    "%s: the module's schema is broken", p->key);
	}
}

/* Levenshtein distance of short names, for "did you mean". */
static size_t
distance(const char *a, const char *b)
{
	size_t row[65], la = strlen(a), lb = strlen(b), diagonal, above;

	if (la > 64 || lb > 64)
		return 65;
	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			above = row[j];
			if (above + 1 < best)
				best = above + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = above;
			row[j] = best;
		}
	}
	return row[lb];
}

static void
tell_unknown(const struct sallyport_option *rows, const char *module,
    const struct pair *p, struct problems *problems)
{
	const char *nearest = NULL;
	size_t best = 65, d;

	for (; rows != NULL && rows->name != NULL; rows++) {
		d = distance(rows->name, p->key);
		if (d < best) {
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
host_check_options(const struct sallyport_option *rows,
    const struct module_settings *settings, struct problems *problems)
{
	const struct pairs *options = &settings->options;

	for (size_t i = 0; i < options->count; i++) {
		const struct pair *p = &options->items[i];
		const struct sallyport_option *row = find_row(rows, p->key);
		size_t before = 0;

		if (row == NULL) {
			tell_unknown(rows, settings->name, p, problems);
			continue;
		}
		while (before < i &&
		    strcmp(options->items[before].key, p->key) != 0)
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
		while (i < options->count &&
		    !name_matches(rows->name, options->items[i].key))
			i++;
		if (i == options->count)
			problem_error(problems, settings->origin.file,
			    settings->origin.line,
			    "module %s: option \"%s\" is required",
			    settings->name, rows->name);
	}
}
