/*
 * Bytes of a terminal or a pipe as the inside of a JSON string.
 */
#ifndef DAEMON_RECORDER_QUOTE_H
#define DAEMON_RECORDER_QUOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The most that one byte becomes: \u001b. */
#define QUOTE_GROWTH 6

/* The longest start of a character that is not whole. */
#define QUOTE_TAIL_MAX 3

/*
 * Append data[len] to out, which has room for QUOTE_GROWTH times as much, and
 * tell the bytes that were written.  Control characters (C0, DEL, C1), the
 * quote and the backslash are escaped; a byte that is no UTF-8 becomes U+FFFD.
 * *taken: how much of data that was.  The start of a character at the end of
 * data is left out, at most QUOTE_TAIL_MAX bytes, unless this is the last.
 */
size_t quote_bytes(
    uint8_t *out, const uint8_t *data, size_t len, bool last, size_t *taken);

#endif
