/*
 * Does a rule or guard match?  Shared by the decision and its explanation.
 */
#ifndef CONFIG_POLICY_MATCH_H
#define CONFIG_POLICY_MATCH_H

#include "config/policy/policy.h"

enum tri { TRI_NO, TRI_YES, TRI_UNKNOWN };

/* Told to explain for each rule, overlay and guard that was looked at. */
enum trace_kind { TRACE_RULE, TRACE_OVERLAY, TRACE_GUARD };
struct trace_entry {
	enum trace_kind kind;
	size_t index;
	enum tri result;
	char why[256];
};

struct trace {
	struct trace_entry *entries;
	size_t count;
};

/*
 * All criteria of the match together; one that is false makes the rest
 * irrelevant, known or not.  why gets the criterion that decided.  named: uid
 * 0 must be named without wildcards.
 */
enum tri policy_match(const struct rule *rule, bool named,
    const struct policy_facts *facts, char *why, size_t why_size);

/*
 * A guard over each key that logs in: it matches where it does for any of them,
 * else who has two would choose which counts by their order.
 */
enum tri policy_match_keys(const struct rule *guard,
    const struct policy_facts *facts, char *why, size_t why_size);

/* One entry more; nothing when trace is NULL. */
void policy_trace(struct trace *trace, enum trace_kind kind, size_t index,
    enum tri result, const char *why);

/* Does it look at what authentication alone can tell? */
bool policy_match_is_late(const struct rule *rule);

/*
 * unreachable.c: does the earlier rule, overlay or guard match all that the
 * later one matches?  Each of its conditions must follow from one of the
 * other's; false also where that cannot be seen.
 */
bool policy_covers(const struct rule *earlier, const struct rule *later);

/* Is uid 0, whose name is root, named without wildcards? */
bool policy_names_root(const struct rule *rule, const char *root);

/*
 * Is now within one of the windows?  TRI_UNKNOWN when a window's zone is not
 * known on this machine.  *ends: when the last of a row of adjoining windows
 * closes; 0 for never; ends may be NULL.  Single-threaded: looks at other zones
 * through TZ.
 */
enum tri policy_in_windows(
    const struct time_windows *windows, time_t now, time_t *ends);

/* Do the windows hold whatever the time? */
bool policy_is_always(const struct time_windows *windows);

/*
 * For people: "it is Mon 07:12 UTC, outside mon-fri 08:00-18:00 UTC", with the
 * clock of each window's zone; as many windows as there is room for.
 */
void policy_windows_text(
    const struct time_windows *windows, time_t now, char *text, size_t size);

/* Patterns with ! : one that excludes and matches decides at once. */
/* Is this one of the names, which are no patterns? */
bool policy_is_listed(const struct strings *names, const char *name);
bool policy_in_patterns(const struct strings *patterns, const char *text);

/* In a list of patterns of every grant; an empty list holds nothing. */
bool policy_in_layers(
    const struct decision *d, enum grant grant, const char *text);

/* The decision and its trace; trace may be NULL. */
void policy_decide_traced(const struct config *config,
    const struct policy_facts *facts, struct decision *d, struct trace *trace);
void policy_guard_traced(const struct config *config,
    const struct policy_facts *facts, struct decision *d, struct trace *trace);

/*
 * refuser.c: the rule, overlay or guard that a grant of the decision came from,
 * NULL for a key's or certificate's; and the same in words, such as "times of
 * guard night (policy.conf:12)" or "rule users grants no agent".
 */
const struct rule *policy_rule_of(const struct config *config,
    const struct decision *d, enum grant grant, const struct origin *origin,
    enum trace_kind *kind);
void policy_describe_origin(const struct config *config,
    const struct decision *d, enum grant grant, const struct origin *origin,
    char *why, size_t size);

/* The first that refuses is the one that is named: ask before refusing. */
void decision_blame(struct decision *d, const struct rule *rule);

/* A value of the grant's type tightens what is granted: 0, or E_DENIED, and the
 * decision refuses. */
int decision_tighten_value(struct decision *d, enum grant grant,
    const void *value, struct origin origin);

/* Refuse for good; the first reason stays. */
void decision_refuse(struct decision *d, enum refusal reason,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* One list more that must allow; E_DENIED when there are too many. */
int decision_add_layer(struct decision *d, enum grant grant, const void *list,
    const struct origin *origin);

/* A guard on top of the decision: every grant it sets is tightened. */
void decision_apply_guard(struct decision *d, const struct rule *guard);

/* Steps of chain that the walked methods lack, into *missing (arena). */
void chain_missing(struct decision *d, const struct chain *chain,
    const char *const *walked, size_t walked_count, struct chain *missing);

/* ---- chains.c ---- */

bool step_matches(
    const struct chain_step *wanted, const struct chain_step *step);

/* root_login = key: chains of passwords alone are not for root. */
void decision_drop_weak_chains(
    const struct policy_facts *facts, struct decision *d);

/* NULL: the grant is none of the lists that add up. */
const struct layers *decision_layers(
    const struct decision *d, enum grant grant);

#endif
