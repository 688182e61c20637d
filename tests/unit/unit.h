/*
 * Common to all unit test programs: runs their cases, and leaves no files
 * behind.
 */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <check.h>

#include <stdbool.h>

/*
 * The end of main(): runs the cases, frees the runner and returns the
 * program's exit status.
 */
int unit_run(SRunner *runner);

/*
 * The program's own folder for files, made in main() before the cases fork
 * and removed with all in it when the program ends, however the cases did.
 * Below $TMPDIR or /tmp; trusted: below /run, where every parent is root's
 * (who is not root: in the build directory).
 */
void unit_scratch(bool trusted);

/* A new empty folder in it; the caller frees the path. */
char *unit_folder(void);

/*
 * For root: this process alone sees what it mounts from now on.  Also in a
 * plain chroot, as packages are built in, whose "/" is no mount point.  False,
 * and errno.
 */
bool unit_mounts_apart(void);

/* Removes a folder with all in it. */
void unit_remove(const char *path);

#endif
