/*
 * The one writer of JSON strings beside the audit's, whose records are bounded
 * and whose values are escaped before.
 */
#include "lib/json.h"

#include "lib/escape.h"

#include <string.h>

static void
put_unit(FILE *out, uint32_t unit)
{
	fprintf(out, "\\u%04x", (unsigned)unit);
}

/* RFC 8259 section 7: above U+FFFF as a pair of surrogates. */
static void
put_hidden(FILE *out, uint32_t c)
{
	if (c > 0xffff) {
		put_unit(out, 0xd800 + ((c - 0x10000) >> 10));
		put_unit(out, 0xdc00 + ((c - 0x10000) & 0x3ff));
	} else {
		put_unit(out, c);
	}
}

void
json_quote(FILE *out, const char *text)
{
	size_t len = strlen(text), n;
	uint32_t c;

	putc('"', out);
	for (; len > 0; text += n, len -= n) {
		if ((n = escape_character(text, len, &c)) == 0) {
			n = 1;
			put_unit(out, 0xfffd);
		} else if (c == '"' || c == '\\') {
			fprintf(out, "\\%c", (char)c);
		} else if (c == '\n') {
			fputs("\\n", out);
		} else if (c == '\t') {
			fputs("\\t", out);
		} else if (!escape_shows(c)) {
			put_hidden(out, c);
		} else {
			(void)fwrite(text, 1, n, out);
		}
	}
	putc('"', out);
}
