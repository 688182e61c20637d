/*
 * The course of one recording: orders of the monitor, the time of blocks, how
 * it ends, and what the monitor is told of it.
 */
#include "daemon/recorder/recorder.h"

#include "lib/err.h"
#include "lib/log.h"
#include "privsep/die.h"
#include "privsep/wall_queue.h"

#include <sys/ioctl.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* As the worker has it of a terminal that is not recorded. */
#define LINGER_FIRST 200 /* ms after an exit with its output still open */
#define LINGER_AGAIN 1000
#define GRACE	     5000 /* ms from the channel's end to its program's */
#define LAST_MS	     10000

/* ---- the end ----------------------------------------------------------------
 */

static void
mark_end(struct recorder *r)
{
	if (!r->ended || r->end_marked)
		return;
	r->end_marked = true;
	legs_tell_hidden(r);
	if (r->signal[0] != '\0')
		cast_mark(&r->cast, "signal %s", r->signal);
	else
		cast_mark(&r->cast, "exit %u", r->status);
}

static void
end_text(
    const struct recorder *r, enum cast_state state, char *text, size_t size)
{
	if (state == CAST_FULL)
		snprintf(text, size, "full");
	else if (state == CAST_FAILED)
		snprintf(text, size, "failed: %s", strerror(r->cast.error));
	else if (r->ended && r->signal[0] != '\0')
		snprintf(text, size, "signal %s", r->signal);
	else if (r->ended)
		snprintf(text, size, "exit %u", r->status);
	else
		snprintf(text, size, "closed");
}

static void
finish(struct recorder *r)
{
	struct cast *c = &r->cast;
	char end[WALL_TEXT_MAX + 1];

	mark_end(r);
	legs_tell_hidden(r);
	cast_finish(c);
	end_text(r, c->state, end, sizeof(end));
	(void)WALL_SEND(&r->monitor, recorded, .bytes = c->size,
	    .blocks = c->size_blocks,
	    .head = {.data = c->size_head, .len = CAST_HASH},
	    .output = c->bytes[CAST_OUTPUT], .error = c->bytes[CAST_ERROR],
	    .input = c->bytes[CAST_INPUT], .hidden = r->hidden,
	    .marks = c->marks, .end = end);
	r->over = true;
	loop_stop(r->loop);
}

static void
on_grace(void *arg)
{
	struct recorder *r = arg;

	if (r->over)
		return;
	legs_hang_up(r);
	finish(r);
}

/*
 * The program has ended, but somebody it started keeps its output open: a
 * terminal that its leader has left is hung up once it is silent.
 */
static void
on_linger(void *arg)
{
	struct recorder *r = arg;

	if (r->moved || r->output.len != 0) {
		r->moved = false;
		loop_timer_start(
		    r->loop, &r->linger, LINGER_AGAIN, on_linger, r);
		return;
	}
	mark_end(r);
	(void)legs_flush(r);
	if (r->terminal)
		legs_end_output(r);
}

static void
on_block(void *arg)
{
	struct recorder *r = arg;

	legs_tell_hidden(r);
	(void)cast_age(&r->cast);
}

/* At the end of each turn of the loop: what has moved may have ended it. */
static void
settle(void *arg)
{
	struct recorder *r = arg;
	int ms;

	if (r->over)
		return;
	legs_watch(r);
	(void)legs_flush(r);
	if ((ms = cast_age(&r->cast)) < 0)
		loop_timer_stop(&r->block_timer);
	else if (!loop_timer_running(&r->block_timer))
		loop_timer_start(
		    r->loop, &r->block_timer, (uint64_t)ms, on_block, r);
	if (r->halted ? r->closed : legs_over(r) && r->ended)
		finish(r);
	else if (legs_over(r) && r->closed && !loop_timer_running(&r->grace))
		loop_timer_start(r->loop, &r->grace, GRACE, on_grace, r);
}

/* ---- orders -----------------------------------------------------------------
 */

