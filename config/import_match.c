/*
 * Match conditions of sshd_config as "match" groups.  For the import.  What
 * sallyport cannot ask (host names, one address of a wildcard listener) is
 * an error with its line: a block left out may have been a restriction.
 */
#include "config/importer.h"
#include "config/parse.h"
#include "config/show.h"
#include "lib/match.h"
#include "lib/net.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* "10.1.*" as a network; NULL when the wildcard is another one. */
static char *
wildcard_network(const struct importer *imp, const char *text)
{
	unsigned octets[4] = {0}, count = 0, value;
	const char *p = text;
	char *end;

	while (isdigit((unsigned char)*p) && count < 3) {
		value = (unsigned)strtoul(p, &end, 10);
		if (value > 255 || *end != '.')
			return NULL;
		octets[count++] = value;
		p = end + 1;
	}
	if (count == 0)
		return NULL;
	while (strncmp(p, "*.", 2) == 0)
		p += 2;
	if (strcmp(p, "*") != 0)
		return NULL;
	return arena_printf(imp->arena, "%u.%u.%u.%u/%u", octets[0], octets[1],
	    octets[2], octets[3], count * 8);
}

static bool
looks_numeric(const char *text)
{
	return text[strspn(text, "0123456789abcdefABCDEF.:*?/")] == '\0' &&
	    strpbrk(text, "0123456789:*?") != NULL;
}

static void
add_network(struct importer *imp, struct strings *list, const char *item,
    const struct origin *origin, bool *expressible)
{
	const char *bang = *item == '!' ? "!" : "",
		   *text = item + (*item == '!');
	struct net_network network;
	char *converted;

	if (strcmp(text, "*") == 0) {
		import_push(
		    imp, list, arena_printf(imp->arena, "%s0.0.0.0/0", bang));
		import_push(
		    imp, list, arena_printf(imp->arena, "%s::/0", bang));
	} else if (parse_network(text, &network) == NULL) {
		import_push(imp, list, item);
	} else if ((converted = wildcard_network(imp, text)) != NULL) {
		import_push(imp, list,
		    arena_printf(imp->arena, "%s%s", bang, converted));
	} else if (looks_numeric(text) || imp->use_dns) {
		*expressible = false;
		if (origin != NULL)
			import_error(imp, origin,
			    "\"%s\": sallyport knows "
			    "networks only, no host names and no such "
			    "wildcards",
			    item);
	} else if (origin != NULL) {
		import_note(imp, origin,
		    "\"%s\": a host name never matches "
		    "while UseDNS is no: left out",
		    item);
	}
}

struct strings
import_networks(struct importer *imp, const char *text,
    const struct origin *origin, bool *expressible)
{
	struct strings items = import_split(imp, text), list = {0};
	size_t i;

	for (i = 0; i < items.count; i++)
		add_network(imp, &list, items.items[i], origin, expressible);
	return list;
}

static bool
has_positive(const struct strings *list)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		if (list->items[i][0] != '!')
			return true;
	}
	return false;
}

/* ---- listeners ---- */

static bool
port_listed(
    const struct importer *imp, const struct listener *l, const char *ports)
{
	struct strings list = import_split(imp, ports);
	size_t i;

	for (i = 0; i < list.count; i++) {
		if (atoi(list.items[i]) == l->port)
			return true;
	}
	return false;
}

static bool
is_wildcard(const char *address)
{
	return strcmp(address, "*") == 0 || strcmp(address, "0.0.0.0") == 0 ||
	    strcmp(address, "::") == 0;
}

static bool
address_listed(
    const struct listener *l, const char *addresses, bool *expressible)
{
	struct net_address address;

	if (is_wildcard(l->address)) {
		*expressible = false;
		return false;
	}
	return net_parse(l->address, &address) == 0 &&
	    match_address_list(&address, addresses) == MATCH_YES;
}

static struct strings
matching_listeners(
    struct importer *imp, const struct criteria *c, bool *expressible)
{
	struct strings names = {0};
	size_t i;

