/*
 * Shared by the files of transport/: the connection's descriptors, its two
 * regions of memory, the keys of each direction, the key exchange in progress.
 */
#ifndef DAEMON_WORKER_TRANSPORT_TRANSPORT_H
#define DAEMON_WORKER_TRANSPORT_TRANSPORT_H

#include "daemon/worker/settings.h"
#include "daemon/worker/transport/region.h"
#include "daemon/worker/worker.h"
#include "lib/secret.h"
#include "lib/ssh/cipher.h"
#include "lib/ssh/compress.h"
#include "lib/ssh/kex.h"
#include "lib/ssh/kexinit.h"
#include "lib/ssh/ssh2.h"

/* So many bytes in the queue are written before the end of the loop's turn. */
#define OUT_WRITE_AT (128 * 1024)
/* Channel data waits when so much is queued ... */
#define OUT_BULK_MAX (256 * 1024)
/* ... and no packet is taken in any more, which might want an answer. */
#define OUT_HOLD_AT (OUT_BULK_MAX + 128 * 1024)
/* Channels are called again when so little is left. */
#define OUT_RESUME_AT (64 * 1024)
/* Replies held back by an unfinished key exchange; more ends it. */
#define HELD_MAX    (256 * 1024)
#define OUT_REGION  (1024 * 1024)
#define IN_REGION   (640 * 1024)
#define IN_READ_MAX (256 * 1024)
#define RANDOM_POOL 256

/* An upload that lasts, so many bytes in reads of so many ... */
#define STREAM_AFTER (1024 * 1024)
#define STREAM_READ  (16 * 1024)
/* ... is read when so much has come, or after so long. */
#define STREAM_BATCH (128 * 1024)
#define STREAM_MS    1

/* Deadlines and paces. */
#define HELLO_MS	   (60 * 1000) /* identification and first exchange */
#define EXCHANGE_MS	   (120 * 1000) /* a later exchange */
#define TRIM_MS		   2000 /* idle before memory is given back */
#define TRIM_AT		   8192 /* and when it is worth while, but for the first time */
#define REKEY_TOKENS	   64.0 /* exchanges at once */
#define REKEY_TOKENS_PER_S 8.0 /* and then */
#define REKEY_TOKEN_BYTES  262144 /* or one for so much data */

/* Why nothing is read at the moment. */
enum hold {
	HOLD_AUTH = 1 << 0, /* a request is with the monitor */
	HOLD_MONITOR = 1 << 1, /* the exchange hash is */
	HOLD_OUTPUT = 1 << 2, /* the peer does not read */
	HOLD_WALL = 1 << 3, /* the monitor does not */
	HOLD_PACE = 1 << 4, /* too many key exchanges */
	HOLD_PROGRAM = 1 << 5 /* a program catches up */
};

enum stage {
	STAGE_NONE,
	STAGE_KEXINIT, /* ours is sent, theirs awaited */
	STAGE_SHARE, /* KEXDH_INIT or KEX_ECDH_INIT awaited */
	STAGE_GEX_REQUEST, /* RFC 4419 */
	STAGE_GEX_INIT,
	STAGE_GSS_INIT, /* RFC 4462 */
	STAGE_MONITOR, /* H and its signature awaited */
	STAGE_NEWKEYS /* theirs awaited */
};

struct direction {
	struct cipher *cipher;
	uint32_t seq;
	uint64_t packets, bytes; /* since the keys were taken into use */
	uint64_t bytes_max; /* of the cipher */
	uint64_t total; /* of the connection */
};

struct exchange {
	enum stage stage;
	bool sent, received; /* KEXINIT, ours and theirs */
	bool again; /* the first is done */
	bool strict, ext_info; /* from the first */
	bool drop_guess;
	struct buf ours, theirs;
	struct kexinit_choice choice;
	const struct kex_method *method;
	struct buf client_share, server_share, secret;
	struct buf token; /* GSS-API's, the client's */
	uint32_t gex_min, gex_n, gex_max;
	struct kex_group group;
	struct cipher *next_in;
	uint64_t next_in_max;
	uint8_t session_id[KEX_HASH_MAX];
	size_t session_id_len;
	uint32_t count; /* of exchanges after the first */
	bool timed; /* its time has come: the next packet begins it */
	bool heard; /* the peer said something in this deadline's period ... */
	bool reads; /* ... and that it has read data of before our KEXINIT */
	double tokens;
	uint64_t tokens_at, tokens_total;
	struct loop_timer deadline, due, pace;
};

/* Faults of a packet that does not open (input.c). */
enum packet_fault { FAULT_LENGTH, FAULT_MAC, FAULT_CRYPTO };

