/*
 * UMAC, step by step as RFC 4418 has it.  A message is hashed three times over
 * (section 5): NH turns each 1,024 bytes into 8, a polynomial turns those into
 * 8, an inner product into 4; with other keys once more for each further 4
 * bytes of the tag.  The result is xored with AES of the nonce.
 */
#include "lib/ssh/umac.h"

#include "lib/err.h"
#include "lib/mem.h"
#include "lib/secret.h"
#include "lib/ssh/cipher_alg.h"

#include <endian.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK	  16 /* AES's */
#define ROUNDS	  4 /* 4 bytes of tag each */
#define NH_BYTES  1024
#define NH_WORDS  (NH_BYTES / 4)
#define NH_SHIFT  4 /* words between the NH keys of two rounds */
#define UNIT	  32 /* NH takes so many bytes at a time */
#define PRODUCTS  8
#define TAG_SHORT 8

#define PRIME36	     UINT64_C(0x0000000ffffffffb)
#define PRIME64	     UINT64_C(0xffffffffffffffc5)
#define PRIME64_LESS 59 /* 2^64 - PRIME64 */
#define POLY_MASK    UINT64_C(0x01ffffff01ffffff)
/* Words from here on are too large for the polynomial as they are. */
#define POLY_RANGE UINT64_C(0xffffffff00000000)

__extension__ typedef unsigned __int128 wide;

struct umac {
	size_t tag_len;
	unsigned rounds;
	EVP_CIPHER_CTX *pad; /* AES with the key of the nonce's pads */
	uint32_t nh[NH_WORDS + (ROUNDS - 1) * NH_SHIFT];
	uint64_t poly[ROUNDS];
	uint64_t product[ROUNDS][PRODUCTS];
	uint32_t last[ROUNDS];
};

static uint32_t
big32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	    (uint32_t)at[2] << 8 | at[3];
}

static uint64_t
big64(const uint8_t *at)
{
	return (uint64_t)big32(at) << 32 | big32(&at[4]);
}

static uint32_t
little32(const uint8_t *at)
{
	uint32_t word;

	memcpy(&word, at, sizeof(word));
	return le32toh(word);
}

