/*
 * Looks up an account for a question to the policy that no login asks: a test
 * of the configuration, a comparison of two.  Runs in sallyportctl and in the
 * monitor template; waits for the name service as long as that takes.
 */
#include "privsep/policy_account.h"

#include "config/arena.h"
#include "lib/mem.h"
#include "privsep/directory.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>

#define GROUPS_MAX     1024
#define NSS_BUFFER_MAX (1024 * 1024)

static void
look_up_groups(
    struct arena *arena, gid_t gid, bool asked, struct policy_facts *facts)
{
	gid_t *ids = mem_array(GROUPS_MAX, sizeof(*ids));
	size_t count = GROUPS_MAX, i;
	const char **names;
	char *name;

	facts->groups_state = FACT_UNKNOWN;
	if (directory_groups(facts->user, gid, ids, &count, asked)) {
		facts->groups_state = FACT_KNOWN;
		names = arena_array(arena, count + 1, sizeof(*names));
		for (i = 0; i < count; i++) {
			if ((name = directory_group_name(ids[i])) != NULL)
				names[facts->group_count++] =
				    arena_strdup(arena, name);
			else if (asked)
				facts->groups_state = FACT_UNKNOWN;
			free(name);
		}
		facts->groups = names;
	}
	free(ids);
}

void
policy_account(struct arena *arena, const char *name, bool groups,
    struct policy_facts *facts)
{
	struct passwd pw, *found = NULL;
	char *buffer = NULL;
	size_t size = 4096;
	int err = ERANGE;

	facts->user = name;
	facts->groups_state = FACT_ABSENT;
	while (err == ERANGE && size <= NSS_BUFFER_MAX) {
		buffer = mem_grow(buffer, size, 1);
		err = getpwnam_r(name, &pw, buffer, size, &found);
		size *= 4;
	}
	if (found != NULL) {
		facts->user_state = FACT_KNOWN;
		facts->user = arena_strdup(arena, pw.pw_name);
		facts->uid = pw.pw_uid;
		look_up_groups(arena, pw.pw_gid, groups, facts);
	} else {
		facts->user_state = err == 0 || err == ENOENT || err == ESRCH ?
		    FACT_ABSENT :
		    FACT_UNKNOWN;
		facts->user_silent = err != 0;
	}
	free(buffer);
}
