/*
 * Applies a policy that was loaded later to an open connection: its grants, as
 * values that travel, tighten a copy of the decision by which the connection
 * was opened.  Nothing here can grant.
 */
#ifndef CONFIG_POLICY_NARROW_H
#define CONFIG_POLICY_NARROW_H

#include "config/policy/policy.h"
#include "lib/buf.h"

/* Is the grant asked while the connection is open, and not at its start? */
bool narrow_is_live(enum grant grant);
/* Is it a list that adds up, or else a number? */
bool narrow_is_list(enum grant grant);

/* The value of a live grant that is no list. */
uint64_t narrow_number(const struct decision *d, enum grant grant);
/* The entries of one of its lists, as SSH strings. */
void narrow_entries(const void *list, enum grant grant, struct buf *out);

/*
 * A copy of a decision, to be tightened; it shares what the original holds,
 * which must live as long.  decision_free() it.
 */
void narrow_begin(struct decision *copy, const struct decision *from);
/*
 * The value of another decision holds besides.  0; E_FORMAT: not understood,
 * or not a live grant of that kind; E_DENIED: it cannot be joined.
 */
int narrow_by_number(struct decision *d, enum grant grant, uint64_t number,
    const char *file, unsigned line);
int narrow_by_entries(struct decision *d, enum grant grant, const uint8_t *data,
    size_t len, const char *file, unsigned line);

/* Names of the live grants in which the two differ, ", " between; "": none.
 */
void narrow_difference(const struct decision *a, const struct decision *b,
    char *names, size_t size);

#endif
