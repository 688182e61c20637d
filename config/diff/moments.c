/*
 * Moments: a year of the windows' beginnings and ends, one moment for each set
 * of windows that are open together.  Windows repeat by the week, so a week is
 * enough until a zone changes its clock: then the ten days around it are looked
 * at again, since windows of two zones have moved against each other.
 */
#include "config/diff/cells.h"

#include "config/policy/match.h"
#include "config/policy/time.h"
#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

#define DAY	    (24 * 3600)
#define YEAR	    (366 * DAY)
#define STEP	    1800 /* clocks change on the half hour at most */
#define DAYS_WHOLE  8 /* a week, and the night into the next */
#define DAYS_BEFORE 1 /* of a change */

struct windows {
	const struct time_window **items;
	size_t count;
};

struct times {
	time_t *items;
	size_t count;
};

static void
add_time(struct times *times, time_t when)
{
	if (when == (time_t)-1)
		return;
	times->items =
	    mem_grow(times->items, times->count + 1, sizeof(*times->items));
	times->items[times->count++] = when;
}

static bool
same_zone(const struct time_window *a, const struct time_window *b)
{
	if (a->zone == NULL || b->zone == NULL)
		return a->zone == b->zone;
	return strcmp(a->zone, b->zone) == 0;
}

static void
add_windows(struct windows *w, const struct time_windows *windows)
{
	size_t i, j;

	if (policy_is_always(windows))
		return;
	for (i = 0; i < windows->count; i++) {
		const struct time_window *one = &windows->items[i];

		for (j = 0; j < w->count; j++)
			if (strcmp(w->items[j]->text, one->text) == 0)
				break;
		if (j < w->count ||
		    (one->zone != NULL && !zone_exists(one->zone)))
			continue;
		w->items = mem_grow(w->items, w->count + 1, sizeof(*w->items));
		w->items[w->count++] = one;
	}
}

static void
gather(const struct rule_list *rules, struct windows *w)
{
	for (size_t i = 0; i < rules->count; i++) {
		const struct rule *rule = rules->items[i];

		for (size_t j = 0; j < rule->match_count; j++)
			add_windows(w, &rule->matches[j].times);
		if (rule->grants.origins[GRANT_times].line != 0)
			add_windows(w, &rule->grants.times);
	}
}

/* The changes of the clock within a year. */
static void
find_changes(const char *zone, time_t now, struct times *changes)
{
	char *saved = zone_enter(zone);
	struct tm tm;
	long offset = 0;
	time_t t;

	for (t = now - now % STEP; t < now + YEAR; t += STEP) {
		if (localtime_r(&t, &tm) == NULL)
			break;
		if (t > now && tm.tm_gmtoff != offset)
			add_time(changes, t);
		offset = tm.tm_gmtoff;
	}
	zone_leave(zone, saved);
}

/* A window's beginnings and ends from a day on; TZ is its zone. */
static void
add_edges(const struct time_window *w, time_t from, struct times *edges)
{
	struct tm begin;
	int day;

	if (localtime_r(&from, &begin) == NULL)
		return;
	for (day = 0; day <= DAYS_WHOLE; day++) {
		const unsigned minutes[] = {w->first, w->last};

		for (size_t i = 0; i < 2; i++) {
			struct tm edge = begin;

			edge.tm_mday += day;
			edge.tm_hour = (int)(minutes[i] / 60);
			edge.tm_min = (int)(minutes[i] % 60);
			edge.tm_sec = 0;
			edge.tm_isdst = -1;
			add_time(edges, mktime(&edge));
		}
	}
}

static void
find_edges(const struct windows *w, time_t now, struct times *edges)
{
	struct times changes = {0};
	size_t i, j;
	char *saved;

	for (i = 0; i < w->count; i++) {
		for (j = 0; j < i; j++)
			if (same_zone(w->items[j], w->items[i]))
				break;
		if (j == i)
			find_changes(w->items[i]->zone, now, &changes);
	}
	add_time(edges, now);
	for (j = 0; j < changes.count; j++)
		add_time(edges, changes.items[j]);
	for (i = 0; i < w->count; i++) {
		saved = zone_enter(w->items[i]->zone);
		add_edges(w->items[i], now, edges);
		for (j = 0; j < changes.count; j++)
			add_edges(w->items[i],
			    changes.items[j] - DAYS_BEFORE * DAY, edges);
		zone_leave(w->items[i]->zone, saved);
	}
	free(changes.items);
}

/* Which windows are open at each edge: a row of count letters for each. */
static char *
open_at(const struct windows *w, const struct times *edges)
{
	char *rows = mem_array(edges->count + 1, w->count + 1);
	struct tm tm;
	char *saved;

	for (size_t i = 0; i < w->count; i++) {
		saved = zone_enter(w->items[i]->zone);
		for (size_t e = 0; e < edges->count; e++)
			rows[e * (w->count + 1) + i] =
			    localtime_r(&edges->items[e], &tm) != NULL &&
				window_holds(w->items[i], &tm) ?
			    'o' :
			    '-';
		zone_leave(w->items[i]->zone, saved);
	}
	return rows;
}

static const char *
label_of(struct arena *arena, const struct windows *w, const char *row)
{
	const char *label = NULL;

	for (size_t i = 0; i < w->count; i++)
		if (row[i] == 'o')
			label = label == NULL ?
			    arena_printf(arena, "in %s", w->items[i]->text) :
			    arena_printf(
				arena, "%s and %s", label, w->items[i]->text);
	return label != NULL ? label : "outside every window";
}

static void
add_moment(
    struct arena *arena, struct cells *cells, time_t when, const char *label)
{
	cells->moments = arena_grow(arena, cells->moments, cells->moment_count,
	    cells->moment_count + 1, sizeof(*cells->moments));
	cells->moments[cells->moment_count].when = when;
	cells->moments[cells->moment_count++].label = label;
}

void
cells_moments(struct arena *arena, const struct rule_list *rules, time_t now,
    struct cells *cells)
{
	struct windows w = {0};
	struct times edges = {0};
	const char **kept;
	size_t e, i, stride;
	char *rows;

	gather(rules, &w);
	if (w.count == 0) {
		add_moment(arena, cells, now, "at any time");
		free(w.items);
		return;
	}
	find_edges(&w, now, &edges);
	rows = open_at(&w, &edges);
	stride = w.count + 1;
	kept = mem_array(edges.count + 1, sizeof(*kept));
	for (e = 0; e < edges.count; e++) {
		const char *row = &rows[e * stride];

		for (i = 0; i < cells->moment_count; i++)
			if (strcmp(kept[i], row) == 0)
				break;
		if (i < cells->moment_count)
			continue;
		kept[cells->moment_count] = row;
		add_moment(
		    arena, cells, edges.items[e], label_of(arena, &w, row));
	}
	free(kept);
	free(rows);
	free(edges.items);
	free(w.items);
}
