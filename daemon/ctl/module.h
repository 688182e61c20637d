/*
 * Authentication modules as sallyportctl sees them: what they serve.  A child
 * opens them, as a library runs code when it is loaded; no function of theirs
 * is called.
 */
#ifndef DAEMON_CTL_MODULE_H
#define DAEMON_CTL_MODULE_H

#include "config/config.h"
#include "modules/sallyport_module.h"

#include <stdbool.h>
#include <stddef.h>

struct opened {
	const struct module_settings *settings;
	char name[64]; /* its own */
	bool account, helper; /* it has an opinion on accounts */
	char methods[1024]; /* that it authenticates with, one a line */
};

struct modules {
	struct opened *items;
	size_t count;
};

/*
 * Open the module's file, in a child, and see that it is one of ours.  False:
 * why[].  seconds: it has so long; 0, any.
 */
bool modules_open(struct modules *m, const struct module_settings *settings,
    const char *path, unsigned seconds, char *why, size_t why_size);

/*
 * For such a child: the module itself; NULL: why[].
 */
const struct sallyport_module *module_link(
    const char *path, char *why, size_t why_size);

/* Seconds that the configuration gives to code of modules; 0: any. */
unsigned module_seconds(const struct config *config);

/* Does one of them serve the method?  name NULL: any of them. */
bool modules_serve(
    const struct modules *m, const char *name, const char *method);

void modules_close(struct modules *m);

/* The file of a module; the caller frees it. */
char *module_path(
    const struct config *config, const struct module_settings *settings);

#endif
