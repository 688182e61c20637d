/*
 * The event loop of master, monitor, worker and session.  What is removed in
 * the middle of a turn is struck from the events already fetched, so that a
 * callback may free any handle, its own included.
 */
#include "lib/loop.h"

#include "lib/err.h"
#include "lib/mem.h"

#include <sys/epoll.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TURN_EVENTS 64

struct loop {
	int epoll;
	bool stop;
	uint64_t now;
	struct loop_fd *dirty; /* interests the kernel does not know yet */
	struct loop_timer **heap; /* the soonest first */
	size_t timers, heap_room;
	struct loop_task *tasks, **tasks_end; /* for the end of this turn */
	struct loop_task *running; /* of this turn, not yet called */
	loop_fn *at_end;
	void *at_end_arg;
	struct epoll_event ready[TURN_EVENTS];
	int ready_count;
};

uint64_t
loop_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

uint64_t
loop_now(const struct loop *l)
{
	return l->now;
}

struct loop *
loop_new(void)
{
	struct loop *l = mem_zalloc(sizeof(*l));

	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0) {
		free(l);
		return NULL;
	}
	l->tasks_end = &l->tasks;
	l->now = loop_clock();
	return l;
}

void
loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	close(l->epoll);
	free(l->heap);
	free(l);
}

/* Tell the kernel what a handle wants now. */
static int
arm(struct loop_fd *h)
{
	struct epoll_event e = {.data.ptr = h};
	int op = h->armed == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;

	if (h->wanted == h->armed)
		return 0;
	if (h->wanted & LOOP_READ)
		e.events |= EPOLLIN;
	if (h->wanted & LOOP_WRITE)
		e.events |= EPOLLOUT;
	if (h->wanted & LOOP_SHUT)
		e.events |= EPOLLRDHUP;
	/* Without any interest a hang-up would wake us in each turn. */
	if (h->wanted == 0)
		op = EPOLL_CTL_DEL;
	if (epoll_ctl(h->loop->epoll, op, h->fd, &e) != 0)
		return errno == EPERM ? E_UNSUPPORTED : E_SYSTEM;
	h->armed = h->wanted;
	return 0;
}

int
loop_fd_add(struct loop *l, struct loop_fd *h, int fd, unsigned interests,
    loop_fd_fn *fn, void *arg)
{
	int err;

	memset(h, 0, sizeof(*h));
	h->loop = l;
	h->fd = fd;
	h->wanted = interests;
	h->fn = fn;
	h->arg = arg;
	if ((err = arm(h)) != 0)
		h->loop = NULL;
	return err;
}

void
loop_fd_set(struct loop_fd *h, unsigned interests)
{
	if (h->loop == NULL)
		return;
	h->wanted = interests;
	if (h->dirty || h->wanted == h->armed)
		return;
	h->dirty = true;
	h->next_dirty = h->loop->dirty;
	h->loop->dirty = h;
}

static void
forget_dirty(struct loop_fd *h)
{
	struct loop_fd **p = &h->loop->dirty;

	while (*p != NULL && *p != h)
		p = &(*p)->next_dirty;
	if (*p == h)
		*p = h->next_dirty;
	h->dirty = false;
}

void
loop_fd_remove(struct loop_fd *h)
{
	struct loop *l = h->loop;

	if (l == NULL)
		return;
	if (h->dirty)
		forget_dirty(h);
	h->wanted = 0;
	(void)arm(h); /* fails if the owner has closed it: gone as well */
	h->armed = 0;
	for (int i = 0; i < l->ready_count; i++)
		if (l->ready[i].data.ptr == h)
			l->ready[i].data.ptr = NULL;
	h->loop = NULL;
}

static int
arm_dirty(struct loop *l)
{
	struct loop_fd *h;
	int err;

	while ((h = l->dirty) != NULL) {
		l->dirty = h->next_dirty;
		h->dirty = false;
		if ((err = arm(h)) != 0)
			return err;
	}
	return 0;
}

static void
put_timer(struct loop *l, size_t place, struct loop_timer *t)
{
	l->heap[place] = t;
	t->place = place;
}

static void
sift_up(struct loop *l, size_t i, struct loop_timer *t)
{
	for (; i > 0 && l->heap[(i - 1) / 2]->when > t->when; i = (i - 1) / 2)
		put_timer(l, i, l->heap[(i - 1) / 2]);
	put_timer(l, i, t);
}

static void
sift_down(struct loop *l, size_t i, struct loop_timer *t)
{
	size_t child;

	while ((child = 2 * i + 1) < l->timers) {
		if (child + 1 < l->timers &&
		    l->heap[child + 1]->when < l->heap[child]->when)
			child++;
		if (l->heap[child]->when >= t->when)
			break;
		put_timer(l, i, l->heap[child]);
		i = child;
	}
	put_timer(l, i, t);
}

void
loop_timer_stop(struct loop_timer *t)
{
	struct loop *l = t->loop;
	struct loop_timer *last;
	size_t place = t->place;

	if (l == NULL)
		return;
	t->loop = NULL;
	last = l->heap[--l->timers];
	if (last == t)
		return;
	if (place > 0 && l->heap[(place - 1) / 2]->when > last->when)
		sift_up(l, place, last);
	else
		sift_down(l, place, last);
}

