/*
 * The decision: the first rule that matches, whole, overlays where it leaves
 * something open, then every guard that matches on top.  Run by the monitor and
 * by explain.  The verdict begins as refused, and only policy_decide sets it to
 * granted, once.
 */
#include "config/policy/policy.h"
#include "config/arena.h"
#include "config/options.h"
#include "config/policy/compose.h"
#include "config/policy/match.h"
#include "config/policy/timed.h"
#include "lib/err.h"
#include "lib/match.h"
#include "lib/mem.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void
decision_init(struct decision *d)
{
	memset(d, 0, sizeof(*d));
	d->arena = arena_new();
}

void
decision_free(struct decision *d)
{
	arena_free(d->arena);
	memset(d, 0, sizeof(*d));
}

void
decision_refuse(
    struct decision *d, enum refusal reason, const char *format, ...)
{
	va_list args;

	if (d->reason == REFUSAL_none) {
		d->reason = reason;
		va_start(args, format);
		vsnprintf(d->why, sizeof(d->why), format, args);
		va_end(args);
	}
	d->verdict = POLICY_REFUSED;
}

void
policy_trace(struct trace *trace, enum trace_kind kind, size_t index,
    enum tri result, const char *why)
{
	struct trace_entry *entry;

	if (trace == NULL)
		return;
	trace->entries =
	    mem_grow(trace->entries, trace->count + 1, sizeof(*trace->entries));
	entry = &trace->entries[trace->count++];
	entry->kind = kind;
	entry->index = index;
	entry->result = result;
	snprintf(entry->why, sizeof(entry->why), "%s", why);
}

/* ---- the rule ---- */

void
decision_blame(struct decision *d, const struct rule *rule)
{
	if (d->reason == REFUSAL_none && rule != NULL)
		d->decider = rule;
}

/* Why a rule does not match that names this user at all. */
static void
note_missed(char *missed, size_t size, const struct rule *rule, const char *why)
{
	size_t used = strlen(missed), room = size - used;

	if (strncmp(why, "user:", 5) == 0 || strncmp(why, "uid:", 4) == 0)
		return;
	/* One that does not fit is left out, not cut. */
	if (snprintf(&missed[used], room, "%srule %s: %s", used > 0 ? "; " : "",
		rule->name, why) >= (int)room)
		missed[used] = '\0';
}

static const struct rule *
find_rule(const struct config *config, const struct policy_facts *facts,
    struct decision *d, struct trace *trace)
{
	char why[256], missed[sizeof(d->why) - 32] = "";
	enum tri result;
	size_t i;

	for (i = 0; i < config->rule_count; i++) {
		const struct rule *rule = &config->rules[i];

		result = policy_match(rule, true, facts, why, sizeof(why));
		policy_trace(trace, TRACE_RULE, i, result, why);
		if (result == TRI_YES)
			return rule;
		if (result == TRI_UNKNOWN) {
			decision_blame(d, rule);
			decision_refuse(d, REFUSAL_unknown_fact, "rule %s: %s",
			    rule->name, why);
			return NULL;
		}
		note_missed(missed, sizeof(missed), rule, why);
	}
	decision_refuse(d, REFUSAL_no_rule, "no rule matches%s%s",
	    missed[0] != '\0' ? ": " : "", missed);
	return NULL;
}

int
decision_add_layer(struct decision *d, enum grant grant, const void *list,
    const struct origin *origin)
{
	struct layers *layers = &d->layers[grant];
	struct layer_list *items;

	if (layers->count == CONFIG_LAYERS_MAX)
		return E_DENIED;
	items = arena_grow(d->arena, layers->items, layers->count,
	    layers->count + 1, sizeof(*items));
	items[layers->count].list = list;
	items[layers->count++].origin = *origin;
	layers->items = items;
	return 0;
}

static void
refuse_by_times(struct decision *d, const char *which, const char *name,
    const struct time_windows *times, time_t now)
{
	char windows[160];

	policy_windows_text(times, now, windows, sizeof(windows));
	decision_refuse(d, REFUSAL_time, "%s%s%s: %s", which,
	    name[0] != '\0' ? " " : "", name, windows);
}

static void
refuse_by_overlay(const struct config *config, struct decision *d)
{
	const struct origin *origin = &d->grants.origins[GRANT_refuse];
	enum trace_kind kind;
	char which[192];

	decision_blame(
	    d, policy_rule_of(config, d, GRANT_refuse, origin, &kind));
	policy_describe_origin(
	    config, d, GRANT_refuse, origin, which, sizeof(which));
	decision_refuse(d, REFUSAL_rule_refuses, "%s", which);
}

