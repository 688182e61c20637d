/*
 * The files in tests/unit/key/data, and small helpers of this folder's tests.
 */
#ifndef TESTS_UNIT_KEY_DATA_H
#define TESTS_UNIT_KEY_DATA_H

#include "lib/ssh/key.h"

#include <stddef.h>

/* A file's contents, with a NUL behind them; the caller frees it. */
char *data_read(const char *name, size_t *len);

/* The key of NAME.pub or of NAME. */
struct key *data_key(const char *name);

/* Decoded bytes of hexadecimal digits; the caller frees them. */
uint8_t *hex(const char *digits, size_t *len);

#endif
