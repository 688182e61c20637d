/*
 * The monitor: root's side of one connection.  It decides everything, does
 * little, and believes the worker in nothing.  Here is what its steps share.
 */
#ifndef DAEMON_MONITOR_MONITOR_H
#define DAEMON_MONITOR_MONITOR_H

#include "config/config.h"
#include "config/policy/policy.h"
#include "lib/net.h"
#include "privsep/peer.h"
#include "privsep/settings.h"
#include "privsep/slot.h"
#include "privsep/wall.h"

#include <pwd.h>
#include <time.h>

struct auth; /* daemon/monitor/auth.h: attempts, chain, modules */
struct gss_exchange; /* daemon/monitor/ticket.h */
struct recheck; /* daemon/monitor/recheck.h */
struct hosted; /* modules/host/load.h: a loaded module */
struct selftest; /* daemon/monitor/selftest.c */
struct sessions; /* daemon/monitor/on_session.c */

/* State that the template makes once and every monitor inherits. */
struct monitor_template {
	const struct config *config;
	struct hosted *modules;
	size_t n_modules;
	struct host_key_blob host_keys[HOST_KEYS_MAX]; /* public halves */
	size_t n_host_keys;
	struct settings *settings; /* what the workers were told */
	struct moduli *moduli; /* the groups they may offer */
	char *moduli_text;
	uint32_t generation;
	struct slot *slots;
	int door; /* to the ticketholder; -1: there is none */
	uid_t recorder_uid; /* where something is recorded */
	gid_t recorder_gid;
	/* The door to those who judge open connections anew: the monitors' end,
	 * and the judges', which the template alone keeps. */
	int judges, judges_end;
};

/* sshd's words about a right proof that the account refuses. */
enum close_account {
	CLOSE_OTHER, /* it was not refused so */
	CLOSE_ACCOUNT_TOLD, /* the sentence on the account was the last */
	/* It takes the user for nobody, or in keyboard-interactive for wrong:
	 * it asks on, and sees the client leave. */
	CLOSE_ACCOUNT_ASKED_ON
};

struct monitor {
	const struct monitor_template *template;
	struct wall worker; /* blocking when it receives */
	struct wall keyholder; /* the same */
	struct wall session; /* fd -1 until the session runs */
	int client_fd; /* kept open: pam_slurm_adopt looks for it */
	enum monitor_state state; /* moved by monitor_move() only */
	enum monitor_state trimmed_in; /* where memory was given back last */
	struct slot *slot;

	uint64_t connection;
	char connection_id[32];
	char listener[64];
	const struct offer *offer; /* the listener's */
	struct net_address source, local;
	uint16_t source_port, local_port;
	struct selftest *selftest; /* NULL: it is none */
	bool untold; /* the log has nothing of it: a health check as yet */

	/* Key exchange: on_key.c. */
	uint8_t session_id[64];
	size_t session_id_len;
	struct bytes client_version, server_version; /* owned */
	char host_key_algorithm[64 + 1]; /* negotiated last */
	uint32_t exchanges;
	uint64_t rekey_at; /* ms: when the bucket was last filled */
	uint32_t rekey_tokens; /* thousandths of an exchange */
	uint32_t keys_proved; /* bit per host key */
	uint32_t newkeys; /* told by the worker: one an exchange */
	/* The first, until the login; behind it one that has brought tickets,
	 * until its NEWKEYS; or NULL. */
	struct gss_exchange *gss;
	bool exchange_failed; /* the worker has been told; the end follows */

	/* Authentication: on_auth.c.  Frozen at the first request. */
	struct auth *auth;
	char user[SSH_USER_MAX + 1]; /* as the client typed it, checked */
	char service[64];
	bool user_frozen;
	bool user_known; /* NSS knows it */
	struct passwd passwd; /* owned copies; valid if user_known */

	/* After success. */
	/* Frozen; a policy that is loaded later can take away (recheck.c). */
	struct decision *decision;
	struct recheck *recheck;
	int judge_fd; /* that it waits for, -1: closed in modules' children */
	struct sessions *sessions;

	/* A legal message that came while a module conversed. */
	struct wall_message kept;
	bool has_kept;
	bool worker_gone;
	uint64_t began; /* ms */
	uint64_t call_began; /* ms, of monitor_call() */
	uint64_t closing_since; /* ms, 0: not asked to end */
	enum monitor_state closing_from; /* the state in which it was asked */
	int signals; /* signalfd: SIGTERM ends the connection */
	char closing_cause[WALL_TEXT_MAX + 1];

