/*
 * A model of a terminal's screen: vt.h.
 */
#include "daemon/ctl/recordings/vt_inside.h"

#include "lib/escape.h"
#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

struct row *
vt_row(struct vt *vt, unsigned y)
{
	return &vt->screens[vt->shown][y];
}

/* ---- rows that change ---- */

void
vt_settle_row(struct vt *vt, unsigned y)
{
	struct row *row = vt_row(vt, y);

	if (!row->dirty)
		return;
	row->dirty = false;
	if (vt->calls.settled != NULL)
		vt->calls.settled(vt, y, vt->calls.arg);
}

static bool
is_empty(const struct vt *vt, const struct row *row)
{
	for (unsigned x = 0; x < vt->columns; x++)
		if (row->cells[x] != BLANK && row->cells[x] != ' ')
			return false;
	return true;
}

static void
go(struct vt *vt, unsigned y)
{
	vt_settle_row(vt, y);
	if (vt->calls.gone != NULL)
		vt->calls.gone(vt, y, vt->calls.arg);
}

void
vt_blank(struct vt *vt, struct row *row, unsigned from, unsigned to)
{
	for (unsigned x = from; x < to && x < vt->columns; x++)
		row->cells[x] = BLANK;
	if (to >= vt->columns)
		row->goes_on = false;
	if (from == 0 && to >= vt->columns)
		row->note = 0;
}

void
vt_erase(struct vt *vt, unsigned y, unsigned from, unsigned to)
{
	vt_settle_row(vt, y);
	vt_blank(vt, vt_row(vt, y), from, to);
}

/* ---- scrolling ---- */

/* The rows from top to bottom move up; below comes an empty one. */
void
vt_scroll_up(struct vt *vt, unsigned top, bool leaves)
{
	struct row *rows = vt->screens[vt->shown], first;

	if (leaves && top == 0 && vt->shown == 0)
		go(vt, top);
	else
		vt_settle_row(vt, top);
	first = rows[top];
	memmove(
	    &rows[top], &rows[top + 1], (vt->bottom - top) * sizeof(rows[0]));
	vt_blank(vt, &first, 0, vt->columns);
	rows[vt->bottom] = first;
}

void
vt_scroll_down(struct vt *vt, unsigned top)
{
	struct row *rows = vt->screens[vt->shown], last;

	vt_settle_row(vt, vt->bottom);
	last = rows[vt->bottom];
	memmove(
	    &rows[top + 1], &rows[top], (vt->bottom - top) * sizeof(rows[0]));
	vt_blank(vt, &last, 0, vt->columns);
	rows[top] = last;
}

/* ---- the cursor ---- */

