/*
 * Filters a recording for the terminal; see play_filter.h.  A sequence that
 * passes is written anew from its parts, so that every terminal reads it as the
 * filter did.
 */
#include "daemon/ctl/recordings/play_filter.h"

#include <stdio.h>
#include <string.h>

static void
put_character(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_u8(out, (uint8_t)c);
	} else if (c < 0x800) {
		buf_u8(out, (uint8_t)(0xc0 | c >> 6));
		buf_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_u8(out, (uint8_t)(0xe0 | c >> 12));
		buf_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
		buf_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
	} else {
		buf_u8(out, (uint8_t)(0xf0 | c >> 18));
		buf_u8(out, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
		buf_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
		buf_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
	}
}

static void
put_text(struct buf *out, const char *text)
{
	buf_bytes(out, text, strlen(text));
}

/* Modes of "CSI ? n h" that draw: columns, reverse, origin, wrapping, cursor,
 * alternate screens.  Not the mouse, focus, or the keys. */
static bool
draws(unsigned mode)
{
	static const unsigned modes[] = {
	    3, 5, 6, 7, 12, 25, 45, 47, 69, 1047, 1048, 1049};

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (modes[i] == mode)
			return true;
	return false;
}

static void
put_modes(const struct vt_part *p, struct buf *out)
{
	char text[32];

	for (unsigned i = 0; i < p->count; i++) {
		bool good = p->prefix == '?' ?
		    draws(p->values[i]) :
		    p->prefix == '\0' && p->values[i] == 4;

		if (!good)
			continue;
		snprintf(text, sizeof(text), "\x1b[%s%u%c",
		    p->prefix == '?' ? "?" : "", p->values[i], (char)p->c);
		put_text(out, text);
	}
}

static void
control_sequence(const struct vt_part *p, struct buf *out)
{
	static const char finals[] = "@ABCDEFGHIJKLMPSTXZ`abdefgmrsu";
	bool erases = p->prefix == '?' && (p->c == 'J' || p->c == 'K');

	if (p->c == 'h' || p->c == 'l') {
		if (p->between == '\0')
			put_modes(p, out);
		return;
	}
	if (p->between == ' ' && p->prefix == '\0' && p->c == 'q') {
		put_text(out, "\x1b[");
		put_text(out, p->raw);
		put_text(out, " q");
		return;
	}
	if (p->between != '\0' || (p->prefix != '\0' && !erases) ||
	    strchr(finals, (int)p->c) == NULL)
		return;
	/* With five values "T" starts the tracking of a mouse. */
	if (p->c == 'T' && p->count > 1)
		return;
	put_text(out, erases ? "\x1b[?" : "\x1b[");
	put_text(out, p->raw);
	put_character(out, p->c);
}

static void
escape_sequence(const struct vt_part *p, struct buf *out)
{
	bool charset = (p->between == '(' || p->between == ')') &&
	    strchr("0AB", (int)p->c) != NULL;
	bool test = p->between == '#' && p->c == '8';
	bool plain = p->between == '\0' && strchr("78DEHMc", (int)p->c) != NULL;

	if (!charset && !test && !plain)
		return;
	buf_u8(out, 0x1b);
	if (p->between != '\0')
		buf_u8(out, (uint8_t)p->between);
	put_character(out, p->c);
}

static void
take(const struct vt_part *p, void *arg)
{
	struct buf *out = arg;

	switch (p->kind) {
	case VT_PRINT:
		put_character(out, p->c);
		break;
	case VT_CONTROL:
		/* BEL to CR, SO and SI; ENQ asks for an answer. */
		if (p->c >= 0x07 && p->c <= 0x0f)
			put_character(out, p->c);
		break;
	case VT_ESCAPE:
		escape_sequence(p, out);
		break;
	case VT_CSI:
		control_sequence(p, out);
		break;
	case VT_STRING:
		break;
	}
}

void
play_filter(struct vt_parse *p, const char *data, size_t len, struct buf *out)
{
	vt_parse(p, data, len, take, out);
}
