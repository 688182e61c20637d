/*
 * The restrictions that come with a proof, and variables that modules set.
 */
#ifndef MODULES_HOST_RESTRICTIONS_H
#define MODULES_HOST_RESTRICTIONS_H

#include "config/policy/policy.h"
#include "modules/host/attempt.h"
#include "modules/sallyport_module.h"

#define RESTRICTIONS_MAX 512 /* permitopen and the like, of one attempt */

/* 0; E_DENIED: it contradicts another; E_LIMIT; E_VALUE: it is not known. */
int restrictions_add(
    struct restrictions *r, enum sallyport_restriction what, const char *value);
/* NAME=value, in place of another of its name; E_LIMIT. */
int restrictions_set_variable(struct restrictions *r, const char *setting);
void restrictions_free(struct restrictions *r);
/* Add an attempt's to the login's, and tighten the decision by them, for which
 * they come from origin; E_DENIED when they contradict. */
int restrictions_merge(struct restrictions *to, const struct restrictions *from,
    struct decision *d, const char *origin);

#endif
