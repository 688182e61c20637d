/*
 * OpenSSH's PROTOCOL.sshsig: what is signed, the blob around the signature,
 * and its armour.  The namespace is part of what is signed, so that a signature
 * made for one purpose serves no other.
 */
#include "lib/ssh/sshsig.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/rd.h"
#include "lib/ssh/base64.h"
#include "lib/ssh/key_private.h"
#include "lib/ssh/key_sign.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC	  "SSHSIG"
#define MAGIC_LEN 6
#define VERSION	  1
#define HASH	  "sha512"
#define WIDTH	  70 /* of a line of the armour, as ssh-keygen's */

static const char begin[] = "-----BEGIN SSH SIGNATURE-----\n";
static const char end[] = "-----END SSH SIGNATURE-----\n";

int
sshsig_hash(const void *message, size_t len, uint8_t hash[SSHSIG_HASH])
{
	unsigned got = 0;

	if (EVP_Digest(message, len, hash, &got, EVP_sha512(), NULL) != 1 ||
	    got != SSHSIG_HASH)
		return E_CRYPTO;
	return 0;
}

/* The key's own algorithm, never SHA-1 and never a certificate's. */
static const struct key_alg *
algorithm_of(const struct key *key)
{
	const struct key_alg *alg;

	for (size_t i = 0; (alg = key_alg_at(i)) != NULL; i++)
		if (alg->type == key_type(key) && !alg->is_cert &&
		    (alg->digest == NULL || strcmp(alg->digest, "SHA1") != 0))
			return alg;
	return NULL;
}

static void
put_signed_data(struct buf *b, const char *namespace, const uint8_t *hash)
{
	buf_bytes(b, MAGIC, MAGIC_LEN);
	buf_text(b, namespace);
	buf_text(b, ""); /* reserved */
	buf_text(b, HASH);
	buf_string(b, hash, SSHSIG_HASH);
}

bool
sshsig_is_signed_data(const void *data, size_t len)
{
	/* A hash alone can begin so by chance: it is shorter. */
	return len > SSHSIG_HASH && memcmp(data, MAGIC, MAGIC_LEN) == 0;
}

int
sshsig_make(const struct key_private *key, const char *namespace,
    const uint8_t hash[SSHSIG_HASH], struct buf *blob)
{
	const struct key *public = key_private_public(key);
	const struct key_alg *alg = algorithm_of(public);
	struct buf data, signature;
	const uint8_t *plain;
	size_t len;
	int err;

	if (namespace[0] == '\0' || strlen(namespace) > SSHSIG_NAMESPACE_MAX)
		return E_VALUE;
	if (alg == NULL || key_is_sk(public))
		return E_UNSUPPORTED;
	buf_init(&data, SSHSIG_NAMESPACE_MAX + 256);
	buf_init(&signature, SSH_SIGNATURE_MAX);
	put_signed_data(&data, namespace, hash);
	if ((err = buf_end(&data)) == 0)
		err = key_sign(key, alg, data.data, data.len, &signature);
	if (err == 0) {
		plain = key_plain_blob(public, &len);
		buf_bytes(blob, MAGIC, MAGIC_LEN);
		buf_u32(blob, VERSION);
		buf_string(blob, plain, len);
		buf_text(blob, namespace);
		buf_text(blob, "");
		buf_text(blob, HASH);
		buf_string(blob, signature.data, signature.len);
		err = buf_end(blob);
	}
	buf_free(&data);
	buf_free(&signature);
	return err;
}

int
sshsig_armour(const void *blob, size_t len, struct buf *text)
{
	size_t size = BASE64_SIZE(len), done, n;
	char *encoded;

	if (len > SSHSIG_MAX)
		return E_TOO_LARGE;
	if ((encoded = malloc(size)) == NULL)
		return E_SYSTEM;
	size = base64_encode(blob, len, encoded, size);
	buf_bytes(text, begin, sizeof(begin) - 1);
	for (done = 0; done < size; done += n) {
		n = size - done < WIDTH ? size - done : WIDTH;
		buf_bytes(text, &encoded[done], n);
		buf_u8(text, '\n');
	}
	buf_bytes(text, end, sizeof(end) - 1);
	free(encoded);
	return buf_end(text);
}

