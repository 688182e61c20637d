/*
 * Everything libcrypto would otherwise load on first use, used once: by the
 * templates before they fork, by the keyholder before it shuts itself in.
 * Whatever cannot be used here would fail a login later, so it fails the start.
 */
#include "lib/ssh/key_sign.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/ssh/key_inside.h"
#include "lib/ssh/key_mldsa.h"
#include "lib/ssh/key_private.h"
#include "lib/ssh/ssh2.h"

#include <openssl/rand.h>

#include <string.h>

static const enum key_type types[] = {
    KEY_ED25519, KEY_ECDSA_P256, KEY_ECDSA_P384, KEY_ECDSA_P521};

/* Where libcrypto is held to FIPS, it may lack what we would not use. */
static int
unless_fips(const struct key_alg *alg)
{
	return !alg->fips && EVP_default_properties_is_fips_enabled(NULL) ?
	    0 :
	    E_CRYPTO;
}

/* A key of the type signs, and its signature verifies. */
static int
try_type(enum key_type type)
{
	const char *name = key_type_name(type, false);
	const struct key_alg *alg = key_alg_find(name, strlen(name));
	struct key_private *key;
	struct buf sig;
	int err;

	if (key_private_generate(type, 0, &key) != 0)
		return unless_fips(alg);
	buf_init(&sig, SSH_SIGNATURE_MAX);
	if ((err = key_sign(key, alg, "preload", 7, &sig)) == 0)
		err = key_verify(key_private_public(key), alg, "preload", 7,
		    sig.data, sig.len, NULL);
	buf_free(&sig);
	key_private_free(key);
	return err;
}

/*
 * Making an RSA key takes too long for every start; a modulus that is no
 * product of primes loads the same code when a signature fails under it.
 */
static int
try_rsa(void)
{
	static const char *const names[] = {"rsa-sha2-256", "rsa-sha2-512"};
	uint8_t modulus[256];
	const struct key_alg *alg;
	struct buf blob, sig;
	struct key *key = NULL;
	int err;

	memset(modulus, 0xff, sizeof(modulus));
	buf_init(&blob, 1024);
	buf_text(&blob, "ssh-rsa");
	buf_mpint(&blob, "\1\0\1", 3);
	buf_mpint(&blob, modulus, sizeof(modulus));
	err = key_parse(blob.data, blob.len, &key);
	for (size_t i = 0; err == 0 && i < 2; i++) {
		alg = key_alg_find(names[i], strlen(names[i]));
		buf_init(&sig, 1024);
		buf_text(&sig, names[i]);
		buf_string(&sig, &modulus[1], sizeof(modulus) - 1);
		if (key_verify(key, alg, "", 0, sig.data, sig.len, NULL) !=
		    E_SIGNATURE)
			err = E_CRYPTO;
		buf_free(&sig);
	}
	key_free(key);
	buf_free(&blob);
	return err;
}

int
key_preload(void)
{
	static bool done;
	uint8_t bytes[1];

	if (done)
		return 0;
	if (key_evp_ready() != 0 || RAND_bytes(bytes, sizeof(bytes)) != 1 ||
	    RAND_priv_bytes(bytes, sizeof(bytes)) != 1)
		return E_CRYPTO;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (try_type(types[i]) != 0)
			return E_CRYPTO;
	if (key_mldsa_present() && try_type(KEY_MLDSA44_ED25519) != 0)
		return E_CRYPTO;
	if (try_rsa() != 0)
		return E_CRYPTO;
	done = true;
	return 0;
}
