/*
 * Processes that descend from this one: what code by others has started and
 * left behind.  For the monitor and its template.
 */
#ifndef PRIVSEP_OFFSPRING_H
#define PRIVSEP_OFFSPRING_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define OFFSPRING_MAX 256 /* that are looked at */

/* Is there a child, alive or not waited for?  One system call. */
bool offspring_exist(void);

/*
 * Become the parent of descendants whose own parent ends (or no longer), so
 * that a program that went into the background is still found.
 */
void offspring_adopt(bool on);

/* The children of a process, at most OFFSPRING_MAX; 0 if /proc is unknown. */
size_t offspring_of(pid_t parent, pid_t *pids);

/*
 * Kill a child of ours with all that descends from it, and wait for it, half
 * a second at most.
 */
void offspring_end(pid_t child);

#endif
