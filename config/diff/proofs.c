/*
 * Keys as cells: a type for each set of patterns that types answer alike, every
 * source and authority that is named and one that is not, lengths around each
 * bound, with and without touch.  What neither policy asks has one value.
 */
#include "config/diff/proofs.h"

#include "config/diff/examples.h"
#include "config/policy/match.h"
#include "config/policy/serves.h"
#include "lib/match.h"
#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

#define BITS_ENOUGH 16384

struct values {
	const char **items;
	size_t count;
};

/* All that the conditions and requirements of both policies look at. */
struct asked {
	struct arena *arena;
	struct rule_list rules;
	struct values types, sources, cas, principals, realms; /* patterns */
	struct values bits; /* as text */
	bool certificate;
	bool touch;
	bool verify;
	bool command; /* root's, to enter at all */
	bool delegated;
	bool partial; /* too many patterns: examples may be missing */
};

static void
add_value(struct asked *a, struct values *v, const char *text)
{
	for (size_t i = 0; i < v->count; i++)
		if (strcmp(v->items[i], text) == 0)
			return;
	v->items = arena_grow(
	    a->arena, v->items, v->count, v->count + 1, sizeof(*v->items));
	v->items[v->count++] = text;
}

/* "!pattern" asks as pattern does, an overlay's "SLOT=source" as source. */
static void
add_patterns(struct asked *a, struct values *v, const struct strings *patterns)
{
	for (size_t i = 0; i < patterns->count; i++) {
		const char *text = patterns->items[i];
		const char *slot = v == &a->sources ? strchr(text, '=') : NULL;

		text = slot != NULL ? slot + 1 : text + (text[0] == '!');
		if (strcmp(text, "*") != 0)
			add_value(a, v, text);
	}
}

static void
ask_grants(struct asked *a, const struct grants *g)
{
	add_patterns(a, &a->types, &g->key_types);
	add_patterns(a, &a->sources, &g->key_sources);
	add_patterns(a, &a->cas, &g->key_cas);
	add_patterns(a, &a->principals, &g->principals);
	if (g->origins[GRANT_key_rsa_bits].line != 0)
		add_value(
		    a, &a->bits, arena_printf(a->arena, "%u", g->key_rsa_bits));
	/* No authority at all is a condition on certificates, too. */
	a->certificate |= g->key_certificate ||
	    (g->origins[GRANT_key_cas].line != 0 && g->key_cas.count == 0);
	a->command |= g->origins[GRANT_root_login].line != 0 &&
	    g->root_login == ROOT_FORCED_COMMAND;
	a->touch |= g->key_touch;
	a->verify |= g->key_verify;
}

static void
ask(struct asked *a)
{
	for (size_t i = 0; i < a->rules.count; i++) {
		const struct rule *rule = a->rules.items[i];

		for (size_t j = 0; j < rule->match_count; j++) {
			const struct rule_match *m = &rule->matches[j];

			add_patterns(a, &a->types, &m->key_types);
			add_patterns(a, &a->sources, &m->key_sources);
			add_patterns(a, &a->cas, &m->key_cas);
			add_patterns(a, &a->principals, &m->principals);
			add_patterns(a, &a->realms, &m->realms);
			/* "*" is any certificate, and no plain key. */
			a->certificate |= m->key_cas.count > 0;
			a->delegated |= m->delegated;
		}
		ask_grants(a, &rule->grants);
	}
	/* Keys between the lengths that are asked, and above all of them. */
	for (size_t i = 0; a->bits.count > 0 && i < a->rules.count; i++)
		if (a->rules.items[i]->grants.key_rsa_bits != 0)
			add_value(a, &a->bits,
			    arena_printf(a->arena, "%u",
				a->rules.items[i]->grants.key_rsa_bits));
}

/* A text for each set of them that are met together, added to the values. */
static void
add_examples(struct asked *a, struct values *v, const struct values *patterns,
    const char *other)
{
	struct examples e;

	examples_make(a->arena, patterns->items, patterns->count, other, &e);
	for (size_t i = 0; i < e.count; i++)
		add_value(a, v, e.items[i]);
	a->partial |= !e.whole;
}

/* ---- types ---- */

struct type_class {
	const char *signature;
	const char *algorithm;
	bool offered[2];
	struct values members;
};

struct type_classes {
	struct type_class *items;
	size_t count;
};

