/*
 * sshd_config into sallyport's configuration, equal in effect.
 */
#ifndef CONFIG_IMPORT_H
#define CONFIG_IMPORT_H

#include "config/problem.h"

#include <stdio.h>

/*
 * Read the sshd_config at path with all that it includes, and write a
 * sallyport.conf to out.  What cannot be said in it is in report, with its
 * line: errors where the result would let in more, or others, than sshd does;
 * warnings where it is only different.  0; E_VALUE when report has errors (out
 * is complete nevertheless); E_SYSTEM when path cannot be read.
 */
int config_import(const char *path, FILE *out, struct problems *report);

#endif
