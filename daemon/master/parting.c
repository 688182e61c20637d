/*
 * Clients that come while the server drains are told so: a DISCONNECT right
 * after the identification line, which clients show to their users.  The
 * descriptor stays open a moment, as what the client sends meanwhile would
 * make TCP throw the words away.
 */
#include "daemon/master/master.h"

#include "lib/buf.h"
#include "lib/log.h"
#include "lib/ssh/ssh2.h"

#include <sys/socket.h>

#include <string.h>
#include <unistd.h>

#define PARTING_MS 2000
#define PADDING	   8 /* RFC 4253 section 6: a multiple of 8, 4 at least */

static void
close_all(void *arg)
{
	struct master *m = arg;

	for (size_t i = 0; i < PARTING_MAX; i++) {
		if (m->parting[i] > 0)
			close(m->parting[i]);
		m->parting[i] = 0;
	}
}

/* The identification alone, without the rest of the greeting. */
static size_t
identification(const struct master *m)
{
	const struct bytes *g = &m->current->greetings[0].text;
	const uint8_t *end = g->len == 0 ? NULL : memchr(g->data, '\n', g->len);

	return end == NULL ? 0 : (size_t)(end - g->data) + 1;
}

void
parting_tell(struct master *m, int fd)
{
	static const uint8_t padding[2 * PADDING];
	static const char text[] = "this server is being taken out of service "
				   "and takes no new connections";
	size_t line = identification(m), payload, pad;
	struct buf b;

	payload = 1 + 4 + 4 + sizeof(text) - 1 + 4;
	pad = 2 * PADDING - (4 + 1 + payload) % PADDING;
	buf_init(&b, SSH_PACKET_MAX);
	buf_bytes(&b, m->current->greetings[0].text.data, line);
	buf_u32(&b, (uint32_t)(1 + payload + pad));
	buf_u8(&b, (uint8_t)pad);
	buf_u8(&b, SSH_MSG_DISCONNECT);
	buf_u32(&b, SSH_DISCONNECT_BY_APPLICATION);
	buf_text(&b, text);
	buf_text(&b, "");
	buf_bytes(&b, padding, pad);
	if (line == 0 || buf_end(&b) != 0 ||
	    send(fd, b.data, b.len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ||
	    shutdown(fd, SHUT_WR) != 0) {
		log_debug("a client was not told of the draining");
		close(fd);
	} else {
		if (m->parting[m->parting_next] > 0)
			close(m->parting[m->parting_next]);
		m->parting[m->parting_next] = fd;
		m->parting_next = (m->parting_next + 1) % PARTING_MAX;
		loop_timer_start(
		    m->loop, &m->parting_timer, PARTING_MS, close_all, m);
	}
	buf_free(&b);
}
