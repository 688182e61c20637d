/*
 * The messages of a wall that its socket has not taken yet.  Linked into
 * every process; what it keeps is the process's own.
 */
#include "privsep/wall_queue.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/fd.h"
#include "lib/loop.h"
#include "lib/mem.h"

#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct wall_queued {
	struct wall_queued *next;
	size_t len;
	int fds[WALL_FDS_MAX]; /* duplicates, closed once sent */
	unsigned count;
	uint8_t data[];
};

static int
send_now(int fd, const void *data, size_t len, const int *fds, unsigned count)
{
	ssize_t n;

	do
		n = fd_send(fd, data, len, fds, count, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return 0;
	/* ETOOMANYREFS: descriptors in flight are over the user's limit, and
	 * fewer once their receivers have taken them. */
	if (errno == EAGAIN || errno == ETOOMANYREFS || errno == ENOBUFS)
		return E_AGAIN;
	return errno == EPIPE || errno == ECONNRESET ? E_CLOSED : E_SYSTEM;
}

/* Is there anything to be told of by the loop? */
static void
set_interest(struct wall *w)
{
	struct loop_fd *h = w->handle;

	if (h == NULL || h->loop == NULL)
		return;
	loop_fd_set(h,
	    (h->wanted & ~(unsigned)LOOP_WRITE) |
		(w->first != NULL ? LOOP_WRITE : 0));
}

static void
forget(struct wall *w)
{
	struct wall_queued *q = w->first;

	w->first = q->next;
	if (w->first == NULL)
		w->last = NULL;
	w->queued -= sizeof(*q) + q->len;
	w->queued_fds -= q->count;
	for (unsigned i = 0; i < q->count; i++)
		close(q->fds[i]);
	explicit_bzero(q->data, q->len);
	free(q);
}

/* The caller may close its descriptors when it has told of them. */
static int
duplicate(struct wall_queued *q, const int *fds, unsigned count)
{
	for (; q->count < count; q->count++) {
		q->fds[q->count] = fcntl(fds[q->count], F_DUPFD_CLOEXEC, 3);
		if (q->fds[q->count] >= 0)
			continue;
		while (q->count > 0)
			close(q->fds[--q->count]);
		return E_SYSTEM;
	}
	return 0;
}

static int
keep(struct wall *w, const struct buf *b, const int *fds, unsigned count)
{
	struct wall_queued *q;

	if (w->queued + sizeof(*q) + b->len > WALL_QUEUE_MAX ||
	    w->queued_fds + count > WALL_QUEUE_MAX_FDS)
		return E_LIMIT;
	q = mem_alloc(sizeof(*q) + b->len);
	q->next = NULL;
	q->count = 0;
	if (duplicate(q, fds, count) != 0) {
		free(q);
		return E_SYSTEM;
	}
	q->len = b->len;
	memcpy(q->data, b->data, b->len);
	if (w->first == NULL) {
		w->first = q;
		w->moved_at = loop_clock();
	} else {
		w->last->next = q;
	}
	w->last = q;
	w->queued += sizeof(*q) + q->len;
	w->queued_fds += count;
	set_interest(w);
	return 0;
}

int
wall_queue_put(
    struct wall *w, const struct buf *b, const int *fds, unsigned count)
{
	int err = E_AGAIN;

	if (w->first == NULL)
		err = send_now(w->fd, b->data, b->len, fds, count);
	return err == E_AGAIN ? keep(w, b, fds, count) : err;
}

int
wall_queue_flush(struct wall *w)
{
	int err = 0;

	while (w->first != NULL) {
		const struct wall_queued *q = w->first;

		err = send_now(w->fd, q->data, q->len, q->fds, q->count);
		if (err == E_AGAIN)
			break;
		if (err != 0) {
			wall_queue_free(w);
			break;
		}
		forget(w);
		w->moved_at = loop_clock();
	}
	set_interest(w);
	return err == E_AGAIN ? 0 : err;
}

bool
wall_queue_waiting(const struct wall *w)
{
	return w->first != NULL;
}

bool
wall_queue_full(const struct wall *w)
{
	return w->queued >= WALL_QUEUE_FULL ||
	    w->queued_fds >= WALL_QUEUE_FULL_FDS;
}

uint64_t
wall_queue_deadline(const struct wall *w)
{
	return w->first == NULL ? UINT64_MAX : w->moved_at + WALL_PATIENCE_MS;
}

int
wall_queue_drain(struct wall *w, int ms)
{
	uint64_t now = loop_clock(), until = now + (uint64_t)(ms < 0 ? 0 : ms);
	int err = wall_queue_flush(w);

	while (err == 0 && w->first != NULL) {
		struct pollfd p = {.fd = w->fd, .events = POLLOUT};

		now = loop_clock();
		if (ms >= 0 && now >= until)
			return E_AGAIN;
		if (poll(&p, 1, ms < 0 ? -1 : (int)(until - now)) < 0 &&
		    errno != EINTR)
			return E_SYSTEM;
		err = wall_queue_flush(w);
	}
	return err;
}

void
wall_queue_watch(struct wall *w, struct loop_fd *handle)
{
	w->handle = handle;
	set_interest(w);
}

void
wall_queue_read(struct wall *w, bool on)
{
	if (w->handle != NULL && w->handle->loop != NULL)
		loop_fd_set(w->handle,
		    (on ? LOOP_READ : 0) | (w->first != NULL ? LOOP_WRITE : 0));
}

void
wall_queue_free(struct wall *w)
{
	while (w->first != NULL)
		forget(w);
	set_interest(w);
}
