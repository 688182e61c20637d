/*
 * A reader over bytes from outside: it never leaves its bounds, and once a
 * read has failed it stays failed.  Read all fields, then judge once:
 *
 *	rd_init(&r, packet, len);
 *	name = rd_string(&r, USER_MAX, &name_len);
 *	want = rd_bool(&r);
 *	if ((err = rd_end(&r)) != 0)
 *		return err;
 *
 * Numbers are big-endian (RFC 4251 section 5).
 */
#ifndef LIB_RD_H
#define LIB_RD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rd {
	const uint8_t *data;
	size_t len;
	size_t pos;
	int err; /* 0, or the first failure */
};

/* Start reading; the reader borrows the bytes. */
void rd_init(struct rd *r, const void *data, size_t len);

/* Each returns 0 / false once the reader has failed. */
uint8_t rd_u8(struct rd *r);
uint16_t rd_u16(struct rd *r);
uint32_t rd_u32(struct rd *r);
uint64_t rd_u64(struct rd *r);
bool rd_bool(struct rd *r); /* RFC 4251: any value but 0 is true */

/*
 * len raw bytes, or an SSH string of at most max bytes (longer:
 * E_TOO_LARGE).  Never NULL: a failed reader returns an empty place and
 * length 0.  The bytes belong to the reader's data.
 */
const uint8_t *rd_bytes(struct rd *r, size_t len);
/* A copy of len raw bytes; zeros when they are not there. */
void rd_copy(struct rd *r, void *to, size_t len);
const uint8_t *rd_string(struct rd *r, size_t max, size_t *len);

/*
 * An SSH string copied into text[size] and terminated; a NUL inside is
 * E_FORMAT, a string of size bytes or more E_TOO_LARGE.  On failure text is "".
 */
void rd_text(struct rd *r, char *text, size_t size);
/* An SSH string of at most max bytes, copied and terminated: the caller frees
 * it.  On failure "". */
char *rd_strdup(struct rd *r, size_t max);

/*
 * A non-negative mpint of at most max bytes; the magnitude without its
 * leading zero byte.  Negative or not minimal: E_FORMAT.
 */
const uint8_t *rd_mpint(struct rd *r, size_t max, size_t *len);

/* A reader over the contents of the next SSH string; it inherits a failure. */
void rd_sub(struct rd *r, size_t max, struct rd *inner);

/* The bytes that are left: their number; and all of them, taken. */
size_t rd_left(const struct rd *r);
const uint8_t *rd_rest(struct rd *r, size_t *len);

/* Fail on behalf of the caller; the first failure wins. */
void rd_fail(struct rd *r, int err);

/* 0 if nothing failed and nothing is left; else the failure, or E_TRAILING. */
int rd_end(const struct rd *r);

#endif
