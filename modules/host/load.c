/*
 * Loads one authentication module.  A module is root's code, so its file must
 * be root's all the way; what it says of itself (abi, size, name, options) is
 * checked before any of its functions runs, and what its library and its
 * load() did to the process afterwards.
 */
#include "modules/host/load.h"

#include "config/module_options.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/safefile.h"
#include "modules/host/events.h"
#include "modules/host/problem.h"
#include "modules/host/snapshot.h"
#include "modules/host/table.h"
#include "privsep/offspring.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Up to here the structure has been since ABI 1; less is nothing of ours. */
#define MODULE_SIZE_MIN \
	(offsetof(struct sallyport_module, describe) + sizeof(void *))
#define MODULE_FILE_MAX (64 * 1024 * 1024)

#define REFUSE(problems, settings, ...)                    \
	problem_error((problems), (settings)->origin.file, \
	    (settings)->origin.line, __VA_ARGS__)

static host_watcher *watcher;
static uid_t trusted_owner; /* root */

void
host_trust_owner(uid_t owner)
{
	trusted_owner = owner;
}

void
host_watch(host_watcher *watch)
{
	watcher = watch;
}

/* Code of the module runs from here on. */
static void
enter(const struct module_settings *settings, const char *entry)
{
	if (watcher != NULL)
		watcher(settings, entry);
}

char *
host_module_path(const struct module_settings *settings, const char *directory)
{
	const char *name = settings->file == NULL || settings->file[0] == '\0' ?
	    settings->name :
	    settings->file;
	size_t len = strlen(name);

	if (name[0] == '/')
		return mem_strdup(name);
	if (strchr(name, '/') != NULL)
		return NULL;
	return mem_printf("%s/%s%s", directory, name,
	    len > 3 && strcmp(&name[len - 3], ".so") == 0 ? "" : ".so");
}

static int
check_file(const struct module_settings *settings, const char *path,
    struct problems *problems)
{
	const struct safefile_rules rules = {.owner = trusted_owner,
	    .flags = SAFEFILE_FOLLOW,
	    .max = MODULE_FILE_MAX};
	char why[SAFEFILE_WHY_MAX] = "";
	int fd, err;

	if ((err = safefile_open(path, &rules, &fd, why)) != 0) {
		REFUSE(problems, settings, "module %s: %s: %s", settings->name,
		    path, why[0] != '\0' ? why : err_text(err));
		return err;
	}
	close(fd);
	return 0;
}

/* Elements of arrays: of this header, or of one without the members. */
static bool
sizes_are_known(const struct sallyport_module *module)
{
	const struct {
		size_t has, known;
	} rows[] = {
	    {module->option_size, sizeof(struct sallyport_option)},
	    {module->setting_size, sizeof(struct sallyport_setting)},
	    {module->prompt_size, sizeof(struct sallyport_prompt)},
	    {module->event_size, sizeof(struct sallyport_event)},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].has != 0 && rows[i].has != rows[i].known)
			return false;
	return true;
}

/* The module's own description of itself. */
static bool
is_acceptable(const struct sallyport_module *module,
    const struct module_settings *settings, struct problems *problems)
{
	if (module->abi != SALLYPORT_MODULE_ABI) {
		REFUSE(problems, settings,
		    "module %s: was built for module "
		    "interface %u; this server has %u",
		    settings->name, (unsigned)module->abi,
		    SALLYPORT_MODULE_ABI);
		return false;
	}
	if (module->size < MODULE_SIZE_MIN ||
	    module->size > sizeof(struct sallyport_module)) {
		REFUSE(problems, settings,
		    "module %s: its structure has %u "
		    "bytes; this server knows %zu",
		    settings->name, (unsigned)module->size,
		    sizeof(struct sallyport_module));
		return false;
	}
	if (module->size >= offsetof(struct sallyport_module, event_size) +
		    sizeof(module->event_size) &&
	    !sizes_are_known(module)) {
		REFUSE(problems, settings,
		    "module %s: elements of its arrays have other sizes than "
		    "this server knows",
		    settings->name);
		return false;
	}
	if (module->name == NULL || module->name[0] == '\0' ||
	    strlen(module->name) > 63 ||
	    strspn(module->name,
		"abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") !=
		strlen(module->name)) {
		REFUSE(problems, settings,
		    "module %s: has no proper name of its own", settings->name);
		return false;
	}
	if (module->authenticate != NULL && module->methods == NULL) {
		REFUSE(problems, settings,
		    "module %s: authenticates without naming a method",
		    settings->name);
		return false;
	}
	return true;
}

