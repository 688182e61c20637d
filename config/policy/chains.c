/*
 * Chains of methods, as far as the policy looks into them.
 */
#include "config/policy/match.h"

#include <string.h>

bool
step_matches(const struct chain_step *wanted, const struct chain_step *step)
{
	if (strcmp(wanted->method, step->method) != 0)
		return false;
	if (wanted->module != NULL &&
	    (step->module == NULL || strcmp(wanted->module, step->module) != 0))
		return false;
	return wanted->service == NULL ||
	    (step->service != NULL &&
		strcmp(wanted->service, step->service) == 0);
}

/* Methods that prove the possession of a key, or a ticket. */
static bool
is_strong(const char *method)
{
	return strcmp(method, "publickey") == 0 ||
	    strcmp(method, "hostbased") == 0 ||
	    strncmp(method, "gssapi-", 7) == 0;
}

static bool
chain_is_strong(const struct chain *chain)
{
	size_t i;

	for (i = 0; i < chain->count; i++) {
		if (is_strong(chain->steps[i].method))
			return true;
	}
	return false;
}

static bool
chain_has_password(const struct chain *chain)
{
	size_t i;

	for (i = 0; i < chain->count; i++) {
		const char *method = chain->steps[i].method;

		if (strcmp(method, "password") == 0 ||
		    strcmp(method, "keyboard-interactive") == 0)
			return true;
	}
	return false;
}

static bool
is_for_root(const struct decision *d, const struct chain *chain)
{
	return chain_is_strong(chain) &&
	    (d->grants.root_login != ROOT_PROHIBIT_PASSWORD ||
		!chain_has_password(chain));
}

void
decision_drop_weak_chains(const struct policy_facts *facts, struct decision *d)
{
	size_t i, kept = 0;

	if (facts->user_state != FACT_KNOWN || facts->uid != 0 ||
	    d->grants.root_login == ROOT_YES || d->decoy)
		return;
	for (i = 0; i < d->chains.count; i++) {
		if (is_for_root(d, &d->chains.items[i]))
			d->chains.items[kept++] = d->chains.items[i];
	}
	d->chains.count = kept;
	if (kept == 0)
		decision_refuse(d, REFUSAL_root,
		    "root may enter with a key "
		    "only, and no chain has one");
}
