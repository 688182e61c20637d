/*
 * sshd_config as sshd reads it: words and quotes, Include with its globs,
 * Match blocks that end with their file.  For the import; the files are the
 * administrator's own.
 */
#include "config/importer.h"
#include "lib/err.h"
#include "lib/escape.h"
#include "lib/mem.h"

#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LINE_LENGTH_MAX (64 * 1024)

struct reading {
	struct importer *imp;
	struct origin origin;
	char *directory; /* of the main file: where relative includes are */
	size_t outer; /* block that the file is included from */
	size_t block; /* block of the current line */
	unsigned depth;
};

static int read_one(struct reading *outer, const char *path);

/*
 * Split as sshd's argv_split: blanks between words, quotes of both kinds,
 * backslash before a quote, a backslash or (outside quotes) a blank.  The
 * first word may end in "=".  -1: a quote is not closed.
 */
static int
split_line(struct arena *arena, const char *line, char **args, size_t *count)
{
	char *word = arena_alloc(arena, strlen(line) + 1);
	size_t len = 0;
	char quote = 0;
	bool inside = false;

	*count = 0;
	for (;; line++) {
		bool blank = *line == ' ' || *line == '\t' || *line == '\r' ||
		    (*count == 0 && *line == '=');

		if (*line == '\0' || (quote == 0 && blank) ||
		    (quote == 0 && !inside && *line == '#')) {
			if (inside && *count < IMPORT_ARGS_MAX)
				args[(*count)++] =
				    arena_strndup(arena, word, len);
			if (*line == '\0' || *line == '#')
				break;
			inside = false;
			len = 0;
			while (line[1] == ' ' || line[1] == '\t' ||
			    (*count == 1 && *line != '=' && line[1] == '='))
				line++;
			continue;
		}
		inside = true;
		if (*line == '\\' &&
		    (line[1] == '"' || line[1] == '\'' || line[1] == '\\' ||
			(quote == 0 && line[1] == ' ')))
			word[len++] = *++line;
		else if (quote == 0 && (*line == '"' || *line == '\''))
			quote = *line;
		else if (quote != 0 && *line == quote)
			quote = 0;
		else
			word[len++] = *line;
	}
	return quote != 0 ? -1 : 0;
}

/*
 * The text behind the keyword, byte for byte.  sshd hands it on like that where
 * a shell will read it; a comment is part of it (servconf.c, strdelim()).
 */
static const char *
text_behind_keyword(struct arena *arena, const char *line)
{
	static const char blanks[] = " \t\r\f";
	size_t len;

	line += strspn(line, blanks);
	line += strcspn(line, " \t\r\f=\"");
	line += strspn(line, blanks);
	if (*line == '=')
		line += 1 + strspn(line + 1, blanks);
	for (len = strlen(line); len > 0; len--) {
		if (strchr(blanks, line[len - 1]) == NULL)
			break;
	}
	return arena_strndup(arena, line, len);
}

/* ---- Match ---- */

static bool
set_criterion(
    struct reading *r, struct criteria *c, const char *name, char *list)
{
	if (strcasecmp(name, "user") == 0)
		c->users = list;
	else if (strcasecmp(name, "group") == 0)
		c->groups = list;
	else if (strcasecmp(name, "host") == 0)
		c->hosts = list;
	else if (strcasecmp(name, "address") == 0)
		c->addresses = list;
	else if (strcasecmp(name, "localaddress") == 0)
		c->local_addresses = list;
	else if (strcasecmp(name, "localport") == 0)
		c->local_ports = list;
	else {
		import_error(r->imp, &r->origin,
		    "Match %s: sallyport has no "
		    "such condition; the block is left out",
		    name);
		return false;
	}
	return true;
}

static bool
read_criteria(struct reading *r, char **args, size_t count, struct criteria *c)
{
	char *equals;
	size_t i;

	for (i = 0; i < count; i++) {
		if (strcasecmp(args[i], "all") == 0)
			continue;
		if (strcasecmp(args[i], "invalid-user") == 0) {
			c->invalid_user = true;
			continue;
		}
		equals = strchr(args[i], '=');
		if (equals != NULL) {
			*equals = '\0';
			if (!set_criterion(r, c, args[i], equals + 1))
				return false;
			continue;
		}
		if (i + 1 == count) {
			import_error(r->imp, &r->origin,
			    "Match %s: its list is missing", args[i]);
			return false;
		}
		if (!set_criterion(r, c, args[i], args[i + 1]))
			return false;
		i++;
	}
	return true;
}

static void
begin_match(struct reading *r, const char *line, char **args, size_t count)
{
	struct importer *imp = r->imp;
	struct block *block;

	if (imp->block_count > IMPORT_BLOCKS_MAX) {
		import_error(imp, &r->origin,
		    "more than %d Match blocks: "
		    "this one is left out",
		    IMPORT_BLOCKS_MAX);
		r->block = IMPORT_BLOCKS_MAX;
		imp->blocks[r->block].never = true;
		return;
	}
	r->block = imp->block_count++;
	block = &imp->blocks[r->block];
	if (r->outer != 0)
		*block = imp->blocks[r->outer];
	block->origin = r->origin;
	block->text = text_behind_keyword(imp->arena, line);
	if (block->count == IMPORT_INCLUDE_MAX) {
		import_error(imp, &r->origin, "Match within Include too deep");
		block->never = true;
		return;
	}
	if (!read_criteria(
		r, args + 1, count - 1, &block->criteria[block->count]))
		block->never = true;
	block->count++;
}

