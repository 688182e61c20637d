/*
 * Seals and opens packets in place, for the worker.  Contexts are keyed once;
 * a packet costs the fewest calls into libcrypto that its construction allows
 * and no allocation.  EVP_Cipher() is used, not EVP_CipherUpdate(): it goes to
 * the implementation without the block bookkeeping that no mode here needs.
 */
#include "lib/ssh/cipher_alg.h"

#include "lib/err.h"
#include "lib/mem.h"
#include "lib/secret.h"

#include <stdlib.h>
#include <string.h>

#define CHACHA_KEY 32

struct cipher {
	const struct cipher_alg *alg;
	const struct mac_alg *mac_alg;
	EVP_CIPHER_CTX *main;
	EVP_CIPHER_CTX *head; /* ChaCha20: the key of the length field */
	EVP_MAC_CTX *poly;
	struct mac *mac;
	bool seal;
	/* Set by cipher_peek() for the packet at hand. */
	bool peeked;
	uint32_t peeked_length;
	uint8_t iv[CIPHER_IV_MAX]; /* GCM: the next invocation's */
};

static const uint8_t zeros[64];

static uint32_t
load_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

/* The length field is not among what is encrypted in blocks. */
static bool
length_apart(const struct cipher *c)
{
	return c != NULL &&
	    (c->mac_alg == NULL || (c->mac_alg->attributes & MAC_ETM) != 0);
}

size_t
cipher_block(const struct cipher *c)
{
	return c == NULL ? 8 : c->alg->block;
}

size_t
cipher_tag(const struct cipher *c)
{
	if (c == NULL)
		return 0;
	return c->mac_alg != NULL ? c->mac_alg->tag_len : c->alg->tag_len;
}

size_t
cipher_padding(const struct cipher *c, size_t len)
{
	size_t block = cipher_block(c);
	size_t used = (length_apart(c) ? 1 : CIPHER_HEAD) + len;
	size_t padding = block - used % block;

	return padding < 4 ? padding + block : padding;
}

bool
cipher_tells(const struct cipher *c)
{
	return c != NULL && c->alg->kind == CIPHER_CBC && !length_apart(c);
}

bool
cipher_aligned(const struct cipher *c, uint32_t packet_length)
{
	size_t padded = (size_t)packet_length + (length_apart(c) ? 0 : 4);

	return padded % cipher_block(c) == 0;
}

/* ---- making and freeing ---- */

static int
key_context(EVP_CIPHER_CTX **ctx, struct cipher *c, bool seal,
    const uint8_t *key, const uint8_t *iv)
{
	*ctx = EVP_CIPHER_CTX_new();
	if (*ctx == NULL ||
	    EVP_CipherInit_ex(
		*ctx, cipher_evp(c->alg), NULL, key, iv, seal ? 1 : 0) != 1 ||
	    EVP_CIPHER_CTX_set_padding(*ctx, 0) != 1)
		return E_CRYPTO;
	return 0;
}

/* PROTOCOL.chacha20poly1305: K_2 is for the packets, K_1 for their lengths. */
static int
key_chacha(struct cipher *c, const uint8_t *key)
{
	int err = key_context(&c->main, c, true, key, zeros);

	if (err == 0)
		err = key_context(&c->head, c, true, &key[CHACHA_KEY], zeros);
	if (err == 0 && (c->poly = EVP_MAC_CTX_new(cipher_poly1305())) == NULL)
		err = E_CRYPTO;
	return err;
}

int
cipher_new(struct cipher **made, const struct cipher_alg *alg,
    const struct mac_alg *mac_alg, bool seal, const uint8_t *key,
    const uint8_t *iv, const uint8_t *mac_key)
{
	struct cipher *c;
	bool aead = (alg->attributes & CIPHER_AEAD) != 0;
	int err = 0;

	if (!cipher_usable(alg) || aead != (mac_alg == NULL))
		return E_UNSUPPORTED;
	c = mem_zalloc(sizeof(*c));
	c->alg = alg;
	c->mac_alg = mac_alg;
	c->seal = seal;
	if (alg->iv_len != 0)
		memcpy(c->iv, iv, alg->iv_len);
	if (alg->kind == CIPHER_CHACHA)
		err = key_chacha(c, key);
	else
		err = key_context(&c->main, c, seal, key, iv);
	if (err == 0 && mac_alg != NULL &&
	    (c->mac = mac_new(mac_alg, mac_key)) == NULL)
		err = E_CRYPTO;
	if (err != 0) {
		cipher_free(c);
		return err;
	}
	*made = c;
	return 0;
}

