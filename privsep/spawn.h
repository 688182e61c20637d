/*
 * Starting a role: exec of the held binary, so that templates and keyholder
 * have address spaces of their own, with the descriptors they are given at
 * fixed numbers and nothing else.
 */
#ifndef PRIVSEP_SPAWN_H
#define PRIVSEP_SPAWN_H

#include "privsep/roles.h"

#include <sys/types.h>

/* Where a role finds its descriptors; absent ones are /dev/null. */
enum spawn_fd {
	SPAWN_WALL = 3, /* to the master */
	SPAWN_BUNDLE = 4, /* the sealed configuration */
	SPAWN_SLOTS = 5, /* status slots */
	SPAWN_LOG = 6, /* -E FILE */
	SPAWN_SESSION = 7, /* the program sallyport-session, O_PATH */
	SPAWN_DOOR = 8, /* from monitors to the ticketholder, or a helper */
	SPAWN_RECORDER = 9, /* the program sallyport-recorder, O_PATH */
	SPAWN_FDS = 10
};

struct spawned {
	pid_t pid;
	int pidfd; /* close-on-exec, the caller's */
};

/* How a role is told to log: flags of the command line, handed down. */
struct spawn_options {
	int binary; /* O_PATH descriptor of the running program */
	int wall, bundle, slots, log, session, door, recorder; /* -1: absent */
	const char
	    *version; /* of a program that is not sallyportd; else NULL */
	bool log_stderr; /* -e */
	bool fips; /* libcrypto is held to FIPS */
	int log_level; /* overrides the configuration; -2: does not */
	/* Whom it drops to, and its empty root directory; for roles that do. */
	uid_t uid;
	gid_t gid;
	const char *empty;
};

/*
 * Descriptors: the master and the roles that have some for each connection
 * get as many as the hard limit lets them; what users' programs come from (the
 * monitors), and the next program, what we were started with.  Returns how
 * many there are.
 */
unsigned spawn_raise_limits(void);
void spawn_restore_limits(void);

/* 0, or E_SYSTEM. */
int spawn_role(
    enum role role, const struct spawn_options *options, struct spawned *child);

/* To the process of a pidfd, if it still runs; -1: to none. */
void spawn_signal(int pidfd, int number);

/*
 * The descriptor that becomes 2: `null`.  A build with sanitizers, whose
 * reports are read, uses `log`, or if that is -1 the file that SALLYPORT_REPORT
 * in the environment names.
 */
int spawn_report_fd(int log, int null);

#endif
