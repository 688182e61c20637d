/*
 * The way from sshd_config to sallyport.conf, for sallyportctl import: read,
 * judge what cannot be said, write.  The result is read back by the loader
 * before anybody trusts it (sallyportctl runs check on it).
 */
#include "config/import.h"
#include "config/importer.h"
#include "config/load.h"
#include "config/show.h"
#include "lib/err.h"
#include "lib/mem.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- what the parts ask ---- */

void
import_error(
    struct importer *imp, const struct origin *origin, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = mem_vprintf(format, args);
	va_end(args);
	problem_error(imp->report, origin->file, origin->line, "%s", text);
	free(text);
}

/* A line that counts in several rules is judged in each, and told once. */
static bool
is_told(const struct importer *imp, const struct origin *origin,
    enum severity severity, const char *text)
{
	for (size_t i = 0; i < imp->report->count; i++) {
		const struct problem *p = &imp->report->items[i];

		if (p->severity == severity && p->line == origin->line &&
		    p->file != NULL && origin->file != NULL &&
		    strcmp(p->file, origin->file) == 0 &&
		    strcmp(p->text, text) == 0)
			return true;
	}
	return false;
}

void
import_note(
    struct importer *imp, const struct origin *origin, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = mem_vprintf(format, args);
	va_end(args);
	if (!is_told(imp, origin, PROBLEM_WARNING, text))
		problem_warning(
		    imp->report, origin->file, origin->line, "%s", text);
	free(text);
}

/* The directives of one block, in the file's order. */
static const struct directive *
next_of(const struct importer *imp, size_t block, const char *name,
    const struct directive *after)
{
	const struct block *b = &imp->blocks[block];
	const struct directive *d =
	    after != NULL ? after + 1 : &imp->directives[b->first];

	for (; d < &imp->directives[b->first + b->directives]; d++) {
		if (strcasecmp(d->word->name, name) == 0)
			return d;
	}
	return NULL;
}

const struct directive *
import_first(const struct importer *imp, size_t block, const char *name)
{
	return next_of(imp, block, name, NULL);
}

const struct directive *
import_last(const struct importer *imp, size_t block, const char *name)
{
	const struct directive *d = NULL, *last = NULL;

	while ((d = next_of(imp, block, name, d)) != NULL)
		last = d;
	return last;
}

const struct directive *
import_seen(const struct importer *imp, size_t block, const char *name)
{
	const struct directive *d = import_first(imp, block, name);

	return d != NULL || block == 0 ? d : import_first(imp, 0, name);
}

const char *
import_value(const struct importer *imp, const char *name, const char *fallback)
{
	const struct directive *d = import_first(imp, 0, name);

	return d != NULL ? d->args[0] : fallback;
}

bool
import_is(const struct importer *imp, size_t block, const char *name,
    const char *value, const char *fallback)
{
	const struct directive *d = import_first(imp, block, name);
	const char *text = d != NULL ? d->args[0] : fallback;

	if (strcasecmp(text, "true") == 0)
		text = "yes";
	else if (strcasecmp(text, "false") == 0)
		text = "no";
	return strcasecmp(text, value) == 0;
}

bool
import_in_block(const struct importer *imp, const char *name)
{
	size_t i;

	for (i = 1; i < imp->block_count; i++) {
		if (!imp->blocks[i].never && import_first(imp, i, name) != NULL)
			return true;
	}
	return false;
}

bool
import_anywhere(const struct importer *imp, const char *name, const char *value)
{
	size_t i;

	for (i = 0; i < imp->block_count; i++) {
		if (!imp->blocks[i].never &&
		    import_first(imp, i, name) != NULL &&
		    import_is(imp, i, name, value, ""))
			return true;
	}
	return false;
}

static void
append_args(
    const struct importer *imp, struct strings *list, const struct directive *d)
{
	size_t i;

	for (i = 0; i < d->count; i++) {
		if (list->count % 16 == 0)
			list->items =
			    arena_grow(imp->arena, list->items, list->count,
				list->count + 16, sizeof(*list->items));
		list->items[list->count++] = d->args[i];
	}
}

struct strings
import_all(const struct importer *imp, size_t block, const char *name)
{
	const struct directive *d = NULL;
	struct strings list = {0};

	while ((d = next_of(imp, block, name, d)) != NULL)
		append_args(imp, &list, d);
	return list;
}

