/*
 * What sshd_config may say in a Match block of the server's own matters:
 * rekeying, DSCP, X11's displays, subsystems, and what certificates and keys
 * must bear.  Written as grants, and only when some block says it: else the
 * value at the top level is everybody's.
 */
#include "config/algorithms.h"
#include "config/importer.h"
#include "config/parse.h"
#include "config/show.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define IN "\t  "

bool
import_in_block(const struct importer *imp, const char *name)
{
	size_t i;

	for (i = 0; i < imp->directive_count; i++) {
		const struct directive *d = &imp->directives[i];

		if (d->block != 0 && strcmp(d->word->name, name) == 0 &&
		    !imp->blocks[d->block].never)
			return true;
	}
	return false;
}

/* ---- rekeying ---- */

#define REKEY_MOST  (7 * 86400) /* what config/options.c takes */
#define REKEY_LEAST 65536

static void
put_rekey_bytes(struct importer *imp, const struct directive *d, uint64_t value,
    const char *indent)
{
	if (value < REKEY_LEAST) {
		import_note(imp, &d->origin,
		    "RekeyLimit %s: sallyport rekeys after 64K at the earliest",
		    d->args[0]);
		value = REKEY_LEAST;
	}
	fprintf(imp->out, "%srekey_bytes = %lluL;\n", indent,
	    (unsigned long long)value);
}

void
import_rekey(struct importer *imp, uint64_t set, const char *indent)
{
	const struct directive *d = import_first(imp, set, "rekeylimit");
	uint64_t value, seconds = 0;

	if (d == NULL) {
		fprintf(imp->out, "%srekey_seconds = \"none\";\n", indent);
		return;
	}
	if (d->count > 1 && strcasecmp(d->args[1], "none") != 0)
		(void)parse_time(d->args[1], &seconds);
	if (strcasecmp(d->args[0], "default") != 0 &&
	    strcasecmp(d->args[0], "none") != 0 &&
	    parse_size(d->args[0], &value) == NULL)
		put_rekey_bytes(imp, d, value, indent);
	if (seconds == 0)
		fprintf(imp->out, "%srekey_seconds = \"none\";\n", indent);
	else if (seconds > REKEY_MOST)
		fprintf(
		    imp->out, "%srekey_seconds = %d;\n", indent, REKEY_MOST);
	else
		import_put_text(imp, indent, "rekey_seconds", d->args[1]);
}

/* ---- DSCP ---- */

/* The old ToS names and numbers, as ssh_config(5) has them, are no classes. */
void
import_qos(struct importer *imp, uint64_t set, const char *indent, bool report)
{
	static const char known[] =
	    " af11 af12 af13 af21 af22 af23 af31 af32 "
	    "af33 af41 af42 af43 cs0 cs1 cs2 cs3 cs4 cs5 cs6 cs7 ef le none ";
	const struct directive *d = import_last(imp, set, "ipqos");
	size_t i;

	for (i = 0; d != NULL && i < 2; i++) {
		const char *word = d->args[i < d->count ? i : 0];

		if (strstr(known, arena_printf(imp->arena, " %s ", word)) !=
		    NULL)
			import_put_text(imp, indent,
			    i == 0 ? "ip_qos_interactive" : "ip_qos_bulk",
			    word);
		else if (report)
			import_note(
			    imp, &d->origin, "IPQoS %s: DSCP names only", word);
	}
}

/* ---- subsystems ---- */

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

char *
import_subsystem_line(const struct importer *imp, const struct directive *d)
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
	char *command = import_subsystem_line(imp, d);

	if (strcmp(d->args[0], "sftp") == 0 &&
	    (import_is_internal(command) ||
		strstr(command, "/sftp-server") != NULL))
		return arena_strdup(imp->arena, "internal");
	return command;
}

static bool
counts(const struct directive *d, uint64_t set)
{
	return strcmp(d->word->name, "subsystem") == 0 && d->count > 1 &&
	    (d->block == 0 ? set == 0 : (set & 1ULL << d->block) != 0);
}

/* The set, or 0 when none of its blocks has one: then the global list is. */
static uint64_t
subsystem_set(const struct importer *imp, uint64_t set)
{
	size_t i;

	for (i = 0; i < imp->directive_count; i++) {
		if (set != 0 && counts(&imp->directives[i], set))
			return set;
	}
	return 0;
}

static const struct directive *
subsystem_of(const struct importer *imp, uint64_t set, const char *name)
{
	size_t i;

	for (i = 0; i < imp->directive_count; i++) {
		const struct directive *d = &imp->directives[i];

		if (counts(d, set) && strcmp(d->args[0], name) == 0)
			return d;
	}
	return NULL;
}

/* ForceCommand internal-sftp: ours serves sftp, whatever Subsystem names. */
static bool
sftp_is_forced(const struct importer *imp, uint64_t set)
{
	const struct directive *d = import_first(imp, set, "forcecommand");

	return d != NULL && import_is_internal(d->rest);
}

/* A block that has one takes the place of the whole global list. */
static void
put_subsystems(struct importer *imp, uint64_t set)
{
	struct strings list = {0}, names = {0};
	size_t i;

	if (subsystem_set(imp, set) == 0)
		return;
	for (i = 0; i < imp->directive_count; i++) {
		const struct directive *d = &imp->directives[i];

		if (!counts(d, set) || subsystem_of(imp, set, d->args[0]) != d)
			continue;
		import_push(imp, &names, d->args[0]);
		import_push(imp, &list,
		    arena_printf(imp->arena, "%s=%s", d->args[0],
			strcmp(d->args[0], "sftp") == 0 &&
				sftp_is_forced(imp, set) ?
			    "internal" :
			    import_subsystem_command(imp, d)));
	}
	import_put_list(imp, IN, "subsystems", &names);
	import_put_list(imp, IN, "subsystem_commands", &list);
}

const struct directive *
import_sftp(const struct importer *imp, uint64_t set)
{
	return subsystem_of(imp, subsystem_set(imp, set), "sftp");
}

/* ---- certificates and revocation ---- */

static void
put_ca_algorithms(struct importer *imp, uint64_t set)
{
	const struct directive *d =
	    import_first(imp, set, "casignaturealgorithms");
	struct strings list = {0};

	if (d != NULL)
		list = import_algorithms(imp, d, ALGORITHM_CA, false);
	else
		import_push(imp, &list, "*");
	import_put_list(imp, IN, "key_ca_algorithms", &list);
}

static void
put_revoked(struct importer *imp, uint64_t set)
{
	const struct directive *d = import_first(imp, set, "revokedkeys");
	struct strings list = {0};
	size_t i;

	for (i = 0; d != NULL && i < d->count; i++) {
		if (import_revokes(d->args[i]))
			import_push(imp, &list, d->args[i]);
	}
	import_put_list(imp, IN, "key_revoked", &list);
}

void
import_block_grants(struct importer *imp, uint64_t set)
{
	if (import_in_block(imp, "rekeylimit"))
		import_rekey(imp, set, IN);
	if (import_in_block(imp, "ipqos"))
		import_qos(imp, set, IN, false);
	if (import_in_block(imp, "x11displayoffset"))
		fprintf(imp->out, IN "x11_display_offset = %s;\n",
		    import_value(imp, set, "x11displayoffset", "10"));
	if (import_in_block(imp, "casignaturealgorithms"))
		put_ca_algorithms(imp, set);
	if (import_in_block(imp, "revokedkeys"))
		put_revoked(imp, set);
	put_subsystems(imp, set);
}
