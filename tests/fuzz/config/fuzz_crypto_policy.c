/*
 * The system-wide policy on algorithms: any bytes; each name that is taken can
 * be configured, and stands in its list once.
 */
#include "config/crypto_policy.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
count(const char *const *names, const char *name)
{
	size_t n = 0;

	for (; *names != NULL; names++)
		n += strcmp(*names, name) == 0;
	return n;
}

static void
check(const struct crypto_policy *policy)
{
	for (enum algorithm_kind kind = 0; kind < ALGORITHM_KINDS; kind++) {
		const char *const *names = policy->lists[kind].names;

		for (size_t i = 0; names != NULL && names[i] != NULL; i++)
			if (count(names, names[i]) != 1 ||
			    count(algorithm_names(kind, CRYPTO_LEGACY),
				names[i]) != 1)
				abort();
	}
	if (policy->rsa_bits > 16384)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct problems problems = {0};
	struct crypto_policy policy;

	crypto_policy_parse(
	    "policy", (const char *)data, size, arena, &problems, &policy);
	check(&policy);
	problems_free(&problems);
	arena_free(arena);
	return 0;
}
