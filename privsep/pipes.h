/*
 * The pipes between a program without a terminal and who reads and feeds it:
 * the session process makes them, or the monitor for a recorder.
 */
#ifndef PRIVSEP_PIPES_H
#define PRIVSEP_PIPES_H

#include <stdbool.h>

/*
 * Standard input: what is written to *ours is read from *theirs.  A pipe; or,
 * with reset, a socket on which a byte waits for who writes: it must be read
 * before a clean end, and one that is closed without that resets the reader's.
 * 0 or errno; neither blocks for *ours.
 */
int pipes_input(int *ours, int *theirs, bool reset);

/* A pipe to be read from *ours; size 0: the kernel's.  0 or errno. */
int pipes_output(int *ours, int *theirs, int size);

#define PIPES_SIZE (256 * 1024) /* of standard input and output */

/*
 * Standard input, output and error: ours do not block; theirs, descriptions of
 * their own, do.  0 or errno; then the caller closes those that are not -1.
 */
int pipes_make(int ours[3], int theirs[3], bool reset_input);

#endif
