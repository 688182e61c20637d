/*
 * The revocation list in memory: krl_parse.c fills it, krl.c searches it.
 */
#ifndef LIB_SSH_KRL_INSIDE_H
#define LIB_SSH_KRL_INSIDE_H

#include "lib/ssh/krl.h"

#include <openssl/sha.h>

/* Bitmaps become ranges; more than this many would be a bomb. */
#define KRL_RANGES_MAX (8 * 1024 * 1024)

struct krl_range {
	uint64_t low;
	uint64_t high; /* inclusive */
};

struct krl_ids {
	char **id;
	size_t count;
	size_t room;
};

struct krl_ranges {
	struct krl_range *range;
	size_t count;
	size_t room;
};

/* The revoked certificates of one CA. */
struct krl_ca {
	uint8_t *blob; /* NULL: of any CA */
	size_t len;
	struct krl_ranges ranges;
	struct krl_ids ids;
};

/* Digests of equal length, one after the other. */
struct krl_hashes {
	uint8_t *data;
	size_t size; /* of one */
	size_t count;
	size_t room;
};

struct krl {
	uint64_t number;
	uint64_t generated;
	char *comment;
	struct krl_ca *ca;
	size_t ca_count;
	struct krl_hashes sha1; /* of keys */
	struct krl_hashes sha256; /* of keys, explicit ones too */
};

/* Fill an empty list from a file of the one kind or the other. */
int krl_parse_binary(struct krl *krl, const void *file, size_t len);
int krl_parse_lines(
    struct krl *krl, const char *file, size_t len, unsigned *line);

void krl_hashes_add(struct krl_hashes *hashes, const uint8_t *hash);

#endif
