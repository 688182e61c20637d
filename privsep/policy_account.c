/*
 * Looks up an account for a question to the policy that no login asks: a test
 * of the configuration, a comparison of two.  Runs in sallyportctl and in the
 * monitor template; waits for the name service as long as that takes.
 */
#include "privsep/policy_account.h"

#include "config/arena.h"
#include "lib/mem.h"
#include "privsep/account.h"
#include "privsep/directory.h"

#include <pwd.h>
#include <stdlib.h>

static void
copy_groups(struct arena *arena, struct policy_facts *facts)
{
	const char **names =
	    arena_array(arena, facts->group_count + 1, sizeof(*names));

	for (size_t i = 0; i < facts->group_count; i++)
		names[i] = arena_strdup(arena, facts->groups[i]);
	facts->groups = names;
}

void
policy_account(struct arena *arena, const char *name, bool groups,
    struct policy_facts *facts)
{
	struct account_groups *g = mem_zalloc(sizeof(*g));
	struct passwd pw;

	if (account_look_up(name, groups, true, &pw, g, facts) == FACT_KNOWN) {
		facts->user = arena_strdup(arena, pw.pw_name);
		copy_groups(arena, facts);
		directory_user_free(&pw);
	}
	account_groups_free(g);
	free(g);
}
