/*
 * sallyportctl keys: the lines of authorized_keys files that users have, and
 * the table of logins.
 */
#ifndef DAEMON_CTL_KEYS_H
#define DAEMON_CTL_KEYS_H

#include "config/config.h"
#include "daemon/ctl/record.h"
#include "lib/key_uses.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One line that could let somebody in. */
struct key_line {
	char *type, *fp, *comment, *user;
	char *place; /* file:line */
	uint64_t expires; /* expiry-time=; 0: none */
	bool authority; /* cert-authority */
};

struct key_lines {
	struct key_line *items;
	size_t count;
	unsigned users; /* whose files were looked at */
	unsigned unreadable; /* files that did not answer; told on stderr */
};

/*
 * The lines of all users that the name service lists, in the files that the
 * publickey modules of the configuration name; each file is read by a child
 * that is its user.  Commands are not run.
 */
void keys_scan(const struct config *config, struct key_lines *lines);
void key_lines_free(struct key_lines *lines);

struct keys_table {
	struct key_use uses[KEY_USES_PLACES]; /* by fingerprint, kind, user */
	size_t count;
	unsigned damaged; /* entries; told on stderr */
	uint64_t evicted;
};

/* Into one that is zeroed.  CTL_OK, also if there is none yet; else it was
 * told on stderr. */
int keys_table_read(struct keys_table *table);
/* The recorded use of this line's key by its user; NULL if none is recorded. */
const struct key_use *keys_table_find(
    const struct keys_table *table, const struct key_line *line);
/* The figures for Prometheus, as the server's are told. */
void keys_table_stats(struct records *out);

#endif
