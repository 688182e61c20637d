/*
 * The table of signature algorithms.  The order is that of our preference:
 * certificates first, as clients that have a CA want them.
 */
#include "lib/ssh/key_alg.h"

#include <string.h>

#define CERT "-cert-v01@openssh.com"

static const struct key_alg algs[] = {
    {"ssh-ed25519" CERT, "ssh-ed25519", KEY_ED25519, true, NULL, false},
    {"ecdsa-sha2-nistp256" CERT, "ecdsa-sha2-nistp256", KEY_ECDSA_P256, true,
	"SHA256", true},
    {"ecdsa-sha2-nistp384" CERT, "ecdsa-sha2-nistp384", KEY_ECDSA_P384, true,
	"SHA384", true},
    {"ecdsa-sha2-nistp521" CERT, "ecdsa-sha2-nistp521", KEY_ECDSA_P521, true,
	"SHA512", true},
    {"sk-ssh-ed25519" CERT, "sk-ssh-ed25519@openssh.com", KEY_SK_ED25519, true,
	NULL, false},
    {"sk-ecdsa-sha2-nistp256" CERT, "sk-ecdsa-sha2-nistp256@openssh.com",
	KEY_SK_ECDSA_P256, true, "SHA256", true},
    {"rsa-sha2-512" CERT, "rsa-sha2-512", KEY_RSA, true, "SHA512", true},
    {"rsa-sha2-256" CERT, "rsa-sha2-256", KEY_RSA, true, "SHA256", true},
    {"ssh-ed25519", "ssh-ed25519", KEY_ED25519, false, NULL, false},
    {"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", KEY_ECDSA_P256, false,
	"SHA256", true},
    {"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384", KEY_ECDSA_P384, false,
	"SHA384", true},
    {"ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521", KEY_ECDSA_P521, false,
	"SHA512", true},
    {"sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519@openssh.com", KEY_SK_ED25519,
	false, NULL, false},
    {"sk-ecdsa-sha2-nistp256@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com",
	KEY_SK_ECDSA_P256, false, "SHA256", true},
    {"rsa-sha2-512", "rsa-sha2-512", KEY_RSA, false, "SHA512", true},
    {"rsa-sha2-256", "rsa-sha2-256", KEY_RSA, false, "SHA256", true},
    /* RFC 4253's own, with SHA-1: where the policy names it. */
    {"ssh-rsa", "ssh-rsa", KEY_RSA, false, "SHA1", true},
    /* Where the policy names it and libcrypto has ML-DSA. */
    {"ssh-mldsa44-ed25519" CERT, "ssh-mldsa44-ed25519@openssh.com",
	KEY_MLDSA44_ED25519, true, "SHA512", false},
    {"ssh-mldsa44-ed25519@openssh.com", "ssh-mldsa44-ed25519@openssh.com",
	KEY_MLDSA44_ED25519, false, "SHA512", false},
};

#define ALG_COUNT (sizeof(algs) / sizeof(algs[0]))

const struct key_alg *
key_alg_find(const char *name, size_t len)
{
	for (size_t i = 0; i < ALG_COUNT; i++)
		if (strlen(algs[i].name) == len &&
		    memcmp(algs[i].name, name, len) == 0)
			return &algs[i];
	return NULL;
}

const struct key_alg *
key_alg_at(size_t index)
{
	return index < ALG_COUNT ? &algs[index] : NULL;
}

bool
key_alg_serves(const struct key_alg *alg, const struct key *key)
{
	return alg->type == key_type(key) &&
	    alg->is_cert == (key_cert(key) != NULL);
}
