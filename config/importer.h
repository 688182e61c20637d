/*
 * Shared by the parts of the import.
 */
#ifndef CONFIG_IMPORTER_H
#define CONFIG_IMPORTER_H

#include "config/arena.h"
#include "config/config.h"
#include "config/problem.h"

#include <stdbool.h>
#include <stdio.h>

#define IMPORT_BLOCKS_MAX  512 /* Match blocks */
#define IMPORT_ARGS_MAX	   256
#define IMPORT_INCLUDE_MAX 16

enum word_kind {
	WORD_SERVER, /* global only, mapped */
	WORD_RULE, /* may stand in Match, mapped */
	WORD_FIXED, /* sallyport knows the one value that note is */
	WORD_OFF, /* always "no", and note says in whose place */
	WORD_IGNORED, /* without effect; note says why */
	WORD_UNSUPPORTED /* note says why */
};

struct import_word {
	const char *name; /* of an alias the other's name */
	enum word_kind kind;
	const char *note; /* for doc/MIGRATING.md and reports, in Markdown */
};

/* "Keyword arg ..." outside or inside of a Match block. */
struct directive {
	const struct import_word *word;
	char **args;
	size_t count;
	const char *rest; /* what follows the keyword, its quotes kept */
	struct origin origin;
	size_t block; /* 0: outside */
	size_t number; /* in the order of reading */
};

/* One Match line; NULL or a comma separated list. */
struct criteria {
	char *users;
	char *groups;
	char *addresses;
	char *hosts;
	char *local_addresses;
	char *local_ports;
	bool invalid_user;
};

/* A Match block, within those that its file was included from. */
struct block {
	struct criteria criteria[IMPORT_INCLUDE_MAX];
	size_t count;
	struct origin origin;
	const char *text; /* what follows "Match" */
	bool never; /* matches nobody, or cannot be said: left out */
	size_t first, directives; /* its own, in imp->directives */
};

/* Where keys, authorities and principals are found: the slots of key_sources.
 */
enum source_slot {
	SLOT_FILES, /* AuthorizedKeysFile */
	SLOT_COMMAND, /* AuthorizedKeysCommand */
	SLOT_CA, /* TrustedUserCAKeys */
	SLOT_NAMES, /* AuthorizedPrincipalsFile */
	SLOT_ASK, /* AuthorizedPrincipalsCommand */
	SLOT_COUNT
};

/* A key source of the publickey module. */
struct import_source {
	enum source_slot slot;
	const char *name;
	const struct directive *d; /* NULL: sshd's default of the files */
	const struct directive *user; /* of a command */
};

struct importer {
	struct arena *arena;
	struct problems *report;
	size_t errors; /* in the report before */
	struct origin origin; /* the file, line 0 */
	FILE *out;
	struct directive *directives;
	size_t directive_count, directive_room;
	struct block *blocks; /* 0: outside of Match */
	size_t block_count; /* with number 0 */
	struct listener *listeners;
	size_t listener_count;
	bool use_dns;
	size_t groups; /* in the match that is being written */
	size_t items; /* in the list that is being written */
	struct import_source *sources;
	size_t source_count;
};

/* ---- import_read.c ---- */

/* All directives of a file and its includes. */
int import_read(struct importer *imp, const char *path);
const struct import_word *import_find_word(const char *name);

/* ---- import.c: what a block says itself; 0 is outside of Match ---- */

/* The directive that counts there, or NULL: the first, or the last. */
const struct directive *import_first(
    const struct importer *imp, size_t block, const char *name);
const struct directive *import_last(
    const struct importer *imp, size_t block, const char *name);
/* The block's, else the one outside. */
const struct directive *import_seen(
    const struct importer *imp, size_t block, const char *name);
/* The first argument outside of Match, or the default. */
const char *import_value(
    const struct importer *imp, const char *name, const char *fallback);
/* The same as yes or no, true and false taken for these. */
bool import_is(const struct importer *imp, size_t block, const char *name,
    const char *value, const char *fallback);
/* All arguments of a keyword that grows, one after the other. */
struct strings import_all(
    const struct importer *imp, size_t block, const char *name);
