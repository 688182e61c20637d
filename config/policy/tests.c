/*
 * Runs the tests of a policy with the decision that a login gets, and tells of
 * those that fail by its explanation.  A fact that a test does not give is
 * unknown: where the policy asks it the test fails, whatever it expects.
 */
#include "config/policy/tests.h"

#include "config/choices.h"
#include "config/options.h"
#include "config/policy/granted.h"
#include "config/policy/match.h"
#include "config/policy/timed.h"
#include "config/show.h"
#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

#define WHY_MAX 2000 /* bytes of an explanation in a message */

struct run {
	const struct config *config;
	const struct policy_test *test;
	struct arena *arena;
	struct policy_facts facts;
	struct decision d;
	char unasked[512]; /* what is open for want of a fact; "": nothing */
	FILE *fault; /* what is not as expected */
};

/* ---- the facts ---- */

static void
declare_user(struct run *r)
{
	const struct policy_test *t = r->test;
	struct policy_facts *f = &r->facts;

	f->user = t->user;
	f->user_state = t->invalid_user ? FACT_ABSENT : FACT_KNOWN;
	f->groups_state = t->invalid_user ? FACT_ABSENT :
	    t->groups_given		  ? FACT_KNOWN :
					    FACT_UNKNOWN;
	f->groups = (const char *const *)t->groups.items;
	f->group_count = t->groups.count;
	if (t->invalid_user)
		return;
	f->uid = t->uid;
	if (t->uid == CONFIG_NONE) {
		f->uid_unknown = strcmp(t->user, "root") != 0;
		f->uid = f->uid_unknown ? (uid_t)-1 : 0;
	}
}

static void
declare_key(struct run *r)
{
	const struct policy_test *t = r->test;
	struct policy_facts *f = &r->facts;
	size_t i;

	f->methods = (const char *const *)t->methods.items;
	f->method_count = t->methods.count;
	f->key_state = f->principal_state = FACT_ABSENT;
	for (i = 0; i < t->methods.count; i++) {
		if (strncmp(t->methods.items[i], "publickey", 9) == 0)
			f->key_state = FACT_UNKNOWN;
		if (strncmp(t->methods.items[i], "gssapi-", 7) == 0)
			f->principal_state = FACT_UNKNOWN;
	}
	if (t->principal != NULL) {
		f->principal_state = FACT_KNOWN;
		f->principal = t->principal;
		f->delegated = t->delegated;
	}
	if (t->key_type == NULL)
		return;
	f->key_state = FACT_KNOWN;
	f->key_type = t->key_type;
	f->key_fingerprint = "of the test";
	f->key_source = t->key_source;
	f->key_ca = t->key_ca;
	f->key_command = t->key_command;
	f->key_bits = t->key_bits;
	f->key_touched = t->key_touch;
	f->key_verified = t->key_verify;
}

/* A grant that the test does not declare is absent, not unknown. */
static void
declare_grants(struct run *r)
{
	const struct strings *rules = &r->test->granted;
	struct timed_grant *g =
	    arena_array(r->arena, rules->count + 1, sizeof(*g));

	for (size_t i = 0; i < rules->count; i++) {
		snprintf(g[i].user, sizeof(g[i].user), "%s", r->facts.user);
		snprintf(g[i].rule, sizeof(g[i].rule), "%s", rules->items[i]);
		g[i].until = UINT64_MAX;
	}
	r->facts.timed_state = FACT_KNOWN;
	r->facts.timed = g;
	r->facts.timed_count = rules->count;
}

static void
gather(struct run *r, policy_account_fn *account)
{
	const struct config *c = r->config;
	const struct policy_test *t = r->test;
	struct policy_facts *f = &r->facts;

	if (account == NULL || t->invalid_user || t->groups_given ||
	    t->uid != CONFIG_NONE)
		declare_user(r);
	else
		account(r->arena, t->user, policy_asks_groups(c), f);
	if (t->from != NULL)
		(void)net_parse(t->from, &f->source);
	f->listener = t->listener;
	if (t->listener == NULL && c->listener_count == 1)
		f->listener = c->listeners[0].name;
	f->listener_unknown = f->listener == NULL;
	f->now_unknown = t->at == NULL;
	declare_grants(r);
	declare_key(r);
}

