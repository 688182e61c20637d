/*
 * Sources and listeners.  Networks lie in each other or apart: the ends of all
 * of them cut the addresses into segments, and segments with the same innermost
 * network are in the same networks.  One address of each is enough.
 */
#include "config/diff/cells.h"

#include "config/parse.h"
#include "config/policy/match.h"
#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

/* ---- rules ---- */

static void
append_rules(struct rule_list *list, const struct rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++)
		list->items[list->count++] = &rules[i];
}

void
cells_rules(struct arena *arena, const struct config *const policies[2],
    struct rule_list *list)
{
	size_t total = 1, i;

	for (i = 0; i < 2; i++)
		total += policies[i]->rule_count + policies[i]->overlay_count +
		    policies[i]->guard_count;
	list->items = arena_array(arena, total, sizeof(*list->items));
	list->count = 0;
	for (i = 0; i < 2; i++) {
		const struct config *c = policies[i];

		append_rules(list, c->rules, c->rule_count);
		append_rules(list, c->overlays, c->overlay_count);
		append_rules(list, c->guards, c->guard_count);
	}
}

/* ---- networks ---- */

struct nets {
	struct net_network *items;
	size_t count;
};

static void
add_net(struct nets *nets, struct net_network n)
{
	n.negated = false;
	n.address.port = 0;
	n.address.scope = 0;
	nets->items =
	    mem_grow(nets->items, nets->count + 1, sizeof(*nets->items));
	nets->items[nets->count++] = n;
}

/* The networks behind the last "@" of each entry. */
static void
add_logins(struct nets *nets, const struct strings *logins)
{
	struct net_network n;

	for (size_t i = 0; i < logins->count; i++) {
		const char *at = strrchr(logins->items[i], '@');
		char *copy, *rest, *one;

		if (at == NULL)
			continue;
		rest = copy = mem_strdup(at + 1);
		while ((one = strsep(&rest, ",")) != NULL)
			if (parse_network(one, &n) == NULL)
				add_net(nets, n);
		free(copy);
	}
}

static unsigned
width(const struct net_network *n)
{
	return n->address.family == NET_V4 ? 32 : 128;
}

/* By family and first address, the wider one first. */
static int
compare_nets(const void *a, const void *b)
{
	const struct net_network *one = a, *other = b;
	int order = (int)one->address.family - (int)other->address.family;

	if (order == 0)
		order = memcmp(one->address.bytes, other->address.bytes, 16);
	return order != 0 ? order : (int)one->bits - (int)other->bits;
}

static bool
same_net(const struct net_network *a, const struct net_network *b)
{
	return compare_nets(a, b) == 0;
}

/* The first address behind the network; false: there is none. */
static bool
next_address(const struct net_network *n, struct net_address *next)
{
	unsigned bit = n->bits, byte;

	*next = n->address;
	while (bit > 0) {
		bit--;
		byte = bit / 8;
		next->bytes[byte] ^= (uint8_t)(0x80U >> bit % 8);
		if ((next->bytes[byte] & 0x80U >> bit % 8) != 0)
			return true;
	}
	return false;
}

/* Is a in one of the networks that lie in n = items[at]? */
static bool
in_narrower(const struct nets *nets, size_t at, const struct net_address *a)
{
	const struct net_network *n = &nets->items[at];

	for (size_t i = at + 1;
	     i < nets->count && net_contains(n, &nets->items[i].address); i++)
		if (net_contains(&nets->items[i], a))
			return true;
	return false;
}

/*
 * An address of items[at] and of no network in it: its first one, or the first
 * behind a network that lies in it.  false: narrower ones fill it.
 */
static bool
own_address(const struct nets *nets, size_t at, struct net_address *own)
{
	const struct net_network *n = &nets->items[at];

	*own = n->address;
	if (!in_narrower(nets, at, own))
		return true;
	for (size_t i = at + 1;
	     i < nets->count && net_contains(n, &nets->items[i].address); i++)
		if (next_address(&nets->items[i], own) &&
		    net_contains(n, own) && !in_narrower(nets, at, own))
			return true;
	return false;
}

static void
add_source(struct arena *arena, struct cells *cells,
    const struct net_address *address, const char *label)
{
	struct cell_source *s;

	cells->sources = arena_grow(arena, cells->sources, cells->source_count,
	    cells->source_count + 1, sizeof(*cells->sources));
	s = &cells->sources[cells->source_count++];
	s->address = *address;
	s->label = arena_strdup(arena, label);
}