void
loop_timer_start(
    struct loop *l, struct loop_timer *t, uint64_t ms, loop_fn *fn, void *arg)
{
	uint64_t now = loop_clock();

	loop_timer_stop(t);
	t->loop = l;
	t->when = ms > UINT64_MAX - now ? UINT64_MAX : now + ms;
	t->fn = fn;
	t->arg = arg;
	if (l->timers == l->heap_room) {
		l->heap_room = l->heap_room == 0 ? 16 : l->heap_room * 2;
		l->heap = mem_grow(l->heap, l->heap_room, sizeof(*l->heap));
	}
	sift_up(l, l->timers++, t);
}

bool
loop_timer_running(const struct loop_timer *t)
{
	return t->loop != NULL;
}

/* Runs the timers that are due; at most as many as there were when the turn
 * began, so that a timer that restarts itself cannot run for ever. */
static void
run_timers(struct loop *l)
{
	size_t most = l->timers;
	struct loop_timer *t;

	while (most-- > 0 && l->timers > 0 && l->heap[0]->when <= l->now) {
		t = l->heap[0];
		loop_timer_stop(t);
		t->fn(t->arg);
	}
}

void
loop_defer(struct loop *l, struct loop_task *t, loop_fn *fn, void *arg)
{
	if (t->loop != NULL)
		loop_defer_cancel(t);
	t->loop = l;
	t->fn = fn;
	t->arg = arg;
	t->next = NULL;
	*l->tasks_end = t;
	l->tasks_end = &t->next;
}

static bool
unlink_task(struct loop_task **list, struct loop_task *t)
{
	while (*list != NULL && *list != t)
		list = &(*list)->next;
	if (*list != t)
		return false;
	*list = t->next;
	return true;
}

void
loop_defer_cancel(struct loop_task *t)
{
	struct loop *l = t->loop;

	if (l == NULL)
		return;
	if (!unlink_task(&l->running, t) && unlink_task(&l->tasks, t)) {
		l->tasks_end = &l->tasks;
		while (*l->tasks_end != NULL)
			l->tasks_end = &(*l->tasks_end)->next;
	}
	t->loop = NULL;
}

static void
run_tasks(struct loop *l)
{
	struct loop_task *t;

	l->running = l->tasks;
	l->tasks = NULL;
	l->tasks_end = &l->tasks;
	while ((t = l->running) != NULL) {
		l->running = t->next;
		t->loop = NULL;
		t->fn(t->arg);
	}
}

static void
run_ready(struct loop *l)
{
	struct loop_fd *h;
	unsigned events;
	uint32_t e;

	for (int i = 0; i < l->ready_count; i++) {
		h = l->ready[i].data.ptr;
		e = l->ready[i].events;
		if (h == NULL)
			continue;
		events = 0;
		if (e & EPOLLIN)
			events |= LOOP_READ;
		if (e & EPOLLOUT)
			events |= LOOP_WRITE;
		if (e & EPOLLRDHUP)
			events |= LOOP_SHUT;
		/* The callback's read or write reports the error. */
		if (e & (EPOLLHUP | EPOLLERR))
			events |= LOOP_HANGUP | LOOP_READ | LOOP_WRITE;
		/* Interests may have changed since the kernel was asked. */
		events &= h->wanted | LOOP_HANGUP;
		if (events != 0 && h->wanted != 0)
			h->fn(h->fd, events, h->arg);
	}
	l->ready_count = 0;
}

static int
wait_ms(const struct loop *l, int max_ms)
{
	uint64_t now = loop_clock(), left;

	if (l->tasks != NULL || max_ms == 0)
		return 0;
	if (l->timers == 0)
		return max_ms;
	if (l->heap[0]->when <= now)
		return 0;
	left = l->heap[0]->when - now;
	if (max_ms >= 0 && left > (uint64_t)max_ms)
		return max_ms;
	return left > INT_MAX ? INT_MAX : (int)left;
}

void
loop_at_end(struct loop *l, loop_fn *fn, void *arg)
{
	l->at_end = fn;
	l->at_end_arg = arg;
}

int
loop_turn(struct loop *l, int max_ms)
{
	int err, n;

	if ((err = arm_dirty(l)) != 0)
		return E_SYSTEM;
	n = epoll_wait(l->epoll, l->ready, TURN_EVENTS, wait_ms(l, max_ms));
	if (n < 0 && errno != EINTR)
		return E_SYSTEM;
	l->ready_count = n < 0 ? 0 : n;
	l->now = loop_clock();
	run_ready(l);
	run_timers(l);
	run_tasks(l);
	if (l->at_end != NULL)
		l->at_end(l->at_end_arg);
	return 0;
}

int
loop_run(struct loop *l)
{
	int err = 0;

	l->stop = false;
	while (!l->stop && err == 0)
		err = loop_turn(l, -1);
	return err;
}

void
loop_stop(struct loop *l)
{
	l->stop = true;
}
