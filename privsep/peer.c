/*
 * Receiving from a peer: the loop, the wait for an answer, and the door.
 * Linked into every process; trusts neither side.
 */
#include "privsep/peer.h"

#include "privsep/wall_queue.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static void
tell(const struct peer *p, void *context, enum wall_type type, int err)
{
	if (p->broke != NULL)
		p->broke(context, type, err);
}

int
peer_take(
    const struct peer *p, struct wall *w, void *context, struct wall_message *m)
{
	enum wall_type type;
	int err = wall_receive(w, m);

	if (err != 0) {
		if (err != E_AGAIN && err != E_CLOSED)
			tell(p, context, MSG_nothing, err);
		return err;
	}
	type = m->type;
	if (p->judge == NULL || (err = p->judge(context, m)) == 0)
		return 0;
	wall_done(w, m);
	if (err != E_AGAIN)
		tell(p, context, type, err);
	return err;
}

int
peer_handle(
    const struct peer *p, struct wall *w, void *context, struct wall_message *m)
{
	enum wall_type type = m->type;
	int err = p->handle(context, m);

	wall_done(w, m);
	if (err != 0)
		tell(p, context, type, err);
	return err;
}

int
peer_read(const struct peer *p, struct wall *w, void *context)
{
	enum wall_type last = MSG_nothing;
	struct wall_message m;
	unsigned left = p->turn == 0 ? 1 : p->turn;
	int err = 0;

	while (err == 0 && left-- > 0) {
		if (p->more != NULL && !p->more(context, last))
			return 0;
		if ((err = peer_take(p, w, context, &m)) != 0)
			break;
		last = m.type;
		err = peer_handle(p, w, context, &m);
	}
	return err;
}

void
peer_keep(struct wall_message *to, struct wall_message *from)
{
	*to = *from;
	memset(from, 0, sizeof(*from));
	for (size_t i = 0; i < WALL_FDS_MAX; i++)
		from->fds[i] = -1;
}

static int
await(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int n;

	do
		n = poll(&p, 1, ms);
	while (n < 0 && errno == EINTR);
	return n == 0 ? E_TIMEOUT : n < 0 ? E_SYSTEM : 0;
}

int
peer_answer(struct wall *w, enum wall_type question, int ms,
    struct wall_message *answer)
{
	int err = ms < 0 ? 0 : await(w->fd, ms);

	if (err == 0)
		err = wall_receive(w, answer);
	if (err != 0 || answer->type == wall_answer(question))
		return err;
	wall_done(w, answer);
	return E_FORMAT;
}

int
peer_consult(int door, int end, int ms)
{
	struct wall w;
	int own = dup(door), err;

	if (own < 0)
		return E_SYSTEM;
	wall_init(&w, own, PATH_MONITORS_DOOR, PATH_MONITORS_DOOR);
	err = WALL_SEND_FD(&w, end, consult);
	if (err == 0)
		err = wall_queue_drain(&w, ms);
	wall_free(&w);
	return err == E_AGAIN ? E_TIMEOUT : err;
}
