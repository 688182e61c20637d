/*
 * Objects of JSON read into a structure by a table: the header of a recording
 * and its manifest.
 */
#ifndef DAEMON_CTL_RECORDINGS_FIELDS_H
#define DAEMON_CTL_RECORDINGS_FIELDS_H

#include "lib/json_read.h"

#include <stdbool.h>
#include <stddef.h>

#define FIELDS_MAX 32

enum field_type {
	IS_TEXT, /* char *, which the structure owns */
	IS_NUMBER, /* uint64_t */
	IS_BOOL, /* bool */
	IS_OBJECT, /* of the rows of its own, in the same structure */
};

struct field_row {
	const char *name;
	enum field_type type;
	size_t offset;
	bool required;
	const struct field_row *rows; /* IS_OBJECT; ends with no name */
};

/*
 * Read the next value, an object, into the structure, which is zero.  A name
 * that no row has is skipped; one that comes twice, is missing or has another
 * type fails the reader.
 */
void fields_read(struct json_read *j, const struct field_row *rows, void *to);

/* Free the texts. */
void fields_free(const struct field_row *rows, void *of);

#endif
