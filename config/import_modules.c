/*
 * Where sshd_config finds keys, principals and revocations, as options of the
 * publickey module.  Each AuthorizedKeysFile or -Command line becomes a named
 * source; the overlays say by key_sources which of them count.
 */
#include "config/importer.h"
#include "config/show.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

#define KEYTAB "/etc/krb5.keytab"

static bool
is_none(const struct directive *d)
{
	return d == NULL || strcasecmp(d->args[0], "none") == 0;
}

/* ---- what there is ---- */

static const struct {
	const char *slot; /* in key_sources */
	const char *word;
	const char *user_word; /* as whom a command runs, or NULL */
	const char *name; /* of the source outside of Match */
	const char *numbered; /* of those in Match blocks */
} slots[SLOT_COUNT] = {
    [SLOT_FILES] = {"files", "authorizedkeysfile", NULL, "user", "files"},
    [SLOT_COMMAND] = {"command", "authorizedkeyscommand",
	"authorizedkeyscommanduser", "command", "command"},
    [SLOT_CA] = {"ca", "trustedusercakeys", NULL, "ca", "ca"},
    [SLOT_NAMES] = {"names", "authorizedprincipalsfile", NULL, "names",
	"names"},
    [SLOT_ASK] = {"ask", "authorizedprincipalscommand",
	"authorizedprincipalscommanduser", "ask", "ask"}};

/* May a certificate's key stand at the module's top level, for all? */
static bool
is_of_authority(enum source_slot slot)
{
	return slot == SLOT_CA || slot == SLOT_NAMES || slot == SLOT_ASK;
}

static bool
authorities_differ(const struct importer *imp)
{
	return import_in_block(imp, slots[SLOT_CA].word) ||
	    import_in_block(imp, slots[SLOT_NAMES].word) ||
	    import_in_block(imp, slots[SLOT_ASK].word) ||
	    import_in_block(imp, slots[SLOT_ASK].user_word);
}

/* Does the block say anything of the slot? */
static bool
touches(const struct importer *imp, size_t block, enum source_slot slot)
{
	return block == 0 ||
	    import_first(imp, block, slots[slot].word) != NULL ||
	    (slots[slot].user_word != NULL &&
		import_first(imp, block, slots[slot].user_word) != NULL);
}

static bool
same_args(const struct directive *a, const struct directive *b)
{
	size_t i;

	if (a == NULL || b == NULL || a->count != b->count)
		return a == b;
	for (i = 0; i < a->count; i++) {
		if (strcmp(a->args[i], b->args[i]) != 0)
			return false;
	}
	return true;
}

/* The slot as the block has it; false: nothing is to be found there. */
static bool
source_of(const struct importer *imp, size_t block, enum source_slot slot,
    struct import_source *source)
{
	memset(source, 0, sizeof(*source));
	source->slot = slot;
	source->d = import_seen(imp, block, slots[slot].word);
	if (slots[slot].user_word != NULL)
		source->user = import_seen(imp, block, slots[slot].user_word);
	return source->d == NULL ? slot == SLOT_FILES : !is_none(source->d);
}

static const struct import_source *
find_source(const struct importer *imp, const struct import_source *wanted)
{
	size_t i;

	for (i = 0; i < imp->source_count; i++) {
		const struct import_source *s = &imp->sources[i];

		if (s->slot == wanted->slot && same_args(s->d, wanted->d) &&
		    same_args(s->user, wanted->user))
			return s;
	}
	return NULL;
}

static void
add_source(struct importer *imp, size_t block, enum source_slot slot)
{
	struct import_source source;

	if (imp->blocks[block].never || !touches(imp, block, slot) ||
	    !source_of(imp, block, slot, &source) ||
	    find_source(imp, &source) != NULL)
		return;
	source.name = block == 0 ?
	    slots[slot].name :
	    arena_printf(imp->arena, "%s-%zu", slots[slot].numbered, block);
	imp->sources[imp->source_count++] = source;
}

/* In the order in which sshd asks them. */
void
import_find_sources(struct importer *imp)
{
	static const enum source_slot order[] = {
	    SLOT_CA, SLOT_FILES, SLOT_COMMAND, SLOT_NAMES, SLOT_ASK};
	size_t i, block;

	imp->sources = arena_array(
	    imp->arena, SLOT_COUNT * imp->block_count, sizeof(*imp->sources));
	for (i = 0; i < SLOT_COUNT; i++) {
		if (is_of_authority(order[i]) && !authorities_differ(imp))
			continue;
		for (block = 0; block < imp->block_count; block++)
			add_source(imp, block, order[i]);
	}
}

static bool
has_ca(const struct importer *imp)
{
	return !is_none(import_first(imp, 0, slots[SLOT_CA].word));
}

