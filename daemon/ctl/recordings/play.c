/*
 * sallyportctl recordings play and watch: a recording on the terminal of who
 * asked, in its own time, or as it is being made.
 */
#include "daemon/ctl/recordings/commands.h"

#include "daemon/ctl/record.h"
#include "daemon/ctl/recordings/cast.h"
#include "daemon/ctl/recordings/elapsed.h"
#include "daemon/ctl/recordings/play_filter.h"
#include "lib/loop.h"
#include "lib/mem.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STEP_MICROS	 5000000
#define LONG_STEP_MICROS 60000000
#define FOLLOW_MS	 200
#define OUT_MAX		 (8u << 20)
#define SPEED_MAX	 1000
#define SPEED_MIN	 0.01
#define CTRL_C		 3

struct player {
	const struct recordings_options *o;
	int feed;
	bool follow; /* a recording that is being made */
	bool over; /* the parent is done: nothing more comes */
	struct cast c;
	struct vt_parse filter;
	struct buf out;
	double speed;
	bool paused, quit;
	uint64_t position; /* of what was shown last, microseconds */
	uint64_t skip_to; /* up to there without waiting */
	bool back; /* from the start again, up to skip_to */
	int escape; /* bytes of an arrow key that came */
};

/* ---- what is shown ---- */

static void
put(struct player *p, const void *data, size_t len)
{
	const char *at = data;
	ssize_t n;

	while (len > 0 && !p->quit) {
		n = write(STDOUT_FILENO, at, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			p->quit = true;
			return;
		}
		at += n;
		len -= (size_t)n;
	}
}

static void
show(struct player *p, const struct cast_line *line)
{
	if (line->code != 'o' && line->code != 'e')
		return;
	if (p->o->raw) {
		put(p, line->data, line->len);
		return;
	}
	buf_clear(&p->out);
	play_filter(&p->filter, line->data, line->len, &p->out);
	put(p, p->out.data, p->out.len);
}

/* ---- keys ---- */

static void
seek(struct player *p, bool back, uint64_t by)
{
	uint64_t from = p->skip_to > p->position ? p->skip_to : p->position;

	p->skip_to = !back ? from + by : from > by ? from - by : 0;
	p->back = p->skip_to < p->position;
}

static void
on_arrow(struct player *p, char key)
{
	if (key == 'C' || key == 'D')
		seek(p, key == 'D', STEP_MICROS);
	else if (key == 'A' || key == 'B')
		seek(p, key == 'B', LONG_STEP_MICROS);
}

static void
on_key(struct player *p, char key)
{
	if (p->escape > 0) {
		if (p->escape == 2)
			on_arrow(p, key);
		p->escape = p->escape == 1 && key == '[' ? 2 : 0;
	} else if (key == 0x1b) {
		p->escape = 1;
	} else if (key == 'q' || key == CTRL_C) {
		p->quit = true;
	} else if (p->follow) {
		return;
	} else if (key == ' ') {
		p->paused = !p->paused;
	} else if (key == '+' && p->speed < SPEED_MAX) {
		p->speed *= 2;
	} else if (key == '-' && p->speed > SPEED_MIN) {
		p->speed /= 2;
	} else if (key == '0') {
		p->skip_to = 0;
		p->back = true;
	}
}

static void
read_keys(struct player *p)
{
	char keys[64];
	ssize_t n = read(STDIN_FILENO, keys, sizeof(keys));

	if (n <= 0)
		p->quit = true;
	for (ssize_t i = 0; i < n; i++)
		on_key(p, keys[i]);
}

/* Until a key has come, the parent is done, or the time is over; -1: none. */
static void
wait_for(struct player *p, int ms)
{
	struct pollfd fds[] = {{.fd = p->over ? -1 : p->feed, .events = POLLIN},
	    {.fd = p->o->keys_come ? STDIN_FILENO : -1, .events = POLLIN}};

	if (poll(fds, 2, ms) <= 0)
		return;
	if (fds[0].revents != 0)
		p->over = true;
	if (fds[1].revents != 0)
		read_keys(p);
}

/* ---- time ---- */

/* Let the time pass that lies before the line. */
static void
keep_time(struct player *p, const struct cast_line *line)
{
	uint64_t from = p->skip_to > p->position ? p->skip_to : p->position;
	uint64_t gap = line->when > from ? line->when - from : 0;
	uint64_t now = loop_clock(), due;

	if (p->o->idle > 0 && gap > p->o->idle)
		gap = p->o->idle;
	due = now + (uint64_t)((double)gap / 1000 / p->speed);
	while (!p->quit && !p->back && line->when > p->skip_to && !p->over) {
		now = loop_clock();
		if (!p->paused && now >= due)
			return;
		wait_for(p,
		    p->paused ? -1 :
				(int)(due - now > 60000 ? 60000 : due - now));
		if (p->paused)
			due = loop_clock() + (due > now ? due - now : 0);
	}
}

