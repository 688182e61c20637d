/*
 * wtmpdb: what stands in for wtmp from Debian 13 on, and what last(1) reads
 * there.  Its library, which brings SQLite, is loaded by short-lived children
 * alone.
 */
#ifndef PRIVSEP_WTMPDB_H
#define PRIVSEP_WTMPDB_H

#include "privsep/records.h"

#include <stdbool.h>

/*
 * Is the library installed?  A child loads it to see.  Asked once, by the
 * template, before monitors are forked, where records.wtmp is on.
 */
void wtmpdb_probe(void);
/* True where wtmpdb_probe() found it: wtmp is not written then. */
bool wtmpdb_is_used(void);

/*
 * The record of a login: a child writes it, and is waited for two seconds at
 * most.  A failure is logged.
 */
void wtmpdb_login_apart(const struct record *r);
/*
 * The record of the end of that terminal's login, by the caller itself, which
 * must be a child made for it.  False: the library is not installed.
 */
bool wtmpdb_logout_here(const struct record *r);

#endif
