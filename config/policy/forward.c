/*
 * Forwards (see forward.h).  Asked by the monitor for each request of
 * the worker, and again for what a name or a path turned out to be; what it
 * answers is what the session process is ordered to do.
 */
#include "config/policy/forward.h"

#include "config/options.h"
#include "config/policy/match.h"
#include "lib/match.h"

#include <arpa/inet.h>

#include <stdio.h>
#include <string.h>
#include <strings.h>

bool
policy_host_address(const char *host, struct net_address *address)
{
	struct in_addr in;

	if (net_parse(host, address) == 0)
		return true;
	/* inet_aton() stops at white space and takes what is before it. */
	if (host[strcspn(host, " \t\n\v\f\r")] != '\0' ||
	    inet_aton(host, &in) == 0)
		return false;
	memset(address, 0, sizeof(*address));
	address->family = NET_V4;
	memcpy(address->bytes, &in, 4);
	return true;
}

static bool
is_unspecified(const struct net_address *a)
{
	static const uint8_t zero[16];

	return a->family != NET_NONE &&
	    memcmp(a->bytes, zero, sizeof(zero)) == 0;
}

static bool
port_in(const struct target *target, uint32_t port)
{
	return port >= target->port_first && port <= target->port_last;
}

/* A pattern without colons is about IPv4: "1*" is not 1234::5. */
static bool
address_matches(const char *pattern, const struct net_address *a)
{
	char text[NET_TEXT_MAX];

	return a->family == NET_V4 &&
	    match_pattern(net_print(a, text), pattern, MATCH_CASE);
}

/* ---- connecting ---- */

/* The client's request, and the address that it becomes. */
struct destination {
	const char *typed;
	bool is_name;
	uint32_t port;
	const struct net_address *address; /* NULL: not known yet */
};

static enum policy_answer
target_allows(const struct target *target, const struct destination *to)
{
	bool yes = false;

	if (!port_in(target, to->port))
		return POLICY_NO;
	switch (target->kind) {
	case TARGET_ANY:
		yes = true;
		break;
	case TARGET_TYPED:
		yes = strcmp(target->host, to->typed) == 0;
		break;
	case TARGET_NAME:
		yes = to->is_name &&
		    match_pattern(to->typed, target->host, MATCH_NOCASE);
		break;
	case TARGET_NETWORK:
		if (to->address == NULL)
			return POLICY_ASK_ADDRESS;
		yes = net_contains(&target->network, to->address);
		break;
	case TARGET_ADDRESS:
		if (to->address == NULL)
			return POLICY_ASK_ADDRESS;
		yes = address_matches(target->host, to->address);
		break;
	}
	return yes ? POLICY_YES : POLICY_NO;
}

static enum policy_answer
targets_allow(const struct targets *targets, const struct destination *to)
{
	enum policy_answer best = POLICY_NO, answer;
	size_t i;

	for (i = 0; i < targets->count && best != POLICY_YES; i++) {
		answer = target_allows(&targets->items[i], to);
		if (answer != POLICY_NO)
			best = answer;
	}
	return best;
}

/* The kernel takes a connect to 0.0.0.0 or :: to the loopback address. */
static struct net_address
connected_to(const struct net_address *a)
{
	struct net_address out = *a;

	if (is_unspecified(a))
		(void)net_parse(
		    a->family == NET_V4 ? "127.0.0.1" : "::1", &out);
	return out;
}

enum policy_answer
policy_may_connect(const struct decision *d, const char *host, uint32_t port,
    const struct net_address *address)
{
	const struct layers *layers = &d->layers[GRANT_local_forward];
	struct net_address literal, real;
	struct destination to = {.typed = host, .port = port};
	enum policy_answer all = POLICY_YES, answer;
	size_t i;

	if (d->verdict != POLICY_GRANTED || port > UINT16_MAX ||
	    layers->count == 0)
		return POLICY_NO;
	to.is_name = !policy_host_address(host, &literal);
	if (!to.is_name)
		address = &literal;
	if (address != NULL) {
		real = connected_to(address);
		to.address = &real;
	}
	for (i = 0; i < layers->count; i++) {
		answer = targets_allow(layers->items[i].list, &to);
		if (answer == POLICY_NO)
			return POLICY_NO;
		if (answer == POLICY_ASK_ADDRESS)
			all = POLICY_ASK_ADDRESS;
	}
	return all;
}

/* ---- listening ---- */

static size_t
both(const char *v4, const char *v6, uint32_t port, struct net_address *out)
{
	(void)net_parse(v4, &out[0]);
	(void)net_parse(v6, &out[1]);
	out[0].port = out[1].port = (uint16_t)port;
	return 2;
}

/* 0.0.0.0 is no address of 0.0.0.0/8: it stands for each there is. */
static bool
network_has_listener(
    const struct net_network *network, const struct net_address *a)
{
	if (is_unspecified(a) && network->bits != 0 &&
	    network->bits != (a->family == NET_V4 ? 32 : 128))
		return false;
	return net_contains(network, a);
}

