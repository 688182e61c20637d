/*
 * Where sshd_config finds keys, principals and revocations, as options of the
 * publickey module.  Each AuthorizedKeysFile or -Command line becomes a named
 * source; the rules say which of them count.
 */
#include "config/importer.h"
#include "config/show.h"

#include <string.h>
#include <strings.h>

static bool
is_none(const struct directive *d)
{
	return d == NULL || strcasecmp(d->args[0], "none") == 0;
}

/* "user" for the global line or the default, "files-2" for block 2. */
static const char *
source_name(const struct importer *imp, const struct directive *d,
    const char *plain, const char *numbered)
{
	if (d == NULL || d->block == 0)
		return plain;
	return arena_printf(imp->arena, "%s-%zu", numbered, d->block);
}

/* ---- authorities ---- */

static struct authority
authority_of(const struct importer *imp, uint64_t set)
{
	const struct directive *command =
	    import_first(imp, set, "authorizedprincipalscommand");
	const struct directive *file =
	    import_first(imp, set, "authorizedprincipalsfile");
	struct authority a = {
	    .keys = import_first(imp, set, "trustedusercakeys")};

	a.file = is_none(file) ? NULL : file;
	a.command = is_none(command) ? NULL : command;
	return a;
}

static const char *
authority_name(const struct importer *imp, uint64_t set)
{
	struct authority a = authority_of(imp, set);
	size_t i;

	for (i = 0; i < imp->authority_count; i++) {
		const struct authority *b = &imp->authorities[i];

		if (a.keys == b->keys && a.file == b->file &&
		    a.command == b->command)
			return b->name;
	}
	return NULL;
}

/* The global one has its place at the module's top level. */
void
import_find_authorities(struct importer *imp)
{
	size_t i;

	imp->authorities = arena_array(
	    imp->arena, imp->set_count + 1, sizeof(*imp->authorities));
	for (i = imp->set_count; i-- > 0;) { /* the empty set is the last */
		struct authority a = authority_of(imp, imp->sets[i]);

		if (is_none(a.keys) ||
		    authority_name(imp, imp->sets[i]) != NULL)
			continue;
		a.name = imp->sets[i] == 0 ?
		    "ca_keys" :
		    arena_printf(
			imp->arena, "authority-%zu", imp->authority_count);
		imp->authorities[imp->authority_count++] = a;
	}
}

struct strings
import_key_sources(const struct importer *imp, uint64_t set)
{
	const struct directive *files, *command;
	struct strings names = {0};
	const char *authority = authority_name(imp, set);

	files = import_first(imp, set, "authorizedkeysfile");
	command = import_first(imp, set, "authorizedkeyscommand");
	if (files == NULL || !is_none(files))
		import_push(
		    imp, &names, source_name(imp, files, "user", "files"));
	if (!is_none(command))
		import_push(imp, &names,
		    source_name(imp, command, "command", "command"));
	if (authority != NULL)
		import_push(imp, &names, authority);
	return names;
}

/* Only these sequences are known to the module. */
static void
check_tokens(struct importer *imp, const struct directive *d, const char *text,
    const char *known)
{
	const char *at;

	for (at = strchr(text, '%'); at != NULL; at = strchr(at + 2, '%')) {
		if (at[1] == '\0' || strchr(known, at[1]) == NULL) {
			import_error(imp, &d->origin,
			    "%s: sallyport does not "
			    "know %%%c here",
			    d->word->name, at[1]);
			return;
		}
	}
}

/* Paths without a slash in front are below the home directory. */
static struct strings
home_paths(struct importer *imp, const struct directive *d)
{
	struct strings list = {0};
	size_t i;

	for (i = 0; i < d->count; i++) {
		check_tokens(imp, d, d->args[i], "huU%");
		import_push(imp, &list,
		    d->args[i][0] == '/' || strncmp(d->args[i], "%h", 2) == 0 ?
			d->args[i] :
			arena_printf(imp->arena, "%%h/%s", d->args[i]));
	}
	return list;
}

static void
put_file_source(
    struct importer *imp, const char *name, const struct directive *d)
{
	struct strings list = {0};