static const char *
type_of(const char *algorithm)
{
	if (strncmp(algorithm, "rsa-sha2-", 9) != 0)
		return algorithm;
	return strstr(algorithm, "-cert-v0") != NULL ?
	    "ssh-rsa-cert-v01@openssh.com" :
	    "ssh-rsa";
}

static bool
is_certificate(const char *type)
{
	return strstr(type, "-cert-v0") != NULL;
}

static bool
is_rsa(const char *type)
{
	return strncmp(type, "ssh-rsa", 7) == 0;
}

static bool
is_token(const char *type)
{
	return strncmp(type, "sk-", 3) == 0;
}

/* Everything about a type that either policy could answer differently to. */
static char *
signature_of(struct asked *a, const char *algorithm, const bool offered[2])
{
	const char *type = type_of(algorithm);
	char *text = arena_alloc(a->arena, a->types.count + 6);
	size_t i;

	for (i = 0; i < a->types.count; i++)
		text[i] = (char)('0' +
		    match_pattern(type, a->types.items[i], MATCH_CASE) +
		    2 *
			match_pattern(
			    algorithm, a->types.items[i], MATCH_CASE));
	text[i++] = offered[0] ? 'o' : '-';
	text[i++] = offered[1] ? 'o' : '-';
	text[i++] =
	    (a->certificate || a->cas.count > 0) && is_certificate(type) ? 'c' :
									   '-';
	text[i++] = a->bits.count > 0 && is_rsa(type) ? 'r' : '-';
	text[i] = (a->touch || a->verify) && is_token(type) ? 's' : '-';
	return text;
}

static void
add_type(struct asked *a, struct type_classes *types,
    const struct config *const policies[2], const char *algorithm)
{
	const bool offered[2] = {
	    policy_is_listed(&policies[0]->crypto.key_algorithms, algorithm),
	    policy_is_listed(&policies[1]->crypto.key_algorithms, algorithm)};
	const char *signature = signature_of(a, algorithm, offered);
	struct type_class *t;

	for (size_t i = 0; i < types->count; i++) {
		t = &types->items[i];
		if (strcmp(t->signature, signature) == 0) {
			add_value(a, &t->members, algorithm);
			return;
		}
	}
	types->items = arena_grow(a->arena, types->items, types->count,
	    types->count + 1, sizeof(*types->items));
	t = &types->items[types->count++];
	t->signature = signature;
	t->algorithm = algorithm;
	memcpy(t->offered, offered, sizeof(offered));
	add_value(a, &t->members, algorithm);
}

/* By one of them, a plain key where there is one. */
static const char *
type_label(struct asked *a, const struct type_classes *types,
    const struct type_class *t)
{
	const char *name = t->algorithm;

	if (types->count == 1)
		return "";
	for (size_t i = 0; i < t->members.count && is_certificate(name); i++)
		if (!is_certificate(t->members.items[i]))
			name = t->members.items[i];
	return t->members.count == 1 ?
	    arena_printf(a->arena, " of type %s", name) :
	    arena_printf(a->arena, " of type %s and %zu like it", name,
		t->members.count - 1);
}

/* ---- keys ---- */

struct key_values {
	struct values sources, cas, bits;
	size_t touches, verifies, commands;
};

static void
add_key(struct asked *a, struct proofs *p, const struct proof_key *key,
    const char *type, const struct key_values *v)
{
	struct proof_key *k;
	const char *label = type;

	p->keys = arena_grow(a->arena, p->keys, p->key_count, p->key_count + 1,
	    sizeof(*p->keys));
	k = &p->keys[p->key_count++];
	*k = *key;
	if (v->bits.count > 1)
		label =
		    arena_printf(a->arena, "%s with %u bits", label, k->bits);
	if (v->sources.count > 1)
		label = arena_printf(
		    a->arena, "%s from source %s", label, k->source);
	if (k->ca != NULL && v->cas.count > 1)
		label = arena_printf(a->arena, "%s signed by %s", label, k->ca);
	if (v->touches > 1)
		label = arena_printf(a->arena, "%s %s", label,
		    k->touched ? "touched" : "not touched");
	if (v->verifies > 1)
		label = arena_printf(a->arena, "%s %s", label,
		    k->verified ? "verified" : "not verified");
	if (v->commands > 1)
		label = arena_printf(a->arena, "%s %s", label,
		    k->command != NULL ? "with a command of its own" :
					 "without a command");
	k->label = label;
}

