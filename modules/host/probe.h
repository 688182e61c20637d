/*
 * Modules seen from outside: what each serves, found out by a child that opens
 * and judges it as a start does.  Its library runs code when it is opened; no
 * function of the module is called.
 */
#ifndef MODULES_HOST_PROBE_H
#define MODULES_HOST_PROBE_H

#include "config/config.h"
#include "config/problem.h"
#include "lib/buf.h"

#include <stdbool.h>
#include <stddef.h>

struct probe {
	const struct module_settings *settings;
	char name[64]; /* its own */
	bool account, helper; /* it has such functions */
	char methods[1024]; /* that it authenticates with, one a line */
	struct pairs defaults; /* of its options, by its own table; owned */
};

struct probes {
	struct probe *items;
	size_t count;
};

/*
 * Add what this module is.  Its start-up has as long as the configuration
 * gives to code of modules.  False: it was not added, and problems has why.
 */
bool probe_add(struct probes *p, const struct config *config,
    const struct module_settings *settings, struct problems *problems);

/* Does one of them serve the method?  name NULL: any of them. */
bool probe_serves(const struct probes *p, const char *name, const char *method);

/* The value of an option, or its default; NULL: neither. */
const char *probe_option(const struct probe *p, const char *name);

void probes_free(struct probes *p);

/* Seconds that the configuration gives to code of modules; 0: any. */
unsigned probe_seconds(const struct config *config);

/* Problems on their way out of a child. */
void probe_put_problems(const struct problems *problems, struct buf *out);
struct rd;
void probe_take_problems(struct rd *r, struct problems *problems);

#endif
