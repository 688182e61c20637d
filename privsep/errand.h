/*
 * Errands: files of others, seen to by a child with a deadline; errand_run.h
 * has programs.  All return 0 or an enum sallyport_error, and
 * why[] is for one sentence.
 */
#ifndef PRIVSEP_ERRAND_H
#define PRIVSEP_ERRAND_H

#include "modules/sallyport_module.h"

#include <stdbool.h>
#include <sys/types.h>

struct errand_as {
	uid_t uid;
	gid_t gid;
	const gid_t *groups;
	size_t group_count;
	uid_t whose; /* for whose login: children are counted for this user */
	/*
	 * The user's name, where files may be writable by a group that is the
	 * user's alone (directory_group_is_private()); NULL: by the user only.
	 */
	const char *private_group_of;
};

/*
 * Open path in a child that has become `as`, under the rules of
 * lib/safefile.h, and have it read there: *fd is of sealed memory that holds
 * its bytes, at most max.
 */
int errand_open(const struct errand_as *as, const char *path, const char *below,
    size_t max, unsigned deadline_ms, int *fd, char *why, size_t why_size);

/*
 * The files that match a pattern (privsep/glob_files.h), looked for by a child
 * that has become `as`: sorted, a NUL behind each; to be freed.
 */
int errand_match(const struct errand_as *as, const char *pattern,
    unsigned deadline_ms, char **names, size_t *len, char *why,
    size_t why_size);

enum errand_question {
	ERRAND_IS_THERE, /* whatever it is, a link included */
	ERRAND_IS_PROGRAM, /* a file that somebody may execute */
	ERRAND_REMOVE, /* not to be asked twice */
};

/*
 * Ask as `as`.  SALLYPORT_OK, _NOT_FOUND, _PERMISSIONS (it is there, and the
 * answer is no), _TIMEOUT (*pid: the child that was killed), _STATE (too many
 * children sent for this user still wait) or _SYSTEM.
 */
int errand_ask(const struct errand_as *as, enum errand_question question,
    const char *path, unsigned deadline_ms, pid_t *pid);

/*
 * Kill a process that touches a user's files, and reap it.  False: it sits in
 * the kernel and cannot die yet; *status says SIGKILL, and nobody waits.
 */
bool errand_bury(pid_t pid, int *status);

#endif