/* ---- play ---- */

static int
open_again(struct player *p, const struct recording *r)
{
	static const char clear[] =
	    "\x18\x1b[!p\x1b[?1047l\x1b[0m\x1b(B\x0f\x1b[2J\x1b[H";

	cast_close(&p->c);
	memset(&p->filter, 0, sizeof(p->filter));
	p->back = false;
	p->position = 0;
	put(p, clear, sizeof(clear) - 1);
	if (lseek(r->fds[STORE_CAST], 0, SEEK_SET) != 0)
		return ctl_fail("%s: %s", r->name, strerror(errno));
	if (cast_open(&p->c, r->fds[STORE_CAST]) != 0)
		return ctl_fail("%s: %s", r->name, p->c.why);
	return CTL_OK;
}

static int
fault(const struct player *p, const struct recording *r, enum cast_found found)
{
	if (found == CAST_BAD)
		return ctl_fail("%s: %s", r->name, p->c.why);
	if (p->c.fault[0] != '\0')
		return ctl_fail("%s: changed: %s", r->name, p->c.fault);
	return CTL_OK;
}

static int
play_one(struct player *p, const struct recording *r)
{
	enum cast_found found = CAST_LINE;
	struct cast_line line;

	while (!p->quit && !p->over) {
		if (p->back && open_again(p, r) != CTL_OK)
			return CTL_FAILED;
		found = cast_next(&p->c, &line);
		if (found != CAST_LINE) {
			/* With keys one may still go back from the end. */
			if (!p->paused || found == CAST_BAD)
				break;
			wait_for(p, -1);
			continue;
		}
		keep_time(p, &line);
		if (p->back || p->quit || p->over)
			continue;
		show(p, &line);
		p->position = line.when;
	}
	return fault(p, r, found);
}

/* ---- watch ---- */

static int
watch_one(struct player *p, const struct recording *r)
{
	enum cast_found found = CAST_LINE;
	struct cast_line line;
	bool last = false;

	while (!p->quit) {
		found = cast_next(&p->c, &line);
		if (found == CAST_LINE) {
			show(p, &line);
			continue;
		}
		if (found == CAST_BAD || last)
			break;
		/* One more look, when the parent has seen the end. */
		last = p->over;
		if (!p->over)
			wait_for(p, FOLLOW_MS);
	}
	return fault(p, r, found);
}

/* ---- both ---- */

static void
announce(const struct player *p)
{
	const struct cast_header *h = &p->c.header;

	fprintf(stderr, "%s ", p->follow ? "watching" : "playing");
	plain_text(h->user, stderr);
	fprintf(stderr, ", %s, channel %u of %ux%u", h->conn,
	    (unsigned)h->channel, (unsigned)h->width, (unsigned)h->height);
	if (p->o->columns > 0 &&
	    (p->o->columns < h->width || p->o->rows < h->height))
		fprintf(stderr, " (this terminal is smaller: %ux%u)",
		    p->o->columns, p->o->rows);
	fprintf(stderr, "%s\r\n",
	    !p->o->keys_come ? "" :
		p->follow    ? "; q ends" :
			       "; space pauses, arrows seek, + - speed, q ends");
	fflush(stderr);
}

static int
run(struct recordings_options *o, int feed, bool follow)
{
	struct player *p = mem_zalloc(sizeof(*p));
	struct recording r;
	int status;

	p->o = o;
	p->feed = feed;
	p->follow = follow;
	p->speed = o->speed;
	buf_init(&p->out, OUT_MAX);
	if (!reader_next(feed, &r)) {
		status = CTL_FAILED;
	} else if (cast_open(&p->c, r.fds[STORE_CAST]) != 0) {
		status = ctl_fail("%s: %s", r.name, p->c.why);
	} else {
		announce(p);
		status = (follow ? watch_one : play_one)(p, &r);
	}
	cast_close(&p->c);
	buf_free(&p->out);
	free(p);
	return status;
}

int
play_read(struct recordings_options *o, int feed)
{
	return run(o, feed, false);
}

int
watch_read(struct recordings_options *o, int feed)
{
	return run(o, feed, true);
}
