/*
 * Messages made from the wall's own table: each field at its limit, empty,
 * or one over, for every message there is; and an encoder that checks
 * nothing, as a broken process would have it.
 */
#ifndef TESTS_UNIT_PRIVSEP_SAMPLE_H
#define TESTS_UNIT_PRIVSEP_SAMPLE_H

#include "lib/buf.h"
#include "privsep/wall.h"

enum sample_kind {
	KIND_u8,
	KIND_u16,
	KIND_u32,
	KIND_u64,
	KIND_flag,
	KIND_choice,
	KIND_text,
	KIND_bytes
};

struct sample_field {
	const char *name; /* NULL ends the list */
	enum sample_kind kind;
	uint64_t limit;
	size_t offset; /* in struct msg_x */
};

/* The fields of a message. */
const struct sample_field *sample_fields(enum wall_type type);

/* All zero and empty; fds -1. */
void sample_empty(struct wall_message *m, enum wall_type type);

/* One field with a value (numbers) or of that length (texts and bytes). */
void sample_set(
    struct wall_message *m, const struct sample_field *f, uint64_t value);

/* The largest value that the field's C type can hold, or length to try. */
uint64_t sample_over(const struct sample_field *f);

/* Is the value in both messages the same? */
int sample_same(const struct wall_message *a, const struct wall_message *b,
    const struct sample_field *f);

/* Encode without any check. */
void sample_encode(const struct wall_message *m, struct buf *b);

#endif
