/*
 * The accounts of modules' helper processes.
 */
#ifndef MODULES_HOST_HELPERS_H
#define MODULES_HOST_HELPERS_H

#include "modules/host/load.h"

/*
 * Errors: a module with a helper whose account is missing, root's, that of
 * another process of the server or of another module's helper.
 */
void host_check_helpers(const struct config *config,
    const struct hosted *modules, size_t count, struct problems *problems);

#endif
