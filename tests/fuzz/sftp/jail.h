/*
 * A scratch tree with a jail in it, a secret beside the jail, and a thread
 * that is chrooted into it while the rest of the process is not.
 */
#ifndef TESTS_FUZZ_SFTP_JAIL_H
#define TESTS_FUZZ_SFTP_JAIL_H

#include "daemon/sftp/sftp.h"

/*
 * Serve the stream in the jail to its end; what the server said is written
 * over out[size], and its length returned.
 */
size_t jail_serve(const struct sftp_options *options, const uint8_t *stream,
    size_t len, uint8_t *out, size_t size);

/* Abort if anything outside the jail was changed, or is in the answers. */
void jail_check(const uint8_t *out, size_t len);

#endif
