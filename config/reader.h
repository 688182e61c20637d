/*
 * Shared by the loader's parts while they read one file.
 */
#ifndef CONFIG_READER_H
#define CONFIG_READER_H

#include "config/arena.h"
#include "config/options.h"
#include "config/problem.h"
#include "config/scan.h"

#include <libconfig.h>

struct reader {
	struct arena *arena;
	struct problems *problems;
	const struct scan *scan; /* of this file; NULL: none */
	const char *file;
	size_t *plus; /* counts entries of a list that begin with +; NULL: none
		       * may, + is a letter */
	size_t left_out; /* errors in lines that the scan told of */
};

/*
 * An error in a setting's line, unless the scan found one there already;
 * key is what people look for ("crypto.kex").  Always false.
 */
bool reader_error(struct reader *r, unsigned line, const char *key,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/*
 * Errors so far, with those that were left out.  "Has this part been read
 * whole?" is asked of this number: problems->errors stays the same where the
 * scan has told of the line.
 */
size_t reader_errors(const struct reader *r);

struct origin reader_origin(
    const struct reader *r, const config_setting_t *setting);

/*
 * Read the setting as the option says into *member (of the type that the
 * option's type names).  false: there was an error, *member is unchanged.
 */
bool value_read(struct reader *r, const struct option *option, const char *key,
    const config_setting_t *setting, void *member);

/* The same for a number, time or size that may need 64 bits. */
bool value_read_amount(struct reader *r, const struct option *option,
    const char *key, const config_setting_t *setting, uint64_t *number);

/* The option's default into *member; nothing when it has none. */
void value_default(
    struct arena *arena, const struct option *option, void *member);

#endif
