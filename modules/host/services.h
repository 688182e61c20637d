/*
 * PAM services, and other parameters of modules, that the policy names.
 */
#ifndef MODULES_HOST_SERVICES_H
#define MODULES_HOST_SERVICES_H

#include "modules/host/load.h"

/*
 * The services that the policy names for a module to look at when it loads:
 * services of chains' steps and of rules, each once, as settings "services"
 * with the place where it was written.  Free the items.
 */
struct pairs host_services(const struct config *config, const char *module);

/* Errors: steps that give a parameter to a module that takes none. */
void host_check_parameters(const struct config *config, const struct hosted *h,
    struct problems *problems);

/* Errors: a pam_service that none of the loaded modules would ever read. */
void host_check_services(const struct config *config,
    const struct hosted *modules, size_t count, struct problems *problems);

#endif
