/*
 * Sealed packets with known keys: the first byte chooses cipher and MAC, the
 * second a packet of ours to begin from, the rest is xored over it.
 */
#include "lib/err.h"
#include "lib/ssh/cipher.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t keys[64], p[1024];
	const struct cipher_alg *alg;
	const struct mac_alg *mac;
	struct cipher *seal, *open;
	size_t len, whole, changed = 0;
	uint32_t length;
	int err;

	if (size < 2 || cipher_preload() != 0)
		return 0;
	alg = cipher_at(data[0] % 9);
	mac = (alg->attributes & CIPHER_AEAD) != 0 ? NULL :
						     mac_at(data[0] / 9 % 10);
	if (cipher_new(&seal, alg, mac, true, keys, keys, keys) != 0 ||
	    cipher_new(&open, alg, mac, false, keys, keys, keys) != 0)
		abort();
	len = 1 + data[1];
	memset(p, 0, sizeof(p));
	p[4] = (uint8_t)cipher_padding(seal, len);
	whole = CIPHER_HEAD + len + p[4];
	p[2] = (uint8_t)((whole - 4) >> 8);
	p[3] = (uint8_t)(whole - 4);
	if (cipher_seal(seal, 0, p, whole) != 0)
		abort();
	whole += cipher_tag(seal);
	for (size_t i = 0; i + 2 < size && i < whole; i++) {
		changed |= data[i + 2];
		p[i] ^= data[i + 2];
	}
	err = cipher_peek(open, 0, p, whole, &length);
	if (err == 0 && (size_t)length + 4 + cipher_tag(open) == whole)
		err = cipher_open(open, 0, p, length);
	else
		err = E_FORMAT;
	/* Only what is unchanged may pass. */
	if ((err == 0) != (changed == 0))
		abort();
	cipher_free(seal);
	cipher_free(open);
	return 0;
}
