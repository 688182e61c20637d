/*
 * The grants that a rule results in for all users that it lets in: the rule
 * itself, an overlay that may fill what it leaves open, and the guards that
 * match every user of the rule.
 *
 * policy_decide(), which also decides logins, computes them from a policy of
 * that rule, overlay and guards alone.  A guard that matches only some of the
 * users is left out: a value is never reported as tighter than it is for all of
 * them.
 */
#ifndef CONFIG_COMPLIANCE_STANDING_H
#define CONFIG_COMPLIANCE_STANDING_H

#include "config/policy/match.h"

enum standing_kind {
	STANDING_RULES, /* each rule that lets somebody in */
	STANDING_ROOT, /* the same of the rules that name somebody, as root */
	STANDING_DECOY /* what those are shown who are refused */
};

struct standing {
	enum standing_kind kind;
	const struct config *config; /* that rule, overlay and guards */
	const struct rule *rule;
	const struct rule *overlay; /* that may apply or not; NULL: none */
	const struct decision *d;
};

typedef void standing_fn(const struct standing *standing, void *context);

/*
 * Call fn for each; what it gets ends with the call.  Rules that no login can
 * reach, and those that refuse whoever comes, are passed over.
 */
void standings_walk(const struct config *config, enum standing_kind kind,
    standing_fn *fn, void *context);

/*
 * The rule, overlay or guard that a grant's value comes from, NULL for a
 * default; and its word: "rule", "overlay" or "guard".
 */
const struct rule *standing_setter(const struct standing *s, enum grant grant,
    const struct origin *origin, const char **kind);

/*
 * Does the grant say who comes in, and when?  These are open in a decision
 * here: whom a rule lets in is not asked a second time.
 */
bool standing_is_door(enum grant grant);

/*
 * A grant's value in the end, as it would be written; the caller frees it.
 * methods are those that are left; a list that one layer closes is [].
 */
char *standing_value(const struct standing *s, enum grant grant);

#endif
