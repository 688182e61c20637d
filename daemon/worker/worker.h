/*
 * Shared by the steps of a worker: the worker itself, how a step sends a
 * packet, and the handlers that the table in worker/phases.c names.  One worker
 * serves one connection; everything runs from its loop, nothing waits.
 */
#ifndef DAEMON_WORKER_WORKER_H
#define DAEMON_WORKER_WORKER_H

#include "lib/buf.h"
#include "lib/loop.h"
#include "lib/rd.h"
#include "privsep/peer.h"
#include "privsep/wall.h"

struct transport;
struct userauth;
struct channels;
struct worker_settings;
struct moduli;
struct iovec;

/* Phases of a connection: which packets are legal (worker/phases.c). */
enum phase {
	PHASE_KEX, /* first key exchange, strict */
	PHASE_SERVICE, /* keys taken into use, no service yet */
	PHASE_USERAUTH, /* ssh-userauth */
	PHASE_OPEN, /* ssh-connection */
	PHASE_CLOSING, /* we have sent DISCONNECT */
	PHASE_COUNT
};

struct worker {
	struct loop *loop;
	struct wall monitor; /* non-blocking */
	struct wall session; /* fd -1 until `session_wall` came */
	struct transport *transport;
	struct userauth *userauth;
	struct channels *channels; /* NULL until the login succeeded */
	enum phase phase;
	char client_version[SSH_VERSION_MAX + 1];
	const struct worker_settings *settings;
	/* worker.c's own */
	bool ended; /* nothing is sent or handled any more */
	bool said_bye;
	uint32_t lines; /* logged, of the budget */
	struct loop_fd monitor_handle;
	struct loop_timer linger;
	struct loop_task farewell;
	enum bye_cause bye_cause;
	uint32_t bye_reason;
	char *bye_text; /* not NULL: the end has begun */
};

/*
 * A handler takes one packet: r stands behind the message number.  The bytes
 * lie in the receive buffer until it returns.  0, or an E_ code, which ends
 * the connection with SSH_DISCONNECT_PROTOCOL_ERROR unless the handler has
 * called worker_disconnect() itself.
 */
typedef int packet_handler(struct worker *w, struct rd *r);

