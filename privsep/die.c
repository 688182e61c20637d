/*
 * Failing closed: one line in the log, then _exit(), so that no handler and
 * no destructor runs in a process whose rules no longer hold.
 */
#include "privsep/die.h"

#include "lib/log.h"
#include "lib/syslog_out.h"
#include "privsep/wall.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LAST_WORDS_MS 1000 /* for a slow syslog */

void
die(const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	log_error("fatal: %s", text);
	syslog_out_drain(LAST_WORDS_MS);
	_exit(EXIT_FAILED);
}

void
die_errno(const char *format, ...)
{
	int saved = errno;
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	log_error("fatal: %s: %s", text, strerror(saved));
	syslog_out_drain(LAST_WORDS_MS);
	_exit(EXIT_FAILED);
}

void
bug(const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	log_error("fatal: internal error: %s", text);
	syslog_out_drain(LAST_WORDS_MS);
	abort();
}
