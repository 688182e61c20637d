/*
 * The problems of a configuration: all that were found, not only the first,
 * each with its place.  Printed as "file:line: message".
 */
#ifndef CONFIG_PROBLEM_H
#define CONFIG_PROBLEM_H

#include <stddef.h>
#include <stdio.h>

#define PROBLEMS_MAX 200 /* more are counted, not kept */

enum severity {
	PROBLEM_ERROR, /* the configuration is refused */
	PROBLEM_WARNING
};

struct problem {
	enum severity severity;
	char *file; /* NULL: of no file */
	unsigned line;
	char *text;
};

struct problems {
	struct problem *items;
	size_t count;
	size_t errors; /* all, kept or not */
	size_t warnings;
};

/* Zero the struct to begin with.  The text is copied, control bytes escaped. */
void problem_error(struct problems *p, const char *file, unsigned line,
    const char *format, ...) __attribute__((format(printf, 4, 5)));
void problem_warning(struct problems *p, const char *file, unsigned line,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* In order of file and line as found; "warning: " before a warning's text. */
void problems_print(const struct problems *p, FILE *out);

/* One problem as a line without newline; the caller frees it. */
char *problem_line(const struct problem *problem);
/* The same for the log, which says itself that a line is a warning. */
char *problem_bare_line(const struct problem *problem);

void problems_free(struct problems *p);

#endif
