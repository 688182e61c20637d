/*
 * What the policy names for a module to find in advance: a PAM service that
 * does not exist must stop a start, not a login.
 */
#include "daemon/monitor/host.h"

#include "lib/mem.h"

#include <string.h>

static void
add(struct pairs *list, char *value, const struct origin *origin)
{
	static char key[] = "services";

	if (value == NULL || value[0] == '\0')
		return;
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i].value, value) == 0)
			return;
	list->items =
	    mem_grow(list->items, list->count + 1, sizeof(*list->items));
	list->items[list->count++] =
	    (struct pair){.key = key, .value = value, .origin = *origin};
}

static void
add_chain(struct pairs *list, const struct chain *chain, const char *module,
    const struct origin *origin)
{
	for (size_t i = 0; i < chain->count; i++) {
		const struct chain_step *step = &chain->steps[i];

		if (step->module != NULL && strcmp(step->module, module) == 0)
			add(list, step->service, origin);
	}
}

static void
add_rule(struct pairs *list, const struct rule *rule, const char *module)
{
	const struct grants *g = &rule->grants;

	for (size_t i = 0; i < g->methods.count; i++)
		add_chain(list, &g->methods.items[i], module,
		    &g->origins[GRANT_methods]);
	add_chain(list, &rule->require, module, &rule->require_origin);
	add(list, g->pam_service, &g->origins[GRANT_pam_service]);
}

struct pairs
host_services(const struct config *config, const char *module)
{
	struct pairs list = {0};

	for (size_t i = 0; i < config->rule_count; i++)
		add_rule(&list, &config->rules[i], module);
	for (size_t i = 0; i < config->overlay_count; i++)
		add_rule(&list, &config->overlays[i], module);
	for (size_t i = 0; i < config->guard_count; i++)
		add_rule(&list, &config->guards[i], module);
	return list;
}
