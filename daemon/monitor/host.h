/*
 * Authentication modules in the monitor: loaded in its template, and given
 * the functions of modules/sallyport_module.h in each connection.
 */
#ifndef DAEMON_MONITOR_HOST_H
#define DAEMON_MONITOR_HOST_H

#include "daemon/monitor/monitor.h"
#include "modules/host/load.h"
#include "modules/host/table.h"

/*
 * Load every module of the configuration into t->modules.  0, or E_VALUE
 * with what is wrong in problems; then nothing stays loaded.
 */
int host_load(struct monitor_template *t, struct problems *problems);
void host_unload(struct monitor_template *t);

/* check.c: what sallyportctl check would say, with the modules loaded.  0 or
 * E_VALUE; purpose is PREPARE_*. */
int monitors_check(
    struct monitor_template *t, unsigned purpose, struct problems *problems);

/* host_table.c: the monitor's own part of what modules call. */
extern const struct host_calls host_calls;

#endif
