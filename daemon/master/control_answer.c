/*
 * Answers of the administrators' socket: records in one form for people,
 * scripts and scrapers; sallyportctl makes of them what it was asked for.
 */
#include "daemon/master/control.h"

#include "lib/escape.h"
#include "lib/mem.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
put(struct control_client *c, const char *text)
{
	buf_bytes(&c->answer, text, strlen(text));
}

static void
put_word(struct control_client *c, const char *value)
{
	size_t size = 4 * strlen(value) + 16;
	char *word = mem_alloc(size);

	escape_text(word, size, value, ESCAPE_BACKSLASH | ESCAPE_SPACE);
	put(c, word);
	free(word);
}

void
control_record(struct control_client *c)
{
	if (c->answer.len > 0)
		put(c, "\n");
}

/* The blank between fields; none begins a line. */
static void
put_name(struct control_client *c, const char *name, const char *sign)
{
	if (c->answer.len > 0 && c->answer.data[c->answer.len - 1] != '\n')
		put(c, " ");
	put(c, name);
	put(c, sign);
}

void
control_text(struct control_client *c, const char *name, const char *value)
{
	put_name(c, name, "=");
	put_word(c, value);
}

void
control_number(struct control_client *c, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	put_name(c, name, ":");
	put(c, text);
}

void
control_bool(struct control_client *c, const char *name, bool value)
{
	put_name(c, name, "?");
	put(c, value ? "true" : "false");
}

void
control_ok(struct control_client *c)
{
	control_record(c);
	put(c, "ok\n");
	if (buf_end(&c->answer) != 0) {
		buf_clear(&c->answer);
		put(c, "error the\\x20answer\\x20is\\x20too\\x20long\n");
	}
	control_send(c);
}

void
control_error(struct control_client *c, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = mem_vprintf(format, args);
	va_end(args);
	buf_clear(&c->answer);
	put(c, "error ");
	put_word(c, text);
	put(c, "\n");
	free(text);
	control_send(c);
}