	if (d != NULL) {
		list = home_paths(imp, d);
	} else {
		import_push(imp, &list, "%h/.ssh/authorized_keys");
		import_push(imp, &list, "%h/.ssh/authorized_keys2");
	}
	fprintf(imp->out, "\t\t%s = {", name);
	import_put_list(imp, " ", "file", &list);
	fputs("\t\t};\n", imp->out);
}

/* A program that decides who enters is never run by root here. */
static void
put_command_user(struct importer *imp, const struct directive *d,
    const struct directive *user)
{
	const char *name = user != NULL ? user->args[0] : NULL;

	if (name == NULL) {
		import_error(
		    imp, &d->origin, "%s: no user to run it as", d->word->name);
		return;
	}
	if (strcmp(name, "root") == 0) {
		import_note(imp, &user->origin,
		    "%s root: sallyport runs no such command as root; it runs "
		    "as nobody, see that it works so",
		    user->word->name);
		name = "nobody";
	}
	import_put_text(imp, "\t\t\t", "user", name);
}

/* "command = ...; user = ...;" */
static void
put_command(
    struct importer *imp, const struct directive *d, const char *user_word)
{
	const struct directive *user;
	struct strings words = {0};
	size_t i;

	for (i = 0; i < d->count; i++) {
		check_tokens(imp, d, d->args[i], "huUtkfisFKT%");
		import_push(imp, &words, d->args[i]);
	}
	/* sshd_config(5): without arguments it is given the user's name. */
	if (d->count == 1 &&
	    strcmp(d->word->name, "authorizedkeyscommand") == 0)
		import_push(imp, &words, "%u");
	user =
	    import_first(imp, d->block == 0 ? 0 : 1ULL << d->block, user_word);
	import_put_list(imp, " ", "command", &words);
	put_command_user(imp, d, user);
}

static void
put_command_source(struct importer *imp, const struct directive *d)
{
	fprintf(
	    imp->out, "\t\t%s = {", source_name(imp, d, "command", "command"));
	put_command(imp, d, "authorizedkeyscommanduser");
	fputs("\t\t};\n", imp->out);
}

/* Is it the line that counts among the global ones, or within its block? */
static bool
counts(const struct importer *imp, const struct directive *d)
{
	return !is_none(d) && !imp->blocks[d->block].never &&
	    import_first(
		imp, d->block == 0 ? 0 : 1ULL << d->block, d->word->name) == d;
}

static void
put_sources(struct importer *imp)
{
	struct strings names = {0};
	bool global_files = import_first(imp, 0, "authorizedkeysfile") == NULL;
	size_t i;

	for (i = 0; i < imp->authority_count; i++) {
		if (strcmp(imp->authorities[i].name, "ca_keys") != 0)
			import_push(imp, &names, imp->authorities[i].name);
	}
	if (global_files)
		import_push(imp, &names, "user");
	for (i = 0; i < imp->directive_count; i++) {
		const struct directive *d = &imp->directives[i];

		if (strcmp(d->word->name, "authorizedkeysfile") == 0 &&
		    counts(imp, d))
			import_push(
			    imp, &names, source_name(imp, d, "user", "files"));
	}
	for (i = 0; i < imp->directive_count; i++) {
		const struct directive *d = &imp->directives[i];

		if (strcmp(d->word->name, "authorizedkeyscommand") == 0 &&
		    counts(imp, d))
			import_push(imp, &names,
			    source_name(imp, d, "command", "command"));
	}
	import_put_list(imp, "\t\t", "sources", &names);
	if (global_files)
		put_file_source(imp, "user", NULL);
	for (i = 0; i < imp->directive_count; i++) {
		const struct directive *d = &imp->directives[i];

		if (!counts(imp, d))
			continue;
		if (strcmp(d->word->name, "authorizedkeysfile") == 0)
			put_file_source(
			    imp, source_name(imp, d, "user", "files"), d);
		if (strcmp(d->word->name, "authorizedkeyscommand") == 0)
			put_command_source(imp, d);
	}
}

