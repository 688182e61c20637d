/*
 * Match blocks into overlays, one each, in the file's order, and an overlay for
 * everybody with the rest of the file: sshd takes for each keyword the first
 * matching block that says it, and so do overlays for each grant.  The rules
 * name root and everybody and leave all open; who may enter at all is a guard
 * unless a Match block has a say in it.
 */
#include "config/importer.h"
#include "config/show.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define IN IMPORT_IN

/* ---- AllowUsers and its like ---- */

static const struct {
	const char *word;
	const char *key;
	bool users;
} access_words[] = {{"denyusers", "deny_users", true},
    {"allowusers", "allow_users", true}, {"denygroups", "deny_groups", false},
    {"allowgroups", "allow_groups", false}};

#define ACCESS_WORDS (sizeof(access_words) / sizeof(access_words[0]))

/* "USER@HOST" with the host as networks; NULL when nobody comes from there. */
static const char *
login_entry(
    struct importer *imp, const char *entry, const struct origin *origin)
{
	const char *at = strrchr(entry, '@');
	bool expressible = true;
	struct strings networks;
	char *text;
	size_t i;

	if (entry[0] == '!' || at == entry)
		return NULL; /* to sshd it is a letter of a name */
	if (at == NULL)
		return entry;
	networks = import_networks(imp, at + 1, origin, &expressible);
	if (networks.count == 0)
		return NULL;
	text = arena_strndup(imp->arena, entry, (size_t)(at - entry) + 1);
	for (i = 0; i < networks.count; i++)
		text = arena_printf(imp->arena, "%s%s%s", text,
		    i > 0 ? "," : "", networks.items[i]);
	return text;
}

static void
put_access(struct importer *imp, size_t block, size_t word)
{
	const char *name = access_words[word].word;
	const struct directive *d = import_first(imp, block, name);
	struct strings entries, list = {0};
	const char *entry;
	size_t i;

	if (d == NULL)
		return;
	entries = import_all(imp, block, name);
	for (i = 0; i < entries.count; i++) {
		entry = access_words[word].users ?
		    login_entry(imp, entries.items[i], &d->origin) :
		    entries.items[i];
		if (entry == NULL || entry[0] == '!')
			continue;
		import_push(imp, &list,
		    arena_printf(
			imp->arena, "%s%s", block != 0 ? "+" : "", entry));
	}
	import_put_list(imp, IN, access_words[word].key, &list);
}

/* A keyword that no Match block has holds for all and is a guard's. */
bool
import_access(struct importer *imp, size_t block, bool guard)
{
	bool any = false;
	size_t i;

	for (i = 0; i < ACCESS_WORDS; i++) {
		const char *name = access_words[i].word;

		if (import_first(imp, block, name) == NULL ||
		    guard == import_in_block(imp, name))
			continue;
		put_access(imp, block, i);
		any = true;
	}
	return any;
}

/* ---- items ---- */

/* The line of the Match block, as a comment. */
static void
put_comment(struct importer *imp, const struct block *block)
{
	const char *p;

	fprintf(imp->out, "\t# %s:%u: Match ", block->origin.file,
	    block->origin.line);
	for (p = block->text; *p != '\0'; p++)
		fputc(isprint((unsigned char)*p) ? *p : '?', imp->out);
	fputs("\n", imp->out);
}

/* "{ name = ...; match = ...;", up to the first grant. */
static void
begin_item(struct importer *imp, size_t block, const char *suffix)
{
	FILE *out = imp->out;
	char *match = NULL;
	size_t size = 0;

	fputs(imp->items++ > 0 ? ",\n" : "", out);
	if (block == 0) {
		fprintf(out, "\t{ name = \"sshd%s\";\n", suffix);
		return;
	}
	put_comment(imp, &imp->blocks[block]);
	fprintf(out, "\t{ name = \"match-%zu%s\";\n", block, suffix);
	imp->groups = 0;
	imp->out = open_memstream(&match, &size);
	import_put_match(imp, block);
	fclose(imp->out);
	imp->out = out;
	if (imp->groups == 1)
		fprintf(out, IN "match =%s;\n", match);
	else if (imp->groups > 1) /* an empty match is an error */
		fprintf(out, IN "match = (%s );\n", match);
	free(match);
}

static void
end_item(struct importer *imp)
{
	fputs("\t}", imp->out);
}

static bool
is_used(const struct importer *imp, size_t block)
{
	return !imp->blocks[block].never && imp->blocks[block].directives > 0;
}

