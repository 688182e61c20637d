/*
 * The manifest of a recording: manifest.h.
 */
#include "daemon/ctl/recordings/manifest.h"

#include "daemon/ctl/recordings/fields.h"
#include "lib/err.h"

#include <stdio.h>
#include <string.h>

#define ROW(name, type, required)                                            \
	{                                                                    \
#name, type, offsetof(struct manifest, name), required, NULL \
	}
static const struct field_row rows[] = {
    ROW(format, IS_NUMBER, true),
    ROW(conn, IS_TEXT, true),
    ROW(channel, IS_NUMBER, true),
    ROW(file, IS_TEXT, true),
    ROW(bytes, IS_NUMBER, true),
    ROW(blocks, IS_NUMBER, false),
    ROW(head, IS_TEXT, false),
    ROW(started, IS_TEXT, true),
    ROW(ended, IS_TEXT, true),
    ROW(output, IS_NUMBER, false),
    ROW(error, IS_NUMBER, false),
    ROW(input, IS_NUMBER, false),
    ROW(hidden, IS_NUMBER, false),
    ROW(marks, IS_NUMBER, false),
    ROW(end, IS_TEXT, true),
    {"signed", IS_BOOL, offsetof(struct manifest, is_signed), false, NULL},
    {"unsigned", IS_TEXT, offsetof(struct manifest, unsigned_why), false, NULL},
    {NULL, IS_TEXT, 0, false, NULL},
};

int
manifest_read(struct manifest *m, const char *name, const void *text,
    size_t len, char *why, size_t why_size)
{
	struct json_read j;

	memset(m, 0, sizeof(*m));
	json_read_init(&j, text, len);
	fields_read(&j, rows, m);
	if (json_read_end(&j) != 0) {
		snprintf(why, why_size, "%s: byte %zu: %s", name, j.pos, j.why);
		return E_FORMAT;
	}
	if (m->format != 1) {
		snprintf(why, why_size, "%s: not of format 1", name);
		return E_FORMAT;
	}
	if (m->is_signed == (m->unsigned_why != NULL)) {
		snprintf(why, why_size,
		    "%s: it is neither signed, nor says why not", name);
		return E_FORMAT;
	}
	/* After the death of a recorder only the size of the file is known. */
	m->is_lost = strcmp(m->end, "lost") == 0;
	m->is_failed = strncmp(m->end, "failed: ", 8) == 0;
	if (m->is_lost != (m->head == NULL)) {
		snprintf(why, why_size, "%s: the hash is missing", name);
		return E_FORMAT;
	}
	return 0;
}

void
manifest_free(struct manifest *m)
{
	fields_free(rows, m);
}
