/*
 * The modules of the configuration, loaded in the monitor template.
 */
#include "daemon/monitor/host.h"

#include "daemon/monitor/decoy.h"
#include "lib/audit.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "modules/host/services.h"

#include <stdlib.h>

static int
load_and_tell(const struct config *config, const struct module_settings *s,
    struct hosted *h, struct problems *problems)
{
	struct pairs services = host_services(config, s->name);
	const struct host_loading how = {.directory = config->module_directory,
	    .services = &services,
	    .calls = &host_calls};
	char *file = host_module_path(s, config->module_directory);
	int err = host_load_one(s, &how, h, problems);

	if (err == 0)
		AUDIT(module_load, .module = s->name, .file = h->file,
		    .version = h->module->version);
	else if (file != NULL)
		AUDIT(module_reject, .module = s->name, .file = file,
		    .reason = problems->count > 0 ?
			problems->items[problems->count - 1].text :
			"refused");
	free(file);
	free(services.items);
	return err;
}

int
host_load(struct monitor_template *t, struct problems *problems)
{
	const struct config *config = t->config;
	size_t errors = problems->errors;

	decoy_init();
	if (config->module_count > HOST_MODULES_MAX) {
		problem_error(problems, NULL, 0, "more than %d modules",
		    HOST_MODULES_MAX);
		return E_VALUE;
	}
	t->modules = mem_array(config->module_count + 1, sizeof(*t->modules));
	t->n_modules = 0;
	for (size_t i = 0; i < config->module_count; i++) {
		const struct module_settings *s = &config->modules[i];

		if (load_and_tell(
			config, s, &t->modules[t->n_modules], problems) == 0)
			host_check_parameters(
			    config, &t->modules[t->n_modules++], problems);
	}
	host_check_services(config, t->modules, t->n_modules, problems);
	if (problems->errors == errors)
		return 0;
	host_unload(t);
	return E_VALUE;
}

void
host_unload(struct monitor_template *t)
{
	for (size_t i = t->n_modules; i-- > 0;)
		host_unload_one(&t->modules[i]);
	free(t->modules);
	t->modules = NULL;
	t->n_modules = 0;
}
