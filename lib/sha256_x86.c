/*
 * SHA-256's blocks by the SHA extensions of x86 (Intel's SDM, volume 2:
 * SHA256RNDS2, SHA256MSG1, SHA256MSG2), six times as fast as without.
 */
#include "lib/sha256_blocks.h"

#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>

bool
sha256_x86_works(void)
{
	unsigned a, b, c, d;

	return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_SSSE3) != 0 &&
	    (c & bit_SSE4_1) != 0 &&
	    __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & 1u << 29) != 0;
}

/* Four rounds; k: their words and constants, added. */
#define ROUNDS(k)                                              \
	do {                                                   \
		cdgh = _mm_sha256rnds2_epu32(cdgh, abef, (k)); \
		abef = _mm_sha256rnds2_epu32(                  \
		    abef, cdgh, _mm_shuffle_epi32((k), 0x0e)); \
	} while (0)

__attribute__((target("sha,sse4.1,ssse3"))) void
sha256_x86_blocks(uint32_t state[8], const uint8_t *data, size_t count)
{
	const __m128i order =
	    _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	__m128i abef, cdgh, abef_before, cdgh_before, w[4], x, y;

	x = _mm_shuffle_epi32(
	    _mm_loadu_si128((const __m128i *)(const void *)&state[0]), 0xb1);
	y = _mm_shuffle_epi32(
	    _mm_loadu_si128((const __m128i *)(const void *)&state[4]), 0x1b);
	abef = _mm_alignr_epi8(x, y, 8);
	cdgh = _mm_blend_epi16(y, x, 0xf0);
	for (; count > 0; count--, data += 64) {
		abef_before = abef;
		cdgh_before = cdgh;
#pragma GCC unroll 16
		for (unsigned g = 0; g < 16; g++) {
			if (g < 4)
				w[g] = _mm_shuffle_epi8(
				    _mm_loadu_si128((const __m128i *)(const void
					    *)&data[16 * g]),
				    order);
			x = _mm_loadu_si128((const __m128i *)(const void
				*)&sha256_constants[4 * g]);
			x = _mm_add_epi32(x, w[g % 4]);
			ROUNDS(x);
			if (g < 3 || g == 15)
				continue;
			/* The four words after the next twelve. */
			y = _mm_sha256msg1_epu32(
			    w[(g + 1) % 4], w[(g + 2) % 4]);
			y = _mm_add_epi32(
			    y, _mm_alignr_epi8(w[g % 4], w[(g + 3) % 4], 4));
			w[(g + 1) % 4] = _mm_sha256msg2_epu32(y, w[g % 4]);
		}
		abef = _mm_add_epi32(abef, abef_before);
		cdgh = _mm_add_epi32(cdgh, cdgh_before);
	}
	x = _mm_shuffle_epi32(abef, 0x1b);
	y = _mm_shuffle_epi32(cdgh, 0xb1);
	_mm_storeu_si128(
	    (__m128i *)(void *)&state[0], _mm_blend_epi16(x, y, 0xf0));
	_mm_storeu_si128(
	    (__m128i *)(void *)&state[4], _mm_alignr_epi8(y, x, 8));
}

#else

bool
sha256_x86_works(void)
{
	return false;
}

void
sha256_x86_blocks(uint32_t state[8], const uint8_t *data, size_t count)
{
	(void)state;
	(void)data;
	(void)count;
}
#endif