void
import_push(const struct importer *imp, struct strings *list, const char *text)
{
	if (list->count % 16 == 0)
		list->items = arena_grow(imp->arena, list->items, list->count,
		    list->count + 16, sizeof(*list->items));
	list->items[list->count++] = arena_strdup(imp->arena, text);
}

struct strings
import_split(const struct importer *imp, const char *text)
{
	char *copy = arena_strdup(imp->arena, text), *item;
	struct strings list = {0};

	while ((item = strsep(&copy, ",")) != NULL) {
		while (*item == ' ')
			item++;
		if (*item == '\0')
			continue;
		if (list.count % 16 == 0)
			list.items = arena_grow(imp->arena, list.items,
			    list.count, list.count + 16, sizeof(*list.items));
		list.items[list.count++] = item;
	}
	return list;
}

void
import_put_strings(struct importer *imp, const char *before, const char *key,
    const struct strings *list)
{
	fprintf(imp->out, "%s%s = [", before, key);
	for (size_t i = 0; i < list->count; i++) {
		fputs(i > 0 ? ", " : " ", imp->out);
		show_quoted(imp->out, list->items[i], SHOW_CONFIG);
	}
	fputs(" ];", imp->out);
}

void
import_put_list(struct importer *imp, const char *indent, const char *key,
    const struct strings *list)
{
	import_put_strings(imp, indent, key, list);
	fputs("\n", imp->out);
}

void
import_put_text(
    struct importer *imp, const char *indent, const char *key, const char *text)
{
	fprintf(imp->out, "%s%s = ", indent, key);
	show_quoted(imp->out, text, SHOW_CONFIG);
	fputs(";\n", imp->out);
}

void
import_put_number(struct importer *imp, const char *before, const char *key,
    const struct directive *d, const struct import_range *range)
{
	const char *text = d != NULL ? d->args[0] : "";
	unsigned long value = range->usual;
	size_t digits = strspn(text, "0123456789");

	if (d != NULL && (digits == 0 || digits > 9 || text[digits] != '\0'))
		import_error(imp, &d->origin, "%s %s: a number is expected",
		    d->word->name, text);
	else if (d != NULL)
		value = strtoul(text, NULL, 10);
	if (value > range->most || value < range->least) {
		value = value > range->most ? range->most : range->least;
		import_note(imp, &d->origin, "%s %s: sallyport has %lu to %lu",
		    d->word->name, text, range->least, range->most);
	}
	fprintf(imp->out, "%s%s = %lu;", before, key, value);
}

/* ---- what cannot be said ---- */

/* Is it the only one that sallyport knows of this keyword? */
static bool
is_value(const char *value, const struct import_word *word)
{
	return (word->kind == WORD_FIXED &&
		   strcasecmp(value, word->note) == 0) ||
	    (word->kind == WORD_OFF && strcasecmp(value, "no") == 0);
}

static void
judge_directive(struct importer *imp, const struct directive *d)
{
	const struct import_word *word = d->word;
	const char *value = d->args[0];

	if (strcasecmp(value, "true") == 0)
		value = "yes";
	else if (strcasecmp(value, "false") == 0)
		value = "no";
	if (strcasecmp(word->name, "subsystem") == 0 && d->count > 1 &&
	    strncmp(d->args[1], "internal-sftp", 13) != 0 &&
	    strcmp(import_subsystem_command(imp, d), "internal") == 0)
		import_note(imp, &d->origin,
		    "subsystem %s: internal takes the place of %s", d->args[0],
		    d->args[1]);
	switch (word->kind) {
	case WORD_FIXED:
		if (!is_value(value, word))
			import_note(imp, &d->origin,
			    "%s %s: sallyport has "
			    "\"%s\" only",
			    word->name, d->args[0], word->note);
		break;
	case WORD_OFF:
		if (!is_value(value, word))
			import_note(imp, &d->origin, "%s %s: %s", word->name,
			    d->args[0], word->note);
		break;
	case WORD_IGNORED:
	case WORD_UNSUPPORTED:
		import_note(imp, &d->origin, "%s: %s", word->name, word->note);
		break;
	default:
		break; /* mapped */
	}
}

static void
judge_directives(struct importer *imp)
{
	size_t i;

	for (i = 0; i < imp->directive_count; i++)
		judge_directive(imp, &imp->directives[i]);
}

static int
by_block(const void *a, const void *b)
{
	const struct directive *x = a, *y = b;

	if (x->block != y->block)
		return x->block < y->block ? -1 : 1;
	return x->number < y->number ? -1 : 1;
}

