/*
 * A report for people, for programs, and as a page.
 */
#ifndef DAEMON_CTL_COMPLIANCE_PRINT_H
#define DAEMON_CTL_COMPLIANCE_PRINT_H

#include "config/compliance/report.h"

#include <stdio.h>

/* config_file: what was judged.  failed: leave out what passes. */
void report_text(const struct report *report, const char *config_file,
    bool failed, FILE *out);
void report_json(
    const struct report *report, const char *config_file, FILE *out);
/* One page that loads nothing from elsewhere and runs nothing. */
void report_html(
    const struct report *report, const char *config_file, FILE *out);

/* "guard cis (cis.conf:33)", "rule users (default)"; the caller frees it. */
char *finding_place(const struct finding *f);

#endif
