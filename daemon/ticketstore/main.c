/*
 * sallyport-ticketstore: started by a monitor as the user who has logged in,
 * without privileges, with the delegated tickets as its standard input and a
 * pipe as its output.  "FORMAT store" prints the name of the cache, "FORMAT
 * renew NAME" replaces what is in it, "FORMAT remove NAME" removes it; a
 * failure is an exit status of 1 and a sentence.
 */
#include "config.h"

#include "daemon/ticketstore/ticketstore.h"

#include "lib/about.h"
#include "lib/err.h"
#include "privsep/limits.h"
#include "privsep/tickets.h"

#include <linux/keyctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint8_t input[WALL_DELEGATED_MAX + 1];

static const char *
read_input(size_t *len)
{
	ssize_t n;

	*len = 0;
	while ((n = read(0, &input[*len], sizeof(input) - *len)) > 0)
		*len += (size_t)n;
	if (n < 0)
		return "the tickets could not be read";
	return *len == sizeof(input) ? "the tickets are too large" : NULL;
}

/* Into a new cache, or that one. */
static const char *
store(const char *in)
{
	struct delegated tickets;
	char *name = NULL;
	size_t len;
	const char *fault = read_input(&len);

	if (fault == NULL && delegated_parse(input, len, &tickets) != 0)
		fault = "the tickets are malformed";
	if (fault == NULL)
		fault = in == NULL ? cache_store(&tickets, &name) :
				     cache_renew(&tickets, in);
	explicit_bzero(input, sizeof(input));
	if (fault == NULL)
		fputs(in == NULL ? name : in, stdout);
	free(name);
	return fault;
}

int
main(int argc, char **argv)
{
	const char *fault;

	/* Until here the user could have looked in. */
	if (prctl(PR_SET_DUMPABLE, 0) != 0)
		return 1;
	if (argc == 2 &&
	    about_print(argv[1], "sallyport-ticketstore", PACKAGE_VERSION,
		"Stores a user's delegated tickets; sallyportd starts it."))
		return 0;
	/* The session keyring is the server's; none is possessed from here. */
	(void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
	if (argc < 3 || strcmp(argv[1], TICKETSTORE_FORMAT) != 0)
		fault = "sallyport-ticketstore is of another version";
	else if (argc == 3 && strcmp(argv[2], "store") == 0)
		fault = store(NULL);
	else if (argc == 4 && strcmp(argv[2], "renew") == 0)
		fault = store(argv[3]);
	else if (argc == 4 && strcmp(argv[2], "remove") == 0)
		fault = cache_remove(argv[3]);
	else
		fault = "sallyport-ticketstore is started by sallyportd";
	if (fault != NULL)
		fputs(fault, stdout);
	return fflush(stdout) == 0 && fault == NULL ? 0 : 1;
}
