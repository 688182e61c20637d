/*
 * Questions to a decision while the session runs: may it connect there,
 * listen here, set this.  Every layer of a list must allow; an empty list
 * allows nothing.  Asked by the monitor, for each request of the worker.
 */
#include "config/policy/policy.h"
#include "config/policy/match.h"
#include "lib/match.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* sun_path has 108 bytes. */
#define PATH_PLAIN_MAX 256

static bool
in_every_layer(const struct decision *d, enum layer layer, const char *text)
{
	const struct layers *layers = &d->layers[layer];
	size_t i;

	for (i = 0; i < layers->count; i++) {
		const struct strings *list = layers->items[i].list;

		if (list->count == 0 || !policy_in_patterns(list, text))
			return false;
	}
	return layers->count > 0;
}

/* ---- keys ---- */

static bool
is_certificate(const char *type)
{
	return strstr(type, "-cert-v0") != NULL;
}

static bool
key_is_listed(const struct decision *d, const struct policy_facts *f)
{
	if (in_every_layer(d, LAYER_key_types, f->key_type))
		return true;
	return f->key_algorithm != NULL &&
	    in_every_layer(d, LAYER_key_types, f->key_algorithm);
}

/* What is wrong with the key, or NULL. */
static const char *
key_fault(const struct decision *d, const struct policy_facts *f)
{
	const struct grants *g = &d->grants;
	bool sk;

	if (f->key_state != FACT_KNOWN || f->key_type == NULL)
		return "the key is not known";
	sk = strncmp(f->key_type, "sk-", 3) == 0;
	if (!key_is_listed(d, f))
		return "its type is not in key_types";
	if (f->key_source != NULL &&
	    !in_every_layer(d, LAYER_key_sources, f->key_source))
		return "its source is not in key_sources";
	if (g->key_certificate && !is_certificate(f->key_type))
		return "it is no certificate";
	if (is_certificate(f->key_type) &&
	    (f->key_ca == NULL || !in_every_layer(d, LAYER_key_cas, f->key_ca)))
		return "its authority is not in key_cas";
	if (strstr(f->key_type, "rsa") != NULL && f->key_bits < g->key_rsa_bits)
		return "it is shorter than key_rsa_bits";
	if (sk && g->key_touch && !f->key_touched)
		return "it was not touched";
	if (sk && g->key_verify && !f->key_verified)
		return "its token did not verify the user";
	return NULL;
}

bool
policy_may_key(const struct decision *d, const struct policy_facts *facts,
    char *why, size_t why_size)
{
	const char *fault = key_fault(d, facts);

	if (fault != NULL && why != NULL)
		snprintf(why, why_size, "key %s: %s",
		    facts->key_fingerprint != NULL ? facts->key_fingerprint :
						     "?",
		    fault);
	return fault == NULL;
}

bool
policy_may_ca_algorithm(const struct decision *d, const char *name)
{
	return in_every_layer(d, LAYER_key_ca_algorithms, name);
}

bool
policy_asks_revoked(const struct decision *d, const char *path)
{
	const struct layers *layers = &d->layers[LAYER_key_revoked];
	size_t i;

	for (i = 0; i < layers->count; i++) {
		if (policy_in_patterns(layers->items[i].list, path))
			return true;
	}
	return layers->count == 0;
}

/* ---- times ---- */

bool
policy_may_now(const struct decision *d, time_t now, time_t *ends)
{
	const struct layers *layers = &d->layers[LAYER_times];
	time_t end;
	size_t i;

	*ends = 0;
	for (i = 0; i < layers->count; i++) {
		if (policy_in_windows(layers->items[i].list, now, &end) !=
		    TRI_YES)
			return false;
		if (end != 0 && (*ends == 0 || end < *ends))
			*ends = end;
	}
	return layers->count > 0;
}

/* ---- forwards ---- */

static bool
port_in(const struct target *target, uint32_t port)
{
	return port >= target->port_first && port <= target->port_last;
}

/* A numeric host is an address, however it is written. */
static enum policy_answer
target_allows(const struct target *target, const char *host, uint32_t port,
    const struct net_address *address)
{
	struct net_address literal;

	if (!port_in(target, port))
		return POLICY_NO;
	if (!target->is_network)
		return match_pattern(host, target->host, MATCH_NOCASE) ?
		    POLICY_YES :
		    POLICY_NO;
	if (net_parse(host, &literal) == 0)
		return net_contains(&target->network, &literal) ? POLICY_YES :
								  POLICY_NO;
	if (address == NULL)
		return POLICY_ASK_ADDRESS;
	return net_contains(&target->network, address) ? POLICY_YES : POLICY_NO;
}

static enum policy_answer
targets_allow(const struct targets *targets, const char *host, uint32_t port,
    const struct net_address *address)
{
	enum policy_answer best = POLICY_NO, answer;
	size_t i;

	for (i = 0; i < targets->count && best != POLICY_YES; i++) {
		answer = target_allows(&targets->items[i], host, port, address);
		if (answer != POLICY_NO)
			best = answer;
	}
	return best;
}

enum policy_answer
policy_may_connect(const struct decision *d, const char *host, uint32_t port,
    const struct net_address *address)
{
	const struct layers *layers = &d->layers[LAYER_local_forward];
	enum policy_answer all = POLICY_YES, answer;
	size_t i;

	if (d->verdict != POLICY_GRANTED || port > UINT16_MAX ||
	    layers->count == 0)
		return POLICY_NO;
	for (i = 0; i < layers->count; i++) {
		answer =
		    targets_allow(layers->items[i].list, host, port, address);
		if (answer == POLICY_NO)
			return POLICY_NO;
		if (answer == POLICY_ASK_ADDRESS)
			all = POLICY_ASK_ADDRESS;
	}
	return all;
}

