/*
 * A model of a terminal's screen, by which text is found that was drawn in
 * pieces, by moving the cursor, or on an alternate screen.  It keeps
 * characters, not their looks.
 */
#ifndef DAEMON_CTL_RECORDINGS_VT_H
#define DAEMON_CTL_RECORDINGS_VT_H

#include "daemon/ctl/recordings/vt_parse.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VT_SIDE_MAX 512 /* columns, rows: of more the rest is not modelled */

struct vt;

/*
 * settled: what stands in a row may change now, or may never again: look at
 * it.  gone: a row leaves the screen for good.  The row is vt_text()'s.
 */
typedef void vt_row_fn(struct vt *vt, unsigned row, void *arg);
struct vt_calls {
	vt_row_fn *settled, *gone; /* NULL: not asked */
	void *arg;
};

struct vt *vt_new(
    unsigned columns, unsigned rows, const struct vt_calls *calls);
void vt_free(struct vt *vt);
void vt_resize(struct vt *vt, unsigned columns, unsigned rows);
void vt_feed(struct vt *vt, const char *data, size_t len);

/* All rows that have changed since they settled do so. */
void vt_settle(struct vt *vt);
/* The end: all rows are gone. */
void vt_end(struct vt *vt);

/*
 * The characters of a row, at most max: how many, without blanks at the end,
 * unless its line goes on in the next row.
 */
size_t vt_text(struct vt *vt, unsigned row, uint32_t *characters, size_t max);
bool vt_goes_on(struct vt *vt, unsigned row);

/* A number that the caller keeps with the row, 0 when it was erased. */
unsigned *vt_note(struct vt *vt, unsigned row);

#endif
