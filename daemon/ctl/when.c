/*
 * Times on sallyportctl's command line: when.h.
 */
#include "daemon/ctl/when.h"

#include "config/policy/policy.h"

#include <stdio.h>
#include <string.h>

bool
when_parse(const char *text, time_t *when)
{
	struct tm tm;
	const char *end;

	*when = time(NULL);
	if (strcmp(text, "now") == 0)
		return true;
	localtime_r(when, &tm);
	tm.tm_sec = 0;
	tm.tm_isdst = -1;
	end = strptime(text, "%H:%M", &tm);
	if (end == NULL || *end != '\0')
		return policy_moment(text, when);
	*when = mktime(&tm);
	return *when != (time_t)-1;
}

void
when_print(uint64_t seconds)
{
	time_t when = (time_t)seconds;
	char text[64] = "-";
	struct tm tm;

	if (seconds != 0 && localtime_r(&when, &tm) != NULL)
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	fputs(text, stdout);
}
