/*
 * Children that look at a user's files, counted in memory that all monitors
 * and the master share.  One that sits in a system call which a dead file
 * server does not answer cannot be ended: it is left behind, holds the memory
 * of the monitor that sent it, and outlives that monitor.  So a user has a
 * bounded number of them, at work and left behind together.
 */
#ifndef PRIVSEP_LEFTOVERS_H
#define PRIVSEP_LEFTOVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define LEFTOVERS_MAX 4096
/* With so many left behind, no other child is sent for that user. */
#define LEFTOVERS_PER_USER 4
/* Children at work for one user, with those left behind. */
#define LEFTOVERS_AT_ONCE 16

/*
 * Stands for no user: files that the configuration names, looked at for
 * nobody's login.  Such children, left behind, do not keep root out.
 */
#define LEFTOVERS_CONFIGURATION ((uid_t)-2)

struct leftover {
	uint64_t who; /* pid, and when it began; 0: free */
	uint64_t due; /* ms; left behind from then on, 0: it was given up */
	uint32_t user; /* uid + 1; 0: being written */
	uint32_t told; /* the master's: its user is in the log */
};

/* An entry, as long as the process named there has it. */
struct leftover_place {
	int index; /* -1: none */
	uint64_t who;
};

/* Monitors: count in this table; without one nothing is counted. */
void leftovers_use(struct leftover *table);
bool leftovers_are_counted(void);

/*
 * A place for a child that is to be sent for this user, which has ended in ms.
 * at_once: how many may be at work (0: any number); it is waited ms for one to
 * end.  False: LEFTOVERS_PER_USER are left behind, or no place came free.
 */
bool leftovers_enter(
    uid_t uid, unsigned at_once, int64_t ms, struct leftover_place *place);
/* The child that has the place; a monitor may end before it. */
void leftovers_child(struct leftover_place *place, pid_t pid);
/* It has ended. */
void leftovers_leave(struct leftover_place *place);
/* It was killed, and has not ended.  Without a place both do nothing. */
void leftovers_give_up(struct leftover_place *place);

/*
 * A process of the user's own that was killed and has not ended.  Of those
 * more than LEFTOVERS_AT_ONCE are not counted: the user's own limits hold.
 */
void leftovers_add(uid_t uid, pid_t pid);

/* "uid 1000", for a sentence about files of theirs. */
#define LEFTOVERS_NAME_MAX 32
const char *leftovers_name(uid_t uid, char text[LEFTOVERS_NAME_MAX]);

/* How many are left behind, and of how many users; entries of processes that
 * have ended are freed. */
size_t leftovers_count(struct leftover *table, size_t *users);

/*
 * The next user with children left behind whom the log does not know yet,
 * each once until all of them have ended.  False: nobody.
 */
bool leftovers_untold(struct leftover *table, uid_t *uid);

#endif
