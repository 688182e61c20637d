/*
 * The publickey module's options: key sources in their order, CAs and their
 * principals, revocation lists.  Users for commands are looked up now, once.
 */
#include "modules/publickey/publickey.h"

#include "lib/mem.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANY	      SALLYPORT_OPTION_MANY
#define DEFAULT_FILES "%h/.ssh/authorized_keys"

const struct sallyport_option pk_options[] = {
    {"sources", SALLYPORT_TEXT, MANY, 0, 0, NULL, "user",
	"names of the key sources, in the order they are asked"},
    {"files", SALLYPORT_TEXT, MANY, 0, 0, NULL, DEFAULT_FILES,
	"short for a source named user with these files"},
    {"*.file", SALLYPORT_TEXT, MANY, 0, 0, NULL, DEFAULT_FILES,
	"authorized_keys files: %h home, %u user, %U uid; a pattern as of "
	"glob(7) stands for several"},
    {"*.command", SALLYPORT_TEXT, MANY, 0, 0, NULL, "",
	"a program that prints such lines, a word each; also %t type, "
	"%k key, %f fingerprint; beside files it is asked after them"},
    {"*.ca_keys", SALLYPORT_PATH, MANY, 0, 0, NULL, "",
	"makes the source an authority: files with keys of CAs; its file or "
	"command then lists principals, without them the user's name is one"},
    {"*.principals", SALLYPORT_BOOL, 0, 0, 0, NULL, "false",
	"true: its file or command lists principals for the certificates of "
	"every authority, not keys"},
    {"*.names", SALLYPORT_TEXT, MANY, 0, 0, NULL, "",
	"of an authority: the principals themselves, of which a certificate "
	"must name one, beside those of its file or command: %u user, %U uid, "
	"%g each group of the user's"},
    {"*.user", SALLYPORT_TEXT, 0, 0, 0, NULL, "",
	"as whom the program runs; not root"},
    {"*.deadline", SALLYPORT_SECONDS, 0, 1, 300, NULL, "10",
	"how long it may take"},
    {"*.output", SALLYPORT_SIZE, 0, 1024, 16777216, NULL, "1048576",
	"how many bytes it may print"},
    {"*.cache", SALLYPORT_SECONDS, 0, 0, 86400, NULL, "0",
	"how long what it printed stays good"},
    {"*.on_error", SALLYPORT_WORD, 0, 0, 0, "skip refuse", "skip",
	"when the source cannot be read: ask the next, or refuse"},
    {"ca_keys", SALLYPORT_PATH, MANY, 0, 0, NULL, "",
	"files with keys of CAs that may certify users"},
    {"principals", SALLYPORT_TEXT, MANY, 0, 0, NULL, "",
	"the same for ca_keys: [ \"%u\", \"group:%g\" ]"},
    {"max_lifetime", SALLYPORT_SECONDS, 0, 0, 3153600000, NULL, "0",
	"longest validity of a certificate; 0: any"},
    {"revoked", SALLYPORT_PATH, MANY, 0, 0, NULL, "",
	"revocation lists: KRLs or lists of keys"},
    {"revoked_max_age", SALLYPORT_SECONDS, 0, 0, 31536000, NULL, "0",
	"a list not renewed for so long refuses all keys; 0: never"},
    {NULL, 0, 0, 0, 0, NULL, NULL, NULL},
};

static struct source *
find_source(struct state *s, const char *name, size_t len)
{
	if (len == strlen("principals") &&
	    strncmp(name, "principals", len) == 0) {
		s->has_principals = true;
		return &s->principals;
	}
	for (size_t i = 0; i < s->source_count; i++)
		if (strlen(s->sources[i].name) == len &&
		    strncmp(s->sources[i].name, name, len) == 0)
			return &s->sources[i];
	return NULL;
}

static void
init_source(struct source *x, const char *name)
{
	x->name = mem_strdup(name);
	x->program.deadline = 10 * 1000;
	x->program.output_max = 1024 * 1024;
}

static void
add_path(char **list, size_t *count, const struct sallyport_setting *o)
{
	if (*count == PATHS_MAX)
		pk_host->problem(o, "more than %d of these", PATHS_MAX);
	else
		list[(*count)++] = mem_strdup(o->value);
}

