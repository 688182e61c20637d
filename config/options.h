/*
 * The schema: every key that a configuration may hold, once.  Parser,
 * validator, defaults, show, manual page, completion and the guards'
 * tightening all come from this table.
 */
#ifndef CONFIG_OPTIONS_H
#define CONFIG_OPTIONS_H

#include "config/config.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum option_section {
	SECTION_SERVER, /* top level; name is the dotted path */
	SECTION_LISTENER, /* struct listener */
	SECTION_MODULE, /* struct module_settings */
	SECTION_SUBSYSTEM, /* struct subsystem */
	SECTION_RULE, /* struct rule, in rules */
	SECTION_OVERLAY, /* struct rule, in overlays */
	SECTION_GUARD, /* struct rule, in guards */
	SECTION_MATCH, /* struct rule_match, in all three */
	SECTION_GUARD_MATCH, /* struct rule_match, in guards only */
	SECTION_GRANT, /* struct grants, in all three */
	SECTION_TEST, /* struct policy_test, in tests */
	SECTION_COUNT
};

/* How the text is read, and so which C type the member has. */
enum option_type {
	OPTION_BOOL, /* bool */
	OPTION_NUMBER, /* uint32_t */
	OPTION_PORT, /* uint16_t */
	OPTION_TIME, /* uint32_t seconds: 90, "1h30m" */
	OPTION_GRACE, /* uint32_t seconds: "close", "grace 5m", "ignore" */
	OPTION_SIZE, /* uint64_t bytes: 4096, "1G" */
	OPTION_SIZE32, /* uint32_t bytes */
	OPTION_CHOICE, /* uint32_t, a word from choices */
	OPTION_MODE, /* uint32_t, "0177" */
	OPTION_STRING, /* char * */
	OPTION_NAME, /* char *, letters digits . _ - */
	OPTION_PATH, /* char *, absolute */
	OPTION_HOME_PATH, /* char *, absolute or below %h */
	OPTION_ADDRESS, /* char *, numeric or "*" */
	OPTION_STRINGS, /* struct strings */
	OPTION_PATHS, /* struct strings, absolute */
	OPTION_ALGORITHMS, /* struct strings, final after all is read */
	OPTION_TARGETS_LOG, /* struct strings: system, stderr, /file */
	OPTION_SETENV, /* struct strings, NAME=value */
	OPTION_COMMANDS, /* struct strings, SUBSYSTEM=command */
	OPTION_LOGINS, /* struct strings, USER or USER@NETWORKS */
	OPTION_GROUPS, /* struct strings, patterns */
	OPTION_FINGERPRINTS, /* struct strings, SHA256:... or patterns */
	OPTION_NETWORKS, /* struct networks */
	OPTION_UIDS, /* struct uid_ranges */
	OPTION_CHAIN, /* struct chain */
	OPTION_CHAINS, /* struct chains */
	OPTION_TARGETS, /* struct targets */
	OPTION_TIMES, /* struct time_windows */
	OPTION_CHANNELS, /* struct channel_timeouts */
	OPTION_PAIRS, /* struct pairs */
	OPTION_LIST /* groups of a section; not a value */
};

/* How a guard's value is joined to what the rule granted. */
enum tighten {
	TIGHTEN_NEVER, /* the key cannot stand in a guard */
	TIGHTEN_TRUE, /* true is the safe side */
	TIGHTEN_FALSE, /* false is the safe side */
	TIGHTEN_SMALLER, /* the smaller number; none is infinity */
	TIGHTEN_LARGER,
	TIGHTEN_BITS_OR, /* umasks: every bit of either */
	TIGHTEN_BITS_AND, /* permissions: the bits of both */
	TIGHTEN_LAYER, /* both lists are kept, each must allow */
	TIGHTEN_SAME, /* set if unset; another value refuses */
	TIGHTEN_UNSET, /* set if unset; another value stays */
	TIGHTEN_COUNT
};

struct choice {
	const char *word;
	uint32_t value;
};

#define OPTION_NONE_OK	1U /* "none": CONFIG_NONE, or NULL */
#define OPTION_REQUIRED 2U
#define OPTION_JOINS	4U /* a list that overlays may add to, by "+" */
/* A grant that a forced command or sftp_only switches off, unless the same
 * rule grants it. */
#define OPTION_FORCED_OFF 8U

struct option {
	enum option_section section;
	const char *name;
	enum option_type type;
	size_t offset;
	uint64_t min;
	uint64_t max;
	unsigned flags;
	const char *fallback; /* the default, as it would be written */
	const struct choice *choices;
	int grant; /* enum grant, or -1 */
	enum tighten tighten;
	size_t top; /* of a grant: where struct config has the default; or 0 */
	const char *help; /* a sentence or more, for the manual */
};

extern const struct option options[];
extern const size_t option_count;

/* Exactly this key of the section, or NULL. */
const struct option *option_find(enum option_section section, const char *name);

/* Is there a key below "name." in the section? */
bool option_is_group(enum option_section section, const char *name);

/* The row of a grant; never NULL. */
const struct option *option_of_grant(enum grant grant);

/* The key of the section that is spelt most like name; NULL if none is. */
const char *option_nearest(enum option_section section, const char *name);
/* A key for a word that people try and that resembles none of ours. */
const char *option_hint(const char *name);

/* How many letters to change, add or drop (Levenshtein), in any case;
 * SIZE_MAX for words that are too long to be compared. */
size_t word_distance(const char *a, const char *b);

/* The word among words that is spelt most like name; NULL if none is. */
const char *word_nearest(
    const char *name, const char *const *words, size_t count);

/* A number of 32 bits, as it would be written. */
void option_print_number(
    FILE *out, const struct option *option, uint32_t value);

/* The kind of value, as text for users: "time", "list of networks". */
const char *option_type_text(enum option_type type);
const char *tighten_text(enum tighten tighten);

#endif
