/*
 * A decision's word on forwards: the only matcher for targets, listeners
 * and UNIX sockets.  Addresses are addresses and names are names: networks
 * and patterns of digits, dots and wildcards are held against addresses
 * alone, patterns for names against names that the client typed alone.
 */
#ifndef CONFIG_POLICY_FORWARD_H
#define CONFIG_POLICY_FORWARD_H

#include "config/policy/policy.h"

/*
 * The address that a host is, when it is one in any spelling that the
 * resolver takes without asking anybody ("::ffff:10.0.0.1" and "0x7f.1", too,
 * which are IPv4).  False: it is a name.
 */
bool policy_host_address(const char *host, struct net_address *address);

/*
 * May it connect to host (as the client typed it) and port?  address NULL:
 * before the name is looked up; POLICY_ASK_ADDRESS means that the answer
 * depends on the addresses.  With an address the answer is for that one:
 * POLICY_YES or POLICY_NO.
 */
enum policy_answer { POLICY_NO, POLICY_YES, POLICY_ASK_ADDRESS };
enum policy_answer policy_may_connect(const struct decision *d,
    const char *host, uint32_t port, const struct net_address *address);

/*
 * A remote forward for host as the client sent it ("", "*", "localhost", an
 * address): the permitted ones of the addresses that gateway_ports makes of
 * it, with the port set; none: it may not listen.
 */
#define LISTEN_ADDRESSES_MAX 2
size_t policy_may_listen(const struct decision *d, const char *host,
    uint32_t port, struct net_address out[LISTEN_ADDRESSES_MAX]);

/*
 * Could there be a permitted path?  If not, none needs to be looked at.
 * grant: GRANT_unix_local or GRANT_unix_remote.
 */
bool policy_may_unix_somewhere(const struct decision *d, enum grant grant);

/*
 * path: the place itself, symbolic links followed; any other spelling of it
 * ("//", "." or ".." in it) is not permitted.
 */
bool policy_may_unix_connect(const struct decision *d, const char *path);
bool policy_may_unix_listen(const struct decision *d, const char *path);

/* A forward that was refused. */
struct policy_forward {
	enum grant grant; /* local_forward, remote_forward, unix_* */
	const char *host; /* or the path */
	uint32_t port;
	const struct net_address *address; /* or NULL */
};
/* refuser.c: the list that refused it, as
 * "local_forward of rule users (policy.conf:12)". */
void policy_forward_refuser(const struct config *config,
    const struct decision *d, const struct policy_forward *forward, char *why,
    size_t size);
/* The same for a grant that is on or off: agent, x11, tun. */
void policy_grant_refuser(const struct config *config, const struct decision *d,
    enum grant grant, char *why, size_t size);

#endif
