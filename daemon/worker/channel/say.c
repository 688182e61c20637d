/*
 * Texts of ours to the client: on a terminal each line break is CR LF, else
 * they go to standard error.  A text for which the client has left no room
 * waits for its window, before the program's output and the channel's end.
 */
#include "daemon/worker/channel/channel.h"

#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

#define HELD_MAX 8192 /* bytes of a channel's texts that wait */

static bool
takes_text(const struct channel *c)
{
	return c->state == CHANNEL_OPEN && !c->eof_sent && !c->close_sent &&
	    !c->close_received;
}

static void
send_piece(struct channel *c, const uint8_t *data, uint32_t len)
{
	struct buf *b = packet_start(c->table->w,
	    c->pty ? SSH_MSG_CHANNEL_DATA : SSH_MSG_CHANNEL_EXTENDED_DATA);

	buf_u32(b, c->peer);
	if (!c->pty)
		buf_u32(b, SSH_EXTENDED_DATA_STDERR);
	buf_string(b, data, len);
	packet_send(c->table->w);
	c->peer_window -= len;
	c->bytes_out += len;
}

bool
channel_says(const struct channel *c)
{
	return c->held.len != 0;
}

void
channel_say_nothing(struct channel *c)
{
	buf_free(&c->held);
}

/* A text waits only where the window is empty, and so no output of the
 * program's can come between its pieces. */
void
channel_say_on(struct channel *c)
{
	size_t at = 0;

	if (!takes_text(c)) {
		channel_say_nothing(c);
		return;
	}
	while (at < c->held.len && c->peer_window != 0 && c->peer_packet != 0) {
		size_t len = c->held.len - at;

		if (len > c->peer_window)
			len = c->peer_window;
		if (len > c->peer_packet)
			len = c->peer_packet;
		send_piece(c, &c->held.data[at], (uint32_t)len);
		at += len;
	}
	if (at == c->held.len)
		channel_say_nothing(c);
	else
		buf_consume(&c->held, at);
}

static size_t
text_length(const char *text)
{
	size_t len = 0;

	for (const char *p = text; *p != '\0'; p++)
		len += *p == '\n' ? 2 : 1;
	return len;
}

void
channel_say(struct channel *c, const char *text)
{
	/* A client with so much waiting does not read. */
	if (!takes_text(c) || c->held.len + text_length(text) > HELD_MAX)
		return;
	if (c->held.len == 0)
		buf_init(&c->held, HELD_MAX);
	for (const char *p = text; *p != '\0'; p++) {
		if (c->pty && *p == '\n' && (p == text || p[-1] != '\r'))
			buf_u8(&c->held, '\r');
		buf_u8(&c->held, (uint8_t)*p);
	}
	channel_say_on(c);
}

void
channel_remark(struct channel *c, const char *text)
{
	size_t len = text_length(text);

	if (len <= c->peer_window && len <= c->peer_packet)
		channel_say(c, text);
}

void
channel_say_line(struct channel *c, const char *text)
{
	size_t len = strlen(text);
	char *line;

	if (len == 0)
		return;
	line = mem_printf("%s%s", text, text[len - 1] == '\n' ? "" : "\n");
	channel_say(c, line);
	free(line);
}
