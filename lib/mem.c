/*
 * Allocation that ends the process when memory is out: a server that goes on
 * half-fed takes decisions nobody tested.
 */
#include "lib/mem.h"

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
