/*
 * Allocation that cannot fail: out of memory ends the process, here and
 * nowhere else.  Every size that comes from outside has been limited before.
 */
#ifndef LIB_MEM_H
#define LIB_MEM_H

#include <stdarg.h>
#include <stddef.h>

/* All return memory the caller owns and gives back with free(). */
void *mem_alloc(size_t size); /* not cleared */
void *mem_zalloc(size_t size); /* zero filled */
void *mem_array(size_t count, size_t size); /* zero filled, checked */
void *mem_grow(void *old, size_t count, size_t size); /* as reallocarray */
void *mem_dup(const void *data, size_t len);
char *mem_strdup(const char *text);
char *mem_strndup(const char *text, size_t len); /* always terminated */
char *mem_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *mem_vprintf(const char *format, va_list args)
    __attribute__((format(printf, 1, 0)));

/* Text to the end of *text, which is NULL or the caller's. */
void mem_append(char **text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* One more text of a list, whose owner it gets; a NULL stands behind the last,
 * which does not count. */
void mem_push(char ***list, size_t *count, char *text);

/*
 * For a process that will fork many others: take what is free between what is
 * in use out of circulation, for good.  A child then allocates from one fresh
 * place, where else it would write to, and so copy, most pages of the heap.
 */
void mem_settle(void);

/*
 * Give the kernel back what is free: pages of the heap in which nothing is,
 * and the stack below the caller.  For processes that have become idle.
 */
void mem_trim(void);

#endif
