/*
 * The changes between two policies, and whom they meet.  It is complete, not
 * sampled: users who no condition of either policy tells apart are one class,
 * and for each class the sources, listeners, times, methods and keys are the
 * cells that the two policies' own boundaries cut.  Both decide every cell as
 * they would decide a login.
 */
#ifndef CONFIG_DIFF_DIFF_H
#define CONFIG_DIFF_DIFF_H

#include "config/policy/policy.h"

#include <stdio.h>

/* In the order in which changes are told. */
enum diff_direction {
	DIFF_LOOSER, /* somebody may do more */
	DIFF_UNJUDGED, /* other than before; nobody here can say which way */
	DIFF_TIGHTER, /* or other than before where that opens nothing */
	DIFF_DIRECTIONS
};

struct policy_diff;

/*
 * Compare for these users: facts with user, uid and groups, as a look-up gives
 * them.  A group or user that is not known refuses, as at a login.  now: the
 * moment from which a year of time windows is looked at.  What is returned
 * borrows the users' names and goes to policy_diff_free().  Single-threaded:
 * looks at zones through TZ.
 */
struct policy_diff *policy_diff_make(const struct config *old,
    const struct config *new, const struct policy_facts *users, size_t count,
    time_t now);
void policy_diff_free(struct policy_diff *diff);

/* How many changes of the kind there are; settings of the server included. */
size_t policy_diff_count(
    const struct policy_diff *diff, enum diff_direction direction);

/* For people, and as one JSON object. */
void policy_diff_print(const struct policy_diff *diff, FILE *out);
void policy_diff_json(const struct policy_diff *diff, FILE *out);

#endif
