/*
 * The one writer of log lines, in every process.  Trusts no argument: the
 * whole line is escaped after formatting, so no caller can forget it.
 */
#include "lib/log.h"

#include "lib/audit.h"
#include "lib/err.h"
#include "lib/escape.h"
#include "lib/line_out.h"
#include "lib/safefile.h"
#include "lib/syslog_out.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
	int level;
	char ident[64];
	bool to_stderr;
	struct line_out err;
	bool to_syslog;
	log_journal_fn *journal;
	struct line_out file; /* its fd, -1: none */
	bool fd_owned; /* log_open_file opened it */
	log_callback_fn *callback;
	void *callback_arg;
	bool in_callback;
	bool in_lost;
} logger = {
    .level = LOG_LEVEL_INFO,
    .ident = "sallyport",
    .to_stderr = true,
    .err = {.fd = STDERR_FILENO, .own = -1},
    .file = {.fd = -1, .own = -1},
};

static const struct {
	const char *name;
	const char *prefix;
	int severity; /* syslog's */
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error", "error: ", 3},
    [LOG_LEVEL_WARN] = {"warn", "warning: ", 4},
    [LOG_LEVEL_INFO] = {"info", "", 6},
    [LOG_LEVEL_VERBOSE] = {"verbose", "", 6},
    [LOG_LEVEL_DEBUG] = {"debug", "debug: ", 7},
};
#define LEVELS ((int)(sizeof(levels) / sizeof(levels[0])))

static int
bounded_level(int level)
{
	if (level < LOG_LEVEL_ERROR)
		return LOG_LEVEL_ERROR;
	return level < LEVELS ? level : LEVELS - 1;
}

void
log_set_level(int level)
{
	logger.level = level < LOG_LEVEL_QUIET ? LOG_LEVEL_QUIET : level;
}

int
log_level(void)
{
	return logger.level;
}

bool
log_wants(int level)
{
	return level <= logger.level;
}

const char *
log_level_name(int level)
{
	if (level == LOG_LEVEL_QUIET)
		return "quiet";
	return levels[bounded_level(level)].name;
}

int
log_level_parse(const char *word, int *level)
{
	if (strcmp(word, "quiet") == 0) {
		*level = LOG_LEVEL_QUIET;
		return 0;
	}
	for (int i = 0; i < LEVELS; i++)
		if (strcmp(word, levels[i].name) == 0) {
			*level = i;
			return 0;
		}
	return E_VALUE;
}

void
log_set_ident(const char *ident)
{
	escape_text(logger.ident, sizeof(logger.ident), ident, ESCAPE_SPACE);
}

void
log_use_stderr(bool on)
{
	logger.to_stderr = on;
	line_out_use(&logger.err, on ? STDERR_FILENO : -1);
}

void
log_stderr_at(int fd)
{
	if (logger.to_stderr)
		line_out_use(&logger.err, fd);
}

void
log_use_syslog(bool on)
{
	logger.to_syslog = on;
}

void
log_use_journal(log_journal_fn *write)
{
	logger.journal = write;
}

int
log_open_file(const char *path)
{
	char why[SAFEFILE_WHY_MAX];
	int fd, err = safefile_append(path, &fd, why);

	if (err != 0)
		return err;
	log_close_file();
	line_out_use(&logger.file, fd);
	logger.fd_owned = true;
	return 0;
}

void
log_close_file(void)
{
	if (logger.fd_owned)
		close(logger.file.fd);
	line_out_use(&logger.file, -1);
	logger.fd_owned = false;
}

void
log_use_fd(int fd)
{
	log_close_file();
	line_out_use(&logger.file, fd);
}

int
log_fd(void)
{
	return logger.file.fd;
}

void
log_set_callback(log_callback_fn *fn, void *arg)
{
	logger.callback = fn;
	logger.callback_arg = arg;
}

/* A time, our name and pid. */
static void
make_stamp(char *stamp, size_t size)
{
	char day[32];
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(stamp, size, "%s.%03dZ %s[%d]: ", day,
	    (int)(now.tv_nsec / 1000000), logger.ident, (int)getpid());
}

static bool
write_stamped(struct line_out *o, const char *line, size_t len, bool bare)
{
	char stamp[160] = "";
	int saved = errno;

	if (!bare)
		make_stamp(stamp, sizeof(stamp));
	errno = saved;
	return line_out_write(o, stamp, line, len);
}

void
log_write_fd(int fd, const char *line, size_t len, bool bare)
{
	struct line_out out = {.fd = fd, .own = -1};

	(void)write_stamped(&out, line, len, bare);
}

/* Once somebody reads again: how much is missing. */
static void
report_missing(struct line_out *o, const char *carrier)
{
	uint64_t untold;

	if (logger.in_lost || (untold = line_out_untold(o)) == 0)
		return;
	logger.in_lost = true;
	AUDIT(log_drop, .count = untold, .carrier = carrier);
	/* The telling itself is no loss. */
	if (line_out_untold(o) != 0)
		o->untold = untold;
	logger.in_lost = false;
}

