/*
 * The lists of those who may enter at all: allow_users, deny_users and the same
 * of groups, of the rule, the overlays and every guard.  Each allowing list
 * must have the user, no denying one may.  Part of the decision; what is not
 * known refuses.
 */
#include "config/policy/compose.h"

#include "config/parse.h"
#include "lib/match.h"

#include <string.h>

/* Is the source within "NETWORK,!NETWORK"?  One that excludes decides. */
static bool
source_is_listed(const char *list, const struct net_address *source)
{
	char one[NET_TEXT_MAX + 8];
	struct net_network network;
	bool found = false;
	size_t len;

	for (;; list += len + 1) {
		len = strcspn(list, ",");
		if (len < sizeof(one)) {
			memcpy(one, list, len);
			one[len] = '\0';
			if (parse_network(one, &network) == NULL &&
			    net_contains(&network, source)) {
				if (network.negated)
					return false;
				found = true;
			}
		}
		if (list[len] == '\0')
			return found;
	}
}

/* "USER", "USER@NETWORKS". */
static enum tri
login_matches(const char *entry, const struct policy_facts *facts)
{
	const char *at = strrchr(entry, '@');
	char user[1025];
	size_t len = at != NULL ? (size_t)(at - entry) : strlen(entry);

	if (len >= sizeof(user))
		return TRI_UNKNOWN;
	memcpy(user, entry, len);
	user[len] = '\0';
	if (!match_pattern(facts->user, user, MATCH_CASE))
		return TRI_NO;
	if (at == NULL)
		return TRI_YES;
	if (facts->source.family == NET_NONE)
		return TRI_UNKNOWN;
	return source_is_listed(at + 1, &facts->source) ? TRI_YES : TRI_NO;
}

static enum tri
group_matches(const char *pattern, const struct policy_facts *facts)
{
	size_t i;

	if (facts->groups_state == FACT_UNKNOWN)
		return TRI_UNKNOWN;
	for (i = 0; facts->groups_state == FACT_KNOWN && i < facts->group_count;
	     i++) {
		if (match_pattern(facts->groups[i], pattern, MATCH_CASE))
			return TRI_YES;
	}
	return TRI_NO;
}

/* Any entry of the list; "*" is everybody, of whom nothing is known, too. */
static enum tri
any_matches(const struct strings *list, const struct policy_facts *facts,
    enum tri (*matches)(const char *, const struct policy_facts *))
{
	enum tri result = TRI_NO, one;
	size_t i;

	for (i = 0; i < list->count && result != TRI_YES; i++) {
		one = strcmp(list->items[i], "*") == 0 ?
		    TRI_YES :
		    matches(list->items[i], facts);
		if (one != TRI_NO)
			result = one;
	}
	return result;
}

/* One kind of list. */
struct access_list {
	enum grant grant;
	enum refusal reason;
	bool deny;
	bool users;
};

static void
judge_layer(const struct config *config, const struct policy_facts *facts,
    struct decision *d, const struct access_list *list)
{
	const struct layers *layers = &d->layers[list->grant];
	enum grant grant = list->grant;
	enum trace_kind kind;
	enum tri result;
	char which[192];
	size_t i;

	for (i = 0; i < layers->count; i++) {
		const struct origin *origin = &layers->items[i].origin;

		result = any_matches(layers->items[i].list, facts,
		    list->users ? login_matches : group_matches);
		if (result != TRI_UNKNOWN && (result == TRI_YES) != list->deny)
			continue;
		decision_blame(
		    d, policy_rule_of(config, d, grant, origin, &kind));
		policy_describe_origin(
		    config, d, grant, origin, which, sizeof(which));
		if (result == TRI_UNKNOWN)
			decision_refuse(d, REFUSAL_unknown_fact,
			    "%s: the %s not known", which,
			    list->users ? "source address is" :
					  "user's groups are");
		else
			decision_refuse(d, list->reason, "%s in %s",
			    list->deny ? "listed" : "not listed", which);
	}
}

void
decision_judge_lists(const struct config *config,
    const struct policy_facts *facts, struct decision *d)
{
	static const struct access_list lists[] = {
	    {GRANT_deny_users, REFUSAL_deny_users, true, true},
	    {GRANT_allow_users, REFUSAL_allow_users, false, true},
	    {GRANT_deny_groups, REFUSAL_deny_groups, true, false},
	    {GRANT_allow_groups, REFUSAL_allow_groups, false, false}};
	size_t i;

	if (facts->user_state != FACT_KNOWN)
		return; /* refused already */
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		judge_layer(config, facts, d, &lists[i]);
}
