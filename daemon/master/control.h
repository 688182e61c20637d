/*
 * The administrators' socket: what its files share, and its protocol.
 *
 * A request is one line: words separated by NUL, ended by a newline, of at
 * most CONTROL_REQUEST_MAX bytes.  The answer is lines of records
 *
 *	name=word name:number name?true ...
 *
 * whose words are escaped (lib/escape.h, ESCAPE_BACKSLASH | ESCAPE_SPACE),
 * and a last line "ok" or "error TEXT"; then the server closes.  The answer
 * to "bundle" carries the configuration's sealed memfd.
 */
#ifndef DAEMON_MASTER_CONTROL_H
#define DAEMON_MASTER_CONTROL_H

#include "daemon/master/master.h"
#include "lib/buf.h"

#define CONTROL_REQUEST_MAX 1024
#define CONTROL_WORDS_MAX   6
#define CONTROL_CLIENTS_MAX 16
#define CONTROL_ANSWER_MAX  (32 * 1024 * 1024)
#define CONTROL_ACTOR_MAX   96

struct control_client {
	struct master *m;
	int fd;
	struct loop_fd on_fd;
	struct loop_timer deadline;
	char actor[CONTROL_ACTOR_MAX];
	char request[CONTROL_REQUEST_MAX];
	size_t len;
	bool waits; /* for the generation that is coming */
	struct buf answer;
	size_t sent;
	int pass; /* descriptor that goes with the answer, -1 */
	struct control_client *next; /* in clients, or in gone */
};

struct control {
	int fd; /* listening, -1 */
	char *path;
	uint64_t device, inode; /* of the socket, so that we remove ours */
	uint64_t since; /* wall clock seconds of the server's start */
	struct loop_fd on_accept;
	struct loop_timer kills;
	struct control_client *clients, *gone;
	unsigned n_clients;
};

/* control_answer.c: records of the answer. */
void control_record(struct control_client *c); /* begins one */
void control_text(
    struct control_client *c, const char *name, const char *value);
void control_number(struct control_client *c, const char *name, uint64_t value);
void control_bool(struct control_client *c, const char *name, bool value);
/* The end of the answer; the client is served then. */
void control_ok(struct control_client *c);
void control_error(struct control_client *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* control_socket.c: listen there (a SOCK_ type), -1 was logged. */
int control_bind(const char *path, int type);
/* The process that listens at path, 0: nobody does. */
pid_t control_server(const char *path);
/* 0, or what is wrong with a directory above path; it was logged. */
int control_check_directories(const char *path);

/* control.c: free the clients that have ended; for sweep.c. */
void control_sweep(struct master *m);
/* control.c: begin to send the answer that has been ended. */
void control_send(struct control_client *c);

typedef void control_verb_fn(
    struct control_client *c, const char *const *arguments, size_t count);

/*
 * control_reload.c: verbs that put a policy in force, and fields of the status.
 * The arguments of reload are a trial's seconds ("0": none), the login that
 * confirms it ("-": none), and when, in seconds of the wall clock ("0": now;
 * "never": not at the time that was planned).
 */
control_verb_fn control_reload, control_confirm, control_revert,
    control_log_level;
void control_describe_trial(struct control_client *c);

/*
 * selftest.c: user, public key in base64, seconds; source, listener or "-".
 * The answer carries a socket for the monitor's report, in which lies the
 * client's end of the connection; its records have the host keys.
 */
control_verb_fn control_selftest;

/* control_kill.c */
void control_kill(struct control_client *c, const char *target);
/* A text for the terminals of a target's connections, or of "all". */
void control_message(
    struct control_client *c, const char *target, const char *text);
/* Ends by force the connections that were told to end and did not in time. */
void control_kill_watch(struct master *m);

/* control_stats.c */
void control_stats(struct control_client *c);

#endif
