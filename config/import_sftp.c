/*
 * Subsystems, forced commands, and the options of sshd's internal-sftp as
 * grants of our SFTP server.  For the import.
 */
#include "config/importer.h"

#include <string.h>
#include <strings.h>

#define IN IMPORT_IN

/* ---- the internal server's options ---- */

struct sftp_options {
	const char *start; /* "-d", or NULL */
	const char *umask; /* "-u", or NULL */
	bool read_only; /* "-R" */
};

/*
 * "-d": the directory is below the chroot, or below the home directory where
 * there is none; %d is what we call %h.
 */
static char *
start_directory(struct importer *imp, size_t block, const struct directive *d,
    const char *value)
{
	const struct directive *chroot =
	    import_seen(imp, block, "chrootdirectory");
	bool jailed =
	    chroot != NULL && strcasecmp(chroot->args[0], "none") != 0;
	char *text = arena_printf(imp->arena, "%s%s",
	    value[0] == '/' || strncmp(value, "%d", 2) == 0 ? "" :
		jailed					    ? "/" :
							      "%h/",
	    value);
	char *at;

	for (at = strchr(text, '%'); at != NULL && at[1] != '\0';
	     at = strchr(at + 2, '%')) {
		if (at[1] == 'd')
			at[1] = 'h';
		else if (strchr("uU%h", at[1]) == NULL)
			import_error(imp, &d->origin,
			    "internal-sftp -d: sallyport does not know %%%c "
			    "here",
			    at[1]);
	}
	return text;
}

static void
read_options(struct importer *imp, size_t block, const struct directive *d,
    const char *line, struct sftp_options *options)
{
	struct strings words = {0};
	char *text = arena_strdup(imp->arena, line), *word, *rest;
	size_t i;

	memset(options, 0, sizeof(*options));
	for (rest = text; (word = strsep(&rest, " \t")) != NULL;) {
		if (*word != '\0')
			import_push(imp, &words, word);
	}
	for (i = 1; i < words.count; i++) {
		const char *flag = words.items[i];
		const char *value =
		    i + 1 < words.count ? words.items[i + 1] : "";

		if (strcmp(flag, "-R") == 0) {
			options->read_only = true;
			continue;
		}
		if (strcmp(flag, "-d") == 0)
			options->start = start_directory(imp, block, d, value);
		else if (strcmp(flag, "-u") == 0)
			options->umask = value;
		else if (strcmp(flag, "-P") == 0 || strcmp(flag, "-p") == 0)
			import_error(imp, &d->origin,
			    "internal-sftp %s: "
			    "sallyport has no list of sftp requests",
			    flag);
		else if (strcmp(flag, "-e") == 0)
			continue;
		i++; /* -l and -f: sallyport's own audit has more */
	}
}

static void
put_options(struct importer *imp, const struct sftp_options *options)
{
	fprintf(imp->out, IN "sftp_read_only = %s;\n",
	    options->read_only ? "true" : "false");
	import_put_text(imp, IN, "sftp_umask",
	    options->umask != NULL ? options->umask : "none");
	import_put_text(imp, IN, "sftp_start",
	    options->start != NULL ? options->start : "none");
}

/* ---- Subsystem ---- */

bool
import_is_internal(const char *command)
{
	static const char name[] = "internal-sftp";

	return strncmp(command, name, sizeof(name) - 1) == 0 &&
	    strchr(" \t", command[sizeof(name) - 1]) != NULL;
}

/* A word as the shell will read it again (OpenSSH's argv_assemble()). */
static char *
shell_word(const struct importer *imp, const char *word)
{
	char *text = arena_alloc(imp->arena, 2 * strlen(word) + 3), *p = text;
	bool blank = strpbrk(word, " \t") != NULL;

	if (blank)
		*p++ = '"';
	for (; *word != '\0'; word++) {
		if (strchr("\\'\"", *word) != NULL)
			*p++ = '\\';
		*p++ = *word;
	}
	if (blank)
		*p++ = '"';
	*p = '\0';
	return text;
}

static char *
subsystem_line(const struct importer *imp, const struct directive *d)
{
	char *line = shell_word(imp, d->args[1]);
	size_t i;

	for (i = 2; i < d->count; i++)
		line = arena_printf(
		    imp->arena, "%s %s", line, shell_word(imp, d->args[i]));
	return line;
}

char *
import_subsystem_command(const struct importer *imp, const struct directive *d)
{
	char *command = subsystem_line(imp, d);

	if (strcmp(d->args[0], "sftp") == 0 &&
	    (import_is_internal(command) ||
		strstr(command, "/sftp-server") != NULL))
		return arena_strdup(imp->arena, "internal");
	return command;
}

