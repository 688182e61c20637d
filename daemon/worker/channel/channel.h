/*
 * Shared by the files of daemon/worker/channel/: the table of channels of one
 * connection (RFC 4254), and one channel.  Everything here runs in the sandbox:
 * it reads, writes and closes descriptors it was given, no more.
 */
#ifndef DAEMON_WORKER_CHANNEL_CHANNEL_H
#define DAEMON_WORKER_CHANNEL_CHANNEL_H

#include "config/config.h"
#include "daemon/worker/worker.h"

#include <sys/queue.h>
#include <sys/uio.h>

#define CHANNELS_MAX	16384 /* in one connection, whatever is configured */
#define SLOT_BITS	14
#define CHANNEL_PACKET	32768 /* largest data we take in one packet */
#define WINDOW_START	(2u << 20) /* receive window of a first channel */
#define WINDOW_SMALL	(64u << 10) /* when there are many */
#define WINDOW_BUDGET	(64u << 20) /* of all windows before they are small */
#define ANSWERS_MAX	1024 /* requests of a channel not yet answered */
#define GLOBALS_MAX	1024
#define PROOFS_MAX	8 /* as many as the monitor makes */
#define NAME_MAX_SSH	64
#define BULK_BURST	(16u << 10) /* more in a moment is bulk */
#define DATA_HEADER	9 /* number, channel, length */
#define EXTENDED_HEADER 13
#define CHANNEL_NONE	UINT32_MAX
#define GATHER		16 /* payloads written at once */

enum channel_kind {
	KIND_SESSION,
	KIND_DIRECT_TCP,
	KIND_DIRECT_UNIX,
	KIND_TUN,
	KIND_FORWARDED_TCP,
	KIND_FORWARDED_UNIX,
	KIND_AGENT,
	KIND_X11
};

enum channel_state {
	CHANNEL_ASKING, /* the client opened it, the monitor decides */
	CHANNEL_OFFERED, /* we opened it, the client has not answered */
	CHANNEL_OPEN
};

/* A request of the client whose answer is due, in the order of arrival. */
enum ask { ASK_NOTHING, ASK_PTY, ASK_ENV, ASK_X11, ASK_AGENT, ASK_START };
enum answer_state { ANSWER_WAITING, ANSWER_YES, ANSWER_NO };

struct answer {
	uint8_t ask;
	uint8_t state;
	bool want_reply;
};

/* Bytes of the client that its program has not taken yet. */
struct backlog {
	uint8_t *data;
	size_t head, len, room;
};

struct end {
	int fd; /* -1: closed, or not yet there */
	struct loop_fd handle;
};

struct letter; /* ask.c */
STAILQ_HEAD(letter_queue, letter);

struct channel {
	struct channels *table;
	uint32_t id; /* ours: slot, and a generation above it */
	uint32_t peer; /* theirs */
	uint8_t kind, state;
	/* as channel_timeouts name it */
	char timeout_name[CONFIG_CHANNEL_KIND_MAX + 1];

	/* Towards the client. */
	uint32_t peer_window, peer_packet;
	uint32_t peer_max; /* the largest its window was */
	struct buf held; /* texts of ours that wait for its window */
	/* Unread bytes at which it tells of its reading; 0: it never has. */
	uint32_t step;
	uint64_t step_at; /* when it told, or the step grew */
	struct end output, error;
	bool queued, bulk; /* waits to be read; in which queue */
	bool output_ready, error_ready;
	uint32_t burst; /* bytes since burst_at, a moment ago */
	uint64_t burst_at;
	TAILQ_ENTRY(channel) ready;

	/* From the client. */
	uint32_t window, window_size, owed;
	uint64_t round_start, round_bytes;
	struct end input;
	struct backlog backlog;
	size_t together; /* bytes that may be gathered for one write */

	/* State and kind of the channel. */
	bool shared; /* one descriptor for both directions */
	bool socket; /* of which halves can be shut down */
	bool pty;
	bool recorded; /* its descriptors are a recorder's */
	bool tun_layer3, tun;
	bool granted; /* the monitor said yes to the open */
	bool began; /* bytes move */
	bool start_asked, started; /* a program: asked for, and running */
	bool interactive;
	bool exited, exit_told, orphan, lingering;
	uint32_t exit_status;
	char exit_signal[32];
	bool exit_core;
	bool overtaken; /* its program was waited for, and did not catch up */
	bool input_failed, eow_sent;
	bool eow_received; /* its reader has gone */
	bool eof_received, eof_sent, close_received, close_sent;
	bool eof_held; /* long enough for a status to come first */
	uint32_t columns, rows, width, height;
	uint8_t *modes; /* until the terminal comes */
	size_t modes_len;

