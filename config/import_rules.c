/*
 * Match blocks into rules.  sshd merges what all matching blocks say; here the
 * first rule decides, whole.  So there is a rule for each set of blocks that
 * can match together, larger sets first: a login meets the rule of exactly
 * the blocks that match it.  Root needs rules of its own that name it.
 */
#include "config/importer.h"
#include "config/show.h"
#include "lib/match.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define IN "\t  "

struct region {
	struct importer *imp;
	uint64_t set;
	bool root;
	char *base; /* for names of rules */
	unsigned number;
};

/* ---- one rule ---- */

/* One more condition of the rule being written. */
struct condition {
	const char *key; /* NULL: none */
	const struct strings *list; /* any of these */
	const struct strings *from; /* and these networks; or NULL */
};

static void
put_condition(struct importer *imp, const struct condition *c)
{
	if (c->key == NULL)
		return;
	fputs(imp->groups++ > 0 ? ", {" : " {", imp->out);
	import_put_strings(imp, " ", c->key, c->list);
	if (c->from != NULL)
		import_put_strings(imp, " ", "from", c->from);
	fputs(" }", imp->out);
}

static void
begin_rule(struct region *r, const char *what, const struct condition *one,
    const struct condition *two)
{
	struct importer *imp = r->imp;
	FILE *out = imp->out;
	char *match = NULL;
	size_t size = 0;

	fprintf(imp->out, "%s\t{ name = \"%s%s%s%s",
	    imp->rule_count++ > 0 ? ",\n" : "", r->base, r->root ? "-root" : "",
	    *what != '\0' ? "-" : "", what);
	if (r->number++ > 0)
		fprintf(imp->out, ".%u", r->number);
	fputs("\";\n", imp->out);
	imp->groups = 0;
	imp->out = open_memstream(&match, &size);
	import_put_match(imp, r->set);
	if (r->root)
		fputs(imp->groups++ > 0 ? ", { user = \"root\"; }" :
					  " { user = \"root\"; }",
		    imp->out);
	put_condition(imp, one);
	put_condition(imp, two);
	fclose(imp->out);
	imp->out = out;
	if (imp->groups > 0) /* an empty match is an error */
		fprintf(out, IN "match = (%s );\n", match);
	free(match);
}

static void
put_refusal(struct region *r, const char *what, const struct condition *one)
{
	static const struct condition nothing;

	begin_rule(r, what, one, &nothing);
	fputs(IN "refuse = true; }", r->imp->out);
}

/* ---- Allow and Deny ---- */

/* "user@host" in two; false for a plain pattern. */
static bool
split_at(
    const struct importer *imp, const char *entry, char **user, char **host)
{
	const char *at = strrchr(entry, '@');

	if (at == NULL)
		return false;
	*user = arena_strndup(imp->arena, entry, (size_t)(at - entry));
	*host = arena_strdup(imp->arena, at + 1);
	return true;
}

static bool
takes_root(const struct region *r, const char *pattern)
{
	return !r->root || match_pattern("root", pattern, MATCH_CASE);
}

/* The entries without a host that matter here. */
static struct strings
plain_entries(const struct region *r, const struct strings *entries)
{
	struct strings list = {0};
	char *user, *host;
	size_t i;

	for (i = 0; i < entries->count; i++) {
		if (!split_at(r->imp, entries->items[i], &user, &host) &&
		    entries->items[i][0] != '!' &&
		    takes_root(r, entries->items[i]))
			import_push(r->imp, &list, entries->items[i]);
	}
	return list;
}

static const struct origin *
origin_of(const struct region *r, const char *name)
{
	return &import_first(r->imp, r->set, name)->origin;
}

/* An entry with a host as a condition; false when it can never hold. */
static bool
host_entry(struct region *r, const char *entry, const char *name,
    struct strings *users, struct strings *from)
{
	bool expressible = true;
	char *user, *host;

	if (!split_at(r->imp, entry, &user, &host) || !takes_root(r, user))
		return false;
	*from = import_networks(r->imp, host, origin_of(r, name), &expressible);
	memset(users, 0, sizeof(*users));
	import_push(r->imp, users, user);
	return from->count > 0;
}

static void
put_denied_users(struct region *r)
{
	struct strings entries = import_all(r->imp, r->set, "denyusers");
	struct strings list = plain_entries(r, &entries), users, from;
	struct condition c = {"user", &list, NULL};
	size_t i;

	if (list.count > 0)
		put_refusal(r, "deny-users", &c);
	for (i = 0; i < entries.count; i++) {
		if (!host_entry(
			r, entries.items[i], "denyusers", &users, &from))
			continue;
		c.list = &users;
		c.from = &from;
		put_refusal(r, "deny-users", &c);
	}
}

static void
put_denied_groups(struct region *r)
{
	struct strings list = import_all(r->imp, r->set, "denygroups");
	struct condition c = {"group", &list, NULL};

	if (list.count > 0)
		put_refusal(r, "deny-groups", &c);
}

