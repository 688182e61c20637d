/*
 * The handles a client holds: a table that is bounded from birth.  A number
 * carries the generation of its place, so a closed handle stays closed.
 */
#ifndef DAEMON_SFTP_HANDLE_H
#define DAEMON_SFTP_HANDLE_H

#include "daemon/sftp/digest.h"

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum sftp_handle_kind { HANDLE_FREE, HANDLE_FILE, HANDLE_DIRECTORY };

struct sftp_handle {
	enum sftp_handle_kind kind;
	uint16_t generation;
	int fd;
	DIR *directory; /* owns fd when not NULL */
	char *path; /* as the client named it */
	uint32_t open_flags;
	uint64_t bytes_read;
	uint64_t bytes_written;
	uint64_t opened_at; /* ms, handles_clock() */
	uint64_t next_read; /* offset after the last READ */
	uint64_t run; /* bytes read in sequence */
	uint64_t size; /* as last seen: a forecast of what READ gets */
	bool size_known;
	dev_t device; /* with size_known */
	ino_t inode;
	bool copies; /* its data cannot be passed by reference */
	struct sftp_digest digest;
	uint32_t next_free;
};

struct sftp_handles {
	struct sftp_handle *list;
	uint32_t used; /* places ever used */
	uint32_t room;
	uint32_t max;
	uint32_t open;
	uint32_t free; /* first free place, or HANDLES_NONE */
};

#define HANDLES_NONE UINT32_MAX

/* At most max handles (<= 65536). */
void handles_init(struct sftp_handles *t, uint32_t max);
void handles_free(struct sftp_handles *t);

/* Whether one more fits: asked before anything is opened. */
bool handles_have_room(const struct sftp_handles *t);

/*
 * Take a place for fd, and for directory if not NULL; the table owns both
 * and a copy of path.  Only after handles_have_room().  The number for the
 * client is at *number.  Pointers to other handles may move.
 */
struct sftp_handle *handles_add(struct sftp_handles *t, int fd, DIR *directory,
    const char *path, uint32_t *number);

/* Milliseconds of a clock that never goes back. */
uint64_t handles_clock(void);

/* The handle a client means, or NULL. */
struct sftp_handle *handles_find(struct sftp_handles *t, uint32_t number);

/* Close it and free its place: 0, or the errno of close(). */
int handles_close(struct sftp_handles *t, struct sftp_handle *h);

#endif
