/*
 * Any bytes as a program's output, in pieces: drawn on the model of a screen
 * that changes its size, and passed twice through the filter for a terminal.
 * The second pass must change nothing.
 */
#include "daemon/ctl/recordings/play_filter.h"
#include "daemon/ctl/recordings/vt.h"

#include <stdlib.h>
#include <string.h>

#define LINE 4096
#define ROOM (1 << 22)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t line[LINE];

static void
look(struct vt *vt, unsigned row, void *arg)
{
	size_t *seen = arg;
	size_t len = vt_text(vt, row, line, LINE);

	if (len > LINE ||
	    (len > 0 && line[len - 1] == ' ' && !vt_goes_on(vt, row) &&
		row + 1 < 5))
		abort();
	(*vt_note(vt, row))++;
	*seen += len;
}

static void
draw(const char *data, size_t size)
{
	size_t seen = 0, n;
	const struct vt_calls calls = {look, look, &seen};
	struct vt *vt = vt_new(20, 5, &calls);

	for (; size > 0; data += n, size -= n) {
		n = size < 50 ? size : 50;
		vt_feed(vt, data, n);
		vt_settle(vt);
		vt_resize(vt, 1 + (unsigned char)data[0] % 40,
		    1 + (unsigned char)data[n - 1] % 12);
	}
	vt_end(vt);
	vt_free(vt);
}

static void
filter(const char *data, size_t size)
{
	struct vt_parse once = {0}, twice = {0};
	struct buf a, b;

	buf_init(&a, ROOM);
	buf_init(&b, ROOM);
	play_filter(&once, data, size, &a);
	play_filter(&twice, (const char *)a.data, a.len, &b);
	if (buf_end(&a) == 0 &&
	    (a.len != b.len ||
		(a.len > 0 && memcmp(a.data, b.data, a.len) != 0)))
		abort();
	buf_free(&a);
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	draw((const char *)data, size);
	filter((const char *)data, size);
	return 0;
}