/* A file, or a pattern for several, which privsep/glob_files.c must know. */
static void
add_file(struct source *x, const struct sallyport_setting *o)
{
	unsigned wild = 0;

	for (const char *p = o->value; *p != '\0'; p += strcspn(p, "/")) {
		p += strspn(p, "/");
		wild += strcspn(p, "*?[") < strcspn(p, "/");
	}
	if (wild > 4)
		pk_host->problem(
		    o, "\"%s\": more than four parts with wildcards", o->value);
	else if (wild > 0 && strstr(o->value, "[:") != NULL)
		pk_host->problem(o,
		    "\"%s\": of classes there are ranges alone, [a-z]",
		    o->value);
	else
		add_path(x->files, &x->file_count, o);
}

/* A principal is compared and never a path: a name as it is, but known tokens
 * alone. */
static void
add_name(struct source *x, const struct sallyport_setting *o)
{
	for (const char *p = strchr(o->value, '%'); p != NULL;
	     p = strchr(&p[2], '%'))
		if (p[1] == '\0' || strchr("uUg%", p[1]) == NULL) {
			pk_host->problem(o,
			    "\"%s\": of tokens there are %%u, %%U, %%g and "
			    "%%%%",
			    o->value);
			return;
		}
	add_path(x->patterns, &x->pattern_count, o);
}

/* A command as a list of words, or as one string with blanks. */
static void
add_words(struct program *p, const struct sallyport_setting *o)
{
	const char *at = o->value;

	while (*(at += strspn(at, " \t")) != '\0') {
		size_t len = p->count == 0 || strchr(at, ' ') != NULL ?
		    strcspn(at, " \t") :
		    strlen(at);

		if (p->count == WORDS_MAX) {
			pk_host->problem(o, "more than %d words", WORDS_MAX);
			return;
		}
		p->words[p->count++] = mem_strndup(at, len);
		at += len;
	}
}

static void
set_member(
    struct source *x, const char *member, const struct sallyport_setting *o)
{
	if (strcmp(member, "file") == 0)
		add_file(x, o);
	else if (strcmp(member, "names") == 0)
		add_name(x, o);
	else if (strcmp(member, "ca_keys") == 0)
		add_path(x->ca_files, &x->ca_count, o);
	else if (strcmp(member, "command") == 0)
		add_words(&x->program, o);
	else if (strcmp(member, "user") == 0)
		x->program.user = mem_strdup(o->value);
	else if (strcmp(member, "deadline") == 0)
		x->program.deadline =
		    (uint32_t)strtoul(o->value, NULL, 10) * 1000;
	else if (strcmp(member, "output") == 0)
		x->program.output_max = (uint32_t)strtoul(o->value, NULL, 10);
	else if (strcmp(member, "cache") == 0)
		x->program.cache = (uint32_t)strtoul(o->value, NULL, 10);
	else if (strcmp(member, "principals") == 0)
		x->names = strcmp(o->value, "true") == 0;
	else if (strcmp(member, "on_error") == 0)
		x->refuse_on_error = strcmp(o->value, "refuse") == 0;
}

static void
set_option(struct state *s, const struct sallyport_setting *o)
{
	const char *dot = strchr(o->name, '.');
	struct source *x;

	if (dot != NULL) {
		x = find_source(s, o->name, (size_t)(dot - o->name));
		if (x == NULL)
			pk_host->problem(o,
			    "\"%.*s\" is not among the "
			    "sources",
			    (int)(dot - o->name), o->name);
		else
			set_member(x, &dot[1], o);
	} else if (strcmp(o->name, "files") == 0) {
		x = find_source(s, "user", 4);
		if (x == NULL)
			pk_host->problem(o,
			    "\"user\" is not among the "
			    "sources; write NAME.file");
		else
			add_file(x, o);
	} else if (strcmp(o->name, "ca_keys") == 0) {
		add_path(s->ca_files, &s->ca_count, o);
	} else if (strcmp(o->name, "principals") == 0) {
		s->has_principals = true;
		add_name(&s->principals, o);
	} else if (strcmp(o->name, "max_lifetime") == 0) {
		s->max_lifetime = strtoull(o->value, NULL, 10);
	} else if (strcmp(o->name, "revoked_max_age") == 0) {
		s->revoked_max_age = (uint32_t)strtoul(o->value, NULL, 10);
	} else if (strcmp(o->name, "revoked") == 0) {
		if (s->revoked_count == PATHS_MAX)
			pk_host->problem(o, "more than %d of these", PATHS_MAX);
		else
			s->revoked[s->revoked_count++].path =
			    mem_strdup(o->value);
	}
}

