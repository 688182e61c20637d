/*
 * The PROXY header of a balancer's connection (listeners.proxy.trusted), as a
 * process of the worker template's reads it.
 */
#ifndef DAEMON_MASTER_PROXIED_H
#define DAEMON_MASTER_PROXIED_H

#include "daemon/master/master.h"
#include "lib/proxy_header.h"

/* The header as it was read: a claim, nothing else. */
struct proxied {
	const char *fault; /* why there is no header; NULL: there is one */
	enum proxy_kind kind;
	struct net_address source, destination; /* as in struct proxy_header */
	const struct msg_proxied *more; /* its texts */
};

/*
 * Has the template read the header, on a wall that is the connection's; fn is
 * called once, unless proxied_stop() comes before.  0, or an error.
 */
typedef void proxied_fn(struct connection *c, const struct proxied *p);
int proxied_start(struct connection *c, struct wall *workers, proxied_fn *fn);

/* Nothing is awaited any more; harmless when nothing was. */
void proxied_stop(struct connection *c);

#endif
