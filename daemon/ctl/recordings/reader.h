/*
 * The process that reads recordings for sallyportctl.  What a recording holds
 * was made by the user who was recorded, so root opens the files and a child
 * without rights takes them apart: it has another user, no file system, no
 * network, and gets the descriptors one recording at a time.
 */
#ifndef DAEMON_CTL_RECORDINGS_READER_H
#define DAEMON_CTL_RECORDINGS_READER_H

#include "daemon/ctl/recordings/options.h"
#include "daemon/ctl/recordings/store.h"

#include <sys/types.h>

struct recording {
	char name[STORE_NAME_MAX]; /* 2026/11/30/CONN-CHANNEL.cast, or a path */
	char base[256]; /* CONN-CHANNEL */
	bool running; /* its connection is alive */
	pid_t monitor; /* the process that writes its end; not sent; 0 */
	int fds[STORE_FILES]; /* -1: there is none */
};

/* In the child: the answer to the command, as its exit status.  options may be
 * written to: the child has a copy. */
typedef int reader_fn(struct recordings_options *o, int feed);

/* In the parent: sends recordings with reader_send(). */
typedef void reader_feed_fn(
    const struct recordings_options *o, int feed, void *arg);

/* Run both; the child's status, or what went wrong with it was said. */
int reader_run(struct recordings_options *o, reader_fn *read,
    reader_feed_fn *feed, void *arg);

/* Hand a recording over; its descriptors stay the caller's.  False: the child
 * is gone. */
bool reader_send(int feed, const struct recording *r);

/* In the child: the next recording, to be closed; false: there is none. */
bool reader_next(int feed, struct recording *r);
void recording_close(struct recording *r);

#endif