/* Who may be named: "file = ...;", then "command = ...; user = ...;" */
static void
put_named(struct importer *imp, const struct authority *a)
{
	struct strings list;

	if (a->file != NULL) {
		list = home_paths(imp, a->file);
		import_put_list(imp, " ", "file", &list);
	}
	if (a->command != NULL)
		put_command(imp, a->command, "authorizedprincipalscommanduser");
}

static void
put_authorities(struct importer *imp)
{
	struct strings list;
	size_t i;

	for (i = 0; i < imp->authority_count; i++) {
		const struct authority *a = &imp->authorities[i];
		bool top = strcmp(a->name, "ca_keys") == 0;

		memset(&list, 0, sizeof(list));
		import_push(imp, &list, a->keys->args[0]);
		if (!top)
			fprintf(imp->out, "\t\t%s = {", a->name);
		import_put_list(imp, top ? "\t\t" : " ", "ca_keys", &list);
		if (top && (a->file != NULL || a->command != NULL))
			fputs("\t\tprincipals = {", imp->out);
		put_named(imp, a);
		if (!top || a->file != NULL || a->command != NULL)
			fputs("\t\t};\n", imp->out);
	}
}

bool
import_revokes(const char *path)
{
	return strcasecmp(path, "none") != 0 && strcmp(path, "/dev/null") != 0;
}

/* All that some login is to be checked against; the rules say which. */
static void
put_revoked(struct importer *imp)
{
	struct strings list = {0};
	size_t i, j, k;

	for (i = 0; i < imp->directive_count; i++) {
		const struct directive *d = &imp->directives[i];

		if (strcmp(d->word->name, "revokedkeys") != 0 ||
		    !counts(imp, d))
			continue;
		for (j = 0; j < d->count; j++) {
			if (!import_revokes(d->args[j]))
				continue;
			for (k = 0; k < list.count; k++) {
				if (strcmp(list.items[k], d->args[j]) == 0)
					break;
			}
			if (k == list.count)
				import_push(imp, &list, d->args[j]);
		}
	}
	if (list.count > 0)
		import_put_list(imp, "\t\t", "revoked", &list);
}

static bool
anywhere(const struct importer *imp, const char *name, const char *value)
{
	size_t i;

	for (i = 0; i < imp->directive_count; i++) {
		if (strcmp(imp->directives[i].word->name, name) == 0 &&
		    strcasecmp(imp->directives[i].args[0], value) == 0)
			return true;
	}
	return false;
}

/* The module has one setting for all; a block that differs is reported. */
static bool
hostbased_setting(struct importer *imp, const char *name, const char *usual)
{
	for (size_t i = 0; i < imp->directive_count; i++) {
		const struct directive *d = &imp->directives[i];

		if (d->block != 0 && strcmp(d->word->name, name) == 0)
			import_note(imp, &d->origin,
			    "%s: the value outside of Match holds for all",
			    d->word->name);
	}
	return !import_is(imp, 0, name, usual, usual);
}

static void
put_hostbased(struct importer *imp)
{
	fputs(",\n\t{ name = \"hostbased\"; options = {", imp->out);
	if (hostbased_setting(imp, "ignorerhosts", "yes"))
		fputs(" user_files = true;", imp->out);
	if (hostbased_setting(imp, "hostbasedusesnamefrompacketonly", "no"))
		fputs(" name_from_packet = true;", imp->out);
	fputs(" }; }", imp->out);
}

void
import_modules(struct importer *imp)
{
	fputs("\nmodules = (\n\t{ name = \"pam\"; options = { service = ",
	    imp->out);
	show_quoted(imp->out, import_value(imp, 0, "pamservicename", "sshd"),
	    SHOW_CONFIG);
	fputs("; }; },\n\t{ name = \"publickey\"; options = {\n", imp->out);
	put_sources(imp);
	put_authorities(imp);
	put_revoked(imp);
	fputs("\t}; }", imp->out);
	if (anywhere(imp, "hostbasedauthentication", "yes"))
		put_hostbased(imp);
	fputs("\n);\n", imp->out);
}