/* The facts that nobody gave, by the test's own keys. */
static void
list_missing(const struct run *r, FILE *out)
{
	const struct policy_test *t = r->test;
	const struct policy_facts *f = &r->facts;
	const struct {
		const char *key;
		bool missing;
	} rows[] = {
	    {"uid", f->uid_unknown},
	    {"groups", f->groups_state == FACT_UNKNOWN},
	    {"from", t->from == NULL},
	    {"listener", f->listener_unknown},
	    {"at", t->at == NULL},
	    {"methods", t->methods.count == 0},
	    {"key_type", f->key_state == FACT_UNKNOWN},
	    {"principal", f->principal_state == FACT_UNKNOWN},
	    {"key_source", f->key_state == FACT_KNOWN && t->key_source == NULL},
	};
	const char *before = "; the test does not give: ";
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!rows[i].missing)
			continue;
		fprintf(out, "%s%s", before, rows[i].key);
		before = ", ";
	}
}

/* ---- what the decision leaves open ---- */

/* Could the guard match, whatever the methods and the key are? */
static bool
may_match_later(const struct run *r, const struct rule *guard)
{
	struct rule early = *guard;
	char why[256];
	size_t i;

	early.matches =
	    arena_array(r->arena, guard->match_count, sizeof(*early.matches));
	for (i = 0; i < guard->match_count; i++) {
		struct rule_match *m = &early.matches[i];

		*m = guard->matches[i];
		memset(&m->methods, 0, sizeof(m->methods));
		memset(&m->key_types, 0, sizeof(m->key_types));
		memset(&m->key_sources, 0, sizeof(m->key_sources));
		memset(&m->key_cas, 0, sizeof(m->key_cas));
		memset(&m->principals, 0, sizeof(m->principals));
		memset(&m->realms, 0, sizeof(m->realms));
		m->delegated = false;
	}
	return policy_match(&early, false, &r->facts, why, sizeof(why)) !=
	    TRI_NO;
}

static bool
match_asks_source(const struct rule *guard)
{
	size_t i;

	for (i = 0; i < guard->match_count; i++)
		if (guard->matches[i].key_sources.count > 0)
			return true;
	return false;
}

/* Guards that wait for what the test does not tell of. */
static void
find_unasked_guard(struct run *r)
{
	const struct config *c = r->config;
	size_t i;

	for (i = 0; i < c->guard_count; i++) {
		const struct rule *guard = &c->guards[i];
		const char *what = NULL;

		if (r->test->methods.count == 0 &&
		    policy_match_is_late(guard) && !r->d.applied[i])
			what = "methods";
		else if (r->facts.key_state == FACT_KNOWN &&
		    r->test->key_source == NULL && match_asks_source(guard))
			what = "key_source";
		if (what == NULL || !may_match_later(r, guard))
			continue;
		snprintf(r->unasked, sizeof(r->unasked),
		    "guard %s (%s:%u) asks %s", guard->name, guard->origin.file,
		    guard->origin.line, what);
		return;
	}
}

static void
find_unasked(struct run *r)
{
	const struct layers *sources = &r->d.layers[GRANT_key_sources];
	const struct decision *d = &r->d;
	size_t i;

	if (d->verdict == POLICY_REFUSED) {
		if (d->reason == REFUSAL_unknown_fact &&
		    r->test->reason != REFUSAL_unknown_fact)
			snprintf(r->unasked, sizeof(r->unasked), "%s", d->why);
		return;
	}
	find_unasked_guard(r);
	for (i = 0; i < sources->count && r->unasked[0] == '\0'; i++)
		if (r->facts.key_state == FACT_KNOWN &&
		    r->test->key_source == NULL &&
		    sources->items[i].origin.line != 0)
			snprintf(r->unasked, sizeof(r->unasked),
			    "key_sources (%s:%u) asks key_source",
			    sources->items[i].origin.file,
			    sources->items[i].origin.line);
}

/* ---- what came ---- */

static enum test_outcome
outcome(const struct decision *d)
{
	return d->verdict == POLICY_GRANTED ? TEST_ALLOW :
	    d->verdict == POLICY_MORE	    ? TEST_MORE :
					      TEST_DENY;
}

static const char *
word_of(const struct choice *choices, uint32_t value)
{
	while (choices->word != NULL && choices->value != value)
		choices++;
	return choices->word != NULL ? choices->word : "?";
}

static void
compare_grants(struct run *r)
{
	const struct grants *wanted = r->test->grants;
	enum grant grant;

	for (grant = 0; wanted != NULL && grant < GRANT_COUNT; grant++) {
		const struct option *option = option_of_grant(grant);
		char *came, *expected;

		if (wanted->origins[grant].line == 0)
			continue;
		came = granted_text(&r->d, option);
		expected = granted_value_text(
		    option, (const char *)wanted + option->offset);
		if (strcmp(came, expected) != 0)
			fprintf(r->fault, "expected %s = %s, came %s; ",
			    option->name, expected, came);
		free(came);
		free(expected);
	}
}

