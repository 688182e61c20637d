/*
 * Patterns of unix sockets, judged by themselves.
 */
#ifndef CONFIG_CHECK_SOCKETS_H
#define CONFIG_CHECK_SOCKETS_H

#include "config/config.h"
#include "config/problem.h"

#include <stdbool.h>

/*
 * An error for each pattern of the list that matches no real path.  look:
 * whether this machine's own directories tell, too.
 */
void check_sockets(const struct strings *patterns, const char *key,
    const struct origin *origin, bool look, struct problems *problems);

#endif