static void
refuse_by_rule(const struct config *config, const struct policy_facts *facts,
    struct decision *d)
{
	const struct grants *grants = &d->grants;

	if (d->rule->grants.refuse)
		decision_refuse(
		    d, REFUSAL_rule_refuses, "rule %s refuses", d->rule->name);
	else if (grants->refuse)
		refuse_by_overlay(config, d);
	if (facts->user_state == FACT_ABSENT)
		decision_refuse(d, REFUSAL_unknown_user, "no such user");
	if (facts->user_state == FACT_UNKNOWN)
		decision_refuse(d, REFUSAL_unknown_fact,
		    "the user is not known: the look-up failed");
	decision_judge_lists(config, facts, d);
	if (facts->user_state == FACT_KNOWN && facts->uid == 0 &&
	    grants->root_login == ROOT_NO)
		decision_refuse(d, REFUSAL_root, "rule %s: root_login is no",
		    d->rule->name);
	if (!facts->now_unknown && !policy_may_now(d, facts->now, NULL))
		refuse_by_times(d, "times of rule", d->rule->name,
		    &grants->times, facts->now);
}

/* ---- guards ---- */

static void
apply_guards(const struct config *config, const struct policy_facts *facts,
    bool late, struct decision *d, struct trace *trace)
{
	enum tri result;
	bool refused;
	char why[256];
	size_t i, chains;

	for (i = 0; i < config->guard_count; i++) {
		const struct rule *guard = &config->guards[i];

		if (d->applied[i] || (!late && policy_match_is_late(guard)))
			continue;
		result = policy_match_keys(guard, facts, why, sizeof(why));
		policy_trace(trace, TRACE_GUARD, i, result, why);
		if (result == TRI_UNKNOWN) {
			decision_blame(d, guard);
			decision_refuse(d, REFUSAL_unknown_fact, "guard %s: %s",
			    guard->name, why);
		}
		if (result != TRI_YES)
			continue;
		d->applied[i] = true;
		chains = d->chains.count;
		refused = d->reason != REFUSAL_none;
		decision_apply_guard(d, guard);
		if (!refused &&
		    (d->reason != REFUSAL_none ||
			(chains > 0 && d->chains.count == 0)))
			d->decider = guard;
	}
}

/* The layer of times that is closed. */
static void
judge_times(const struct config *config, const struct policy_facts *facts,
    struct decision *d)
{
	const struct layers *layers = &d->layers[GRANT_times];
	char which[192];
	size_t i;
	enum trace_kind kind;

	for (i = 0; i < layers->count; i++) {
		const struct layer_list *l = &layers->items[i];

		if (facts->now_unknown ?
			policy_is_always(l->list) :
			policy_in_windows(l->list, facts->now, NULL) == TRI_YES)
			continue;
		decision_blame(d,
		    policy_rule_of(config, d, GRANT_times, &l->origin, &kind));
		policy_describe_origin(
		    config, d, GRANT_times, &l->origin, which, sizeof(which));
		if (facts->now_unknown)
			decision_refuse(d, REFUSAL_unknown_fact,
			    "%s: the time is not known", which);
		refuse_by_times(d, which, "", l->list, facts->now);
		return;
	}
	if (layers->count == 0)
		decision_refuse(d, REFUSAL_time, "no times are granted");
}

/* Refusals by the tightened grants themselves. */
static void
judge_grants(const struct config *config, const struct policy_facts *facts,
    struct decision *d)
{
	const struct origin *origins = d->grants.origins;
	char which[192];
	enum trace_kind kind;

	decision_settle_switches(d);
	decision_judge_lists(config, facts, d);
	if (d->grants.refuse) {
		decision_blame(d,
		    policy_rule_of(config, d, GRANT_refuse,
			&origins[GRANT_refuse], &kind));
		policy_describe_origin(config, d, GRANT_refuse,
		    &origins[GRANT_refuse], which, sizeof(which));
		decision_refuse(d, REFUSAL_guard_refuses, "%s", which);
	}
	if (facts->user_state == FACT_KNOWN && facts->uid == 0 &&
	    d->grants.root_login == ROOT_NO) {
		decision_blame(d,
		    policy_rule_of(config, d, GRANT_root_login,
			&origins[GRANT_root_login], &kind));
		policy_describe_origin(config, d, GRANT_root_login,
		    &origins[GRANT_root_login], which, sizeof(which));
		decision_refuse(d, REFUSAL_root, "%s is no",
		    origins[GRANT_root_login].line != 0 ? which : "root_login");
	}
	judge_times(config, facts, d);
	decision_drop_weak_chains(facts, d);
	if (d->chains.count == 0)
		decision_refuse(
		    d, REFUSAL_no_chain, "no chain of methods is left");
}

