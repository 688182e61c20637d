/*
 * Our own sender to the local syslog socket.  Opened before chroot and
 * privilege drop, inherited over fork.  What a full socket does not take is
 * kept and sent later; only a process with patience waits for it, for a
 * bounded time.  What is lost (the daemon is gone, or too much is kept) is
 * counted, and the count is handed out once messages are taken again.
 */
#ifndef LIB_SYSLOG_OUT_H
#define LIB_SYSLOG_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SYSLOG_OUT_PATH "/dev/log"
#define SYSLOG_OUT_MAX	8192 /* a longer message is cut */
/* The longest record of the journal's kind. */
#define SYSLOG_OUT_RECORD_MAX 24576

struct syslog_out_options {
	const char *path; /* NULL: /dev/log, or the journal's */
	const char *ident; /* NULL: "sallyport" */
	int facility; /* LOG_AUTH, LOG_AUTHPRIV, ... of syslog.h; 0: AUTH */
	bool no_pid;
	/*
	 * Records are of lib/journal.h, sent whole by syslog_out_send_raw();
	 * one too large for a datagram goes as a sealed memfd.
	 */
	bool journal;
};

/*
 * Remember the options (they are copied) and connect.  A daemon that is not
 * there yet is no error: it is looked for again at each message, while the
 * path can be seen.  0, or E_VALUE for a bad path or ident.
 */
int syslog_out_open(const struct syslog_out_options *options);
void syslog_out_close(void);
bool syslog_out_is_open(void);
/* From now on what the descriptor does not take is lost: for a sandbox. */
void syslog_out_no_reconnect(void);

/* "auth", "authpriv", "daemon", "local0".. -> facility; E_VALUE. */
int syslog_out_facility_parse(const char *word, int *facility);

/*
 * Send one line (escaped by the caller) with a severity 0-7; true if the
 * socket took it at once; false if it is kept, or lost.  Keeps errno.
 */
bool syslog_out_send(int severity, const char *text, size_t len);

/* The same with a complete RFC 5424 message of the caller's, or a record of
 * the journal's. */
bool syslog_out_send_raw(const char *message, size_t len);

/*
 * Records that are kept.  A process without a loop flushes while something
 * waits; with one a timer of the loop does.  syslog_out_drain(), before the end
 * of a process, waits until nothing is kept, as long as the socket takes a
 * record within ms, and counts the rest as lost.  A child forgets the records
 * that its parent keeps, and the parent's loop.
 */
struct loop;
bool syslog_out_waiting(void);
void syslog_out_flush(void);
void syslog_out_drain(unsigned ms);
void syslog_out_use_loop(struct loop *loop);

/*
 * For a process that serves one connection: each record is waited for while
 * the socket takes one within ms (0, from birth: never).  Once that was in
 * vain, nothing is waited for until the socket takes one again.
 */
void syslog_out_patience(unsigned ms);

/*
 * For the next image of this process: what is kept and what was lost, and back
 * again, in front of what it has kept by then.
 */
struct buf;
struct rd;
void syslog_out_save(struct buf *b);
void syslog_out_load(struct rd *r);

/* The PRI value of a severity with our facility; our ident. */
int syslog_out_priority(int severity);
const char *syslog_out_ident(void);
/* "syslog" or "the journal": what does not take records. */
const char *syslog_out_carrier(void);

/*
 * Messages this process lost since its birth or fork; those of them nobody
 * has told yet; and that n have been told.
 */
uint64_t syslog_out_lost(void);
uint64_t syslog_out_untold(void);
void syslog_out_told(uint64_t n);

/*
 * A process that may end before it could tell keeps its untold losses in
 * memory its parent sees (forks of it do not), and the parent inherits them.
 */
void syslog_out_show(uint64_t *untold);
void syslog_out_inherit(uint64_t untold);

#endif
