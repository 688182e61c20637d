/*
 * The tokens of the policy's paths: %h home, %u name, %U uid, %% a percent
 * sign.  For the monitor, and for sallyportctl explain.
 */
#ifndef PRIVSEP_PATH_TOKENS_H
#define PRIVSEP_PATH_TOKENS_H

#include <pwd.h>

/* The path for this user, allocated; NULL: it is longer than 4096 bytes. */
char *path_tokens_expand(const char *pattern, const struct passwd *pw);

#endif
