/*
 * The offer of a listener in key exchange, for those that ask of it by name.
 */
#ifndef CONFIG_OFFERS_H
#define CONFIG_OFFERS_H

#include "config/algorithms.h"
#include "config/config.h"

/* The lists that a listener may set, in the order of KEXINIT. */
struct offer_list {
	enum algorithm_kind kind;
	const char *key; /* "crypto.kex" */
};

#define OFFER_LISTS 6
extern const struct offer_list offer_lists[OFFER_LISTS];

/* Where the listener sets the key; line 0: the top level's applies. */
const struct origin *offer_origin(
    const struct listener *listener, const char *key);

/* The listener of that name, or NULL. */
const struct listener *offer_listener(
    const struct config *config, const char *name);

#endif