/* One rule's view of a listening address; "" and "*" are every address. */
static bool
targets_listen(const struct targets *targets, const char *host, uint32_t port)
{
	struct net_address literal;
	bool all, loopback;
	size_t i;

	all = *host == '\0' || strcmp(host, "*") == 0 ||
	    strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
	loopback = strcasecmp(host, "localhost") == 0 ||
	    (net_parse(host, &literal) == 0 && net_is_loopback(&literal));
	for (i = 0; i < targets->count; i++) {
		const struct target *target = &targets->items[i];

		if (!port_in(target, port))
			continue;
		if (target->is_network) {
			if (net_parse(host, &literal) == 0 &&
			    net_contains(&target->network, &literal))
				return true;
		} else if (strcmp(target->host, "*") == 0 ||
		    match_pattern(host, target->host, MATCH_NOCASE) ||
		    (loopback && strcmp(target->host, "localhost") == 0) ||
		    (all && strcmp(target->host, "0.0.0.0") == 0)) {
			return true;
		}
	}
	return false;
}

bool
policy_may_listen(const struct decision *d, const char *host, uint32_t port)
{
	const struct layers *layers = &d->layers[LAYER_remote_forward];
	size_t i;

	if (d->verdict != POLICY_GRANTED || port > UINT16_MAX)
		return false;
	for (i = 0; i < layers->count; i++) {
		if (!targets_listen(layers->items[i].list, host, port))
			return false;
	}
	return layers->count > 0;
}

/* ---- names ---- */

/*
 * A pattern is about the place that a path names: so it meets one spelling.
 * Otherwise "/run//docker.sock" would not be "/run/docker.sock", and
 * "/run/app/../docker.sock" in "/run/app/"; what ".." leads to cannot be said
 * from here.
 */
static bool
may_path(const struct decision *d, enum layer layer, const char *path)
{
	char plain[PATH_PLAIN_MAX];
	size_t at = 0, len;

	if (d->verdict != POLICY_GRANTED || *path != '/' ||
	    strlen(path) >= sizeof(plain))
		return false;
	for (; *path != '\0'; path += len) {
		path += strspn(path, "/");
		len = strcspn(path, "/");
		if (len == 2 && memcmp(path, "..", 2) == 0)
			return false;
		if (len == 0 || (len == 1 && *path == '.'))
			continue;
		plain[at++] = '/';
		memcpy(&plain[at], path, len);
		at += len;
	}
	plain[at] = '\0';
	return in_every_layer(d, layer, plain);
}

bool
policy_may_unix_connect(const struct decision *d, const char *path)
{
	return may_path(d, LAYER_unix_local, path);
}

bool
policy_may_unix_listen(const struct decision *d, const char *path)
{
	return may_path(d, LAYER_unix_remote, path);
}

/*
 * Variables that steer the dynamic linker, libc or shells, or are the server's
 * to set, whatever is listed: a client sends them, or a user's own key file
 * says them, and either may be held by a forced command.
 */
static bool
is_dangerous(const char *name)
{
	static const char *const never[] = {"LD_*", "GCONV_PATH",
	    "GLIBC_TUNABLES", "HOSTALIASES", "LOCALDOMAIN", "LOCPATH",
	    "NLSPATH", "RESOLV_*", "RES_OPTIONS", "MALLOC_TRACE", "TZDIR",
	    "BASH_ENV", "BASH_FUNC_*", "BASHOPTS", "ENV", "IFS", "PS4",
	    "SHELLOPTS", "PATH", "HOME", "USER", "LOGNAME", "SHELL", "MAIL",
	    "TMPDIR", "KRB5CCNAME", "SSH_*"};
	size_t i;

	for (i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		if (match_pattern(name, never[i], MATCH_CASE))
			return true;
	}
	return *name == '\0' || strchr(name, '=') != NULL;
}

bool
policy_may_env(const struct decision *d, const char *name)
{
	return d->verdict == POLICY_GRANTED && !is_dangerous(name) &&
	    in_every_layer(d, LAYER_accept_env, name);
}

bool
policy_may_subsystem(const struct decision *d, const char *name)
{
	return d->verdict == POLICY_GRANTED &&
	    in_every_layer(d, LAYER_subsystems, name);
}

const char *
policy_subsystem_command(const struct decision *d, const char *name)
{
	const struct strings *list = &d->grants.subsystem_commands;
	size_t i, len = strlen(name);

	for (i = 0; i < list->count; i++) {
		if (strncmp(list->items[i], name, len) == 0 &&
		    list->items[i][len] == '=')
			return &list->items[i][len + 1];
	}
	return NULL;
}

uint32_t
policy_channel_timeout(const struct decision *d, const char *kind)
{
	const struct layers *layers = &d->layers[LAYER_channel_timeouts];
	uint32_t least = CONFIG_NONE;
	size_t i, j;

	for (i = 0; i < layers->count; i++) {
		const struct channel_timeouts *list = layers->items[i].list;

		for (j = 0; j < list->count; j++) {
			if (!match_pattern(
				kind, list->items[j].kind, MATCH_CASE))
				continue;
			if (list->items[j].seconds < least)
				least = list->items[j].seconds;
			break; /* within a list the first match counts */
		}
	}
	return least;
}
