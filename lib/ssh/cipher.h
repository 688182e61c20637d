/*
 * The ciphers and MACs of the packet protocol (RFC 4253 section 6, RFC 4344,
 * RFC 5647 as OpenSSH does it, PROTOCOL.chacha20poly1305, RFC 6668, RFC 4418),
 *and the transformation of whole packets in place.  A packet lies in memory as
 *
 *	u32 packet_length | u8 padding_length | payload | padding | tag
 *
 * and is sealed or opened there; no call allocates but cipher_new().
 */
#ifndef LIB_SSH_CIPHER_H
#define LIB_SSH_CIPHER_H

#include "lib/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CIPHER_KEY_MAX 64
#define CIPHER_IV_MAX  16
#define CIPHER_TAG_MAX 64
/* Where a packet's payload begins. */
#define CIPHER_HEAD 5

enum cipher_attribute {
	CIPHER_AEAD = 1 << 0, /* authenticates by itself: no MAC beside it */
	CIPHER_FIPS_APPROVED = 1 << 1,
	CIPHER_DEFAULT = 1 << 2, /* offered unless configured otherwise */
	CIPHER_WEAK = 1 << 3 /* for peers that cannot be replaced */
};

enum cipher_kind { CIPHER_CHACHA, CIPHER_GCM, CIPHER_CTR, CIPHER_CBC };

struct cipher_alg {
	const char *name;
	unsigned attributes;
	enum cipher_kind kind;
	uint8_t key_len, iv_len, block, tag_len;
	const char *fetch; /* libcrypto's name */
};

enum mac_attribute {
	MAC_ETM = 1 << 0, /* over the encrypted packet */
	MAC_FIPS_APPROVED = 1 << 1,
	MAC_DEFAULT = 1 << 2
};

enum mac_kind { MAC_SHA1, MAC_SHA256, MAC_SHA512, MAC_UMAC };

struct mac_alg {
	const char *name;
	unsigned attributes;
	enum mac_kind kind;
	uint8_t key_len, tag_len;
};

/*
 * Fetch all that libcrypto must look up, once and before the first fork, by
 * its default properties.  0, or E_CRYPTO when AES or HMAC are missing.
 */
int cipher_preload(void);

/* The algorithm of that name, or NULL.  Names are compared exactly. */
const struct cipher_alg *cipher_find(const char *name, size_t len);
const struct mac_alg *mac_find(const char *name, size_t len);

/* Every algorithm in order of preference; NULL after the last. */
const struct cipher_alg *cipher_at(size_t index);
const struct mac_alg *mac_at(size_t index);

/* Whether libcrypto (as it was when preloaded) has it. */
bool cipher_usable(const struct cipher_alg *alg);

/*
 * Append the names of the usable ones that have all attributes in `with` and
 * none of those in `without`, in order of preference, separated by commas.
 */
void cipher_names(struct buf *b, unsigned with, unsigned without);
void mac_names(struct buf *b, unsigned with, unsigned without);

/* ---- one direction's keys in use ---- */

struct cipher;

/*
 * Keys for sealing (seal) or opening; mac and mac_key are NULL when the
 * cipher is CIPHER_AEAD.  Lengths are those of the tables.  0 or E_CRYPTO,
 * E_UNSUPPORTED.  The caller owns *c and wipes its own copies of the keys.
 */
int cipher_new(struct cipher **c, const struct cipher_alg *alg,
    const struct mac_alg *mac, bool seal, const uint8_t *key, const uint8_t *iv,
    const uint8_t *mac_key);
/* Wipe and free; NULL is harmless. */
void cipher_free(struct cipher *c);

/* In all that follows c may be NULL: no keys yet, packets in the clear. */

/* Bytes the padded part is a multiple of; and of the tag behind it. */
size_t cipher_block(const struct cipher *c);
size_t cipher_tag(const struct cipher *c);

/*
 * The padding for a payload of len bytes: at least 4 and so that the padded
 * part, which holds packet_length unless that is not encrypted with the rest
 * (AEAD and encrypt-then-MAC), is a multiple of the block.
 */
size_t cipher_padding(const struct cipher *c, size_t len);

/*
 * Whether what is answered to a packet that does not verify tells about the
 * plaintext (CBC under a MAC of the plaintext, CVE-2008-5161): the length was
 * decrypted, and believed.
 */
bool cipher_tells(const struct cipher *c);

/* Whether a packet_length can be one of ours: multiple of the block. */
bool cipher_aligned(const struct cipher *c, uint32_t packet_length);

/*
 * Seal the packet of len bytes at p (packet_length field included) in place;
 * the tag is written behind it.  0 or E_CRYPTO.
 */
int cipher_seal(struct cipher *c, uint32_t seq, uint8_t *p, size_t len);

/*
 * The packet_length of the packet at p, of which `have` bytes are there.
 * E_AGAIN: too few of them yet.  May be asked again for the same packet.  The
 * length is not authenticated: the caller bounds it.
 */
int cipher_peek(struct cipher *c, uint32_t seq, uint8_t *p, size_t have,
    uint32_t *packet_length);

/*
 * Verify and open in place the packet at p that cipher_peek() has measured;
 * its tag lies behind it.  0, E_MAC or E_CRYPTO.  After an error the keys
 * must not be used any more.
 */
int cipher_open(
    struct cipher *c, uint32_t seq, uint8_t *p, uint32_t packet_length);

/*
 * Blocks of the cipher that may be processed with one key (RFC 4344 section
 * 3.2), in bytes.
 */
uint64_t cipher_bytes_limit(const struct cipher_alg *alg);

#endif
