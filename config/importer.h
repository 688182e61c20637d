/*
 * What the parts of the import share.
 */
#ifndef CONFIG_IMPORTER_H
#define CONFIG_IMPORTER_H

#include "config/arena.h"
#include "config/config.h"
#include "config/problem.h"

#include <stdbool.h>
#include <stdio.h>

#define IMPORT_BLOCKS_MAX  63 /* Match blocks: bits of a set */
#define IMPORT_SETS_MAX	   256
#define IMPORT_ARGS_MAX	   256
#define IMPORT_INCLUDE_MAX 16

enum word_kind {
	WORD_SERVER, /* global only, mapped */
	WORD_RULE, /* may stand in Match, mapped */
	WORD_FIXED, /* sallyport knows the one value in note */
	WORD_IGNORED, /* without effect; note says why */
	WORD_UNSUPPORTED /* note says why */
};

struct import_word {
	const char *name; /* lower case; an alias has the other's name */
	enum word_kind kind;
	const char *note;
};

/* "Keyword arg ..." outside or inside of a Match block. */
struct directive {
	const struct import_word *word;
	char **args;
	size_t count;
	const char *rest; /* what follows the keyword, its quotes kept */
	struct origin origin;
	size_t block; /* 0: outside */
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
	bool never; /* matches nobody, or cannot be said: left out */
};

struct authority;

struct importer {
	struct arena *arena;
	struct problems *report;
	FILE *out;
	struct directive *directives;
	size_t directive_count;
	struct block blocks[IMPORT_BLOCKS_MAX + 1]; /* 0 is unused */
	size_t block_count; /* with number 0 */
	struct listener *listeners;
	size_t listener_count;
	bool use_dns;
	size_t rule_count; /* written so far */
	size_t groups; /* in the match that is being written */
	uint64_t sets[IMPORT_SETS_MAX]; /* of blocks that can match together */
	size_t set_count;
	struct authority *authorities;
	size_t authority_count;
};

/* TrustedUserCAKeys with the principals that go with it in some set. */
struct authority {
	const struct directive *keys, *file, *command; /* or NULL */
	const char *name; /* of the key source */
};

/* ---- import_read.c ---- */

/* All directives of a file and its includes. */
int import_read(struct importer *imp, const char *path);
const struct import_word *import_find_word(const char *name);

/* ---- import.c: what holds for a set of Match blocks (bit n: block n) ---- */

/* The directive that counts: of the set, else of the global part; or NULL. */
const struct directive *import_first(
    const struct importer *imp, uint64_t set, const char *name);
const struct directive *import_last(
    const struct importer *imp, uint64_t set, const char *name);
/* Its only argument, or the default. */
const char *import_value(const struct importer *imp, uint64_t set,
    const char *name, const char *fallback);
bool import_is(const struct importer *imp, uint64_t set, const char *name,
    const char *value, const char *fallback);
/* All arguments of a keyword that grows, one after the other. */
struct strings import_all(
    const struct importer *imp, uint64_t set, const char *name);
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
void import_put_text(struct importer *imp, const char *indent, const char *key,
    const char *text);

/* ---- import_match.c ---- */

/* Judge each block; what cannot be said is reported and left out. */
void import_judge_blocks(struct importer *imp);
/* Can both hold for one login?  False only when surely not. */
bool import_compatible(const struct importer *imp, uint64_t set, size_t block);
/* Can root be among those that all blocks of the set match? */
bool import_may_be_root(const struct importer *imp, uint64_t set);
/* The groups of "match" for the set; counts them in imp->groups. */
void import_put_match(struct importer *imp, uint64_t set);
/* Networks of an address or host list; names are reported. */
struct strings import_networks(struct importer *imp, const char *list,
    const struct origin *origin, bool *expressible);
bool import_pattern_list(
    const struct importer *imp, const char *text, const char *list);

/* ---- import_server.c, import_rules.c, import_grants.c ---- */

void import_listeners(struct importer *imp);
void import_server(struct importer *imp);
void import_modules(struct importer *imp);
void import_rules(struct importer *imp);
/* Fill imp->sets; reported when there are too many. */
void import_find_sets(struct importer *imp);
/* Fill imp->authorities, from the sets. */
void import_find_authorities(struct importer *imp);

/* ---- import_blocks.c ---- */

/* Does some Match block say this? */
bool import_in_block(const struct importer *imp, const char *name);
void import_rekey(struct importer *imp, uint64_t set, const char *indent);
void import_qos(
    struct importer *imp, uint64_t set, const char *indent, bool report);
/* Does sshd serve this command itself ("internal-sftp ...")? */
bool import_is_internal(const char *command);
/* "COMMAND ARGS" of "Subsystem NAME COMMAND ARGS", quoted for a shell. */
char *import_subsystem_line(
    const struct importer *imp, const struct directive *d);
/* The same, or "internal" where our own server takes its place. */
char *import_subsystem_command(
    const struct importer *imp, const struct directive *d);
/* The Subsystem line for sftp, or NULL. */
const struct directive *import_sftp(const struct importer *imp, uint64_t set);
/* The grants of what is the server's unless a block says it. */
void import_block_grants(struct importer *imp, uint64_t set);

/* The grants of a rule for the set; root's chains when root is set. */
void import_grants(struct importer *imp, uint64_t set, bool root);
/* The chains that can authenticate. */
struct strings import_chains(struct importer *imp, uint64_t set, bool root);
/* Names of key sources for AuthorizedKeysFile and -Command of the set. */
struct strings import_key_sources(const struct importer *imp, uint64_t set);
/* ---- import_sftp.c ---- */

/* The grants of our SFTP server, from the words of "internal-sftp -x ...". */
void import_sftp_options(struct importer *imp, uint64_t set,
    const struct directive *d, const char *line);

/* Does a file of RevokedKeys revoke anything ("none" and /dev/null do not)? */
bool import_revokes(const char *path);
/* sshd's LogLevel as ours. */
const char *import_log_level(const char *level);
/* An algorithm list with + - ^ against what sallyport knows. */
struct strings import_algorithms(
    struct importer *imp, const struct directive *d, int kind, bool report);

#endif
