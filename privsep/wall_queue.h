/*
 * Queue of messages that a wall's socket does not take at once: they are kept
 * in order, so that no send blocks a process and no message is lost.  For every
 * process.
 *
 * The owner of a wall sends with wall_send(), flushes when the socket takes
 * more, and while wall_queue_full() does not read from the peers whose messages
 * cause those that it sends.  The memory is bounded by that, and by
 * WALL_QUEUE_MAX for a process that fails to do so.
 */
#ifndef PRIVSEP_WALL_QUEUE_H
#define PRIVSEP_WALL_QUEUE_H

#include "privsep/wall.h"

/* Bytes, bookkeeping included: when causes are not read, and the most. */
#define WALL_QUEUE_FULL (64 * 1024)
#define WALL_QUEUE_MAX	(2 * 1024 * 1024)
/* Descriptors that wait with their messages: the same. */
#define WALL_QUEUE_FULL_FDS 32
#define WALL_QUEUE_MAX_FDS  256
/* A peer that takes nothing for so long does not answer (ms). */
#define WALL_PATIENCE_MS 10000

struct loop_fd;

/*
 * For wall_send(): send now, or keep the bytes and duplicates of the
 * descriptors.  0; E_CLOSED; E_LIMIT beyond the most; E_SYSTEM.
 */
int wall_queue_put(
    struct wall *w, const struct buf *b, const int *fds, unsigned count);

/* Send what waits, as far as the socket takes it; 0, E_CLOSED or E_SYSTEM:
 * then the queue is empty, as nobody will read it. */
int wall_queue_flush(struct wall *w);

bool wall_queue_waiting(const struct wall *w);
bool wall_queue_full(const struct wall *w);

/*
 * The time (ms, loop_clock()) at which the peer's patience ends if it takes
 * nothing until then; UINT64_MAX while nothing waits.
 */
uint64_t wall_queue_deadline(const struct wall *w);

/* Wait until nothing waits, ms at most (-1: for ever): for a process that
 * ends, or that serves one peer alone.  0, E_AGAIN, E_CLOSED, E_SYSTEM. */
int wall_queue_drain(struct wall *w, int ms);

/*
 * In a process with a loop: LOOP_WRITE is added to the handle of this wall
 * while something waits; its callback calls wall_queue_flush().
 */
void wall_queue_watch(struct wall *w, struct loop_fd *handle);
/* Read from this wall, or not for now; keeps LOOP_WRITE as it is. */
void wall_queue_read(struct wall *w, bool on);

void wall_queue_free(struct wall *w);

#endif
