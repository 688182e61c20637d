/*
 * Many cells as few boxes: "from A or B, at any time, by publickey".
 */
#ifndef CONFIG_DIFF_BOXES_H
#define CONFIG_DIFF_BOXES_H

#include <stddef.h>

enum { BOX_SOURCE, BOX_LISTENER, BOX_MOMENT, BOX_WAY, BOX_DIMENSIONS };

/* One cell: an index in each dimension. */
struct cell {
	unsigned at[BOX_DIMENSIONS];
};

/* A set of indices in each dimension, rising: all their combinations. */
struct box {
	unsigned *at[BOX_DIMENSIONS];
	size_t count[BOX_DIMENSIONS];
};

struct boxes {
	struct box *items;
	size_t count;
};

/* Boxes that hold these cells, each once, and no others; boxes_free() it. */
void boxes_make(const struct cell *cells, size_t count, struct boxes *boxes);
void boxes_free(struct boxes *boxes);

#endif
