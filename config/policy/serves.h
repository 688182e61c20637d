/*
 * Does anything serve the names of the policy: users, groups, listeners,
 * methods, types of keys, sources, revocation lists?
 */
#ifndef CONFIG_POLICY_SERVES_H
#define CONFIG_POLICY_SERVES_H

#include "config/check.h"

/*
 * A name that nothing serves makes a guard do nothing, and a list of
 * revocations that is not loaded revokes nothing: an error, with the nearest
 * name.  In a rule it only lets in fewer than were meant: a warning.
 */
void check_served(const struct config *config, const struct check_calls *calls,
    struct problems *problems);

#endif
