/*
 * The model of a screen: what controls, escape and control sequences do.
 */
#include "daemon/ctl/recordings/vt_inside.h"

#include <string.h>

/* ---- controls ---- */

static void
reverse_feed(struct vt *vt)
{
	if (vt->y == vt->top)
		vt_scroll_down(vt, vt->top);
	else if (vt->y > 0)
		vt_move_to(vt, vt->x, vt->y - 1);
}

static void
control(struct vt *vt, uint32_t c)
{
	switch (c) {
	case '\b':
		vt_move_to(vt, vt->x > 0 ? vt->x - 1 : 0, vt->y);
		break;
	case '\t':
		vt_move_to(vt, (vt->x / 8 + 1) * 8, vt->y);
		break;
	case '\n':
	case '\v':
	case '\f':
	case 0x84:
		vt_line_feed(vt);
		break;
	case 0x85:
		vt_line_feed(vt);
		/* fall through */
	case '\r':
		vt_move_to(vt, 0, vt->y);
		break;
	case 0x8d:
		reverse_feed(vt);
		break;
	case 0x0e:
		vt->shifted = true;
		break;
	case 0x0f:
		vt->shifted = false;
		break;
	default:
		break;
	}
}

static void
erase_all(struct vt *vt)
{
	vt_all_gone(vt);
	for (unsigned y = 0; y < vt->rows; y++)
		vt_erase(vt, y, 0, vt->columns);
}

static void
save(struct vt *vt)
{
	vt->saved_x = vt->x;
	vt->saved_y = vt->y;
}

static void
restore(struct vt *vt)
{
	vt_move_to(vt, vt->saved_x, vt->saved_y);
}

static void
reset(struct vt *vt)
{
	vt_show_screen(vt, 0);
	erase_all(vt);
	vt->top = 0;
	vt->bottom = vt->rows - 1;
	vt->no_wrap = vt->insert = vt->graphics = vt->graphics_1 = false;
	vt->shifted = false;
	vt_move_to(vt, 0, 0);
}

static void
escape_sequence(struct vt *vt, const struct vt_part *p)
{
	if (p->between == '(')
		vt->graphics = p->c == '0';
	else if (p->between == ')')
		vt->graphics_1 = p->c == '0';
	else if (p->between != '\0')
		return;
	else if (p->c == '7')
		save(vt);
	else if (p->c == '8')
		restore(vt);
	else if (p->c == 'c')
		reset(vt);
	else if (p->c == 'D' || p->c == 'E' || p->c == 'M')
		control(vt, p->c - 'D' + 0x84);
}

/* ---- control sequences ---- */

static void
erase_display(struct vt *vt, unsigned how)
{
	if (how == 0) {
		vt_erase(vt, vt->y, vt->x, vt->columns);
		for (unsigned y = vt->y + 1; y < vt->rows; y++)
			vt_erase(vt, y, 0, vt->columns);
	} else if (how == 1) {
		for (unsigned y = 0; y < vt->y; y++)
			vt_erase(vt, y, 0, vt->columns);
		vt_erase(vt, vt->y, 0, vt->x + 1);
	} else if (how == 2) {
		erase_all(vt);
	}
}

static void
erase_line(struct vt *vt, unsigned how)
{
	if (how <= 2)
		vt_erase(vt, vt->y, how == 0 ? vt->x : 0,
		    how == 1 ? vt->x + 1 : vt->columns);
}

static void
move_lines(struct vt *vt, unsigned top, unsigned n, bool up)
{
	if (top < vt->top || top > vt->bottom)
		return;
	for (n = vt_smaller(n, vt->bottom - top + 1); n > 0; n--) {
		if (up)
			vt_scroll_up(vt, top, false);
		else
			vt_scroll_down(vt, top);
	}
}

static void
move_characters(struct vt *vt, unsigned n, bool away)
{
	struct row *row = vt_row(vt, vt->y);
	unsigned left = vt->columns - vt->x;
	uint32_t *at = &row->cells[vt->x];

	vt_settle_row(vt, vt->y);
	n = vt_smaller(n, left);
	if (away) {
		memmove(at, at + n, (left - n) * sizeof(*at));
		vt_blank(vt, row, vt->columns - n, vt->columns);
	} else {
		memmove(at + n, at, (left - n) * sizeof(*at));
		vt_blank(vt, row, vt->x, vt->x + n);
	}
	row->dirty = true;
}

