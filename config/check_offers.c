/*
 * Host keys and algorithms, of the top level and of each listener: are the
 * files there and usable, does this machine have the algorithms?  Part of
 * config_check().
 */
#include "config/check_offers.h"

#include "config/check_file.h"
#include "config/offers.h"
#include "config/options.h"
#include "lib/safefile.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct offer_check {
	const struct config *config;
	const struct check_calls *calls;
	struct problems *problems;
};

static const struct origin *
server_origin(const struct offer_check *c, const char *key)
{
	const struct option *option = option_find(SECTION_SERVER, key);

	return &c->config->origins[option - options];
}

/* ---- host keys ---- */

static bool
is_used(const struct config *config, const char *path)
{
	for (size_t i = 0; i < config->host_key_files.count; i++)
		if (strcmp(config->host_key_files.items[i], path) == 0)
			return true;
	return false;
}

static bool
is_of_top(const struct config *config, const char *path)
{
	for (size_t i = 0; i < config->host_keys.count; i++)
		if (strcmp(config->host_keys.items[i], path) == 0)
			return true;
	return false;
}

/* False, and why, unless the key can be used. */
static bool
is_usable(const struct offer_check *c, const char *path, char *why)
{
	return check_safe_file(path, SAFEFILE_PRIVATE, why) &&
	    (c->calls->host_key == NULL ||
		c->calls->host_key(
		    c->calls->context, path, why, SAFEFILE_WHY_MAX));
}

static void
check_top_keys(const struct offer_check *c)
{
	const struct strings *keys = &c->config->host_keys;
	const struct origin *origin = server_origin(c, "host_keys");
	char why[SAFEFILE_WHY_MAX];
	size_t i, good = 0;

	for (i = 0; i < keys->count; i++) {
		const char *path = keys->items[i];
		bool absent = access(path, F_OK) != 0 && errno == ENOENT;

		if (!is_used(c->config, path))
			return; /* each listener has keys of its own */
		if (absent && origin->line == 0)
			continue; /* of the defaults those count that exist */
		if (is_usable(c, path, why))
			good++;
		else
			problem_error(c->problems, origin->file, origin->line,
			    "host_keys: %s: %s", path, why);
	}
	if (good == 0)
		problem_error(c->problems, origin->file, origin->line,
		    "host_keys: there is no usable host key; sallyportctl "
		    "hostkeys makes them");
}

static void
check_listener_keys(const struct offer_check *c, const struct listener *l)
{
	const struct origin *origin = offer_origin(l, "host_keys");
	char why[SAFEFILE_WHY_MAX];

	for (size_t i = 0; origin->line != 0 && i < l->host_keys.count; i++) {
		const char *path = l->host_keys.items[i];

		/* The top level's are told there, unless it is silent of a
		 * default that is missing. */
		if (is_of_top(c->config, path) &&
		    server_origin(c, "host_keys")->line != 0)
			continue;
		if (!is_usable(c, path, why))
			problem_error(c->problems, origin->file, origin->line,
			    "listeners.host_keys: %s: %s", path, why);
	}
}

static void
check_host_certificates(const struct offer_check *c)
{
	const struct strings *paths = &c->config->host_certificates;
	const struct origin *origin = server_origin(c, "host_certificates");
	char why[SAFEFILE_WHY_MAX];
	size_t i;

	for (i = 0; i < paths->count; i++) {
		const char *path = paths->items[i];

		if (!check_safe_file(path, 0, why) ||
		    (c->calls->host_certificate != NULL &&
			!c->calls->host_certificate(
			    c->calls->context, path, why, sizeof(why))))
			problem_error(c->problems, origin->file, origin->line,
			    "host_certificates: %s: %s", path, why);
	}
}

void
check_host_keys(const struct config *config, const struct check_calls *calls,
    struct problems *problems)
{
	const struct offer_check c = {config, calls, problems};

	check_top_keys(&c);
	for (size_t i = 0; i < config->listener_count; i++)
		check_listener_keys(&c, &config->listeners[i]);
	check_host_certificates(&c);
}

/* ---- algorithms ---- */

/*
 * A lack of libcrypto is told only where the list is written: a profile may
 * name what a newer one has.
 */
static void
check_names(const struct offer_check *c, const char *key,
    enum algorithm_kind kind, const struct strings *names,
    const struct origin *origin, bool written)
{
	const struct check_calls *calls = c->calls;
	const char *why = NULL;
	size_t lacking = 0;

	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->items[i];

		if (!calls->algorithm(calls->context, kind, name))
			problem_error(c->problems, origin->file, origin->line,
			    "%s: \"%s\" is not to be had on this machine", key,
			    name);
		else if (algorithm_is_weak(name))
			problem_warning(c->problems, origin->file, origin->line,
			    "%s: \"%s\" is weak: for peers that cannot be "
			    "replaced alone",
			    key, name);
		if (calls->lacking == NULL ||
		    (why = calls->lacking(calls->context, kind, name)) == NULL)
			continue;
		lacking++;
		if (written)
			problem_warning(c->problems, origin->file, origin->line,
			    "%s: \"%s\" is left out: %s", key, name, why);
	}
	if (lacking > 0 && lacking == names->count)
		problem_error(c->problems, origin->file, origin->line,
		    "%s: nothing is left in the list: %s", key, why);
}

static void
check_top_lists(const struct offer_check *c)
{
	struct crypto_settings crypto = c->config->crypto;
	enum algorithm_kind kind;

	for (kind = 0; kind < ALGORITHM_KINDS; kind++) {
		const char *key = algorithm_key(kind);
		const struct origin *origin = server_origin(c, key);
		bool written = origin->line != 0;

		if (!written)
			origin = server_origin(c, "crypto.profile");
		check_names(c, key, kind, algorithm_list(&crypto, kind), origin,
		    written);
	}
}

/* Lists that it does not set are the top level's. */
static void
check_listener_lists(const struct offer_check *c, const struct listener *l)
{
	struct crypto_settings crypto = l->crypto;
	char key[64];

	for (size_t i = 0; i < OFFER_LISTS; i++) {
		const struct offer_list *list = &offer_lists[i];
		const struct origin *origin = offer_origin(l, list->key);
		bool written = origin->line != 0;

		if (!written)
			origin = offer_origin(l, "crypto.profile");
		if (origin->line == 0)
			continue;
		snprintf(key, sizeof(key), "listeners.%s", list->key);
		check_names(c, key, list->kind,
		    algorithm_list(&crypto, list->kind), origin, written);
	}
}

void
check_algorithms(const struct config *config, const struct check_calls *calls,
    struct problems *problems)
{
	const struct offer_check c = {config, calls, problems};

	if (calls->algorithm == NULL)
		return;
	check_top_lists(&c);
	for (size_t i = 0; i < config->listener_count; i++)
		check_listener_lists(&c, &config->listeners[i]);
}
