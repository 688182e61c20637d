/*
 * The page that sallyportctl import --report writes.
 */
#ifndef CTL_IMPORT_REPORT_H
#define CTL_IMPORT_REPORT_H

#include "config/import.h"

#include <stdbool.h>
#include <stdio.h>

/* Rows of an import, with copies of what they point to. */
struct import_rows {
	struct import_row *items;
	size_t count;
};

/* For config_import_rows(); context is the struct import_rows. */
void import_rows_add(void *context, const struct import_row *row);
void import_rows_free(struct import_rows *rows);

struct import_report {
	const char *path; /* of the sshd_config */
	const struct import_rows *rows;
	const struct problems *problems;
	const struct config *config; /* the result; NULL: it does not load */
};

/* As text, or as one HTML page; asks the name service for all accounts. */
void import_report_write(
    const struct import_report *report, bool html, FILE *out);

#endif
