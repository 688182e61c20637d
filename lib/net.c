/*
 * Addresses and networks, for every process that judges where a connection
 * comes from.  Texts are the administrator's or a user's (from="").
 */
#include "lib/net.h"

#include "lib/err.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t mapped_prefix[12] = {[10] = 0xff, [11] = 0xff};

static unsigned
family_bits(const struct net_address *a)
{
	return a->family == NET_V4 ? 32 : a->family == NET_V6 ? 128 : 0;
}

/* ::ffff:1.2.3.4 is 1.2.3.4, wherever it is met. */
static bool
unmap(struct net_address *a)
{
	if (a->family != NET_V6 ||
	    memcmp(a->bytes, mapped_prefix, sizeof(mapped_prefix)) != 0)
		return false;
	a->family = NET_V4;
	memmove(a->bytes, &a->bytes[12], 4);
	memset(&a->bytes[4], 0, 12);
	a->scope = 0;
	return true;
}

int
net_from_sockaddr(
    const struct sockaddr *sa, socklen_t len, struct net_address *out)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct net_address a = {0};

	if (len >= (socklen_t)sizeof(in) && sa->sa_family == AF_INET) {
		memcpy(&in, sa, sizeof(in));
		a.family = NET_V4;
		memcpy(a.bytes, &in.sin_addr, 4);
		a.port = ntohs(in.sin_port);
	} else if (len >= (socklen_t)sizeof(in6) && sa->sa_family == AF_INET6) {
		memcpy(&in6, sa, sizeof(in6));
		a.family = NET_V6;
		memcpy(a.bytes, &in6.sin6_addr, 16);
		a.port = ntohs(in6.sin6_port);
		a.scope = in6.sin6_scope_id;
		unmap(&a);
	} else
		return E_UNSUPPORTED;
	*out = a;
	return 0;
}

socklen_t
net_to_sockaddr(const struct net_address *a, struct sockaddr_storage *ss)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

	memset(ss, 0, sizeof(*ss));
	if (a->family == NET_V4) {
		memcpy(&in.sin_addr, a->bytes, 4);
		in.sin_port = htons(a->port);
		memcpy(ss, &in, sizeof(in));
		return sizeof(in);
	}
	if (a->family == NET_V6) {
		memcpy(&in6.sin6_addr, a->bytes, 16);
		in6.sin6_port = htons(a->port);
		in6.sin6_scope_id = a->scope;
		memcpy(ss, &in6, sizeof(in6));
		return sizeof(in6);
	}
	return 0;
}

void
net_of_socket(int fd, struct net_address *peer, struct net_address *local)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	memset(peer, 0, sizeof(*peer));
	memset(local, 0, sizeof(*local));
	if (getpeername(fd, (struct sockaddr *)&ss, &len) == 0)
		(void)net_from_sockaddr((struct sockaddr *)&ss, len, peer);
	len = sizeof(ss);
	if (getsockname(fd, (struct sockaddr *)&ss, &len) == 0)
		(void)net_from_sockaddr((struct sockaddr *)&ss, len, local);
}

/* Decimal digits only, no sign, no leading zero. */
static int
parse_decimal(const char *text, unsigned long max, unsigned long *value)
{
	size_t len = strlen(text);

	if (len == 0 || len > 10 || strspn(text, "0123456789") != len ||
	    (text[0] == '0' && len > 1))
		return E_FORMAT;
	*value = strtoul(text, NULL, 10);
	return *value > max ? E_VALUE : 0;
}

static int
parse_scope(const char *text, uint32_t *scope)
{
	unsigned long number;

	if (parse_decimal(text, UINT32_MAX, &number) == 0)
		*scope = (uint32_t)number;
	else
		*scope = if_nametoindex(text);
	return *scope == 0 ? E_FORMAT : 0;
}

/* As net_parse, the v4-mapped form still v6. */
static int
parse_plain(const char *text, struct net_address *out)
{
	struct net_address a = {0};
	char copy[NET_TEXT_MAX], *percent;
	int err;

	if (strnlen(text, sizeof(copy)) == sizeof(copy))
		return E_FORMAT;
	strcpy(copy, text);
	if (inet_pton(AF_INET, copy, a.bytes) == 1) {
		a.family = NET_V4;
		*out = a;
		return 0;
	}
	if ((percent = strchr(copy, '%')) != NULL)
		*percent = '\0';
	if (inet_pton(AF_INET6, copy, a.bytes) != 1)
		return E_FORMAT;
	a.family = NET_V6;
	if (percent != NULL && (err = parse_scope(&percent[1], &a.scope)) != 0)
		return err;
	*out = a;
	return 0;
}

int
net_parse(const char *text, struct net_address *out)
{
	struct net_address a;
	int err = parse_plain(text, &a);

	if (err != 0)
		return err;
	unmap(&a);
	*out = a;
	return 0;
}

int
net_parse_port(const char *text, struct net_address *out)
{
	char host[NET_TEXT_MAX];
	const char *colon = strrchr(text, ':'), *start = text;
	struct net_address a;
	unsigned long port;
	size_t len;
	int err;

	if (colon == NULL || colon == text)
		return E_FORMAT;
	len = (size_t)(colon - text);
	if (text[0] == '[') {
		if (len < 2 || text[len - 1] != ']')
			return E_FORMAT;
		start++;
		len -= 2;
	}
	if (len >= sizeof(host))
		return E_FORMAT;
	memcpy(host, start, len);
	host[len] = '\0';
	if ((err = parse_plain(host, &a)) != 0)
		return err;
	if ((a.family == NET_V6) != (text[0] == '['))
		return E_FORMAT;
	if ((err = parse_decimal(&colon[1], UINT16_MAX, &port)) != 0)
		return err;
	a.port = (uint16_t)port;
	unmap(&a);
	*out = a;
	return 0;
}