/* The first line of the block for the subsystem. */
static const struct directive *
subsystem_of(const struct importer *imp, size_t block, const char *name)
{
	const struct block *b = &imp->blocks[block];
	size_t i;

	for (i = b->first; i < b->first + b->directives; i++) {
		const struct directive *d = &imp->directives[i];

		if (strcasecmp(d->word->name, "subsystem") == 0 &&
		    d->count > 1 && strcmp(d->args[0], name) == 0)
			return d;
	}
	return NULL;
}

/* sshd adds up what all matching blocks have, in place of the rest. */
static void
put_subsystems(struct importer *imp, size_t block)
{
	const struct block *b = &imp->blocks[block];
	struct strings list = {0}, names = {0};
	size_t i;

	for (i = b->first; i < b->first + b->directives; i++) {
		const struct directive *d = &imp->directives[i];

		if (strcasecmp(d->word->name, "subsystem") != 0 ||
		    d->count < 2 || subsystem_of(imp, block, d->args[0]) != d)
			continue;
		import_push(
		    imp, &names, arena_printf(imp->arena, "+%s", d->args[0]));
		import_push(imp, &list,
		    arena_printf(imp->arena, "+%s=%s", d->args[0],
			import_subsystem_command(imp, d)));
	}
	import_put_list(imp, IN, "subsystems", &names);
	import_put_list(imp, IN, "subsystem_commands", &list);
}

static bool
has_options(const struct importer *imp, size_t block)
{
	const struct directive *d = subsystem_of(imp, block, "sftp");

	return d != NULL && d->count > 2 &&
	    strcmp(import_subsystem_command(imp, d), "internal") == 0;
}

static bool
any_has_options(const struct importer *imp)
{
	size_t i;

	for (i = 0; i < imp->block_count; i++) {
		if (!imp->blocks[i].never && has_options(imp, i))
			return true;
	}
	return false;
}

bool
import_sftp_apart(const struct importer *imp)
{
	return any_has_options(imp) &&
	    (import_first(imp, 0, "forcecommand") != NULL ||
		import_in_block(imp, "forcecommand"));
}

/* Arguments that the Subsystem line gives the server which ours replaces. */
bool
import_subsystem_options(struct importer *imp, size_t block)
{
	const struct directive *d = subsystem_of(imp, block, "sftp");
	struct sftp_options options = {0};

	if (!any_has_options(imp) || (d == NULL && block != 0))
		return false;
	if (has_options(imp, block))
		read_options(imp, block, d, subsystem_line(imp, d), &options);
	put_options(imp, &options);
	return true;
}

void
import_subsystems(struct importer *imp, size_t block)
{
	const struct directive *d = subsystem_of(imp, block, "sftp");

	if (block != 0 && import_first(imp, block, "subsystem") != NULL)
		put_subsystems(imp, block);
	/* sshd's internal-sftp asks no shell; a program is started by it. */
	if (d != NULL)
		fprintf(imp->out, IN "sftp_without_shell = %s;\n",
		    import_is_internal(subsystem_line(imp, d)) ? "true" :
								 "false");
	/* Ours serves sftp where nothing is said. */
	if (block == 0 && import_first(imp, 0, "subsystem") == NULL)
		import_put_list(
		    imp, IN, "subsystems", &(struct strings){NULL, 0});
	if (!import_sftp_apart(imp))
		(void)import_subsystem_options(imp, block);
}

/* ---- ForceCommand ---- */

/* The options of the Subsystem line that then counts. */
static void
put_unforced(struct importer *imp, size_t block)
{
	size_t from = import_first(imp, block, "subsystem") != NULL ? block : 0;
	struct sftp_options options = {0};

	if (has_options(imp, from))
		read_options(imp, from, subsystem_of(imp, from, "sftp"),
		    subsystem_line(imp, subsystem_of(imp, from, "sftp")),
		    &options);
	put_options(imp, &options);
}

void
import_force_command(struct importer *imp, size_t block)
{
	const struct directive *d = import_first(imp, block, "forcecommand");
	bool internal = d != NULL && import_is_internal(d->rest);
	bool none = d == NULL || strcasecmp(d->rest, "none") == 0;
	struct sftp_options options;

	if (d == NULL)
		return;
	/* The user's shell reads it, so its quotes must arrive. */
	import_put_text(
	    imp, IN, "command", internal || none ? "none" : d->rest);
	fprintf(imp->out, IN "sftp_only = %s;\n", internal ? "true" : "false");
	if (internal) {
		read_options(imp, block, d, d->rest, &options);
		put_options(imp, &options);
	} else if (none && block != 0 &&
	    import_first(imp, 0, "forcecommand") != NULL) {
		/* Options of the ForceCommand that it takes back must not stay.
		 */
		put_unforced(imp, block);
	}
}
