/*
 * The children of errands, for errand.c, errand_run.c and grants_errand.c
 * alone.
 */
#ifndef PRIVSEP_ERRAND_CHILD_H
#define PRIVSEP_ERRAND_CHILD_H

#include "privsep/errand.h"
#include "privsep/leftovers.h"
#include "privsep/light_child.h"

#include <stdint.h>

/* An E_ code as an enum sallyport_error. */
int errand_from_err(int err);

/* In a child: descriptors from `first` on gone. */
void errand_close_from(unsigned first);

/* In a child: become somebody for good, or end. */
void errand_become(const struct errand_as *as);

/* A light child, and its place among those of its user. */
struct errand_child {
	struct light_child child;
	struct leftover_place place;
};

/*
 * Start one for this user, beside at most at_once others (0: any number).  0,
 * SALLYPORT_STATE (too many of them wait), or SALLYPORT_SYSTEM and errno.
 */
int errand_send(struct errand_child *sent, uid_t whose, unsigned at_once,
    int64_t ms, int (*run)(void *arg), void *arg);

/*
 * Wait for its end, kill it then.  One that cannot be ended keeps its place;
 * the master tells of it.
 */
void errand_end(struct errand_child *sent, uid_t whose, int64_t ms, bool group,
    int *status);

/* The sentence for SALLYPORT_STATE, and what the caller is told. */
int errand_refuse_stuck(uid_t uid, char *why, size_t why_size);

#endif
