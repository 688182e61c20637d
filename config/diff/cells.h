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

/*
 * Times that were looked for before: a year of a zone's clock is much to ask
 * for each class of users.  Zero at first, with now; to moments_free().
 */
struct moments {
	time_t now; /* from which the year counts */
	struct arena *arena; /* holds what cells_make() hands out of it */
	struct moments_of *known;
	size_t known_count;
	struct zone_changes *zones;
	size_t zone_count;
};
void moments_init(struct moments *moments, time_t now);
void moments_free(struct moments *moments);

/*
 * For two policies, or the parts of them that count for somebody.  The times
 * live in moments, the rest in the arena.
 */
void cells_make(struct arena *arena, const struct config *const policies[2],
    struct moments *moments, struct cells *cells);

/* The rules, overlays and guards of both, one after the other. */
struct rule_list {
	const struct rule **items;
	size_t count;
};
void cells_rules(struct arena *arena, const struct config *const policies[2],
    struct rule_list *list);

/* moments.c: the times alone. */
void cells_moments(struct moments *moments, const struct rule_list *rules,
    struct cells *cells);

#endif
