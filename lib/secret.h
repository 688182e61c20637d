/*
 * Secrets are wiped as a reflex and compared in constant time.
 */
#ifndef LIB_SECRET_H
#define LIB_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Compare in constant time; lengths are not secret. */
bool secret_equal(const void *a, size_t a_len, const void *b, size_t b_len);

/* Wipe; the compiler cannot drop it. */
void wipe(void *data, size_t len);

#endif
