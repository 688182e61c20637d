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
#include "config/diff/starts.h"
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
	bool renamed; /* old takes the chain for one that names less */
	bool key, principal; /* guards may ask for methods that prove them */
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
	const char *before = old->more, *after = new->more;

	if (strcmp(before, after) != 0)
		found(w,
		    before[0] == '\0'	 ? DIFF_TIGHTER :
			after[0] == '\0' ? DIFF_LOOSER :
					   DIFF_UNJUDGED,
		    mem_printf("must also walk: %s is now %s",
			before[0] != '\0' ? before : "nothing",
			after[0] != '\0' ? after : "nothing"),
		    mem_strdup(""), mem_strdup(""));
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
	if (w->renamed)
		found(w, DIFF_UNJUDGED,
		    mem_strdup("methods name a module or service that was "
			       "left open before"),
		    mem_strdup(""), mem_strdup(""));
	judge_grants_of(
	    &old->d, &new->d, f->uid_unknown || f->uid == 0, &findings);
	judge_starts(w->policies, &old->d, &new->d, &findings);
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

/* Every key and principal that the methods can prove. */
static void
walk_proofs(struct walk *w, struct walked *walked, const char *chain)
{
	bool key = w->key, principal = w->principal;
	size_t i, j;

	for (i = 0; i < walked->count; i++) {
		key |= proves_key(walked->methods[i]);
		principal |= proves_principal(walked->methods[i]);
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

/* The same method, module and service? */
static bool
same_step(const struct chain_step *a, const struct chain_step *b)
{
	const char *one[] = {a->method, a->module, a->service};
	const char *other[] = {b->method, b->module, b->service};

	for (size_t j = 0; j < 3; j++)
		if ((one[j] == NULL) != (other[j] == NULL) ||
		    (one[j] != NULL && strcmp(one[j], other[j]) != 0))
			return false;
	return true;
}

/* Are the steps of one, as they are written, among those of the other? */
static bool
chain_within(const struct chain *a, const struct chain *b)
{
	size_t i = 0, j;

	for (j = 0; i < a->count && j < b->count; j++)
		i += same_step(&a->steps[i], &b->steps[j]);
	return i == a->count;
}

static bool
same_chain(const struct chain *a, const struct chain *b)
{
	return a->count == b->count && chain_within(a, b);
}

/*
 * The first module that knows the user decides where a step names none, and
 * the module's own service where it names none: a chain that names them is
 * walked by the same words, and not by the same proof.
 */
static bool
is_renamed(const struct decision *old, const struct chain *chain)
{
	bool named = false;
	size_t i;

	for (i = 0; i < chain->count; i++)
		named |= chain->steps[i].module != NULL;
	for (i = 0; named && i < old->chains.count; i++)
		if (chain_within(&old->chains.items[i], chain))
			return false;
	return named;
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
	w->renamed = false;
	for (i = 0; i < 2; i++)
		for (j = 0; j < d[i].chains.count; j++)
			if (i == 0 ||
			    !has_chain(&d[0], &d[i].chains.items[j])) {
				w->renamed =
				    is_renamed(&d[0], &d[i].chains.items[j]);
				walk_chain(w, &d[i].chains.items[j]);
			}
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

/* Guards may require a method that no rule names. */
static void
note_required(struct walk *w)
{
	for (size_t i = 0; i < 2; i++)
		for (size_t j = 0; j < w->policies[i]->guard_count; j++) {
			const struct chain *c =
			    &w->policies[i]->guards[j].require;

			for (size_t k = 0; k < c->count; k++) {
				w->key |= proves_key(c->steps[k].method);
				w->principal |=
				    proves_principal(c->steps[k].method);
			}
		}
}

void
class_changes_make(const struct config *const policies[2],
    const struct policy_facts *user, struct moments *moments,
    struct class_changes *changes)
{
	struct walk w = {.facts = *user, .changes = changes};

	/* Grants for a time are not part of a policy: compare without them. */
	w.facts.timed_state = FACT_ABSENT;
	*changes = (struct class_changes){.arena = arena_new()};
	for (size_t i = 0; i < 2; i++)
		w.policies[i] =
		    relevant_part(changes->arena, policies[i], user);
	cells_make(changes->arena, w.policies, moments, &changes->cells);
	proofs_make(changes->arena, w.policies, &w.proofs);
	note_required(&w);
	walk_cells(&w);
	if (w.proofs.partial && changes->way_count > 0) {
		w.cell = (struct cell){0};
		found(&w, DIFF_UNJUDGED,
		    mem_strdup("too many patterns of key sources, authorities "
			       "or principals: not all that they tell apart "
			       "was decided"),
		    mem_strdup(""), mem_strdup(""));
	}
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
