/*
 * The words of helpers' --version and --help.  Before any of their work: uses
 * standard output and nothing else.
 */
#include "lib/about.h"

#include <stdio.h>
#include <string.h>

bool
about_print(const char *argument, const char *program, const char *version,
    const char *purpose)
{
	if (strcmp(argument, "-V") == 0)
		puts(version);
	else if (strcmp(argument, "--version") == 0)
		printf("sallyport %s\n", version);
	else if (strcmp(argument, "-h") == 0 || strcmp(argument, "--help") == 0)
		printf("usage: %s [-V | --version | -h | --help]\n%s\n",
		    program, purpose);
	else
		return false;
	return fflush(stdout) == 0;
}
