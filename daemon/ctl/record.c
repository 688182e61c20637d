/*
 * Records of named fields: sallyportctl's one form for all that it prints.
 */
#include "daemon/ctl/record.h"

#include "lib/json.h"
#include "lib/err.h"
#include "lib/escape.h"
#include "lib/mem.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void
record_begin(struct records *r)
{
	r->items = mem_grow(r->items, r->count + 1, sizeof(*r->items));
	memset(&r->items[r->count++], 0, sizeof(*r->items));
}

/* Takes the value. */
static void
add(struct records *r, const char *name, enum field_kind kind, char *value)
{
	struct record *record = &r->items[r->count - 1];

	record->fields = mem_grow(
	    record->fields, record->count + 1, sizeof(*record->fields));
	record->fields[record->count++] = (struct field){
	    .name = mem_strdup(name), .kind = kind, .value = value};
}

void
record_text(struct records *r, const char *name, const char *value)
{
	add(r, name, FIELD_TEXT, mem_strdup(value));
}

void
record_number(struct records *r, const char *name, uint64_t value)
{
	add(r, name, FIELD_NUMBER, mem_printf("%" PRIu64, value));
}

void
record_bool(struct records *r, const char *name, bool value)
{
	add(r, name, FIELD_BOOL, mem_strdup(value ? "true" : "false"));
}

const char *
record_get(const struct record *record, const char *name)
{
	for (size_t i = 0; i < record->count; i++)
		if (strcmp(record->fields[i].name, name) == 0)
			return record->fields[i].value;
	return "";
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* Reverses lib/escape.h with ESCAPE_BACKSLASH | ESCAPE_SPACE. */
static char *
unescape(const char *word, size_t len)
{
	char *text = mem_alloc(len + 1), *out = text;
	int high, low;

	for (size_t i = 0; i < len; i++) {
		if (word[i] != '\\' || i + 1 == len) {
			*out++ = word[i];
			continue;
		}
		i++;
		if (word[i] == 'x' && i + 2 < len &&
		    (high = hex(word[i + 1])) >= 0 &&
		    (low = hex(word[i + 2])) >= 0 && (high | low) != 0) {
			*out++ = (char)(high << 4 | low);
			i += 2;
		} else
			*out++ = word[i] == 'n' ? '\n' :
			    word[i] == 'r'	? '\r' :
			    word[i] == 't'	? '\t' :
						  word[i];
	}
	*out = '\0';
	return text;
}

/* One "name=word"; false if it has no such form. */
static bool
parse_field(struct records *r, const char *word, size_t len)
{
	size_t n = 0;
	char *name, *value;
	enum field_kind kind;

	while (n < len && (isalnum((unsigned char)word[n]) || word[n] == '_'))
		n++;
	if (n == 0 || n == len || strchr("=:?", word[n]) == NULL)
		return false;
	kind = word[n] == '=' ? FIELD_TEXT :
	    word[n] == ':'    ? FIELD_NUMBER :
				FIELD_BOOL;
	value = unescape(&word[n + 1], len - n - 1);
	if (kind == FIELD_NUMBER &&
	    (*value == '\0' || strspn(value, "0123456789") != strlen(value))) {
		free(value);
		return false;
	}
	if (kind == FIELD_BOOL && strcmp(value, "true") != 0 &&
	    strcmp(value, "false") != 0) {
		free(value);
		return false;
	}
	name = mem_strndup(word, n);
	add(r, name, kind, value);
	free(name);
	return true;
}

static void
record_free(struct record *record)
{
	for (size_t i = 0; i < record->count; i++) {
		free(record->fields[i].name);
		free(record->fields[i].value);
	}
	free(record->fields);
}

int
record_parse(struct records *r, const char *line)
{
	record_begin(r);
	while (*line != '\0') {
		size_t len = strcspn(line, " ");

		if (len > 0 && !parse_field(r, line, len)) {
			record_free(&r->items[--r->count]);
			return E_FORMAT;
		}
		line += len + (line[len] == ' ' ? 1 : 0);
	}
	return 0;
}

/* Made fit for terminals and JSON alike; the caller frees it. */
static char *
printable(const char *text)
{
	size_t size = 4 * strlen(text) + 16;
	char *out = mem_alloc(size);

	escape_text(out, size, text, ESCAPE_LINE);
	return out;
}

static bool written;

bool
json_was_written(void)
{
	return written;
}

void
json_note_written(void)
{
	written = true;
}

void
json_text(const char *text, FILE *out)
{
	char *safe = printable(text);

	written = true;
	json_quote(out, safe);
	free(safe);
}

void
plain_text(const char *text, FILE *out)
{
	char *safe = printable(text);

	fputs(safe, out);
	free(safe);
}

static void
json_record(const struct record *record, const char *indent, FILE *out)
{
	fputs("{", out);
	for (size_t i = 0; i < record->count; i++) {
		const struct field *f = &record->fields[i];

		fprintf(out, "%s\n%s\t", i > 0 ? "," : "", indent);
		json_text(f->name, out);
		fputs(": ", out);
		if (f->kind == FIELD_TEXT)
			json_text(f->value, out);
		else
			fputs(f->value, out);
	}
	fprintf(out, "\n%s}", indent);
}

void
records_json(const struct records *r, bool single, FILE *out)
{
	written = true;
	if (single && r->count > 0)
		json_record(&r->items[0], "", out);
	else if (single)
		fputs("{}", out);
	else {
		putc('[', out);
		for (size_t i = 0; i < r->count; i++) {
			fputs(i > 0 ? ", " : "", out);
			json_record(&r->items[i], "", out);
		}
		putc(']', out);
	}
	putc('\n', out);
}

void
records_free(struct records *r)
{
	for (size_t i = 0; i < r->count; i++)
		record_free(&r->items[i]);
	free(r->items);
	memset(r, 0, sizeof(*r));
}
