/*
 * Which recordings a command is about, and their files, opened by root.
 */
#ifndef DAEMON_CTL_RECORDINGS_CHOOSE_H
#define DAEMON_CTL_RECORDINGS_CHOOSE_H

#include "daemon/ctl/recordings/reader.h"

/*
 * A reader_feed_fn: each recording of the directory, or those that were named.
 * arg is an int: how many there were, or -1 when it was said that it failed.
 */
reader_feed_fn choose_feed;

/*
 * The one recording that is named, by its id, the beginning of it, or its path.
 * Its descriptors are the caller's.  CTL_OK, or what went wrong was said.
 */
int choose_one(const struct recordings_options *o, struct recording *r,
    struct stored *where);

/* Is the manifest there by now? */
bool choose_has_ended(const struct stored *where);

/* The host's keys: --key, or those of the configuration.  CTL_OK, or said. */
int choose_keys(struct recordings_options *o, const char *path);
void choose_host_keys(struct recordings_options *o);

#endif
