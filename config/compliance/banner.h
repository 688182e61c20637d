/*
 * The banner that a login is shown: the rule's, the listener's where the rule
 * sets none, else that of the top level.
 */
#ifndef CONFIG_COMPLIANCE_BANNER_H
#define CONFIG_COMPLIANCE_BANNER_H

#include "config/compliance/standing.h"

/* At the listener of this index; NULL: none.  *origin as in a finding. */
const char *banner_at(
    const struct standing *s, size_t listener, struct origin *origin);

#endif
