/*
 * Fields of an exchange as a worker might send them to the monitor: the first
 * byte names the method, then come eight strings, three numbers, p and g.
 */
#include "tests/fuzz/kex/methods.h"

#include "lib/ssh/ssh2.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
field(struct rd *r, struct kex_field *f)
{
	f->data = rd_string(r, 1 << 16, &f->len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t hash[KEX_HASH_MAX], key[KEX_DERIVE_MAX];
	struct kex_transcript t = {.gex_min = 0};
	const struct kex_method *m;
	size_t len = 0;
	struct rd r;

	if (digest_preload() != 0)
		return 0;
	rd_init(&r, data, size);
	m = method_of(rd_u8(&r));
	field(&r, &t.version_client);
	field(&r, &t.version_server);
	field(&r, &t.kexinit_client);
	field(&r, &t.kexinit_server);
	field(&r, &t.host_key);
	field(&r, &t.client_share);
	field(&r, &t.server_share);
	field(&r, &t.secret);
	t.gex_min = rd_u32(&r);
	t.gex_n = rd_u32(&r);
	t.gex_max = rd_u32(&r);
	t.gex_group.p = rd_string(&r, 1 << 16, &t.gex_group.p_len);
	t.gex_group.g = rd_string(&r, 1 << 16, &t.gex_group.g_len);
	if (kex_exchange_hash(m, &t, hash, &len) != 0)
		return 0;
	if (len != kex_hash_len(m) ||
	    kex_derive_key(m, t.secret.data, t.secret.len, hash, len, hash, len,
		'C', key, sizeof(key)) != 0)
		abort();
	return 0;
}
