/*
 * replay.c: has this ticket's authenticator been sent before?
 */
#ifndef DAEMON_TICKETHOLDER_REPLAY_H
#define DAEMON_TICKETHOLDER_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPLAY_TAG     32 /* bytes of an encrypted authenticator */
#define REPLAY_MAX     65536 /* contexts in twice the clock's tolerance */
#define REPLAY_BUCKETS 16384

struct replay;

/* Entries live so long, in seconds. */
struct replay *replay_new(uint64_t lifetime);
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
/* It made a context.  Behind a check that said 0. */
void replay_add(struct replay *r, const uint8_t tag[REPLAY_TAG], uint64_t now);

#endif
