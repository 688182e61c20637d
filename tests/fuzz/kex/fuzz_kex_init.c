/*
 * A client's first share, for each family of key exchange.  The first byte
 * names the method, the rest is the share.
 */
#include "tests/fuzz/kex/methods.h"

#include "lib/buf.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
preloaded(void)
{
	static int err = 1;

	if (err == 1)
		err = kex_preload();
	return err == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct kex_method *m;
	struct buf share, secret;
	struct kex_group group;
	int err;

	if (size < 1 || !preloaded() || (m = method_of(data[0])) == NULL ||
	    moduli_builtin(2048, &group) != 0)
		return 0;
	buf_init(&share, KEX_SHARE_MAX);
	buf_init(&secret, KEX_SECRET_MAX);
	if ((m->attributes & KEX_GROUP_EXCHANGE) != 0)
		err = kex_gex_respond(
		    m, &group, &data[1], size - 1, &share, &secret);
	else
		err =
		    kex_server_respond(m, &data[1], size - 1, &share, &secret);
	if ((err == 0) != (share.len != 0) || (err == 0) != (secret.len != 0))
		abort();
	buf_free(&share);
	buf_free(&secret);
	return 0;
}
