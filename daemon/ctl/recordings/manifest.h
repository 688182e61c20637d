/*
 * The manifest of a recording: what the server says of it at its end.
 */
#ifndef DAEMON_CTL_RECORDINGS_MANIFEST_H
#define DAEMON_CTL_RECORDINGS_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MANIFEST_MAX 65536 /* bytes */

struct manifest {
	uint64_t format, channel, bytes, blocks, output, error, input, hidden,
	    marks;
	char *conn, *file, *head, *started, *ended, *end;
	bool is_signed;
	bool is_lost; /* the recorder died: no hash, no counts */
	bool is_failed; /* the disk did: more may stand behind the last block */
	char *unsigned_why;
};

/* 0, or E_FORMAT and why, a sentence: NAME: what.  To be freed in both cases.
 */
int manifest_read(struct manifest *m, const char *name, const void *text,
    size_t len, char *why, size_t why_size);
void manifest_free(struct manifest *m);

#endif