/* A tightened sftp_only takes shell, exec and the other subsystems away. */
static void
settle_sftp_only(struct decision *d)
{
	static char *sftp[] = {(char *)"sftp"};
	static const struct strings only = {sftp, 1};
	const struct layers *layers = &d->layers[GRANT_subsystems];

	if (!d->grants.sftp_only)
		return;
	d->grants.shell = false;
	d->grants.exec = false;
	d->grants.origins[GRANT_shell] = d->grants.origins[GRANT_sftp_only];
	d->grants.origins[GRANT_exec] = d->grants.origins[GRANT_sftp_only];
	if (layers->items[layers->count - 1].list != &only &&
	    decision_add_layer(d, GRANT_subsystems, &only,
		&d->grants.origins[GRANT_sftp_only]) != 0)
		decision_refuse(
		    d, REFUSAL_guard_refuses, "too many layers of subsystems");
}

/* Where nothing else is left to ask a stranger. */
static void
ask_for_key(struct decision *d)
{
	static char method[] = "publickey";
	static struct chain_step step = {method, NULL, NULL};
	static const struct chain only = {method, &step, 1};

	d->chains.items = arena_array(d->arena, 1, sizeof(only));
	d->chains.items[0] = only;
	d->chains.count = 1;
}

/* Strangers and refused users meet the decoy, with the same guards on it. */
static void
become_decoy(const struct config *config, const struct policy_facts *facts,
    struct decision *d)
{
	enum refusal reason = d->reason;
	char why[sizeof(d->why)];

	memcpy(why, d->why, sizeof(why));
	memset(d->applied, 0, sizeof(d->applied));
	decision_compose(config, facts, d, config->decoy, NULL);
	d->decoy = true;
	apply_guards(config, facts, false, d, NULL);
	decision_settle_switches(d);
	if (d->chains.count == 0) {
		decision_compose(config, facts, d, config->decoy, NULL);
		decision_settle_switches(d);
	}
	if (d->chains.count == 0)
		ask_for_key(d);
	d->reason = reason;
	memcpy(d->why, why, sizeof(why));
	d->verdict = POLICY_REFUSED;
}

void
policy_decide_traced(const struct config *config,
    const struct policy_facts *facts, struct decision *d, struct trace *trace)
{
	const struct rule *rule;

	rule = find_rule(config, facts, d, trace);
	if (rule != NULL) {
		d->decider = rule;
		if (timed_rule_asks(rule))
			d->timed = timed_find(facts, rule->name);
		decision_compose(config, facts, d, rule, trace);
		refuse_by_rule(config, facts, d);
		apply_guards(config, facts, false, d, trace);
		judge_grants(config, facts, d);
		settle_sftp_only(d);
	}
	if (rule == NULL || d->reason != REFUSAL_none) {
		become_decoy(config, facts, d);
		settle_sftp_only(d);
		return;
	}
	d->verdict = POLICY_GRANTED;
}

void
policy_decide(const struct config *config, const struct policy_facts *facts,
    struct decision *d)
{
	policy_decide_traced(config, facts, d, NULL);
}

void
policy_by_rule(const struct config *config, const struct policy_facts *facts,
    const struct rule *rule, struct decision *d)
{
	decision_compose(config, facts, d, rule, NULL);
	apply_guards(config, facts, true, d, NULL);
}

static bool
walked_has(const char *const *walked, size_t count,
    const struct chain_step *wanted, size_t *from)
{
	struct chain_step step;
	char text[3 * CONFIG_NAME_MAX + 3], *rest;
	size_t i;

	for (i = *from; i < count; i++) {
		snprintf(text, sizeof(text), "%s", walked[i]);
		memset(&step, 0, sizeof(step));
		rest = text;
		step.method = strsep(&rest, ":");
		step.module = rest != NULL ? strsep(&rest, "/") : NULL;
		step.service = rest;
		if (step_matches(wanted, &step)) {
			*from = i + 1;
			return true;
		}
	}
	return false;
}

