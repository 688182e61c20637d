/*
 * The control sequences of terminals, taken apart: vt_parse.h.
 */
#include "daemon/ctl/recordings/vt_parse.h"

#include "lib/escape.h"

#include <string.h>

#define VALUE_MAX 65535

static void
begin(struct vt_parse *p)
{
	p->prefix = p->between = '\0';
	p->raw_len = 0;
	p->raw[0] = '\0';
	p->spoilt = false;
}

static void
read_values(const char *raw, struct vt_part *part)
{
	unsigned value = 0;

	for (;; raw++) {
		if (*raw >= '0' && *raw <= '9') {
			value = value * 10 + (unsigned)(*raw - '0');
			if (value > VALUE_MAX)
				value = VALUE_MAX;
			continue;
		}
		if (part->count < VT_PARAMETERS)
			part->values[part->count++] = value;
		value = 0;
		if (*raw == '\0')
			return;
	}
}

static void
tell(const struct vt_parse *p, enum vt_kind kind, uint32_t c, vt_part_fn *fn,
    void *arg)
{
	struct vt_part part = {.kind = kind,
	    .c = c,
	    .prefix = p->prefix,
	    .between = p->between,
	    .raw = p->raw};

	if (p->spoilt && (kind == VT_CSI || kind == VT_ESCAPE))
		return;
	if (kind == VT_CSI)
		read_values(p->raw, &part);
	fn(&part, arg);
}

/* C1 controls are sequences in one character; the others stand alone. */
static bool
opens(struct vt_parse *p, uint32_t c)
{
	if (c == 0x1b)
		p->in = IN_ESCAPE;
	else if (c == 0x9b)
		p->in = IN_CSI;
	else if (c == 0x90 || c == 0x98 || c == 0x9d || c == 0x9e || c == 0x9f)
		p->in = IN_STRING;
	else
		return false;
	begin(p);
	return true;
}

static void
in_escape(struct vt_parse *p, uint32_t c, vt_part_fn *fn, void *arg)
{
	if (c >= 0x20 && c <= 0x2f) {
		p->spoilt |= p->between != '\0';
		p->between = (char)c;
		return;
	}
	if (p->between == '\0' && c == '[') {
		p->in = IN_CSI;
		return;
	}
	if (p->between == '\0' && c < 0x80 && strchr("]PX^_", (int)c) != NULL &&
	    c != 0) {
		p->in = IN_STRING;
		return;
	}
	p->in = IN_GROUND;
	if (c >= 0x30 && c <= 0x7e)
		tell(p, VT_ESCAPE, c, fn, arg);
}

static void
in_csi(struct vt_parse *p, uint32_t c, vt_part_fn *fn, void *arg)
{
	if (c >= 0x30 && c <= 0x3b) {
		p->spoilt |=
		    p->raw_len == VT_PARAMETERS_RAW || p->between != '\0';
		if (!p->spoilt) {
			p->raw[p->raw_len++] = (char)c;
			p->raw[p->raw_len] = '\0';
		}
	} else if (c >= 0x3c && c <= 0x3f) {
		p->spoilt |= p->prefix != '\0' || p->raw_len > 0;
		p->prefix = (char)c;
	} else if (c >= 0x20 && c <= 0x2f) {
		p->spoilt |= p->between != '\0';
		p->between = (char)c;
	} else {
		p->in = IN_GROUND;
		if (c >= 0x40 && c <= 0x7e)
			tell(p, VT_CSI, c, fn, arg);
	}
}

static void
end_string(struct vt_parse *p, vt_part_fn *fn, void *arg)
{
	p->in = IN_GROUND;
	tell(p, VT_STRING, 0, fn, arg);
}

static void take(struct vt_parse *p, uint32_t c, vt_part_fn *fn, void *arg);

static void
in_string(struct vt_parse *p, uint32_t c, vt_part_fn *fn, void *arg)
{
	if (p->in == IN_STRING_ESCAPE) {
		end_string(p, fn, arg);
		if (c == '\\')
			return;
		/* It was no end, but the start of something else. */
		begin(p);
		p->in = IN_ESCAPE;
		take(p, c, fn, arg);
	} else if (c == 0x1b) {
		p->in = IN_STRING_ESCAPE;
	} else if (c == 0x07 || c == 0x9c || c == 0x18 || c == 0x1a) {
		end_string(p, fn, arg);
	}
}

static void
take(struct vt_parse *p, uint32_t c, vt_part_fn *fn, void *arg)
{
	bool control = c < 0x20 || c == 0x7f || (c >= 0x80 && c < 0xa0);

	if (p->in == IN_STRING || p->in == IN_STRING_ESCAPE) {
		in_string(p, c, fn, arg);
	} else if (control && opens(p, c)) {
		;
	} else if (control) {
		/* CAN and SUB end a sequence; others are done inside of one. */
		if (c == 0x18 || c == 0x1a || c >= 0x80)
			p->in = IN_GROUND;
		tell(p, VT_CONTROL, c, fn, arg);
	} else if (p->in == IN_ESCAPE) {
		in_escape(p, c, fn, arg);
	} else if (p->in == IN_CSI) {
		in_csi(p, c, fn, arg);
	} else {
		tell(p, VT_PRINT, c, fn, arg);
	}
}

void
vt_parse(
    struct vt_parse *p, const char *data, size_t len, vt_part_fn *fn, void *arg)
{
	size_t n;
	uint32_t c;

	for (; len > 0; data += n, len -= n) {
		if ((n = escape_character(data, len, &c)) == 0) {
			n = 1;
			c = 0xfffd;
		}
		take(p, c, fn, arg);
	}
}
