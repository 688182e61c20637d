/*
 * Texts that a set of patterns tells apart.
 */
#ifndef CONFIG_DIFF_EXAMPLES_H
#define CONFIG_DIFF_EXAMPLES_H

#include "config/arena.h"

#include <stdbool.h>
#include <stddef.h>

struct examples {
	const char **items;
	size_t count;
	bool whole; /* else there were too many, and some may be missing */
};

/*
 * One text for each set of the patterns that some text matches together and no
 * other pattern with it.  other: a text that is preferred where it is as good;
 * it stands last if no pattern means it.  All lives in the arena.
 */
void examples_make(struct arena *arena, const char *const *patterns,
    size_t count, const char *other, struct examples *examples);

#endif
