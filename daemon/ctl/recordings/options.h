/*
 * The options of `sallyportctl recordings`, for all of its commands.
 */
#ifndef DAEMON_CTL_RECORDINGS_OPTIONS_H
#define DAEMON_CTL_RECORDINGS_OPTIONS_H

#include "daemon/ctl/ctl.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct key;

#define RECORDINGS_NAMES_MAX 256
#define RECORDINGS_KEYS_MAX  64

struct recordings_options {
	const struct ctl *ctl;
	const char *directory; /* --directory, or the configuration's */
	char *place; /* the same, where it is to be freed */
	bool own; /* the server's own directory: what is read is audited */
	/* Selection of recordings: patterns, and a span of their start. */
	const char *user, *rule, *source;
	time_t since, until; /* 0: not asked */
	bool running;
	const char *names[RECORDINGS_NAMES_MAX]; /* ids, or paths */
	size_t name_count;
	/* search */
	const char *text;
	bool ignore_case;
	/* play, watch */
	double speed;
	uint64_t idle; /* microseconds, 0: no limit */
	bool raw;
	bool keys_come; /* from the standard input, one by one */
	unsigned columns, rows; /* of this terminal, 0: none */
	/* export */
	const char *format, *log;
	int log_fd; /* -1: none */
	/* verify */
	struct key *keys[RECORDINGS_KEYS_MAX];
	size_t key_count;
	/* prune */
	uint64_t older_than; /* seconds, 0: not asked */
	uint64_t max_total; /* bytes */
	bool has_max_total, dry_run;
};

#endif
