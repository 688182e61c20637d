/*
 * Shared by the files of daemon/recorder/.  The recorder stands between the
 * program of one channel, which belongs to its user, and the worker, which
 * talks to the network: it trusts neither, and reads their bytes only to write
 * them down.
 */
#ifndef DAEMON_RECORDER_RECORDER_H
#define DAEMON_RECORDER_RECORDER_H

#include "daemon/recorder/cast.h"
#include "lib/loop.h"
#include "privsep/peer.h"

/* Bytes that are on their way in one direction: they are read four times, by
 * the escape, the hash and two writes, and 128 KiB cost 12 % more than these.
 */
#define LEG_BUFFER (64 * 1024)

struct recorder;

/* A descriptor, and what its legs want of it. */
struct end {
	struct recorder *r;
	int fd; /* -1: closed, or there is none */
	struct loop_fd handle;
};

/* One direction of one stream. */
struct leg {
	struct end *from, *to; /* NULL: there is no such stream */
	enum cast_stream stream;
	uint8_t *data;
	size_t at, len; /* what `to` has not taken yet */
	bool over; /* nothing more comes, or nobody takes it */
};

struct recorder {
	struct loop *loop;
	struct wall monitor;
	struct loop_fd monitor_handle;
	/* Kept, as their texts are used after record_go. */
	struct wall_message begin, file;
	struct cast cast;
	struct loop_timer block_timer, linger, grace;
	/* A terminal has two ends, its stream to the worker being one. */
	struct end ends[6];
	struct leg output, error, input;
	bool terminal, records_input, required;
	bool going; /* record_go has come */
	uint64_t hidden, hidden_told;
	bool moved; /* since the last look of linger */
	bool told; /* the monitor, that nothing more is recorded */
	bool halted; /* then, where it is required */
	bool ended; /* the program has: status or signal */
	bool end_marked, closed, over;
	uint32_t status;
	char signal[32 + 1];
};

/* legs.c: may end, or halt, the recording. */
void legs_begin(struct recorder *r);
/* Interests in the loop, after anything that changes them. */
void legs_watch(struct recorder *r);
/* Nobody takes the output: what the program has written is recorded, and its
 * descriptors are closed. */
void legs_hang_up(struct recorder *r);
/* The program's side is closed at once; the worker's stays. */
void legs_halt(struct recorder *r);
bool legs_over(const struct recorder *r);
/* The output of a terminal ends, though somebody still has it open. */
void legs_end_output(struct recorder *r);

/* Writes recorded bytes to the file; tells the monitor if that fails.  True:
 * the bytes may be passed on. */
bool legs_flush(struct recorder *r);
/* Bytes typed while the terminal did not echo go into a mark. */
void legs_tell_hidden(struct recorder *r);

/* recorder.c: a recorder of nothing yet, with this wall. */
void recorder_init(struct recorder *r, int monitor);
/* As root: its orders up to record_go. */
void recorder_hear(struct recorder *r);
/* As itself: record, to the end. */
void recorder_run(struct recorder *r) __attribute__((noreturn));

/* orders.c has those up to record_go, recorder.c the others. */
#define PEER_CONTEXT struct recorder
WALL_MONITOR_RECORDER(PEER_DECLARE)

#endif
