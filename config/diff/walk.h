/*
 * All cells of one class of users, decided by both policies.
 */
#ifndef CONFIG_DIFF_WALK_H
#define CONFIG_DIFF_WALK_H

#include "config/diff/boxes.h"
#include "config/diff/cells.h"
#include "config/diff/diff.h"

/* One change of a class, and the cells in which it is so. */
struct class_change {
	enum diff_direction direction;
	char *what; /* "may enter", "pty: true (...) is now false (...)" */
	char *old; /* who decided; "" where what says it */
	char *new;
	struct cell *cells;
	size_t count;
};

/* A chain of methods, walked with a kind of key or principal. */
struct way {
	const char *chain; /* "publickey,password" */
	const char *proof; /* " with a key of type ...", or "" */
};

struct class_changes {
	struct class_change *items;
	size_t count;
	struct cells cells; /* in arena, its times in moments */
	struct way *ways; /* for each index of BOX_WAY */
	size_t way_count;
	size_t decided; /* cells */
	struct arena *arena;
};

/* user: any of the class.  To class_changes_free(). */
void class_changes_make(const struct config *const policies[2],
    const struct policy_facts *user, struct moments *moments,
    struct class_changes *changes);
void class_changes_free(struct class_changes *changes);

#endif
