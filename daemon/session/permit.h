/*
 * The monitor's list of permitted targets, asked for each address that a
 * name resolved to.
 */
#ifndef DAEMON_SESSION_PERMIT_H
#define DAEMON_SESSION_PERMIT_H

#include "lib/net.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * list: lines "host:port", "network:port", "[v6]:port", port "*", a number
 * or "first-last"; host a pattern for the name as asked or the address as
 * printed.  A line "&" parts groups, each of which must allow.  An empty list
 * allows all; a line that cannot be read, or an empty group, allows nothing.
 */
bool permit_allows(const char *list, const char *host, uint32_t port,
    const struct net_address *address);

#endif