static void
key_values_make(
    struct asked *a, const struct type_class *t, struct key_values *v)
{
	const char *type = type_of(t->algorithm);
	size_t i;

	*v = (struct key_values){
	    .touches = 1, .verifies = 1, .commands = a->command ? 2 : 1};
	add_examples(a, &v->sources, &a->sources,
	    a->sources.count > 0 ? "(another)" : "user");
	if (is_certificate(type))
		add_examples(a, &v->cas, &a->cas, "(another)");
	else
		add_value(a, &v->cas, "(another)");
	for (i = 0; is_rsa(type) && i < a->bits.count; i++) {
		unsigned bits = (unsigned)strtoul(a->bits.items[i], NULL, 10);

		add_value(a, &v->bits, a->bits.items[i]);
		add_value(a, &v->bits, arena_printf(a->arena, "%u", bits - 1));
	}
	if (v->bits.count == 0)
		add_value(
		    a, &v->bits, arena_printf(a->arena, "%u", BITS_ENOUGH));
	if (is_token(type)) {
		v->touches = a->touch ? 2 : 1;
		v->verifies = a->verify ? 2 : 1;
	}
}

static void
add_keys(struct asked *a, struct proofs *p, const struct type_class *t,
    const char *label)
{
	const char *type = type_of(t->algorithm);
	struct proof_key key = {.type = type, .algorithm = t->algorithm};
	struct key_values v;
	size_t n, total, rest;

	memcpy(key.offered, t->offered, sizeof(key.offered));
	key_values_make(a, t, &v);
	total = v.sources.count * v.cas.count * v.bits.count * v.touches *
	    v.verifies * v.commands;
	for (n = 0; n < total; n++) {
		rest = n;
		key.source = v.sources.items[rest % v.sources.count];
		rest /= v.sources.count;
		key.ca = is_certificate(type) ?
		    v.cas.items[rest % v.cas.count] :
		    NULL;
		rest /= v.cas.count;
		key.bits = (unsigned)strtoul(
		    v.bits.items[rest % v.bits.count], NULL, 10);
		rest /= v.bits.count;
		key.touched = rest % v.touches == 0;
		rest /= v.touches;
		key.verified = rest % v.verifies == 0;
		rest /= v.verifies;
		key.command = rest % v.commands == 0 ? NULL : "its own";
		add_key(a, p, &key, label, &v);
	}
}

/* ---- principals ---- */

static void
add_principal(struct asked *a, struct proofs *p, const char *name, bool only,
    bool delegated)
{
	struct proof_principal *one;

	p->principals = arena_grow(a->arena, p->principals, p->principal_count,
	    p->principal_count + 1, sizeof(*p->principals));
	one = &p->principals[p->principal_count++];
	one->name = name;
	one->delegated = delegated;
	one->label = only ? "" : arena_printf(a->arena, " of %s", name);
	if (a->delegated)
		one->label = arena_printf(a->arena, "%s %s", one->label,
		    delegated ? "and tickets" : "and no tickets");
}

static void
make_principals(struct asked *a, struct proofs *p)
{
	struct values names = {0};
	size_t i;

	/* Patterns of realms are about the end of a name. */
	for (i = 0; i < a->realms.count; i++)
		add_value(a, &a->principals,
		    arena_printf(a->arena, "*@%s", a->realms.items[i]));
	add_examples(a, &names, &a->principals, "another@ANOTHER.REALM");
	for (i = 0; i < names.count; i++) {
		bool one = names.count == 1;

		add_principal(a, p, names.items[i], one, false);
		if (a->delegated)
			add_principal(a, p, names.items[i], one, true);
	}
}

void
proofs_make(struct arena *arena, const struct config *const policies[2],
    struct proofs *proofs)
{
	struct asked a = {.arena = arena};
	struct type_classes types = {0};
	size_t i, j;

	*proofs = (struct proofs){0};
	cells_rules(arena, policies, &a.rules);
	ask(&a);
	for (i = 0; i < 2; i++) {
		const struct strings *names =
		    &policies[i]->crypto.key_algorithms;

		for (j = 0; j < names->count; j++)
			add_type(&a, &types, policies, names->items[j]);
	}
	for (i = 0; i < types.count; i++)
		add_keys(&a, proofs, &types.items[i],
		    type_label(&a, &types, &types.items[i]));
	make_principals(&a, proofs);
	proofs->partial = a.partial;
}