unsigned
vt_smaller(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Away from where the next character would have stood. */
void
vt_move_to(struct vt *vt, unsigned x, unsigned y)
{
	vt_settle_row(vt, vt->y);
	vt->x = vt_smaller(x, vt->columns - 1);
	vt->y = vt_smaller(y, vt->rows - 1);
	vt->wrap_next = false;
}

void
vt_line_feed(struct vt *vt)
{
	if (vt->y == vt->bottom)
		vt_scroll_up(vt, vt->top, true);
	else
		vt_move_to(vt, vt->x, vt->y + 1);
	vt->wrap_next = false;
}

/* ---- drawing ---- */

static unsigned
width_of(uint32_t c)
{
	int width = c < 0x80 ? 1 : wcwidth((wchar_t)c);

	return width < 0 ? 1 : (unsigned)width;
}

static void
wrap(struct vt *vt)
{
	vt_row(vt, vt->y)->goes_on = true;
	if (vt->y == vt->bottom) {
		vt_scroll_up(vt, vt->top, true);
		if (vt->bottom > vt->top)
			vt_row(vt, vt->bottom - 1)->goes_on = true;
	} else if (vt->y + 1 < vt->rows) {
		vt->y++;
	}
	vt->x = 0;
	vt->wrap_next = false;
}

void
vt_draw(struct vt *vt, uint32_t c)
{
	unsigned width = width_of(c);
	struct row *row;

	if (vt->shifted ? vt->graphics_1 : vt->graphics)
		c = c >= 0x60 && c < 0x7f ? 0x2500 : c; /* lines, no letters */
	if (width == 0 || width > vt->columns)
		return;
	if (!vt->no_wrap && (vt->wrap_next || vt->x + width > vt->columns))
		wrap(vt);
	vt->x = vt_smaller(vt->x, vt->columns - width);
	row = vt_row(vt, vt->y);
	if (vt->insert)
		memmove(&row->cells[vt->x + width], &row->cells[vt->x],
		    (vt->columns - vt->x - width) * sizeof(row->cells[0]));
	row->cells[vt->x] = escape_shows(c) ? c : 0xfffd;
	if (width == 2)
		row->cells[vt->x + 1] = TRAILING;
	row->dirty = true;
	vt->last = c;
	if (vt->x + width >= vt->columns) {
		vt->wrap_next = true;
		vt->x = vt->columns - 1;
	} else {
		vt->x += width;
	}
}

/* ---- screens ---- */

void
vt_all_gone(struct vt *vt)
{
	unsigned last = vt->rows;

	while (last > 0 && is_empty(vt, vt_row(vt, last - 1)))
		last--;
	for (unsigned y = 0; y < last; y++)
		go(vt, y);
}

void
vt_show_screen(struct vt *vt, unsigned which)
{
	if (vt->shown == which)
		return;
	if (vt->shown == 1)
		vt_all_gone(vt);
	vt_settle(vt);
	vt->shown = which;
	if (which == 1)
		for (unsigned y = 0; y < vt->rows; y++)
			vt_blank(vt, vt_row(vt, y), 0, vt->columns);
}

/* ---- what others call ---- */

static struct row *
new_screen(unsigned columns, unsigned rows)
{
	struct row *screen = mem_array(rows, sizeof(*screen));

	for (unsigned y = 0; y < rows; y++)
		screen[y].cells = mem_array(columns, sizeof(uint32_t));
	return screen;
}

static void
free_screen(struct row *screen, unsigned rows)
{
	for (unsigned y = 0; y < rows; y++)
		free(screen[y].cells);
	free(screen);
}

static unsigned
bounded(unsigned side)
{
	return side == 0 ? 1 : vt_smaller(side, VT_SIDE_MAX);
}

struct vt *
vt_new(unsigned columns, unsigned rows, const struct vt_calls *calls)
{
	struct vt *vt = mem_zalloc(sizeof(*vt));

	vt->calls = *calls;
	vt->columns = bounded(columns);
	vt->rows = bounded(rows);
	vt->bottom = vt->rows - 1;
	for (unsigned i = 0; i < 2; i++)
		vt->screens[i] = new_screen(vt->columns, vt->rows);
	return vt;
}

void
vt_free(struct vt *vt)
{
	for (unsigned i = 0; i < 2; i++)
		free_screen(vt->screens[i], vt->rows);
	free(vt);
}

/* As xterm does it: rows are cut on the right; above, where they are too many
 * for the cursor to stay. */
void
vt_resize(struct vt *vt, unsigned columns, unsigned rows)
{
	/* A terminal without a size says nothing of it. */
	columns = columns == 0 ? vt->columns : bounded(columns);
	rows = rows == 0 ? vt->rows : bounded(rows);
	if (columns == vt->columns && rows == vt->rows)
		return;
	vt_settle(vt);
	for (; vt->y >= rows; vt->y--) {
		vt->top = 0;
		vt->bottom = vt->rows - 1;
		vt_scroll_up(vt, 0, true);
	}
	for (unsigned i = 0; i < 2; i++) {
		struct row *screen = new_screen(columns, rows);

		for (unsigned y = 0; y < vt_smaller(rows, vt->rows); y++)
			memcpy(screen[y].cells, vt->screens[i][y].cells,
			    vt_smaller(columns, vt->columns) *
				sizeof(uint32_t));
		free_screen(vt->screens[i], vt->rows);
		vt->screens[i] = screen;
	}
	vt->columns = columns;
	vt->rows = rows;
	vt->top = 0;
	vt->bottom = rows - 1;
	vt->x = vt_smaller(vt->x, columns - 1);
	vt->y = vt_smaller(vt->y, rows - 1);
	vt->wrap_next = false;
}

void
vt_settle(struct vt *vt)
{
	for (unsigned y = 0; y < vt->rows; y++)
		vt_settle_row(vt, y);
}

void
vt_end(struct vt *vt)
{
	vt_show_screen(vt, 0);
	vt_all_gone(vt);
}

bool
vt_goes_on(struct vt *vt, unsigned row)
{
	return row + 1 < vt->rows && vt_row(vt, row)->goes_on;
}

size_t
vt_text(struct vt *vt, unsigned row, uint32_t *characters, size_t max)
{
	const struct row *at = vt_row(vt, row);
	bool goes_on = vt_goes_on(vt, row);
	size_t count = 0, used = 0;

	for (unsigned x = 0; x < vt->columns && count < max; x++) {
		uint32_t c = at->cells[x];

		if (c == TRAILING)
			continue;
		characters[count++] = c == BLANK ? ' ' : c;
		if (goes_on || (c != BLANK && c != ' '))
			used = count;
	}
	return used;
}

unsigned *
vt_note(struct vt *vt, unsigned row)
{
	return &vt_row(vt, row)->note;
}
