/*
 * A loop over epoll, timers and tasks, for any process.  Handles live in the
 * caller's own structures, so nothing is allocated per event; any handle may
 * be removed (and its structure freed) inside any callback.  Uses epoll_*,
 * and clock_gettime: fits in a sandbox.  After fork() the child makes a loop
 * of its own: an epoll descriptor is shared.
 */
#ifndef LIB_LOOP_H
#define LIB_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;

enum loop_event {
	LOOP_READ = 1,
	LOOP_WRITE = 2,
	/* Hang-up or error: told besides the interests of the handle; as an
	 * interest of its own, told even while neither of the others is on. */
	LOOP_HANGUP = 4,
	/* An interest of its own: nothing more can come, as one of the two
	 * ends is shut for that. */
	LOOP_SHUT = 8,
};

typedef void loop_fd_fn(int fd, unsigned events, void *arg);
typedef void loop_fn(void *arg);

/* All members are the loop's: zero them before the first use. */
struct loop_fd {
	struct loop *loop; /* NULL: not in a loop */
	int fd;
	unsigned wanted, armed;
	bool dirty;
	loop_fd_fn *fn;
	void *arg;
	struct loop_fd *next_dirty;
};

struct loop_timer {
	struct loop *loop; /* NULL: not running */
	uint64_t when; /* ms, CLOCK_MONOTONIC */
	size_t place;
	loop_fn *fn;
	void *arg;
};

struct loop_task {
	struct loop *loop; /* NULL: not waiting */
	loop_fn *fn;
	void *arg;
	struct loop_task *next;
};

/* NULL when epoll_create1 fails (errno). */
struct loop *loop_new(void);
/* Handles still inside must not be used again, not even removed. */
void loop_free(struct loop *l);

/*
 * Watch a descriptor, level triggered; interests 0 is allowed and costs
 * nothing.  0, E_UNSUPPORTED (a regular file), E_SYSTEM.  The handle must be
 * zero or removed.  The descriptor stays the caller's: remove, then close.
 */
int loop_fd_add(struct loop *l, struct loop_fd *h, int fd, unsigned interests,
    loop_fd_fn *fn, void *arg);
/* Changes reach the kernel once, before it is asked again. */
void loop_fd_set(struct loop_fd *h, unsigned interests);
void loop_fd_remove(struct loop_fd *h); /* harmless when not in a loop */

/* Call fn once, in ms from now; a running timer is moved.  Stop: harmless. */
void loop_timer_start(
    struct loop *l, struct loop_timer *t, uint64_t ms, loop_fn *fn, void *arg);
void loop_timer_stop(struct loop_timer *t);
bool loop_timer_running(const struct loop_timer *t);

/* Call fn once at the end of this turn (deferred there: of the next). */
void loop_defer(struct loop *l, struct loop_task *t, loop_fn *fn, void *arg);
void loop_defer_cancel(struct loop_task *t);

/*
 * Call fn at the end of every turn, behind the deferred tasks; one for a
 * loop, NULL takes it away.  What it defers runs in the next turn.
 */
void loop_at_end(struct loop *l, loop_fn *fn, void *arg);

/* Milliseconds of CLOCK_MONOTONIC; loop_now as of this turn's beginning. */
uint64_t loop_now(const struct loop *l);
uint64_t loop_clock(void);

/* One turn, waiting at most max_ms (-1: as long as it takes); 0 or E_SYSTEM. */
int loop_turn(struct loop *l, int max_ms);
/* Turns until loop_stop; 0 or E_SYSTEM. */
int loop_run(struct loop *l);
void loop_stop(struct loop *l);

#endif
