/*
 * Looks up an account for a question to the policy that no login asks: a test
 * of the configuration, a comparison of two.  Runs in sallyportctl and in the
 * monitor template; waits for the name service as long as that takes.
 */
#include "privsep/policy_account.h"

#include "config/arena.h"
#include "lib/mem.h"
#include "privsep/directory.h"

#include <pwd.h>
#include <stdlib.h>

#define GROUPS_MAX 1024

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
	struct passwd pw;

	facts->user = name;
	facts->groups_state = FACT_ABSENT;
	facts->user_state = directory_user(name, &pw, &facts->user_silent);
	if (facts->user_state != FACT_KNOWN)
		return;
	facts->user = arena_strdup(arena, pw.pw_name);
	facts->uid = pw.pw_uid;
	look_up_groups(arena, pw.pw_gid, groups, facts);
	directory_user_free(&pw);
}
