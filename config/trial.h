/*
 * A policy on trial: it serves until somebody confirms it, or until its time
 * is over and the one before serves again.  Here is the file that remembers
 * it over a restart.
 */
#ifndef CONFIG_TRIAL_H
#define CONFIG_TRIAL_H

#include "config/bundle.h"

#define TRIAL_TEXT_MAX 256

struct trial_file {
	char config[TRIAL_TEXT_MAX]; /* the main file's path */
	bool over; /* taken back: before serves while the files are candidate */
	uint64_t until; /* wall clock, seconds */
	uint32_t seconds; /* that it lasts at most, whatever the clock says */
	char actor[TRIAL_TEXT_MAX]; /* of the reload */
	char login[TRIAL_TEXT_MAX]; /* that confirms it, "user:NAME"; or "" */
	struct bundle before, candidate;
};

/* Its bytes, appended to *out: buf_end() tells of the memory. */
void trial_file_write(const struct trial_file *file, struct buf *out);

/* Back: 0, or an E_ code and an empty *file.  trial_file_free() frees it. */
int trial_file_parse(const void *bytes, size_t len, struct trial_file *file);
void trial_file_free(struct trial_file *file);

/* The bytes of the largest. */
#define TRIAL_FILE_MAX (2 * BUNDLE_MAX + 4096)

#endif