	int exit_code; /* enum monitor_exit */
	bool ended; /* leave the loop */
	struct {
		uint8_t cause;
		uint32_t reason;
		char text[WALL_TEXT_MAX + 1];
		uint64_t bytes_in, bytes_out;
		bool said;
	} bye;
};

/* preload.c: the template's, once. */
void monitors_preload(void);

/* Move the state by the table in states.c; an illegal move is a bug(). */
void monitor_move(struct monitor *m, enum monitor_state to);

/*
 * Send to the worker, asking wall_refuses() first; never blocks; the monitor
 * ends when the worker is gone, or has taken nothing for WALL_PATIENCE_MS.
 * MONITOR_SEND(m, granted, .channel = c).
 */
void monitor_send(struct monitor *m, const struct wall_message *message);
#define MONITOR_SEND(m, name, ...)                           \
	monitor_send((m),                                    \
	    &(const struct wall_message){.type = MSG_##name, \
		.fds = {-1, -1, -1, -1},                     \
		.name = {__VA_ARGS__}})

/*
 * Wait for the next message of the worker while a module converses: one of
 * the types given (ended by MSG_nothing) is returned in *message, to be given
 * back with wall_done(); `log` is served meanwhile.  E_CLOSED when the worker
 * is gone; E_STATE when it sent something else that is legal, which is kept
 * and handled when the conversation has unwound (a new auth request).
 */
int monitor_wait(struct monitor *m, const enum wall_type *types,
    struct wall_message *message);

/* A line for the log that the worker or the session process has sent. */
void monitor_relay(
    const struct monitor *m, const char *role, int level, const char *line);

/* Order the worker to send DISCONNECT, and end after it left. */
void monitor_disconnect(struct monitor *m, uint32_t reason, const char *format,
    ...) __attribute__((format(printf, 3, 4)));

/*
 * A blocking call begins: its name and deadline stand in the status slot,
 * which the master reads.  Pairs nest one deep.
 */
void monitor_call(struct monitor *m, enum slot_call call, const char *detail);
void monitor_call_done(struct monitor *m);

/* Ask the keyholder for a signature; 0, or E_CRYPTO. */
int monitor_sign(struct monitor *m, unsigned key, const char *algorithm,
    const void *data, size_t len, struct buf *signature);

/*
 * The session process of this connection, started (with the modules' session
 * around it) if it was not.  0; E_DENIED after the worker has been told why
 * for this channel, and that the connection ends.
 */
int monitor_session(struct monitor *m, uint32_t channel, const char *tty);
/* on_session.c, on_forward.c: at the end, while the audit is still there. */
void sessions_init(struct monitor *m);
void sessions_close(struct monitor *m);
void forwards_close(struct monitor *m);
/* The decision has become narrower: listeners that it does not permit are
 * closed. */
void forwards_narrow(struct monitor *m);
/* Milliseconds until a time limit asks for attention, UINT64_MAX: none. */
uint64_t sessions_tick(struct monitor *m);
/* The events to poll for at the wall of the session process. */
short session_events(const struct monitor *m);
/* When it is given up: it takes no orders, or is not in its chroot.
 * UINT64_MAX: it owes nothing.  And the connection's end for that. */
uint64_t session_deadline(const struct monitor *m);
void session_overdue(struct monitor *m);
/* A message of the session process, or its end. */
void session_readable(struct monitor *m);
/* Messages of recorders, or their ends. */
void recorders_readable(struct monitor *m);

/* A connection's monitor: in the forked child, never returns. */
void monitor_run(const struct monitor_template *t, struct wall_message *serve)
    __attribute__((noreturn));

/* The login is complete: policy's guards passed, account checked. on_auth.c
 * calls this; it sends `opened` and then the verdict. */
void monitor_login(struct monitor *m);

/* Handlers of wall messages, an error of which is a violation by the sender.
 * By file: on_key.c (version kex negotiation_failed newkeys
 * hostkeys_prove), on_auth.c (auth_*), on_session.c (session_open pty env x11
 * agent start window signal channel_closed), on_forward.c (tcp_connect
 * unix_connect tcp_listen unix_listen unlisten tun), monitor.c (log report
 * bye); and from the session: from_session.c. */
#define PEER_CONTEXT struct monitor
WALL_WORKER_MONITOR(PEER_DECLARE)
WALL_SESSION_MONITOR(PEER_DECLARE)

#endif
