/*
 * Programs that nobody but sallyportd starts, asked what they are.
 */
#ifndef LIB_ABOUT_H
#define LIB_ABOUT_H

#include <stdbool.h>

/*
 * -V, --version, -h or --help for somebody at a terminal: printed, and true if
 * it could be.  false for another argument.  purpose: a sentence.
 */
bool about_print(const char *argument, const char *program, const char *version,
    const char *purpose);

#endif
