/*
 * The writer of one recording (doc/EVIDENCE.md): lines of asciicast v2 into a
 * descriptor, in large pieces, with a chain of SHA-256 over blocks of them.
 * What has been written is never touched again.
 */
#ifndef DAEMON_RECORDER_CAST_H
#define DAEMON_RECORDER_CAST_H

#include "daemon/recorder/quote.h"

#include <openssl/evp.h>

#define CAST_HASH     32
#define CAST_BLOCK    (64 * 1024) /* bytes of lines, at most */
#define CAST_BLOCK_MS 10000 /* and so long after its first line */
#define CAST_LINE     8192 /* bytes of data in a line */
#define CAST_BUFFER   (256 * 1024)

/* Three streams hold a piece of a character each. */
enum cast_stream { CAST_OUTPUT, CAST_ERROR, CAST_INPUT, CAST_STREAMS };

enum cast_state {
	CAST_NONE, /* there is no file */
	CAST_GOOD,
	CAST_FULL, /* max_size is reached: it is complete up to there */
	CAST_FAILED /* the file takes nothing: it is a prefix */
};

struct cast {
	int fd;
	enum cast_state state;
	int error; /* errno of CAST_FAILED */
	uint64_t max_size;
	uint64_t origin; /* us, CLOCK_MONOTONIC: second 0 */
	uint8_t *buffer; /* what the file has not got yet */
	size_t len, chained; /* in it; and hashed for the chain */
	EVP_MD *md;
	EVP_MD_CTX *chain;
	/* The block that is being written. */
	size_t block_len;
	uint64_t block_since; /* us; 0: it has no line */
	uint64_t blocks; /* that are ended, in the buffer or the file */
	uint8_t head[CAST_HASH];
	/* As far as the file has them. */
	uint64_t size, size_blocks;
	uint8_t size_head[CAST_HASH];
	uint8_t tail[CAST_STREAMS][QUOTE_TAIL_MAX];
	size_t tail_len[CAST_STREAMS];
	uint64_t bytes[CAST_STREAMS]; /* of each stream, as they came */
	uint64_t marks;
};

/* Before the sandbox: what hashing needs.  0 or E_CRYPTO. */
int cast_prepare(struct cast *c);
/* The file begins with the header, a line with its LF. */
void cast_begin(
    struct cast *c, int fd, uint64_t max_size, const void *header, size_t len);
bool cast_is_good(const struct cast *c);

/* Lines; all do nothing unless the state is good. */
void cast_data(
    struct cast *c, enum cast_stream stream, const void *data, size_t len);
void cast_resize(struct cast *c, unsigned columns, unsigned rows);
void cast_mark(struct cast *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Into the file with what is in the buffer. */
void cast_flush(struct cast *c);
/* End the block if it is old enough; ms until that, -1: it is empty. */
int cast_age(struct cast *c);
/* Tails of characters, the last block, and all of it onto the disk. */
void cast_finish(struct cast *c);
void cast_free(struct cast *c);

#endif
