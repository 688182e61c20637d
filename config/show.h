/*
 * A configuration back into its own syntax.
 */
#ifndef CONFIG_SHOW_H
#define CONFIG_SHOW_H

#include "config/options.h"

#include <stdio.h>

enum show_syntax {
	SHOW_CONFIG, /* as libconfig reads it */
	SHOW_JSON
};

/* Text in quotes, escaped for the syntax. */
void show_quoted(FILE *out, const char *text, enum show_syntax syntax);

/* The value of a member, as the option would be written. */
void show_value(FILE *out, const struct option *option, const void *member,
    enum show_syntax syntax);

/*
 * The whole configuration, with the place of each value in a comment; what is
 * a default too when defaults is set.  config_load() takes it back and gives
 * an equal configuration.
 */
void config_show(const struct config *config, bool defaults, FILE *out);

/* One of its lists: "rules", "guards", "listeners", "modules", "subsystems",
 * "tests"; false for another name, and nothing is printed. */
bool config_show_list(
    const struct config *config, const char *name, bool defaults, FILE *out);

/* show_tests.c: the list of tests, for config_show(). */
void config_show_tests(const struct config *config, FILE *out);

/* One line per key: path, type, default; for completion and for scripts. */
void config_show_keys(FILE *out);

#endif
