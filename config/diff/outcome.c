/*
 * Decides a login as the monitor does: rules before it, guards when its chain
 * is complete.
 */
#include "config/diff/outcome.h"

#include "config/arena.h"
#include "config/policy/match.h"
#include "lib/mem.h"
#include "lib/refusals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
prove(struct policy_facts *facts, const struct walked *walked)
{
	const struct proof_key *key = walked->key;

	facts->methods = walked->methods;
	facts->method_count = walked->count;
	facts->key_state = facts->principal_state = FACT_ABSENT;
	if (key != NULL) {
		facts->key_state = FACT_KNOWN;
		facts->key_type = key->type;
		facts->key_algorithm = key->algorithm;
		facts->key_fingerprint = "of the comparison";
		facts->key_source = key->source;
		facts->key_ca = key->ca;
		facts->key_bits = key->bits;
		facts->key_touched = key->touched;
		facts->key_verified = key->verified;
	}
	if (walked->principal != NULL) {
		facts->principal_state = FACT_KNOWN;
		facts->principal = walked->principal->name;
	}
}

void
outcome_make(const struct config *policy, size_t which,
    const struct decision *decided, const struct policy_facts *facts,
    const struct walked *walked, struct outcome *outcome)
{
	struct policy_facts own = *facts;
	struct decision *d = &outcome->d;

	*outcome = (struct outcome){.d = *decided};
	prove(&own, walked);
	/* Guards drop chains where they are. */
	d->chains.items =
	    arena_grow(d->arena, decided->chains.items, decided->chains.count,
		decided->chains.count + 1, sizeof(*d->chains.items));
	if (d->verdict == POLICY_GRANTED)
		policy_guard(policy, &own, d);
	outcome->in = d->verdict != POLICY_REFUSED;
	if (outcome->in && walked->key != NULL &&
	    !walked->key->offered[which]) {
		outcome->in = false;
		outcome->barred = "crypto.key_algorithms lacks it";
	}
}

char *
outcome_text(const struct outcome *outcome)
{
	const struct decision *d = &outcome->d;
	const struct rule *by = d->decider;
	char *place, *text;

	place = by == NULL || by->name == NULL ? mem_strdup("") :
	    by->origin.line == 0	       ? mem_printf(" %s", by->name) :
				   mem_printf(" %s (%s:%u)", by->name,
				       by->origin.file, by->origin.line);
	if (outcome->in)
		text = mem_printf("allowed by%s", place);
	else if (outcome->barred != NULL)
		text = mem_printf("refused: %s", outcome->barred);
	else
		text = mem_printf("refused: %s%s%s", refusals[d->reason].code,
		    place[0] != '\0' ? " by" : "", place);
	free(place);
	return text;
}

char *
outcome_more(const struct outcome *outcome)
{
	const struct chain *more = &outcome->d.more;
	char *text = mem_strdup(""), *longer;

	if (outcome->d.verdict != POLICY_MORE)
		return text;
	for (size_t i = 0; i < more->count; i++) {
		const struct chain_step *s = &more->steps[i];

		longer = mem_printf("%s%s%s%s%s%s%s", text, i > 0 ? "," : "",
		    s->method, s->module != NULL ? ":" : "",
		    s->module != NULL ? s->module : "",
		    s->service != NULL ? "/" : "",
		    s->service != NULL ? s->service : "");
		free(text);
		text = longer;
	}
	return text;
}