/* ---- Include ---- */

static void
include(struct reading *r, char **args, size_t count)
{
	char *pattern;
	glob_t found;
	size_t i, j;

	for (i = 1; i < count; i++) {
		pattern = args[i][0] == '/' ?
		    mem_strdup(args[i]) :
		    mem_printf("%s/%s", r->directory, args[i]);
		if (r->depth >= IMPORT_INCLUDE_MAX) {
			import_error(r->imp, &r->origin,
			    "Include nested "
			    "deeper than %d",
			    IMPORT_INCLUDE_MAX);
		} else if (glob(pattern, 0, NULL, &found) == 0) {
			for (j = 0; j < found.gl_pathc; j++)
				(void)read_one(r, found.gl_pathv[j]);
			globfree(&found);
		}
		free(pattern);
	}
}

/* ---- lines ---- */

static void
add_directive(struct reading *r, const struct import_word *word,
    const char *line, char **args, size_t count)
{
	struct importer *imp = r->imp;
	struct directive *d;
	size_t i;

	if (imp->directive_count == imp->directive_room) {
		imp->directive_room = 2 * imp->directive_room + 64;
		imp->directives = arena_grow(imp->arena, imp->directives,
		    imp->directive_count, imp->directive_room,
		    sizeof(*imp->directives));
	}
	d = &imp->directives[imp->directive_count++];
	d->number = imp->directive_count;
	d->word = word;
	d->origin = r->origin;
	d->block = r->block;
	d->count = count - 1;
	d->rest = text_behind_keyword(imp->arena, line);
	d->args = arena_array(imp->arena, count, sizeof(*d->args));
	for (i = 1; i < count; i++)
		d->args[i - 1] = args[i];
}

/* The result is UTF-8, and so must be what gets into it. */
static bool
is_text(struct reading *r, const char *line)
{
	size_t len = strlen(line), step;

	for (; len > 0; line += step, len -= step) {
		step = strchr("\t\r\f", *line) != NULL ?
		    1 :
		    escape_printable(line, len);
		if (step == 0) {
			import_error(r->imp, &r->origin,
			    "byte 0x%02x: a control character, or no UTF-8",
			    (unsigned char)*line);
			return false;
		}
	}
	return true;
}

static void
read_line(struct reading *r, const char *line)
{
	const struct import_word *word;
	char *args[IMPORT_ARGS_MAX];
	size_t count;

	if (line[strspn(line, " \t\r\f")] == '#' || !is_text(r, line))
		return;
	if (split_line(r->imp->arena, line, args, &count) != 0) {
		import_error(r->imp, &r->origin, "a quote is not closed");
		return;
	}
	if (count == 0)
		return;
	word = import_find_word(args[0]);
	if (word == NULL)
		import_error(
		    r->imp, &r->origin, "%s: unknown keyword", args[0]);
	else if (count == 1)
		import_error(
		    r->imp, &r->origin, "%s: its value is missing", args[0]);
	else if (strcasecmp(word->name, "match") == 0)
		begin_match(r, line, args, count);
	else if (strcasecmp(word->name, "include") == 0)
		include(r, args, count);
	else if (word->kind == WORD_SERVER && r->block != 0)
		import_error(r->imp, &r->origin,
		    "%s: not allowed in a Match "
		    "block",
		    args[0]);
	else
		add_directive(r, word, line, args, count);
}

static int
read_one(struct reading *outer, const char *path)
{
	struct reading r = *outer;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	FILE *in = fopen(path, "re");

	if (in == NULL) {
		import_error(
		    r.imp, &outer->origin, "%s: %s", path, strerror(errno));
		return E_SYSTEM;
	}
	r.origin.file = arena_strdup(r.imp->arena, path);
	r.origin.line = 0;
	r.outer = r.block = outer->block;
	r.depth++;
	while ((len = getline(&line, &size, in)) > 0) {
		r.origin.line++;
		if (line[len - 1] == '\n')
			line[--len] = '\0';
		if (len > LINE_LENGTH_MAX || strlen(line) != (size_t)len)
			import_error(r.imp, &r.origin, "not a line of text");
		else
			read_line(&r, line);
	}
	free(line);
	fclose(in);
	return 0;
}

int
import_read(struct importer *imp, const char *path)
{
	struct reading r = {.imp = imp};

	imp->blocks = arena_array(
	    imp->arena, IMPORT_BLOCKS_MAX + 1, sizeof(*imp->blocks));
	imp->block_count = 1;
	/* sshd looks below its own directory, wherever the file is. */
	r.directory = arena_strdup(imp->arena, "/etc/ssh");
	r.origin.file = path;
	return read_one(&r, path);
}
