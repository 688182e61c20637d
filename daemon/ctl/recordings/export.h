/*
 * A recording in other forms: export.c, and the page of export_html.c.
 */
#ifndef DAEMON_CTL_RECORDINGS_EXPORT_H
#define DAEMON_CTL_RECORDINGS_EXPORT_H

#include "daemon/ctl/recordings/cast.h"
#include "daemon/ctl/recordings/logged.h"
#include "daemon/ctl/recordings/verify.h"

#include <stdio.h>

/* The facts that the page shows beside the recording. */
struct export_page {
	const char *base; /* CONN-CHANNEL */
	const struct verified *verified; /* read before */
	const struct logged *logged; /* of the audit */
};

/*
 * A text as a string of JSON that can stand in a script element and in any
 * line of any text: ASCII alone, without '<', '>' and '&'.
 */
void export_string(FILE *out, const char *text, size_t len);

/*
 * ONE page of HTML with its player, which loads nothing from elsewhere.  The
 * reader stands behind the header.  CAST_END, or what ended it.
 */
enum cast_found export_html(
    struct cast *c, const struct export_page *page, FILE *out);

#endif
