/*
 * Why a login is refused, one row each:
 *
 *	R(kind, code, event, sentence, words of sshd's log, sentence for the
 *	  owner of the account, remedy)
 *
 * kind: POLICY where the policy decides (then it is a "reason" of the tests
 * of a policy, too), LOGIN where the account or a method does.  The code is
 * the field "refusal" of events and is never changed.  event: DENY where
 * authz.deny reports it, OWN where another event does.  NULL: sshd's words
 * are the sentence; the owner is told nothing more than that it is refused;
 * there is no remedy that holds everywhere.
 *
 * The policy, its tests, explain, the monitor's answers and events, and
 * doc/AUDIT.md come from these rows.
 */
#ifndef LIB_REFUSALS_H
#define LIB_REFUSALS_H

#include <stdbool.h>

/* clang-format off */
#define REFUSAL_LIST(R) \
R(POLICY, no_rule, DENY, "no rule matches", \
  "not listed in AllowUsers", NULL, NULL) \
R(POLICY, rule_refuses, DENY, "a rule refuses", \
  "listed in DenyUsers", NULL, NULL) \
R(POLICY, guard_refuses, DENY, "a guard refuses", \
  "listed in DenyUsers", NULL, NULL) \
R(POLICY, unknown_fact, DENY, "a fact could not be learnt", \
  NULL, NULL, NULL) \
R(POLICY, unknown_user, DENY, "there is no such user", \
  NULL, NULL, NULL) \
R(POLICY, root, OWN, "root may not log in", \
  NULL, NULL, NULL) \
R(POLICY, time, DENY, "outside the permitted times", \
  NULL, NULL, NULL) \
R(POLICY, no_chain, DENY, "no method is left", \
  NULL, NULL, NULL) \
R(POLICY, key, DENY, "the key does not meet the requirements", \
  NULL, NULL, NULL) \
R(POLICY, principal, DENY, "the principal may not enter", \
  NULL, NULL, NULL) \
R(POLICY, conflict, DENY, "two rules contradict each other", \
  NULL, NULL, NULL) \
R(POLICY, deny_users, DENY, "the user is in deny_users", \
  "listed in DenyUsers", NULL, NULL) \
R(POLICY, allow_users, DENY, "the user is not in allow_users", \
  "not listed in AllowUsers", NULL, NULL) \
R(POLICY, deny_groups, DENY, "a group of the user's is in deny_groups", \
  "a group is listed in DenyGroups", NULL, NULL) \
R(POLICY, allow_groups, DENY, "no group of the user's is in allow_groups", \
  "none of user's groups are listed in AllowGroups", NULL, NULL) \
R(LOGIN, no_module, DENY, "no loaded module serves any of its methods", \
  NULL, NULL, NULL) \
R(LOGIN, account, OWN, "account is refused", \
  NULL, NULL, NULL) \
R(LOGIN, locked, DENY, "account is locked", \
  NULL, "This account is locked", "passwd -u unlocks it") \
R(LOGIN, expired, DENY, "expired", \
  NULL, "This account, or its password, has expired", \
  "chage -E sets another date") \
R(LOGIN, shell, DENY, "the shell cannot be run", \
  NULL, "This account has no shell that can be run", "chsh sets another") \
R(LOGIN, unavailable, OWN, "module cannot tell", \
  NULL, NULL, NULL) \
R(LOGIN, guesses, OWN, "too many guesses from unknown sources", \
  NULL, NULL, "a login by key, or from a known source, is not refused") \
R(LOGIN, consent, OWN, "there is no text to agree to", \
  NULL, "Nobody may log in until a text that must be agreed to can be read", \
  "sallyportctl check says what is wrong with consent_file") \
R(LOGIN, not_accepted, OWN, "not accepted", \
  NULL, NULL, NULL)
/* clang-format on */

#define REFUSAL_ORDINAL(kind, code, ...) REFUSAL_##code,
enum refusal {
	REFUSAL_none, /* "none": not refused, or no row says why */
	REFUSAL_LIST(REFUSAL_ORDINAL) REFUSAL_COUNT
};
#undef REFUSAL_ORDINAL

struct refusal_row {
	const char *code;
	const char *sentence;
	const char *sshd; /* NULL: the sentence */
	const char *owner; /* NULL: none of its own */
	const char *remedy; /* NULL: none */
	bool policy;
	bool denies; /* authz.deny reports it */
};

/* By enum refusal; every member is static. */
extern const struct refusal_row refusals[REFUSAL_COUNT];

#endif
