/*
 * The host of authentication modules: loads them in the monitor template,
 * and gives them the functions of modules/sallyport_module.h in a monitor.
 */
#ifndef DAEMON_MONITOR_HOST_H
#define DAEMON_MONITOR_HOST_H

#include "config/config.h"
#include "config/problem.h"
#include "daemon/monitor/monitor.h"
#include "modules/sallyport_module.h"

/* A loaded module. */
struct hosted {
	const struct module_settings *settings;
	const struct sallyport_module *module;
	void *library; /* dlopen's */
	bool loaded; /* load() has succeeded: unload() is due */
	void *state; /* load()'s */
	struct sallyport_setting *given; /* load()'s, until unload() */
	size_t n_given;
	char *file;
	int door; /* to its helper process; -1: there is none */
};

#define HOST_MODULES_MAX 16

/*
 * Load every module of the configuration into t->modules.  0, or E_VALUE
 * with what is wrong in problems; then nothing stays loaded.  Afterwards
 * the process is as it was before: see host_process.c.
 */
int host_load(struct monitor_template *t, struct problems *problems);
void host_unload(struct monitor_template *t);

/* check.c: what sallyportctl check would say, with the modules loaded.  0 or
 * E_VALUE; purpose is PREPARE_*. */
int monitors_check(
    struct monitor_template *t, unsigned purpose, struct problems *problems);

/* Modules of this user are taken, too: sallyport-module-test. */
void host_trust_owner(uid_t owner);

/* One file; for host_load() and the tests.  services: see below, or NULL. */
int host_load_one(const struct module_settings *settings, const char *directory,
    const struct pairs *services, struct hosted *out,
    struct problems *problems);
void host_unload_one(struct hosted *h);

/*
 * Told before code of a module runs that may hang or end the process: which
 * module, and its entry point as a text ("load()").  NULL: nobody is.
 */
typedef void host_watcher(
    const struct module_settings *settings, const char *entry);
void host_watch(host_watcher *watch);

/*
 * host_services.c: what the policy names for a module to look at when it
 * loads: services of chains' steps and of rules, each once, as settings
 * "services" with the place where it was written.  Free the items.
 */
struct pairs host_services(const struct config *config, const char *module);
/* Steps that give a parameter to a module that takes none. */
void host_check_parameters(const struct config *config, const struct hosted *h,
    struct problems *problems);

/* host_helper.c: has the module a helper process?  Whose accounts do they run
 * as: every error is added. */
bool host_has_helper(const struct hosted *h);
void host_check_helpers(
    const struct monitor_template *t, struct problems *problems);

/* host_log.c: is the module's table of events one? */
void host_check_events(const struct sallyport_module *module,
    const struct module_settings *settings, struct problems *problems);

/* Does the process look as it did?  host_process.c; NULL, or what changed. */
struct host_snapshot;
struct host_snapshot *host_snapshot_take(void);
const char *host_snapshot_compare(const struct host_snapshot *before);
void host_snapshot_free(struct host_snapshot *s);

/* Does this module serve the method, and is it meant by the step? */
bool host_serves(const struct hosted *h, const char *method, const char *name);

/* The functions modules get; and where host->problem() writes. */
extern const struct sallyport_host host_table;
void host_problems_to(
    struct problems *problems, const struct module_settings *settings);

#endif
