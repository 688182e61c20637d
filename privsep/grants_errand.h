/*
 * The directory of grants (grants_directory.h), where it may lie on a file
 * server that does not answer.
 */
#ifndef PRIVSEP_GRANTS_ERRAND_H
#define PRIVSEP_GRANTS_ERRAND_H

#include "config/policy/timed.h"

/*
 * Has all of it read by a child, which is killed after so many ms; one that
 * cannot die counts among those left behind for the configuration
 * (leftovers.h). FACT_KNOWN and an array to free (NULL: none), FACT_UNKNOWN: it
 * cannot be read; *late: as it was not read in time.  The caller has one
 * thread.
 */
enum fact_state grants_errand(const char *directory, unsigned deadline_ms,
    struct timed_grant **grants, size_t *count, bool *late);

#endif
