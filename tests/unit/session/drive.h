/*
 * A real session process, driven over real walls by a test that plays the
 * monitor and the worker.  Needs root; the account has a uid of its own and
 * a home below /tmp, and no entry in the machine's files.
 */
#ifndef TESTS_UNIT_SESSION_DRIVE_H
#define TESTS_UNIT_SESSION_DRIVE_H

#include "privsep/wall.h"

#include <check.h>

#define DRIVE_UID   47011
#define DRIVE_GROUP 47012 /* a supplementary one */

struct drive {
	struct msg_begin start; /* to be changed before drive_start() */
	struct wall monitor, worker;
	pid_t pid;
	pid_t ran; /* the program of the last drive_run() */
	char *home;
};
extern struct drive drive;

/* Set up a home and the defaults of start. */
void drive_prepare(void);
/* Start the session's program. */
void drive_launch(void);
/* The same, and wait until it is ready. */
void drive_start(void);
/* Tell it to finish, wait for its end; its exit status. */
int drive_finish(void);
/* Remove the home. */
void drive_clean(void);

/* The next message on a wall, of this type, within seconds; until the next. */
struct wall_message *drive_monitor(enum wall_type type);
struct wall_message *drive_worker(enum wall_type type);

/* Environment as an order has it, from a NULL ended list. */
struct bytes drive_environment(const char *first, ...);

/* Addresses as an order has them, from "127.0.0.1 ::1". */
struct bytes drive_addresses(const char *texts);

/* Run a command without pty: fds gets its ends; `ran` has been seen. */
void drive_run(uint32_t channel, const char *command, int fds[3]);
/* All that comes from a descriptor until its end, as text. */
const char *drive_read(int fd);
/* Run, return all its output, check the status. */
const char *drive_output(const char *command, uint32_t status);

#endif