const char *
net_print(const struct net_address *a, char text[NET_TEXT_MAX])
{
	size_t len;

	if (a->family == NET_V4)
		inet_ntop(AF_INET, a->bytes, text, NET_TEXT_MAX);
	else if (a->family == NET_V6) {
		inet_ntop(AF_INET6, a->bytes, text, NET_TEXT_MAX);
		len = strlen(text);
		if (a->scope != 0)
			snprintf(&text[len], NET_TEXT_MAX - len, "%%%u",
			    (unsigned)a->scope);
	} else
		strcpy(text, "UNKNOWN");
	return text;
}

const char *
net_print_port(const struct net_address *a, char text[NET_TEXT_MAX])
{
	char plain[NET_TEXT_MAX];

	net_print(a, plain);
	if (a->family == NET_NONE)
		return strcpy(text, plain);
	snprintf(text, NET_TEXT_MAX,
	    a->family == NET_V6 ? "[%.60s]:%u" : "%.60s:%u", plain,
	    (unsigned)a->port);
	return text;
}

bool
net_equal(const struct net_address *a, const struct net_address *b)
{
	return a->family == b->family && a->family != NET_NONE &&
	    memcmp(a->bytes, b->bytes, family_bits(a) / 8) == 0;
}

bool
net_is_loopback(const struct net_address *a)
{
	static const uint8_t v6[16] = {[15] = 1};

	if (a->family == NET_V4)
		return a->bytes[0] == 127;
	return a->family == NET_V6 && memcmp(a->bytes, v6, sizeof(v6)) == 0;
}

static void
clear_after(uint8_t bytes[16], unsigned bits)
{
	if (bits < 128 && bits % 8 != 0) {
		bytes[bits / 8] &= (uint8_t)(0xff << (8 - bits % 8));
		bits += 8 - bits % 8;
	}
	if (bits < 128)
		memset(&bytes[bits / 8], 0, 16 - bits / 8);
}

int
net_parse_network(const char *text, struct net_network *out)
{
	struct net_network n = {0};
	char copy[NET_TEXT_MAX], *slash;
	uint8_t masked[16];
	unsigned long bits;
	int err;

	if (text[0] == '!') {
		n.negated = true;
		text++;
	}
	if (strnlen(text, sizeof(copy)) == sizeof(copy))
		return E_FORMAT;
	strcpy(copy, text);
	if ((slash = strchr(copy, '/')) != NULL)
		*slash = '\0';
	if ((err = parse_plain(copy, &n.address)) != 0)
		return err;
	if (n.address.scope != 0)
		return E_FORMAT; /* nothing compares scopes */
	bits = family_bits(&n.address);
	if (slash != NULL && (err = parse_decimal(&slash[1], bits, &bits)) != 0)
		return err;
	memcpy(masked, n.address.bytes, sizeof(masked));
	clear_after(masked, (unsigned)bits);
	if (memcmp(masked, n.address.bytes, sizeof(masked)) != 0)
		return E_VALUE;
	/* Bits 80 to 95 are set in a mapped one: its prefix is 96 or more. */
	if (unmap(&n.address))
		bits -= 96;
	n.bits = (uint8_t)bits;
	*out = n;
	return 0;
}

const char *
net_print_network(const struct net_network *n, char text[NET_TEXT_MAX])
{
	char plain[NET_TEXT_MAX];

	net_print(&n->address, plain);
	snprintf(text, NET_TEXT_MAX, "%s%.60s/%u", n->negated ? "!" : "", plain,
	    (unsigned)n->bits);
	return text;
}

bool
net_contains(const struct net_network *n, const struct net_address *a)
{
	uint8_t bytes[16];

	if (a->family == NET_NONE || a->family != n->address.family)
		return false;
	memcpy(bytes, a->bytes, sizeof(bytes));
	clear_after(bytes, n->bits);
	return memcmp(bytes, n->address.bytes, family_bits(a) / 8) == 0;
}

bool
net_in_list(
    const struct net_network *list, size_t count, const struct net_address *a)
{
	bool found = false;

	for (size_t i = 0; i < count; i++) {
		if (!net_contains(&list[i], a))
			continue;
		if (list[i].negated)
			return false;
		found = true;
	}
	return found;
}

struct net_key
net_source_key(const struct net_address *a, unsigned v4_bits, unsigned v6_bits)
{
	struct net_key k = {.family = a->family};
	unsigned bits = a->family == NET_V4 ? v4_bits : v6_bits;

	if (bits > family_bits(a))
		bits = family_bits(a);
	k.bits = (uint8_t)bits;
	memcpy(k.bytes, a->bytes, family_bits(a) / 8);
	clear_after(k.bytes, bits);
	return k;
}

bool
net_key_equal(const struct net_key *a, const struct net_key *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* FNV-1a with a secret start: enough, the tables are bounded. */
uint64_t
net_key_hash(const struct net_key *k, uint64_t seed)
{
	const uint8_t *p = (const uint8_t *)k;
	uint64_t h = seed ^ 0xcbf29ce484222325;

	for (size_t i = 0; i < sizeof(*k); i++) {
		h = (h ^ p[i]) * 0x100000001b3;
		h ^= h >> 29;
	}
	return h;
}

const char *
net_key_print(const struct net_key *k, char text[NET_TEXT_MAX])
{
	struct net_network n = {.bits = k->bits};

	n.address.family = k->family;
	memcpy(n.address.bytes, k->bytes, sizeof(k->bytes));
	return net_print_network(&n, text);
}
