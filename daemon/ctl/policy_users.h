/*
 * The users of a comparison of policies.
 */
#ifndef DAEMON_CTL_POLICY_USERS_H
#define DAEMON_CTL_POLICY_USERS_H

#include "config/arena.h"
#include "config/policy/policy.h"

struct policy_users {
	struct policy_facts *items;
	size_t count;
	void *names; /* a tree of the names taken */
};

/* All in the arena; one user is taken once, as he is first named. */

/* The tree; the rest ends with the arena. */
void policy_users_free(struct policy_users *users);

/* Everybody whom the name service lists. */
void policy_users_all(struct arena *arena, struct policy_users *users);

/* As the name service has the user; one who is not there is refused by every
 * policy. */
void policy_users_one(
    struct arena *arena, const char *name, struct policy_users *users);

/*
 * A file with a line for each: "NAME UID [GROUP,GROUP...]"; "#" begins a
 * comment.  NULL, or what is wrong with it.
 */
const char *policy_users_file(
    struct arena *arena, const char *path, struct policy_users *users);

#endif
