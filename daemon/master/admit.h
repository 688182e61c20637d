/*
 * Admission: what may connect at all, and the hand-over to the templates.
 */
#ifndef DAEMON_MASTER_ADMIT_H
#define DAEMON_MASTER_ADMIT_H

#include "daemon/master/master.h"

/* source: as the kernel told it. */
void admit_connection(struct master *m, int fd,
    const struct net_address *source, const char *listener);
/*
 * A self-test's connection, which is judged as one that comes from there and
 * penalises nobody.  Takes the descriptor and t.  NULL, or why it is refused.
 */
const char *admit_selftest(struct master *m, int fd, struct selftest *t,
    const struct net_address *source, const struct net_address *local,
    const char *listener, uint64_t *id);
/* -i: the client's descriptors; the master ends with this connection. */
void admit_inetd(struct master *m);
/* Sent to the connection's client first; the text may be empty. */
const struct greeting *admit_greeting(const struct connection *c);
void admit_count(struct master *m); /* who has authenticated meanwhile */
/* Would the templates take another one now? */
bool admit_has_room(struct generation *g);
/*
 * To the templates, with duplicates of the descriptors; failure is logged,
 * and what has not been asked for counts as dead then.  A monitor that has
 * been is waited for: it has the connection's slot.
 */
void admit_hand_over(
    struct connection *c, int in, int out, const char *listener);

/*
 * The balancer's header names this source (NET_NONE: none that we know): NULL,
 * or why it may not connect, judged as if it had come by itself.  refuse: it
 * is told so; the connection, which is in the lobby, is gone afterwards.
 */
const char *admit_claim(struct connection *c, const struct net_address *source);
void admit_refuse(struct connection *c, const char *why);

#endif
