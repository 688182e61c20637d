/*
 * Titles (see title.h): the memory of argv and of the environment behind it
 * is overwritten, which the kernel shows as the command line.
 */
#include "privsep/title.h"

#include <sys/prctl.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM "sallyportd: "

static char *title_at;
static size_t title_room;

/* False if memory is short: then the environment stays where it is. */
static bool
copy_environment(void)
{
	size_t n = 0;
	char **copy;

	while (environ != NULL && environ[n] != NULL)
		n++;
	if ((copy = calloc(n + 1, sizeof(*copy))) == NULL)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((copy[i] = strdup(environ[i])) == NULL)
			return false;
	environ = copy;
	return true;
}

void
title_init(int argc, char **argv)
{
	char *end, *after;

	title_room = 0;
	if (argc < 1 || argv[0] == NULL)
		return;
	end = argv[0];
	for (int i = 0; i < argc; i++)
		if (argv[i] == end)
			end += strlen(argv[i]) + 1;
	after = end;
	for (size_t i = 0; environ != NULL && environ[i] != NULL; i++)
		if (environ[i] == after)
			after += strlen(environ[i]) + 1;
	if (after != end && copy_environment())
		end = after;
	title_at = argv[0];
	title_room = (size_t)(end - argv[0]);
}

void
title_set(const char *format, ...)
{
	char text[TITLE_MAX] = PROGRAM, name[TITLE_MAX];
	const char *word;
	va_list args;

	va_start(args, format);
	vsnprintf(&text[strlen(PROGRAM)], sizeof(text) - strlen(PROGRAM),
	    format, args);
	va_end(args);
	word = strrchr(text, ':');
	snprintf(name, sizeof(name), "sp-%s", &word[1 + strspn(&word[1], " ")]);
	prctl(PR_SET_NAME, name, 0, 0, 0);
	if (title_room < 2)
		return;
	memset(title_at, 0, title_room);
	snprintf(title_at, title_room, "%s", text);
}

void
title_blank(char *name)
{
	memset(name, ' ', TITLE_MAX - 1);
	name[TITLE_MAX - 1] = '\0';
	memcpy(name, PROGRAM, strlen(PROGRAM));
}
