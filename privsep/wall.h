/*
 * The wall: sends and receives the messages of privsep/messages.h over
 * SOCK_SEQPACKET socketpairs, with their descriptors, and refuses whatever
 * the table does not allow.  For every process.
 */
#ifndef PRIVSEP_WALL_H
#define PRIVSEP_WALL_H

#include "lib/log.h"
#include "lib/proxy_header.h"
#include "lib/ssh/sftp_event.h"
#include "privsep/messages.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Monitor states (DESIGN section 1); monitor/states.c alone moves them. */
enum monitor_state {
	STATE_KEX,
	STATE_AUTH,
	STATE_ASKING,
	STATE_CHANGING,
	STATE_OPENING,
	STATE_OPEN,
	STATE_CLOSING,
	STATE_COUNT
};
#define IN(state) (1u << STATE_##state)
#define ANY_STATE (~0u)

/* Values of the fields that are a choice; the last one counts them. */
enum auth_result {
	AUTH_FAILURE,
	AUTH_PARTIAL,
	AUTH_SUCCESS,
	AUTH_RESULT_COUNT
};
enum start_kind { START_SHELL, START_EXEC, START_SUBSYSTEM, START_KIND_COUNT };
/* The first line of what RUN_SELFTEST says. */
#define SELFTEST_HEAD "sallyport-selftest 1"
enum run_kind {
	RUN_SHELL,
	RUN_COMMAND,
	RUN_SFTP,
	RUN_SELFTEST, /* the report of a self-test, in place of any program */
	RUN_KIND_COUNT
};
enum incoming_kind {
	INCOMING_TCP,
	INCOMING_UNIX,
	INCOMING_AGENT,
	INCOMING_X11,
	INCOMING_KIND_COUNT
};
enum ticket_state {
	TICKET_FAILED,
	TICKET_GOES_ON,
	TICKET_DONE,
	TICKET_STATE_COUNT
};
/* The purpose for which a generation is prepared. */
enum prepare_purpose {
	PREPARE_SERVE,
	PREPARE_REHEARSE,
	PREPARE_TEST,
	PREPARE_PRINT, /* as a test, without the policy's own tests */
	PREPARE_PURPOSE_COUNT
};
enum bye_cause {
	BYE_PEER_CLOSED, /* the peer's end of file */
	BYE_PEER_DISCONNECTED, /* the peer's SSH_MSG_DISCONNECT */
	BYE_PROTOCOL_ERROR, /* the peer broke a rule; we sent ours */
	BYE_NEGOTIATION_FAILED,
	BYE_TIMEOUT, /* of a key exchange */
	BYE_ORDERED, /* the monitor's `disconnect` */
	BYE_FINISHED, /* -i: input ended */
	BYE_PEER_RESET, /* the peer's reset, or nothing more is taken */
	BYE_FAILED, /* ours: a queue or a cipher */
	BYE_IDLE, /* idle_timeout */
	BYE_UNUSED, /* unused_timeout */
	BYE_SILENT, /* keepalives unanswered */
	BYE_CAUSE_COUNT
};
/* How a monitor exits, for the master's penalties. */
enum monitor_exit {
	EXIT_DONE = 0, /* after a login */
	EXIT_NO_AUTH = 3, /* left without trying */
	EXIT_AUTH_FAILED = 4, /* tried and failed */
	EXIT_INVALID_USER = 5, /* tried as somebody who is not */
	EXIT_REFUSED = 6, /* policy refuses the source */
	EXIT_VIOLATION = 7, /* the worker broke the wall's rules */
	EXIT_PROTOCOL = 8, /* the peer broke the protocol's rules */
	EXIT_FAILED = 9, /* our own failure */
	EXIT_ACCOUNT = 10, /* the proof was right, the account may not log in */
	EXIT_OUTAGE = 11, /* tried, and a module could not tell */
	EXIT_SILENT = 12, /* after a login; its worker waits for the client */
	EXIT_HEALTH = 13 /* a health check that left before a key exchange */
};

/* A judge's verdict on an open connection. */
enum judge_verdict {
	JUDGED_UNKNOWN, /* a fact could not be learnt: it stays as it is */
	JUDGED_ALLOWED,
	JUDGED_REFUSED
};

struct bytes {
	const uint8_t *data;
	size_t len;
};

/* enum wall_type: MSG_kex, ... */
#define WALL_ENUM(name, states, budget, fds, answers) MSG_##name,
enum wall_type { MSG_nothing, WALL_MESSAGES(WALL_ENUM) WALL_TYPES };
#define MSG_no MSG_nothing /* the answer to a message without one */
#undef WALL_ENUM

#define WALL_PATH_ENUM(path) PATH_##path,
enum wall_path { WALL_PATHS(WALL_PATH_ENUM) WALL_PATH_COUNT };
#undef WALL_PATH_ENUM