void
import_key_sources(struct importer *imp, size_t block)
{
	struct strings list = {0};
	struct import_source source;
	const char *name;
	enum source_slot slot;

	for (slot = 0; slot < SLOT_COUNT; slot++) {
		if (is_of_authority(slot) && !authorities_differ(imp))
			continue;
		if (!touches(imp, block, slot))
			continue;
		name = source_of(imp, block, slot, &source) ?
		    find_source(imp, &source)->name :
		    "none";
		if (block != 0 || strcmp(name, "none") != 0)
			import_push(imp, &list,
			    arena_printf(
				imp->arena, "+%s=%s", slots[slot].slot, name));
	}
	if (block == 0 && has_ca(imp) && !authorities_differ(imp))
		import_push(imp, &list, "+ca=ca_keys");
	if (block == 0 &&
	    import_anywhere(imp, "hostbasedauthentication", "yes"))
		import_push(imp, &list, "+hostbased=hostbased");
	if (list.count > 0 || block == 0)
		import_put_list(imp, IMPORT_IN, "key_sources", &list);
}

/* ---- how they are written ---- */

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
put_command(struct importer *imp, const struct directive *d,
    const struct directive *user)
{
	struct strings words = {0};
	size_t i;

	for (i = 0; i < d->count; i++) {
		check_tokens(imp, d, d->args[i], "huUtkfisFKT%");
		import_push(imp, &words, d->args[i]);
	}
	/* sshd_config(5): without arguments it is given the user's name. */
	if (d->count == 1 &&
	    strcasecmp(d->word->name, "authorizedkeyscommand") == 0)
		import_push(imp, &words, "%u");
	import_put_list(imp, " ", "command", &words);
	put_command_user(imp, d, user);
}

static void
put_source(struct importer *imp, const struct import_source *source)
{
	struct strings list = {0};

	if (source->slot == SLOT_FILES) {
		put_file_source(imp, source->name, source->d);
		return;
	}
	fprintf(imp->out, "\t\t%s = {", source->name);
	if (source->slot == SLOT_NAMES || source->slot == SLOT_ASK)
		fputs(" principals = true;", imp->out);
	if (source->slot == SLOT_CA) {
		import_push(imp, &list, source->d->args[0]);
		import_put_list(imp, " ", "ca_keys", &list);
	} else if (source->slot == SLOT_NAMES) {
		list = home_paths(imp, source->d);
		import_put_list(imp, " ", "file", &list);
	} else {
		put_command(imp, source->d, source->user);
	}
	fputs("\t\t};\n", imp->out);
}

static void
put_sources(struct importer *imp)
{
	struct strings names = {0};
	size_t i;

	for (i = 0; i < imp->source_count; i++)
		import_push(imp, &names, imp->sources[i].name);
	/* A module without any would look into the usual files. */
	import_put_list(imp, "\t\t", "sources", &names);
	for (i = 0; i < imp->source_count; i++)
		put_source(imp, &imp->sources[i]);
}

/* The authority that is the same for all. */
static void
put_authority(struct importer *imp)
{
	const struct directive *ca = import_first(imp, 0, slots[SLOT_CA].word);
	struct import_source file, command;
	bool has_file = source_of(imp, 0, SLOT_NAMES, &file);
	bool has_command = source_of(imp, 0, SLOT_ASK, &command);
	struct strings list = {0};

	if (is_none(ca) || authorities_differ(imp))
		return;
	import_push(imp, &list, ca->args[0]);
	import_put_list(imp, "\t\t", "ca_keys", &list);
	if (!has_file && !has_command)
		return;
	fputs("\t\tprincipals = {", imp->out);
	if (has_file) {
		list = home_paths(imp, file.d);
		import_put_list(imp, " ", "file", &list);
	}
	if (has_command)
		put_command(imp, command.d, command.user);
	fputs("\t\t};\n", imp->out);
}

bool
import_revokes(const char *path)
{
	return strcasecmp(path, "none") != 0 && strcmp(path, "/dev/null") != 0;
}

