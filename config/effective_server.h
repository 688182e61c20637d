/*
 * The server's part of config_effective().
 */
#ifndef CONFIG_EFFECTIVE_SERVER_H
#define CONFIG_EFFECTIVE_SERVER_H

#include "config/policy/policy.h"

#include <stdio.h>

/* listener: the one that the login comes to; NULL: the top level's offers. */
void effective_server(
    const struct config *config, const char *listener, FILE *out);

/* Where keys, authorities and principals of the login are found. */
void effective_keys(
    const struct config *config, const struct decision *d, FILE *out);

/* sshd's words. */
const char *effective_qos(uint32_t byte);
const char *effective_log_level(uint32_t level);

#endif
