/*
 * host->problem(), and which module is being loaded.
 */
#ifndef MODULES_HOST_PROBLEM_H
#define MODULES_HOST_PROBLEM_H

#include "config/config.h"
#include "config/problem.h"
#include "modules/sallyport_module.h"

/* host->problem() of the host's functions. */
void host_problem(const struct sallyport_setting *setting, const char *format,
    ...) SALLYPORT_FORMAT(2, 3);

struct host_calls;

/* Where it writes, of which module, and what hosts it; NULL: nowhere. */
void host_problems_to(struct problems *problems,
    const struct module_settings *settings, const struct host_calls *calls);

/* The name of that module; "module" while there is none. */
const char *host_loading_name(void);
/* The program that hosts it, for its words in the log; or NULL. */
const struct host_calls *host_loading_calls(void);

#endif
