/*
 * The accounts of modules' helper processes.
 */
#ifndef MODULES_HOST_HELPERS_H
#define MODULES_HOST_HELPERS_H

#include "modules/host/load.h"

/*
 * Errors: the account of the module's helper is missing, root's, that of
 * another process of the server or of the helper of one of those before.
 */
void host_check_helper(const struct config *config,
    const struct module_settings *settings,
    const struct module_settings *const *before, size_t count,
    struct problems *problems);

/* The same of each loaded module that has a helper. */
void host_check_helpers(const struct config *config,
    const struct hosted *modules, size_t count, struct problems *problems);

#endif
