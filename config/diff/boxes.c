/*
 * Joins cells into boxes.  Boxes that differ in one dimension alone become one;
 * dimension after dimension, so the result is exact, if not always the
 * smallest.
 */
#include "config/diff/boxes.h"

#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

static void
box_of_cell(const struct cell *cell, struct box *box)
{
	for (size_t d = 0; d < BOX_DIMENSIONS; d++) {
		box->at[d] = mem_dup(&cell->at[d], sizeof(cell->at[d]));
		box->count[d] = 1;
	}
}

static void
box_free(struct box *box)
{
	for (size_t d = 0; d < BOX_DIMENSIONS; d++)
		free(box->at[d]);
}

static int
compare_sets(const struct box *a, const struct box *b, size_t d)
{
	size_t n = a->count[d] < b->count[d] ? a->count[d] : b->count[d];

	for (size_t i = 0; i < n; i++)
		if (a->at[d][i] != b->at[d][i])
			return a->at[d][i] < b->at[d][i] ? -1 : 1;
	return (a->count[d] > b->count[d]) - (a->count[d] < b->count[d]);
}

/* In all dimensions but one. */
static int
compare_others(const struct box *a, const struct box *b, size_t but)
{
	int order = 0;

	for (size_t d = 0; d < BOX_DIMENSIONS && order == 0; d++)
		if (d != but)
			order = compare_sets(a, b, d);
	return order;
}

/* qsort has no argument for it. */
static size_t sorted_but;

static int
compare_boxes(const void *a, const void *b)
{
	int order = compare_others(a, b, sorted_but);

	return order != 0 ? order : compare_sets(a, b, sorted_but);
}

/* They are apart, and box's indices are above into's or the same. */
static void
join(struct box *into, struct box *box, size_t d)
{
	size_t total = into->count[d] + box->count[d];

	into->at[d] = mem_grow(into->at[d], total, sizeof(*into->at[d]));
	memcpy(&into->at[d][into->count[d]], box->at[d],
	    box->count[d] * sizeof(*box->at[d]));
	into->count[d] = total;
	box_free(box);
}

static void
join_along(struct boxes *boxes, size_t d)
{
	size_t i, kept = 0;

	sorted_but = d;
	qsort(boxes->items, boxes->count, sizeof(*boxes->items), compare_boxes);
	for (i = 0; i < boxes->count; i++) {
		struct box *last = &boxes->items[kept == 0 ? 0 : kept - 1];

		if (kept > 0 && compare_others(last, &boxes->items[i], d) == 0)
			join(last, &boxes->items[i], d);
		else
			boxes->items[kept++] = boxes->items[i];
	}
	boxes->count = kept;
}

void
boxes_make(const struct cell *cells, size_t count, struct boxes *boxes)
{
	boxes->items = mem_array(count + 1, sizeof(*boxes->items));
	boxes->count = count;
	for (size_t i = 0; i < count; i++)
		box_of_cell(&cells[i], &boxes->items[i]);
	for (size_t d = 0; d < BOX_DIMENSIONS; d++)
		join_along(boxes, d);
}

void
boxes_free(struct boxes *boxes)
{
	for (size_t i = 0; i < boxes->count; i++)
		box_free(&boxes->items[i]);
	free(boxes->items);
	*boxes = (struct boxes){0};
}