/* Once the system's log daemon listens again: how much it has missed. */
void
log_report_lost(void)
{
	uint64_t untold = syslog_out_untold(), before;

	if (untold == 0 || logger.in_lost)
		return;
	logger.in_lost = true;
	before = syslog_out_lost();
	AUDIT(log_drop, .count = untold, .carrier = syslog_out_carrier());
	/* The telling itself is no loss. */
	if (syslog_out_lost() == before)
		syslog_out_told(untold);
	else
		syslog_out_told(syslog_out_lost() - before);
	logger.in_lost = false;
}

/* A record without a time in front is JSON: mmjsonparse looks for the mark. */
static bool
to_syslog(int severity, const char *line, size_t len, bool json)
{
	static const char mark[] = "@cee: ";
	char marked[sizeof(mark) + AUDIT_RECORD_MAX + 64];

	if (!json)
		return syslog_out_send(severity, line, len);
	if (len > sizeof(marked) - sizeof(mark))
		len = sizeof(marked) - sizeof(mark);
	memcpy(marked, mark, sizeof(mark) - 1);
	memcpy(&marked[sizeof(mark) - 1], line, len);
	return syslog_out_send(severity, marked, len + sizeof(mark) - 1);
}

static void
to_sinks(int severity, const char *line, size_t len, bool bare)
{
	if (logger.to_stderr && line_out_write(&logger.err, "", line, len))
		report_missing(&logger.err, "stderr");
	if (logger.file.fd >= 0 && write_stamped(&logger.file, line, len, bare))
		report_missing(&logger.file, "the log file");
	if (logger.to_syslog && to_syslog(severity, line, len, bare))
		log_report_lost();
}

static void
to_callback(int level, const char *line)
{
	if (logger.callback == NULL || logger.in_callback)
		return;
	logger.in_callback = true;
	logger.callback(level, line, logger.callback_arg);
	logger.in_callback = false;
}

static void
write_text(int level, int severity, const char *prefix, const char *text,
    size_t text_len)
{
	char line[LOG_LINE_MAX], whole[LOG_LINE_MAX + 128];
	int saved = errno, n;

	if (text_len != 0 && text[text_len - 1] == '\n')
		text_len--;
	escape(line, sizeof(line), text, text_len, ESCAPE_LINE);
	to_callback(level, line);
	n = snprintf(whole, sizeof(whole), "%s%s", prefix, line);
	to_sinks(severity, whole, (size_t)n, false);
	if (logger.journal != NULL &&
	    logger.journal(severity, whole, (size_t)n))
		log_report_lost();
	errno = saved;
}

static void
write_own(int level, const char *text, size_t text_len)
{
	write_text(level, levels[level].severity, levels[level].prefix, text,
	    text_len);
}

void
log_library(int severity, const char *text)
{
	int level = severity <= 3 ? LOG_LEVEL_ERROR :
	    severity == 4	  ? LOG_LEVEL_WARN :
	    severity <= 6	  ? LOG_LEVEL_INFO :
				    LOG_LEVEL_DEBUG;

	write_text(level, severity, "", text, strlen(text));
}

void
log_relay(int level, const char *sender, const char *text, size_t text_len)
{
	char line[LOG_LINE_MAX];
	size_t n = (size_t)snprintf(line, LOG_SENDER_MAX, "%s: ", sender);

	level = bounded_level(level);
	if (!log_wants(level))
		return;
	if (n >= LOG_SENDER_MAX)
		n = LOG_SENDER_MAX - 1;
	if (text_len != 0 && text[text_len - 1] == '\n')
		text_len--;
	for (size_t i = 0; i < text_len && n < sizeof(line) - 1; i++)
		line[n++] = text[i] > ' ' && text[i] <= '~' ? text[i] : '_';
	write_own(level, line, n);
}

void
log_record(int severity, const char *record, size_t record_len, bool bare)
{
	char line[AUDIT_RECORD_MAX + 64];
	int saved = errno;
	size_t len;

	len = escape(line, sizeof(line), record, record_len, ESCAPE_LINE);
	to_callback(severity <= 3 ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO, line);
	to_sinks(severity, line, len, bare);
	errno = saved;
}

void
log_at_va(int level, const char *format, va_list args)
{
	/* Longer than a line, so that the escaping sees that it must cut. */
	char text[LOG_LINE_MAX + 8];
	int saved = errno, n;

	level = bounded_level(level);
	if (!log_wants(level))
		return;
	n = vsnprintf(text, sizeof(text), format, args);
	if (n < 0)
		n = snprintf(text, sizeof(text), "(%s)", format);
	if ((size_t)n >= sizeof(text))
		n = (int)sizeof(text) - 1;
	write_own(level, text, (size_t)n);
	errno = saved;
}

#define LOG_FUNCTION(name, level)               \
	void name(const char *format, ...)      \
	{                                       \
		va_list args;                   \
                                                \
		va_start(args, format);         \
		log_at_va(level, format, args); \
		va_end(args);                   \
	}
LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warn, LOG_LEVEL_WARN)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_verbose, LOG_LEVEL_VERBOSE)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)

void
log_at(int level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_at_va(level, format, args);
	va_end(args);
}
