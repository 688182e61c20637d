/*
 * Why somebody may enter, or not: the trace of the very functions that the
 * monitor runs, and the settings with the place each came from.  For
 * sallyportctl, on the files or in the running generation.
 */
#include "config/choices.h"
#include "config/options.h"
#include "config/policy/policy.h"
#include "config/policy/match.h"
#include "config/policy/timed.h"
#include "config/show.h"
#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

struct explanation {
	const struct config *config;
	const struct policy_facts *facts;
	struct decision d;
	struct trace trace;
	bool brief, settings;
	FILE *out;
};

static const char *
verdict_text(enum policy_verdict verdict)
{
	return verdict == POLICY_GRANTED ? "granted" :
	    verdict == POLICY_MORE	 ? "more" :
					   "refused";
}

static const char *
result_text(enum tri result)
{
	return result == TRI_YES ? "yes" : result == TRI_NO ? "no" : "unknown";
}

static const struct trace_entry *
find_entry(const struct explanation *e, enum trace_kind kind, size_t index)
{
	const struct trace_entry *found = NULL;
	size_t i;

	for (i = 0; i < e->trace.count; i++) {
		if (e->trace.entries[i].kind == kind &&
		    e->trace.entries[i].index == index)
			found = &e->trace.entries[i];
	}
	return found;
}

/* Why a rule or guard has no entry in the trace. */
static const char *
unasked(const struct rule *rule, enum trace_kind kind)
{
	if (kind == TRACE_RULE)
		return "not reached: an earlier rule decided";
	if (policy_match_is_late(rule))
		return "asked after authentication, with the method and key";
	return "not asked: no rule matched";
}

/* The server will know which listener it is; here the answer depends on it. */
static bool
is_open_question(const struct explanation *e)
{
	return e->facts->listener_unknown &&
	    e->d.reason == REFUSAL_unknown_fact;
}

/* ---- text ---- */

static void
text_facts(const struct explanation *e)
{
	const struct policy_facts *f = e->facts;
	char address[NET_TEXT_MAX];
	size_t i;

	fprintf(e->out, "user %s: ", f->user);
	if (f->user_state == FACT_KNOWN)
		fprintf(e->out, "uid %u", (unsigned)f->uid);
	else
		fputs(f->user_state != FACT_ABSENT ?
			"unknown (the look-up failed)" :
			f->user_silent ? "unknown: no such user, but a "
					 "source of the name service did not "
					 "answer" :
					 "no such user",
		    e->out);
	fputs("\ngroups:", e->out);
	if (f->groups_state == FACT_UNKNOWN)
		fputs(" unknown", e->out);
	for (i = 0; f->groups_state == FACT_KNOWN && i < f->group_count; i++)
		fprintf(e->out, " %s", f->groups[i]);
	fprintf(e->out, "\nfrom %s, listener %s\n",
	    f->source.family == NET_NONE ? "unknown" :
					   net_print(&f->source, address),
	    f->listener != NULL	    ? f->listener :
		f->listener_unknown ? "unknown: it was not said" :
				      "none");
}

/* Only grants in force; sallyportctl grant list shows the others. */
static void
text_grants(const struct explanation *e)
{
	const struct policy_facts *f = e->facts;
	char until[TIMED_TIME_MAX];

	for (size_t i = 0; i < f->timed_count; i++) {
		const struct timed_grant *g = &f->timed[i];

		if (timed_find(f, g->rule) != g)
			continue;
		fprintf(e->out, "grant for rule %s until %s%s%s%s%s\n", g->rule,
		    timed_time(g->until, until),
		    g->ticket[0] != '\0' ? ", ticket " : "", g->ticket,
		    g->approver[0] != '\0' ? ", approved by " : "",
		    g->approver);
	}
}

static const char *const kind_texts[] = {"rule", "overlay", "guard"};

static void
text_rules(const struct explanation *e, const struct rule *rules, size_t count,
    enum trace_kind kind)
{
	const struct trace_entry *entry;
	size_t i;

	for (i = 0; i < count; i++) {
		entry = find_entry(e, kind, i);
		if (e->brief && (entry == NULL || entry->result == TRI_NO) &&
		    (kind != TRACE_RULE || e->d.reason != REFUSAL_no_rule))
			continue;
		fprintf(e->out, "%s %s (%s:%u): ", kind_texts[kind],
		    rules[i].name, rules[i].origin.file, rules[i].origin.line);
		if (entry == NULL)
			fprintf(e->out, "%s\n", unasked(&rules[i], kind));
		else
			fprintf(e->out, "%s: %s\n",
			    entry->result == TRI_YES	? "matches" :
				entry->result == TRI_NO ? "does not match" :
							  "unknown",
			    entry->why);
	}
}

