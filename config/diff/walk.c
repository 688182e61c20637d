/*
 * Walks the cells of a class.  The ways in of a cell are the chains that either
 * policy offers there, each walked with every key or principal that makes a
 * difference; a chain that names its module is a way of its own, since both
 * policies are asked about it.
 */
#include "config/diff/walk.h"

#include "config/diff/judge.h"
#include "config/diff/outcome.h"
#include "config/diff/relevant.h"
#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

struct walk {
	const struct config *policies[2]; /* the parts that count */
	struct policy_facts facts; /* of the cell */
	struct decision decided[2]; /* before any method was walked */
	struct proofs proofs;
	struct class_changes *changes;
	struct cell cell;
};

/* ---- what was found ---- */

static void
add_cell(struct class_change *c, const struct cell *cell)
{
	c->cells = mem_grow(c->cells, c->count + 1, sizeof(*c->cells));
	c->cells[c->count++] = *cell;
}

/* Takes the texts over. */
static void
found(struct walk *w, enum diff_direction direction, char *what, char *old,
    char *new)
{
	struct class_changes *changes = w->changes;
	struct class_change *c;

	for (size_t i = 0; i < changes->count; i++) {
		c = &changes->items[i];
		if (c->direction != direction || strcmp(c->what, what) != 0 ||
		    strcmp(c->old, old) != 0 || strcmp(c->new, new) != 0)
			continue;
		add_cell(c, &w->cell);
		free(what);
		free(old);
		free(new);
		return;
	}
	changes->items = mem_grow(
	    changes->items, changes->count + 1, sizeof(*changes->items));
	c = &changes->items[changes->count++];
	*c = (struct class_change){
	    .direction = direction, .what = what, .old = old, .new = new};
	add_cell(c, &w->cell);
}

static void
compare_more(
    struct walk *w, const struct outcome *old, const struct outcome *new)
{
	char *before = outcome_more(old), *after = outcome_more(new);

	if (strcmp(before, after) != 0)
		found(w,
		    before[0] == '\0'	 ? DIFF_TIGHTER :
			after[0] == '\0' ? DIFF_LOOSER :
					   DIFF_UNJUDGED,
		    mem_printf("must also walk: %s is now %s",
			before[0] != '\0' ? before : "nothing",
			after[0] != '\0' ? after : "nothing"),
		    mem_strdup(""), mem_strdup(""));
	free(before);
	free(after);
}

static void
compare(struct walk *w, const struct outcome *old, const struct outcome *new)
{
	const struct policy_facts *f = &w->facts;
	struct findings findings = {0};

	if (old->in != new->in) {
		found(w, new->in ? DIFF_LOOSER : DIFF_TIGHTER,
		    mem_strdup(new->in ? "may enter" : "may no longer enter"),
		    outcome_text(old), outcome_text(new));
		return;
	}
	if (!old->in)
		return;
	compare_more(w, old, new);
	judge_grants_of(
	    &old->d, &new->d, f->uid_unknown || f->uid == 0, &findings);
	for (size_t i = 0; i < findings.count; i++)
		found(w, findings.items[i].direction,
		    mem_strdup(findings.items[i].text), mem_strdup(""),
		    mem_strdup(""));
	findings_free(&findings);
}

/* ---- the ways in ---- */

static unsigned
way_index(struct walk *w, const char *chain, const char *proof)
{
	struct class_changes *c = w->changes;

	for (size_t i = 0; i < c->way_count; i++)
		if (strcmp(c->ways[i].chain, chain) == 0 &&
		    strcmp(c->ways[i].proof, proof) == 0)
			return (unsigned)i;
	c->ways = mem_grow(c->ways, c->way_count + 1, sizeof(*c->ways));
	c->ways[c->way_count].chain = arena_strdup(c->arena, chain);
	c->ways[c->way_count].proof = arena_strdup(c->arena, proof);
	return (unsigned)c->way_count++;
}

static void
walk_one(struct walk *w, const struct walked *walked, const char *chain)
{
	const char *key = walked->key != NULL ? walked->key->label : "";
	struct outcome old, new;
	char *proof;

	proof = mem_printf("%s%s%s", key[0] != '\0' ? " with a key" : "", key,
	    walked->principal != NULL ? walked->principal->label : "");
	w->cell.at[BOX_WAY] = way_index(w, chain, proof);
	free(proof);
	outcome_make(
	    w->policies[0], 0, &w->decided[0], &w->facts, walked, &old);
	outcome_make(
	    w->policies[1], 1, &w->decided[1], &w->facts, walked, &new);
	compare(w, &old, &new);
	w->changes->decided++;
}

