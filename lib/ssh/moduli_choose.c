/*
 * The choice of a group for diffie-hellman-group-exchange-sha256: made in
 * the worker, made again in the monitor to check it.
 */
#include "lib/ssh/moduli_private.h"

#include "lib/err.h"

#include <openssl/bn.h>
#include <openssl/rand.h>

#include <string.h>

/* The groups 14, 16 and 18 of RFC 3526, from libcrypto. */
static struct {
	unsigned bits;
	BIGNUM *(*prime)(BIGNUM *);
	uint8_t p[MODULI_BYTES_MAX]; /* all zero until first asked for */
} builtin[] = {
    {2048, BN_get_rfc3526_prime_2048, {0}},
    {4096, BN_get_rfc3526_prime_4096, {0}},
    {8192, BN_get_rfc3526_prime_8192, {0}},
};
#define BUILTIN_COUNT (sizeof(builtin) / sizeof(builtin[0]))

static const uint8_t builtin_g = 2;

/* A request with its bounds drawn in to ours. */
struct request {
	unsigned min;
	unsigned n;
	unsigned max;
};

int
moduli_builtin(unsigned bits, struct kex_group *group)
{
	for (size_t i = 0; i < BUILTIN_COUNT; i++) {
		if (builtin[i].bits != bits)
			continue;
		if (builtin[i].p[0] == 0) {
			BIGNUM *prime = builtin[i].prime(NULL);

			if (prime == NULL)
				return E_CRYPTO;
			BN_bn2bin(prime, builtin[i].p);
			BN_free(prime);
		}
		group->p = builtin[i].p;
		group->p_len = bits / 8;
		group->g = &builtin_g;
		group->g_len = 1;
		group->bits = bits;
		return 0;
	}
	return E_NOT_FOUND;
}

static unsigned
clamp(uint32_t value, unsigned low, unsigned high)
{
	return value < low ? low : value > high ? high : value;
}

static int
read_request(uint32_t min, uint32_t n, uint32_t max, struct request *r)
{
	if (min > n || n > max || max < MODULI_BITS_MIN ||
	    min > MODULI_BITS_MAX)
		return E_VALUE;
	r->min = clamp(min, MODULI_BITS_MIN, MODULI_BITS_MAX);
	r->max = clamp(max, MODULI_BITS_MIN, MODULI_BITS_MAX);
	r->n = clamp(n, r->min, r->max);
	return 0;
}

/*
 * Whether a size is a better answer than the best so far (0: none): the
 * smallest with the wanted bits, or else the largest.
 */
static bool
is_better(unsigned bits, unsigned best, const struct request *r)
{
	if (bits < r->min || bits > r->max)
		return false;
	if (best >= r->n)
		return bits >= r->n && bits < best;
	return bits > best;
}

static unsigned
best_size(const struct moduli *moduli, const struct request *r)
{
	unsigned best = 0;

	for (size_t i = 0; i < moduli_count(moduli); i++) {
		if (is_better(moduli->entries[i].bits, best, r))
			best = moduli->entries[i].bits;
	}
	return best;
}

/* The one of ours to give when the file has none that fits. */
static int
best_builtin(const struct request *r, struct kex_group *group)
{
	unsigned best = 0;

	for (size_t i = 0; i < BUILTIN_COUNT; i++) {
		if (is_better(builtin[i].bits, best, r))
			best = builtin[i].bits;
	}
	return best == 0 ? E_VALUE : moduli_builtin(best, group);
}

static int
random_below(uint32_t bound, uint32_t *value)
{
	uint32_t reject = (uint32_t)-bound % bound; /* 2^32 mod bound */

	do {
		if (RAND_bytes((unsigned char *)value, sizeof(*value)) != 1)
			return E_CRYPTO;
	} while (*value < reject);
	*value %= bound;
	return 0;
}

static void
group_of(const struct moduli_entry *entry, struct kex_group *group)
{
	group->p = entry->p;
	group->p_len = (entry->bits + 7) / 8;
	group->g = entry->g;
	group->g_len = entry->g_len;
	group->bits = entry->bits;
}

int
moduli_choose(const struct moduli *moduli, uint32_t min, uint32_t n,
    uint32_t max, struct kex_group *group)
{
	uint32_t fitting = 0, which;
	struct request r;
	unsigned best;
	int err;

	if ((err = read_request(min, n, max, &r)) != 0)
		return err;
	best = best_size(moduli, &r);
	if (best == 0)
		return best_builtin(&r, group);
	for (size_t i = 0; i < moduli->count; i++)
		fitting += moduli->entries[i].bits == best ? 1 : 0;
	if ((err = random_below(fitting, &which)) != 0)
		return err;
	for (size_t i = 0; i < moduli->count; i++) {
		if (moduli->entries[i].bits == best && which-- == 0) {
			group_of(&moduli->entries[i], group);
			return 0;
		}
	}
	return E_INTERNAL;
}

static bool
same_group(const struct kex_group *a, const struct kex_group *b)
{
	return a->p_len == b->p_len && a->g_len == b->g_len &&
	    memcmp(a->p, b->p, a->p_len) == 0 &&
	    memcmp(a->g, b->g, a->g_len) == 0;
}

bool
moduli_allows(const struct moduli *moduli, uint32_t min, uint32_t n,
    uint32_t max, const struct kex_group *group)
{
	struct kex_group ours;
	struct request r;
	unsigned best;

	if (read_request(min, n, max, &r) != 0)
		return false;
	best = best_size(moduli, &r);
	if (best == 0)
		return best_builtin(&r, &ours) == 0 && same_group(&ours, group);
	for (size_t i = 0; i < moduli->count; i++) {
		if (moduli->entries[i].bits != best)
			continue;
		group_of(&moduli->entries[i], &ours);
		if (same_group(&ours, group))
			return true;
	}
	return false;
}
