/*
 * Signatures, a FIDO authenticator's among them: the first byte chooses the
 * algorithm, the next four the length of the key's blob, the rest is the
 * signature.
 */
#include "lib/rd.h"
#include "lib/ssh/key_sign.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct key_sk_use use;
	const struct key_alg *alg;
	size_t blob_len, len;
	const uint8_t *blob, *sig;
	struct key *key;
	struct rd r;

	rd_init(&r, data, size);
	alg = key_alg_at(rd_u8(&r) % 19);
	blob = rd_string(&r, 4096, &blob_len);
	sig = rd_rest(&r, &len);
	if (r.err != 0 || alg == NULL || key_parse(blob, blob_len, &key) != 0)
		return 0;
	(void)key_verify(key, alg, "fuzzed", 6, sig, len, &use);
	key_free(key);
	return 0;
}
