/*
 * known_hosts files (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT), for hostbased
 * authentication: is this key that host's?
 */
#ifndef LIB_SSH_KNOWN_HOSTS_H
#define LIB_SSH_KNOWN_HOSTS_H

#include "lib/ssh/key.h"

#define KNOWN_HOSTS_FILE_MAX (16 * 1024 * 1024)
#define KNOWN_HOSTS_LINE_MAX (32 * 1024)

/* Zero is "no". */
enum known_hosts_answer {
	KNOWN_HOSTS_UNKNOWN, /* no line for host and key */
	KNOWN_HOSTS_REVOKED, /* @revoked: wins over all else */
	KNOWN_HOSTS_KEY, /* the line has this very key */
	KNOWN_HOSTS_CA /* the line has the CA of this certificate */
};

/*
 * Look name up.  name is a host name or address, in lower case; port 22 or 0
 * is the plain form, another looks for "[name]:port".  A certificate found by
 * its CA must still pass cert_check() with the host's name.  Lines that
 * cannot be parsed count for nothing, except that a broken @revoked line
 * revokes (the answer is then KNOWN_HOSTS_REVOKED).
 * *line, if not NULL, is the number of the line that decided.
 */
enum known_hosts_answer known_hosts_find(const char *file, size_t len,
    const char *name, unsigned port, const struct key *key, unsigned *line);

#endif
