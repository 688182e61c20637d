/*
 * Encapsulation to a client's sntrup761 key.  Runs in the worker, on a key
 * that a stranger sent; any string of its length is a key.
 */
#include "lib/ssh/sntrup_ring.h"

#include "lib/err.h"
#include "lib/secret.h"

#include <openssl/rand.h>

int
sntrup_hide(const uint8_t pk[SNTRUP_PK_LEN], const uint8_t key_hash[32],
    const int8_t r[SNTRUP_P], uint8_t r_packed[SNTRUP_SMALL_LEN],
    uint8_t cipher[SNTRUP_CIPHER_LEN])
{
	int32_t product[SNTRUP_P];
	int16_t h[SNTRUP_P];
	uint8_t r_hash[32];
	int err;

	sntrup_pack_small(r_packed, r);
	sntrup_unpack_key(h, pk);
	sntrup_multiply(product, h, r);
	for (size_t i = 0; i < SNTRUP_P; i++)
		h[i] = sntrup_mod_q(product[i]);
	sntrup_round(h);
	sntrup_pack_rounded(cipher, h);
	if ((err = sntrup_hash(r_hash, 3, r_packed, SNTRUP_SMALL_LEN, "", 0)) ==
	    0)
		err = sntrup_hash(&cipher[SNTRUP_ROUNDED_LEN], 2, r_hash,
		    sizeof(r_hash), key_hash, 32);
	wipe(product, sizeof(product));
	wipe(h, sizeof(h));
	wipe(r_hash, sizeof(r_hash));
	return err;
}

int
sntrup_session(uint8_t prefix, const uint8_t r_packed[SNTRUP_SMALL_LEN],
    const uint8_t cipher[SNTRUP_CIPHER_LEN], uint8_t secret[SNTRUP_SECRET_LEN])
{
	uint8_t r_hash[32];
	int err;

	if ((err = sntrup_hash(r_hash, 3, r_packed, SNTRUP_SMALL_LEN, "", 0)) ==
	    0)
		err = sntrup_hash(secret, prefix, r_hash, sizeof(r_hash),
		    cipher, SNTRUP_CIPHER_LEN);
	wipe(r_hash, sizeof(r_hash));
	return err;
}

int
sntrup_encaps_with(const uint8_t pk[SNTRUP_PK_LEN],
    const uint32_t random[SNTRUP_P], uint8_t cipher[SNTRUP_CIPHER_LEN],
    uint8_t secret[SNTRUP_SECRET_LEN])
{
	uint8_t r_packed[SNTRUP_SMALL_LEN], key_hash[32];
	int8_t r[SNTRUP_P];
	int err;

	sntrup_short(r, random);
	if ((err = sntrup_hash(key_hash, 4, pk, SNTRUP_PK_LEN, "", 0)) == 0 &&
	    (err = sntrup_hide(pk, key_hash, r, r_packed, cipher)) == 0)
		err = sntrup_session(1, r_packed, cipher, secret);
	wipe(r, sizeof(r));
	wipe(r_packed, sizeof(r_packed));
	return err;
}

int
sntrup_encaps(const uint8_t pk[SNTRUP_PK_LEN],
    uint8_t cipher[SNTRUP_CIPHER_LEN], uint8_t secret[SNTRUP_SECRET_LEN])
{
	uint32_t random[SNTRUP_P];
	int err = E_CRYPTO;

	if (RAND_bytes((unsigned char *)random, sizeof(random)) == 1)
		err = sntrup_encaps_with(pk, random, cipher, secret);
	wipe(random, sizeof(random));
	return err;
}
