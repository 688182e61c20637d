/*
 * Files that grant access, or hold keys: opened once, judged by descriptor.
 * Every directory on the way and every symbolic link is opened by hand and
 * must belong to root or the given owner and be writable by no one else; so
 * nobody else can have put the file there, or put another in its place
 * between the check and the reading.
 */
#ifndef LIB_SAFEFILE_H
#define LIB_SAFEFILE_H

#include "lib/buf.h"

#include <stddef.h>
#include <sys/types.h>

enum safefile_flags {
	SAFEFILE_FOLLOW = 1, /* symbolic links allowed, each one checked */
	/* No access for others, nor for a group: but Fedora's and RHEL's
	 * ssh_keys, as which their ssh-keysign runs, may read. */
	SAFEFILE_PRIVATE = 2,
};

struct safefile_rules {
	uid_t owner; /* besides root; 0: root alone (configuration) */
	unsigned flags; /* enum safefile_flags */
	size_t max; /* bytes; a larger file is refused; 0: no limit */
	/*
	 * A directory that the path begins with, as the user's home: what
	 * lies above it is not judged (it is itself).  NULL: judge from "/".
	 */
	const char *below;
	/*
	 * A group of the owner's alone: what belongs to both may be writable
	 * by the group, unless an ACL says more than the mode.  0: no group's
	 * writing is good.
	 */
	gid_t private_group;
};

#define SAFEFILE_WHY_MAX 512

/*
 * Open an absolute path for reading (O_CLOEXEC, never blocks on a fifo or
 * device).  On success *fd is the caller's.  Else E_NOT_FOUND, E_PERMISSIONS,
 * E_TOO_LARGE, E_FORMAT (not absolute, not a regular file, too many links) or
 * E_SYSTEM, and why is a sentence for the log, such as
 *	bad ownership or modes for directory /home/u (owner 1001, mode 0775)
 */
int safefile_open(const char *path, const struct safefile_rules *rules, int *fd,
    char why[SAFEFILE_WHY_MAX]);

/*
 * Open a log to be appended to, made with mode 0600 where there is none.  A
 * symbolic link is followed if it and all that it leads through are root's:
 * then its file must be there.  0 and *fd (O_CLOEXEC), or an E_ code, errno,
 * and why where a link is refused, else "".
 */
int safefile_append(const char *path, int *fd, char why[SAFEFILE_WHY_MAX]);

/* Judge a descriptor that is open already; name is for the sentence. */
int safefile_check(int fd, const char *name, const struct safefile_rules *rules,
    char why[SAFEFILE_WHY_MAX]);

/* The rest of fd appended to *out, at most max bytes: else E_TOO_LARGE. */
int safefile_read_fd(int fd, size_t max, struct buf *out);

/*
 * The bytes of the UTF-8 byte order mark that a text begins with, as some
 * editors write it: 3, or 0 without one.
 */
size_t safefile_mark(const void *text, size_t len);

/* Both at once, for files that are small: *out was born by the caller. */
int safefile_read(const char *path, const struct safefile_rules *rules,
    struct buf *out, char why[SAFEFILE_WHY_MAX]);

#endif
