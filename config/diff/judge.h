/*
 * Two decisions on the same login: what is granted otherwise, and which way.
 */
#ifndef CONFIG_DIFF_JUDGE_H
#define CONFIG_DIFF_JUDGE_H

#include "config/diff/diff.h"

struct finding {
	enum diff_direction direction;
	char *text; /* "agent: true (old.conf:3) is now false (new.conf:7)" */
};

struct findings {
	struct finding *items;
	size_t count;
};

/*
 * The grants of two logins that both succeed, but those that cells stand for
 * (times, methods, keys, lists of who may enter).  Added to findings, which
 * goes to findings_free().
 */
void judge_grants_of(const struct decision *old, const struct decision *new,
    bool root, struct findings *findings);

/* Takes text over. */
void findings_add(
    struct findings *findings, enum diff_direction direction, char *text);
void findings_free(struct findings *findings);

#endif