static void
set_margins(struct vt *vt, const struct vt_part *p)
{
	unsigned top = p->values[0] > 0 ? p->values[0] - 1 : 0;
	unsigned bottom = p->count > 1 && p->values[1] > 0 ?
	    vt_smaller(p->values[1], vt->rows) - 1 :
	    vt->rows - 1;

	if (top >= bottom)
		return;
	vt->top = top;
	vt->bottom = bottom;
	vt_move_to(vt, 0, 0);
}

static void
set_mode(struct vt *vt, const struct vt_part *p, bool on)
{
	for (unsigned i = 0; i < p->count; i++) {
		unsigned mode = p->values[i];

		if (p->prefix == '\0' && mode == 4)
			vt->insert = on;
		else if (p->prefix != '?')
			continue;
		else if (mode == 7)
			vt->no_wrap = !on;
		else if (mode == 47 || mode == 1047 || mode == 1049)
			vt_show_screen(vt, on ? 1 : 0);
		if (p->prefix == '?' && (mode == 1048 || mode == 1049))
			(on ? save : restore)(vt);
	}
}

static void
move_cursor(struct vt *vt, const struct vt_part *p, unsigned n)
{
	unsigned up = vt_smaller(n, vt->y), left = vt_smaller(n, vt->x);

	switch (p->c) {
	case 'A':
		vt_move_to(vt, vt->x, vt->y - up);
		break;
	case 'B':
	case 'e':
		vt_move_to(vt, vt->x, vt->y + n);
		break;
	case 'C':
	case 'a':
		vt_move_to(vt, vt->x + n, vt->y);
		break;
	case 'D':
		vt_move_to(vt, vt->x - left, vt->y);
		break;
	case 'E':
		vt_move_to(vt, 0, vt->y + n);
		break;
	case 'F':
		vt_move_to(vt, 0, vt->y - up);
		break;
	case 'G':
	case '`':
		vt_move_to(vt, n - 1, vt->y);
		break;
	case 'd':
		vt_move_to(vt, vt->x, n - 1);
		break;
	case 'H':
	case 'f':
		vt_move_to(vt,
		    p->count > 1 && p->values[1] > 0 ? p->values[1] - 1 : 0,
		    n - 1);
		break;
	default:
		break;
	}
}

static void
repeat(struct vt *vt, unsigned n)
{
	for (n = vt_smaller(n, vt->columns); n > 0 && vt->last != 0; n--)
		vt_draw(vt, vt->last);
}

static void
edit(struct vt *vt, const struct vt_part *p, unsigned n)
{
	switch (p->c) {
	case 'J':
		erase_display(vt, p->values[0]);
		break;
	case 'K':
		erase_line(vt, p->values[0]);
		break;
	case 'L':
	case 'M':
		move_lines(vt, vt->y, n, p->c == 'M');
		break;
	case 'S':
	case 'T':
		move_lines(vt, vt->top, n, p->c == 'S');
		break;
	case 'P':
	case '@':
		move_characters(vt, n, p->c == 'P');
		break;
	case 'X':
		vt_erase(vt, vt->y, vt->x, vt->x + vt_smaller(n, vt->columns));
		break;
	case 'b':
		repeat(vt, n);
		break;
	default:
		break;
	}
}

static void
control_sequence(struct vt *vt, const struct vt_part *p)
{
	unsigned n = p->values[0] > 0 ? p->values[0] : 1;

	if (p->between != '\0')
		return;
	if (p->c == 'h' || p->c == 'l') {
		set_mode(vt, p, p->c == 'h');
	} else if (p->prefix != '\0') {
		return;
	} else if (p->c == 'r') {
		set_margins(vt, p);
	} else if (p->c == 's') {
		save(vt);
	} else if (p->c == 'u') {
		restore(vt);
	} else {
		move_cursor(vt, p, n);
		edit(vt, p, n);
	}
}

static void
take(const struct vt_part *p, void *arg)
{
	struct vt *vt = arg;

	switch (p->kind) {
	case VT_PRINT:
		vt_draw(vt, p->c);
		break;
	case VT_CONTROL:
		control(vt, p->c);
		break;
	case VT_ESCAPE:
		escape_sequence(vt, p);
		break;
	case VT_CSI:
		control_sequence(vt, p);
		break;
	case VT_STRING:
		break;
	}
}

void
vt_feed(struct vt *vt, const char *data, size_t len)
{
	vt_parse(&vt->parse, data, len, take, vt);
}