/* struct msg_kex, ...: texts and bytes are borrowed. */
#define WALL_C_u8(name)		  uint8_t name;
#define WALL_C_u16(name)	  uint16_t name;
#define WALL_C_u32(name)	  uint32_t name;
#define WALL_C_u64(name)	  uint64_t name;
#define WALL_C_flag(name)	  bool name;
#define WALL_C_choice(name)	  uint8_t name;
#define WALL_C_text(name)	  const char *name;
#define WALL_C_bytes(name)	  struct bytes name;
#define WALL_C(type, name, limit) WALL_C_##type(name)
#define WALL_STRUCT(name, states, budget, fds, answers) \
	struct msg_##name {                             \
		WALL_##name(WALL_C)                     \
	};
WALL_MESSAGES(WALL_STRUCT)
#undef WALL_STRUCT

#define WALL_FDS_MAX 4

struct wall_message {
	enum wall_type type;
	uint8_t *memory; /* of a received message; wall_done() takes it */
	size_t memory_len, memory_room;
	int fds[WALL_FDS_MAX]; /* set to -1 by whoever takes one over */
#define WALL_UNION(name, states, budget, fds, answers) struct msg_##name name;
	union {
		WALL_MESSAGES(WALL_UNION)
	};
#undef WALL_UNION
};
struct wall_queued;

struct wall {
	int fd;
	enum wall_path out, in;
	uint8_t *spare; /* memory for the next message */
	size_t spare_room;
	uint32_t seen[WALL_TYPES];
	/* privsep/wall_queue.c: what the socket has not taken yet. */
	struct wall_queued *first, *last;
	size_t queued; /* bytes */
	unsigned queued_fds;
	uint64_t moved_at; /* ms: when one was sent, or the first was kept */
	struct loop_fd *handle; /* of the loop that watches it, or NULL */
};

struct loop_fd;

/*
 * A wall over one end of a socketpair, which it owns: what is sent on path
 * out and received on path in.
 */
void wall_init(struct wall *w, int fd, enum wall_path out, enum wall_path in);
void wall_free(struct wall *w);

/* Two ends, close-on-exec; receiving blocks unless O_NONBLOCK is set. */
int wall_pair(int fds[2]);

/*
 * Send m, and its descriptors, which stay the caller's.  Never blocks: what
 * the socket does not take is kept and sent later (privsep/wall_queue.h).  0;
 * E_LIMIT when too much waits; E_CLOSED; E_TOO_LARGE or E_VALUE for a field
 * over its limit; E_STATE for a message not of this path.
 */
int wall_send(struct wall *w, const struct wall_message *m);

/* WALL_SEND(w, granted, .channel = 3): wall_send() of one literal. */
#define WALL_SEND(w, name, ...)                              \
	wall_send((w),                                       \
	    &(const struct wall_message){.type = MSG_##name, \
		.fds = {-1, -1, -1, -1},                     \
		.name = {__VA_ARGS__}})
#define WALL_SEND_FD(w, descriptor, name, ...)               \
	wall_send((w),                                       \
	    &(const struct wall_message){.type = MSG_##name, \
		.fds = {(descriptor), -1, -1, -1},           \
		.name = {__VA_ARGS__}})

/*
 * Receive one message.  0; E_AGAIN when non-blocking and nothing is there;
 * E_CLOSED at the end.  Everything else is a violation by the other side:
 * E_TRUNCATED, E_TRAILING, E_TOO_LARGE, E_VALUE, E_FORMAT (unknown type,
 * wrong number of descriptors, empty message), E_LIMIT (budget used up).
 * Its texts and bytes live until wall_done(), whatever is received between.
 */
int wall_receive(struct wall *w, struct wall_message *m);

/* Wipe the message and close the descriptors nobody took. */
void wall_done(struct wall *w, struct wall_message *m);

/*
 * Pure: 0, or why a message of this type may not pass in this state
 * (E_STATE: not on this path or not in this state; E_LIMIT: seen often
 * enough).  Asked on receipt, and before the monitor sends.
 */
int wall_refuses(enum wall_path path, enum monitor_state state,
    enum wall_type type, uint32_t seen);

/* The message's name, for logs and tests. */
const char *wall_name(enum wall_type type);
/* The path's first and last type, and a type's descriptors, for tests. */
bool wall_on_path(enum wall_path path, enum wall_type type);
unsigned wall_fds(enum wall_type type);
/* The message that answers this one, or MSG_nothing. */
enum wall_type wall_answer(enum wall_type type);

/*
 * The codec alone: encode into buf, decode from bytes that stay borrowed into
 * a message that was zeroed.
 * For wall.c, the fuzz targets and the tests.
 */
struct buf;
int wall_encode(const struct wall_message *m, struct buf *b);
int wall_decode(const uint8_t *data, size_t len, struct wall_message *m);

#endif