void
cipher_free(struct cipher *c)
{
	if (c == NULL)
		return;
	EVP_CIPHER_CTX_free(c->main); /* libcrypto wipes what it frees */
	EVP_CIPHER_CTX_free(c->head);
	EVP_MAC_CTX_free(c->poly);
	mac_free(c->mac);
	wipe(c, sizeof(*c));
	free(c);
}

/* ---- chacha20-poly1305@openssh.com ---- */

/* The counter, then the sequence number as a 64 bit big-endian nonce. */
static void
chacha_iv(uint8_t iv[16], uint32_t seq)
{
	memset(iv, 0, 12);
	iv[12] = (uint8_t)(seq >> 24);
	iv[13] = (uint8_t)(seq >> 16);
	iv[14] = (uint8_t)(seq >> 8);
	iv[15] = (uint8_t)seq;
}

static int
chacha_length(
    struct cipher *c, const uint8_t iv[16], const uint8_t *in, uint8_t *out)
{
	if (EVP_CipherInit_ex(c->head, NULL, NULL, NULL, iv, -1) != 1 ||
	    EVP_Cipher(c->head, out, in, 4) < 0)
		return E_CRYPTO;
	return 0;
}

/* Block 0 is the MAC's key; the stream then stands at block 1. */
static int
chacha_begin(struct cipher *c, const uint8_t iv[16], uint8_t block[64])
{
	if (EVP_CipherInit_ex(c->main, NULL, NULL, NULL, iv, -1) != 1 ||
	    EVP_Cipher(c->main, block, zeros, 64) < 0 ||
	    EVP_MAC_init(c->poly, block, CHACHA_KEY, NULL) != 1)
		return E_CRYPTO;
	return 0;
}

static int
chacha_tag(struct cipher *c, const uint8_t *p, size_t len, uint8_t tag[16])
{
	size_t tag_len;

	if (EVP_MAC_update(c->poly, p, len) != 1 ||
	    EVP_MAC_final(c->poly, tag, &tag_len, 16) != 1)
		return E_CRYPTO;
	return 0;
}

static int
chacha_seal(struct cipher *c, uint32_t seq, uint8_t *p, size_t len)
{
	uint8_t iv[16], block[64];
	int err;

	chacha_iv(iv, seq);
	err = chacha_length(c, iv, p, p);
	if (err == 0)
		err = chacha_begin(c, iv, block);
	if (err == 0 &&
	    EVP_Cipher(c->main, &p[4], &p[4], (unsigned)(len - 4)) < 0)
		err = E_CRYPTO;
	if (err == 0)
		err = chacha_tag(c, p, len, &p[len]);
	wipe(block, sizeof(block));
	return err;
}

static int
chacha_open(struct cipher *c, uint32_t seq, uint8_t *p, size_t len)
{
	uint8_t iv[16], block[64], tag[16];
	int err;

	chacha_iv(iv, seq);
	err = chacha_begin(c, iv, block);
	if (err == 0)
		err = chacha_tag(c, p, len, tag);
	if (err == 0 && !secret_equal(tag, 16, &p[len], 16))
		err = E_MAC;
	if (err == 0 &&
	    EVP_Cipher(c->main, &p[4], &p[4], (unsigned)(len - 4)) < 0)
		err = E_CRYPTO;
	wipe(block, sizeof(block));
	return err;
}

/* ---- aes*-gcm@openssh.com ---- */

/* RFC 5647 section 7.1: the last eight bytes count the invocations. */
static void
gcm_count(struct cipher *c)
{
	for (int i = 11; i >= 4; i--)
		if (++c->iv[i] != 0)
			break;
}

static int
gcm_seal(struct cipher *c, uint8_t *p, size_t len)
{
	if (EVP_CipherInit_ex(c->main, NULL, NULL, NULL, c->iv, -1) != 1 ||
	    EVP_Cipher(c->main, NULL, p, 4) < 0 ||
	    EVP_Cipher(c->main, &p[4], &p[4], (unsigned)(len - 4)) < 0 ||
	    EVP_Cipher(c->main, NULL, NULL, 0) < 0 ||
	    EVP_CIPHER_CTX_ctrl(c->main, EVP_CTRL_AEAD_GET_TAG, 16, &p[len]) !=
		1)
		return E_CRYPTO;
	gcm_count(c);
	return 0;
}

