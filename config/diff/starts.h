/*
 * Requests of a session that two decisions answer differently although their
 * grants read alike.
 */
#ifndef CONFIG_DIFF_STARTS_H
#define CONFIG_DIFF_STARTS_H

#include "config/diff/judge.h"

/*
 * A forced command that stands in for a refusal under one policy only.  Both
 * logins succeed.  Added to findings.
 */
void judge_starts(const struct config *const policies[2],
    const struct decision *old, const struct decision *new,
    struct findings *findings);

#endif
