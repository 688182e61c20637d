/*
 * Balancers and health checks: which of a listener's connections are theirs,
 * and what is wrong with the lists that say so.
 */
#include "config/sources.h"

#include "config/offers.h"

/* Required of nobody in particular: then nobody may connect. */
static bool
is_proxied(const struct listener *l)
{
	return l->proxy.trusted.count > 0 ||
	    (l->proxy.required && offer_origin(l, "proxy.required")->line != 0);
}

enum source_proxy
source_proxy(const struct listener *listener, const struct net_address *peer)
{
	const struct networks *trusted;

	if (listener == NULL || !is_proxied(listener))
		return SOURCE_PLAIN;
	trusted = &listener->proxy.trusted;
	if (net_in_list(trusted->items, trusted->count, peer))
		return SOURCE_BALANCER;
	return listener->proxy.required ? SOURCE_STRANGER : SOURCE_PLAIN;
}

bool
source_is_health(const struct config *config, const struct listener *listener,
    const struct net_address *source)
{
	const struct networks *list = &config->health_sources;

	if (listener != NULL &&
	    offer_origin(listener, "health_sources")->line != 0)
		list = &listener->health_sources;
	return net_in_list(list->items, list->count, source);
}

static void
check_trusted(const struct listener *l, struct problems *problems)
{
	const struct origin *origin = offer_origin(l, "proxy.trusted");

	for (size_t i = 0; i < l->proxy.trusted.count; i++) {
		const struct net_network *n = &l->proxy.trusted.items[i];

		if (n->bits == 0 && !n->negated)
			problem_warning(problems, origin->file, origin->line,
			    "listeners.proxy.trusted: every address is in it: "
			    "each client can claim any source address");
	}
}

void
check_sources(const struct config *config, struct problems *problems)
{
	for (size_t i = 0; i < config->listener_count; i++) {
		const struct listener *l = &config->listeners[i];
		const struct origin *origin = offer_origin(l, "proxy.required");

		check_trusted(l, problems);
		if (l->proxy.trusted.count > 0)
			continue;
		if (origin->line == 0)
			origin = offer_origin(l, "proxy.trusted");
		if (origin->line != 0)
			problem_warning(problems, origin->file, origin->line,
			    is_proxied(l) ?
				"listeners.proxy: without proxy.trusted nobody "
				"can connect to \"%s\"" :
				"listeners.proxy: without proxy.trusted it "
				"does nothing in \"%s\"",
			    l->name);
	}
}