void
chain_missing(struct decision *d, const struct chain *chain,
    const char *const *walked, size_t walked_count, struct chain *missing)
{
	size_t i, from = 0;

	missing->text = chain->text;
	missing->steps =
	    arena_array(d->arena, chain->count, sizeof(*missing->steps));
	missing->count = 0;
	for (i = 0; i < chain->count; i++) {
		if (!walked_has(walked, walked_count, &chain->steps[i], &from))
			missing->steps[missing->count++] = chain->steps[i];
	}
}

/* Has one of the chains that were before the late guards been walked? */
static bool
chain_completed(const struct chains *chains, const struct policy_facts *facts)
{
	size_t i, j, from;

	for (i = 0; i < chains->count; i++) {
		const struct chain *chain = &chains->items[i];

		for (j = from = 0; j < chain->count; j++) {
			if (!walked_has(facts->methods, facts->method_count,
				&chain->steps[j], &from))
				break;
		}
		if (j == chain->count && j > 0)
			return true;
	}
	return false;
}

/* A key that signed but is not described cannot be judged. */
static void
judge_key(const struct policy_facts *facts, struct decision *d)
{
	static const struct chain_step publickey = {
	    (char *)"publickey", NULL, NULL};
	size_t from = 0;
	char why[sizeof(d->why)] = "";

	if (walked_has(
		facts->methods, facts->method_count, &publickey, &from) &&
	    facts->key_state != FACT_KNOWN)
		decision_refuse(d, REFUSAL_unknown_fact,
		    "the key that was used is not known");
	for (const struct policy_facts *f = facts; f != NULL; f = f->earlier)
		if (f->key_state == FACT_KNOWN &&
		    !policy_may_key(d, f, why, sizeof(why)))
			decision_refuse(d, REFUSAL_key, "%s", why);
}

/* A ticket that opened the door and is not described cannot be judged. */
static void
judge_principal(const struct policy_facts *facts, struct decision *d)
{
	for (size_t i = 0; i < facts->method_count; i++)
		if (strncmp(facts->methods[i], "gssapi-", 7) == 0 &&
		    facts->principal_state != FACT_KNOWN)
			decision_refuse(d, REFUSAL_unknown_fact,
			    "the principal that came in is not known");
	if (facts->principal_state == FACT_KNOWN &&
	    !policy_may_principal(d, facts->principal))
		decision_refuse(d, REFUSAL_principal,
		    "principal %.200s is not in principals", facts->principal);
}

/* The chain with the fewest missing steps among those that remain. */
static void
find_more(struct decision *d, const struct policy_facts *facts)
{
	struct chain missing, best = {0};
	size_t i;

	for (i = 0; i < d->chains.count; i++) {
		chain_missing(d, &d->chains.items[i], facts->methods,
		    facts->method_count, &missing);
		if (i == 0 || missing.count < best.count)
			best = missing;
	}
	d->more = best;
}

static void
judge_root(const struct policy_facts *facts, struct decision *d)
{
	if (facts->uid != 0 || d->grants.root_login != ROOT_FORCED_COMMAND)
		return;
	/* Under sftp_only a key's command is not what runs. */
	if (d->grants.command == NULL &&
	    (facts->key_command == NULL || d->grants.sftp_only))
		decision_refuse(d, REFUSAL_root,
		    "root may enter into a forced command only");
}

void
policy_guard_traced(const struct config *config,
    const struct policy_facts *facts, struct decision *d, struct trace *trace)
{
	bool completed;

	if (d->verdict != POLICY_GRANTED && d->verdict != POLICY_MORE)
		return;
	if (facts->user_state != FACT_KNOWN)
		decision_refuse(d, REFUSAL_unknown_fact, "the user is gone");
	completed = chain_completed(&d->chains, facts);
	if (!completed && d->verdict == POLICY_GRANTED)
		decision_refuse(d, REFUSAL_no_chain,
		    "what was walked is none of the rule's chains");
	apply_guards(config, facts, true, d, trace);
	judge_grants(config, facts, d);
	settle_sftp_only(d);
	judge_root(facts, d);
	judge_key(facts, d);
	judge_principal(facts, d);
	if (d->reason != REFUSAL_none) {
		d->verdict = POLICY_REFUSED;
		return;
	}
	find_more(d, facts);
	d->verdict = d->more.count > 0 ? POLICY_MORE : POLICY_GRANTED;
}

void
policy_guard(const struct config *config, const struct policy_facts *facts,
    struct decision *d)
{
	policy_guard_traced(config, facts, d, NULL);
}
