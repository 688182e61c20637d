/*
 * syslog(3) for the libraries in our processes, PAM's modules first of all.
 * libc's blocks while the daemon does not read, and a login with it; and a
 * value with a newline would begin a record of its own.  So these come before
 * libc's: a library's line goes into our own log, as it is.
 *
 * syslog.h is not included: it defines some of these names as inline.
 */
#include "lib/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#define PUBLIC	 __attribute__((visibility("default")))
#define TEXT_MAX 2048

PUBLIC void vsyslog(int priority, const char *format, va_list args);
PUBLIC void syslog(int priority, const char *format, ...);
PUBLIC void __vsyslog_chk(
    int priority, int flag, const char *format, va_list args);
PUBLIC void __syslog_chk(int priority, int flag, const char *format, ...);

__attribute__((format(printf, 2, 0))) void
vsyslog(int priority, const char *format, va_list args)
{
	char text[TEXT_MAX];
	int saved = errno;

	vsnprintf(text, sizeof(text), format, args);
	log_library(priority & 7, text);
	errno = saved;
}

__attribute__((format(printf, 2, 3))) void
syslog(int priority, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsyslog(priority, format, args);
	va_end(args);
}

__attribute__((format(printf, 3, 0))) void
__vsyslog_chk(int priority, int flag, const char *format, va_list args)
{
	(void)flag;
	vsyslog(priority, format, args);
}

__attribute__((format(printf, 3, 4))) void
__syslog_chk(int priority, int flag, const char *format, ...)
{
	va_list args;

	(void)flag;
	va_start(args, format);
	vsyslog(priority, format, args);
	va_end(args);
}
