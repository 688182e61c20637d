/*
 * The part of a policy that one class of users can meet.
 */
#ifndef CONFIG_DIFF_RELEVANT_H
#define CONFIG_DIFF_RELEVANT_H

#include "config/arena.h"
#include "config/policy/policy.h"

/*
 * A copy of the policy, in the arena, without the rules, overlays and guards
 * whose conditions on the user say no; nor the rules behind one that has no
 * other conditions.  It decides for this user as the whole does; the words of
 * "no rule matches" are shorter.
 */
const struct config *relevant_part(struct arena *arena,
    const struct config *config, const struct policy_facts *user);

#endif