/* Does a Match block say this; does anything say it with this value? */
bool import_in_block(const struct importer *imp, const char *name);
/* Are tickets accepted somewhere, with keys that are here?  import_modules.c */
bool import_kerberos(const struct importer *imp);
/* And are keys exchanged with them? */
bool import_gss_kex(const struct importer *imp);
bool import_anywhere(
    const struct importer *imp, const char *name, const char *value);
/* Append a copy of the text. */
void import_push(
    const struct importer *imp, struct strings *list, const char *text);
/* Comma separated text as a list. */
struct strings import_split(const struct importer *imp, const char *text);

void import_error(struct importer *imp, const struct origin *origin,
    const char *format, ...) __attribute__((format(printf, 3, 4)));
void import_note(struct importer *imp, const struct origin *origin,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* "key = [ "a", "b" ];" and the like; a list is a whole line. */
void import_put_strings(struct importer *imp, const char *before,
    const char *key, const struct strings *list);
void import_put_list(struct importer *imp, const char *indent, const char *key,
    const struct strings *list);
struct import_range {
	unsigned long usual; /* sshd's default */
	unsigned long least, most; /* that sallyport takes */
};

/* "key = NUMBER;" of the directive, or the default where there is none; what
 * is no number is an error, one out of range is noted. */
void import_put_number(struct importer *imp, const char *before,
    const char *key, const struct directive *d,
    const struct import_range *range);
void import_put_text(struct importer *imp, const char *indent, const char *key,
    const char *text);

/* ---- import_match.c ---- */

/* Judge each block; what cannot be said is reported and left out. */
void import_judge_blocks(struct importer *imp);
/* The groups of "match" for the block; counts them in imp->groups. */
void import_put_match(struct importer *imp, size_t block);
/* Networks of an address or host list; names are reported. */
struct strings import_networks(struct importer *imp, const char *list,
    const struct origin *origin, bool *expressible);

/* ---- import_server.c, import_modules.c, import_overlays.c ---- */

void import_listeners(struct importer *imp);
void import_server(struct importer *imp);
/* ---- import_keys.c ---- */
void import_host_keys(struct importer *imp);
void import_modules(struct importer *imp);
/* Fill imp->sources. */
void import_find_sources(struct importer *imp);
/* The grant key_sources, where the block says anything of them. */
void import_key_sources(struct importer *imp, size_t block);
/* Does a file of RevokedKeys revoke anything ("none" and /dev/null do not)? */
bool import_revokes(const char *path);
/* Overlays, guards and rules. */
void import_policy(struct importer *imp);

/* ---- import_grants.c, import_blocks.c ---- */

#define IMPORT_IN "\t  " /* before a grant */

/* Does the item for the block set what the keyword says?  0 sets all. */
bool import_says(const struct importer *imp, size_t block, const char *name);
/* The block's keywords as grants, but for those that follow. */
void import_grants(struct importer *imp, size_t block);
void import_server_grants(struct importer *imp, size_t block);
/* Keywords whose last line counts in sshd: IPQoS, StreamLocalBindMask. */
void import_qos(
    struct importer *imp, size_t block, const char *indent, bool report);
void import_unix_mask(struct importer *imp, size_t block);
void import_rekey(struct importer *imp, size_t block, const char *indent);
/* AllowUsers, DenyUsers and the same of groups; true: there was one. */
bool import_access(struct importer *imp, size_t block, bool guard);

/* ---- import_sftp.c ---- */

/* Does sshd serve this command itself ("internal-sftp ...")? */
bool import_is_internal(const char *command);
/* "COMMAND ARGS" of "Subsystem NAME COMMAND ARGS", quoted for a shell; or
 * "internal" where our own server takes its place. */
char *import_subsystem_command(
    const struct importer *imp, const struct directive *d);
void import_subsystems(struct importer *imp, size_t block);
void import_force_command(struct importer *imp, size_t block);
/* Have what Subsystem and what ForceCommand say of sftp to be kept apart? */
bool import_sftp_apart(const struct importer *imp);
/* The grants of our SFTP server, from the block's Subsystem line; false: it
 * has none. */
bool import_subsystem_options(struct importer *imp, size_t block);

/* ---- import_server.c ---- */

/* sshd's LogLevel as ours. */
const char *import_log_level(const char *level);
/* An algorithm list with + - ^ against what sallyport knows. */
struct strings import_algorithms(
    struct importer *imp, const struct directive *d, int kind, bool report);

#endif
