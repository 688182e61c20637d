/*
 * Buckets of tokens and known sources of accounts: accounts.h.  A bucket is the
 * moment at which it will be full again; each token that is missing puts that
 * off by the time that brings one (the generic cell rate algorithm).
 */
#include "privsep/accounts.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "lib/rd.h"

#include <openssl/evp.h>

#include <stdlib.h>
#include <string.h>

#define DAY	     86400
#define TRIES	     16 /* at a word that others change, too */
#define DAY_BITS     16
#define DAY_MASK     ((UINT64_C(1) << DAY_BITS) - 1)
#define MULTIPLIER   2654435761u /* spreads uids that lie side by side */
#define DIGEST_MAX   64
#define DIGEST_BYTES 6 /* of it that are kept */

static uint32_t
clock_seconds(void)
{
	return (uint32_t)(loop_clock() / 1000);
}

static uint64_t
look(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static bool
change(uint64_t *word, uint64_t from, uint64_t to)
{
	return __atomic_compare_exchange_n(
	    word, &from, to, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static void
count_change(struct accounts *a)
{
	(void)__atomic_add_fetch(&a->changes, 1, __ATOMIC_SEQ_CST);
}

static uint64_t
word_of(uid_t uid, uint32_t until)
{
	return (uint64_t)uid << 32 | until;
}

static uid_t
uid_of(uint64_t word)
{
	return (uid_t)(word >> 32);
}

/* A word of seconds that are over is free. */
static bool
is_free(uint64_t word, uint32_t now)
{
	return (uint32_t)word <= now;
}

static size_t
set_of(uid_t uid, size_t sets)
{
	return (uint32_t)uid * MULTIPLIER % sets;
}

/* ---- buckets ---- */

/* The account's word; else one that is free, or that of the bucket which will
 * be full first. */
static size_t
find(const struct accounts *a, uid_t uid, uint32_t now, uint64_t *seen)
{
	size_t first = set_of(uid, ACCOUNTS_SETS) * ACCOUNTS_WAYS, best = first;

	*seen = look(&a->buckets[first]);
	for (size_t i = first; i < first + ACCOUNTS_WAYS; i++) {
		uint64_t word = look(&a->buckets[i]);

		if (uid_of(word) == uid && !is_free(word, now)) {
			*seen = word;
			return i;
		}
		if ((uint32_t)word < (uint32_t)*seen) {
			*seen = word;
			best = i;
		}
	}
	return best;
}

/* Seconds until the account's bucket is full, which a word may be about. */
static uint32_t
missing(uint64_t word, uid_t uid, uint32_t now)
{
	if (uid_of(word) != uid || is_free(word, now))
		return 0;
	return (uint32_t)word - now;
}

/*
 * The same for a guess.  An account that takes another's place may have lost
 * its own there, and then was the nearest to full of all: it begins with as
 * much, or guessers would empty a bucket, have it pushed out, and begin anew.
 */
static uint32_t
missing_at_most(uint64_t word, uint32_t now)
{
	return missing(word, uid_of(word), now);
}

bool
accounts_take(struct accounts *a, uid_t uid, const struct accounts_rate *rate,
    uint32_t *seconds)
{
	uint32_t most = rate->tokens * rate->every;

	for (int i = 0; i < TRIES; i++) {
		uint32_t now = clock_seconds(), debt;
		uint64_t seen;
		size_t at = find(a, uid, now, &seen);

		debt = missing_at_most(seen, now);
		if (debt + rate->every > most) {
			*seconds = debt + rate->every - most;
			if (uid_of(seen) == uid)
				__atomic_store_n(&a->refused[at],
				    word_of(uid, now + *seconds),
				    __ATOMIC_SEQ_CST);
			return false;
		}
		if (change(&a->buckets[at], seen,
			word_of(uid, now + debt + rate->every))) {
			count_change(a);
			return true;
		}
	}
	*seconds = 1; /* so many guess at once */
	return false;
}

void
accounts_give(struct accounts *a, uid_t uid, const struct accounts_rate *rate)
{
	for (int i = 0; i < TRIES; i++) {
		uint32_t now = clock_seconds(), debt;
		uint64_t seen;
		size_t at = find(a, uid, now, &seen);

		debt = missing(seen, uid, now);
		if (debt == 0)
			return; /* another account has its place */
		debt = debt > rate->every ? debt - rate->every : 0;
		if (change(&a->buckets[at], seen,
			debt == 0 ? 0 : word_of(uid, now + debt))) {
			count_change(a);
			return;
		}
	}
}

void
accounts_each(const struct accounts *a, accounts_each_fn *fn, void *arg)
{
	uint32_t now = clock_seconds();

	for (size_t i = 0; i < ACCOUNTS_MAX; i++) {
		uint64_t word = look(&a->buckets[i]);
		uint64_t refused = look(&a->refused[i]);

		if (!is_free(word, now))
			fn(uid_of(word), (uint32_t)word - now,
			    uid_of(refused) == uid_of(word) &&
				!is_free(refused, now),
			    arg);
	}
}

size_t
accounts_clear(struct accounts *a, const uid_t *uid)
{
	uint32_t now = clock_seconds();
	size_t count = 0;

	for (size_t i = 0; i < ACCOUNTS_MAX; i++) {
		uint64_t word = look(&a->buckets[i]);

		if (is_free(word, now) || (uid != NULL && uid_of(word) != *uid))
			continue;
		__atomic_store_n(&a->buckets[i], 0, __ATOMIC_SEQ_CST);
		count++;
	}
	if (count > 0)
		count_change(a);
	return count;
}

/* ---- known sources ---- */

/* Days fit for a century; digests of 48 bits, under a secret of this host. */
static uint64_t
known_word(const struct accounts *a, uid_t uid, const struct net_key *source,
    uint64_t now)
{
	uint8_t text[ACCOUNTS_SEED + 4 + 2 + sizeof(source->bytes)];
	uint8_t sum[DIGEST_MAX] = {0};
	uint64_t word = 0;
	struct buf b;

	buf_init_over(&b, text, sizeof(text));
	buf_bytes(&b, a->seed, sizeof(a->seed));
	buf_u32(&b, (uint32_t)uid);
	buf_u8(&b, source->family);
	buf_u8(&b, source->bits);
	buf_bytes(&b, source->bytes, sizeof(source->bytes));
	if (EVP_Digest(text, b.len, sum, NULL, EVP_sha256(), NULL) != 1)
		return 0; /* is nobody's */
	for (size_t i = 0; i < DIGEST_BYTES; i++)
		word = word << 8 | sum[i];
	return word << DAY_BITS | (now / DAY & DAY_MASK);
}

void
accounts_learn(
    struct accounts *a, uid_t uid, const struct net_key *source, uint64_t now)
{
	uint64_t word = known_word(a, uid, source, now), seen;
	size_t first = set_of(uid, ACCOUNTS_KNOWN_SETS) * ACCOUNTS_KNOWN_WAYS;
	size_t at = first;

	if (word == 0)
		return;
	/* Its own entry, or the one of the longest ago. */
	for (size_t i = first; i < first + ACCOUNTS_KNOWN_WAYS; i++) {
		uint64_t other = look(&a->known[i]);

		if (other >> DAY_BITS == word >> DAY_BITS) {
			at = i;
			break;
		}
		if ((other & DAY_MASK) < (look(&a->known[at]) & DAY_MASK))
			at = i;
	}
	seen = look(&a->known[at]);
	if (seen != word && change(&a->known[at], seen, word))
		count_change(a);
}

bool
accounts_knows(const struct accounts *a, uid_t uid,
    const struct net_key *source, uint64_t now, uint32_t days)
{
	uint64_t word = known_word(a, uid, source, now);
	size_t first = set_of(uid, ACCOUNTS_KNOWN_SETS) * ACCOUNTS_KNOWN_WAYS;

	for (size_t i = first; i < first + ACCOUNTS_KNOWN_WAYS; i++) {
		uint64_t other = look(&a->known[i]);

		if (word != 0 && other >> DAY_BITS == word >> DAY_BITS)
			return (other & DAY_MASK) + days >= (word & DAY_MASK);
	}
	return false;
}

/* ---- a file ---- */

void
accounts_save(const struct accounts *a, struct buf *b)
{
	uint32_t now = clock_seconds();

	buf_bytes(b, a->seed, sizeof(a->seed));
	for (size_t i = 0; i < ACCOUNTS_MAX; i++) {
		uint64_t word = look(&a->buckets[i]);

		if (is_free(word, now))
			continue;
		buf_bool(b, true);
		buf_u32(b, uid_of(word));
		buf_u32(b, (uint32_t)word - now);
	}
	buf_bool(b, false);
	for (uint32_t i = 0; i < ACCOUNTS_KNOWN_MAX; i++) {
		uint64_t word = look(&a->known[i]);

		if (word == 0)
			continue;
		buf_bool(b, true);
		buf_u32(b, i);
		buf_u64(b, word);
	}
	buf_bool(b, false);
}

static void
load_bucket(struct accounts *a, struct rd *r, uint32_t now, uint64_t away)
{
	uid_t uid = (uid_t)rd_u32(r);
	uint32_t debt = rd_u32(r);
	uint64_t seen;
	size_t at;

	if (r->err != 0 || debt <= away || debt - away > UINT32_MAX / 2)
		return;
	at = find(a, uid, now, &seen);
	a->buckets[at] = word_of(uid, now + debt - (uint32_t)away);
}

static void
load_known(struct accounts *a, struct rd *r)
{
	uint32_t at = rd_u32(r);
	uint64_t word = rd_u64(r);

	if (at >= ACCOUNTS_KNOWN_MAX)
		rd_fail(r, E_VALUE);
	if (r->err == 0)
		a->known[at] = word;
}

int
accounts_load(struct accounts *a, struct rd *r, uint64_t away)
{
	struct accounts *fresh = mem_zalloc(sizeof(*fresh));
	uint32_t now = clock_seconds(), count = 0;

	rd_copy(r, fresh->seed, sizeof(fresh->seed));
	while (rd_bool(r)) {
		if (count++ == ACCOUNTS_MAX)
			rd_fail(r, E_TOO_LARGE);
		load_bucket(fresh, r, now, away);
	}
	count = 0;
	while (rd_bool(r)) {
		if (count++ == ACCOUNTS_KNOWN_MAX)
			rd_fail(r, E_TOO_LARGE);
		load_known(fresh, r);
	}
	if (r->err == 0)
		memcpy(a, fresh, sizeof(*a));
	free(fresh);
	return r->err;
}
