/*
 * Errors of commands: on stderr for people, the first kept for --json.
 */
#include "daemon/ctl/say.h"

#include "daemon/ctl/ctl.h"
#include "daemon/ctl/record.h"
#include "lib/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static char *first_error;

void
ctl_keep_error(const char *text)
{
	if (first_error == NULL)
		first_error = mem_strdup(text);
}

const char *
ctl_first_error(void)
{
	return first_error != NULL ? first_error : "it failed";
}

/* Behind what is on stderr already. */
static void __attribute__((format(printf, 1, 0)))
say(const char *format, va_list args)
{
	char *text = mem_vprintf(format, args);

	ctl_keep_error(text);
	fputs(text, stderr);
	free(text);
}

int
ctl_fail(const char *format, ...)
{
	va_list args;

	fputs("sallyportctl: ", stderr);
	va_start(args, format);
	say(format, args);
	va_end(args);
	putc('\n', stderr);
	return CTL_FAILED;
}

int
ctl_usage(const struct ctl *ctl, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "sallyportctl: %s: ", ctl->command);
	va_start(args, format);
	say(format, args);
	va_end(args);
	fprintf(stderr, "\nusage: sallyportctl %s%s%s\n", ctl->command,
	    *ctl->arguments != '\0' ? " " : "", ctl->arguments);
	return CTL_USAGE;
}

int
ctl_end(const struct ctl *ctl, int status)
{
	if (ctl->json && status != CTL_OK && !json_was_written()) {
		fputs("{\n\t\"error\": ", stdout);
		json_text(ctl_first_error(), stdout);
		fputs("\n}\n", stdout);
	}
	if (fflush(stdout) != 0 && status == CTL_OK)
		status = ctl_fail("cannot write the answer");
	return status;
}