/* All that some login is to be checked against; overlays say which. */
static void
put_revoked(struct importer *imp)
{
	struct strings list = {0};
	size_t i, j, k;

	for (i = 0; i < imp->directive_count; i++) {
		const struct directive *d = &imp->directives[i];

		if (strcasecmp(d->word->name, "revokedkeys") != 0 ||
		    imp->blocks[d->block].never ||
		    import_first(imp, d->block, "revokedkeys") != d)
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

/* The module has one setting for all; a block that differs is reported. */
static bool
hostbased_setting(struct importer *imp, const char *name, const char *usual)
{
	for (size_t i = 0; i < imp->directive_count; i++) {
		const struct directive *d = &imp->directives[i];

		if (d->block != 0 && strcasecmp(d->word->name, name) == 0)
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

/* Without a keytab sshd offers the method and can do nothing with it. */
bool
import_kerberos(const struct importer *imp)
{
	return import_anywhere(imp, "gssapiauthentication", "yes") &&
	    access(KEYTAB, F_OK) == 0;
}

bool
import_gss_kex(const struct importer *imp)
{
	return import_kerberos(imp) &&
	    import_is(imp, 0, "gssapikeyexchange", "yes", "no");
}

/* Here one grant covers both methods; sshd's keyword is that of one. */
static void
note_gss_kex(struct importer *imp)
{
	const struct directive *d;
	size_t i;

	if (!import_is(imp, 0, "gssapikeyexchange", "yes", "no"))
		return;
	d = import_first(imp, 0, "gssapikeyexchange");
	if (!import_anywhere(imp, "gssapiauthentication", "yes"))
		import_note(imp, &d->origin,
		    "%s: without GSSAPIAuthentication: left out",
		    d->word->name);
	for (i = 0; import_gss_kex(imp) && i < imp->directive_count; i++) {
		d = &imp->directives[i];
		if (strcasecmp(d->word->name, "gssapiauthentication") == 0 &&
		    strcasecmp(d->args[0], "no") == 0)
			import_note(imp, &d->origin,
			    "%s no: gssapi-keyex is refused there, too",
			    d->word->name);
	}
}

static void
put_kerberos_settings(struct importer *imp)
{
	bool strict =
	    import_is(imp, 0, "gssapistrictacceptorcheck", "yes", "yes");
	bool exchange = import_gss_kex(imp);

	if (strict && !exchange)
		return;
	fputs("kerberos = {", imp->out);
	if (!strict)
		fputs(" strict_acceptor = false;", imp->out);
	if (exchange)
		fputs(" key_exchange = true;", imp->out);
	fputs(" };\n", imp->out);
}

static void
note_kerberos(struct importer *imp)
{
	const struct directive *d;
	size_t i;

	for (i = 0; i < imp->directive_count; i++) {
		d = &imp->directives[i];
		if (strcasecmp(d->word->name, "gssapiauthentication") != 0 ||
		    !import_anywhere(imp, d->word->name, "yes"))
			continue;
		import_note(imp, &d->origin,
		    import_kerberos(imp) ?
			"%s: needs the package sallyport-gssapi" :
			"%s: there is no " KEYTAB ": left out",
		    d->word->name);
		return;
	}
}

/* sshd's words that become options of the module: if the tighter value stands
 * anywhere, it is of all users. */
static const struct {
	const char *keyword, *tight, *option;
} kerberos_options[] = {{"kerberosusekuserok", "no", "k5login = false;"},
    {"gssapienablek5users", "yes", "k5users = true;"}};

static void
note_for_all(struct importer *imp, const char *keyword)
{
	const struct directive *d;

	for (size_t i = 0; i < imp->directive_count; i++) {
		d = &imp->directives[i];
		if (strcasecmp(d->word->name, keyword) == 0 && d->block != 0)
			import_note(imp, &d->origin, "%s: is of all users here",
			    d->word->name);
	}
}

static void
put_kerberos(struct importer *imp)
{
	const char *between = "; options = {";

	fputs(",\n\t{ name = \"gssapi\"", imp->out);
	for (size_t i = 0; i < 2; i++) {
		if (!import_anywhere(imp, kerberos_options[i].keyword,
			kerberos_options[i].tight))
			continue;
		fprintf(imp->out, "%s %s", between, kerberos_options[i].option);
		between = "";
		note_for_all(imp, kerberos_options[i].keyword);
	}
	fputs(*between != '\0' ? "; }" : " }; }", imp->out);
}

void
import_modules(struct importer *imp)
{
	fputs("\nmodules = (\n\t{ name = \"pam\"; options = { service = ",
	    imp->out);
	show_quoted(
	    imp->out, import_value(imp, "pamservicename", "sshd"), SHOW_CONFIG);
	fputs("; }; },\n\t{ name = \"publickey\"; options = {\n", imp->out);
	put_sources(imp);
	put_authority(imp);
	put_revoked(imp);
	fputs("\t}; }", imp->out);
	if (import_anywhere(imp, "hostbasedauthentication", "yes"))
		put_hostbased(imp);
	note_kerberos(imp);
	note_gss_kex(imp);
	if (import_kerberos(imp))
		put_kerberos(imp);
	fputs("\n);\n", imp->out);
	if (import_kerberos(imp))
		put_kerberos_settings(imp);
}
