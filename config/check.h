/*
 * All that a start would find wrong, found without starting.
 */
#ifndef CONFIG_CHECK_H
#define CONFIG_CHECK_H

#include "config/algorithms.h"
#include "config/config.h"
#include "config/policy/tests.h"
#include "config/problem.h"

#include <stdbool.h>

/*
 * Checks that config/ cannot do itself: NSS, modules, keys, ciphers.  A NULL
 * function means that the check is left out.  why[] receives one sentence.
 */
struct check_calls {
	void *context;
	/* 1 exists, 0 does not, -1 not known */
	int (*user)(void *context, const char *name);
	int (*group)(void *context, const char *name);
	/* open the module as a start would: what is wrong is an error */
	void (*module)(void *context, const struct module_settings *module,
	    struct problems *problems);
	/* after all modules: does one serve the step? */
	bool (*serves)(void *context, const struct chain_step *step);
	bool (*host_key)(
	    void *context, const char *path, char *why, size_t why_size);
	bool (*host_certificate)(
	    void *context, const char *path, char *why, size_t why_size);
	/* is it built in and does libcrypto have it? */
	bool (*algorithm)(
	    void *context, enum algorithm_kind kind, const char *name);
	/* why it is there and this machine's libcrypto cannot do it, or NULL */
	const char *(*lacking)(
	    void *context, enum algorithm_kind kind, const char *name);
	/* Look up an account of this machine for a test; see policy/tests.h.
	 */
	policy_account_fn *account;
	/* Run the tests of the policy. */
	bool tests;
	/* Report as a warning what is not the fault of the configuration. */
	bool lenient;
	/* The configuration alone, as for another machine: no file that it
	 * names is looked at. */
	bool elsewhere;
};

/*
 * For .user, .group, .algorithm and .lacking: NSS, and what lib/ssh and
 * libcrypto have.
 * They ask nothing of their context.
 */
int check_user_exists(void *context, const char *name);
int check_group_exists(void *context, const char *name);
bool check_algorithm_exists(
    void *context, enum algorithm_kind kind, const char *name);
const char *check_algorithm_lacking(
    void *context, enum algorithm_kind kind, const char *name);

/*
 * Add every problem, with the place of the key it comes from.  0, or E_VALUE
 * when there was an error (warnings alone are 0).
 */
int config_check(const struct config *config, const struct check_calls *calls,
    struct problems *problems);

#endif
