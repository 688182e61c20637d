/*
 * channel_timeouts as text: entries "kind=seconds" parted by a blank, lists
 * parted by "&".  In a list the first entry that matches counts, of all lists
 * the shortest time.
 */
#ifndef CONFIG_POLICY_CHANNEL_H
#define CONFIG_POLICY_CHANNEL_H

#include "config/policy/policy.h"
#include "lib/buf.h"

/* Can it be said of a channel? "sesion=5m" would never close one. */
bool channel_kind_exists(const char *pattern);

/* Bytes that the text of one list takes at most, with what parts it. */
size_t channel_timeouts_room(const struct channel_timeouts *list);

/* The lists of every layer of the decision; out->err if they do not fit. */
void channel_timeouts_print(const struct decision *d, struct buf *out);

/* Seconds of silence that close a channel of this kind, or CONFIG_NONE. */
uint32_t channel_timeouts_least(const char *text, const char *kind);

#endif