static void
compare(struct run *r)
{
	const struct policy_test *t = r->test;
	const struct decision *d = &r->d;
	enum test_outcome came = outcome(d);
	const char *decider = d->decider != NULL ? d->decider->name : NULL;

	if (r->unasked[0] != '\0') {
		fprintf(r->fault, "expected %s, came neither: %s",
		    word_of(outcome_choices, t->expect), r->unasked);
		list_missing(r, r->fault);
		fputs("; ", r->fault);
		return;
	}
	if (came != t->expect) {
		fprintf(r->fault, "expected %s, came %s%s%s%s%s; ",
		    word_of(outcome_choices, t->expect),
		    word_of(outcome_choices, came),
		    came == TEST_DENY ? " (" : "",
		    came == TEST_DENY ? refusals[d->reason].code : "",
		    came == TEST_DENY ? "): " : "", d->why);
		return;
	}
	if (t->rule != NULL &&
	    (decider == NULL || strcmp(decider, t->rule) != 0))
		fprintf(r->fault, "expected \"%s\" to decide, came %s%s%s; ",
		    t->rule, decider != NULL ? "\"" : "",
		    decider != NULL ? decider : "none",
		    decider != NULL ? "\"" : "");
	if (t->reason != 0 && t->reason != (uint32_t)d->reason)
		fprintf(r->fault, "expected %s because of %s, came %s: %s; ",
		    word_of(outcome_choices, t->expect),
		    refusals[t->reason].code, refusals[d->reason].code, d->why);
	compare_grants(r);
}

/* The explanation's lines as one. */
static char *
explain(const struct run *r)
{
	char *lines = NULL, *text = NULL, *rest, *line;
	size_t size = 0;
	FILE *out = open_memstream(&lines, &size);

	if (out == NULL)
		return mem_strdup("");
	policy_explain(r->config, &r->facts, EXPLAIN_WHY, out);
	fclose(out);
	rest = lines;
	if ((out = open_memstream(&text, &size)) == NULL) {
		free(lines);
		return mem_strdup("");
	}
	while ((line = strsep(&rest, "\n")) != NULL)
		if (*line != '\0')
			fprintf(out, "%s%s", line == lines ? "" : "; ", line);
	fclose(out);
	free(lines);
	if (size > WHY_MAX)
		memcpy(&text[WHY_MAX], "...", 4);
	return text;
}

static void
report(const struct run *r, const char *fault, struct problems *problems)
{
	char *why = explain(r);

	problem_error(problems, r->test->origin.file, r->test->origin.line,
	    "tests.%s: %swhy: %s", r->test->name, fault, why);
	free(why);
}

static void
run_test(struct run *r, policy_account_fn *account, struct problems *problems)
{
	const struct policy_test *t = r->test;
	char *fault = NULL;
	size_t size = 0;

	if (t->at != NULL && !policy_moment(t->at, &r->facts.now)) {
		problem_error(problems, t->origin.file, t->origin.line,
		    "tests.%s: at: \"%s\" is no time, or its zone is not known "
		    "here (\"2026-11-30 09:00 UTC\", \"@SECONDS\")",
		    t->name, t->at);
		return;
	}
	if (account == NULL && !t->invalid_user && !t->groups_given &&
	    t->uid == CONFIG_NONE && strcmp(t->user, "root") != 0) {
		problem_warning(problems, t->origin.file, t->origin.line,
		    "tests.%s: not run: no account is looked up here; give uid "
		    "and groups",
		    t->name);
		return;
	}
	gather(r, account);
	policy_decide(r->config, &r->facts, &r->d);
	if (r->facts.method_count > 0)
		policy_guard(r->config, &r->facts, &r->d);
	find_unasked(r);
	if ((r->fault = open_memstream(&fault, &size)) == NULL)
		return;
	compare(r);
	fclose(r->fault);
	if (size > 0)
		report(r, fault, problems);
	free(fault);
}

void
policy_tests(const struct config *config, policy_account_fn *account,
    struct problems *problems)
{
	size_t i;

	for (i = 0; i < config->test_count; i++) {
		struct run *r = mem_zalloc(sizeof(*r));

		r->config = config;
		r->test = &config->tests[i];
		r->arena = arena_new();
		decision_init(&r->d);
		run_test(r, account, problems);
		decision_free(&r->d);
		arena_free(r->arena);
		free(r);
	}
}
