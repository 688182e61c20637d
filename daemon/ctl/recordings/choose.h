/*
 * Selects the recordings that a command works on, and opens their files as
 * root.
 */
#ifndef DAEMON_CTL_RECORDINGS_CHOOSE_H
#define DAEMON_CTL_RECORDINGS_CHOOSE_H

#include "daemon/ctl/record.h"
#include "daemon/ctl/recordings/reader.h"

/* The connections of the running server; known: there was an answer. */
struct choose_alive {
	struct records sessions;
	bool known;
};
void choose_ask_alive(
    const struct recordings_options *o, struct choose_alive *alive);
bool choose_is_alive(const struct choose_alive *alive, const char *base);
/* The connection's monitor; 0: it is not alive. */
pid_t choose_monitor(const struct choose_alive *alive, const char *base);
void choose_free_alive(struct choose_alive *alive);

/* A path, not an id. */
bool choose_is_path(const char *name);

/* store_walk() over the directory; the server's own may be missing yet. */
int choose_walk(
    const struct recordings_options *o, time_t since, store_fn *fn, void *arg);

/*
 * A reader_feed_fn: each recording of the directory, or those that were named.
 * arg is an int: how many there were, or -1 when it was said that it failed.
 */
reader_feed_fn choose_feed;

/*
 * The one recording that is named, by its id, the beginning of it, or its path.
 * Its descriptors and where are the caller's.  CTL_OK, or what went wrong was
 * said.
 */
int choose_one(const struct recordings_options *o, struct recording *r,
    struct stored *where);
void choose_free(struct stored *where);

/* Is the manifest there by now, or the process gone that would write it?
 * monitor is its pidfd, or -1. */
bool choose_has_ended(const struct stored *where, int monitor);

/* The host's keys: --key, or those of the configuration.  CTL_OK, or said. */
int choose_keys(struct recordings_options *o, const char *path);
void choose_host_keys(struct recordings_options *o);

#endif
