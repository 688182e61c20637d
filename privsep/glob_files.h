/*
 * Files by a pattern of glob(7), found by a light child: without an
 * allocation, a lock or the locale, all of which glob(3) needs.
 */
#ifndef PRIVSEP_GLOB_FILES_H
#define PRIVSEP_GLOB_FILES_H

#include "lib/safefile.h"

#include <stdbool.h>
#include <stddef.h>

#define GLOB_FILES_MAX 1024 /* that one pattern may match */
#define GLOB_BYTES_MAX (1024 * 1024) /* of all their names */

/*
 * In a light child: write the path of each file that matches into `to`, a NUL
 * behind each, in no order.  '*', '?' and '[a-z]' stand for no '/' and for no
 * '.' at the beginning of a name; '\' takes the next byte as it is.  A
 * directory that is not there holds nothing.  0, or an E_ code and why.
 */
int glob_files(const char *pattern, int to, char why[SAFEFILE_WHY_MAX]);

/* Does a name match one component of a pattern, len bytes? */
bool glob_matches(const char *name, const char *pattern, size_t len);

/*
 * The paths that glob_files() wrote, sorted as sshd does, byte by byte; to be
 * freed.  NULL if they are not such a list.
 */
char *glob_sorted(const char *list, size_t len);

/* The same of what can be read from fd. */
char *glob_read(int fd, size_t *len);

#endif
