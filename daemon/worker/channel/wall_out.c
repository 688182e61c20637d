/*
 * Messages to the monitor.  It may be busy in a module for seconds while the
 * client goes on asking: what its queue does not take is kept here in order,
 * and a client that asks more than can be kept is sent away.
 */
#include "daemon/worker/channel/channel.h"

#include "lib/err.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/secret.h"

#include <stdlib.h>
#include <string.h>

#define LETTERS_MAX  (4u * 1024 * 1024) /* bytes kept */
#define LETTER_MAX   (192u * 1024)
#define RETRY	     2 /* ms */

static void
keep(struct channels *t, const struct wall_message *m)
{
	struct letter *l;
	struct buf b;

	buf_init(&b, LETTER_MAX);
	if (wall_encode(m, &b) != 0) {
		log_error("%s cannot be sent", wall_name(m->type));
	} else if (t->letters_bytes + b.len > LETTERS_MAX && !t->ending) {
		worker_disconnect(t->w, BYE_PROTOCOL_ERROR,
		    SSH_DISCONNECT_BY_APPLICATION, "too many requests");
	} else {
		l = mem_alloc(sizeof(*l) + b.len);
		l->len = b.len;
		memcpy(l->data, b.data, b.len);
		t->letters_bytes += sizeof(*l) + b.len;
		STAILQ_INSERT_TAIL(&t->letters, l, next);
	}
	buf_free(&b);
}

static void
forget_first(struct channels *t)
{
	struct letter *l = STAILQ_FIRST(&t->letters);

	STAILQ_REMOVE_HEAD(&t->letters, next);
	t->letters_bytes -= sizeof(*l) + l->len;
	wipe(l->data, l->len);
	free(l);
}

static void
send_letters(void *arg)
{
	struct channels *t = arg;
	struct wall_message m;
	struct letter *l;
	int err;

	while ((l = STAILQ_FIRST(&t->letters)) != NULL) {
		if ((err = wall_decode(l->data, l->len, &m)) == 0)
			err = wall_send(&t->w->monitor, &m);
		if (err == E_AGAIN) {
			loop_timer_start(t->w->loop, &t->letters_timer, RETRY,
			    send_letters, t);
			return;
		}
		forget_first(t); /* a lost monitor is noticed by its reader */
	}
}

void
channels_tell(struct channels *t, const struct wall_message *m)
{
	int err = E_AGAIN;

	if (STAILQ_EMPTY(&t->letters))
		err = wall_send(&t->w->monitor, m);
	if (err == E_AGAIN) {
		keep(t, m);
		if (!t->ending && !loop_timer_running(&t->letters_timer))
			loop_timer_start(t->w->loop, &t->letters_timer, RETRY,
			    send_letters, t);
	} else if (err != 0 && err != E_CLOSED) {
		log_error("%s to the monitor: %s", wall_name(m->type),
		    err_text(err));
	}
}

/* At the end: once more, then what the monitor did not take is lost. */
void
channels_letters_free(struct channels *t)
{
	send_letters(t);
	loop_timer_stop(&t->letters_timer);
	while (!STAILQ_EMPTY(&t->letters))
		forget_first(t);
}
