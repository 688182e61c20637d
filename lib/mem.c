/*
 * Allocation that ends the process when memory is out: a server that goes on
 * half-fed takes decisions nobody tested.
 */
#include "config.h"

#include "lib/mem.h"

#include <sys/mman.h>

#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *
must(void *memory)
{
	static const char text[] = "sallyport: out of memory\n";

	if (memory == NULL) {
		if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
			_exit(70);
		_exit(70); /* EX_SOFTWARE */
	}
	return memory;
}

void *
mem_alloc(size_t size)
{
	return must(malloc(size == 0 ? 1 : size));
}

void *
mem_zalloc(size_t size)
{
	return must(calloc(1, size == 0 ? 1 : size));
}

void *
mem_array(size_t count, size_t size)
{
	return must(calloc(count == 0 ? 1 : count, size == 0 ? 1 : size));
}

void *
mem_grow(void *old, size_t count, size_t size)
{
	if (count == 0)
		count = 1;
	return must(reallocarray(old, count, size));
}

void *
mem_dup(const void *data, size_t len)
{
	void *copy = mem_alloc(len);

	if (len != 0)
		memcpy(copy, data, len);
	return copy;
}

char *
mem_strdup(const char *text)
{
	return mem_dup(text, strlen(text) + 1);
}

char *
mem_strndup(const char *text, size_t len)
{
	char *copy = mem_alloc(len + 1);

	if (len != 0)
		memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

char *
mem_vprintf(const char *format, va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	return must(text);
}

char *
mem_printf(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = mem_vprintf(format, args);
	va_end(args);
	return text;
}

void
mem_append(char **text, const char *format, ...)
{
	va_list args;
	char *more, *all;

	va_start(args, format);
	more = mem_vprintf(format, args);
	va_end(args);
	all = *text == NULL ? more : mem_printf("%s%s", *text, more);
	if (all != more)
		free(more);
	free(*text);
	*text = all;
}

void
mem_push(char ***list, size_t *count, char *text)
{
	*list = mem_grow(*list, *count + 2, sizeof(**list));
	(*list)[(*count)++] = text;
	(*list)[*count] = NULL;
}

/* Larger ones libc maps on their own. */
#define HOLE_MAX (128u * 1024)
/* As far below the caller as its calls may have gone. */
#define STACK_BELOW (512u * 1024)
/* Not so near that a frame still in use were hit. */
#define STACK_KEPT (8u * 1024)

#ifndef SANITIZED
/* Allocate this size until it comes from behind all there is. */
static void
take_holes(size_t size, uintptr_t *end)
{
	for (;;) {
		void *p = mem_alloc(size);
		uintptr_t at = (uintptr_t)p;

		if (at > *end) {
			*end = at;
			free(p);
			return;
		}
	}
}
#endif

void
mem_settle(void)
{
#ifndef SANITIZED
	void *last = mem_alloc(HOLE_MAX / 2);
	uintptr_t end = (uintptr_t)last;

	(void)malloc_trim(0);
	for (size_t size = HOLE_MAX / 4; size > 1024; size -= size / 8)
		take_holes(size, &end);
	for (size_t size = 1024; size >= 16; size -= 16)
		take_holes(size, &end);
	free(last);
#endif
}

void
mem_trim(void)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	uintptr_t top = (here - STACK_KEPT) & ~(uintptr_t)4095;

	(void)malloc_trim(0);
#ifndef SANITIZED
	/* Where the stack has not grown so far there is nothing: the kernel's
	 * guard gap is larger. */
	(void)madvise((void *)(top - STACK_BELOW), STACK_BELOW, MADV_DONTNEED);
#else
	(void)top;
#endif
}
