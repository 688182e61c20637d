/*
 * One channel, no processes: enough to load the transport from both sides.
 */
#include "tests/unit/transport/fake_channels.h"

#include "daemon/worker/worker.h"

#include "lib/err.h"

#include <sys/uio.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW (4u << 20)

struct fake_channels fake_channels;

struct channels {
	struct loop_task pump;
	struct worker *w;
	uint32_t unreported;
};

static struct channels the;

static struct buf *
start(struct worker *w, uint8_t number)
{
	struct buf *b = packet_start(w, number);

	buf_u32(b, fake_channels.peer);
	return b;
}

static void
finish(struct worker *w)
{
	struct buf *b = start(w, SSH_MSG_CHANNEL_REQUEST);

	fake_channels.finished = true;
	buf_text(b, "exit-status");
	buf_bool(b, false);
	buf_u32(b, 0);
	packet_send(w);
	start(w, SSH_MSG_CHANNEL_EOF);
	packet_send(w);
	start(w, SSH_MSG_CHANNEL_CLOSE);
	packet_send(w);
}

#define FULL 32768u

static void
put_u32(uint8_t *at, uint32_t value)
{
	for (int i = 3; i >= 0; i--, value >>= 8)
		at[i] = (uint8_t)value;
}

#define ROW 8

/* As bulk goes: several packets in a row. */
static bool
pump_row(struct worker *w)
{
	struct fake_channels *f = &fake_channels;
	struct iovec places[ROW];
	size_t count = f->to_send / FULL < ROW ? f->to_send / FULL : ROW;

	if (f->window / FULL < count)
		count = f->window / FULL;
	if (count > 1)
		count = packet_places(w, 9 + FULL, places, count);
	if (count < 2)
		return false;
	for (size_t i = 0; i < count; i++) {
		uint8_t *p = places[i].iov_base;

		p[0] = SSH_MSG_CHANNEL_DATA;
		put_u32(&p[1], f->peer);
		put_u32(&p[5], FULL);
		memset(&p[9], f->next++, FULL);
	}
	packets_commit(w, places, count);
	f->to_send -= count * FULL;
	f->window -= (uint32_t)(count * FULL);
	return true;
}

/* As much as goes; the pattern costs what a read() would. */
static void
pump(struct worker *w)
{
	struct fake_channels *f = &fake_channels;
	size_t room, n;
	uint8_t *p;

	while (f->sourcing && f->to_send > 0 && f->window > 0) {
		if (pump_row(w))
			continue;
		if ((p = packet_place(w, &room)) == NULL)
			return;
		n = room - 9 < FULL ? room - 9 : FULL;
		n = n < f->to_send ? n : f->to_send;
		n = n < f->window ? n : f->window;
		p[0] = SSH_MSG_CHANNEL_DATA;
		put_u32(&p[1], f->peer);
		put_u32(&p[5], (uint32_t)n);
		memset(&p[9], f->next, n);
		f->next++;
		f->to_send -= n;
		f->window -= (uint32_t)n;
		packet_commit(w, 9 + n);
	}
	if (f->sourcing && f->to_send == 0 && !f->finished)
		finish(w);
}

void
channels_start(struct worker *w, const struct msg_opened *settings)
{
	(void)settings;
	memset(&fake_channels, 0, sizeof(fake_channels));
	fake_channels.started = true;
	the.w = w;
	w->channels = &the;
	/* As hostkeys-00: sent before the client may know of its success. */
	struct buf *b = packet_start(w, SSH_MSG_GLOBAL_REQUEST);
	buf_text(b, "hostkeys-00@openssh.com");
	buf_bool(b, false);
	packet_send(w);
}

int
on_opened(struct worker *w, struct wall_message *m)
{
	channels_start(w, &m->opened);
	transport_opened(w, &m->opened);
	return 0;
}

void
channels_resume(struct worker *w)
{
	fake_channels.resumes++;
	pump(w);
}

void
channels_data_end(struct worker *w)
{
	(void)w;
}

void
channels_end(struct worker *w)
{
	w->channels = NULL;
}

int
global_request(struct worker *w, struct rd *r)
{
	size_t len;

	rd_string(r, 256, &len);
	fake_channels.requests++;
	if (rd_bool(r)) {
		packet_start(w, SSH_MSG_REQUEST_FAILURE);
		packet_send(w);
	}
	return r->err;
}

int
channel_open(struct worker *w, struct rd *r)
{
	size_t len;
	struct buf *b;

	rd_string(r, 256, &len);
	fake_channels.peer = rd_u32(r);
	fake_channels.window = rd_u32(r);
	fake_channels.finished = false;
	rd_u32(r);
	b = start(w, SSH_MSG_CHANNEL_OPEN_CONFIRMATION);
	buf_u32(b, 0);
	buf_u32(b, WINDOW);
	buf_u32(b, 32768);
	packet_send(w);
	return r->err;
}

int
channel_window_adjust(struct worker *w, struct rd *r)
{
	rd_u32(r);
	fake_channels.window += rd_u32(r);
	pump(w);
	return rd_end(r);
}

int
channel_data(struct worker *w, struct rd *r)
{
	size_t len;
	const uint8_t *data;
	struct buf *b;

	rd_u32(r);
	data = rd_string(r, SSH_PACKET_MAX, &len);
	fake_channels.received += len;
	the.unreported += (uint32_t)len;
	if (fake_channels.echoing && len > 0) {
		b = start(w, SSH_MSG_CHANNEL_DATA);
		buf_string(b, data, len);
		packet_send(w);
	}
	if (the.unreported > WINDOW / 4) {
		b = start(w, SSH_MSG_CHANNEL_WINDOW_ADJUST);
		buf_u32(b, the.unreported);
		packet_send(w);
		the.unreported = 0;
	}
	return rd_end(r);
}

int
channel_eof(struct worker *w, struct rd *r)
{
	(void)r;
	if (!fake_channels.sourcing && !fake_channels.finished)
		finish(w);
	return 0;
}

int
channel_request(struct worker *w, struct rd *r)
{
	char kind[64], command[256] = "";
	bool want;

	rd_u32(r);
	rd_text(r, kind, sizeof(kind));
	want = rd_bool(r);
	if (strcmp(kind, "exec") == 0)
		rd_text(r, command, sizeof(command));
	if (want) {
		start(w, SSH_MSG_CHANNEL_SUCCESS);
		packet_send(w);
	}
	fake_channels.requests++;
	fake_channels.echoing = strcmp(command, "echo") == 0;
	if (strncmp(command, "source ", 7) == 0) {
		fake_channels.sourcing = true;
		fake_channels.to_send = strtoull(&command[7], NULL, 10);
		pump(w);
	}
	return 0;
}

#define NOTHING(name)                            \
	int name(struct worker *w, struct rd *r) \
	{                                        \
		(void)w;                         \
		(void)r;                         \
		return 0;                        \
	}
NOTHING(request_success)
NOTHING(request_failure)
NOTHING(channel_open_confirmed)
NOTHING(channel_open_failed)
NOTHING(channel_extended_data)
NOTHING(channel_close)
NOTHING(channel_success)
NOTHING(channel_failure)

#define SILENT(name)                                       \
	int name(struct worker *w, struct wall_message *m) \
	{                                                  \
		(void)w;                                   \
		(void)m;                                   \
		return 0;                                  \
	}
SILENT(on_session_wall)
SILENT(on_granted)
SILENT(on_cancelled)
SILENT(on_refused)
SILENT(on_pty_made)
SILENT(on_recorded_pipes)
SILENT(on_listening)
SILENT(on_not_listening)
SILENT(on_hostkeys_proof)
SILENT(on_say)