/* Each block's directives beside each other, in their order. */
static void
sort_directives(struct importer *imp)
{
	size_t i;

	if (imp->directives == NULL)
		imp->directives =
		    arena_alloc(imp->arena, sizeof(*imp->directives));
	if (imp->directive_count > 0)
		qsort(imp->directives, imp->directive_count,
		    sizeof(*imp->directives), by_block);
	for (i = imp->directive_count; i-- > 0;) {
		struct block *block = &imp->blocks[imp->directives[i].block];

		block->first = i;
		block->directives++;
	}
}

static const char *
note_of(const struct importer *imp, const struct directive *d)
{
	if (d->word->kind != WORD_FIXED && d->word->kind != WORD_OFF)
		return d->word->note;
	if (is_value(d->args[0], d->word))
		return "sallyport's only value";
	if (d->word->kind == WORD_OFF)
		return d->word->note;
	return arena_printf(imp->arena, "always `%s`", d->word->note);
}

static void
tell_rows(const struct importer *imp,
    void (*tell)(void *context, const struct import_row *row), void *context)
{
	size_t i;

	for (i = 0; i < imp->directive_count; i++) {
		const struct directive *d = &imp->directives[i];
		const struct block *block = &imp->blocks[d->block];
		const struct import_row row = {.origin = d->origin,
		    .keyword = d->word->name,
		    .value = d->rest,
		    .match = d->block != 0 ? block->text : NULL,
		    .kept = !block->never &&
			(d->word->kind == WORD_SERVER ||
			    d->word->kind == WORD_RULE ||
			    is_value(d->args[0], d->word)),
		    .note = block->never ? "its Match block matches nobody" :
					   note_of(imp, d)};

		tell(context, &row);
	}
}

int
config_import(const char *path, FILE *out, struct problems *report)
{
	return config_import_rows(path, out, report, NULL, NULL);
}

/* "overlays.match-3.pty: ..." is about the third Match block. */
static const struct origin *
origin_in_result(const struct importer *imp, const char *text)
{
	static const char overlay[] = "overlays.match-";
	unsigned long block = 0;

	if (strncmp(text, overlay, sizeof(overlay) - 1) == 0)
		block = strtoul(text + sizeof(overlay) - 1, NULL, 10);
	return block > 0 && block < imp->block_count ?
	    &imp->blocks[block].origin :
	    &imp->origin;
}

/* Does the loader take it?  What it refuses is the file's fault. */
static void
check_loads(struct importer *imp, const char *text, size_t size)
{
	struct problems problems = {0};
	struct bundle bundle = {0};
	struct config *config = NULL;

	config_bundle_add(&bundle, "the result", text, size);
	(void)config_load(&bundle, &config, &problems);
	for (size_t i = 0; i < problems.count; i++) {
		const struct problem *p = &problems.items[i];

		if (p->severity == PROBLEM_ERROR)
			import_error(imp, origin_in_result(imp, p->text),
			    "the result is refused: line %u: %s", p->line,
			    p->text);
	}
	config_free(config);
	config_bundle_free(&bundle);
	problems_free(&problems);
}

static void
write_result(struct importer *imp, const char *path, FILE *out)
{
	char *text = NULL;
	size_t size = 0;

	imp->out = open_memstream(&text, &size);
	fprintf(imp->out, "# Imported from %s by sallyportctl import.\n", path);
	import_server(imp);
	import_modules(imp);
	import_policy(imp);
	fclose(imp->out);
	fwrite(text, 1, size, out);
	/* Errors that are told need not be told in other words. */
	if (imp->report->errors == imp->errors)
		check_loads(imp, text, size);
	free(text);
}

int
config_import_rows(const char *path, FILE *out, struct problems *report,
    void (*tell)(void *context, const struct import_row *row), void *context)
{
	struct importer *imp = mem_zalloc(sizeof(*imp));
	int err;

	imp->arena = arena_new();
	imp->report = report;
	imp->errors = report->errors;
	imp->origin.file = path;
	err = import_read(imp, path);
	if (err == 0) {
		judge_directives(imp);
		sort_directives(imp);
		imp->use_dns = import_is(imp, 0, "usedns", "yes", "no");
		import_listeners(imp);
		import_judge_blocks(imp);
		import_find_sources(imp);
		write_result(imp, path, out);
		if (tell != NULL)
			tell_rows(imp, tell, context);
		err = report->errors == imp->errors ? 0 : E_VALUE;
	}
	arena_free(imp->arena);
	free(imp);
	return err;
}
