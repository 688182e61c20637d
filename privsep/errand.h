/*
 * Errands: files and programs of others, seen to by a child with a deadline.
 * All return 0 or an enum sallyport_error, and why[] is for one sentence.
 */
#ifndef PRIVSEP_ERRAND_H
#define PRIVSEP_ERRAND_H

#include "modules/sallyport_module.h"

#include <sys/types.h>

struct errand_as {
	uid_t uid;
	gid_t gid;
	const gid_t *groups;
	size_t group_count;
};

/*
 * Open path in a child that has become `as`, under the rules of
 * lib/safefile.h, and have it read there: *fd is of sealed memory that holds
 * its bytes, at most max.
 */
int errand_open(const struct errand_as *as, const char *path, const char *below,
    size_t max, unsigned deadline_ms, int *fd, char *why, size_t why_size);

/*
 * Is there something of that name, as `as` sees it?  SALLYPORT_OK, _NOT_FOUND,
 * _TIMEOUT (*pid: the child that was killed), _STATE (too many children sent
 * for this user still wait) or _SYSTEM.
 */
int errand_look(const struct errand_as *as, const char *path,
    unsigned deadline_ms, pid_t *pid);

/* Run a program; as host->run() says. */
int errand_run(const struct sallyport_command *command, char **output,
    size_t *len, int *status, char *why, size_t why_size);

#endif
