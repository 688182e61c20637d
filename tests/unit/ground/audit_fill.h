/*
 * Events with all of their fields, for the tests of the audit.
 */
#ifndef TESTS_UNIT_GROUND_AUDIT_FILL_H
#define TESTS_UNIT_GROUND_AUDIT_FILL_H

#include "lib/audit_table.h"

/* All of an event's fields from one text; numbers from n. */
void audit_fill(const struct audit_event_row *row, uint8_t *fields,
    const char *text, uint64_t n, const struct net_address *a);

#endif
