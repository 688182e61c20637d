/*
 * Permitted targets (see permit.h).
 */
#include "daemon/session/permit.h"

#include "lib/match.h"

#include <stdlib.h>
#include <string.h>

#define LINE_MAX_PERMIT 1280

static bool
port_matches(const char *text, uint32_t port)
{
	unsigned long first, last;
	char *end;

	if (strcmp(text, "*") == 0)
		return true;
	if (text[0] < '0' || text[0] > '9')
		return false;
	first = last = strtoul(text, &end, 10);
	if (*end == '-' && end[1] >= '0' && end[1] <= '9')
		last = strtoul(&end[1], &end, 10);
	return *end == '\0' && port >= first && port <= last;
}

static bool
host_matches(
    const char *pattern, const char *host, const struct net_address *address)
{
	struct net_network network;
	char text[NET_TEXT_MAX];

	if (net_parse_network(pattern, &network) == 0)
		return !network.negated && net_contains(&network, address);
	return match_pattern(host, pattern, MATCH_NOCASE) ||
	    match_pattern(net_print(address, text), pattern, MATCH_NOCASE);
}

static bool
line_allows(char *line, const char *host, uint32_t port,
    const struct net_address *address)
{
	char *colon = strrchr(line, ':');
	size_t len;

	if (colon == NULL)
		return false;
	*colon = '\0';
	len = strlen(line);
	if (len >= 2 && line[0] == '[' && line[len - 1] == ']') {
		line[len - 1] = '\0';
		line++;
	}
	return port_matches(&colon[1], port) &&
	    host_matches(line, host, address);
}

bool
permit_allows(const char *list, const char *host, uint32_t port,
    const struct net_address *address)
{
	char line[LINE_MAX_PERMIT];
	bool allowed = true, in_group = false;

	if (list[0] == '\0')
		return true;
	while (*list != '\0') {
		size_t len = strcspn(list, "\n");
		const char *after = &list[len + (list[len] == '\n')];

		if (len == 1 && list[0] == '&') {
			if (!in_group || !allowed)
				return false; /* an empty group has no yes */
			in_group = false;
			list = after;
			continue;
		}
		if (!in_group)
			allowed = false;
		in_group = true;
		if (len < sizeof(line)) {
			memcpy(line, list, len);
			line[len] = '\0';
			allowed =
			    allowed || line_allows(line, host, port, address);
		}
		list = after;
	}
	return allowed && in_group;
}
