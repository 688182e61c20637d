/*
 * The model of a screen, for its two files: vt.c has the rows and the cursor,
 * vt_control.c does what controls and sequences say.
 */
#ifndef DAEMON_CTL_RECORDINGS_VT_INSIDE_H
#define DAEMON_CTL_RECORDINGS_VT_INSIDE_H

#include "daemon/ctl/recordings/vt.h"

#define BLANK	 0 /* nothing was drawn there */
#define TRAILING 0xffffffff /* the right half of a wide character */

struct row {
	uint32_t *cells;
	bool dirty; /* changed since it settled */
	bool goes_on; /* in the next row: a line that was too long */
	unsigned note;
};

struct vt {
	struct vt_calls calls;
	struct vt_parse parse;
	unsigned columns, rows;
	struct row *screens[2]; /* the main one, the alternate one */
	unsigned shown; /* 0, 1 */
	unsigned x, y, top, bottom; /* bottom: the last row of the margins */
	unsigned saved_x, saved_y;
	bool wrap_next; /* the last column was written */
	bool no_wrap, insert, graphics, graphics_1, shifted;
	uint32_t last; /* the character that was drawn last */
};

struct row *vt_row(struct vt *vt, unsigned y);
/* The row may change: it is told if it has changed before. */
void vt_settle_row(struct vt *vt, unsigned y);
/* Make a part of a row empty; the same, and it is told before. */
void vt_blank(struct vt *vt, struct row *row, unsigned from, unsigned to);
void vt_erase(struct vt *vt, unsigned y, unsigned from, unsigned to);
/* All rows up to the last that is not empty are told to be gone. */
void vt_all_gone(struct vt *vt);
/* The rows from top to the lower margin move; leaves: what is moved off the
 * top of the main screen is gone. */
void vt_scroll_up(struct vt *vt, unsigned top, bool leaves);
void vt_scroll_down(struct vt *vt, unsigned top);
void vt_move_to(struct vt *vt, unsigned x, unsigned y);
void vt_line_feed(struct vt *vt);
void vt_draw(struct vt *vt, uint32_t c);
/* 0: the main screen, 1: the alternate one, which is empty then. */
void vt_show_screen(struct vt *vt, unsigned which);
unsigned vt_smaller(unsigned a, unsigned b);

#endif
