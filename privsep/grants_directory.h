/*
 * The directory of grants for a time (config/policy/timed.h), as a login and
 * sallyportctl see it.
 */
#ifndef PRIVSEP_GRANTS_DIRECTORY_H
#define PRIVSEP_GRANTS_DIRECTORY_H

#include "config/policy/timed.h"

#define GRANTS_FILES_MAX 4096 /* that are not over */
#define GRANTS_LOOK_MAX	 16384 /* of any kind */

/* A file that grants nothing, and why. */
typedef void grants_fault_fn(const char *file, const char *why, void *arg);

/*
 * All of them, of this user alone if user is not NULL; a file that others may
 * write, or that is not understood, is left out and told of.  FACT_KNOWN and
 * an array to free (NULL: none); FACT_UNKNOWN: the directory cannot be read,
 * or has too many.  One that does not exist has none.
 */
enum fact_state grants_read(const char *directory, const char *user,
    grants_fault_fn *fault, void *arg, struct timed_grant **grants,
    size_t *count);

/* Removes files of root's that are understood and over; all others stay, also
 * what is behind the first GRANTS_LOOK_MAX. */
void grants_sweep(const char *directory);

#endif
