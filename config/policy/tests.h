/*
 * The tests that a policy brings: logins, and what it is to say of each.
 */
#ifndef CONFIG_POLICY_TESTS_H
#define CONFIG_POLICY_TESTS_H

#include "config/arena.h"
#include "config/policy/policy.h"
#include "config/problem.h"

/*
 * Look up an account: user, its state, uid and groups of the facts, which are
 * zero before.  groups: some rule asks for them.  Names live in the arena.
 */
typedef void policy_account_fn(struct arena *arena, const char *name,
    bool groups, struct policy_facts *facts);

/*
 * Run them all; each that fails is an error at its place, with what was
 * expected, what came, and why.  account NULL: no account is looked up, and a
 * test that needs one is told of and not run.  Single-threaded (zones).
 */
void policy_tests(const struct config *config, policy_account_fn *account,
    struct problems *problems);

#endif
