/*
 * Classes of users.  Each pattern, group and range of uids that stands
 * anywhere in the two policies is an atom; users who answer alike to all atoms
 * are decided alike.  An exact group name is compared, not matched: thousands
 * of users times hundreds of atoms is the bulk of a comparison.
 */
#include "config/diff/classes.h"

#include "lib/match.h"
#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

enum atom_kind { ATOM_USER, ATOM_GROUP, ATOM_UID };

struct atom {
	enum atom_kind kind;
	char *pattern;
	bool exact;
	struct uid_range uids;
};

struct atoms {
	struct atom *items;
	size_t count;
};

static bool
atom_equal(const struct atom *a, const struct atom *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == ATOM_UID)
		return a->uids.first == b->uids.first &&
		    a->uids.last == b->uids.last;
	return strcmp(a->pattern, b->pattern) == 0;
}

/* Takes the pattern over. */
static void
add_atom(struct atoms *atoms, struct atom atom)
{
	for (size_t i = 0; i < atoms->count; i++) {
		if (atom_equal(&atoms->items[i], &atom)) {
			free(atom.pattern);
			return;
		}
	}
	atoms->items =
	    mem_grow(atoms->items, atoms->count + 1, sizeof(*atoms->items));
	atoms->items[atoms->count++] = atom;
}

static void
add_patterns(
    struct atoms *atoms, enum atom_kind kind, const struct strings *patterns)
{
	for (size_t i = 0; i < patterns->count; i++) {
		const char *text = patterns->items[i];
		struct atom atom = {.kind = kind};

		text += text[0] == '!';
		atom.pattern = mem_strdup(text);
		atom.exact = strpbrk(text, "*?") == NULL;
		add_atom(atoms, atom);
	}
}

/* "USER@NETWORKS": its user. */
static void
add_logins(struct atoms *atoms, const struct strings *logins)
{
	for (size_t i = 0; i < logins->count; i++) {
		const char *text = logins->items[i];
		const char *at = strrchr(text, '@');
		struct atom atom = {.kind = ATOM_USER};

		text += text[0] == '!';
		atom.pattern = at != NULL ?
		    mem_strndup(text, (size_t)(at - text)) :
		    mem_strdup(text);
		atom.exact = strpbrk(atom.pattern, "*?") == NULL;
		add_atom(atoms, atom);
	}
}

static void
add_rules(struct atoms *atoms, const struct rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct grants *g = &rules[i].grants;

		for (size_t j = 0; j < rules[i].match_count; j++) {
			const struct rule_match *m = &rules[i].matches[j];

			add_patterns(atoms, ATOM_USER, &m->users);
			add_patterns(atoms, ATOM_GROUP, &m->groups);
			for (size_t k = 0; k < m->uids.count; k++)
				add_atom(atoms,
				    (struct atom){.kind = ATOM_UID,
					.uids = m->uids.items[k]});
		}
		add_logins(atoms, &g->allow_users);
		add_logins(atoms, &g->deny_users);
		add_patterns(atoms, ATOM_GROUP, &g->allow_groups);
		add_patterns(atoms, ATOM_GROUP, &g->deny_groups);
	}
}

static bool
text_matches(const struct atom *atom, const char *text)
{
	return atom->exact ? strcmp(atom->pattern, text) == 0 :
			     match_pattern(text, atom->pattern, MATCH_CASE);
}

static char
answer(const struct atom *atom, const struct policy_facts *f)
{
	switch (atom->kind) {
	case ATOM_USER:
		return text_matches(atom, f->user) ? 'y' : 'n';
	case ATOM_UID:
		return f->uid >= atom->uids.first && f->uid <= atom->uids.last ?
		    'y' :
		    'n';
	case ATOM_GROUP:
		break;
	}
	for (size_t i = 0; i < f->group_count; i++)
		if (text_matches(atom, f->groups[i]))
			return 'y';
	return 'n';
}

/* Begins with the facts that every decision asks, whatever the policies say. */
static char *
signature_of(const struct atoms *atoms, const struct policy_facts *f)
{
	char *text = mem_zalloc(atoms->count + 5);

	text[0] = (char)('0' + (int)f->user_state);
	text[1] = (char)('0' + (int)f->groups_state);
	text[2] = f->uid_unknown ? 'u' : f->uid == 0 ? 'r' : '-';
	text[3] = f->user_silent ? 's' : '-';
	for (size_t i = 0; i < atoms->count; i++)
		text[4 + i] = answer(&atoms->items[i], f);
	return text;
}

struct signed_user {
	char *signature;
	const struct policy_facts *facts;
};

static int
compare_signed(const void *a, const void *b)
{
	const struct signed_user *one = a, *other = b;
	int order = strcmp(one->signature, other->signature);

	return order != 0 ?
	    order :
	    (one->facts > other->facts) - (one->facts < other->facts);
}

static void
add_member(
    struct user_classes *classes, const struct policy_facts *facts, bool first)
{
	struct user_class *c;

	if (first) {
		classes->items = mem_grow(classes->items, classes->count + 1,
		    sizeof(*classes->items));
		classes->items[classes->count++] = (struct user_class){0};
	}
	c = &classes->items[classes->count - 1];
	c->members = mem_grow(c->members, c->count + 1, sizeof(*c->members));
	c->members[c->count++] = facts;
}

void
user_classes_make(const struct config *const policies[2],
    const struct policy_facts *users, size_t count,
    struct user_classes *classes)
{
	struct signed_user *sorted = mem_array(count + 1, sizeof(*sorted));
	struct atoms atoms = {0};
	size_t i;

	for (i = 0; i < 2; i++) {
		const struct config *c = policies[i];

		add_rules(&atoms, c->rules, c->rule_count);
		add_rules(&atoms, c->overlays, c->overlay_count);
		add_rules(&atoms, c->guards, c->guard_count);
	}
	for (i = 0; i < count; i++) {
		sorted[i].facts = &users[i];
		sorted[i].signature = signature_of(&atoms, &users[i]);
	}
	qsort(sorted, count, sizeof(*sorted), compare_signed);
	*classes = (struct user_classes){0};
	for (i = 0; i < count; i++)
		add_member(classes, sorted[i].facts,
		    i == 0 ||
			strcmp(sorted[i].signature, sorted[i - 1].signature) !=
			    0);
	for (i = 0; i < count; i++)
		free(sorted[i].signature);
	for (i = 0; i < atoms.count; i++)
		free(atoms.items[i].pattern);
	free(atoms.items);
	free(sorted);
}

void
user_classes_free(struct user_classes *classes)
{
	for (size_t i = 0; i < classes->count; i++)
		free(classes->items[i].members);
	free(classes->items);
	*classes = (struct user_classes){0};
}
