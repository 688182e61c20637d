/*
 * One authentication module: loaded and checked, as every program that hosts
 * modules does.
 */
#ifndef MODULES_HOST_LOAD_H
#define MODULES_HOST_LOAD_H

#include "config/config.h"
#include "config/problem.h"
#include "modules/sallyport_module.h"

#define HOST_MODULES_MAX 16

struct host_calls; /* modules/host/login.h */

/* A loaded module. */
struct hosted {
	const struct module_settings *settings;
	const struct host_calls *calls; /* the program that hosts it */
	const struct sallyport_module *module;
	void *library; /* dlopen's */
	bool loaded; /* load() has succeeded: unload() is due */
	void *state; /* load()'s */
	struct sallyport_setting *given; /* load()'s, until unload() */
	size_t n_given;
	char *file;
	int door; /* to its helper process; -1: there is none */
};

struct host_loading {
	const char *directory; /* of files without a path */
	const struct pairs *services; /* of host_services(); or NULL */
	/* The program; NULL: the library alone is opened and judged. */
	const struct host_calls *calls;
};

/*
 * Load the module into *out.  0, or E_VALUE with what is wrong in problems.
 * Afterwards the process is as it was before: see snapshot.c.
 */
int host_load_one(const struct module_settings *settings,
    const struct host_loading *how, struct hosted *out,
    struct problems *problems);
void host_unload_one(struct hosted *h);

/*
 * The library alone, of a file that was judged before: h has settings and file,
 * and gets library and module.  0, or E_VALUE as above.
 */
int host_link(struct hosted *h, struct problems *problems);

/*
 * The file of a module: absolute, or a name ("pam", "pam.so") in the
 * directory.  NULL: it is neither.  The caller frees it.
 */
char *host_module_path(
    const struct module_settings *settings, const char *directory);

/* Modules of this user are taken, too: sallyport-module-test. */
void host_trust_owner(uid_t owner);

/*
 * Told before code of a module runs that may hang or end the process: which
 * module, and its entry point as a text ("load()").  NULL: nobody is.
 */
typedef void host_watcher(
    const struct module_settings *settings, const char *entry);
void host_watch(host_watcher *watch);

/* Does this module serve the method, and is it meant by the step?  name NULL:
 * the step names none. */
bool host_serves(const struct hosted *h, const char *method, const char *name);

/* Does it have a helper process? */
bool host_has_helper(const struct hosted *h);

#endif
