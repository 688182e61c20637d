/*
 * A worker without a network: what the channel layer sends is kept in a
 * list, what it asks of the monitor comes out of a real wall, and the test
 * plays client, monitor and session.
 */
#ifndef TESTS_UNIT_CHANNEL_FAKE_H
#define TESTS_UNIT_CHANNEL_FAKE_H

#include "daemon/worker/channel/channel.h"
#include "daemon/worker/worker.h"

#include <stdarg.h>

struct sent {
	uint8_t *data;
	size_t len;
};

struct fake {
	struct worker w;
	struct wall monitor; /* the monitor's side */
	struct wall session; /* the session's side, fd -1 before fake_session */
	struct sent *sent;
	size_t n_sent, at; /* at: the next one a test looks at */
	size_t queued; /* bytes the kernel has not taken */
	unsigned rows; /* packets_commit() of more than one */
	size_t queue_max; /* packet_place() has no room above it */
	size_t placed_max; /* the most that was ever queued */
	size_t unflushed, unflushed_max; /* since the last packet_flush() */
	bool keep_queued; /* nothing leaves until fake_drain() */
	bool forget; /* count, but do not keep */
	uint64_t total_out, silence, heard_at; /* heard_at: silence since */
	bool interactive, disconnected;
	uint32_t disconnect_reason;
	uint32_t rtt;
	bool waits; /* transport_wait() */
	unsigned awaited; /* packet_await_room() */
	unsigned waited; /* how often */
	bool stay; /* payloads of data do, until fake_data_end() */
	unsigned untold; /* messages the monitor's queue did not take */
	uint64_t hidden; /* ms of stalls, which the loop's clock left out */
	uint64_t clock; /* ms: its last reading */
};
extern struct fake fake;

/* A login with these settings; texts may be NULL. */
void fake_start(const struct msg_opened *settings);
void fake_start_plain(void);
void fake_end(void);
/* A socketpair whose other end the worker has got by session_wall. */
void fake_session(void);

/* Turns of the loop until nothing is ready, each waiting at most ms. */
void fake_turn(void);
void fake_wait(int ms);

/*
 * A packet of the client: fields by letter: u (uint32_t), b (int as bool),
 * s (const char *, as string), S (const void *, size_t: a string of bytes).
 * Returns what the handler returned.
 */
int fake_packet(uint8_t number, const char *fields, ...);

/* All data packets of one read are through. */
void fake_data_end(void);

/* The next packet that was sent: its number must be this. */
struct rd fake_expect(uint8_t number);
/* No further packet was sent. */
void fake_expect_nothing(void);
/* Number of the next packet, 0 when there is none. */
uint8_t fake_next(void);

/* The next message to the monitor, of this type; valid until the next. */
struct wall_message *fake_asked(enum wall_type type);
void fake_asked_nothing(void);

/* The monitor's answers. */
void fake_granted(uint32_t channel);
void fake_refused(uint32_t channel, uint32_t reason, const char *text);

/* A confirmed session channel of the client's number; ours. */
uint32_t fake_open_session(uint32_t peer);
/* exec on it, granted, with pipes: the program's ends. */
void fake_exec(uint32_t channel, int program[3]);
/* A direct-tcpip channel that stands; its far end. */
uint32_t fake_direct(uint32_t peer, int *far);

#endif
