/*
 * The log for people.  One writer: every line is escaped and bounded there,
 * whatever the format's arguments contained, and goes to every open sink.
 * (Events for machines: lib/audit.h.)
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* The longest line, its terminator included; longer ones end in "...". */
#define LOG_LINE_MAX 2048

enum log_level {
	LOG_LEVEL_QUIET = -1,
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO, /* from birth */
	LOG_LEVEL_VERBOSE,
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_COUNT
};

#define LOG_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* errno is kept.  The line ends where the text ends: no '\n' needed. */
void log_error(const char *format, ...) LOG_PRINTF(1, 2);
void log_warn(const char *format, ...) LOG_PRINTF(1, 2);
void log_info(const char *format, ...) LOG_PRINTF(1, 2);
void log_verbose(const char *format, ...) LOG_PRINTF(1, 2);
void log_debug(const char *format, ...) LOG_PRINTF(1, 2);
void log_at(int level, const char *format, ...) LOG_PRINTF(2, 3);
void log_at_va(int level, const char *format, va_list args) LOG_PRINTF(2, 0);

/* Lines above this level are dropped (audit records never are). */
void log_set_level(int level);
int log_level(void);
bool log_wants(int level);

/* "error", "warn", ... and back; an unknown word is E_VALUE. */
const char *log_level_name(int level);
int log_level_parse(const char *word, int *level);

/* The name that stands before lines in files (default "sallyport"). */
void log_set_ident(const char *ident);

/*
 * The sinks; any number of them at once.  At birth only stderr is on.  All
 * survive fork().  The file is opened by safefile_append() and written one
 * write() per line: 0 or an E_ code (errno).  log_use_fd takes a
 * descriptor that is open already (-1: none) and does not close it.
 */
void log_use_stderr(bool on);
/*
 * Standard error, if the log goes there, is at fd now, which stays the
 * caller's; nothing is kept of the one before.  For descriptor 2 when it has
 * become another, and for its copy while 2 is something else.
 */
void log_stderr_at(int fd);
int log_open_file(const char *path);
void log_close_file(void);
void log_use_fd(int fd);
int log_fd(void);
/* lib/syslog_out.h must have been opened; lines follow the levels. */
void log_use_syslog(bool on);
/*
 * The same, opened for the journal: the writer is audit_journal_line(), NULL
 * for none.  Records of the audit go there by an output of their own.
 */
typedef bool log_journal_fn(int severity, const char *line, size_t len);
void log_use_journal(log_journal_fn *write);

/*
 * In a process behind a wall: lines go to the callback, already escaped (and
 * to no other sink that is not switched on).  Not called recursively.
 */
typedef void log_callback_fn(int level, const char *line, void *arg);
void log_set_callback(log_callback_fn *fn, void *arg);

/* The longest name of a sender, with ": " and a terminator. */
#define LOG_SENDER_MAX 64

/*
 * A line that came over a wall, from a process that may be taken over.  It is
 * written as "SENDER: TEXT"; the caller's sender names the role and the
 * connection.  TEXT becomes one word of printable ASCII, with '_' for every
 * other byte: all sentences that log watchers look for have spaces, so none of
 * them matches, wherever in the line it searches.  Filtered by level, bounded,
 * never trusted as a format.
 */
void log_relay(int level, const char *sender, const char *text, size_t len);

/*
 * A line that a library gave to syslog(3) (a PAM module, for the most part), of
 * severity 0-7: escaped, but else as it came.  Not filtered, since sshd's level
 * does not reach PAM's modules; what they say is chosen in their own options.
 */
void log_library(int severity, const char *text);

/*
 * For lib/audit.c: a record of syslog severity 0-7 to the sinks, not filtered,
 * not tagged, escaped as a line.  bare: files get it without a time in front.
 */
void log_record(int severity, const char *record, size_t len, bool bare);
/* The same to a descriptor of its own. */
void log_write_fd(int fd, const char *line, size_t len, bool bare);
/* Told after a successful send to syslog: reports what was lost before. */
void log_report_lost(void);

#endif
