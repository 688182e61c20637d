/*
 * The table of key types, for all that names them.
 */
#include "lib/ssh/key_inside.h"

#include <string.h>

#define CERT "-cert-v01@openssh.com"

static const struct key_type_row rows[KEY_TYPE_COUNT] = {
    [KEY_NONE] = {"", "", "", "", 0, NULL, NULL, false},
    [KEY_ED25519] = {"ssh-ed25519", "ssh-ed25519" CERT, "ED25519",
	"ED25519-CERT", 256, NULL, NULL, false},
    [KEY_ECDSA_P256] = {"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256" CERT,
	"ECDSA", "ECDSA-CERT", 256, "nistp256", "prime256v1", false},
    [KEY_ECDSA_P384] = {"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384" CERT,
	"ECDSA", "ECDSA-CERT", 384, "nistp384", "secp384r1", false},
    [KEY_ECDSA_P521] = {"ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521" CERT,
	"ECDSA", "ECDSA-CERT", 521, "nistp521", "secp521r1", false},
    [KEY_RSA] = {"ssh-rsa", "ssh-rsa" CERT, "RSA", "RSA-CERT", 0, NULL, NULL,
	false},
    [KEY_SK_ED25519] = {"sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519" CERT,
	"ED25519-SK", "ED25519-SK-CERT", 256, NULL, NULL, true},
    [KEY_SK_ECDSA_P256] = {"sk-ecdsa-sha2-nistp256@openssh.com",
	"sk-ecdsa-sha2-nistp256" CERT, "ECDSA-SK", "ECDSA-SK-CERT", 256,
	"nistp256", "prime256v1", true},
    [KEY_MLDSA44_ED25519] = {"ssh-mldsa44-ed25519@openssh.com",
	"ssh-mldsa44-ed25519" CERT, "MLDSA44-ED25519", "MLDSA44-ED25519-CERT",
	256, NULL, NULL, false},
};

const struct key_type_row *
key_type_row(enum key_type type)
{
	return &rows[type > KEY_NONE && type < KEY_TYPE_COUNT ? type :
								KEY_NONE];
}

size_t
key_field_len(enum key_type type)
{
	return (key_type_row(type)->bits + 7) / 8;
}

static bool
is_text(const char *text, const char *name, size_t len)
{
	return strlen(text) == len && memcmp(text, name, len) == 0;
}

enum key_type
key_type_of_name(const char *name, size_t len, bool *is_cert)
{
	for (int i = KEY_NONE + 1; i < KEY_TYPE_COUNT; i++) {
		if (is_text(rows[i].name, name, len)) {
			*is_cert = false;
			return (enum key_type)i;
		}
		if (is_text(rows[i].cert_name, name, len)) {
			*is_cert = true;
			return (enum key_type)i;
		}
	}
	*is_cert = false;
	return KEY_NONE;
}

const char *
key_type_name(enum key_type type, bool is_cert)
{
	const struct key_type_row *row = key_type_row(type);

	if (row == &rows[KEY_NONE])
		return NULL;
	return is_cert ? row->cert_name : row->name;
}