int
on_record_size(struct recorder *r, struct wall_message *m)
{
	const struct msg_record_size *s = &m->record_size;
	struct winsize w = {.ws_col = (unsigned short)s->columns,
	    .ws_row = (unsigned short)s->rows,
	    .ws_xpixel = (unsigned short)s->width,
	    .ws_ypixel = (unsigned short)s->height};

	if (!r->terminal || r->output.from->fd < 0)
		return 0;
	(void)ioctl(r->output.from->fd, TIOCSWINSZ, &w);
	cast_resize(&r->cast, w.ws_col, w.ws_row);
	return 0;
}

int
on_record_ended(struct recorder *r, struct wall_message *m)
{
	const struct msg_record_ended *e = &m->record_ended;

	r->ended = true;
	r->status = e->status;
	snprintf(r->signal, sizeof(r->signal), "%s", e->signal);
	r->moved = false;
	loop_timer_start(r->loop, &r->linger, LINGER_FIRST, on_linger, r);
	return 0;
}

int
on_record_close(struct recorder *r, struct wall_message *m)
{
	r->closed = true;
	legs_hang_up(r);
	if (m->record_close.last)
		on_grace(r);
	return 0;
}

/* Streams are given before record_go, and used after it. */
static int
judge(void *arg, struct wall_message *m)
{
	const struct recorder *r = arg;
	bool course = m->type == MSG_record_size ||
	    m->type == MSG_record_ended || m->type == MSG_record_close;

	return course == r->going ? 0 : E_STATE;
}

PEER_HANDLE(MONITOR_RECORDER)
static const struct peer from_monitor = {
    .handle = peer_MONITOR_RECORDER, .judge = judge};

/* It has ended, or broken the rules: what there is, is finished. */
static void
monitor_lost(struct recorder *r)
{
	loop_fd_remove(&r->monitor_handle);
	r->closed = true;
	if (!r->halted && r->cast.state == CAST_GOOD)
		cast_mark(&r->cast, "lost the server's process");
	loop_timer_start(r->loop, &r->grace, GRACE, on_grace, r);
}

static void
on_monitor(int fd, unsigned events, void *arg)
{
	struct recorder *r = arg;
	int err;

	(void)fd;
	if ((events & LOOP_WRITE) != 0)
		(void)wall_queue_flush(&r->monitor);
	if ((events & ~(unsigned)LOOP_WRITE) == 0)
		return;
	err = peer_read(&from_monitor, &r->monitor, r);
	if (err != 0 && err != E_AGAIN)
		monitor_lost(r);
}

void
recorder_init(struct recorder *r, int monitor)
{
	for (size_t i = 0; i < 6; i++)
		r->ends[i].fd = -1;
	wall_init(
	    &r->monitor, monitor, PATH_RECORDER_MONITOR, PATH_MONITOR_RECORDER);
}

void
recorder_hear(struct recorder *r)
{
	int err;

	while (!r->going)
		if ((err = peer_read(&from_monitor, &r->monitor, r)) != 0)
			die("the recorder's orders: %s", err_text(err));
}

static void
begin_file(struct recorder *r)
{
	const struct msg_record_file *f = &r->file.record_file;

	if (r->file.type != MSG_record_file)
		return;
	cast_begin(&r->cast, r->file.fds[0], f->max_size, f->header.data,
	    f->header.len);
	r->file.fds[0] = -1;
	wall_done(&r->monitor, &r->file);
}

void
recorder_run(struct recorder *r)
{
	char trouble[WALL_TEXT_MAX + 1] = "";

	begin_file(r);
	r->loop = loop_new();
	if (r->loop == NULL ||
	    loop_fd_add(r->loop, &r->monitor_handle, r->monitor.fd, LOOP_READ,
		on_monitor, r) != 0)
		die_errno("recorder: loop");
	wall_queue_watch(&r->monitor, &r->monitor_handle);
	if (r->cast.state == CAST_FAILED) {
		snprintf(
		    trouble, sizeof(trouble), "%s", strerror(r->cast.error));
		r->told = true;
	}
	if (WALL_SEND(&r->monitor, recording, .trouble = trouble) != 0)
		die("recorder: the monitor has gone");
	legs_begin(r);
	loop_at_end(r->loop, settle, r);
	if (loop_run(r->loop) != 0)
		die_errno("recorder: loop");
	(void)wall_queue_drain(&r->monitor, LAST_MS);
	_exit(0);
}