static void
gather_networks(const struct rule_list *rules, struct nets *nets)
{
	size_t i, j, k;

	for (i = 0; i < rules->count; i++) {
		const struct rule *rule = rules->items[i];

		for (j = 0; j < rule->match_count; j++)
			for (k = 0; k < rule->matches[j].from.count; k++)
				add_net(nets, rule->matches[j].from.items[k]);
		add_logins(nets, &rule->grants.allow_users);
		add_logins(nets, &rule->grants.deny_users);
	}
}

static void
sort_networks(struct nets *nets)
{
	size_t i, kept = 0;

	qsort(nets->items, nets->count, sizeof(*nets->items), compare_nets);
	for (i = 0; i < nets->count; i++)
		if (kept == 0 ||
		    !same_net(&nets->items[kept - 1], &nets->items[i]))
			nets->items[kept++] = nets->items[i];
	nets->count = kept;
}

static void
make_sources(
    struct arena *arena, const struct rule_list *rules, struct cells *cells)
{
	struct net_network v4 = {.address.family = NET_V4};
	struct net_network v6 = {.address.family = NET_V6};
	struct net_address none = {.family = NET_NONE}, own;
	struct nets nets = {0};
	char text[NET_TEXT_MAX];
	size_t i;

	gather_networks(rules, &nets);
	if (nets.count == 0) {
		/* Documentation's own network: some address. */
		(void)net_parse("192.0.2.1", &own);
		add_source(arena, cells, &own, "anywhere");
		return;
	}
	add_net(&nets, v4);
	add_net(&nets, v6);
	sort_networks(&nets);
	for (i = 0; i < nets.count; i++) {
		const struct net_network *n = &nets.items[i];
		bool all = n->bits == 0, inside;

		if (!own_address(&nets, i, &own))
			continue;
		inside = i + 1 < nets.count &&
		    net_contains(n, &nets.items[i + 1].address);
		snprintf(text, sizeof(text), "%s",
		    !all	       ? "" :
			width(n) == 32 ? "elsewhere (IPv4)" :
					 "elsewhere (IPv6)");
		if (!all) {
			char network[NET_TEXT_MAX];

			snprintf(text, sizeof(text), "%s%s",
			    net_print_network(n, network),
			    inside ? " (the rest of it)" : "");
		}
		add_source(arena, cells, &own, text);
	}
	add_source(arena, cells, &none, "no address (pipes)");
	free(nets.items);
}

/* ---- listeners ---- */

static bool
asks_listener(const struct rule_list *rules)
{
	for (size_t i = 0; i < rules->count; i++)
		for (size_t j = 0; j < rules->items[i]->match_count; j++)
			if (rules->items[i]->matches[j].listeners.count > 0)
				return true;
	return false;
}

static void
add_listener(struct arena *arena, struct cells *cells, const char *name)
{
	struct cell_listener *l;

	for (size_t i = 0; i < cells->listener_count; i++)
		if (name != NULL && cells->listeners[i].name != NULL &&
		    strcmp(cells->listeners[i].name, name) == 0)
			return;
	cells->listeners =
	    arena_grow(arena, cells->listeners, cells->listener_count,
		cells->listener_count + 1, sizeof(*cells->listeners));
	l = &cells->listeners[cells->listener_count++];
	l->name = name;
	l->label = name != NULL ? name : "none (inetd)";
}

/* A listener that only one policy has is told of as a setting of the server. */
static void
make_listeners(struct arena *arena, const struct config *const policies[2],
    const struct rule_list *rules, struct cells *cells)
{
	size_t i, j;

	if (!asks_listener(rules)) {
		add_listener(arena, cells,
		    policies[1]->listener_count > 0 ?
			policies[1]->listeners[0].name :
			NULL);
		return;
	}
	for (i = 0; i < 2; i++)
		for (j = 0; j < policies[i]->listener_count; j++)
			add_listener(
			    arena, cells, policies[i]->listeners[j].name);
	add_listener(arena, cells, NULL);
}

void
cells_make(struct arena *arena, const struct config *const policies[2],
    struct moments *moments, struct cells *cells)
{
	struct rule_list rules;

	*cells = (struct cells){0};
	cells_rules(arena, policies, &rules);
	make_sources(arena, &rules, cells);
	make_listeners(arena, policies, &rules, cells);
	cells_moments(moments, &rules, cells);
}
