/*
 * Recordings as records: list.c.
 */
#ifndef DAEMON_CTL_RECORDINGS_LIST_H
#define DAEMON_CTL_RECORDINGS_LIST_H

#include "daemon/ctl/record.h"
#include "daemon/ctl/recordings/cast.h"
#include "daemon/ctl/recordings/reader.h"

/* Is it one of those that were asked for? */
bool list_wants(const struct recordings_options *o, const struct recording *r,
    const struct cast_header *h);

/* One more record, of what the header and the manifest say. */
void list_describe(struct records *records, const struct recording *r,
    const struct cast_header *h);

#endif
