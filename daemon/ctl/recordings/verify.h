/*
 * Is a recording what the server wrote?
 */
#ifndef DAEMON_CTL_RECORDINGS_VERIFY_H
#define DAEMON_CTL_RECORDINGS_VERIFY_H

#include "daemon/ctl/recordings/cast.h"
#include "daemon/ctl/recordings/manifest.h"
#include "daemon/ctl/recordings/reader.h"

enum verdict {
	VERDICT_BROKEN, /* changed, or not understood */
	VERDICT_PREFIX, /* the end is missing, what is there is in order */
	VERDICT_UNSIGNED, /* whole by its own word alone */
	VERDICT_COMPLETE, /* whole, and a host key says so */
};

struct verified {
	enum verdict verdict;
	char text[1024]; /* why, a sentence */
	bool has_header, has_manifest;
	struct cast cast; /* read to its end, or to what is wrong */
	struct manifest manifest;
	char signer[128]; /* type and fingerprint of the key that signed */
};

/* To be freed.  Reads the descriptors from where they are. */
void verify_recording(const struct recordings_options *o,
    const struct recording *r, struct verified *v);
void verified_free(struct verified *v);

/* "complete", "unsigned", "prefix", "broken". */
const char *verdict_word(enum verdict verdict);

#endif
