/*
 * The reader of a recording: asciicast v2 with a header of ours and blocks
 * that are chained by SHA-256.  It takes bytes that may be cut, changed or
 * made up, in bounded memory, and names the line that it does not understand.
 *
 *	H(0) = SHA256("sallyport-recording" NUL, header line, lines of block 0)
 *	H(n) = SHA256(H(n - 1), lines of block n)
 *
 * where lines have their LF, and the last of a block, of code "b", goes into
 *its hash up to where it tells this hash: what stands behind that is
 *determined, and a head is proof of every byte before it.
 */
#ifndef DAEMON_CTL_RECORDINGS_CAST_H
#define DAEMON_CTL_RECORDINGS_CAST_H

#include "lib/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#define CAST_HEADER_MAX (2u << 20) /* bytes of the first line */
#define CAST_LINE_MAX	(1u << 20) /* of another */
#define CAST_SIDE_MAX	65535 /* columns or rows of a terminal */
#define CAST_TIME_MAX	253402300799 /* seconds: to the end of 9999 */
#define CAST_WHY_MAX	512
#define CAST_HASH	32

struct cast_header {
	uint64_t version, width, height, timestamp;
	char *command, *term;
	uint64_t format, channel, port;
	char *host, *conn, *user, *rule, *source, *kind, *request, *fp;
	char *started;
	bool pty, input, required;
};

struct cast_line {
	uint64_t number; /* in the file, from 1 */
	uint64_t when; /* microseconds since the start */
	char code; /* o e i r m b */
	const char *data; /* UTF-8, without an end; until the next call */
	size_t len;
	unsigned columns, rows; /* r */
};

struct cast {
	int fd; /* the caller's */
	struct cast_header header;
	char why[CAST_WHY_MAX]; /* a sentence: line N: what */
	/* The chain, as far as it has been read. */
	char fault[CAST_WHY_MAX]; /* the first that was wrong with it, or "" */
	uint64_t blocks; /* that ended */
	uint64_t proven, proven_when, proven_line; /* the last good block */
	bool cut; /* the last line has no end */
	bool loose; /* there are lines behind the last block */
	uint8_t head[CAST_HASH];
	/* The hash of the block before the marked one, if there is one. */
	uint64_t marked;
	uint8_t marked_head[CAST_HASH];
	uint64_t bytes; /* of the file */
	/* Inside. */
	char *room;
	size_t size, begin, end;
	uint64_t number, when;
	struct buf data;
	EVP_MD_CTX *block;
};

enum cast_found {
	CAST_BAD = -1, /* see why */
	CAST_END = 0,
	CAST_LINE = 1,
	CAST_CUT = 2, /* the last line has no end (yet: one may ask again) */
};

/* Read the header.  0, or E_FORMAT, E_SYSTEM, E_CRYPTO and why.  The structure
 * is to be closed in both cases. */
int cast_open(struct cast *c, int fd);
void cast_close(struct cast *c);

enum cast_found cast_next(struct cast *c, struct cast_line *line);

/* Behind the end: the bytes of the file, with those of a line that is cut. */
uint64_t cast_bytes(const struct cast *c);

#endif