static void
add_source(struct state *s, const char *name)
{
	s->sources =
	    mem_grow(s->sources, s->source_count + 1, sizeof(*s->sources));
	memset(&s->sources[s->source_count], 0, sizeof(*s->sources));
	init_source(&s->sources[s->source_count++], name);
}

static void
name_sources(
    struct state *s, const struct sallyport_setting *settings, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct sallyport_setting *o = &settings[i];

		if (strcmp(o->name, "sources") != 0)
			continue;
		if (strcmp(o->value, "principals") == 0 ||
		    strchr(o->value, '.') != NULL || strlen(o->value) > 63)
			pk_host->problem(o,
			    "\"%s\" cannot be the name of a "
			    "source",
			    o->value);
		else if (s->source_count == SOURCES_MAX)
			pk_host->problem(
			    o, "more than %d sources", SOURCES_MAX);
		else if (find_source(s, o->value, strlen(o->value)) != NULL)
			pk_host->problem(
			    o, "source \"%s\" is named twice", o->value);
		else
			add_source(s, o->value);
	}
	if (s->source_count == 0)
		add_source(s, "user");
}

static void
finish_program(struct program *p, const char *name)
{
	struct passwd *pw;

	if (p->words[0][0] != '/')
		pk_host->problem(NULL,
		    "%s.command: \"%s\" is not an absolute "
		    "path",
		    name, p->words[0]);
	if (p->user == NULL) {
		pk_host->problem(NULL,
		    "%s.user: a command needs a user to "
		    "run as",
		    name);
		return;
	}
	pw = getpwnam(p->user);
	if (pw == NULL || pw->pw_uid == 0) {
		pk_host->problem(NULL,
		    pw == NULL ?
			"%s.user: there is no user \"%s\"" :
			"%s.user: \"%s\" is root, which must not run it",
		    name, p->user);
		return;
	}
	p->uid = pw->pw_uid;
	p->gid = pw->pw_gid;
}

static void
finish_source(struct state *s, struct source *x)
{
	if (x->names && x->ca_count > 0)
		pk_host->problem(NULL,
		    "source %s lists principals: it is no authority", x->name);
	if (x->pattern_count > 0 &&
	    (x == &s->principals ? s->ca_count : x->ca_count) == 0)
		pk_host->problem(NULL,
		    "%s: principals are of certificates: ca_keys is missing",
		    x->name);
	if (x->program.count > 0) {
		finish_program(&x->program, x->name);
		if (x->program.cache > 0 && s->cache == NULL)
			s->cache = cache_create();
	} else if (x->file_count == 0 && x->ca_count == 0 &&
	    x->pattern_count == 0) {
		if (strcmp(x->name, "user") == 0)
			x->files[x->file_count++] = mem_strdup(DEFAULT_FILES);
		else
			pk_host->problem(NULL,
			    "source %s has neither file "
			    "nor command",
			    x->name);
	}
}

int
pk_settings(
    struct state *s, const struct sallyport_setting *settings, size_t count)
{
	init_source(&s->principals, "principals");
	name_sources(s, settings, count);
	for (size_t i = 0; i < count; i++)
		set_option(s, &settings[i]);
	for (size_t i = 0; i < s->source_count; i++)
		finish_source(s, &s->sources[i]);
	if (s->has_principals)
		finish_source(s, &s->principals);
	for (size_t i = 0; i < s->revoked_count; i++)
		pk_revoked_read(&s->revoked[i]);
	return 0; /* problems speak for themselves */
}

static void
free_source(struct source *x)
{
	free(x->name);
	for (size_t i = 0; i < x->file_count; i++)
		free(x->files[i]);
	for (size_t i = 0; i < x->ca_count; i++)
		free(x->ca_files[i]);
	for (size_t i = 0; i < x->pattern_count; i++)
		free(x->patterns[i]);
	for (size_t i = 0; i < x->program.count; i++)
		free(x->program.words[i]);
	free(x->program.user);
}

void
pk_settings_free(struct state *s)
{
	for (size_t i = 0; i < s->source_count; i++)
		free_source(&s->sources[i]);
	free(s->sources);
	free_source(&s->principals);
	for (size_t i = 0; i < s->ca_count; i++)
		free(s->ca_files[i]);
	for (size_t i = 0; i < s->revoked_count; i++) {
		free(s->revoked[i].path);
		krl_free(s->revoked[i].krl);
	}
	cache_free(s->cache);
}
