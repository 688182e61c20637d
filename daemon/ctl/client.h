/*
 * Talking to the running server (daemon/master/control.h has the protocol).
 */
#ifndef DAEMON_CTL_CLIENT_H
#define DAEMON_CTL_CLIENT_H

#include "daemon/ctl/ctl.h"
#include "daemon/ctl/record.h"

#include <stddef.h>

/*
 * Ask, and add the answer's records.  words[0] is the verb.  fd, unless NULL,
 * gets the descriptor that came along, or -1.  Returns ctl_status; what went
 * wrong has been said, on stderr or as JSON.
 */
int client_ask(const struct ctl *ctl, const char *const *words, size_t count,
    struct records *answer, int *fd);

/* find.c: the socket of a running server of this configuration file, to be
 * freed; NULL: none is found. */
char *find_socket(const struct ctl *ctl);

#endif
