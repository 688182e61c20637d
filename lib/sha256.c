/*
 * SHA-256, FIPS 180-4: names of functions and constants are its own.
 */
#include "lib/sha256.h"

#include "lib/sha256_blocks.h"

#include <stdio.h>
#include <string.h>

const uint32_t sha256_constants[64] = {0x428a2f98, 0x71374491, 0xb5c0fbcf,
    0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
    0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7,
    0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
    0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
    0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e,
    0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
    0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c,
    0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee,
    0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
    0xc67178f2};

static uint32_t
rotr(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

static uint32_t
load(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

static void
compress(uint32_t state[8], const uint8_t *block)
{
	uint32_t w[64], a = state[0], b = state[1], c = state[2], d = state[3];
	uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
	uint32_t t1, t2;

	for (unsigned t = 0; t < 16; t++)
		w[t] = load(&block[4 * t]);
	for (unsigned t = 16; t < 64; t++)
		w[t] =
		    (rotr(w[t - 2], 17) ^ rotr(w[t - 2], 19) ^ w[t - 2] >> 10) +
		    w[t - 7] +
		    (rotr(w[t - 15], 7) ^ rotr(w[t - 15], 18) ^
			w[t - 15] >> 3) +
		    w[t - 16];
	for (unsigned t = 0; t < 64; t++) {
		t1 = h + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) +
		    ((e & f) ^ (~e & g)) + sha256_constants[t] + w[t];
		t2 = (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) +
		    ((a & b) ^ (a & c) ^ (b & c));
		h = g;
		g = f;
		f = e;
		e = d + t1;
		d = c;
		c = b;
		b = a;
		a = t1 + t2;
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
	state[4] += e;
	state[5] += f;
	state[6] += g;
	state[7] += h;
}

void
sha256_plain_blocks(uint32_t state[8], const uint8_t *data, size_t count)
{
	for (; count > 0; count--, data += 64)
		compress(state, data);
}

static void
blocks(uint32_t state[8], const uint8_t *data, size_t count)
{
	static enum { UNKNOWN, PLAIN, X86 } which;

	if (which == UNKNOWN)
		which = sha256_x86_works() ? X86 : PLAIN;
	if (which == X86)
		sha256_x86_blocks(state, data, count);
	else
		sha256_plain_blocks(state, data, count);
}

void
sha256_init(struct sha256 *h)
{
	static const uint32_t begin[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372,
	    0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

	memset(h, 0, sizeof(*h));
	memcpy(h->state, begin, sizeof(begin));
}

void
sha256_add(struct sha256 *h, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t have = (size_t)(h->len % 64), n;

	h->len += len;
	if (have > 0) {
		n = len < 64 - have ? len : 64 - have;
		memcpy(&h->block[have], p, n);
		p += n;
		len -= n;
		if (have + n < 64)
			return;
		blocks(h->state, h->block, 1);
	}
	blocks(h->state, p, len / 64);
	if (len % 64 > 0)
		memcpy(h->block, &p[len - len % 64], len % 64);
}

void
sha256_end(struct sha256 *h, uint8_t out[SHA256_SIZE])
{
	uint64_t bits = h->len * 8;
	size_t have = (size_t)(h->len % 64);

	h->block[have++] = 0x80;
	if (have > 56) {
		memset(&h->block[have], 0, 64 - have);
		blocks(h->state, h->block, 1);
		have = 0;
	}
	memset(&h->block[have], 0, 56 - have);
	for (unsigned i = 0; i < 8; i++)
		h->block[56 + i] = (uint8_t)(bits >> (56 - 8 * i));
	blocks(h->state, h->block, 1);
	for (unsigned i = 0; i < SHA256_SIZE; i++)
		out[i] = (uint8_t)(h->state[i / 4] >> (24 - 8 * (i % 4)));
}

void
sha256_end_text(struct sha256 *h, char out[SHA256_TEXT_SIZE])
{
	uint8_t digest[SHA256_SIZE];

	sha256_end(h, digest);
	for (unsigned i = 0; i < SHA256_SIZE; i++)
		snprintf(&out[2 * i], 3, "%02x", digest[i]);
}
