/*
 * Puts the changes of all classes together: the same change in the same places
 * is told once, with everybody whom it meets.
 */
#include "config/diff/diff.h"

#include "config/arena.h"
#include "config/diff/classes.h"
#include "config/diff/server.h"
#include "config/diff/walk.h"
#include "config/show.h"
#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

#define NAMES_SHOWN 12 /* of the users of a place, in text */
#define WORDS_SHOWN 8 /* of the values of a dimension, in text */

struct place {
	const char *where;
	const char **users;
	size_t user_count;
};

struct change {
	enum diff_direction direction;
	const char *what, *old, *new;
	struct place *places;
	size_t place_count;
};

struct policy_diff {
	struct arena *arena;
	struct change *changes;
	size_t change_count;
	struct findings server;
	size_t users, classes, cells;
};

/* ---- words for boxes ---- */

static void
print_set(FILE *out, const char *before, const struct box *box, size_t d,
    const char *(*label)(const struct class_changes *, size_t),
    const struct class_changes *c)
{
	for (size_t i = 0; i < box->count[d]; i++) {
		if (i == WORDS_SHOWN && box->count[d] > WORDS_SHOWN + 1) {
			fprintf(out, " or %zu others", box->count[d] - i);
			return;
		}
		fprintf(out, "%s%s", i == 0 ? before : " or ",
		    label(c, box->at[d][i]));
	}
}

static const char *
source_label(const struct class_changes *c, size_t i)
{
	return c->cells.sources[i].label;
}

static const char *
listener_label(const struct class_changes *c, size_t i)
{
	return c->cells.listeners[i].label;
}

static const char *
moment_label(const struct class_changes *c, size_t i)
{
	return c->cells.moments[i].label;
}

static size_t
ways_of_chain(
    const struct class_changes *c, const char *chain, const struct box *box)
{
	size_t n = 0, i;

	if (box == NULL) {
		for (i = 0; i < c->way_count; i++)
			n += strcmp(c->ways[i].chain, chain) == 0;
		return n;
	}
	for (i = 0; i < box->count[BOX_WAY]; i++)
		n += strcmp(c->ways[box->at[BOX_WAY][i]].chain, chain) == 0;
	return n;
}

/* A chain with whatever key is named by itself. */
static void
print_ways(FILE *out, const struct class_changes *c, const struct box *box)
{
	const char *before = "; by ", *chain, *last = NULL;
	bool whole = false;

	for (size_t i = 0; i < box->count[BOX_WAY]; i++) {
		const struct way *way = &c->ways[box->at[BOX_WAY][i]];

		chain = way->chain;
		if (last == NULL || strcmp(last, chain) != 0)
			whole = ways_of_chain(c, chain, box) ==
			    ways_of_chain(c, chain, NULL);
		else if (whole)
			continue;
		fprintf(out, "%s%s%s", before, chain, whole ? "" : way->proof);
		before = " or ";
		last = chain;
	}
}

/* A dimension of which the box has all values says nothing. */
static const char *
where(struct arena *arena, const struct class_changes *c, const struct box *box)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	const char *kept;

	if (out == NULL)
		return "";
	if (box->count[BOX_SOURCE] == c->cells.source_count)
		fputs("from anywhere", out);
	else
		print_set(out, "from ", box, BOX_SOURCE, source_label, c);
	if (box->count[BOX_LISTENER] != c->cells.listener_count)
		print_set(out, "; by listener ", box, BOX_LISTENER,
		    listener_label, c);
	if (box->count[BOX_MOMENT] != c->cells.moment_count)
		print_set(out, "; ", box, BOX_MOMENT, moment_label, c);
	print_ways(out, c, box);
	fclose(out);
	kept = arena_strdup(arena, text);
	free(text);
	return kept;
}

/* ---- putting together ---- */

static struct change *
change_of(struct policy_diff *diff, const struct class_change *found)
{
	struct change *c;

	for (size_t i = 0; i < diff->change_count; i++) {
		c = &diff->changes[i];
		if (c->direction == found->direction &&
		    strcmp(c->what, found->what) == 0 &&
		    strcmp(c->old, found->old) == 0 &&
		    strcmp(c->new, found->new) == 0)
			return c;
	}
	diff->changes = mem_grow(
	    diff->changes, diff->change_count + 1, sizeof(*diff->changes));
	c = &diff->changes[diff->change_count++];
	*c = (struct change){.direction = found->direction,
	    .what = arena_strdup(diff->arena, found->what),
	    .old = arena_strdup(diff->arena, found->old),
	    .new = arena_strdup(diff->arena, found->new)};
	return c;
}

