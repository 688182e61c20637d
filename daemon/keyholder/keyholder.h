/*
 * The process that holds the host's private keys.  Its door is
 * keyholder_run() in daemon/roles.h; here is what its two files share.
 */
#ifndef DAEMON_KEYHOLDER_KEYHOLDER_H
#define DAEMON_KEYHOLDER_KEYHOLDER_H

#include "config/config.h"
#include "lib/buf.h"
#include "privsep/settings.h"

struct key;
struct key_private;

struct host_key {
	struct key_private *secret;
	struct key *certificate; /* NULL: none */
	const char *path; /* the configuration's */
};

struct host_keys {
	struct host_key key[HOST_KEYS_MAX];
	size_t count;
};

/*
 * Read all keys and certificates that the configuration names, as root.  0,
 * or an error, and all that is wrong in problems, a line each: "file: what".
 */
int host_keys_read(
    const struct config *config, struct host_keys *keys, struct buf *problems);

/* Wipe and free. */
void host_keys_free(struct host_keys *keys);

#endif
