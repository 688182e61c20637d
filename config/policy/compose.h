/*
 * The deciding rule and the overlays that fill what it leaves open.
 */
#ifndef CONFIG_POLICY_COMPOSE_H
#define CONFIG_POLICY_COMPOSE_H

#include "config/policy/match.h"

/*
 * Begin d with the rule: grants, layers and chains.  An overlay that could set
 * something and cannot be judged refuses, as do command and sftp_only together.
 */
void decision_compose(const struct config *config,
    const struct policy_facts *facts, struct decision *d,
    const struct rule *rule, struct trace *trace);

/* Methods and forwards that are switched off by a key of their own. */
void decision_settle_switches(struct decision *d);

/* allow_users, deny_users, allow_groups, deny_groups. */
void decision_judge_lists(const struct config *config,
    const struct policy_facts *facts, struct decision *d);

#endif
