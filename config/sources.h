/*
 * A connection judged by its address, before it has said anything: is
 * it a balancer's, which speaks the PROXY protocol, or a health check's?
 */
#ifndef CONFIG_SOURCES_H
#define CONFIG_SOURCES_H

#include "config/config.h"
#include "config/problem.h"

enum source_proxy {
	SOURCE_PLAIN, /* the client itself */
	SOURCE_BALANCER, /* its first bytes are to be a header */
	SOURCE_STRANGER /* may not connect here */
};

/*
 * The peer, as the kernel tells it, of a connection to the listener (NULL: to
 * none that has a name).
 */
enum source_proxy source_proxy(
    const struct listener *listener, const struct net_address *peer);

/* Does the source count as a health check's?  The listener may be NULL. */
bool source_is_health(const struct config *config,
    const struct listener *listener, const struct net_address *source);

/* A warning for each listener whose proxy group does not do what it seems
 * to. */
void check_sources(const struct config *config, struct problems *problems);

#endif