static struct place *
place_of(struct change *c, const char *where)
{
	struct place *p;

	for (size_t i = 0; i < c->place_count; i++)
		if (strcmp(c->places[i].where, where) == 0)
			return &c->places[i];
	c->places = mem_grow(c->places, c->place_count + 1, sizeof(*c->places));
	p = &c->places[c->place_count++];
	*p = (struct place){.where = where};
	return p;
}

static void
add_users(struct place *p, const struct user_class *class)
{
	p->users =
	    mem_grow(p->users, p->user_count + class->count, sizeof(*p->users));
	for (size_t i = 0; i < class->count; i++)
		p->users[p->user_count++] = class->members[i]->user;
}

static void
take_class(struct policy_diff *diff, const struct class_changes *changes,
    const struct user_class *class)
{
	struct boxes boxes;

	for (size_t i = 0; i < changes->count; i++) {
		const struct class_change *found = &changes->items[i];
		struct change *c = change_of(diff, found);

		boxes_make(found->cells, found->count, &boxes);
		for (size_t j = 0; j < boxes.count; j++)
			add_users(
			    place_of(c,
				where(diff->arena, changes, &boxes.items[j])),
			    class);
		boxes_free(&boxes);
	}
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int
compare_changes(const void *a, const void *b)
{
	const struct change *one = a, *other = b;
	int order = (int)one->direction - (int)other->direction;

	/* Entering at all goes before what is granted then. */
	if (order == 0)
		order = (one->old[0] == '\0') - (other->old[0] == '\0');
	return order != 0 ? order : strcmp(one->what, other->what);
}

static void
sort_all(struct policy_diff *diff)
{
	for (size_t i = 0; i < diff->change_count; i++)
		for (size_t j = 0; j < diff->changes[i].place_count; j++) {
			struct place *p = &diff->changes[i].places[j];

			qsort(p->users, p->user_count, sizeof(*p->users),
			    compare_names);
		}
	if (diff->change_count > 0)
		qsort(diff->changes, diff->change_count, sizeof(*diff->changes),
		    compare_changes);
}

struct policy_diff *
policy_diff_make(const struct config *old, const struct config *new,
    const struct policy_facts *users, size_t count, time_t now)
{
	const struct config *const policies[2] = {old, new};
	struct policy_diff *diff = mem_zalloc(sizeof(*diff));
	struct user_classes classes;
	struct class_changes changes;
	struct moments moments;

	moments_init(&moments, now);
	diff->arena = arena_new();
	diff->users = count;
	user_classes_make(policies, users, count, &classes);
	diff->classes = classes.count;
	for (size_t i = 0; i < classes.count; i++) {
		class_changes_make(
		    policies, classes.items[i].members[0], &moments, &changes);
		diff->cells += changes.decided;
		take_class(diff, &changes, &classes.items[i]);
		class_changes_free(&changes);
	}
	user_classes_free(&classes);
	moments_free(&moments);
	diff_server(old, new, &diff->server);
	sort_all(diff);
	return diff;
}

void
policy_diff_free(struct policy_diff *diff)
{
	if (diff == NULL)
		return;
	for (size_t i = 0; i < diff->change_count; i++) {
		for (size_t j = 0; j < diff->changes[i].place_count; j++)
			free(diff->changes[i].places[j].users);
		free(diff->changes[i].places);
	}
	free(diff->changes);
	findings_free(&diff->server);
	arena_free(diff->arena);
	free(diff);
}

size_t
policy_diff_count(const struct policy_diff *diff, enum diff_direction direction)
{
	size_t n = 0, i;

	for (i = 0; i < diff->change_count; i++)
		n += diff->changes[i].direction == direction;
	for (i = 0; i < diff->server.count; i++)
		n += diff->server.items[i].direction == direction;
	return n;
}

/* ---- telling ---- */

static const struct {
	const char *title;
	const char *word;
} directions[DIFF_DIRECTIONS] = {
    [DIFF_LOOSER] = {"LOOSER", "looser"},
    [DIFF_UNJUDGED] = {"OTHERWISE, not judged", "unjudged"},
    [DIFF_TIGHTER] = {"TIGHTER, or opening nothing", "tighter"},
};

static void
print_users(const struct place *p, FILE *out)
{
	size_t shown = p->user_count;

	if (shown > NAMES_SHOWN + 1)
		shown = NAMES_SHOWN;
	fprintf(out, "    %zu user%s: ", p->user_count,
	    p->user_count == 1 ? "" : "s");
	for (size_t i = 0; i < shown; i++)
		fprintf(out, "%s%s", i > 0 ? ", " : "", p->users[i]);
	if (shown < p->user_count)
		fprintf(out, " and %zu others", p->user_count - shown);
	fprintf(out, "\n      %s\n", p->where);
}

static void
print_change(const struct change *c, FILE *out)
{
	fprintf(out, "  %s\n", c->what);
	if (c->old[0] != '\0')
		fprintf(
		    out, "    before: %s\n    after:  %s\n", c->old, c->new);
	for (size_t i = 0; i < c->place_count; i++)
		print_users(&c->places[i], out);
}

static void
print_direction(
    const struct policy_diff *diff, enum diff_direction direction, FILE *out)
{
	size_t i;

	if (policy_diff_count(diff, direction) == 0)
		return;
	fprintf(out, "%s\n", directions[direction].title);
	for (i = 0; i < diff->change_count; i++)
		if (diff->changes[i].direction == direction)
			print_change(&diff->changes[i], out);
	for (i = 0; i < diff->server.count; i++)
		if (diff->server.items[i].direction == direction)
			fprintf(out, "  the server: %s\n",
			    diff->server.items[i].text);
	putc('\n', out);
}

void
policy_diff_print(const struct policy_diff *diff, FILE *out)
{
	enum diff_direction d;

	for (d = 0; d < DIFF_DIRECTIONS; d++)
		print_direction(diff, d, out);
	fprintf(out,
	    "%zu looser, %zu otherwise, %zu tighter; %zu users in %zu classes, "
	    "%zu logins decided by both\n",
	    policy_diff_count(diff, DIFF_LOOSER),
	    policy_diff_count(diff, DIFF_UNJUDGED),
	    policy_diff_count(diff, DIFF_TIGHTER), diff->users, diff->classes,
	    diff->cells);
}

static void
json_member(FILE *out, const char *name, const char *text)
{
	fprintf(out, "\"%s\": ", name);
	show_quoted(out, text, SHOW_JSON);
}

static void
json_place(const struct place *p, FILE *out)
{
	fputs("{", out);
	json_member(out, "where", p->where);
	fputs(", \"users\": [", out);
	for (size_t i = 0; i < p->user_count; i++) {
		if (i > 0)
			fputs(", ", out);
		show_quoted(out, p->users[i], SHOW_JSON);
	}
	fputs("]}", out);
}

static void
json_change(const struct change *c, FILE *out)
{
	fputs("{", out);
	json_member(out, "direction", directions[c->direction].word);
	fputs(", ", out);
	json_member(out, "change", c->what);
	fputs(", ", out);
	json_member(out, "before", c->old);
	fputs(", ", out);
	json_member(out, "after", c->new);
	fputs(", \"places\": [", out);
	for (size_t i = 0; i < c->place_count; i++) {
		if (i > 0)
			fputs(",\n\t\t", out);
		json_place(&c->places[i], out);
	}
	fputs("]}", out);
}

void
policy_diff_json(const struct policy_diff *diff, FILE *out)
{
	size_t i;

	fprintf(out, "{\n\t\"looser\": %zu,\n\t\"unjudged\": %zu,\n",
	    policy_diff_count(diff, DIFF_LOOSER),
	    policy_diff_count(diff, DIFF_UNJUDGED));
	fprintf(out, "\t\"tighter\": %zu,\n\t\"users\": %zu,\n",
	    policy_diff_count(diff, DIFF_TIGHTER), diff->users);
	fprintf(out, "\t\"classes\": %zu,\n\t\"logins\": %zu,\n", diff->classes,
	    diff->cells);
	fputs("\t\"changes\": [", out);
	for (i = 0; i < diff->change_count; i++) {
		fputs(i > 0 ? ",\n\t\t" : "\n\t\t", out);
		json_change(&diff->changes[i], out);
	}
	fputs("],\n\t\"server\": [", out);
	for (i = 0; i < diff->server.count; i++) {
		fputs(i > 0 ? ",\n\t\t{" : "\n\t\t{", out);
		json_member(out, "direction",
		    directions[diff->server.items[i].direction].word);
		fputs(", ", out);
		json_member(out, "change", diff->server.items[i].text);
		fputs("}", out);
	}
	fputs("]\n}\n", out);
}
