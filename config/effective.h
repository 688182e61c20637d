/*
 * The values that hold for a login, in the words of "sshd -T".
 */
#ifndef CONFIG_EFFECTIVE_H
#define CONFIG_EFFECTIVE_H

#include "config/policy/policy.h"

#include <stdio.h>

/*
 * "keyword value" lines, keywords in lower case as sshd(8) prints them, of the
 * server's settings and of the decision's.  root: the decision over root, for
 * PermitRootLogin where d itself says nothing of it.  listener: whose offers
 * are printed; NULL: the top level's.
 */
void config_effective(const struct config *config, const char *listener,
    const struct decision *d, const struct decision *root, FILE *out);

#endif
