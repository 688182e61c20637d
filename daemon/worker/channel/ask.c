/*
 * Questions about a channel to the monitor.  Those that need a listener are
 * answered later than others, and a terminal has its modes when its answer was
 * read, so what the client asks after one of them is
 * kept here until its answer came: answers then come in the order of the
 * questions, and a program starts when all it was promised is there.
 */
#include "daemon/worker/channel/channel.h"

#include "lib/err.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/secret.h"

#include <stdlib.h>
#include <string.h>

#define LETTER_MAX  (192u * 1024)
#define LETTERS_MAX (512u * 1024) /* bytes kept for a channel */

/* A question that is kept. */
struct letter {
	STAILQ_ENTRY(letter) next;
	size_t len;
	uint8_t data[];
};

static bool
takes_long(enum wall_type type)
{
	return type == MSG_agent || type == MSG_x11 || type == MSG_pty;
}

static void
forget_first(struct channel *c)
{
	struct letter *l = STAILQ_FIRST(&c->letters);

	STAILQ_REMOVE_HEAD(&c->letters, next);
	c->letters_bytes -= l->len;
	wipe(l->data, l->len);
	free(l);
}

void
channel_letters_free(struct channel *c)
{
	while (!STAILQ_EMPTY(&c->letters))
		forget_first(c);
}

static int
keep(struct channel *c, const struct wall_message *m)
{
	struct letter *l;
	struct buf b;
	int err;

	buf_init(&b, LETTER_MAX);
	err = wall_encode(m, &b);
	if (err == 0 && c->letters_bytes + b.len > LETTERS_MAX)
		err = E_LIMIT;
	if (err == 0) {
		l = mem_alloc(sizeof(*l) + b.len);
		l->len = b.len;
		memcpy(l->data, b.data, b.len);
		c->letters_bytes += b.len;
		STAILQ_INSERT_TAIL(&c->letters, l, next);
	}
	buf_free(&b);
	return err;
}

int
channel_ask(struct channel *c, const struct wall_message *m)
{
	if (channel_asked(c, ASK_AGENT) || channel_asked(c, ASK_X11) ||
	    channel_asked(c, ASK_PTY))
		return keep(c, m);
	worker_tell(c->table->w, m);
	return 0;
}

/* An answer came: ask on, up to the next question that takes long. */
void
channel_ask_on(struct channel *c)
{
	struct wall_message m;
	struct letter *l;
	enum wall_type type;

	while ((l = STAILQ_FIRST(&c->letters)) != NULL) {
		if (wall_decode(l->data, l->len, &m) != 0) {
			forget_first(c);
			continue;
		}
		type = m.type;
		worker_tell(c->table->w, &m);
		forget_first(c);
		if (takes_long(type))
			return;
	}
}
