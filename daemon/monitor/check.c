/*
 * The same look around as sallyportctl check's, in the monitor template: with
 * the modules loaded as they will serve.  A reload and sallyportd -t are
 * refused for whatever is wrong; a start is for what the configuration itself
 * has wrong, and only tells what may be mended beside it.
 */
#include "config/check.h"
#include "daemon/monitor/host.h"
#include "lib/ssh/cipher.h"
#include "lib/ssh/kex.h"
#include "lib/ssh/key_alg.h"
#include "privsep/messages.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>

static int
exists(const void *found)
{
	if (found != NULL)
		return 1;
	return errno == 0 || errno == ENOENT || errno == ESRCH ? 0 : -1;
}

static int
user_exists(void *context, const char *name)
{
	(void)context;
	errno = 0;
	return exists(getpwnam(name));
}

static int
group_exists(void *context, const char *name)
{
	(void)context;
	errno = 0;
	return exists(getgrnam(name));
}

static bool
serves(void *context, const struct chain_step *step)
{
	const struct monitor_template *t = context;

	for (size_t i = 0; i < t->n_modules; i++)
		if (host_serves(&t->modules[i], step->method, step->module))
			return true;
	return false;
}

static bool
algorithm(void *context, enum algorithm_kind kind, const char *name)
{
	size_t len = strlen(name);

	(void)context;
	switch (kind) {
	case ALGORITHM_KEX:
		return kex_find(name, len) != NULL;
	case ALGORITHM_CIPHER:
		return cipher_find(name, len) != NULL;
	case ALGORITHM_MAC:
		return mac_find(name, len) != NULL;
	case ALGORITHM_HOST_KEY:
	case ALGORITHM_USER_KEY:
	case ALGORITHM_CA:
		return key_alg_find(name, len) != NULL;
	case ALGORITHM_COMPRESSION:
	case ALGORITHM_KINDS:
		break;
	}
	return true;
}

int
monitors_check(
    struct monitor_template *t, unsigned purpose, struct problems *problems)
{
	struct check_calls calls = {.context = t,
	    .serves = serves,
	    .algorithm = algorithm,
	    .lenient = purpose == PREPARE_SERVE};

	/* A directory server that does not answer must not hold up others. */
	if (purpose == PREPARE_TEST) {
		calls.user = user_exists;
		calls.group = group_exists;
	}
	return config_check(t->config, &calls, problems);
}
