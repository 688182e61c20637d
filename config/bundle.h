/*
 * The configuration's text, read from disk once: the drop-ins in the order
 * of their names, then the main file.  All that follows works on these bytes;
 * a sealed memfd carries them to the processes that need them.
 */
#ifndef CONFIG_BUNDLE_H
#define CONFIG_BUNDLE_H

#include "config/config.h"
#include "config/problem.h"
#include "lib/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bundle_file {
	char *path;
	char *bytes; /* len bytes and a NUL that is not counted */
	size_t len;
};

struct bundle {
	struct bundle_file *files;
	size_t count;
};

/*
 * Read main_path and the *.conf beside it in policy.d.  Every file must be a
 * plain file of root's (or of the caller's own), writable by nobody else, of
 * at most CONFIG_FILE_MAX bytes.  On an error each problem has been added and
 * the bundle is empty.
 */
int config_bundle_read(
    const char *main_path, struct bundle *bundle, struct problems *problems);

/* The same of files that anybody may have written: to judge their words, and
 * for nothing that acts on them. */
int config_bundle_read_unjudged(
    const char *main_path, struct bundle *bundle, struct problems *problems);

/* Append bytes under a name: what tests, fuzzers and the import use. */
int config_bundle_add(
    struct bundle *bundle, const char *path, const void *bytes, size_t len);

/* No bundle's bytes are more. */
#define BUNDLE_MAX ((size_t)CONFIG_FILES_MAX * (CONFIG_FILE_MAX + 8192) + 64)

/* The bytes of a whole bundle, appended to *out; and back: 0, or an E_ code and
 * an empty bundle. */
void config_bundle_write(const struct bundle *bundle, struct buf *out);
int config_bundle_parse(const void *bytes, size_t len, struct bundle *bundle);

/* Have both the same files, byte for byte and in the same order? */
bool config_bundle_equal(const struct bundle *a, const struct bundle *b);

/* A sealed memfd (close-on-exec) with the whole bundle, or -1 and errno. */
int config_bundle_seal(const struct bundle *bundle);

/*
 * Back from such a descriptor, which stays the caller's.  Refuses one whose
 * seals do not forbid writing, shrinking and growing.
 */
int config_bundle_from_fd(int fd, struct bundle *bundle);

void config_bundle_free(struct bundle *bundle);

#endif