/* An item with nothing in it would be an error: it is not written. */
static void
put_item(struct importer *imp, size_t block, const char *suffix,
    void (*put)(struct importer *, size_t))
{
	FILE *out = imp->out;
	char *grants = NULL;
	size_t size = 0;

	imp->out = open_memstream(&grants, &size);
	put(imp, block);
	fclose(imp->out);
	imp->out = out;
	if (size > 0) {
		begin_item(imp, block, suffix);
		fputs(grants, out);
		end_item(imp);
	}
	free(grants);
}

/* ---- keywords whose last line counts ---- */

static void
put_qos(struct importer *imp, size_t block)
{
	import_qos(imp, block, IN, false);
}

static const struct {
	const char *word;
	const char *suffix;
	void (*put)(struct importer *, size_t);
} last_words[] = {{"ipqos", "-qos", put_qos},
    {"streamlocalbindmask", "-mask", import_unix_mask}};

#define LAST_WORDS (sizeof(last_words) / sizeof(last_words[0]))

static bool
in_several_blocks(const struct importer *imp, const char *name)
{
	size_t i, count = 0;

	for (i = 1; i < imp->block_count; i++) {
		if (is_used(imp, i) && import_first(imp, i, name) != NULL)
			count++;
	}
	return count > 1;
}

/* sshd lets the last matching block have it: the last comes first here. */
static void
put_last_words(struct importer *imp)
{
	size_t i, block;

	for (i = 0; i < LAST_WORDS; i++) {
		if (!in_several_blocks(imp, last_words[i].word))
			continue;
		for (block = imp->block_count; block-- > 1;) {
			if (is_used(imp, block) &&
			    import_first(imp, block, last_words[i].word) !=
				NULL)
				put_item(imp, block, last_words[i].suffix,
				    last_words[i].put);
		}
	}
}

/* ---- all ---- */

static void
put_grants(struct importer *imp, size_t block)
{
	size_t i;

	(void)import_access(imp, block, false);
	import_grants(imp, block);
	for (i = 0; i < LAST_WORDS; i++) {
		const char *name = last_words[i].word;

		if (block != 0 ? import_first(imp, block, name) != NULL &&
			    !in_several_blocks(imp, name) :
				 strcmp(name, "streamlocalbindmask") == 0)
			last_words[i].put(imp, block);
	}
	if (block == 0)
		fputs(IN "command_restricts = false;\n", imp->out);
}

static void
put_subsystem_options(struct importer *imp, size_t block)
{
	(void)import_subsystem_options(imp, block);
}

/*
 * The options of "Subsystem sftp internal-sftp" hold for whom no ForceCommand
 * has: behind all that have one.
 */
static void
put_sftp_apart(struct importer *imp)
{
	size_t i;

	if (import_first(imp, 0, "forcecommand") != NULL)
		put_item(imp, 0, "-command", import_force_command);
	for (i = 1; i < imp->block_count; i++) {
		if (is_used(imp, i) &&
		    import_first(imp, i, "subsystem") != NULL)
			put_item(imp, i, "-sftp", put_subsystem_options);
	}
	put_item(imp, 0, "-sftp", put_subsystem_options);
}

static void
put_overlays(struct importer *imp)
{
	size_t i;

	fputs("\n# For each setting the first that matches counts.\n"
	      "overlays = (\n",
	    imp->out);
	imp->items = 0;
	put_last_words(imp);
	for (i = 1; i < imp->block_count; i++) {
		if (is_used(imp, i))
			put_item(imp, i, "", put_grants);
	}
	if (import_sftp_apart(imp))
		put_sftp_apart(imp);
	put_item(imp, 0, "", put_grants);
	fputs("\n);\n", imp->out);
}

static void
put_guard(struct importer *imp)
{
	FILE *out = imp->out;
	char *lists = NULL;
	size_t size = 0;
	bool any;

	imp->out = open_memstream(&lists, &size);
	any = import_access(imp, 0, true);
	fclose(imp->out);
	imp->out = out;
	if (any)
		fprintf(out,
		    "\nguards = (\n\t{ name = \"access\";\n%s\t}\n);\n", lists);
	free(lists);
}

void
import_policy(struct importer *imp)
{
	put_overlays(imp);
	put_guard(imp);
	fputs("\nrules = (\n"
	      "\t{ name = \"root\"; match = { user = \"root\"; }; },\n"
	      "\t{ name = \"everybody\"; }\n"
	      ");\n",
	    imp->out);
}
