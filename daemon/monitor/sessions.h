/*
 * The monitor's state of the channels, listeners and the session process of its
 * connection: shared by on_session.c, on_connect.c, on_forward.c, on_unix.c,
 * from_session.c and environment.c.
 */
#ifndef DAEMON_MONITOR_SESSIONS_H
#define DAEMON_MONITOR_SESSIONS_H

#include "daemon/monitor/monitor.h"
#include "lib/buf.h"
#include "privsep/leftovers.h"

#define TTY_MAX 64

struct recording; /* daemon/monitor/recording.h */

enum chan_kind { CHAN_SESSION, CHAN_FORWARD };

/* A channel that the client opened and the monitor granted. */
struct chan {
	uint32_t id;
	enum chan_kind kind;
	bool started; /* a program, or a connect, was ordered */
	bool ended; /* the session told of its end */
	bool subsystem, forced;
	bool login_record; /* utmp line is ours to close */
	char tty[TTY_MAX];
	/* Until the program has it, -1; and to the end: while the terminal's
	 * other side is open here, too, nobody else gets its number, and the
	 * logout is written of the right one. */
	int slave, master;
	/* Recorded: the recorder's end of the terminal's stream, and its modes;
	 * without a terminal the ends of pipes, the program's and the worker's:
	 * -1 once they have been given away. */
	int stream, program[3], pipes[3];
	struct buf modes;
	struct buf environment; /* accepted NAME=value, as SSH strings */
	unsigned n_variables; /* in it */
	char term[256 + 1]; /* WALL_pty */
	char *agent; /* SSH_AUTH_SOCK */
	char *display; /* DISPLAY */
	const char *what; /* of a forward: its kind, for the audit */
	char *target; /* and where to */
	uint32_t target_port;
	char *originator; /* who asked the client, as it says */
	uint32_t originator_port;
	uint32_t lookup; /* of its name or path, while under way; 0: none */
	pid_t pid;
	uint64_t since; /* ms */
	uint32_t status, signal; /* of the program, once it has ended */
	uint64_t ran_ms;
	uint64_t bytes_in, bytes_out; /* once it is closed */
	struct chan *next;
};

/* A program whose channel has gone before it: its end is still audited. */
struct orphan {
	uint32_t channel;
	pid_t pid;
	uint64_t since; /* ms */
	uint64_t bytes_in, bytes_out; /* of the channel */
	struct orphan *next;
};

enum bind_kind { BIND_TCP, BIND_UNIX, BIND_AGENT, BIND_X11 };

/* A listener of the session process, asked for or bound. */
struct binding {
	uint32_t number;
	enum bind_kind kind;
	uint32_t request; /* the worker's, for BIND_TCP and BIND_UNIX */
	uint32_t channel; /* for BIND_AGENT and BIND_X11 */
	bool ordered; /* BIND_UNIX: its path was judged */
	bool bound;
	bool single; /* BIND_X11: one connection, then it has served */
	bool closing; /* its end was ordered: request waits for it */
	char *address; /* as the client asked; a path; BIND_X11: its cookie */
	char *place; /* BIND_UNIX: where that is; SSH_AUTH_SOCK, DISPLAY */
	uint32_t port; /* as bound */
	uint32_t asked; /* as the client asked; 0: any */
	struct binding *next;
};

/* Statuses of a cancelled start: as sshd's and shells'. */
#define STATUS_REFUSED	   1
#define STATUS_NOT_STARTED 126
#define STATUS_NO_SESSION  254

/* The environment that one channel's client may send. */
#define CLIENT_VARIABLES_MAX   1000
#define CLIENT_ENVIRONMENT_MAX (144 * 1024) /* one of the largest, and more */

#define CHANS_MAX    4096
#define BINDINGS_MAX 256

struct sessions {
	struct chan *chans;
	unsigned n_chans, n_open_sessions;
	struct orphan *orphans; /* no more than the session runs programs */
	struct binding *bindings;
	unsigned n_bindings;
	uint32_t next_number; /* of listeners and look-ups */
	pid_t pid; /* of the session process, 0 */
	/* While it enters a chroot, as root: it is counted, and has until
	 * ready_by (ms; 0: no deadline). */
	struct leftover_place place;
	uint64_t ready_by;
	int worker_end; /* its socket to the worker, until handed over */
	bool greeted; /* motd and last login have been shown */
	bool warned; /* of the end to come */
	char over[WALL_TEXT_MAX + 1]; /* why nothing is served, or "" */
	uint64_t limit; /* ms: the connection ends, UINT64_MAX never */
	const char *limit_why;
	char *exposed; /* the file SSH_USER_AUTH names, NULL without one */
	struct recording *recordings;
	int recorders; /* epoll over their walls, -1 without any */
	int recordings_root, recordings_error; /* the directory; or errno */
	unsigned recording_names; /* the last number behind a taken name */
};