static int
gcm_open(struct cipher *c, uint8_t *p, size_t len)
{
	if (EVP_CipherInit_ex(c->main, NULL, NULL, NULL, c->iv, -1) != 1 ||
	    EVP_CIPHER_CTX_ctrl(c->main, EVP_CTRL_AEAD_SET_TAG, 16, &p[len]) !=
		1 ||
	    EVP_Cipher(c->main, NULL, p, 4) < 0 ||
	    EVP_Cipher(c->main, &p[4], &p[4], (unsigned)(len - 4)) < 0)
		return E_CRYPTO;
	if (EVP_Cipher(c->main, NULL, NULL, 0) < 0)
		return E_MAC;
	gcm_count(c);
	return 0;
}

/* ---- aes*-ctr or aes*-cbc, and a MAC ---- */

static int
stream_seal(struct cipher *c, uint32_t seq, uint8_t *p, size_t len)
{
	size_t skip = length_apart(c) ? 4 : 0;
	int err = 0;

	if (skip == 0)
		err = mac_compute(c->mac, seq, p, len, &p[len]);
	if (err == 0 &&
	    EVP_Cipher(c->main, &p[skip], &p[skip], (unsigned)(len - skip)) < 0)
		err = E_CRYPTO;
	if (err == 0 && skip != 0)
		err = mac_compute(c->mac, seq, p, len, &p[len]);
	return err;
}

static int
stream_open(struct cipher *c, uint32_t seq, uint8_t *p, size_t len)
{
	uint8_t tag[CIPHER_TAG_MAX];
	size_t tag_len = c->mac_alg->tag_len;
	/* cipher_peek() has opened the first block, unless lengths are clear */
	size_t skip = length_apart(c) ? 4 : c->alg->block;
	int err = 0;

	if (!length_apart(c) &&
	    EVP_Cipher(c->main, &p[skip], &p[skip], (unsigned)(len - skip)) < 0)
		err = E_CRYPTO;
	if (err == 0)
		err = mac_compute(c->mac, seq, p, len, tag);
	if (err == 0 && !secret_equal(tag, tag_len, &p[len], tag_len))
		err = E_MAC;
	if (err == 0 && length_apart(c) &&
	    EVP_Cipher(c->main, &p[skip], &p[skip], (unsigned)(len - skip)) < 0)
		err = E_CRYPTO;
	return err;
}

/* ---- all of them ---- */

int
cipher_seal(struct cipher *c, uint32_t seq, uint8_t *p, size_t len)
{
	if (c == NULL)
		return 0;
	if (c->alg->kind == CIPHER_CHACHA)
		return chacha_seal(c, seq, p, len);
	if (c->alg->kind == CIPHER_GCM)
		return gcm_seal(c, p, len);
	return stream_seal(c, seq, p, len);
}

static int
peek_chacha(struct cipher *c, uint32_t seq, const uint8_t *p)
{
	uint8_t iv[16], length[4];
	int err;

	chacha_iv(iv, seq);
	err = chacha_length(c, iv, p, length);
	if (err == 0)
		c->peeked_length = load_u32(length);
	return err;
}

int
cipher_peek(struct cipher *c, uint32_t seq, uint8_t *p, size_t have,
    uint32_t *packet_length)
{
	size_t need = c == NULL || length_apart(c) ? 4 : c->alg->block;
	int err = 0;

	if (have < need)
		return E_AGAIN;
	if (c == NULL || (length_apart(c) && c->alg->kind != CIPHER_CHACHA)) {
		*packet_length = load_u32(p);
		return 0;
	}
	if (!c->peeked) {
		if (c->alg->kind == CIPHER_CHACHA)
			err = peek_chacha(c, seq, p);
		else if (EVP_Cipher(c->main, p, p, (unsigned)need) < 0)
			err = E_CRYPTO;
		else
			c->peeked_length = load_u32(p);
		if (err != 0)
			return err;
		c->peeked = true;
	}
	*packet_length = c->peeked_length;
	return 0;
}

int
cipher_open(struct cipher *c, uint32_t seq, uint8_t *p, uint32_t packet_length)
{
	size_t len = (size_t)packet_length + 4;

	if (c == NULL)
		return 0;
	c->peeked = false;
	if (c->alg->kind == CIPHER_CHACHA)
		return chacha_open(c, seq, p, len);
	if (c->alg->kind == CIPHER_GCM)
		return gcm_open(c, p, len);
	return stream_open(c, seq, p, len);
}
