/*
 * Small files that root keeps between runs, in directories that are its own
 * alone: under a name made of any text, replaced as a whole, so that a crash
 * leaves the old bytes or the new ones.
 */
#ifndef LIB_STATEDIR_H
#define LIB_STATEDIR_H

#include <stdbool.h>
#include <stddef.h>

#define STATEDIR_NAME	  100 /* bytes of a name, before it is encoded */
#define STATEDIR_FILE_MAX (3 * STATEDIR_NAME + 1)

/*
 * "a/b" as "a%2Fb": one file name, which never begins with a dot.  False: it
 * is empty or longer than STATEDIR_NAME.
 */
bool statedir_name(const char *name, char out[STATEDIR_FILE_MAX]);

/*
 * Open an absolute path as a directory, making what is missing of it: the last
 * part with mode 0700.  A descriptor (O_CLOEXEC), or -1 and errno: EPERM where
 * it is another's or others may write to it.
 */
int statedir_open(const char *path);

/*
 * Put these bytes in the place of a file of the directory, on the disk before
 * it returns.  False, and errno: the old ones are there still.
 */
bool statedir_replace(
    int directory, const char *file, const void *data, size_t len);

/* Remove a file of the directory, which may be gone already, from the disk.
 * False, and errno: it may come back. */
bool statedir_remove(int directory, const char *file);

#endif