	struct letter_queue letters; /* questions kept back */
	size_t letters_bytes;
	struct answer *answers;
	size_t answers_head, answers_len, answers_room;

	uint64_t bytes_in, bytes_out;
	uint64_t used_at;
	uint32_t timeout; /* seconds without traffic, 0: none */
	uint64_t warned_at; /* the used_at that its end was announced for */
	uint32_t timed_out; /* closed after so many of them */
	struct loop_timer timer;
};

TAILQ_HEAD(channel_queue, channel);

/* A global request whose answer is due. */
enum global_kind { GLOBAL_LOCAL, GLOBAL_LISTEN, GLOBAL_PROVE };
struct global {
	TAILQ_ENTRY(global) next;
	uint8_t kind, state; /* enum answer_state */
	bool want_reply, tell_port;
	uint32_t request, port;
	uint8_t *proof;
	size_t proof_len;
};
TAILQ_HEAD(global_queue, global);

struct channels {
	struct worker *w;
	struct channel **slots;
	uint32_t *generations;
	uint32_t n_slots, count, limit, next_slot;
	uint32_t n_pty;
	uint64_t windows; /* sum of window_size */

	/* Settings from the monitor's message `opened`. */
	uint32_t keepalive_interval, keepalive_count;
	uint32_t idle_timeout, unused_timeout, warn_before, window_max;
	char *timeouts;
	uint32_t global_timeout;
	uint8_t *hostkeys;
	size_t hostkeys_len;
	bool announced, no_more_sessions, agent_by_rfc, openssh;

	struct channel_queue small, bulk;
	struct loop_task pump;
	struct loop_timer pump_timer;
	bool blocked; /* packet_place() had no room */
	bool bulk_waits; /* for the queue to get shorter: channels_resume() */
	unsigned turn; /* packets of data in this turn */
	size_t bulk_limit;
	uint64_t rate_at, rate_out;
	uint64_t rate; /* bytes a millisecond */
	uint64_t small_at; /* when somebody typed, so to speak, ... */
	uint32_t small_id; /* ... in this channel */
	uint64_t other_small_at; /* and last in another than that */

	struct global_queue globals;
	uint32_t n_globals, next_request;
	uint32_t proofs; /* of host keys, asked for */

	/* Payloads of one channel, until channels_data_end(). */
	struct channel *gathering;
	struct iovec gathered[GATHER];
	unsigned n_gathered;
	size_t gathered_len;

	struct channel *awaited; /* whose program catches up */
	struct loop_timer patience;

	struct loop_fd session_handle;
	bool ending;

	uint32_t keepalives; /* sent and not answered by anything */
	uint32_t replies_due; /* to requests of ours, in their order */
	uint32_t probe_left; /* replies until the probe's, 0: none is out */
	uint64_t probe_at, probe_rtt; /* ms */
	uint64_t keepalive_at, activity_at, empty_at, reported_at;
	uint64_t warned_at; /* the activity_at that its end was announced for */
	bool unreported;
	struct loop_timer tick;
};

/* ---- table.c ------------------------------------------------------------ */

/* A channel for a new number, or NULL when there are too many. */
struct channel *channel_new(struct channels *t, enum channel_kind kind);
/* Tell the monitor, close what it holds, forget it. */
void channel_free(struct channel *c);
/* NULL when there is none of this number (any more). */
struct channel *channel_find(struct channels *t, uint32_t id);
/* The one an incoming packet is about, open; E_VALUE otherwise. */
int channel_of_packet(struct worker *w, struct rd *r, struct channel **c);
/*
 * The same for what some clients send once more after their CLOSE and nobody
 * is hurt by (sshd takes it, too): 0 and NULL for a channel that has ended.
 */
