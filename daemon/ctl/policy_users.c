/*
 * Whom a comparison is about: this machine's users, or those of a list, so that
 * a build host can compare for a fleet whose directory it does not see.
 */
#include "daemon/ctl/policy_users.h"

#include "privsep/policy_account.h"

#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USERS_MAX 1000000

static int
compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

static bool
is_taken(const struct policy_users *users, const char *name)
{
	return tfind(name, &users->names, compare_names) != NULL;
}

static struct policy_facts *
add_user(struct arena *arena, const char *name, struct policy_users *users)
{
	struct policy_facts *f;

	/* Doubling, since an arena keeps what was outgrown. */
	if ((users->count & (users->count - 1)) == 0)
		users->items = arena_grow(arena, users->items, users->count,
		    users->count == 0 ? 1 : 2 * users->count,
		    sizeof(*users->items));
	f = &users->items[users->count++];
	f->user = arena_strdup(arena, name);
	if (tsearch(f->user, &users->names, compare_names) == NULL)
		abort(); /* as all that finds no memory */
	return f;
}

static void
keep_name(void *name)
{
	(void)name; /* the arena's */
}

void
policy_users_free(struct policy_users *users)
{
	tdestroy(users->names, keep_name);
	users->names = NULL;
}

void
policy_users_one(
    struct arena *arena, const char *name, struct policy_users *users)
{
	struct policy_facts *f;

	if (is_taken(users, name))
		return;
	f = add_user(arena, name, users);
	policy_account(arena, f->user, true, f);
}

void
policy_users_all(struct arena *arena, struct policy_users *users)
{
	char **names = NULL;
	struct passwd *pw;
	size_t count = 0, i;

	/* First the names: a look-up within the list may disturb it. */
	setpwent();
	while (count < USERS_MAX && (pw = getpwent()) != NULL) {
		if ((count & (count - 1)) == 0)
			names = arena_grow(arena, names, count,
			    count == 0 ? 1 : 2 * count, sizeof(*names));
		names[count++] = arena_strdup(arena, pw->pw_name);
	}
	endpwent();
	for (i = 0; i < count; i++)
		policy_users_one(arena, names[i], users);
}

/* ---- a list ---- */

static void
take_groups(struct arena *arena, char *list, struct policy_facts *f)
{
	const char **names = NULL;
	char *one;

	while (list != NULL && (one = strsep(&list, ",")) != NULL) {
		if (*one == '\0')
			continue;
		names = arena_grow(arena, names, f->group_count,
		    f->group_count + 1, sizeof(*names));
		names[f->group_count++] = arena_strdup(arena, one);
	}
	f->groups = names;
	f->groups_state = FACT_KNOWN;
}

static const char *
take_line(struct arena *arena, char *line, struct policy_users *users)
{
	char *name, *uid, *groups, *end, *rest = line;
	struct policy_facts *f;
	unsigned long number;

	line[strcspn(line, "#\r\n")] = '\0';
	name = strtok_r(line, " \t", &rest);
	if (name == NULL)
		return NULL;
	uid = strtok_r(NULL, " \t", &rest);
	groups = strtok_r(NULL, " \t", &rest);
	if (uid == NULL || strtok_r(NULL, " \t", &rest) != NULL)
		return "a line is NAME UID [GROUP,GROUP...]";
	errno = 0;
	number = strtoul(uid, &end, 10);
	if (!isdigit((unsigned char)*uid) || *end != '\0' || errno != 0 ||
	    number >= UINT32_MAX)
		return "the second word is the uid";
	if (is_taken(users, name))
		return "this user stands twice";
	f = add_user(arena, name, users);
	f->user_state = FACT_KNOWN;
	f->uid = (uid_t)number;
	take_groups(arena, groups, f);
	return NULL;
}

const char *
policy_users_file(
    struct arena *arena, const char *path, struct policy_users *users)
{
	FILE *in = fopen(path, "re");
	const char *fault = NULL;
	char *line = NULL;
	unsigned number = 0;
	size_t size = 0;
	ssize_t len;

	if (in == NULL)
		return arena_printf(arena, "%s: %s", path, strerror(errno));
	while (fault == NULL && (len = getline(&line, &size, in)) >= 0) {
		number++;
		fault = (size_t)len != strlen(line) ?
		    "a byte of it is zero" :
		    take_line(arena, line, users);
	}
	free(line);
	if (fault == NULL && ferror(in))
		fault = "it cannot be read";
	fclose(in);
	return fault == NULL ?
	    NULL :
	    arena_printf(arena, "%s:%u: %s", path, number, fault);
}
