/*
 * Guesses at passwords, counted for each account over all sources, in memory
 * that all monitors and the master share.  An account has a bucket of tokens: a
 * guess takes one, a right password gives it back, time brings new ones.  And
 * sources from which an account has logged in are known, and need no token.
 * Where more accounts are guessed at than places are there, one without a place
 * has as many tokens as the fullest bucket of those that have it.
 *
 * Each entry is one word, changed by one instruction, so that a monitor that is
 * killed leaves nothing half done.  An account is its uid: no name that a
 * client sent comes here.
 */
#ifndef PRIVSEP_ACCOUNTS_H
#define PRIVSEP_ACCOUNTS_H

#include "lib/net.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ACCOUNTS_SETS	    512
#define ACCOUNTS_WAYS	    8
#define ACCOUNTS_MAX	    (ACCOUNTS_SETS * ACCOUNTS_WAYS)
#define ACCOUNTS_KNOWN_SETS 4096
/* Sources of one account; two accounts whose uids share a set share them. */
#define ACCOUNTS_KNOWN_WAYS 16
#define ACCOUNTS_KNOWN_MAX  (ACCOUNTS_KNOWN_SETS * ACCOUNTS_KNOWN_WAYS)
#define ACCOUNTS_SEED	    32

struct accounts {
	uint8_t seed[ACCOUNTS_SEED]; /* of the known sources' digests */
	uint64_t changes;
	/* uid in the upper half, in the lower one the second of loop_clock() at
	 * which the bucket is full again; 0: free. */
	uint64_t buckets[ACCOUNTS_MAX];
	/* The same; until when its account's last guess was refused. */
	uint64_t refused[ACCOUNTS_MAX];
	/* 48 bits of a digest of uid and source, and the day of the last login.
	 */
	uint64_t known[ACCOUNTS_KNOWN_MAX];
};

/* How many tokens a bucket holds, and seconds until one more is there. */
struct accounts_rate {
	uint32_t tokens, every;
};

/* Take a token.  False: there is none, for so many seconds. */
bool accounts_take(struct accounts *a, uid_t uid,
    const struct accounts_rate *rate, uint32_t *seconds);
/* And give it back. */
void accounts_give(
    struct accounts *a, uid_t uid, const struct accounts_rate *rate);

/* The account has logged in from there; has it, in so many days?  now: seconds
 * of the wall clock. */
void accounts_learn(
    struct accounts *a, uid_t uid, const struct net_key *source, uint64_t now);
bool accounts_knows(const struct accounts *a, uid_t uid,
    const struct net_key *source, uint64_t now, uint32_t days);

/* Each account whose bucket is not full: seconds until it is, and whether
 * guesses at it are refused now. */
typedef void accounts_each_fn(
    uid_t uid, uint32_t seconds, bool refused, void *arg);
void accounts_each(const struct accounts *a, accounts_each_fn *fn, void *arg);
/* Fill the bucket of one account, or of all (NULL); how many were not full. */
size_t accounts_clear(struct accounts *a, const uid_t *uid);

/* For a file: at most ACCOUNTS_SAVED bytes; back into memory that is new, what
 * was written so many seconds ago.  0, or an E_ code and all is as before. */
struct buf;
struct rd;
#define ACCOUNTS_SAVED (1u << 20)
void accounts_save(const struct accounts *a, struct buf *b);
int accounts_load(struct accounts *a, struct rd *r, uint64_t away);

#endif