/* Send DISCONNECT, tell the monitor `bye`, end when it has left. */
void worker_disconnect(struct worker *w, enum bye_cause cause, uint32_t reason,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The same without a DISCONNECT: the peer is gone, or was told otherwise. */
void worker_close(struct worker *w, enum bye_cause cause, uint32_t reason,
    const char *format, ...) __attribute__((format(printf, 4, 5)));
void worker_end(struct worker *w, enum bye_cause cause, uint32_t reason,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/*
 * Send to the monitor; what its socket does not take now is kept in order,
 * and nothing is read from the peer meanwhile.  TELL(w, kex, .gex_min = 1).
 */
void worker_tell(struct worker *w, const struct wall_message *m);
#define TELL(w, name, ...)                                   \
	worker_tell((w),                                     \
	    &(const struct wall_message){.type = MSG_##name, \
		.fds = {-1, -1, -1, -1},                     \
		.name = {__VA_ARGS__}})

/* For transport/: a handler's error, the end of input, the queue's length. */
void worker_packet_failed(struct worker *w, uint8_t number, int err);
void worker_input_ended(struct worker *w);
void worker_output_left(struct worker *w, size_t len);

/* ---- transport/: packets out ------------------------------------------ */

/*
 * A control packet: fields are appended to the buffer that packet_start()
 * returns (the message number is in it already); packet_send() queues it,
 * behind a key exchange in progress if need be.  One at a time.
 */
struct buf *packet_start(struct worker *w, uint8_t number);
void packet_send(struct worker *w);

/*
 * The bulk path, one copy: a place for a payload of up to *room bytes,
 * message number included, in the outgoing queue itself; NULL when there is
 * no room now (key exchange running, queue full): channels_resume() will be
 * called when there is.  packet_commit() encrypts it in place; len 0 gives
 * the place back.  No other packet call may come in between.
 */
uint8_t *packet_place(struct worker *w, size_t *room);
void packet_commit(struct worker *w, size_t len);

/*
 * The same for one readv(): places in a row for up to `count` payloads of len
 * bytes each.  Returns how many there are; 0 when there is no room now, or
 * when they cannot lie in a row (compression): packet_place() knows which.
 * packets_commit() encrypts the first `count`; all but the last of them are
 * of len bytes, as iov_len says.
 */
size_t packet_places(
    struct worker *w, size_t len, struct iovec *places, size_t count);
void packets_commit(struct worker *w, const struct iovec *places, size_t count);

/* Write what is queued now; the loop does it at the end of each turn. */
int packet_flush(struct worker *w);
void packet_flush_later(struct worker *w);

/*
 * Bytes queued and not yet taken by the kernel, for fairness; and whether
 * control packets fill their own bound, when requests must not be answered:
 * transport stops reading by itself then.
 */
size_t packet_queued(const struct worker *w);
/* Call channels_resume() when little of the queue is left. */
void packet_await_room(struct worker *w);

/* Largest CHANNEL_DATA payload that the peer takes is the channel's affair;
 * this is the largest payload a packet of ours may have. */
#define PACKET_PAYLOAD_MAX (32 * 1024 + 64)

/*
 * The beginning of each connection, RFC 4253 sections 4.2 and 7.1: our
 * identification line and a KEXINIT packet whose cookie, at *cookie_at, is
 * zero.  0, or why it could not be written.
 */
int transport_greeting(
    const struct worker_settings *settings, struct buf *b, size_t *cookie_at);

/* Round trip time in microseconds from TCP_INFO, 0 if unknown. */
uint32_t transport_rtt(const struct worker *w);
/* The shortest of late: the path alone, without what queues on it. */
uint32_t transport_rtt_min(const struct worker *w);
/* Milliseconds since the last packet from the peer, for keepalives. */
uint64_t transport_silence(const struct worker *w);
/* Does the path carry keystrokes (TOS and TCP_NODELAY)? */
void transport_interactive(struct worker *w, bool interactive);
/*
 * A program takes less than comes: read nothing from the peer until it has
 * caught up, so that its bytes lie in the kernel and are copied once.  For
 * moments only, and where nobody else's packets wait behind them.
 */
void transport_wait(struct worker *w, bool wait);
/*
 * Does the payload of CHANNEL_DATA lie where it is until channels_data_end()?
 * What was inflated does not.
 */
bool transport_payloads_stay(const struct worker *w);
/* Totals for `bye` and `report`. */
void transport_totals(const struct worker *w, uint64_t *in, uint64_t *out);
/* Key exchanges after the first. */
uint32_t transport_rekeys(const struct worker *w);
/*
 * On `opened`: its limits apply.  Packets of 80 and above that are sent now
 * wait until USERAUTH_SUCCESS is out.
 */
void transport_opened(struct worker *w, const struct msg_opened *settings);
/* USERAUTH_SUCCESS is queued: delayed compression starts, QUICKACK ends. */
void transport_authenticated(struct worker *w);

/* ---- userauth/ --------------------------------------------------------- */

packet_handler userauth_service_request; /* 5 */
packet_handler userauth_request; /* 50 */
packet_handler userauth_method_packet; /* 60 to 79 */
struct userauth *userauth_new(struct worker *w);
void userauth_free(struct userauth *u);

/* ---- channel/ ---------------------------------------------------------- */

/* Called once, on `opened`; then packets 80 to 100 come. */
void channels_start(struct worker *w, const struct msg_opened *settings);
/* There is room in the outgoing queue again; or a deadline of theirs. */
void channels_resume(struct worker *w);
/*
 * A packet of another kind is next, or the buffer is about to be used anew:
 * write the payloads that were gathered.
 */
void channels_data_end(struct worker *w);
/* The connection ends: tell the monitor `channel_closed` for each. */
void channels_end(struct worker *w);

packet_handler global_request; /* 80 */
packet_handler request_success; /* 81, answers to our keepalives */
packet_handler request_failure; /* 82 */
packet_handler channel_open; /* 90 */
packet_handler channel_open_confirmed; /* 91 */
packet_handler channel_open_failed; /* 92 */
packet_handler channel_window_adjust; /* 93 */
packet_handler channel_data; /* 94 */
packet_handler channel_extended_data; /* 95 */
packet_handler channel_eof; /* 96 */
packet_handler channel_close; /* 97 */
packet_handler channel_request; /* 98 */
packet_handler channel_success; /* 99 */
packet_handler channel_failure; /* 100 */

/* ---- messages from the monitor and the session ------------------------- */

/* An error is our own side's fault: the worker ends.
 * transport/: kex_done, disconnect.  userauth/: auth_*, banner.  channel/: the
 * rest. The bytes of a message are good until the handler returns. */
#define PEER_CONTEXT struct worker
WALL_MONITOR_WORKER(PEER_DECLARE)
WALL_SESSION_WORKER(PEER_DECLARE)

/*
 * The process: `work` of the template has been taken.  in and out are the
 * client's descriptors (the same socket, or pipes with -i); never returns.
 */
void worker_run(int in, int out, int wall,
    const struct worker_settings *settings, struct moduli *moduli)
    __attribute__((noreturn));

/* Its parts, for tests: turn w->loop until w->ended.  NULL: a system call. */
struct worker *worker_new(int in, int out, int wall,
    const struct worker_settings *settings, struct moduli *moduli);
void worker_free(struct worker *w); /* closes the wall, not in and out */

/*
 * worker/template.c, the process that forks workers: takes `settings` from
 * the master, preloads, says `worker_ready`, and forks at each `work`.  It is
 * chrooted, dropped and filtered already.
 */
void workers_run(int wall_fd) __attribute__((noreturn));

#endif
