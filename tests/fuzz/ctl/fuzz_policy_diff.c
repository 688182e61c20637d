/*
 * A list of users and two policies, as `sallyportctl policy diff` takes them,
 * from any bytes; a zero byte stands between them.
 */
#include "config/diff/diff.h"
#include "config/load.h"
#include "daemon/ctl/policy_users.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FD   100
#define SELF "/proc/self/fd/100"
#define NOW  ((time_t)1796000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libconfig's scanner loses its string buffer at a syntax error. */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:libconfig.so";
}

/* The bytes before the next zero; data and size go behind it. */
static size_t
part(const uint8_t **data, size_t *size, const uint8_t **begin)
{
	const uint8_t *cut = *size > 0 ? memchr(*data, 0, *size) : NULL;
	size_t len = cut != NULL ? (size_t)(cut - *data) : *size;

	*begin = *data;
	*size -= len + (cut != NULL);
	*data += len + (cut != NULL);
	return len;
}

static struct config *
policy(const uint8_t **data, size_t *size)
{
	struct bundle bundle = {0};
	struct problems problems = {0};
	struct config *config = NULL;
	const uint8_t *begin;
	size_t len = part(data, size, &begin);

	config_bundle_add(&bundle, "policy", begin, len);
	(void)config_load(&bundle, &config, &problems);
	config_bundle_free(&bundle);
	problems_free(&problems);
	return config;
}

static void
compare(const struct config *old, const struct config *new,
    const struct policy_users *users)
{
	FILE *out = fopen("/dev/null", "w");
	struct policy_diff *diff =
	    policy_diff_make(old, new, users->items, users->count, NOW);
	struct policy_diff *none =
	    policy_diff_make(new, new, users->items, users->count, NOW);

	policy_diff_print(diff, out);
	policy_diff_json(diff, out);
	/* A policy differs in nothing from itself. */
	for (int d = 0; d < DIFF_DIRECTIONS; d++)
		if (policy_diff_count(none, (enum diff_direction)d) != 0)
			abort();
	policy_diff_free(diff);
	policy_diff_free(none);
	fclose(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct policy_users users = {0};
	struct config *policies[2];
	const uint8_t *list;
	size_t len = part(&data, &size, &list);
	int fd = memfd_create("users", MFD_CLOEXEC);

	if (fd < 0 || dup2(fd, FD) != FD || close(fd) != 0 ||
	    write(FD, list, len) != (ssize_t)len)
		abort();
	(void)policy_users_file(arena, SELF, &users);
	close(FD);
	policies[0] = policy(&data, &size);
	policies[1] = policy(&data, &size);
	if (policies[0] != NULL && policies[1] != NULL)
		compare(policies[0], policies[1], &users);
	config_free(policies[0]);
	config_free(policies[1]);
	policy_users_free(&users);
	arena_free(arena);
	return 0;
}
