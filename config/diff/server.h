/*
 * Settings of the server itself that two configurations have otherwise.
 */
#ifndef CONFIG_DIFF_SERVER_H
#define CONFIG_DIFF_SERVER_H

#include "config/diff/judge.h"

/* Added to findings: none is judged, but those that open nothing are left
 * out of what counts against a change. */
void diff_server(const struct config *old, const struct config *new,
    struct findings *findings);

#endif
