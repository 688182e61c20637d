/*
 * A file as a start would find it.
 */
#ifndef CONFIG_CHECK_FILE_H
#define CONFIG_CHECK_FILE_H

#include <stdbool.h>

/*
 * Is the file at path one that a start would take: its owner and the
 * directories above it?  Else why (SAFEFILE_WHY_MAX bytes).
 */
bool check_safe_file(const char *path, unsigned flags, char *why);

#endif
