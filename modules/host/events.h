/*
 * The events that a module has of its own.
 */
#ifndef MODULES_HOST_EVENTS_H
#define MODULES_HOST_EVENTS_H

#include "config/config.h"
#include "config/problem.h"
#include "modules/sallyport_module.h"

#define HOST_FIELD_SIZE 33 /* a field's name, with its end */

/* The module's table, or NULL; a module of an older header has none. */
const struct sallyport_event *host_events(
    const struct sallyport_module *module);

/* The next name of the list of fields, cut off at HOST_FIELD_SIZE; NULL at its
 * end.  *list moves on. */
const char *host_event_field(const char **list, char name[HOST_FIELD_SIZE]);

/* Errors: rows of the table that are not as the header says. */
void host_check_events(const struct sallyport_module *module,
    const struct module_settings *settings, struct problems *problems);

#endif
