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
};

/*
 * An error in a setting's line, unless the scan found one there already;
 * key is what people look for ("crypto.kex").  Always false.
 */
bool reader_error(struct reader *r, unsigned line, const char *key,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

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
