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

static bool
begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

bool
proves_key(const char *method)
{
	return begins(method, "publickey") || begins(method, "hostbased");
}

bool
proves_principal(const char *method)
{
	return begins(method, "gssapi-");
}

/* A key is known once a method has proven it, and so is a principal. */
static void
prove(struct policy_facts *facts, const struct walked *walked)
{
	const struct proof_key *key = NULL;
	const struct proof_principal *principal = NULL;

	for (size_t i = 0; i < facts->method_count; i++) {
		if (proves_key(facts->methods[i]))
			key = walked->key;
		if (proves_principal(facts->methods[i]))
			principal = walked->principal;
	}
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
		facts->key_command = key->command;
	}
	if (principal != NULL) {
		facts->principal_state = FACT_KNOWN;
		facts->principal = principal->name;
		facts->delegated = principal->delegated;
	}
}

static char *
step_text(struct arena *arena, const struct chain_step *s)
{
	return arena_printf(arena, "%s%s%s%s%s", s->method,
	    s->module != NULL ? ":" : "", s->module != NULL ? s->module : "",
	    s->service != NULL ? "/" : "",
	    s->service != NULL ? s->service : "");
}

/* The steps that a guard asks for, as if they had been walked as well. */
static void
walk_on(struct policy_facts *facts, struct outcome *outcome)
{
	struct decision *d = &outcome->d;
	const char **methods = arena_array(
	    d->arena, facts->method_count + d->more.count, sizeof(*methods));

	memcpy(methods, facts->methods, facts->method_count * sizeof(*methods));
	for (size_t i = 0; i < d->more.count; i++) {
		char *text = step_text(d->arena, &d->more.steps[i]);

		methods[facts->method_count++] = text;
		outcome->more = arena_printf(d->arena, "%s%s%s", outcome->more,
		    outcome->more[0] != '\0' ? "," : "", text);
	}
	facts->methods = methods;
}

void
outcome_make(const struct config *policy, size_t which,
    const struct decision *decided, const struct policy_facts *facts,
    const struct walked *walked, struct outcome *outcome)
{
	struct policy_facts own = *facts;
	struct decision *d = &outcome->d;

	*outcome = (struct outcome){.d = *decided};
	outcome->more = arena_strdup(d->arena, "");
	own.methods = walked->methods;
	own.method_count = walked->count;
	prove(&own, walked);
	/* Guards drop chains where they are. */
	d->chains.items =
	    arena_grow(d->arena, decided->chains.items, decided->chains.count,
		decided->chains.count + 1, sizeof(*d->chains.items));
	if (d->verdict == POLICY_GRANTED)
		policy_guard(policy, &own, d);
	/* Each round applies a guard at least that was not applied before. */
	for (size_t i = 0; i <= CONFIG_GUARDS_MAX &&
	     d->verdict == POLICY_MORE && d->more.count > 0;
	     i++) {
		walk_on(&own, outcome);
		prove(&own, walked);
		policy_guard(policy, &own, d);
	}
	outcome->in = d->verdict == POLICY_GRANTED;
	if (outcome->in && own.key_state == FACT_KNOWN &&
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
