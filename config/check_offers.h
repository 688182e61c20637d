/*
 * The part of config_check() about what is offered in key exchange.
 */
#ifndef CONFIG_CHECK_OFFERS_H
#define CONFIG_CHECK_OFFERS_H

#include "config/check.h"

/* The files of host keys and their certificates, of every listener. */
void check_host_keys(const struct config *config,
    const struct check_calls *calls, struct problems *problems);

/* Is there each algorithm, and is it none for peers of old alone? */
void check_algorithms(const struct config *config,
    const struct check_calls *calls, struct problems *problems);

#endif
