/*
 * Authentication modules as sallyportctl sees them: what they serve, without
 * running them; and the key look-up of the one that serves publickey, for
 * explain.
 */
#ifndef DAEMON_CTL_MODULE_H
#define DAEMON_CTL_MODULE_H

#include "config/config.h"
#include "modules/sallyport_module.h"

#include <stdbool.h>
#include <stddef.h>

struct opened {
	const struct module_settings *settings;
	const struct sallyport_module *module;
	void *library;
};

struct modules {
	struct opened *items;
	size_t count;
};

/*
 * Open the module's file and see that it is one of ours; none of its
 * functions runs.  False: why[].
 */
bool modules_open(struct modules *m, const struct module_settings *settings,
    const char *path, char *why, size_t why_size);

/* Does one of them serve the method?  name NULL: any of them. */
bool modules_serve(
    const struct modules *m, const char *name, const char *method);

void modules_close(struct modules *m);

/* The file of a module; the caller frees it. */
char *module_path(
    const struct config *config, const struct module_settings *settings);

#endif
