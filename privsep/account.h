/*
 * An account and its groups, as the name service knows them: the facts that a
 * decision is made over, for a login and for a question about one.
 */
#ifndef PRIVSEP_ACCOUNT_H
#define PRIVSEP_ACCOUNT_H

#include "config/policy/policy.h"

#include <pwd.h>
#include <stdbool.h>
#include <sys/types.h>

#define ACCOUNT_GROUPS_MAX 1024

struct account_groups {
	gid_t ids[ACCOUNT_GROUPS_MAX];
	size_t count;
	char **names; /* looked up with the account; or NULL */
	size_t name_count;
	char *text; /* for modules; NULL: not asked for yet */
};

/* Modules are told this in place of a name that is not sane: a name with a
 * newline in it would be two lines to a module's service. */
#define ACCOUNT_ILLEGAL "illegal-name"
/* Is this a name that may be shown to NSS and PAM at all? */
bool account_name_is_sane(const char *name);

/*
 * Look up the account of this name, and its groups: their names where asked is
 * set (the policy asks for them: one that cannot be learnt makes all unknown)
 * or tell is (they are only told).  Sets the user's and the groups' facts,
 * which point into *out, *groups and name.  FACT_KNOWN: *out is the caller's,
 * to be freed with directory_user_free().  Blocks as long as NSS does.
 */
enum fact_state account_look_up(const char *name, bool asked, bool tell,
    struct passwd *out, struct account_groups *groups,
    struct policy_facts *facts);

/* The names of the groups, one a line, those alone that can be learnt; looked
 * up when first asked for.  Owned by groups. */
const char *account_group_text(struct account_groups *groups);

void account_groups_free(struct account_groups *groups);

#endif
