/*
 * Single grants of a struct grants, by their row of the schema.
 */
#ifndef CONFIG_GRANTS_H
#define CONFIG_GRANTS_H

#include "config/config.h"

/* The value and its origin; what the value points to is shared. */
void grant_copy(struct grants *to, const struct grants *from, enum grant grant);

/* To the value that grants nothing, as set at origin. */
void grant_switch_off(
    struct grants *grants, enum grant grant, struct origin origin);

/* The grants of a rule that sets nothing: where the row names a top-level key,
 * its value takes the place of what is in defaults. */
void grant_defaults(struct grants *defaults, const struct config *config);

/* Switched off by a forced command or sftp_only unless granted beside it. */
bool grant_forced_off(enum grant grant);

#endif
