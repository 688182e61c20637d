/*
 * How the master starts sallyport-ticketholder, and what that believes of its
 * arguments; linked into both.  The two come in packages of their own: a sum
 * of the wall's table tells one that is of another version.
 */
#ifndef PRIVSEP_TICKETS_H
#define PRIVSEP_TICKETS_H

#include <sys/types.h>

#define TICKETHOLDER_PROGRAM LIBEXECDIR "/sallyport-ticketholder"
#define TICKETSTORE_PROGRAM  LIBEXECDIR "/sallyport-ticketstore"

/* The format of its arguments and its input; it comes in the ticketholder's
 * package. */
#define TICKETSTORE_FORMAT "1"

/* How it exits if it was not started by the same version. */
#define TICKETS_OTHER_VERSION 3

struct tickets_arguments {
	int log_level;
	uid_t uid;
	gid_t gid;
	char empty[4096];
};

/* This program's version, and a sum of the messages and their numbers. */
const char *tickets_version(void);

/*
 * Judge argv (privsep/spawn.c made it): argv[1] the version, argv[2]
 * --log-level=N, argv[3] --drop=UID:GID:DIRECTORY.  0, E_FORMAT or E_STATE.
 */
int tickets_parse(int argc, char **argv, struct tickets_arguments *out);

#endif
