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

/* Switched off by a forced command or sftp_only unless granted beside it. */
#define GRANTS_IMPLIED 8
extern const enum grant grants_implied_off[GRANTS_IMPLIED];

#endif