struct transport {
	struct worker *w;
	const struct worker_settings *settings;
	struct moduli *moduli; /* borrowed from the template */
	int in, out;
	struct loop_fd in_handle, out_handle; /* one if in == out */
	struct loop_task again, process;
	bool flush_wanted; /* at the end of this turn */
	struct loop_timer trim;
	bool trimmed; /* since the login, or before it */
	bool hello_done, authenticated, resumed;
	bool in_process; /* packets are being handled: no recursion */
	bool input_ended;
	bool input_reset; /* by an error, not by the end of the file */
	bool starved; /* a channel was refused a place */
	uint64_t streamed; /* bytes of an upload, without a pause */
	bool batching; /* the kernel wakes us for STREAM_BATCH */
	struct loop_timer batch; /* or this: runs while we read in batches */
	unsigned holds; /* enum hold */
	struct region rx, tx;
	struct direction from, to;
	struct exchange ex;
	struct buf control; /* between packet_start and packet_send */
	struct buf held; /* u32 length, payload: after the exchange */
	uint8_t *plain; /* compression: the place before it */
	struct compressor *deflate;
	struct inflater *inflate;
	uint64_t rekey_bytes;
	uint32_t rekey_seconds;
	uint64_t last_packet; /* loop_now() */
	uint32_t discard; /* bytes to take before the fault is answered */
	enum packet_fault fault;
	uint32_t fault_length; /* FAULT_LENGTH: the one it said */
	uint32_t rtt, rtt_min; /* as the kernel had them ... */
	uint64_t rtt_at; /* ... at this loop_now() */
	int ip_family; /* AF_INET, AF_INET6, or 0 */
	uint8_t tos; /* as the socket has it */
	uint8_t tos_interactive, tos_bulk; /* as it should be */
	uint8_t random[RANDOM_POOL];
	size_t random_used;
	char server_version[SSH_VERSION_MAX + 1];
};

/* ---- transport.c ---- */

/* Nothing is sent until transport_start(). */
struct transport *transport_new(struct worker *w, int in, int out,
    const struct worker_settings *settings, struct moduli *moduli);
void transport_free(struct transport *t);
/* Watch the descriptors; send identification and KEXINIT. */
int transport_start(struct transport *t);
/* Stop and go on reading, for a reason among several. */
void transport_hold(struct worker *w, enum hold why);
void transport_release(struct worker *w, enum hold why);
/* Set the interests of the descriptors as they are now. */
void transport_arm(struct transport *t);
/* The peer reads nothing more or is gone: the connection ends. */
void transport_lost(struct transport *t, const char *why);
/* The connection ends because of us, not of the peer. */
void transport_failed(struct transport *t, const char *why);
/* All is written and our side shut: read what comes until the peer closes. */
void transport_drain(struct transport *t);
/* Stop watching; the worker is about to end. */
void transport_stop(struct transport *t);

/* ---- hello.c ---- */

void hello_send(struct transport *t);
/* Our identification string, without CR LF. */
void hello_ours(
    const struct worker_settings *settings, char line[SSH_VERSION_MAX]);
/* Look for the client's line in what was read; 0, E_AGAIN, or handled. */
int hello_receive(struct transport *t);

/* ---- input.c ---- */

void input_readable(struct transport *t);
/* Handle the packets that lie in the region. */
void input_process(struct transport *t);
/* Reading goes on: also what is less than a batch comes in its time. */
void input_await(struct transport *t);

/* ---- output.c ---- */

/* Queue a payload at once, key exchange or not. */
void output_now(struct transport *t, const void *payload, size_t len);
/* Queue raw bytes: the identification line. */
void output_raw(struct transport *t, const void *data, size_t len);
/* Queue what an exchange held back. */
void output_held(struct transport *t);
void output_writable(struct transport *t);
/* The loop's end of turn: one write for all that was queued in it. */
void output_end_of_turn(void *arg);
/* Random bytes for padding and cookies. */
void output_random(struct transport *t, uint8_t *at, size_t len);

/* ---- kexinit.c, exchange.c, newkeys.c ---- */

/* The payload of our KEXINIT. */
void kexinit_ours(const struct worker_settings *s,
    const uint8_t cookie[KEXINIT_COOKIE], struct buf *b);
/* Send our KEXINIT unless it is sent. */
void kexinit_begin(struct transport *t);
/* After a packet: is it time for new keys? */
void kexinit_check_limits(struct transport *t);
/* A packet of this number came: for the time and the deadline of exchanges. */
void kexinit_heard(struct transport *t, uint8_t number);
void kexinit_schedule(struct transport *t);
/* The negotiated methods in both KEXINITs are known: what comes next. */
int exchange_begin(struct transport *t);
/* Forget secrets and messages of the exchange. */
void exchange_forget(struct transport *t);
/* Derive all keys from H; ours are in use when it returns. */
int newkeys_send(struct transport *t, const uint8_t *hash, size_t hash_len);
/* Traffic of other kinds must wait: our NEWKEYS is not out. */
bool exchange_holds_output(const struct transport *t);

/* ---- control.c ---- */

void control_send_ext_info(struct transport *t);
/* Answer UNIMPLEMENTED to the packet being handled. */
void control_unimplemented(struct transport *t);

/* ---- sockopt.c ---- */

void sockopt_start(struct transport *t);
void sockopt_quickack(const struct transport *t);
/* Bytes that the peer's kernel has not acknowledged; 0 where unknown. */
size_t sockopt_unsent(const struct transport *t);
/* Readable is the socket with so many bytes; false where it has no such. */
bool sockopt_batch(const struct transport *t, int bytes);

#endif