/* terminal.c: both sides, with what the kernel calls it, and the caller's even
 * where it fails; 0 or E_SYSTEM. */
int terminal_open(const struct monitor *m, const struct msg_pty *p, int *master,
    int *slave, char *name, size_t size);
/* A socket pair for a terminal that is recorded: c keeps one end, *workers is
 * the worker's. */
int terminal_stream(struct chan *c, const struct msg_pty *p, int *workers);

struct chan *chan_find(struct monitor *m, uint32_t id);
/* The channel whose look-up has this number; NULL also for 0. */
struct chan *chan_find_lookup(struct monitor *m, uint32_t number);
/* NULL: refused already (too many, or the number is in use). */
struct chan *chan_add(struct monitor *m, uint32_t id, enum chan_kind kind);
void chan_remove(struct monitor *m, struct chan *c);
/* The facts that are audited when a program has ended and its channel is
 * closed. */
struct program_end {
	uint32_t channel, status, signal;
	pid_t pid;
	uint64_t ran_ms, bytes_in, bytes_out;
};
void chan_audit_exit(const struct program_end *e);
/* Out of the list, or NULL; the caller frees it. */
struct orphan *chan_take_orphan(struct monitor *m, uint32_t channel);
/* Write the logout record of its terminal, once. */
void chan_logout(struct monitor *m, struct chan *c, const char *cause);
/*
 * The program of a session's channel is not to run or go on: the user is
 * told the text on standard error, and it ends with this status.
 */
void chan_cancel(
    struct monitor *m, struct chan *c, unsigned status, const char *text);
/* Nothing more can be served: the connection ends with its last session. */
void sessions_over(struct monitor *m, const char *why);
void chan_refuse(
    struct monitor *m, uint32_t id, uint32_t reason, const char *text);

struct binding *binding_add(struct monitor *m, enum bind_kind kind);
struct binding *binding_find(struct monitor *m, uint32_t number);
void binding_remove(struct monitor *m, struct binding *b);

/* Why a forward was refused, for the audit. */
#define WHY_MAX 512
/* on_connect.c: audited, and the client is told no reason. */
void forward_denied(struct monitor *m, uint32_t channel, const char *kind,
    const char *host, uint32_t port, const char *reason);
/* A channel for a forward, or NULL: it was refused. */
struct chan *forward_channel(struct monitor *m, uint32_t id, const char *what,
    const char *target, uint32_t port);
/* Not reached: audited, told, and the channel is gone.  how: "lookup", "path",
 * or NULL, by which the log's sentence goes. */
void forward_failed(struct monitor *m, struct chan *c, uint32_t reason,
    const char *text, const char *how);

/* on_forward.c: audited, and the client is told no reason. */
void listen_denied(struct monitor *m, uint32_t request, const char *kind,
    const char *host, uint32_t port, const char *reason);

/* on_forward.c: those of the agent's and X11's listeners that were a channel's
 * alone, which ends. */
void forwards_end_of(struct monitor *m, uint32_t channel);

/* file_event.c: an SFTP operation into the audit. */
void audit_file_event(const struct msg_file_event *e);

/*
 * Wait for the listeners of a channel (agent, X11) that were ordered: what
 * is started next must find them in its environment.
 */
void session_await_bindings(struct monitor *m, uint32_t channel);

/* Send an order to the session process; its end is noticed by the loop. */
void session_order(struct monitor *m, const struct wall_message *message);
#define SESSION_ORDER(m, name, ...)                          \
	session_order((m),                                   \
	    &(const struct wall_message){.type = MSG_##name, \
		.fds = {-1, -1, -1, -1},                     \
		.name = {__VA_ARGS__}})

/*
 * environment.c: NAME=value of a program, as SSH strings.  0, or why it does
 * not fit: then nothing may be started, as what comes last is the server's
 * own (a forced command without SSH_ORIGINAL_COMMAND thinks of a shell).
 */
int environment_make(struct monitor *m, const struct chan *c,
    const char *original, struct buf *out);

/* greeting.c: what a first terminal is shown; the caller frees. */
char *greeting_text(struct monitor *m);
/* /etc/nologin, where it is the server's business; NULL: may log in. */
char *nologin_text(struct monitor *m);

#endif
