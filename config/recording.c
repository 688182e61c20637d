/*
 * Looks through the policy for recordings: without any, no account and no
 * directory for them is asked for.
 */
#include "config/recording.h"

static bool
records(const struct rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (rules[i].grants.record_pty || rules[i].grants.record_exec)
			return true;
	return false;
}

bool
config_records(const struct config *config)
{
	return records(config->rules, config->rule_count) ||
	    records(config->overlays, config->overlay_count) ||
	    records(config->guards, config->guard_count);
}
