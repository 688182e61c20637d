/*
 * Recordings of this connection's channels: a process for each, sallyport-
 * recorder, which gets the file that is opened here and stands between the
 * program and the worker.  It is believed in what it tells of the file, and in
 * nothing else.  Nothing here asks the rest of the monitor: who calls tells the
 * user and the session process.
 */
#ifndef DAEMON_MONITOR_RECORDING_H
#define DAEMON_MONITOR_RECORDING_H

#include "daemon/monitor/sessions.h"

#define RECORDING_NAME 64
/* A file is made and its first line written in no time, unless a disk stands
 * still. */
#define RECORDING_MS 5000

struct recording {
	struct monitor *monitor;
	uint32_t channel;
	const char *kind; /* of what it records */
	struct wall wall; /* fd -1: it has ended */
	pid_t pid;
	int day; /* the directory of its file; -1: only passes bytes on */
	char name[RECORDING_NAME]; /* without ".cast" */
	char *path; /* of the file, for the audit */
	char started[40];
	bool required;
	bool begun; /* has told so: the first line is written, or trouble */
	char trouble[WALL_TEXT_MAX + 1];
	bool failed; /* has told so: nothing more is recorded */
	bool over; /* has told all */
	bool stalled; /* a size waits until it takes more */
	struct msg_window size;
	uint64_t since; /* ms */
	struct recording *next;
};

/* The description at the beginning of a channel's recording. */
struct recording_start {
	const char *kind; /* "shell", "exec", "subsystem" */
	const char *command, *request; /* as it runs, as it was asked for */
};

/* In the template: the account, the program.  NULL, or what is wrong. */
const char *recording_prepare(struct monitor_template *t);

/* Is a terminal to be recorded; is what is to be started on this channel? */
bool recording_wants_pty(const struct monitor *m);
bool recording_wants(const struct monitor *m, const struct chan *c, bool sftp);

/* Before the modules' session, which may be in another namespace: the
 * directory is opened, where something may be recorded. */
void recording_hold(struct monitor *m);

/*
 * from_session.c: start it, a process, a file in it, the first line written;
 * for a channel without a terminal, pipes into c->program (of the program) and
 * c->pipes (of the worker).  0; or E_DENIED with why in the log's words: what
 * was to be started must not be, or (c->program[0] < 0, no terminal) may be
 * unrecorded.
 */
int recorder_begin(struct monitor *m, struct chan *c,
    const struct recording_start *s, char *why, size_t size);
/* Its halves here: up to record_go, NULL with why; and once the recorder has
 * answered, which err tells within RECORDING_MS. */
struct recording *recording_open(struct monitor *m, struct chan *c,
    const struct recording_start *s, char *why, size_t size);
int recording_begin(
    struct recording *r, struct chan *c, int err, char *why, size_t size);

struct recording *recording_find(const struct monitor *m, uint32_t channel);

/* A terminal's new size: of a recorded one the recorder sets it. */
void recording_resize(struct monitor *m, const struct msg_window *w);
/* Its program has ended; its channel is closed (last: nothing is waited for).
 */
void recording_program_ended(
    struct monitor *m, uint32_t channel, uint32_t status, uint32_t signal);
void recording_close(struct monitor *m, uint32_t channel, bool last);

/* A descriptor to poll, -1: there is no recorder. */
int recordings_fd(const struct monitor *m);
/* One that has a message, or has gone; what waited for it to read is sent to
 * it.  NULL: none has. */
struct recording *recordings_ready(struct monitor *m);
/* After `recorded`, or its end without it (NULL): the event, and the list has
 * it no more; then all that is left of it. */
void recording_over(
    struct monitor *m, struct recording *r, const struct msg_recorded *told);
void recording_release(struct recording *r);

/* recording_file.c: the new file of a channel, E_SYSTEM with errno; its first
 * line, the caller's to free. */
int recording_create(
    struct monitor *m, const struct chan *c, struct recording *r);
char *recording_header(const struct monitor *m, const struct chan *c,
    const struct recording_start *s, const struct recording *r, size_t *len);
/* The manifest, the caller's to free.  told NULL: the recorder is lost;
 * not_signed: why, or NULL: it is to be signed as it is. */
char *recording_manifest(const struct monitor *m, const struct recording *r,
    const struct msg_recorded *told, const char *not_signed, size_t *len);
/*
 * The host's signature over these bytes (lib/ssh/sshsig.h), armoured for a
 * file: the keyholder is asked, and the caller names the call.  0, or E_CRYPTO
 * (there is none), E_CLOSED, E_TOO_LARGE.
 */
int recording_sign(
    struct monitor *m, const char *text, size_t len, struct buf *armoured);
/* A file beside the recording: "manifest", "manifest.sig".  0, or E_SYSTEM with
 * errno. */
int recording_keep(const struct recording *r, const char *suffix,
    const char *text, size_t len);

#endif
