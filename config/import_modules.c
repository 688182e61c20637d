/*
 * Where sshd_config finds keys, principals and revocations, as options of the
 * publickey module.  Each AuthorizedKeysFile or -Command line becomes a named
 * source; the rules say which of them count.
 */
#include "config/importer.h"
#include "config/show.h"

#include <string.h>
#include <strings.h>

static void
push(const struct importer *imp, struct strings *list, const char *text)
{
	if (list->count % 16 == 0)
		list->items = arena_grow(imp->arena, list->items, list->count,
		    list->count + 16, sizeof(*list->items));
	list->items[list->count++] = arena_strdup(imp->arena, text);
}

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

struct strings
import_key_sources(const struct importer *imp, uint64_t set)
{
	const struct directive *files, *command, *authorities;
	struct strings names = {0};

	files = import_first(imp, set, "authorizedkeysfile");
	command = import_first(imp, set, "authorizedkeyscommand");
	authorities = import_first(imp, set, "trustedusercakeys");
	if (files == NULL || !is_none(files))
		push(imp, &names, source_name(imp, files, "user", "files"));
	if (!is_none(command))
		push(imp, &names,
		    source_name(imp, command, "command", "command"));
	if (!is_none(authorities))
		push(imp, &names, "ca_keys");
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
		push(imp, &list,
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
		push(imp, &list, "%h/.ssh/authorized_keys");
		push(imp, &list, "%h/.ssh/authorized_keys2");
	}
	fprintf(imp->out, "\t\t%s = {", name);
	import_put_list(imp, " ", "file", &list);
	fputs("\t\t};\n", imp->out);
}

static void
put_command_source(struct importer *imp, const char *name,
    const struct directive *d, const char *user_word)
{
	const struct directive *user;
	struct strings words = {0};
	size_t i;

	for (i = 0; i < d->count; i++) {
		check_tokens(imp, d, d->args[i], "huUtkf%");
		push(imp, &words, d->args[i]);
	}
	user =
	    import_first(imp, d->block == 0 ? 0 : 1ULL << d->block, user_word);
	fprintf(imp->out, "\t\t%s = {", name);
	import_put_list(imp, " ", "command", &words);
	if (user != NULL)
		import_put_text(imp, "\t\t\t", "user", user->args[0]);
	else
		import_error(
		    imp, &d->origin, "%s: no user to run it as", d->word->name);
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

	if (global_files)
		push(imp, &names, "user");
	for (i = 0; i < imp->directive_count; i++) {
		const struct directive *d = &imp->directives[i];

		if (strcmp(d->word->name, "authorizedkeysfile") == 0 &&
		    counts(imp, d))
			push(imp, &names, source_name(imp, d, "user", "files"));
	}
	for (i = 0; i < imp->directive_count; i++) {
		const struct directive *d = &imp->directives[i];

		if (strcmp(d->word->name, "authorizedkeyscommand") == 0 &&
		    counts(imp, d))
			push(imp, &names,
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
			put_command_source(imp,
			    source_name(imp, d, "command", "command"), d,
			    "authorizedkeyscommanduser");
	}
}

static void
put_authorities(struct importer *imp)
{
	struct strings list = {0};
	size_t i;

	for (i = 0; i < imp->directive_count; i++) {
		const struct directive *d = &imp->directives[i];

		if (strcmp(d->word->name, "trustedusercakeys") != 0 ||
		    !counts(imp, d))
			continue;
		if (list.count > 0 && strcmp(list.items[0], d->args[0]) != 0)
			import_error(imp, &d->origin,
			    "TrustedUserCAKeys %s: "
			    "sallyport trusts one set of authorities for all "
			    "rules (name them by fingerprint in key_cas)",
			    d->args[0]);
		else if (list.count == 0)
			push(imp, &list, d->args[0]);
	}
	if (list.count > 0)
		import_put_list(imp, "\t\t", "ca_keys", &list);
}

static void
put_principals(struct importer *imp)
{
	const struct directive *file, *command;
	struct strings list;

	file = import_first(imp, 0, "authorizedprincipalsfile");
	command = import_first(imp, 0, "authorizedprincipalscommand");
	if (!is_none(file) && !is_none(command))
		import_error(imp, &command->origin,
		    "AuthorizedPrincipals"
		    "Command beside AuthorizedPrincipalsFile: sallyport asks "
		    "one of them");
	if (!is_none(file)) {
		list = home_paths(imp, file);
		fputs("\t\tprincipals = {", imp->out);
		import_put_list(imp, " ", "file", &list);
		fputs("\t\t};\n", imp->out);
	} else if (!is_none(command)) {
		put_command_source(imp, "principals", command,
		    "authorizedprincipalscommanduser");
	}
}

static void
put_revoked(struct importer *imp)
{
	const struct directive *d = import_first(imp, 0, "revokedkeys");
	struct strings list = {0};
	size_t i;

	for (i = 0; !is_none(d) && i < d->count; i++)
		push(imp, &list, d->args[i]);
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
	put_principals(imp);
	put_revoked(imp);
	fputs("\t}; }", imp->out);
	if (anywhere(imp, "hostbasedauthentication", "yes"))
		fputs(",\n\t{ name = \"hostbased\"; }", imp->out);
	fputs("\n);\n", imp->out);
}