int channel_of_late_packet(struct worker *w, struct rd *r, struct channel **c);
/* Another kind of name for channel_timeouts ("session:shell"). */
void channel_timeout_name(struct channel *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The client's, or our program's, bytes moved. */
void channel_used(struct channel *c, bool input);

/* ---- ends.c: descriptors ------------------------------------------------- */

/* Both directions of one descriptor; 0 or why the loop will not have it. */
int channel_attach(struct channel *c, int fd);
int channel_attach_pipes(struct channel *c, const int fds[3]);
/* The program runs, or the forward stands: move bytes from now on. */
void channel_begin(struct channel *c);
/* It reads no more: what the client still sends is dropped, and it is told. */
void channel_input_failed(struct channel *c);
/* The client reads no more of its output (PROTOCOL 2.1). */
void channel_stop_reading(struct channel *c);
/* Nothing more goes into the program / comes out of it. */
void channel_end_input(struct channel *c);
/* The same, as the client has said that its input is complete. */
void channel_finish_input(struct channel *c);
void channel_end_output(struct channel *c, struct end *end);
void channel_close_ends(struct channel *c);
bool channel_outputs_closed(const struct channel *c);
/* Interests in the loop. */
void channel_want_read(struct end *end, bool on);
void channel_want_write(struct channel *c, bool on);

/* ---- out.c: program to client -------------------------------------------- */

/* Its output may be read: now if there is room, else later. */
void channel_ready(struct channel *c);
/*
 * While somebody types, bulk is read and written in pieces: OpenSSH's client
 * tells of its reading when more than three packets of 32 KiB have come, which
 * are two of these.  It may leave four of them unread however slow the client
 * is: two are read while it is told of the other two.
 */
#define CHANNEL_PIECE	   (3u * 32768 / 2 + 256)
#define CHANNEL_STEP_LEAST (4u * CHANNEL_PIECE)
void channel_unready(struct channel *c);
void channels_pump(void *channels);
/* On all terminals. */
void channels_say(struct channels *t, const char *text);

/* ---- say.c --------------------------------------------------------------- */

/* A text of ours, to a terminal (each line break CR LF) or standard error; it
 * waits for the client's window, bounded. */
void channel_say(struct channel *c, const char *text);
/* On a line of its own. */
void channel_say_line(struct channel *c, const char *text);
/* One that would mislead later: dropped where the client left no room. */
void channel_remark(struct channel *c, const char *text);
/* Does a text wait; what the window has room for; no longer. */
bool channel_says(const struct channel *c);
void channel_say_on(struct channel *c);
void channel_say_nothing(struct channel *c);

/* ---- in.c: client to program --------------------------------------------- */

void channel_write_backlog(struct channel *c);
void channel_backlog_free(struct channel *c);
/* Grant what the program has taken. */
void channel_consumed(struct channel *c, uint32_t len);
uint32_t channel_window_start(const struct channels *t);

/* ---- close.c ------------------------------------------------------------- */

/* Sends EOF, exit-status, CLOSE when each is due; may free the channel. */
void channel_settle(struct channel *c);
/*
 * A start that was answered with a yes does not happen: it ends like a
 * program that said this on standard error.
 */
void channel_cancel(struct channel *c, uint32_t status, const char *text);
/* CLOSE at once, whatever is in flight. */
void channel_force_close(struct channel *c);

/* ---- request.c ----------------------------------------------------------- */

void channel_answer(
    struct channel *c, enum answer_state state, const char *text);
/* Is a question to the monitor of this kind under way? */
bool channel_asked(const struct channel *c, enum ask ask);

/*
 * A text of at most max bytes, the caller's to free; NULL when it is longer
 * or has a NUL inside, which the monitor need not see: it is refused here.
 */
char *channel_text(struct rd *r, size_t max);

/* ---- ask.c --------------------------------------------------------------- */

/* Ask the monitor now, or when what takes long was answered; E_LIMIT. */
int channel_ask(struct channel *c, const struct wall_message *m);
#define CHANNEL_ASK(c, message, ...)                            \
	channel_ask((c),                                        \
	    &(const struct wall_message){.type = MSG_##message, \
		.fds = {-1, -1, -1, -1},                        \
		.message = {.channel = (c)->id, __VA_ARGS__}})
/* One that takes long was answered. */
void channel_ask_on(struct channel *c);
void channel_letters_free(struct channel *c);

/* ---- open.c -------------------------------------------------------------- */

void channel_confirm(struct channel *c);
void channel_refuse(struct channel *c, uint32_t reason, const char *text);
void channel_stream_ready(struct channel *c);

/* ---- wall_in.c ----------------------------------------------------------- */

void channels_session_lost(struct channels *t);

/* ---- global.c ------------------------------------------------------------ */

void channels_announce(struct channels *t);
void channels_globals_free(struct channels *t);

/* ---- alive.c ------------------------------------------------------------- */

/* Compute when to look again; call after anything that moves a deadline. */
void channels_schedule(struct channels *t);
void channels_tick(void *channels);
/*
 * The round trip to the client in ms: TCP's, or where something in between
 * ends TCP, that of a request of ours; asks anew once a second.
 */
uint64_t channels_rtt(struct channels *t);
/* Seconds for a channel of this kind, 0: none. */
uint32_t channels_timeout(const struct channels *t, const char *name);

#endif
