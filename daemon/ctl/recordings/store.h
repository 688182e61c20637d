/*
 * The directory of recordings, read by root: DIRECTORY/YYYY/MM/DD/ with
 * CONN-CHANNEL[-N].cast, .manifest and .manifest.sig.  Nothing of another form
 * is seen, and no symbolic link is followed below the directory.
 */
#ifndef DAEMON_CTL_RECORDINGS_STORE_H
#define DAEMON_CTL_RECORDINGS_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define STORE_BASE_MAX 64 /* CONN-CHANNEL-N, its end included */
#define STORE_NAME_MAX 4200 /* of a path */

enum store_file { STORE_CAST, STORE_MANIFEST, STORE_SIGNATURE, STORE_FILES };

struct stored {
	int fd; /* of its directory */
	const char *day; /* "2026/11/30", "" for a file by its path */
	const char *base; /* CONN-CHANNEL */
};

/* Each recording, in order of day and name; true ends the walk. */
typedef bool store_fn(const struct stored *s, void *arg);

/*
 * Days before since (UTC; 0: all) are left out.  0, or E_SYSTEM and errno: the
 * directory cannot be read.
 */
int store_walk(const char *directory, time_t since, store_fn *fn, void *arg);

/* Remove the directories of days before today that are empty. */
void store_tidy(const char *directory);

/* Is it the base of a recording's name? */
bool store_is_base(const char *base, size_t len);

/* A file of a recording, opened for reading; -1 and errno, ENOENT: there is
 * none; EINVAL: it is no regular file. */
int store_open(const struct stored *s, enum store_file which);

/* Its size and the time of its last change; false: there is none. */
bool store_look(const struct stored *s, enum store_file which, uint64_t *bytes,
    time_t *changed);

/* Remove a file of a recording.  0, or -1 and errno. */
int store_remove(const struct stored *s, enum store_file which);

#endif
