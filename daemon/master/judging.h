/*
 * Rounds in which open connections are judged anew.
 */
#ifndef DAEMON_MASTER_JUDGING_H
#define DAEMON_MASTER_JUDGING_H

#include "daemon/master/master.h"

/*
 * Open connections are judged anew by the generation that serves.
 * begin: all of them, at a bounded pace; the number of the round, or 0 and
 * *why not.  tick: once a second, what nobody asks for; one: it asks by its
 * slot.  count: how far the round is.
 */
struct judging_count {
	unsigned asked, waiting, allowed, refused, unknown;
};
uint32_t judging_begin(
    struct master *m, enum slot_recheck cause, const char **why);
void judging_tick(struct master *m);
void judging_one(
    struct master *m, struct connection *c, const struct slot *slot);
/* To be called before a connection leaves the list of all. */
void judging_forget(struct master *m, const struct connection *c);
void judging_count(const struct master *m, struct judging_count *count);

#endif
