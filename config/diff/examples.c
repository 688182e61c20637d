/*
 * Patterns overlap: "*@EXAMPLE.COM" and "admin*" have a principal in common
 * that is an example of neither alone.  All patterns are walked together,
 * byte by byte: a state is the places reached in each of them, and the first
 * text that ends in a new set of matched patterns is its example.
 */
#include "config/diff/examples.h"

#include "lib/match.h"
#include "lib/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define STATES_MAX 4096
#define SLOTS	   16384 /* of the table of states; a power of two */
#define TEXT_MAX   1024

struct state {
	char *places; /* 1 for each place reached, pattern after pattern */
	size_t before; /* the state that led here */
	char byte;
};

struct walking {
	struct arena *arena;
	const char *const *patterns;
	size_t count;
	size_t places;
	char bytes[256]; /* that the patterns have, and one that none has */
	size_t byte_count;
	struct state *states;
	size_t state_count;
	uint16_t *slots; /* index + 1 of a state */
	char **seen; /* sets of matched patterns */
	struct examples *examples;
};

/* ---- examples ---- */

/* Takes the set over. */
static void
add_example(struct walking *w, char *set, const char *text)
{
	struct examples *e = w->examples;

	for (size_t i = 0; i < e->count; i++) {
		if (memcmp(w->seen[i], set, w->count) == 0) {
			free(set);
			return;
		}
	}
	w->seen = mem_grow(w->seen, e->count + 1, sizeof(*w->seen));
	w->seen[e->count] = set;
	e->items = arena_grow(
	    w->arena, e->items, e->count, e->count + 1, sizeof(*e->items));
	e->items[e->count++] = arena_strdup(w->arena, text);
}

static void
add_text(struct walking *w, const char *text)
{
	char *set = mem_zalloc(w->count + 1);

	for (size_t i = 0; i < w->count; i++)
		set[i] = match_pattern(text, w->patterns[i], MATCH_CASE);
	add_example(w, set, text);
}

/* The shortest text that the pattern means, but for "?". */
static void
add_instance(struct walking *w, const char *pattern)
{
	char *text = mem_strdup(pattern);
	size_t kept = 0;

	for (size_t i = 0; pattern[i] != '\0'; i++)
		if (pattern[i] != '*')
			text[kept++] =
			    (char)(pattern[i] == '?' ? 'x' : pattern[i]);
	text[kept] = '\0';
	if (kept > 0)
		add_text(w, text);
	free(text);
}

/* ---- states ---- */

/* A place before a star is one behind it, too. */
static void
reach(char *places, const char *pattern, size_t at)
{
	while (places[at] = 1, pattern[at] == '*')
		at++;
}

static char *
next_places(const struct walking *w, const char *from, char byte)
{
	char *to = mem_zalloc(w->places + 1);
	size_t start = 0;

	for (size_t i = 0; i < w->count; i++) {
		const char *pattern = w->patterns[i];
		size_t len = strlen(pattern);

		for (size_t at = 0; at < len; at++) {
			if (!from[start + at])
				continue;
			if (pattern[at] == '*')
				reach(&to[start], pattern, at);
			else if (pattern[at] == '?' || pattern[at] == byte)
				reach(&to[start], pattern, at + 1);
		}
		start += len + 1;
	}
	return to;
}

static size_t
slot_of(const struct walking *w, const char *places)
{
	uint32_t hash = 2166136261U;
	size_t slot;

	for (size_t i = 0; i < w->places; i++)
		hash = (hash ^ (uint8_t)places[i]) * 16777619U;
	for (slot = hash % SLOTS; w->slots[slot] != 0;
	     slot = (slot + 1) % SLOTS)
		if (memcmp(w->states[w->slots[slot] - 1].places, places,
			w->places) == 0)
			break;
	return slot;
}

/* Takes the places over; false: it is known, or there are too many. */
static bool
add_state(struct walking *w, char *places, size_t before, char byte)
{
	size_t slot = slot_of(w, places);

	if (w->slots[slot] != 0 || w->state_count == STATES_MAX) {
		w->examples->whole &= w->slots[slot] != 0;
		free(places);
		return false;
	}
	w->states[w->state_count] = (struct state){places, before, byte};
	w->slots[slot] = (uint16_t)++w->state_count;
	return true;
}

static void
take_state(struct walking *w, size_t index)
{
	char text[TEXT_MAX], *set = mem_zalloc(w->count + 1);
	size_t at = sizeof(text) - 1, start = 0;

	for (size_t i = 0; i < w->count; i++) {
		start += strlen(w->patterns[i]) + 1;
		set[i] = w->states[index].places[start - 1];
	}
	text[at] = '\0';
	for (; index != 0; index = w->states[index].before) {
		if (at == 0) {
			w->examples->whole = false;
			free(set);
			return;
		}
		text[--at] = w->states[index].byte;
	}
	add_example(w, set, &text[at]);
}

static void
gather_bytes(struct walking *w)
{
	bool has[256] = {false};
	unsigned other = 'x';

	for (size_t i = 0; i < w->count; i++)
		for (const char *p = w->patterns[i]; *p != '\0'; p++)
			has[(uint8_t)*p] = true;
	while (has[other])
		other = other == 255 ? 1 : other + 1;
	has[other] = true;
	has['*'] = has['?'] = false;
	for (unsigned c = 1; c < 256; c++)
		if (has[c])
			w->bytes[w->byte_count++] = (char)c;
}

static void
walk_all(struct walking *w)
{
	char *first = mem_zalloc(w->places + 1);
	size_t start = 0;

	for (size_t i = 0; i < w->count; i++) {
		reach(&first[start], w->patterns[i], 0);
		start += strlen(w->patterns[i]) + 1;
	}
	(void)add_state(w, first, 0, '\0');
	for (size_t i = 0; i < w->state_count && w->examples->whole; i++)
		for (size_t b = 0; b < w->byte_count; b++)
			if (add_state(w,
				next_places(
				    w, w->states[i].places, w->bytes[b]),
				i, w->bytes[b]))
				take_state(w, w->state_count - 1);
}

void
examples_make(struct arena *arena, const char *const *patterns, size_t count,
    const char *other, struct examples *examples)
{
	struct walking w = {.arena = arena,
	    .patterns = patterns,
	    .count = count,
	    .examples = examples};
	size_t i;

	*examples = (struct examples){.whole = true};
	for (i = 0; i < count; i++) {
		w.places += strlen(patterns[i]) + 1;
		add_instance(&w, patterns[i]);
	}
	add_text(&w, other);
	if (count > 0) {
		w.states = mem_array(STATES_MAX, sizeof(*w.states));
		w.slots = mem_zalloc(SLOTS * sizeof(*w.slots));
		gather_bytes(&w);
		walk_all(&w);
	}
	for (i = 0; i < examples->count; i++)
		free(w.seen[i]);
	for (i = 0; i < w.state_count; i++)
		free(w.states[i].places);
	free(w.seen);
	free(w.states);
	free(w.slots);
}
