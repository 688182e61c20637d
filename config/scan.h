/*
 * The look at a configuration's text before libconfig sees it.
 */
#ifndef CONFIG_SCAN_H
#define CONFIG_SCAN_H

#include "config/bundle.h"

#include <stdbool.h>

/* The text for libconfig, and the lines already known to be wrong. */
struct scan {
	char *text; /* owned; faulty values blanked out, lines kept */
	bool hopeless; /* no point in parsing: nothing can follow */
	unsigned *faults; /* lines with an error, ascending */
	size_t fault_count;
};

/*
 * Refuse what libconfig would misread: @include, numbers out of range or with
 * leading zeros, \x00, control bytes, text that is not UTF-8, nesting over
 * CONFIG_DEPTH_MAX, a key set twice in one group.  Each is a problem with its
 * line; the copy in scan->text has them replaced so that the rest can still
 * be judged.
 */
void scan_file(const struct bundle_file *file, struct scan *scan,
    struct problems *problems);

/* Was an error reported for this line already? */
bool scan_is_fault(const struct scan *scan, unsigned line);

void scan_free(struct scan *scan);

#endif