static bool
target_listens(const struct target *target, const char *host, uint32_t port,
    const struct net_address *a)
{
	if (!port_in(target, port))
		return false;
	switch (target->kind) {
	case TARGET_ANY:
		return true;
	case TARGET_TYPED: /* PermitListen has patterns */
		return match_pattern(host, target->host, MATCH_NOCASE);
	case TARGET_NAME: /* the only name there is */
		return net_is_loopback(a) &&
		    match_pattern("localhost", target->host, MATCH_NOCASE);
	case TARGET_NETWORK:
		return network_has_listener(&target->network, a);
	case TARGET_ADDRESS:
		return !is_unspecified(a) && address_matches(target->host, a);
	}
	return false;
}

static bool
may_listen(const struct decision *d, const char *host, uint32_t port,
    const struct net_address *address)
{
	const struct layers *layers = &d->layers[GRANT_remote_forward];
	size_t i, k;

	for (i = 0; i < layers->count; i++) {
		const struct targets *list = layers->items[i].list;

		for (k = 0; k < list->count; k++) {
			if (target_listens(
				&list->items[k], host, port, address))
				break;
		}
		if (k == list->count)
			return false;
	}
	return layers->count > 0;
}

/* Keep the permitted ones. */
static size_t
keep(const struct decision *d, const char *host, uint32_t port,
    struct net_address *list, size_t count)
{
	size_t i, kept = 0;

	for (i = 0; i < count; i++) {
		if (may_listen(d, host, port, &list[i]))
			list[kept++] = list[i];
	}
	return kept;
}

/*
 * RFC 4254 section 7.1: "" is all addresses of all families, "localhost" the
 * loopback ones.  Any other name is none of ours; where all listeners are on
 * loopback that is where it goes, too, as with sshd.
 */
static size_t
asked_addresses(const struct decision *d, const char *host, uint32_t port,
    struct net_address *out)
{
	if (*host == '\0' || strcmp(host, "*") == 0)
		return both("0.0.0.0", "::", port, out);
	if (net_parse(host, &out[0]) == 0) {
		out[0].port = (uint16_t)port;
		return 1;
	}
	if (strcasecmp(host, "localhost") != 0 &&
	    d->grants.gateway_ports == GATEWAY_CLIENT)
		return 0;
	return both("127.0.0.1", "::1", port, out);
}

/*
 * The request is judged as it was asked, and so is what becomes of it: a guard
 * that lowers gateway_ports makes nothing possible.
 */
size_t
policy_may_listen(const struct decision *d, const char *host, uint32_t port,
    struct net_address out[LISTEN_ADDRESSES_MAX])
{
	struct net_address all[LISTEN_ADDRESSES_MAX];
	size_t count, wide;

	if (d->verdict != POLICY_GRANTED || port > UINT16_MAX)
		return 0;
	count = asked_addresses(d, host, port, out);
	count = keep(d, host, port, out, count);
	if (count == 0 || d->grants.gateway_ports == GATEWAY_CLIENT)
		return count;
	if (d->grants.gateway_ports == GATEWAY_YES) {
		wide = both("0.0.0.0", "::", port, all);
		wide = keep(d, host, port, all, wide);
		if (wide != 0)
			memcpy(out, all, sizeof(all));
		return wide != 0 ? wide : count;
	}
	if (net_is_loopback(&out[0]))
		return count;
	return keep(d, host, port, out, both("127.0.0.1", "::1", port, out));
}

/* ---- UNIX sockets ---- */

/* As the kernel writes it: no component is "", "." or "..". */
static bool
is_real(const char *path)
{
	size_t len;

	if (*path != '/')
		return false;
	for (; *path == '/'; path += len) {
		path++;
		len = strcspn(path, "/");
		if (len == 0 || (len == 1 && path[0] == '.') ||
		    (len == 2 && path[0] == '.' && path[1] == '.'))
			return false;
	}
	return true;
}

/* A pattern is about a place, so it meets no other spelling of it. */
static bool
may_path(const struct decision *d, enum grant grant, const char *path)
{
	return d->verdict == POLICY_GRANTED && is_real(path) &&
	    policy_in_layers(d, grant, path);
}

bool
policy_may_unix_somewhere(const struct decision *d, enum grant grant)
{
	const struct layers *layers = &d->layers[grant];
	size_t i;

	for (i = 0; i < layers->count; i++) {
		const struct strings *list = layers->items[i].list;

		if (list->count == 0)
			return false;
	}
	return d->verdict == POLICY_GRANTED && layers->count > 0;
}

bool
policy_may_unix_connect(const struct decision *d, const char *path)
{
	return may_path(d, GRANT_unix_local, path);
}

bool
policy_may_unix_listen(const struct decision *d, const char *path)
{
	return may_path(d, GRANT_unix_remote, path);
}
