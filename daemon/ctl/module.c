/*
 * Opens authentication modules to see what they are.
 */
#include "daemon/ctl/module.h"

#include "lib/mem.h"
#include "lib/safefile.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *
module_path(const struct config *config, const struct module_settings *settings)
{
	return settings->file[0] == '/' ?
	    mem_strdup(settings->file) :
	    mem_printf("%s/%s", config->module_directory, settings->file);
}

bool
modules_open(struct modules *m, const struct module_settings *settings,
    const char *path, char *why, size_t why_size)
{
	const struct safefile_rules rules = {.flags = SAFEFILE_FOLLOW};
	struct opened o = {.settings = settings};
	char unsafe[SAFEFILE_WHY_MAX] = "";
	int fd;

	/* Its constructors run: as a start, take files of root's alone. */
	if (safefile_open(path, &rules, &fd, unsafe) != 0) {
		snprintf(why, why_size, "%s", unsafe);
		return false;
	}
	close(fd);
	if ((o.library = dlopen(path, RTLD_NOW | RTLD_LOCAL)) == NULL) {
		snprintf(why, why_size, "%s", dlerror());
		return false;
	}
	o.module = dlsym(o.library, "sallyport_module");
	if (o.module == NULL)
		snprintf(why, why_size, "is no authentication module");
	else if (o.module->abi != SALLYPORT_MODULE_ABI)
		snprintf(why, why_size,
		    "was built for module interface %u, not %d",
		    (unsigned)o.module->abi, SALLYPORT_MODULE_ABI);
	else if (o.module->size <
	    offsetof(struct sallyport_module, describe) + sizeof(void *))
		snprintf(why, why_size, "is older than its interface");
	else {
		m->items = mem_grow(m->items, m->count + 1, sizeof(o));
		m->items[m->count++] = o;
		return true;
	}
	dlclose(o.library);
	return false;
}

bool
modules_serve(const struct modules *m, const char *name, const char *method)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct opened *o = &m->items[i];

		if ((name != NULL && strcmp(o->settings->name, name) != 0) ||
		    o->module->authenticate == NULL ||
		    o->module->methods == NULL)
			continue;
		for (size_t k = 0; o->module->methods[k] != NULL; k++)
			if (strcmp(o->module->methods[k], method) == 0)
				return true;
	}
	return false;
}

void
modules_close(struct modules *m)
{
	/* The libraries stay: what they brought along may hold on to them. */
	free(m->items);
	memset(m, 0, sizeof(*m));
}
