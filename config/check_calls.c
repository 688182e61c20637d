/*
 * Checks that `sallyportctl check` and the monitor template share: whether an
 * account of this machine exists, and whether an algorithm is built in and
 * known to libcrypto.
 */
#include "config/check.h"
#include "lib/ssh/cipher.h"
#include "lib/ssh/kex.h"
#include "lib/ssh/key_alg.h"
#include "lib/ssh/lacking.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>

/* The answer of getpwnam() or getgrnam(), with errno as it left it. */
static int
exists(const void *found)
{
	if (found != NULL)
		return 1;
	return errno == 0 || errno == ENOENT || errno == ESRCH ? 0 : -1;
}

int
check_user_exists(void *context, const char *name)
{
	(void)context;
	errno = 0;
	return exists(getpwnam(name));
}

int
check_group_exists(void *context, const char *name)
{
	(void)context;
	errno = 0;
	return exists(getgrnam(name));
}

bool
check_algorithm_exists(
    void *context, enum algorithm_kind kind, const char *name)
{
	size_t len = strlen(name);

	(void)context;
	switch (kind) {
	case ALGORITHM_KEX:
		return kex_find(name, len) != NULL;
	case ALGORITHM_GSS_KEX:
		return kex_find_gss(name, len) != NULL;
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

const char *
check_algorithm_lacking(
    void *context, enum algorithm_kind kind, const char *name)
{
	const struct kex_method *method;

	(void)context;
	if (kind == ALGORITHM_KEX)
		return lacking_kex(name);
	if (kind == ALGORITHM_GSS_KEX) {
		method = kex_find_gss(name, strlen(name));
		return method == NULL ? NULL : lacking_kex(method->name);
	}
	return kind == ALGORITHM_HOST_KEY || kind == ALGORITHM_USER_KEY ||
		kind == ALGORITHM_CA ?
	    lacking_key_alg(name) :
	    NULL;
}
