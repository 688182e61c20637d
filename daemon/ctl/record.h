/*
 * The output of a command as records of named fields: printed as JSON, or as
 * text by the command's own printer.  The server's answers come as lines of the
 * same records (daemon/master/control.h describes them).
 */
#ifndef DAEMON_CTL_RECORD_H
#define DAEMON_CTL_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum field_kind { FIELD_TEXT, FIELD_NUMBER, FIELD_BOOL };

struct field {
	char *name;
	enum field_kind kind;
	char *value; /* a bool is "true" or "false" */
};

struct record {
	struct field *fields;
	size_t count;
};

struct records {
	struct record *items;
	size_t count;
};

/* Begin another record; the others add to the last one.  All is copied. */
void record_begin(struct records *r);
void record_text(struct records *r, const char *name, const char *value);
void record_number(struct records *r, const char *name, uint64_t value);
void record_bool(struct records *r, const char *name, bool value);

/* The value of a field, or "" if the record has none. */
const char *record_get(const struct record *record, const char *name);

/*
 * A line "name=word name:number name?true ..." of the server as one more
 * record.  0, or E_FORMAT and nothing is added.
 */
int record_parse(struct records *r, const char *line);

/* An array of objects; with single the first one alone. */
void records_json(const struct records *r, bool single, FILE *out);

/* Was any JSON written?  Then the answer has begun. */
bool json_was_written(void);
/* Another process has written it. */
void json_note_written(void);

/* Text as a JSON string; what is not printable UTF-8 as \xNN in it. */
void json_text(const char *text, FILE *out);

/* Text for a terminal: nothing that is not printable. */
void plain_text(const char *text, FILE *out);

void records_free(struct records *r);

#endif