static EVP_CIPHER_CTX *
aes(const uint8_t key[UMAC_KEY])
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	if (ctx == NULL ||
	    EVP_EncryptInit_ex2(ctx, cipher_aes_ecb(), key, NULL, NULL) != 1 ||
	    EVP_CIPHER_CTX_set_padding(ctx, 0) != 1) {
		EVP_CIPHER_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

/* Section 3.2: len bytes (at most 2 KiB) of key for the purpose `index`. */
static int
derive(EVP_CIPHER_CTX *ctx, uint8_t index, uint8_t *out, size_t len)
{
	uint8_t in[2048 + BLOCK] = {0}, sealed[sizeof(in)];
	size_t blocks = (len + BLOCK - 1) / BLOCK;
	int written;

	for (size_t i = 0; i < blocks; i++) {
		in[i * BLOCK + 7] = index;
		in[i * BLOCK + 15] = (uint8_t)(i + 1);
	}
	if (EVP_EncryptUpdate(
		ctx, sealed, &written, in, (int)(blocks * BLOCK)) != 1 ||
	    (size_t)written != blocks * BLOCK)
		return E_CRYPTO;
	memcpy(out, sealed, len);
	wipe(sealed, sizeof(sealed));
	return 0;
}

/* x modulo 2^36 - 5. */
static uint64_t
reduce36(uint64_t x)
{
	uint64_t less;

	x = (x & UINT64_C(0xfffffffff)) + 5 * (x >> 36);
	x = (x & UINT64_C(0xfffffffff)) + 5 * (x >> 36);
	less = x - PRIME36;
	/* The sign says whether x was below it already. */
	return less + (PRIME36 & (0 - (less >> 63)));
}

/* Section 5.1: the keys of the three hashes, for each round its own. */
static int
derive_hash(struct umac *u, EVP_CIPHER_CTX *ctx)
{
	uint8_t raw[NH_BYTES + (ROUNDS - 1) * 4 * NH_SHIFT];
	size_t words = NH_WORDS + (u->rounds - 1) * NH_SHIFT;
	int err;

	err = derive(ctx, 1, raw, words * 4);
	for (size_t i = 0; err == 0 && i < words; i++)
		u->nh[i] = big32(&raw[i * 4]);
	if (err == 0)
		err = derive(ctx, 2, raw, u->rounds * 24);
	for (unsigned i = 0; err == 0 && i < u->rounds; i++)
		u->poly[i] = big64(&raw[(size_t)i * 24]) & POLY_MASK;
	if (err == 0)
		err = derive(ctx, 3, raw, u->rounds * PRODUCTS * 8);
	for (unsigned i = 0; err == 0 && i < u->rounds * PRODUCTS; i++)
		u->product[i / PRODUCTS][i % PRODUCTS] =
		    reduce36(big64(&raw[(size_t)i * 8]));
	if (err == 0)
		err = derive(ctx, 4, raw, u->rounds * 4);
	for (unsigned i = 0; err == 0 && i < u->rounds; i++)
		u->last[i] = big32(&raw[(size_t)i * 4]);
	wipe(raw, sizeof(raw));
	return err;
}

struct umac *
umac_new(const uint8_t key[UMAC_KEY], size_t tag_len)
{
	struct umac *u = mem_zalloc(sizeof(*u));
	EVP_CIPHER_CTX *ctx = aes(key);
	uint8_t pad_key[UMAC_KEY];

	u->tag_len = tag_len;
	u->rounds = (unsigned)(tag_len / 4);
	if (ctx != NULL && derive(ctx, 0, pad_key, sizeof(pad_key)) == 0 &&
	    derive_hash(u, ctx) == 0)
		u->pad = aes(pad_key);
	wipe(pad_key, sizeof(pad_key));
	EVP_CIPHER_CTX_free(ctx);
	if (u->pad == NULL) {
		umac_free(u);
		return NULL;
	}
	return u;
}

void
umac_free(struct umac *u)
{
	if (u == NULL)
		return;
	EVP_CIPHER_CTX_free(u->pad);
	wipe(u, sizeof(*u));
	free(u);
}

/*
 * Section 5.2.2 over len bytes, a multiple of 32, that begin `first` bytes into
 * their chunk: sums of products of words.  The words are the message's as they
 * lie there, little-endian.
 */
static void
nh(const struct umac *u, size_t first, const uint8_t *data, size_t len,
    uint64_t sums[ROUNDS])
{
	uint32_t m[8];

	for (size_t at = 0; at < len; at += UNIT) {
		for (unsigned i = 0; i < 8; i++)
			m[i] = little32(&data[at + (size_t)i * 4]);
		for (unsigned r = 0; r < u->rounds; r++) {
			const uint32_t *k =
			    &u->nh[(first + at) / 4 + (size_t)r * NH_SHIFT];

			for (unsigned i = 0; i < 4; i++)
				sums[r] += (uint64_t)(uint32_t)(m[i] + k[i]) *
				    (uint32_t)(m[i + 4] + k[i + 4]);
		}
	}
}

/* NH of up to 1,024 bytes, padded with zeros, plus the length in bits. */
static void
nh_chunk(const struct umac *u, const uint8_t *data, size_t len,
    uint64_t sums[ROUNDS])
{
	uint8_t tail[UNIT] = {0};
	size_t whole = len - len % UNIT;

	for (unsigned r = 0; r < u->rounds; r++)
		sums[r] = (uint64_t)len * CHAR_BIT;
	nh(u, 0, data, whole, sums);
	/* Nothing at all is padded to a unit, too. */
	if (whole == len && len > 0)
		return;
	memcpy(tail, &data[whole], len - whole);
	nh(u, whole, tail, UNIT, sums);
	wipe(tail, sizeof(tail));
}

/* 2^64 - 1 when a < b, else 0. */
static uint64_t
below(uint64_t a, uint64_t b)
{
	return 0 - (uint64_t)(((wide)a - b) >> 127);
}

/* k * y + m modulo PRIME64, for y and m below it, k below 2^57. */
static uint64_t
step(uint64_t k, uint64_t y, uint64_t m)
{
	wide x = (wide)k * y + m;
	uint64_t folded;

	/* 2^64 is 59 here; twice, as the first fold may pass 2^64 again. */
	x = (wide)(uint64_t)x + (wide)(uint64_t)(x >> 64) * PRIME64_LESS;
	folded = (uint64_t)x + (uint64_t)(x >> 64) * PRIME64_LESS;
	return folded - (PRIME64 & ~below(folded, PRIME64));
}

/* Section 5.3.3: a word that is too large is told by a marker before it. */
static uint64_t
poly(uint64_t k, uint64_t y, uint64_t m)
{
	uint64_t large = ~below(m, POLY_RANGE);
	uint64_t marked = step(k, y, PRIME64 - 1);

	y = (marked & large) | (y & ~large);
	return step(k, y, m - (PRIME64_LESS & large));
}

/* Section 5.4, of which the first 8 bytes are always zero here. */
static uint32_t
product(const struct umac *u, unsigned round, uint64_t y)
{
	const uint64_t *k = &u->product[round][PRODUCTS / 2];
	uint64_t sum = 0;

	for (unsigned i = 0; i < PRODUCTS / 2; i++)
		sum += (y >> (48 - 16 * i) & 0xffff) * k[i];
	return (uint32_t)reduce36(sum) ^ u->last[round];
}

/* Section 5: the message's hash, xored into tag. */
static void
hash(struct umac *u, const uint8_t *data, size_t len, uint8_t *tag)
{
	uint64_t y[ROUNDS] = {1, 1, 1, 1}, sums[ROUNDS];
	bool one = len <= NH_BYTES;
	uint32_t word;

	do {
		size_t now = len < NH_BYTES ? len : NH_BYTES;

		nh_chunk(u, data, now, sums);
		for (unsigned r = 0; r < u->rounds; r++)
			y[r] = one ? sums[r] : poly(u->poly[r], y[r], sums[r]);
		data += now;
		len -= now;
	} while (len > 0);
	for (unsigned r = 0; r < u->rounds; r++) {
		word = product(u, r, y[r]);
		for (unsigned i = 0; i < 4; i++)
			tag[r * 4 + i] ^= (uint8_t)(word >> (24 - 8 * i));
	}
	wipe(y, sizeof(y));
	wipe(sums, sizeof(sums));
}

/* Section 3.3: two nonces that differ in the last bit share AES's block. */
int
umac_compute(struct umac *u, const uint8_t nonce[UMAC_NONCE],
    const uint8_t *data, size_t len, uint8_t *tag)
{
	uint8_t in[BLOCK] = {0}, pad[BLOCK];
	size_t half = 0;
	int written;

	if (len > UMAC_MESSAGE_MAX)
		return E_TOO_LARGE;
	memcpy(in, nonce, UMAC_NONCE);
	if (u->tag_len == TAG_SHORT) {
		half = in[UMAC_NONCE - 1] & 1;
		in[UMAC_NONCE - 1] &= 0xfe;
	}
	if (EVP_EncryptUpdate(u->pad, pad, &written, in, BLOCK) != 1 ||
	    written != BLOCK)
		return E_CRYPTO;
	memcpy(tag, &pad[half * TAG_SHORT], u->tag_len);
	wipe(pad, sizeof(pad));
	hash(u, data, len, tag);
	return 0;
}
