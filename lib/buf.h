/*
 * A writer of SSH data: grows up to the maximum it was born with, stays
 * failed once it has failed, and wipes what it held when it is freed or grows.
 */
#ifndef LIB_BUF_H
#define LIB_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *data;
	size_t len;
	size_t room;
	size_t max;
	int err; /* 0, or E_TOO_LARGE */
	bool owned; /* data is ours to free */
};

/* A growing buffer of at most max bytes; or one over the caller's memory. */
void buf_init(struct buf *b, size_t max);
void buf_init_over(struct buf *b, void *memory, size_t size);

/* Wipe and free; the buffer is empty and can be used again. */
void buf_free(struct buf *b);

/* Wipe and empty, keeping memory and maximum; clears a failure. */
void buf_clear(struct buf *b);

/* Append; numbers big-endian.  A full buffer fails and stays as it was. */
void buf_u8(struct buf *b, uint8_t value);
void buf_u16(struct buf *b, uint16_t value);
void buf_u32(struct buf *b, uint32_t value);
void buf_u64(struct buf *b, uint64_t value);
void buf_bool(struct buf *b, bool value);
void buf_bytes(struct buf *b, const void *data, size_t len);
void buf_string(struct buf *b, const void *data, size_t len); /* u32 + data */
void buf_text(struct buf *b, const char *text); /* string of a C string */
/* An mpint from a big-endian magnitude; leading zero bytes are dropped. */
void buf_mpint(struct buf *b, const void *magnitude, size_t len);
/* len bytes the caller fills at once; NULL when full. */
uint8_t *buf_add(struct buf *b, size_t len);

/* An SSH string of contents appended later: mark = open; ...; close(mark). */
size_t buf_string_open(struct buf *b);
void buf_string_close(struct buf *b, size_t mark);

/* Drop len bytes from the front (len <= b->len). */
void buf_consume(struct buf *b, size_t len);

/* 0, or why something did not fit. */
int buf_end(const struct buf *b);

#endif
