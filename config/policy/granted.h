/*
 * The grants of a decision in the end, guards included, as text.
 */
#ifndef CONFIG_POLICY_GRANTED_H
#define CONFIG_POLICY_GRANTED_H

#include "config/options.h"
#include "config/policy/policy.h"

/* A value as it would be written; the caller frees it. */
char *granted_value_text(const struct option *option, const void *member);

/*
 * The value in the end; the caller frees it.  Of a list where every layer must
 * allow: the lists that do not allow everything, once each; the first list
 * where none is left.
 */
char *granted_text(const struct decision *d, const struct option *option);

#endif
