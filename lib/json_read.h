/*
 * A strict reader of JSON (RFC 8259) from outside: it takes one text apart
 * piece by piece, never leaves its bounds, and once it has failed it stays
 * failed.  Texts that JSON allows and nobody needs are refused: more than
 * JSON_DEPTH values inside of each other, bytes that are no UTF-8, half
 * surrogates.
 *
 *	json_read_init(&j, line, len);
 *	json_read_open(&j, '[');
 *	while (json_read_item(&j))
 *		n = json_read_u64(&j);
 *	if (json_read_end(&j) != 0)
 *		complain(j.pos, j.why);
 */
#ifndef LIB_JSON_READ_H
#define LIB_JSON_READ_H

#include "lib/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_DEPTH    16
#define JSON_NAME_MAX 64 /* bytes of a member's name, its end included */

enum json_kind {
	JSON_NOTHING, /* failed, or the text has ended */
	JSON_OBJECT,
	JSON_ARRAY,
	JSON_TEXT,
	JSON_NUMBER,
	JSON_BOOL,
	JSON_NULL,
};

struct json_read {
	const char *text; /* the caller's */
	size_t len, pos;
	const char *why; /* of the first failure, at pos; a constant */
	char open[JSON_DEPTH]; /* '{' or '[' */
	bool first[JSON_DEPTH]; /* nothing has been read in it */
	unsigned depth;
};

void json_read_init(struct json_read *j, const void *text, size_t len);

/* The kind of the value that comes next; it is not taken. */
enum json_kind json_read_peek(struct json_read *j);

/* Enter the next value, an object '{' or an array '['. */
void json_read_open(struct json_read *j, char which);

/*
 * The next item of the array, or member of the object with its name: true, and
 * its value comes next.  False at the end, which is left then, or on failure.
 */
bool json_read_item(struct json_read *j);
bool json_read_member(struct json_read *j, char name[JSON_NAME_MAX]);

/* The next value.  A text is appended to out; what does not fit fails. */
void json_read_text(struct json_read *j, struct buf *out);
/* A text without NUL of at most max bytes, to be freed; NULL on failure. */
char *json_read_string(struct json_read *j, size_t max);
bool json_read_bool(struct json_read *j);
/* A whole number without a sign; one with a fraction or exponent fails. */
uint64_t json_read_u64(struct json_read *j);
/* A number without sign and exponent, as millionths; what is finer is cut. */
uint64_t json_read_micros(struct json_read *j);
/* Any value, unread but for its form. */
void json_read_skip(struct json_read *j);

/* Fail on behalf of the caller; the first failure stays. */
void json_read_fail(struct json_read *j, const char *why);

/* 0 if nothing failed and nothing but white space is left, else E_FORMAT. */
int json_read_end(struct json_read *j);

#endif
