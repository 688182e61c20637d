/*
 * Facts of the name service about an account beyond its entry: groups, their
 * names, the shadow entry.  "There is none" and "nobody answered" are kept
 * apart; glibc's own calls report both as an empty answer.  Used by monitors,
 * and by sallyportctl explain, which must see the same facts.
 */
#ifndef PRIVSEP_DIRECTORY_H
#define PRIVSEP_DIRECTORY_H

#include "config/policy/policy.h"

#include <pwd.h>
#include <shadow.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * The entry of a user: FACT_KNOWN and an owned copy in *out, whose texts are
 * never NULL, or FACT_ABSENT, or FACT_UNKNOWN.  A directory that is down looks
 * much like one without the user (nslcd's library says ENOENT): *silent tells
 * that some source did not answer; it is set unless the user is known.
 */
enum fact_state directory_user(
    const char *name, struct passwd *out, bool *silent);
void directory_user_free(struct passwd *user);

/*
 * The groups of a user.  *count: the room in groups, then how many there are.
 * False when there are more, or, with `all`, when some source of the name
 * service did not answer: a group that is not seen may be one that a rule
 * refuses.
 */
bool directory_groups(
    const char *user, gid_t gid, gid_t *groups, size_t *count, bool all);

/*
 * The group's name, allocated.  NULL when it has none or it cannot be learnt:
 * either way no rule can be held against the name.
 */
char *directory_group_name(gid_t gid);

/*
 * Whether the group is the user's own private one, as Debian and others make
 * it: it has the user's name, and no other member is named.
 */
bool directory_group_is_private(const char *user, gid_t gid);

/* The shadow entry's answers that matter to a login. */
struct directory_shadow {
	bool found; /* not every account has one */
	bool locked;
	/* all in days since 1970; -1: never */
	long expires; /* the account, from this day on */
	long due; /* the password must be changed, from this day on */
	long dead; /* was not changed in time: no login, from this day on */
};

/* A day since 1970 as "2026-11-30"; returns text. */
#define DIRECTORY_DATE_SIZE 32
const char *directory_date(long day, char text[DIRECTORY_DATE_SIZE]);

/* False when a source of the name service did not answer. */
bool directory_shadow(const char *user, struct directory_shadow *out);

#endif
