/*
 * The replay cache: the authenticators of tickets that made a context, for as
 * long as the clock's tolerance lets one be sent again.  It is in memory and
 * this process's own; a replacement begins with an empty one.  Such a token
 * would make no MIC, so that this is the second lock of the same door.
 */
#include "daemon/ticketholder/replay.h"

#include "lib/err.h"
#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

struct entry {
	uint8_t tag[REPLAY_TAG];
	uint64_t until;
	uint32_t next; /* in its bucket, older ones behind */
	uint16_t principal, realm; /* their counters */
};

struct replay {
	struct entry entries[REPLAY_MAX]; /* a ring, in order of time */
	uint32_t buckets[REPLAY_BUCKETS];
	uint32_t first, count;
	uint32_t principals[REPLAY_SHARES], realms[REPLAY_SHARES];
	uint64_t lifetime, seed;
};

/* ---- the authenticator of a token ---- */

struct der {
	const uint8_t *at, *end;
};

/* One element with this tag, in DER: *in stands behind it then. */
static bool
take(struct der *in, uint8_t tag, struct der *contents)
{
	size_t left = (size_t)(in->end - in->at), len, bytes;

	if (left < 2 || in->at[0] != tag)
		return false;
	len = in->at[1];
	in->at += 2;
	left -= 2;
	if (len >= 0x80) {
		bytes = len & 0x7f;
		if (bytes == 0 || bytes > 3 || bytes > left || *in->at == 0)
			return false;
		for (len = 0; bytes > 0; bytes--, left--)
			len = len << 8 | *in->at++;
		if (len < 0x80)
			return false;
	}
	if (len > left)
		return false;
	*contents = (struct der){in->at, in->at + len};
	in->at += len;
	return true;
}

/* An optional element may be there. */
static bool
skip(struct der *in, uint8_t tag, bool required)
{
	struct der ignored;

	if (!required && (in->at == in->end || *in->at != tag))
		return true;
	return take(in, tag, &ignored);
}

/* RFC 2743 section 3.1, RFC 4121 section 4.1, RFC 4120 section 5.5.1. */
int
replay_tag(const uint8_t *token, size_t len, uint8_t tag[REPLAY_TAG])
{
	static const uint8_t kerberos[] = {
	    0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02};
	struct der all = {token, token + len}, mech, oid, request, fields, part,
		   data, cipher, bytes;

	if (!take(&all, 0x60, &mech) || all.at != all.end ||
	    !take(&mech, 0x06, &oid) ||
	    (size_t)(oid.end - oid.at) != sizeof(kerberos) ||
	    memcmp(oid.at, kerberos, sizeof(kerberos)) != 0 ||
	    mech.end - mech.at < 2 || mech.at[0] != 1 || mech.at[1] != 0)
		return E_FORMAT;
	mech.at += 2;
	if (!take(&mech, 0x6e, &request) || mech.at != mech.end ||
	    !take(&request, 0x30, &fields) || request.at != request.end ||
	    !skip(&fields, 0xa0, true) || !skip(&fields, 0xa1, true) ||
	    !skip(&fields, 0xa2, true) || !skip(&fields, 0xa3, true) ||
	    !take(&fields, 0xa4, &part) || fields.at != fields.end ||
	    !take(&part, 0x30, &data) || part.at != part.end ||
	    !skip(&data, 0xa0, true) || !skip(&data, 0xa1, false) ||
	    !take(&data, 0xa2, &cipher) || data.at != data.end ||
	    !take(&cipher, 0x04, &bytes) || cipher.at != cipher.end ||
	    bytes.end - bytes.at < REPLAY_TAG)
		return E_FORMAT;
	/* Its end is, or depends on, the checksum over all of it. */
	memcpy(tag, bytes.end - REPLAY_TAG, REPLAY_TAG);
	return 0;
}

/* ---- those that were seen ---- */

struct replay *
replay_new(uint64_t lifetime, uint64_t seed)
{
	struct replay *r = mem_zalloc(sizeof(*r));

	memset(r->buckets, 0xff, sizeof(r->buckets));
	r->lifetime = lifetime;
	r->seed = seed;
	return r;
}

void
replay_free(struct replay *r)
{
	free(r);
}

/* The number of a counter or a bucket: FNV-1a with a seed, and the last steps
 * of MurmurHash3, without which names that end alike have one number. */
static uint16_t
spread(const struct replay *r, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t h = r->seed ^ 0xcbf29ce484222325;

	for (size_t i = 0; i < len; i++) {
		h = (h ^ p[i]) * 0x100000001b3;
		h ^= h >> 29;
	}
	h = (h ^ h >> 33) * 0xff51afd7ed558ccd;
	h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53;
	return (uint16_t)(h >> 48);
}

_Static_assert(
    REPLAY_BUCKETS == UINT16_MAX + 1 && REPLAY_SHARES == UINT16_MAX + 1,
    "spread() reaches all of them");

static uint32_t *
bucket(struct replay *r, const uint8_t tag[REPLAY_TAG])
{
	return &r->buckets[spread(r, tag, REPLAY_TAG)];
}

/* The oldest is the last of its bucket. */
static void
drop_first(struct replay *r)
{
	const struct entry *e = &r->entries[r->first];
	uint32_t *at = bucket(r, e->tag);

	r->principals[e->principal]--;
	r->realms[e->realm]--;
	while (*at != r->first)
		at = &r->entries[*at].next;
	*at = NONE;
	r->first = (r->first + 1) % REPLAY_MAX;
	r->count--;
}

static void
expire(struct replay *r, uint64_t now)
{
	while (r->count > 0 && r->entries[r->first].until <= now)
		drop_first(r);
}

int
replay_check(struct replay *r, const uint8_t tag[REPLAY_TAG], uint64_t now)
{
	expire(r, now);
	for (uint32_t i = *bucket(r, tag); i != NONE; i = r->entries[i].next)
		if (memcmp(r->entries[i].tag, tag, REPLAY_TAG) == 0)
			return E_DENIED;
	return r->count == REPLAY_MAX ? E_LIMIT : 0;
}

int
replay_add(struct replay *r, const uint8_t tag[REPLAY_TAG],
    const char *principal, const char *realm, uint64_t now)
{
	uint32_t *at = bucket(r, tag), i = (r->first + r->count) % REPLAY_MAX;
	struct entry *e = &r->entries[i];
	uint16_t of_name = spread(r, principal, strlen(principal));
	uint16_t of_realm = spread(r, realm, strlen(realm));

	if (4 * r->principals[of_name] >= REPLAY_REALM - r->realms[of_realm])
		return E_LIMIT;
	memcpy(e->tag, tag, REPLAY_TAG);
	e->until = now + r->lifetime;
	e->principal = of_name;
	e->realm = of_realm;
	e->next = *at;
	*at = i;
	r->principals[of_name]++;
	r->realms[of_realm]++;
	r->count++;
	return 0;
}
