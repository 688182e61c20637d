/*
 * SHA-256 of what a handle wrote or read (audit.file_digest), where that was
 * the whole file from its first byte to its last, in order.
 */
#ifndef DAEMON_SFTP_DIGEST_H
#define DAEMON_SFTP_DIGEST_H

#include "lib/sha256.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed: off.  Once something is written, it is of what is written alone. */
struct sftp_digest {
	struct sha256 *hash; /* NULL: none, or it was out of order */
	uint64_t next; /* offset after the last byte */
	bool on, writes, broken;
};

void digest_begin(struct sftp_digest *d);
void digest_read(
    struct sftp_digest *d, uint64_t offset, const void *data, size_t len);
void digest_written(
    struct sftp_digest *d, uint64_t offset, const void *data, size_t len);
/* Bytes were moved by other means than these: no whole can come of it. */
void digest_break(struct sftp_digest *d);
/* The file was given a size, which may be that of the transfer. */
void digest_resized(struct sftp_digest *d, uint64_t size);

/*
 * At the end, before the file is closed: the digest in out, or "" and
 * *partial; neither where nothing was moved or it is off.  Frees it.
 */
void digest_end(
    struct sftp_digest *d, int fd, char out[SHA256_TEXT_SIZE], bool *partial);

#endif