static void
text_origin(const struct explanation *e, const struct origin *origin)
{
	if (origin->line != 0)
		fprintf(e->out, "\t# %s:%u\n", origin->file, origin->line);
	else
		fputs("\t# default\n", e->out);
}

static void
text_settings(const struct explanation *e)
{
	const struct layers *layers;
	enum grant grant;
	size_t i;

	for (grant = 0; grant < GRANT_COUNT; grant++) {
		const struct option *option = option_of_grant(grant);

		layers = decision_layers(&e->d, grant);
		if (grant == GRANT_methods)
			continue;
		if (layers == NULL &&
		    !(e->brief && e->d.grants.origins[grant].line == 0)) {
			fprintf(e->out, "  %s = ", option->name);
			show_value(e->out, option,
			    (const char *)&e->d.grants + option->offset,
			    SHOW_CONFIG);
			text_origin(e, &e->d.grants.origins[grant]);
		}
		for (i = 0; layers != NULL && i < layers->count; i++) {
			if (e->brief && layers->items[i].origin.line == 0)
				continue;
			fprintf(e->out, "  %s %s ", option->name,
			    i == 0 ? "=" : "and also in");
			show_value(
			    e->out, option, layers->items[i].list, SHOW_CONFIG);
			text_origin(e, &layers->items[i].origin);
		}
	}
}

static void
explain_text(const struct explanation *e)
{
	const struct decision *d = &e->d;
	size_t i;

	text_facts(e);
	text_grants(e);
	text_rules(e, e->config->rules, e->config->rule_count, TRACE_RULE);
	text_rules(
	    e, e->config->overlays, e->config->overlay_count, TRACE_OVERLAY);
	text_rules(e, e->config->guards, e->config->guard_count, TRACE_GUARD);
	if (is_open_question(e))
		fprintf(e->out, "not known: %s\n", d->why);
	else if (d->verdict == POLICY_REFUSED)
		fprintf(e->out, "refused: %s\n", d->why);
	else
		fprintf(e->out, "decided by rule %s (%s:%u)\n", d->rule->name,
		    d->rule->origin.file, d->rule->origin.line);
	if (d->decoy && !e->brief)
		fprintf(e->out,
		    "the client is asked as by rule %s, and never "
		    "succeeds\n",
		    d->rule->name);
	if (d->decoy && !e->settings)
		return;
	for (i = 0; i < d->chains.count; i++)
		fprintf(e->out, "chain: %s\n", d->chains.items[i].text);
	for (i = 0; i < d->more.count; i++)
		fprintf(
		    e->out, "still required: %s\n", d->more.steps[i].method);
	if (d->decoy || !e->settings)
		return;
	fputs("settings:\n", e->out);
	text_settings(e);
}

/* ---- JSON ---- */

static void
json_string(const struct explanation *e, const char *key, const char *text)
{
	fprintf(e->out, "\"%s\":", key);
	if (text == NULL)
		fputs("null", e->out);
	else
		show_quoted(e->out, text, SHOW_JSON);
	fputc(',', e->out);
}

static void
json_origin(const struct explanation *e, const struct origin *origin)
{
	json_string(e, "file", origin->line != 0 ? origin->file : NULL);
	fprintf(e->out, "\"line\":%u", origin->line);
}

/* Where there are some: the others ask no rule for them. */
static void
json_grants(const struct explanation *e)
{
	const struct policy_facts *f = e->facts;
	char until[TIMED_TIME_MAX];
	bool more = false;

	for (size_t i = 0; i < f->timed_count; i++) {
		const struct timed_grant *g = &f->timed[i];

		if (timed_find(f, g->rule) != g)
			continue;
		fputs(more ? ",{" : "\"by_grant\":[{", e->out);
		more = true;
		json_string(e, "rule", g->rule);
		json_string(e, "until", timed_time(g->until, until));
		json_string(e, "ticket", g->ticket);
		fputs("\"approver\":", e->out);
		show_quoted(e->out, g->approver, SHOW_JSON);
		fputc('}', e->out);
	}
	if (more)
		fputs("],", e->out);
}

static void
json_facts(const struct explanation *e)
{
	const struct policy_facts *f = e->facts;
	char address[NET_TEXT_MAX];
	size_t i;

	json_string(e, "user", f->user);
	if (f->user_state == FACT_KNOWN)
		fprintf(e->out, "\"uid\":%u,", (unsigned)f->uid);
	else
		json_string(e, "uid",
		    f->user_state == FACT_ABSENT && !f->user_silent ?
			NULL :
			"unknown");
	if (f->groups_state == FACT_UNKNOWN) {
		json_string(e, "groups", "unknown");
	} else {
		fputs("\"groups\":[", e->out);
		for (i = 0; i < f->group_count; i++) {
			fputs(i > 0 ? "," : "", e->out);
			show_quoted(e->out, f->groups[i], SHOW_JSON);
		}
		fputs("],", e->out);
	}
	json_string(e, "from",
	    f->source.family == NET_NONE ? "unknown" :
					   net_print(&f->source, address));
	json_string(e, "listener",
	    f->listener == NULL && f->listener_unknown ? "unknown" :
							 f->listener);
	fprintf(e->out, "\"time\":%lld,", (long long)f->now);
	json_grants(e);
}

