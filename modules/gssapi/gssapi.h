/*
 * gssapi.so: what its two files share.
 */
#ifndef MODULES_GSSAPI_GSSAPI_H
#define MODULES_GSSAPI_GSSAPI_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Does a ~/.k5login name this principal?  One a line, as libkrb5 writes it;
 * blanks at a line's end do not count.
 */
bool k5login_names(const char *text, size_t len, const char *principal);

#endif
