/*
 * The arithmetic under sntrup761: products, rounding, choosing short elements
 * by sorting, hashing.
 */
#include "lib/ssh/sntrup_ring.h"

#include "lib/err.h"
#include "lib/secret.h"
#include "lib/ssh/digest.h"

#include <string.h>

#define P	SNTRUP_P
#define Q	SNTRUP_Q
#define P_ROUND 768 /* P up to whole vectors */

/* The quotients are exact roundings within the ranges of the header. */
int16_t
sntrup_mod_q(int32_t a)
{
	int64_t quotient = ((int64_t)a * 239492840 + ((int64_t)1 << 39)) >> 40;

	return (int16_t)(a - quotient * Q);
}

int8_t
sntrup_mod_3(int32_t a)
{
	int64_t quotient = ((int64_t)a * 1431655765 + ((int64_t)1 << 31)) >> 32;

	return (int8_t)(a - quotient * 3);
}

/* A loop the compiler turns into vector multiplications. */
static int32_t
dot(const int16_t *restrict a, const int16_t *restrict b)
{
	int32_t sum = 0;

	for (size_t i = 0; i < P_ROUND; i++)
		sum += (int32_t)a[i] * b[i];
	return sum;
}

/*
 * Coefficient k of the product is the sum of all a[i] * b[j] with i + j = k,
 * and, as x^p = x + 1, with i + j = k + p and (for k > 0, as x^(p-1) does not
 * fold) i + j = k + p - 1.  So b goes on below 0: b[-j] is b[p - j] +
 * b[p - j - 1], b[0] is b[0] + b[p - 1], and what is too much for k = 0 is
 * taken off.  window holds b backwards, so that each sum is a product of two
 * rows in memory.
 */
void
sntrup_multiply(int32_t product[P], const int16_t a[P], const int8_t b[P])
{
	int16_t row[P_ROUND] = {0}, window[P + P_ROUND] = {0};
	int32_t too_much = 0;

	memcpy(row, a, P * sizeof(*a));
	for (size_t t = 0; t < P; t++)
		window[P - 1 - t] = b[t];
	for (size_t j = 1; j < P; j++)
		window[P - 1 + j] = (int16_t)(b[P - j] + b[P - j - 1]);
	window[P - 1] = (int16_t)(b[0] + b[P - 1]);
	for (size_t i = 0; i < P; i++)
		too_much += (int32_t)a[i] * b[P - 1 - i];
	for (size_t k = 0; k < P; k++)
		product[k] = dot(row, &window[P - 1 - k]);
	product[0] -= too_much;
	wipe(row, sizeof(row));
	wipe(window, sizeof(window));
}

void
sntrup_round(int16_t a[P])
{
	for (size_t i = 0; i < P; i++)
		a[i] = (int16_t)(a[i] - sntrup_mod_3(a[i]));
}

/* Smaller of two to *a, larger to *b. */
static inline void
order(int32_t *a, int32_t *b)
{
	uint32_t x = (uint32_t)*a, y = (uint32_t)*b;
	uint32_t less = y - x; /* its sign is wrong where it overflowed */
	uint32_t mask;

	less ^= (less ^ y) & (y ^ x);
	mask = (uint32_t)((int32_t)less >> 31) & (x ^ y);
	*a = (int32_t)(x ^ mask);
	*b = (int32_t)(y ^ mask);
}

/*
 * Batcher's merge exchange (Knuth, volume 3, algorithm 5.2.2M): which places
 * are compared depends on the number of places alone.
 */
static void
sort(int32_t *x, size_t n)
{
	size_t top = 1;

	while (top < n - top)
		top *= 2;
	for (size_t p = top; p > 0; p /= 2) {
		size_t r = 0, d = p, q = top;

		for (;;) {
			for (size_t i = r; i < n - d; i += 2 * p) {
				size_t end = i + p < n - d ? i + p : n - d;

				for (size_t j = i; j < end; j++)
					order(&x[j], &x[j + d]);
			}
			if (q == p)
				break;
			d = q - p;
			q /= 2;
			r = p;
		}
	}
}

void
sntrup_short(int8_t out[P], const uint32_t random[P])
{
	int32_t x[P];

	/* The low bits carry the coefficient plus 1 to a random place. */
	for (size_t i = 0; i < P; i++) {
		uint32_t tagged = i < SNTRUP_W ? random[i] & ~(uint32_t)1 :
						 (random[i] & ~(uint32_t)3) | 1;

		x[i] = (int32_t)(tagged ^ 0x80000000);
	}
	sort(x, P);
	for (size_t i = 0; i < P; i++)
		out[i] = (int8_t)((x[i] & 3) - 1);
	wipe(x, sizeof(x));
}

int
sntrup_hash(uint8_t out[32], uint8_t prefix, const void *a, size_t a_len,
    const void *b, size_t b_len)
{
	struct digest_part parts[] = {{&prefix, 1}, {a, a_len}, {b, b_len}};
	uint8_t hash[64];
	int err = digest_parts(DIGEST_SHA512, parts, 3, hash, sizeof(hash));

	if (err == 0)
		memcpy(out, hash, 32);
	wipe(hash, sizeof(hash));
	return err;
}