static bool
begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* Every key and principal that the methods can prove. */
static void
walk_proofs(struct walk *w, struct walked *walked, const char *chain)
{
	bool key = false, principal = false;
	size_t i, j;

	for (i = 0; i < walked->count; i++) {
		key |= begins(walked->methods[i], "publickey") ||
		    begins(walked->methods[i], "hostbased");
		principal |= begins(walked->methods[i], "gssapi-");
	}
	for (i = 0; i < (key ? w->proofs.key_count : 1); i++) {
		walked->key = key ? &w->proofs.keys[i] : NULL;
		for (j = 0; j < (principal ? w->proofs.principal_count : 1);
		     j++) {
			walked->principal =
			    principal ? &w->proofs.principals[j] : NULL;
			walk_one(w, walked, chain);
		}
	}
}

static void
walk_chain(struct walk *w, const struct chain *chain)
{
	const char **methods =
	    arena_array(w->changes->arena, chain->count + 1, sizeof(*methods));
	struct walked walked = {.methods = methods, .count = chain->count};
	const char *text = "";

	for (size_t i = 0; i < chain->count; i++) {
		const struct chain_step *s = &chain->steps[i];

		methods[i] = s->module == NULL ?
		    s->method :
		    arena_printf(w->changes->arena, "%s:%s%s%s", s->method,
			s->module, s->service != NULL ? "/" : "",
			s->service != NULL ? s->service : "");
		text = arena_printf(w->changes->arena, "%s%s%s", text,
		    i > 0 ? "," : "", methods[i]);
	}
	walk_proofs(w, &walked, text);
}

/* The same methods, modules and services? */
static bool
same_chain(const struct chain *a, const struct chain *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const char *one[] = {a->steps[i].method, a->steps[i].module,
		    a->steps[i].service};
		const char *other[] = {b->steps[i].method, b->steps[i].module,
		    b->steps[i].service};

		for (size_t j = 0; j < 3; j++)
			if ((one[j] == NULL) != (other[j] == NULL) ||
			    (one[j] != NULL && strcmp(one[j], other[j]) != 0))
				return false;
	}
	return true;
}

static bool
has_chain(const struct decision *d, const struct chain *chain)
{
	for (size_t i = 0; i < d->chains.count; i++)
		if (same_chain(&d->chains.items[i], chain))
			return true;
	return false;
}

/* A refused login has no chains: those of its decoy lead nowhere. */
static void
walk_cell(struct walk *w)
{
	struct decision *d = w->decided;
	size_t i, j;

	for (i = 0; i < 2; i++) {
		decision_init(&d[i]);
		policy_decide(w->policies[i], &w->facts, &d[i]);
		if (d[i].verdict != POLICY_GRANTED)
			d[i].chains.count = 0;
	}
	for (i = 0; i < 2; i++)
		for (j = 0; j < d[i].chains.count; j++)
			if (i == 0 || !has_chain(&d[0], &d[i].chains.items[j]))
				walk_chain(w, &d[i].chains.items[j]);
	for (i = 0; i < 2; i++)
		decision_free(&d[i]);
}

static void
walk_cells(struct walk *w)
{
	const struct cells *c = &w->changes->cells;
	size_t s, l, m;

	for (s = 0; s < c->source_count; s++) {
		for (l = 0; l < c->listener_count; l++) {
			for (m = 0; m < c->moment_count; m++) {
				w->facts.source = c->sources[s].address;
				w->facts.listener = c->listeners[l].name;
				w->facts.now = c->moments[m].when;
				w->cell.at[BOX_SOURCE] = (unsigned)s;
				w->cell.at[BOX_LISTENER] = (unsigned)l;
				w->cell.at[BOX_MOMENT] = (unsigned)m;
				walk_cell(w);
			}
		}
	}
}

void
class_changes_make(const struct config *const policies[2],
    const struct policy_facts *user, struct moments *moments,
    struct class_changes *changes)
{
	struct walk w = {.facts = *user, .changes = changes};

	*changes = (struct class_changes){.arena = arena_new()};
	for (size_t i = 0; i < 2; i++)
		w.policies[i] =
		    relevant_part(changes->arena, policies[i], user);
	cells_make(changes->arena, w.policies, moments, &changes->cells);
	proofs_make(changes->arena, w.policies, &w.proofs);
	walk_cells(&w);
}

void
class_changes_free(struct class_changes *changes)
{
	for (size_t i = 0; i < changes->count; i++) {
		free(changes->items[i].what);
		free(changes->items[i].old);
		free(changes->items[i].new);
		free(changes->items[i].cells);
	}
	free(changes->items);
	free(changes->ways);
	arena_free(changes->arena);
	*changes = (struct class_changes){0};
}
