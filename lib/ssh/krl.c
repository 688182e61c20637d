/*
 * Is this key revoked?  Asked by the publickey module at every attempt, of
 * lists that may name millions of certificates: all is sorted once, and
 * searched by halves.
 */
#include "lib/ssh/krl.h"

#include "lib/err.h"
#include "lib/mem.h"
#include "lib/ssh/cert.h"
#include "lib/ssh/key_inside.h"
#include "lib/ssh/krl_inside.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC "SSHKRL\n"

void
krl_hashes_add(struct krl_hashes *h, const uint8_t *hash)
{
	if (h->count == h->room) {
		h->room = h->room == 0 ? 16 : h->room * 2;
		h->data = mem_grow(h->data, h->room, h->size);
	}
	memcpy(&h->data[h->count++ * h->size], hash, h->size);
}

static int
compare_sha1(const void *a, const void *b)
{
	return memcmp(a, b, SHA_DIGEST_LENGTH);
}

static int
compare_sha256(const void *a, const void *b)
{
	return memcmp(a, b, SHA256_DIGEST_LENGTH);
}

static int
compare_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int
compare_range(const void *a, const void *b)
{
	const struct krl_range *x = a, *y = b;

	return x->low < y->low ? -1 : x->low > y->low;
}

/* Sorted, and those that touch or overlap made one. */
static void
settle_ranges(struct krl_ranges *r)
{
	size_t last = 0;

	if (r->count == 0)
		return;
	qsort(r->range, r->count, sizeof(*r->range), compare_range);
	for (size_t i = 1; i < r->count; i++) {
		struct krl_range *into = &r->range[last];

		if (into->high == UINT64_MAX ||
		    r->range[i].low <= into->high + 1) {
			if (r->range[i].high > into->high)
				into->high = r->range[i].high;
		} else
			r->range[++last] = r->range[i];
	}
	r->count = last + 1;
}

static void
settle(struct krl *krl)
{
	if (krl->sha1.count != 0)
		qsort(krl->sha1.data, krl->sha1.count, krl->sha1.size,
		    compare_sha1);
	if (krl->sha256.count != 0)
		qsort(krl->sha256.data, krl->sha256.count, krl->sha256.size,
		    compare_sha256);
	for (size_t i = 0; i < krl->ca_count; i++) {
		struct krl_ca *ca = &krl->ca[i];

		settle_ranges(&ca->ranges);
		if (ca->ids.count != 0)
			qsort(ca->ids.id, ca->ids.count, sizeof(char *),
			    compare_text);
	}
}

int
krl_parse(const void *file, size_t len, struct krl **out, unsigned *line)
{
	struct krl *krl;
	int err;

	if (line != NULL)
		*line = 0;
	if (len > KRL_FILE_MAX)
		return E_TOO_LARGE;
	krl = mem_zalloc(sizeof(*krl));
	krl->sha1.size = SHA_DIGEST_LENGTH;
	krl->sha256.size = SHA256_DIGEST_LENGTH;
	if (len >= sizeof(MAGIC) && memcmp(file, MAGIC, sizeof(MAGIC)) == 0)
		err = krl_parse_binary(krl, file, len);
	else
		err = krl_parse_lines(krl, file, len, line);
	if (err != 0) {
		krl_free(krl);
		return err;
	}
	settle(krl);
	*out = krl;
	return 0;
}

void
krl_free(struct krl *krl)
{
	if (krl == NULL)
		return;
	for (size_t i = 0; i < krl->ca_count; i++) {
		for (size_t j = 0; j < krl->ca[i].ids.count; j++)
			free(krl->ca[i].ids.id[j]);
		free(krl->ca[i].ids.id);
		free(krl->ca[i].ranges.range);
		free(krl->ca[i].blob);
	}
	free(krl->ca);
	free(krl->sha1.data);
	free(krl->sha256.data);
	free(krl->comment);
	free(krl);
}

/* A hash that cannot be made revokes. */
static bool
lists_blob(const struct krl *krl, const uint8_t *blob, size_t len)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];

	if (krl->sha256.count != 0) {
		if (key_evp_hash(KEY_SHA256, blob, len, hash) != 0 ||
		    bsearch(hash, krl->sha256.data, krl->sha256.count,
			krl->sha256.size, compare_sha256) != NULL)
			return true;
	}
	if (krl->sha1.count != 0) {
		if (key_evp_hash(KEY_SHA1, blob, len, hash) != 0 ||
		    bsearch(hash, krl->sha1.data, krl->sha1.count,
			krl->sha1.size, compare_sha1) != NULL)
			return true;
	}
	return false;
}

static bool
in_ranges(const struct krl_ranges *r, uint64_t serial)
{
	size_t low = 0, high = r->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (serial < r->range[middle].low)
			high = middle;
		else if (serial > r->range[middle].high)
			low = middle + 1;
		else
			return true;
	}
	return false;
}

static bool
lists_cert(const struct krl *krl, const struct cert *cert)
{
	size_t len;
	const uint8_t *ca_blob = key_blob(cert->ca, &len);

	for (size_t i = 0; i < krl->ca_count; i++) {
		const struct krl_ca *ca = &krl->ca[i];

		if (ca->blob != NULL &&
		    (ca->len != len || memcmp(ca->blob, ca_blob, len) != 0))
			continue;
		if (in_ranges(&ca->ranges, cert->serial))
			return true;
		if (ca->ids.count != 0 &&
		    bsearch(&cert->key_id, ca->ids.id, ca->ids.count,
			sizeof(char *), compare_text) != NULL)
			return true;
	}
	return false;
}

int
krl_check(const struct krl *krl, const struct key *key)
{
	const struct cert *cert = key_cert(key);
	size_t len;
	const uint8_t *blob = key_plain_blob(key, &len);

	if (lists_blob(krl, blob, len))
		return E_REVOKED;
	if (cert == NULL)
		return 0;
	if (lists_cert(krl, cert))
		return E_REVOKED;
	blob = key_blob(key, &len);
	if (lists_blob(krl, blob, len))
		return E_REVOKED;
	blob = key_blob(cert->ca, &len);
	return lists_blob(krl, blob, len) ? E_REVOKED : 0;
}

uint64_t
krl_number(const struct krl *krl)
{
	return krl->number;
}

uint64_t
krl_generated(const struct krl *krl)
{
	return krl->generated;
}

const char *
krl_comment(const struct krl *krl)
{
	return krl->comment == NULL ? "" : krl->comment;
}

size_t
krl_entries(const struct krl *krl)
{
	size_t count = krl->sha1.count + krl->sha256.count;

	for (size_t i = 0; i < krl->ca_count; i++)
		count += krl->ca[i].ranges.count + krl->ca[i].ids.count;
	return count;
}
