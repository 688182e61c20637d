/*
 * A server's reply of each family, to a client that has just begun.  The
 * first byte names the method, the rest is the server's share.
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
	struct kex_client *client = NULL;
	const struct kex_method *m;
	struct kex_group group;
	struct buf out;
	int err;

	if (size < 1 || !preloaded() || (m = method_of(data[0])) == NULL ||
	    moduli_builtin(2048, &group) != 0)
		return 0;
	buf_init(&out, KEX_SHARE_MAX);
	err = kex_client_start(m,
	    (m->attributes & KEX_GROUP_EXCHANGE) != 0 ? &group : NULL, &client,
	    &out);
	if (err != 0)
		abort();
	buf_clear(&out);
	err = kex_client_finish(client, &data[1], size - 1, &out);
	if ((err == 0) != (out.len != 0))
		abort();
	kex_client_free(client);
	buf_free(&out);
	return 0;
}
