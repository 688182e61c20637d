/*
 * Names to addresses, in a child that can be killed.
 */
#ifndef DAEMON_SESSION_RESOLVE_H
#define DAEMON_SESSION_RESOLVE_H

#include "lib/net.h"

#include <stdbool.h>
#include <sys/types.h>

#define ADDRESSES_MAX 16

struct addresses {
	struct net_address items[ADDRESSES_MAX];
	size_t count;
};

/*
 * Numeric addresses, and "localhost" when names is false (in a chroot);
 * false when a look-up is needed.
 */
bool resolve_here(
    const char *host, uint16_t port, bool names, struct addresses *out);

/*
 * Start a look-up: *fd becomes readable, and at its end holds what
 * resolve_read() takes.  0 or errno.
 */
int resolve_start(const char *host, uint16_t port, pid_t *pid, int *fd);

/*
 * Read on: E_AGAIN while there is more to come, 0 at the end (count may be
 * zero), E_FORMAT.
 */
int resolve_read(int fd, struct addresses *out);

#endif
