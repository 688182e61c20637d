/*
 * The offer of each listener in key exchange: its own lists and host keys, and
 * the top level's where it sets none.  Part of loading (load.c), after the top
 * level's lists are final; what is written here is all that the master, the
 * monitor and the worker know of it.
 */
#include "config/offers.h"

#include "config/loader.h"

#include <string.h>

/* Lists of users' keys are the policy's. */
const struct offer_list offer_lists[OFFER_LISTS] = {
    {ALGORITHM_KEX, "crypto.kex"}, {ALGORITHM_GSS_KEX, "crypto.gss_kex"},
    {ALGORITHM_HOST_KEY, "crypto.host_key_algorithms"},
    {ALGORITHM_CIPHER, "crypto.ciphers"}, {ALGORITHM_MAC, "crypto.macs"},
    {ALGORITHM_COMPRESSION, "crypto.compression"}};

const struct origin *
offer_origin(const struct listener *listener, const char *key)
{
	const struct option *option = option_find(SECTION_LISTENER, key);

	return &listener->origins[option - options];
}

const struct listener *
offer_listener(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->listener_count; i++)
		if (strcmp(config->listeners[i].name, name) == 0)
			return &config->listeners[i];
	return NULL;
}

static bool
sets(const struct listener *listener, const char *key)
{
	return offer_origin(listener, key)->line != 0;
}

static void
offer_error(struct loader *l, const struct listener *listener, const char *key,
    const char *text)
{
	const struct origin *origin = offer_origin(listener, key);

	problem_error(l->problems, origin->file, origin->line,
	    "listeners.%s: %s", key, text);
}

/* libcrypto keeps the promise for a process, and so for the whole server. */
static void
check_profile(struct loader *l, const struct listener *listener)
{
	uint32_t own = listener->crypto.profile;
	uint32_t top = l->config->crypto.profile;

	if (!sets(listener, "crypto.profile") || own == top)
		return;
	if (own == CRYPTO_FIPS || own == CRYPTO_SYSTEM)
		offer_error(l, listener, "crypto.profile",
		    own == CRYPTO_FIPS ?
			"\"fips\" is of the whole server: set crypto.profile "
			"at the top level" :
			"\"system\" is of the whole server: set "
			"crypto.profile at the top level");
	if (top == CRYPTO_FIPS)
		offer_error(l, listener, "crypto.profile",
		    "crypto.profile of the top level is \"fips\": no listener "
		    "can have another");
	if (top == CRYPTO_SYSTEM)
		offer_error(l, listener, "crypto.profile",
		    "crypto.profile of the top level is \"system\": no "
		    "listener can have another");
}

/* Where one of both is of the whole server, it is the top level's. */
static enum crypto_profile
profile_of(const struct loader *l, const struct listener *listener)
{
	enum crypto_profile top = l->config->crypto.profile;
	enum crypto_profile own = listener->crypto.profile;

	return top == CRYPTO_FIPS || top == CRYPTO_SYSTEM ||
		own == CRYPTO_SYSTEM ?
	    top :
	    own;
}

static const char *const *
names_of(struct loader *l, const struct strings *list)
{
	const char **names =
	    arena_array(l->arena, list->count + 1, sizeof(char *));

	for (size_t i = 0; i < list->count; i++)
		names[i] = list->items[i];
	return names;
}

/* The list as it was written becomes the one that is offered. */
static void
finish_list(struct loader *l, struct listener *listener,
    const struct crypto_settings *written, const struct offer_list *k)
{
	struct crypto_settings *top = &l->config->crypto;
	struct strings *list = algorithm_list(&listener->crypto, k->kind);
	const char *key = arena_printf(l->arena, "listeners.%s", k->key);
	enum crypto_profile profile = profile_of(l, listener);
	const char *const *base = sets(listener, "crypto.profile") ?
	    profile_names(l, k->kind, profile) :
	    names_of(l, algorithm_list(top, k->kind));

	*list = *algorithm_list(
	    (struct crypto_settings *)(uintptr_t)written, k->kind);
	resolve_algorithms(l, key, offer_origin(listener, k->key), k->kind,
	    profile, base, list);
}

static void
finish_listener(struct loader *l, struct listener *listener)
{
	const struct crypto_settings written = listener->crypto;
	bool lists = sets(listener, "crypto.profile");

	for (size_t i = 0; i < OFFER_LISTS; i++)
		lists = lists || sets(listener, offer_lists[i].key);
	listener->crypto = l->config->crypto;
	if (sets(listener, "crypto.profile"))
		listener->crypto.profile = written.profile;
	for (size_t i = 0; lists && i < OFFER_LISTS; i++)
		finish_list(l, listener, &written, &offer_lists[i]);
	check_profile(l, listener);
	listener->offers = lists || sets(listener, "host_keys");
	if (!sets(listener, "host_keys"))
		listener->host_keys = l->config->host_keys;
}

/* ---- host keys ---- */

static void
check_twice(struct loader *l, const struct strings *keys,
    const struct origin *origin, const char *key)
{
	for (size_t i = 0; i < keys->count; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(keys->items[i], keys->items[k]) == 0)
				problem_error(l->problems, origin->file,
				    origin->line, "%s: %s is named twice", key,
				    keys->items[i]);
}

static void
add_files(struct loader *l, const struct strings *from,
    const struct origin *origin, const char *key)
{
	struct strings *all = &l->config->host_key_files;

	check_twice(l, from, origin, key);
	for (size_t i = 0; i < from->count; i++) {
		size_t k = 0;

		while (k < all->count &&
		    strcmp(all->items[k], from->items[i]) != 0)
			k++;
		if (k < all->count)
			continue;
		if (all->count == CONFIG_HOST_KEYS_MAX) {
			problem_error(l->problems, origin->file, origin->line,
			    "%s: more than %d host keys together", key,
			    CONFIG_HOST_KEYS_MAX);
			return;
		}
		all->items[all->count++] = from->items[i];
	}
}

/* The defaults of the top level are not asked for where nobody needs them. */
static bool
top_level_is_used(const struct config *c, const struct origin *origin)
{
	for (size_t i = 0; i < c->listener_count; i++)
		if (!sets(&c->listeners[i], "host_keys"))
			return true;
	return origin->line != 0;
}

void
finish_offers(struct loader *l)
{
	struct config *c = l->config;
	const struct option *option = option_find(SECTION_SERVER, "host_keys");
	const struct origin *top = &c->origins[option - options];

	c->host_key_files.items =
	    arena_array(l->arena, CONFIG_HOST_KEYS_MAX, sizeof(char *));
	if (top_level_is_used(c, top))
		add_files(l, &c->host_keys, top, "host_keys");
	for (size_t i = 0; i < c->listener_count; i++) {
		struct listener *listener = &c->listeners[i];

		finish_listener(l, listener);
		if (!sets(listener, "host_keys"))
			continue;
		add_files(l, &listener->host_keys,
		    offer_origin(listener, "host_keys"), "listeners.host_keys");
	}
}
