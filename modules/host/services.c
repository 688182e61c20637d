/*
 * Checks in advance the services that the policy names for modules: a PAM
 * service that does not exist must fail a start, not a login.
 */
#include "modules/host/services.h"

#include "config/module_options.h"
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

struct parameters {
	const struct hosted *module;
	struct problems *problems;
};

static void
check_chain(const struct parameters *p, const struct chain *chain,
    const struct origin *origin)
{
	const char *name = p->module->settings->name;

	for (size_t i = 0; i < chain->count; i++) {
		const struct chain_step *step = &chain->steps[i];

		if (step->module != NULL && step->service != NULL &&
		    strcmp(step->module, name) == 0)
			problem_error(p->problems, origin->file, origin->line,
			    "%s:%s/%s: module %s takes no parameter",
			    step->method, name, step->service, name);
	}
}

static void
check_rule(const struct parameters *p, const struct rule *rule)
{
	const struct grants *g = &rule->grants;

	for (size_t i = 0; i < g->methods.count; i++)
		check_chain(
		    p, &g->methods.items[i], &g->origins[GRANT_methods]);
	check_chain(p, &rule->require, &rule->require_origin);
}

void
host_check_parameters(const struct config *config, const struct hosted *h,
    struct problems *problems)
{
	const struct parameters p = {.module = h, .problems = problems};

	if (module_options_services(h->module->options) != NULL)
		return;
	for (size_t i = 0; i < config->rule_count; i++)
		check_rule(&p, &config->rules[i]);
	for (size_t i = 0; i < config->guard_count; i++)
		check_rule(&p, &config->guards[i]);
	for (size_t i = 0; i < config->overlay_count; i++)
		check_rule(&p, &config->overlays[i]);
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

static void
check_services_of(const struct rule *rules, size_t count, const char *kind,
    struct problems *problems)
{
	for (size_t i = 0; i < count; i++) {
		const struct grants *g = &rules[i].grants;
		const struct origin *o = &g->origins[GRANT_pam_service];

		if (g->pam_service != NULL)
			problem_error(problems, o->file, o->line,
			    "%s.%s.pam_service: there is no module pam", kind,
			    rules[i].name);
	}
}

void
host_check_services(const struct config *config, const struct hosted *modules,
    size_t count, struct problems *problems)
{
	for (size_t i = 0; i < count; i++)
		if (module_options_services(modules[i].module->options) != NULL)
			return;
	check_services_of(config->rules, config->rule_count, "rules", problems);
	check_services_of(
	    config->overlays, config->overlay_count, "overlays", problems);
}
