/*
 * The sources, listeners and times that two policies tell apart.
 */
#ifndef CONFIG_DIFF_CELLS_H
#define CONFIG_DIFF_CELLS_H

#include "config/arena.h"
#include "config/policy/policy.h"

/* One value that stands for all that are decided alike, and words for them. */
struct cell_source {
	struct net_address address; /* NET_NONE: a connection without one */
	const char *label; /* "10.0.0.0/8", "elsewhere (IPv4)" */
};

struct cell_listener {
	const char *name; /* NULL: none, as with -i */
	const char *label;
};

struct cell_moment {
	time_t when;
	const char *label; /* the windows that are open then */
};

/* Each has one entry at least; all lives in the arena. */
struct cells {
	struct cell_source *sources;
	size_t source_count;
	struct cell_listener *listeners;
	size_t listener_count;
	struct cell_moment *moments;
	size_t moment_count;
};

/* Of the two policies, or of their parts that count for somebody. */
void cells_make(struct arena *arena, const struct config *const policies[2],
    time_t now, struct cells *cells);

/* The rules, overlays and guards of both, one after the other. */
struct rule_list {
	const struct rule **items;
	size_t count;
};
void cells_rules(struct arena *arena, const struct config *const policies[2],
    struct rule_list *list);

/* moments.c: the times alone. */
void cells_moments(struct arena *arena, const struct rule_list *rules,
    time_t now, struct cells *cells);

#endif
