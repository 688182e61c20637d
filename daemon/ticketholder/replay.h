/*
 * replay.c: has this ticket's authenticator been sent before?
 */
#ifndef DAEMON_TICKETHOLDER_REPLAY_H
#define DAEMON_TICKETHOLDER_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPLAY_TAG     32 /* bytes of an encrypted authenticator */
#define REPLAY_MAX     262144 /* contexts in twice the clock's tolerance, */
#define REPLAY_REALM   65536 /* of one realm's principals */
#define REPLAY_BUCKETS 65536
#define REPLAY_SHARES  65536 /* counters of principals, and of realms */

struct replay;

/* Entries live for lifetime seconds.  A random seed: strangers cannot choose
 * names or tokens that share a counter or a bucket. */
struct replay *replay_new(uint64_t lifetime, uint64_t seed);
void replay_free(struct replay *r);

/*
 * The part that tells a client's first token from all others: 0, or E_FORMAT if
 * it is none of Kerberos in DER.  Nothing outside of what the client has
 * encrypted counts: a copy with other bytes around that is the same.
 */
int replay_tag(const uint8_t *token, size_t len, uint8_t tag[REPLAY_TAG]);

/* 0; E_DENIED: seen before; E_LIMIT: no room to remember it.  now: seconds of
 * a clock that only goes forward, as in replay_add(). */
int replay_check(struct replay *r, const uint8_t tag[REPLAY_TAG], uint64_t now);

/*
 * It made a context of this principal, whose realm that is.  Behind a check
 * that said 0; then 0, or E_LIMIT: the principal has its share, so that it
 * is not remembered and the context must not count.
 *
 * The share is a fourth of the room that is left to the realm, whose own is a
 * fourth of all: one principal fills a fifth of its realm's at most, and many
 * must be at it before the next one finds no room.
 */
int replay_add(struct replay *r, const uint8_t tag[REPLAY_TAG],
    const char *principal, const char *realm, uint64_t now);

#endif
