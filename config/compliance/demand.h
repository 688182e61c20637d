/*
 * One thing that is asked of a configuration: a key, an operator and a value.
 */
#ifndef CONFIG_COMPLIANCE_DEMAND_H
#define CONFIG_COMPLIANCE_DEMAND_H

#include "config/compliance/standing.h"
#include "config/reader.h"

enum demand_operator {
	DEMAND_IS,
	DEMAND_IS_NOT,
	DEMAND_AT_MOST,
	DEMAND_AT_LEAST,
	DEMAND_ONLY, /* nothing but what one of these patterns names */
	DEMAND_WITHOUT, /* nothing that one of these names */
	DEMAND_HAS, /* something for each of these */
	DEMAND_SET, /* not none, not empty */
	DEMAND_UNSET, /* none, or empty */
	DEMAND_OPERATORS
};

struct demand {
	const char *key; /* of a grant, or the path of a server's key */
	const struct option *option;
	enum demand_operator how;
	union {
		bool flag;
		uint16_t port;
		uint32_t number;
		uint64_t size;
		char *text;
		struct strings list;
	} wanted;
	const char *text; /* ">= 60", for people */
};

/* "<=", "only", ... as they are written; and back, false: it is none. */
const char *demand_word(enum demand_operator how);
bool demand_operator(const char *word, enum demand_operator *how);

/*
 * A demand from its parts; value is NULL where the operator takes none.  The
 * reader's problems get what is wrong with it, and false is returned.
 */
bool demand_read(struct reader *r, const char *what, unsigned line,
    const char *key, const char *word, const config_setting_t *value,
    struct demand *demand);

/* The same of text that is the program's own, which must be right. */
void demand_make(struct arena *arena, const char *key, enum demand_operator how,
    const char *value, struct demand *demand);

/* Does the member, of the option's type, hold it? */
bool demand_holds(const struct demand *demand, const void *member);

/*
 * Does what a rule comes to?  *origin: where the value that decides was set;
 * line 0 for a default.
 */
bool demand_holds_in(const struct demand *demand, const struct standing *s,
    struct origin *origin);

#endif
