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

/* When the clock of a zone changes within the year. */
struct zone_changes {
	const char *zone; /* NULL: the machine's */
	struct times times;
};

/* The moments of a set of windows. */
struct moments_of {
	const char *windows; /* their texts */
	struct cell_moment *items;
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
same_zone(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
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

/* The changes of the clock within a year, asked once. */
static const struct times *
changes_of(struct moments *m, const char *zone)
{
	struct zone_changes *z;
	struct tm tm;
	long offset = 0;
	char *saved;
	time_t t;

	for (size_t i = 0; i < m->zone_count; i++)
		if (same_zone(m->zones[i].zone, zone))
			return &m->zones[i].times;
	m->zones = mem_grow(m->zones, m->zone_count + 1, sizeof(*m->zones));
	z = &m->zones[m->zone_count++];
	*z = (struct zone_changes){
	    .zone = zone != NULL ? arena_strdup(m->arena, zone) : NULL};
	saved = zone_enter(zone);
	for (t = m->now - m->now % STEP; t < m->now + YEAR; t += STEP) {
		if (localtime_r(&t, &tm) == NULL)
			break;
		if (t > m->now && tm.tm_gmtoff != offset)
			add_time(&z->times, t);
		offset = tm.tm_gmtoff;
	}
	zone_leave(zone, saved);
	return &z->times;
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
find_edges(struct moments *m, const struct windows *w, struct times *edges)
{
	struct times changes = {0};
	const struct times *one;
	size_t i, j;
	char *saved;

	for (i = 0; i < w->count; i++) {
		for (j = 0; j < i; j++)
			if (same_zone(w->items[j]->zone, w->items[i]->zone))
				break;
		one = changes_of(m, w->items[i]->zone);
		for (size_t k = 0; j == i && k < one->count; k++)
			add_time(&changes, one->items[k]);
	}
	add_time(edges, m->now);
	for (j = 0; j < changes.count; j++)
		add_time(edges, changes.items[j]);
	for (i = 0; i < w->count; i++) {
		saved = zone_enter(w->items[i]->zone);
		add_edges(w->items[i], m->now, edges);
		for (j = 0; j < changes.count; j++)
			add_edges(w->items[i],
			    changes.items[j] - DAYS_BEFORE * DAY, edges);
		zone_leave(w->items[i]->zone, saved);
	}
	free(changes.items);
}

/* The windows that are open at each edge: a row of count letters for each. */
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
    struct moments *m, struct moments_of *of, time_t when, const char *label)
{
	of->items = arena_grow(
	    m->arena, of->items, of->count, of->count + 1, sizeof(*of->items));
	of->items[of->count].when = when;
	of->items[of->count++].label = label;
}

/* One moment for each set of windows that are open together. */
static void
make_moments(struct moments *m, const struct windows *w, struct moments_of *of)
{
	size_t stride = w->count + 1, e, i;
	struct times edges = {0};
	const char **kept, *row;
	char *rows;

	find_edges(m, w, &edges);
	rows = open_at(w, &edges);
	kept = mem_array(edges.count + 1, sizeof(*kept));
	for (e = 0; e < edges.count; e++) {
		row = &rows[e * stride];
		for (i = 0; i < of->count; i++)
			if (strcmp(kept[i], row) == 0)
				break;
		if (i < of->count)
			continue;
		kept[of->count] = row;
		add_moment(m, of, edges.items[e], label_of(m->arena, w, row));
	}
	free(kept);
	free(rows);
	free(edges.items);
}

static const struct moments_of *
moments_of(struct moments *m, const struct windows *w)
{
	struct moments_of *of;
	char *text = mem_strdup("");

	for (size_t i = 0; i < w->count; i++)
		mem_append(&text, "%s\n", w->items[i]->text);
	for (size_t i = 0; i < m->known_count; i++) {
		if (strcmp(m->known[i].windows, text) == 0) {
			free(text);
			return &m->known[i];
		}
	}
	m->known = mem_grow(m->known, m->known_count + 1, sizeof(*m->known));
	of = &m->known[m->known_count++];
	*of = (struct moments_of){.windows = arena_strdup(m->arena, text)};
	free(text);
	if (w->count == 0)
		add_moment(m, of, m->now, "at any time");
	else
		make_moments(m, w, of);
	return of;
}

void
cells_moments(
    struct moments *moments, const struct rule_list *rules, struct cells *cells)
{
	const struct moments_of *of;
	struct windows w = {0};

	gather(rules, &w);
	of = moments_of(moments, &w);
	cells->moments = of->items;
	cells->moment_count = of->count;
	free(w.items);
}

void
moments_init(struct moments *moments, time_t now)
{
	*moments = (struct moments){.now = now, .arena = arena_new()};
}

void
moments_free(struct moments *moments)
{
	for (size_t i = 0; i < moments->zone_count; i++)
		free(moments->zones[i].times.items);
	free(moments->zones);
	free(moments->known);
	arena_free(moments->arena);
	*moments = (struct moments){0};
}
