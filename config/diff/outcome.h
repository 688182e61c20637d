/*
 * One login, decided by one policy.
 */
#ifndef CONFIG_DIFF_OUTCOME_H
#define CONFIG_DIFF_OUTCOME_H

#include "config/diff/proofs.h"

struct outcome {
	struct decision d;
	bool in; /* it succeeds, after the more methods that guards ask for */
	char *more; /* they, in order; "" for none, in d's arena */
	const char *barred; /* why it does not although d allows, or NULL */
};

/*
 * A chain that was walked, as the log has it, with what it proved: key and
 * principal may be NULL where no step proves one.
 */
struct walked {
	const char *const *methods;
	size_t count;
	const struct proof_key *key;
	const struct proof_principal *principal;
};

/*
 * Go on from what policy_decide() said of the facts: decided stays as it is,
 * and must outlive the outcome.  which: the policy's place in
 * proof_key.offered.
 */
void outcome_make(const struct config *policy, size_t which,
    const struct decision *decided, const struct policy_facts *facts,
    const struct walked *walked, struct outcome *outcome);

/* Does this method prove a key; a Kerberos principal? */
bool proves_key(const char *method);
bool proves_principal(const char *method);

/* "rule ops (policy.conf:12)", "refused: no_rule"; the caller frees it. */
char *outcome_text(const struct outcome *outcome);

#endif
