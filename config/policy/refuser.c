/*
 * Names of what refused: each grant of a decision, and each list of a layer,
 * has the place that it came from, and the place tells which rule or guard it
 * was.  For the log and for explain.
 */
#include "config/options.h"
#include "config/policy/forward.h"
#include "config/policy/match.h"

#include <stdio.h>
#include <string.h>

static bool
same_origin(const struct origin *a, const struct origin *b)
{
	return a->line == b->line && a->file == b->file;
}

const struct rule *
policy_rule_of(const struct config *config, const struct decision *d,
    enum grant grant, const struct origin *origin, enum trace_kind *kind)
{
	const struct rule *rule = d->rule;
	size_t i;

	*kind = TRACE_GUARD;
	for (i = 0; i < config->guard_count && origin->line != 0; i++)
		if (d->applied[i] &&
		    same_origin(
			origin, &config->guards[i].grants.origins[grant]))
			return &config->guards[i];
	*kind = TRACE_OVERLAY;
	for (i = 0; i < config->overlay_count && origin->line != 0; i++)
		if (same_origin(
			origin, &config->overlays[i].grants.origins[grant]))
			return &config->overlays[i];
	*kind = TRACE_RULE;
	if (rule != NULL && same_origin(origin, &rule->grants.origins[grant]))
		return rule;
	return NULL;
}

void
policy_describe_origin(const struct config *config, const struct decision *d,
    enum grant grant, const struct origin *origin, char *why, size_t size)
{
	static const char *const kinds[] = {"rule", "overlay", "guard"};
	const char *name = option_of_grant(grant)->name;
	enum trace_kind kind;
	const struct rule *rule =
	    policy_rule_of(config, d, grant, origin, &kind);

	if (origin->line == 0)
		snprintf(why, size, "rule %s grants no %s",
		    d->rule != NULL ? d->rule->name : "?", name);
	else if (rule != NULL && grant == GRANT_refuse)
		snprintf(why, size, "%s %s refuses (%s:%u)", kinds[kind],
		    rule->name, origin->file, origin->line);
	else if (rule != NULL)
		snprintf(why, size, "%s of %s %s (%s:%u)", name, kinds[kind],
		    rule->name, origin->file, origin->line);
	else
		snprintf(why, size, "%s of %s:%u", name,
		    origin->file != NULL ? origin->file : "the key",
		    origin->line);
}

static bool
is_refused(const struct decision *d, const struct policy_forward *f)
{
	struct net_address out[LISTEN_ADDRESSES_MAX];

	switch (f->grant) {
	case GRANT_local_forward:
		return policy_may_connect(d, f->host, f->port, f->address) ==
		    POLICY_NO;
	case GRANT_remote_forward:
		return policy_may_listen(d, f->host, f->port, out) == 0;
	default:
		return f->grant == GRANT_unix_local ?
		    !policy_may_unix_connect(d, f->host) :
		    !policy_may_unix_listen(d, f->host);
	}
}

void
policy_forward_refuser(const struct config *config, const struct decision *d,
    const struct policy_forward *forward, char *why, size_t size)
{
	const struct layers *layers = &d->layers[forward->grant];
	struct decision one = *d; /* with one list of them at a time */
	size_t i;

	policy_describe_origin(config, d, forward->grant,
	    &(const struct origin){NULL, 0}, why, size);
	for (i = 0; i < layers->count; i++) {
		one.layers[forward->grant].items = &layers->items[i];
		one.layers[forward->grant].count = 1;
		if (!is_refused(&one, forward))
			continue;
		policy_describe_origin(config, d, forward->grant,
		    &layers->items[i].origin, why, size);
		return;
	}
}

void
policy_grant_refuser(const struct config *config, const struct decision *d,
    enum grant grant, char *why, size_t size)
{
	policy_describe_origin(
	    config, d, grant, &d->grants.origins[grant], why, size);
}

/* The layer that does not list the subsystem. */
static const struct origin *
subsystem_origin(const struct decision *d, const char *name)
{
	const struct layers *layers = &d->layers[GRANT_subsystems];
	struct decision one = *d;

	for (size_t i = 0; i < layers->count; i++) {
		one.layers[GRANT_subsystems].items = &layers->items[i];
		one.layers[GRANT_subsystems].count = 1;
		if (!policy_may_subsystem(&one, name))
			return &layers->items[i].origin;
	}
	return &d->grants.origins[GRANT_subsystems];
}

void
policy_start_refuser(const struct config *config, const struct decision *d,
    enum policy_request request, const char *text, char *why, size_t size)
{
	enum grant grant = request == REQUEST_SHELL ? GRANT_shell :
	    request == REQUEST_EXEC		    ? GRANT_exec :
						      GRANT_subsystems;
	const struct origin *origin = &d->grants.origins[grant];

	if (d->grants.sftp_only &&
	    (request != REQUEST_SUBSYSTEM || strcmp(text, "sftp") != 0)) {
		grant = GRANT_sftp_only;
		origin = &d->grants.origins[grant];
	} else if (request == REQUEST_SUBSYSTEM) {
		origin = subsystem_origin(d, text);
	}
	policy_describe_origin(config, d, grant, origin, why, size);
}
