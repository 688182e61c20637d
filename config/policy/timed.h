/*
 * Grants for a time: a file each, in the directory that grants_directory
 * names.  A rule whose match says by_grant holds for a user only while there
 * is one for that user and rule.
 */
#ifndef CONFIG_POLICY_TIMED_H
#define CONFIG_POLICY_TIMED_H

#include "config/policy/policy.h"

#include <stdio.h>

#define TIMED_FILE_MAX 4096 /* bytes */
#define TIMED_TEXT_MAX 255 /* of each value */
#define TIMED_SUFFIX   ".grant"

struct timed_grant {
	char user[TIMED_TEXT_MAX + 1], rule[CONFIG_NAME_MAX + 1];
	uint64_t begins, until; /* seconds since 1970; until is exclusive */
	char ticket[TIMED_TEXT_MAX + 1]; /* "": none */
	char approver[TIMED_TEXT_MAX + 1];
	char made_by[TIMED_TEXT_MAX + 1];
	char file[TIMED_TEXT_MAX + 1]; /* its name in the directory */
};

/*
 * One file: lines "key = value", and those that are empty or begin with #.
 * user, rule and until are needed; begins, ticket, approver and made_by may
 * stand there; each once.  Times are "2026-11-30T18:00:00Z".  0, or E_FORMAT
 * with a sentence in why; then *grant says nothing.
 */
#define TIMED_WHY_MAX 256
int timed_parse(const char *text, size_t len, struct timed_grant *grant,
    char why[TIMED_WHY_MAX]);

/* The same back into such a file. */
void timed_write(const struct timed_grant *grant, FILE *out);

/* Is the text fit for a value: printable, not empty, not too long? */
bool timed_is_value(const char *text);
#define TIMED_TIME_MAX 32
const char *timed_time(uint64_t when, char text[TIMED_TIME_MAX]);

/* The one that is in force for this rule, of those longest; NULL: none. */
const struct timed_grant *timed_find(
    const struct policy_facts *facts, const char *rule);

/* Does a rule ask for one? */
bool policy_asks_grants(const struct config *config);
bool timed_rule_asks(const struct rule *rule);

#endif