/* The lines between, as one text of base64. */
static int
join(const char *text, size_t len, struct buf *joined)
{
	const char *line_end;

	for (size_t n; len > 0; text += n + 1, len -= n + 1) {
		if ((line_end = memchr(text, '\n', len)) == NULL)
			return E_FORMAT;
		n = (size_t)(line_end - text);
		if (n == 0)
			return E_FORMAT;
		buf_bytes(joined, text, n);
	}
	return buf_end(joined);
}

int
sshsig_unarmour(const char *text, size_t len, struct buf *blob)
{
	const size_t head = sizeof(begin) - 1, tail = sizeof(end) - 1;
	struct buf joined;
	int err;

	if (len > SSHSIG_TEXT_MAX)
		return E_TOO_LARGE;
	if (len < head + tail || memcmp(text, begin, head) != 0 ||
	    memcmp(&text[len - tail], end, tail) != 0)
		return E_FORMAT;
	buf_init(&joined, SSHSIG_TEXT_MAX);
	err = join(&text[head], len - head - tail, &joined);
	if (err == 0)
		err =
		    base64_decode((const char *)joined.data, joined.len, blob);
	buf_free(&joined);
	return err;
}

int
sshsig_parse(const void *blob, size_t len, struct sshsig *s)
{
	const uint8_t *magic, *key;
	size_t key_len, reserved_len;
	char hash[16];
	uint32_t version;
	struct rd r;
	int err;

	memset(s, 0, sizeof(*s));
	rd_init(&r, blob, len);
	magic = rd_bytes(&r, MAGIC_LEN);
	version = rd_u32(&r);
	if (r.err == 0 && memcmp(magic, MAGIC, MAGIC_LEN) != 0)
		return E_FORMAT;
	if (r.err == 0 && version != VERSION)
		return E_UNSUPPORTED;
	key = rd_string(&r, SSH_KEY_BLOB_MAX, &key_len);
	rd_text(&r, s->namespace, sizeof(s->namespace));
	/* reserved: whatever stands there is part of what was signed */
	(void)rd_string(&r, 0, &reserved_len);
	rd_text(&r, hash, sizeof(hash));
	s->signature = rd_string(&r, SSH_SIGNATURE_MAX, &s->signature_len);
	if ((err = rd_end(&r)) != 0)
		return err;
	if (s->namespace[0] == '\0')
		return E_FORMAT;
	if (strcmp(hash, HASH) != 0)
		return E_UNSUPPORTED;
	return key_parse(key, key_len, &s->key);
}

void
sshsig_free(struct sshsig *s)
{
	key_free(s->key);
	s->key = NULL;
}

static bool
is_one_of(const struct key *key, const struct key *const *keys, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (key_equal_plain(key, keys[i]))
			return true;
	return false;
}

/* RSA's signatures name which SHA-2 they are made with. */
static const struct key_alg *
algorithm_of_signature(const struct sshsig *s)
{
	const uint8_t *name;
	size_t len;
	struct rd r;

	if (key_type(s->key) != KEY_RSA)
		return algorithm_of(s->key);
	rd_init(&r, s->signature, s->signature_len);
	name = rd_string(&r, 64, &len);
	if (r.err == 0 && len == 12 && memcmp(name, "rsa-sha2-256", len) == 0)
		return key_alg_find("rsa-sha2-256", 12);
	return key_alg_find("rsa-sha2-512", 12);
}

int
sshsig_verify(const struct sshsig *s, const char *namespace,
    const uint8_t hash[SSHSIG_HASH], const struct key *const *keys,
    size_t count)
{
	struct buf data;
	int err;

	if (strcmp(s->namespace, namespace) != 0)
		return E_VALUE;
	if (!is_one_of(s->key, keys, count))
		return E_DENIED;
	if (key_is_sk(s->key) || algorithm_of(s->key) == NULL)
		return E_UNSUPPORTED;
	buf_init(&data, SSHSIG_NAMESPACE_MAX + 256);
	put_signed_data(&data, namespace, hash);
	if ((err = buf_end(&data)) == 0)
		err = key_verify(s->key, algorithm_of_signature(s), data.data,
		    data.len, s->signature, s->signature_len, NULL);
	buf_free(&data);
	return err;
}