	for (i = 0; i < imp->listener_count; i++) {
		const struct listener *l = &imp->listeners[i];

		if (c->local_ports != NULL &&
		    !port_listed(imp, l, c->local_ports))
			continue;
		if (c->local_addresses != NULL &&
		    !address_listed(l, c->local_addresses, expressible))
			continue;
		import_push(imp, &names, l->name);
	}
	return names;
}

/* ---- blocks ---- */

static bool
criteria_hold_sometimes(
    struct importer *imp, const struct criteria *c, const struct origin *origin)
{
	struct strings list;
	bool expressible = true, possible = true;

	if (c->users != NULL) {
		list = import_split(imp, c->users);
		possible &= has_positive(&list);
	}
	if (c->groups != NULL) {
		list = import_split(imp, c->groups);
		possible &= has_positive(&list);
	}
	if (c->addresses != NULL) {
		list = import_networks(imp, c->addresses, origin, &expressible);
		possible &= has_positive(&list);
	}
	if (c->hosts != NULL) {
		list = import_networks(imp, c->hosts, origin, &expressible);
		possible &= has_positive(&list);
	}
	if (c->local_ports != NULL || c->local_addresses != NULL) {
		list = matching_listeners(imp, c, &expressible);
		possible &= list.count > 0;
		if (!expressible)
			import_error(imp, origin,
			    "Match LocalAddress: give "
			    "the address a ListenAddress of its own; the "
			    "block is left out");
	}
	return possible && expressible;
}

void
import_judge_blocks(struct importer *imp)
{
	size_t i, j;

	for (i = 1; i < imp->block_count; i++) {
		struct block *block = &imp->blocks[i];

		for (j = 0; j < block->count && !block->never; j++) {
			if (!criteria_hold_sometimes(
				imp, &block->criteria[j], &block->origin))
				block->never = true;
		}
		if (block->never)
			import_note(imp, &block->origin,
			    "this Match block has no effect in the result");
	}
}

/* ---- out ---- */

/* "Match all" has no group: an empty one is an error. */
static bool
says_something(const struct criteria *c)
{
	return c->users != NULL || c->groups != NULL || c->addresses != NULL ||
	    c->local_addresses != NULL || c->local_ports != NULL ||
	    c->invalid_user;
}

static void
put_criteria(struct importer *imp, const struct criteria *c)
{
	struct strings list;
	bool fine = true;

	if (!says_something(c))
		return;
	fputs(imp->groups++ > 0 ? ", {" : " {", imp->out);
	if (c->users != NULL) {
		list = import_split(imp, c->users);
		import_put_strings(imp, " ", "user", &list);
	}
	if (c->groups != NULL) {
		list = import_split(imp, c->groups);
		import_put_strings(imp, " ", "group", &list);
	}
	if (c->addresses != NULL) {
		list = import_networks(imp, c->addresses, NULL, &fine);
		import_put_strings(imp, " ", "from", &list);
	}
	if (c->local_ports != NULL || c->local_addresses != NULL) {
		list = matching_listeners(imp, c, &fine);
		import_put_strings(imp, " ", "listener", &list);
	}
	if (c->invalid_user)
		fputs(" invalid_user = true;", imp->out);
	fputs(" }", imp->out);
}

/* A group of its own, because the block may name addresses as well. */
static void
put_hosts(struct importer *imp, const struct criteria *c)
{
	struct strings list;
	bool fine = true;

	if (c->hosts == NULL)
		return;
	list = import_networks(imp, c->hosts, NULL, &fine);
	fputs(imp->groups++ > 0 ? ", {" : " {", imp->out);
	import_put_strings(imp, " ", "from", &list);
	fputs(" }", imp->out);
}

void
import_put_match(struct importer *imp, size_t block)
{
	const struct block *b = &imp->blocks[block];
	size_t i;

	for (i = 0; i < b->count; i++) {
		put_criteria(imp, &b->criteria[i]);
		put_hosts(imp, &b->criteria[i]);
	}
}
