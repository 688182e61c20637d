/*
 * Texts as JSON that can stand anywhere: export.h.
 */
#include "daemon/ctl/recordings/export.h"

#include "lib/escape.h"

#include <string.h>

static void
put_unit(FILE *out, uint32_t unit)
{
	fprintf(out, "\\u%04x", (unsigned)unit);
}

void
export_string(FILE *out, const char *text, size_t len)
{
	uint32_t c;
	size_t n;

	putc('"', out);
	for (; len > 0; text += n, len -= n) {
		if ((n = escape_character(text, len, &c)) == 0) {
			n = 1;
			c = 0xfffd;
		}
		if (c >= 0x10000) {
			put_unit(out, 0xd800 + ((c - 0x10000) >> 10));
			put_unit(out, 0xdc00 + ((c - 0x10000) & 0x3ff));
		} else if (c < 0x20 || c > 0x7e ||
		    strchr("\"\\<>&'`", (int)c)) {
			put_unit(out, c);
		} else {
			putc((int)c, out);
		}
	}
	putc('"', out);
}
