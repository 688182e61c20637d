/*
 * From text to struct config: the strict reading.
 */
#ifndef CONFIG_LOAD_H
#define CONFIG_LOAD_H

#include "config/bundle.h"
#include "config/config.h"
#include "config/problem.h"

/*
 * Read a bundle.  0 and a configuration that the caller gives to
 * config_free(), or E_VALUE with every error in problems (warnings may be
 * there on success too).  Touches no file, no NSS, no module.
 */
int config_load(const struct bundle *bundle, struct config **config,
    struct problems *problems);

/* All that the shipped defaults say, without any file. */
struct config *config_defaults(void);

void config_free(struct config *config);

#endif
