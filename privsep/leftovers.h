/*
 * Children that looked at a user's files and cannot be ended: they sit in a
 * system call which a dead file server does not answer, and each holds the
 * memory of the monitor that sent it.  They outlive that monitor, so they are
 * counted in memory that all monitors and the master share.
 */
#ifndef PRIVSEP_LEFTOVERS_H
#define PRIVSEP_LEFTOVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define LEFTOVERS_MAX	   4096
#define LEFTOVERS_PER_USER 4

struct leftover {
	uint32_t pid; /* 0: free; 1: being written */
	uint32_t uid;
	uint64_t started; /* as in /proc/PID/stat: pids are used again */
};

/* Monitors: count in this table; without one nothing is counted. */
void leftovers_use(struct leftover *table);

/*
 * May another child be sent for this user?  False while LEFTOVERS_PER_USER of
 * them wait, or the table is full.
 */
bool leftovers_allow(uid_t uid);

/* A child of this user that was killed and has not ended.  How many there
 * are by now. */
unsigned leftovers_add(uid_t uid, pid_t pid);

/* Remove entries of processes that have ended; how many are left, and of how
 * many users. */
size_t leftovers_count(struct leftover *table, size_t *users);

#endif