static int
run_load(
    struct hosted *h, const struct host_loading *how, struct problems *problems)
{
	size_t errors = problems->errors;
	int err = 0;

	h->given = module_settings_make(
	    h->module->options, h->settings, how->services, &h->n_given);

	host_problems_to(problems, h->settings, how->calls);
	enter(h->settings, "load()");
	if (h->module->load != NULL)
		err = h->module->load(
		    &host_table, h->given, h->n_given, &h->state);
	h->loaded = err == 0;
	host_problems_to(NULL, NULL, NULL);
	if (err != 0 && problems->errors == errors)
		REFUSE(problems, h->settings,
		    "module %s: refused to load and did not say why",
		    h->settings->name);
	return err != 0 || problems->errors != errors ? E_VALUE : 0;
}

int
host_link(struct hosted *h, struct problems *problems)
{
	const struct module_settings *settings = h->settings;

	h->library = dlopen(h->file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (h->library == NULL) {
		REFUSE(problems, settings, "module %s: %s", settings->name,
		    dlerror());
		return E_VALUE;
	}
	h->module = dlsym(h->library, "sallyport_module");
	if (h->module == NULL) {
		REFUSE(problems, settings,
		    "module %s: %s exports no \"sallyport_module\"",
		    settings->name, h->file);
		return E_VALUE;
	}
	return is_acceptable(h->module, settings, problems) ? 0 : E_VALUE;
}

/* The library's own start-up, what the module says of itself, and load(). */
static int
open_module(
    struct hosted *h, const struct host_loading *how, struct problems *problems)
{
	size_t errors = problems->errors;

	enter(h->settings, "the start of its library");
	if (host_link(h, problems) != 0)
		return E_VALUE;
	module_options_check(h->module->options, h->settings, problems);
	host_check_events(h->module, h->settings, problems);
	if (problems->errors != errors)
		return E_VALUE;
	return how->calls == NULL ? 0 : run_load(h, how, problems);
}

/* And see what it has left behind in the process. */
static int
open_isolated(
    struct hosted *h, const struct host_loading *how, struct problems *problems)
{
	struct host_snapshot *before = host_snapshot_take();
	const char *changed;
	int err;

	offspring_adopt(true);
	err = open_module(h, how, problems);
	changed = host_snapshot_compare(before);
	offspring_adopt(false);
	if (changed != NULL) {
		REFUSE(problems, h->settings, "module %s: its load %s",
		    h->settings->name, changed);
		err = E_VALUE;
	}
	host_snapshot_free(before);
	return err;
}

int
host_load_one(const struct module_settings *settings,
    const struct host_loading *how, struct hosted *out,
    struct problems *problems)
{
	struct hosted h = {
	    .settings = settings, .calls = how->calls, .door = -1};

	h.file = host_module_path(settings, how->directory);
	if (h.file == NULL) {
		REFUSE(problems, settings,
		    "module %s: file must be absolute "
		    "or a name in %s",
		    settings->name, how->directory);
		return E_VALUE;
	}
	if (check_file(settings, h.file, problems) == 0 &&
	    open_isolated(&h, how, problems) == 0) {
		*out = h;
		return 0;
	}
	host_unload_one(&h);
	return E_VALUE;
}

void
host_unload_one(struct hosted *h)
{
	/* Its lines have its name. */
	host_problems_to(NULL, h->settings, h->calls);
	if (h->loaded && h->module->unload != NULL)
		h->module->unload(h->state);
	host_problems_to(NULL, NULL, NULL);
	if (h->door > 0)
		close(h->door);
	if (h->library != NULL)
		dlclose(h->library);
	module_settings_free(h->given, h->n_given);
	free(h->file);
	memset(h, 0, sizeof(*h));
}

bool
host_serves(const struct hosted *h, const char *method, const char *name)
{
	if (name != NULL && strcmp(h->settings->name, name) != 0)
		return false;
	if (h->module->authenticate == NULL)
		return false;
	for (size_t i = 0; h->module->methods[i] != NULL; i++)
		if (strcmp(h->module->methods[i], method) == 0)
			return true;
	return false;
}

bool
host_has_helper(const struct hosted *h)
{
	return h->module->size >= offsetof(struct sallyport_module, helper) +
		sizeof(h->module->helper) &&
	    h->module->helper != NULL;
}
