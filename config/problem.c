/*
 * The list of what is wrong with a configuration.  Text comes from the
 * administrator's files: it is escaped here, once, for every output.
 */
#include "config/problem.h"
#include "lib/mem.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define PROBLEM_TEXT_MAX 1024

/* Control bytes as \xNN, so that a value cannot forge a line of its own. */
static char *
escape(const char *text)
{
	size_t i, out = 0, len = strnlen(text, PROBLEM_TEXT_MAX);
	char *copy = mem_alloc(len * 4 + 1);

	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c == 0x7f) {
			static const char hex[] = "0123456789abcdef";

			copy[out++] = '\\';
			copy[out++] = 'x';
			copy[out++] = hex[c >> 4];
			copy[out++] = hex[c & 15];
		} else
			copy[out++] = (char)c;
	}
	copy[out] = '\0';
	return copy;
}

__attribute__((format(printf, 5, 0))) static void
problem_add(struct problems *p, enum severity severity, const char *file,
    unsigned line, const char *format, va_list args)
{
	struct problem *item;
	char *text;

	if (severity == PROBLEM_ERROR)
		p->errors++;
	else
		p->warnings++;
	if (p->count >= PROBLEMS_MAX)
		return;
	p->items = mem_grow(p->items, p->count + 1, sizeof(*p->items));
	item = &p->items[p->count++];
	text = mem_vprintf(format, args);
	item->severity = severity;
	item->file = file != NULL ? mem_strdup(file) : NULL;
	item->line = line;
	item->text = escape(text);
	free(text);
}

void
problem_error(struct problems *p, const char *file, unsigned line,
    const char *format, ...)
{
	va_list args;

	va_start(args, format);
	problem_add(p, PROBLEM_ERROR, file, line, format, args);
	va_end(args);
}

void
problem_warning(struct problems *p, const char *file, unsigned line,
    const char *format, ...)
{
	va_list args;

	va_start(args, format);
	problem_add(p, PROBLEM_WARNING, file, line, format, args);
	va_end(args);
}

static char *
line_of(const struct problem *problem, const char *kind)
{
	if (problem->file == NULL)
		return mem_printf("%s%s", kind, problem->text);
	if (problem->line == 0)
		return mem_printf(
		    "%s: %s%s", problem->file, kind, problem->text);
	return mem_printf(
	    "%s:%u: %s%s", problem->file, problem->line, kind, problem->text);
}

char *
problem_line(const struct problem *problem)
{
	return line_of(
	    problem, problem->severity == PROBLEM_WARNING ? "warning: " : "");
}

char *
problem_bare_line(const struct problem *problem)
{
	return line_of(problem, "");
}

void
problems_print(const struct problems *p, FILE *out)
{
	size_t i, total = p->errors + p->warnings;
	char *line;

	for (i = 0; i < p->count; i++) {
		line = problem_line(&p->items[i]);
		fprintf(out, "%s\n", line);
		free(line);
	}
	if (total > p->count)
		fprintf(out, "and %zu more\n", total - p->count);
}

void
problems_free(struct problems *p)
{
	size_t i;

	for (i = 0; i < p->count; i++) {
		free(p->items[i].file);
		free(p->items[i].text);
	}
	free(p->items);
	memset(p, 0, sizeof(*p));
}