static void
json_rules(const struct explanation *e, const char *key,
    const struct rule *rules, size_t count, enum trace_kind kind)
{
	const struct trace_entry *entry;
	size_t i;

	fprintf(e->out, "\"%s\":[", key);
	for (i = 0; i < count; i++) {
		entry = find_entry(e, kind, i);
		fputs(i > 0 ? ",{" : "{", e->out);
		json_string(e, "name", rules[i].name);
		json_string(e, "result",
		    entry != NULL ? result_text(entry->result) : "not asked");
		json_string(e, "why",
		    entry != NULL ? entry->why : unasked(&rules[i], kind));
		json_origin(e, &rules[i].origin);
		fputc('}', e->out);
	}
	fputs("],", e->out);
}

static void
json_setting(const struct explanation *e, const struct option *option,
    const void *value, const struct origin *origin)
{
	fputs("{\"value\":", e->out);
	show_value(e->out, option, value, SHOW_JSON);
	fputc(',', e->out);
	json_origin(e, origin);
	fputc('}', e->out);
}

static void
json_settings(const struct explanation *e)
{
	const struct layers *layers;
	enum grant grant;
	size_t i;

	fputs("\"settings\":{", e->out);
	for (grant = 0; grant < GRANT_COUNT && !e->d.decoy; grant++) {
		const struct option *option = option_of_grant(grant);

		fprintf(
		    e->out, "%s\"%s\":", grant > 0 ? "," : "", option->name);
		layers = decision_layers(&e->d, grant);
		if (layers == NULL) {
			json_setting(e, option,
			    (const char *)&e->d.grants + option->offset,
			    &e->d.grants.origins[grant]);
			continue;
		}
		fputc('[', e->out);
		for (i = 0; i < layers->count; i++) {
			fputs(i > 0 ? "," : "", e->out);
			json_setting(e, option, layers->items[i].list,
			    &layers->items[i].origin);
		}
		fputc(']', e->out);
	}
	fputc('}', e->out);
}

static void
explain_json(const struct explanation *e)
{
	const struct decision *d = &e->d;
	size_t i;

	fputc('{', e->out);
	json_facts(e);
	json_rules(
	    e, "rules", e->config->rules, e->config->rule_count, TRACE_RULE);
	json_rules(e, "overlays", e->config->overlays, e->config->overlay_count,
	    TRACE_OVERLAY);
	json_rules(e, "guards", e->config->guards, e->config->guard_count,
	    TRACE_GUARD);
	json_string(e, "verdict",
	    is_open_question(e) ? "unknown" : verdict_text(d->verdict));
	json_string(e, "reason", refusals[d->reason].code);
	json_string(e, "why", d->why[0] != '\0' ? d->why : NULL);
	json_string(e, "rule", d->rule->name);
	json_string(e, "decider", d->decider != NULL ? d->decider->name : NULL);
	fprintf(
	    e->out, "\"decoy\":%s,\"chains\":[", d->decoy ? "true" : "false");
	for (i = 0; i < d->chains.count; i++) {
		fputs(i > 0 ? "," : "", e->out);
		show_quoted(e->out, d->chains.items[i].text, SHOW_JSON);
	}
	fputs("],\"more\":[", e->out);
	for (i = 0; i < d->more.count; i++) {
		fputs(i > 0 ? "," : "", e->out);
		show_quoted(e->out, d->more.steps[i].method, SHOW_JSON);
	}
	fputs("],", e->out);
	json_settings(e);
}

void
policy_explain(const struct config *config, const struct policy_facts *facts,
    enum explain_format format, FILE *out)
{
	struct explanation *e = mem_zalloc(sizeof(*e));

	e->config = config;
	e->facts = facts;
	e->out = out;
	e->brief = format == EXPLAIN_BRIEF || format == EXPLAIN_WHY;
	e->settings = format != EXPLAIN_WHY;
	decision_init(&e->d);
	policy_decide_traced(config, facts, &e->d, &e->trace);
	if (facts->method_count > 0)
		policy_guard_traced(config, facts, &e->d, &e->trace);
	if (format != EXPLAIN_JSON && format != EXPLAIN_JSON_OPEN)
		explain_text(e);
	else
		explain_json(e);
	if (format == EXPLAIN_JSON)
		fputs("}\n", out);
	free(e->trace.entries);
	decision_free(&e->d);
	free(e);
}
