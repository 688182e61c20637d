/*
 * Secrets that live longer than one message: memory of their own, locked
 * where the limits allow, left out of core dumps and of forked children that
 * do not need it, wiped when freed.
 */
#ifndef LIB_SECRET_H
#define LIB_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct secret {
	uint8_t *data;
	size_t len;
	size_t mapped; /* bytes mapped */
};

/* A zero filled secret of len bytes; 0 or E_SYSTEM. */
int secret_init(struct secret *s, size_t len);

/* The same, and a forked child finds zeros in its place (MADV_WIPEONFORK). */
int secret_init_unshared(struct secret *s, size_t len);

/* Wipe and give back; harmless on a zeroed or freed one. */
void secret_free(struct secret *s);

/* Compare in constant time; lengths are not secret. */
bool secret_equal(const void *a, size_t a_len, const void *b, size_t b_len);

/* Wipe; the compiler cannot drop it. */
void wipe(void *data, size_t len);

#endif
