/*
 * Blocks in a chain, handed out from the front.  For config/ alone: whatever
 * a configuration holds is freed in one step, so no loader path can leak.
 */
#include "config/arena.h"
#include "lib/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BLOCK 16384
#define ARENA_ALIGN _Alignof(max_align_t)

struct arena_block {
	struct arena_block *next;
	size_t used;
	size_t size;
	_Alignas(max_align_t) unsigned char bytes[];
};

struct arena {
	struct arena_block *blocks;
};

struct arena *
arena_new(void)
{
	return mem_zalloc(sizeof(struct arena));
}

void
arena_free(struct arena *arena)
{
	struct arena_block *block, *next;

	if (arena == NULL)
		return;
	for (block = arena->blocks; block != NULL; block = next) {
		next = block->next;
		free(block);
	}
	free(arena);
}

void *
arena_alloc(struct arena *arena, size_t size)
{
	struct arena_block *block = arena->blocks;
	size_t room, rounded;
	void *memory;

	rounded = (size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
	if (rounded == 0)
		rounded = ARENA_ALIGN;
	if (block == NULL || block->size - block->used < rounded) {
		room = rounded > ARENA_BLOCK ? rounded : ARENA_BLOCK;
		block = mem_alloc(sizeof(*block) + room);
		block->used = 0;
		block->size = room;
		block->next = arena->blocks;
		arena->blocks = block;
	}
	memory = block->bytes + block->used;
	block->used += rounded;
	return memset(memory, 0, rounded); /* not more than is used */
}

void *
arena_array(struct arena *arena, size_t count, size_t size)
{
	if (size != 0 && count > SIZE_MAX / 2 / size)
		abort();
	return arena_alloc(arena, count * size);
}

void *
arena_grow(struct arena *arena, const void *old, size_t old_count,
    size_t new_count, size_t size)
{
	void *fresh = arena_array(arena, new_count, size);

	if (old_count != 0)
		memcpy(fresh, old, old_count * size);
	return fresh;
}

char *
arena_strndup(struct arena *arena, const char *text, size_t len)
{
	char *copy = arena_alloc(arena, len + 1);

	memcpy(copy, text, len);
	return copy;
}

char *
arena_strdup(struct arena *arena, const char *text)
{
	return arena_strndup(arena, text, strlen(text));
}

char *
arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	char *text, *copy;

	va_start(args, format);
	text = mem_vprintf(format, args);
	va_end(args);
	copy = arena_strdup(arena, text);
	free(text);
	return copy;
}
