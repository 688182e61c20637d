/*
 * Memory that lives and ends with one configuration or one decision.
 */
#ifndef CONFIG_ARENA_H
#define CONFIG_ARENA_H

#include <stddef.h>

struct arena;

/* A new, empty arena; arena_free() gives back all that came from it. */
struct arena *arena_new(void);
void arena_free(struct arena *arena);

/* Zero filled memory, aligned for anything. */
void *arena_alloc(struct arena *arena, size_t size);
void *arena_array(struct arena *arena, size_t count, size_t size);

/* A larger copy of an array; the old one stays until arena_free(). */
void *arena_grow(struct arena *arena, const void *old, size_t old_count,
    size_t new_count, size_t size);

char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t len);
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