static void
put_grant(struct region *r, const struct condition *users,
    const struct condition *groups)
{
	begin_rule(r, "", users, groups);
	import_grants(r->imp, r->set, r->root);
	fputs("\t}", r->imp->out);
}

/* A rule for each way into AllowUsers; or one, when there is no such list. */
static void
put_allowed(struct region *r)
{
	struct strings entries = import_all(r->imp, r->set, "allowusers");
	struct strings list = plain_entries(r, &entries), users, from;
	struct strings groups = import_all(r->imp, r->set, "allowgroups");
	struct condition anyone = {NULL, NULL, NULL};
	struct condition in_group = {
	    groups.count > 0 ? "group" : NULL, &groups, NULL};
	struct condition c = {"user", &list, NULL};
	size_t i;

	if (entries.count == 0) {
		put_grant(r, &anyone, &in_group);
	} else if (list.count > 0) {
		put_grant(r, &c, &in_group);
	}
	for (i = 0; i < entries.count; i++) {
		if (!host_entry(
			r, entries.items[i], "allowusers", &users, &from))
			continue;
		c.list = &users;
		c.from = &from;
		put_grant(r, &c, &in_group);
	}
	if (entries.count + groups.count > 0)
		put_refusal(r, "not-allowed", &anyone);
}

/* ---- a set of blocks ---- */

static bool
refuses_all(struct region *r)
{
	struct strings chains = import_chains(r->imp, r->set, r->root);

	if (chains.count == 0 ||
	    import_is(r->imp, r->set, "refuseconnection", "yes", "no"))
		return true;
	return r->root &&
	    import_is(
		r->imp, r->set, "permitrootlogin", "no", "prohibit-password");
}

static void
put_region(struct importer *imp, uint64_t set, bool root)
{
	struct region r = {.imp = imp, .set = set, .root = root};
	static const struct condition nothing;
	size_t i;

	r.base = arena_strdup(imp->arena, "sshd");
	for (i = 1; i < imp->block_count; i++) {
		if ((set & 1ULL << i) != 0)
			r.base = arena_printf(imp->arena, "%s-%zu", r.base, i);
	}
	if (refuses_all(&r)) {
		put_refusal(&r, "refused", &nothing);
		return;
	}
	put_denied_users(&r);
	put_denied_groups(&r);
	put_allowed(&r);
}

static bool
always_matches(const struct block *block)
{
	size_t i;

	for (i = 0; i < block->count; i++) {
		const struct criteria *c = &block->criteria[i];

		if (c->users != NULL || c->groups != NULL ||
		    c->addresses != NULL || c->hosts != NULL ||
		    c->local_addresses != NULL || c->local_ports != NULL ||
		    c->invalid_user)
			return false;
	}
	return true;
}

static bool
has_directives(const struct importer *imp, size_t block)
{
	size_t i;

	for (i = 0; i < imp->directive_count; i++) {
		if (imp->directives[i].block == block)
			return true;
	}
	return false;
}

static int
larger_first(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	int more = __builtin_popcountll(y) - __builtin_popcountll(x);

	return more != 0 ? more : x < y ? -1 : x > y;
}

/* All sets of blocks that can match one login together. */
void
import_find_sets(struct importer *imp)
{
	uint64_t *sets = imp->sets;
	size_t i, j, before, count = 1;

	sets[0] = 0;
	for (i = 1; i < imp->block_count; i++) {
		const struct block *block = &imp->blocks[i];

		if (block->never || !has_directives(imp, i))
			continue;
		before = count;
		for (j = 0; j < before; j++) {
			if (!import_compatible(imp, sets[j], i))
				continue;
			if (always_matches(block)) {
				sets[j] |= 1ULL << i;
			} else if (count < IMPORT_SETS_MAX) {
				sets[count++] = sets[j] | 1ULL << i;
			} else {
				import_error(imp, &block->origin,
				    "more than "
				    "%d sets of Match blocks can match "
				    "together: too many",
				    IMPORT_SETS_MAX);
				return;
			}
		}
	}
	qsort(sets, count, sizeof(*sets), larger_first);
	imp->set_count = count;
}

void
import_rules(struct importer *imp)
{
	const uint64_t *sets = imp->sets;
	size_t i;

	fputs("\nrules = (\n", imp->out);
	for (i = 0; i < imp->set_count; i++) {
		if (import_may_be_root(imp, sets[i]))
			put_region(imp, sets[i], true);
		put_region(imp, sets[i], false);
	}
	fputs("\n);\n", imp->out);
	if (imp->rule_count > CONFIG_RULES_MAX)
		import_error(imp, &(struct origin){NULL, 0},
		    "the result has %zu rules, more than the %d allowed",
		    imp->rule_count, CONFIG_RULES_MAX);
}
