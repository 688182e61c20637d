/*
 * Names to addresses, in a child that can be killed.
 */
#ifndef DAEMON_SESSION_RESOLVE_H
#define DAEMON_SESSION_RESOLVE_H

#include "lib/addresses.h"

#include <stdbool.h>
#include <sys/types.h>

/* The child's answer so far. */
struct resolution {
	struct addresses addresses;
	bool answered; /* the resolver has come back */
	char text[128]; /* without addresses: why, in its words */
};

/*
 * Start a look-up: *fd becomes readable, and at its end holds what
 * resolve_read() takes.  0 or errno.
 */
int resolve_start(const char *host, pid_t *pid, int *fd);

/*
 * Read on: E_AGAIN while there is more to come, 0 at the end (there may be no
 * address: text says why), E_FORMAT.
 */
int resolve_read(int fd, struct resolution *out);

#endif
