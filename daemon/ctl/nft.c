/*
 * Penalties in force as sets of nftables: one transaction, which makes the
 * table and its sets where they are missing and replaces what they hold.
 */
#include "daemon/ctl/nft.h"

#include "daemon/ctl/client.h"
#include "daemon/ctl/say.h"

#include "lib/mem.h"
#include "lib/net.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE "inet sallyport"
/* The longest that nft takes is longer; this is PENALTY_BY_HAND_MAX. */
#define SECONDS_MAX (366u * 86400)
#define A_LINE	    4

struct element {
	struct net_network network;
	uint32_t seconds;
};

/* Networks before what lies in them. */
static int
compare(const void *left, const void *right)
{
	const struct element *a = left, *b = right;
	int order =
	    memcmp(a->network.address.bytes, b->network.address.bytes, 16);

	return order != 0 ? order : (int)a->network.bits - b->network.bits;
}

/*
 * Collects the penalties in force of one family, sorted.  Drops networks inside
 * another one: intervals of a set must not overlap, which they would after a
 * change of limits.source.prefix4.
 */
static size_t
gather(const struct records *answer, enum net_family family,
    struct element *elements)
{
	size_t count = 0, kept = 0;

	for (size_t i = 0; i < answer->count; i++) {
		const struct record *r = &answer->items[i];
		struct element *e = &elements[count];
		uint64_t seconds = strtoull(record_get(r, "seconds"), NULL, 10);

		if (strcmp(record_get(r, "in_force"), "true") != 0 ||
		    net_parse_network(record_get(r, "source"), &e->network) !=
			0 ||
		    e->network.negated || e->network.address.family != family ||
		    seconds == 0)
			continue;
		e->seconds =
		    seconds > SECONDS_MAX ? SECONDS_MAX : (uint32_t)seconds;
		count++;
	}
	if (count > 1)
		qsort(elements, count, sizeof(*elements), compare);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 ||
		    !net_contains(&elements[kept - 1].network,
			&elements[i].network.address))
			elements[kept++] = elements[i];
	return kept;
}

static void
print_set(const struct records *answer, enum net_family family, const char *set,
    const char *type)
{
	struct element *elements =
	    mem_array(answer->count + 1, sizeof(*elements));
	size_t count = gather(answer, family, elements);
	char text[NET_TEXT_MAX];

	printf("add set " TABLE " %s { type %s; flags interval, timeout; }\n"
	       "flush set " TABLE " %s\n",
	    set, type, set);
	if (count > 0)
		printf("add element " TABLE " %s {", set);
	for (size_t i = 0; i < count; i++)
		printf("%s%s %s timeout %" PRIu32 "s", i > 0 ? "," : "",
		    i % A_LINE == 0 ? "\n\t" : "",
		    net_print_network(&elements[i].network, text),
		    elements[i].seconds);
	if (count > 0)
		printf(" }\n");
	free(elements);
}

int
nft_export(const struct ctl *ctl)
{
	const char *words[] = {"penalties"};
	struct records answer = {0};
	int status;

	if (ctl->json)
		return ctl_usage(ctl, "export --nft is not JSON");
	status = client_ask(ctl, words, 1, &answer, NULL);
	if (status == CTL_OK) {
		printf("add table " TABLE "\n");
		print_set(&answer, NET_V4, "penalties4", "ipv4_addr");
		print_set(&answer, NET_V6, "penalties6", "ipv6_addr");
	}
	records_free(&answer);
	return status;
}
