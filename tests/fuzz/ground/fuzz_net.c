/*
 * Addresses and networks: what is read prints to what is read the same.
 */
#include "lib/mem.h"
#include "lib/net.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mem_strndup((const char *)data, size);
	char shown[NET_TEXT_MAX];
	struct net_address a, b;
	struct net_network n, m;

	if (net_parse(text, &a) == 0 &&
	    (net_parse(net_print(&a, shown), &b) != 0 || !net_equal(&a, &b)))
		abort();
	if (net_parse_port(text, &a) == 0 &&
	    (net_parse_port(net_print_port(&a, shown), &b) != 0 ||
		memcmp(&a, &b, sizeof(a)) != 0))
		abort();
	if (net_parse_network(text, &n) == 0 &&
	    (net_parse_network(net_print_network(&n, shown), &m) != 0 ||
		memcmp(&n, &m, sizeof(n)) != 0 ||
		!net_contains(&n, &n.address)))
		abort();
	free(text);
	return 0;
}
