/*
 * The arithmetic under ML-KEM.  Coefficients are signed 16-bit numbers,
 * products are reduced as Montgomery did, by multiplications and shifts
 * alone: no division, whose time depends on its operands on many machines.
 */
#include "lib/ssh/mlkem_poly.h"

#include <string.h>

#define Q		   MLKEM_Q
#define Q_INVERSE	   (-3327) /* 1/q mod 2^16 */
#define INVERSE_SCALE	   1441 /* 2^32 / 128 mod q */
#define MONTGOMERY_SQUARED 1353 /* 2^32 mod q */

/* 17^bitreverse7(i) * 2^16 mod q, nearest to zero (FIPS 203, appendix A). */
static const int16_t zetas[128] = {
    -1044,
    -758,
    -359,
    -1517,
    1493,
    1422,
    287,
    202,
    -171,
    622,
    1577,
    182,
    962,
    -1202,
    -1474,
    1468,
    573,
    -1325,
    264,
    383,
    -829,
    1458,
    -1602,
    -130,
    -681,
    1017,
    732,
    608,
    -1542,
    411,
    -205,
    -1571,
    1223,
    652,
    -552,
    1015,
    -1293,
    1491,
    -282,
    -1544,
    516,
    -8,
    -320,
    -666,
    -1618,
    -1162,
    126,
    1469,
    -853,
    -90,
    -271,
    830,
    107,
    -1421,
    -247,
    -951,
    -398,
    961,
    -1508,
    -725,
    448,
    -1065,
    677,
    -1275,
    -1103,
    430,
    555,
    843,
    -1251,
    871,
    1550,
    105,
    422,
    587,
    177,
    -235,
    -291,
    -460,
    1574,
    1653,
    -246,
    778,
    1159,
    -147,
    -777,
    1483,
    -602,
    1119,
    -1590,
    644,
    -872,
    349,
    418,
    329,
    -156,
    -75,
    817,
    1097,
    603,
    610,
    1322,
    -1285,
    -1465,
    384,
    -1215,
    -136,
    1218,
    -1335,
    -874,
    220,
    -1187,
    -1659,
    -1185,
    -1530,
    -1278,
    794,
    -1510,
    -854,
    -870,
    478,
    -108,
    -308,
    996,
    991,
    958,
    -1460,
    1522,
    1628,
};

/* a * 2^-16 mod q, in -q..q, for |a| < q * 2^15. */
static int16_t
montgomery(int32_t a)
{
	int16_t t = (int16_t)((uint32_t)a * (uint32_t)Q_INVERSE);

	return (int16_t)((a - (int32_t)t * Q) >> 16);
}

static int16_t
multiply(int16_t a, int16_t b)
{
	return montgomery((int32_t)a * b);
}

/* a mod q, in -q/2..q/2. */
static int16_t
barrett(int16_t a)
{
	int32_t quotient = (20159 * (int32_t)a + (1 << 25)) >> 26;

	return (int16_t)(a - quotient * Q);
}

void
mlkem_ntt(struct mlkem_poly *f)
{
	size_t k = 1;

	for (size_t len = 128; len >= 2; len /= 2) {
		for (size_t start = 0; start < MLKEM_N; start += 2 * len) {
			int16_t zeta = zetas[k++];
			int16_t *low = &f->c[start], *high = &f->c[start + len];

			for (size_t i = 0; i < len; i++) {
				int16_t t = multiply(zeta, high[i]);

				high[i] = (int16_t)(low[i] - t);
				low[i] = (int16_t)(low[i] + t);
			}
		}
	}
	for (size_t i = 0; i < MLKEM_N; i++)
		f->c[i] = barrett(f->c[i]);
}

void
mlkem_inverse_ntt(struct mlkem_poly *f)
{
	size_t k = 127;

	for (size_t len = 2; len <= 128; len *= 2) {
		for (size_t start = 0; start < MLKEM_N; start += 2 * len) {
			int16_t zeta = zetas[k--];
			int16_t *low = &f->c[start], *high = &f->c[start + len];

			for (size_t i = 0; i < len; i++) {
				int16_t t = low[i];

				low[i] = barrett((int16_t)(t + high[i]));
				high[i] =
				    multiply(zeta, (int16_t)(high[i] - t));
			}
		}
	}
	for (size_t i = 0; i < MLKEM_N; i++)
		f->c[i] = multiply(f->c[i], INVERSE_SCALE);
}

void
mlkem_prepare(struct mlkem_factor *b)
{
	for (size_t i = 0; i < MLKEM_N / 4; i++) {
		int16_t zeta = zetas[64 + i];

		b->twisted[2 * i] = multiply(b->f.c[4 * i + 1], zeta);
		b->twisted[2 * i + 1] =
		    multiply(b->f.c[4 * i + 3], (int16_t)-zeta);
	}
}

/*
 * Products of pairs modulo X^2 - zeta (algorithm 12).  |a| < q, |b| <= q/2
 * and |twisted| < q, so MLKEM_K_MAX sums stay below what montgomery() takes
 * (six would).
 */
void
mlkem_multiply_add(struct mlkem_sum *sum, const struct mlkem_poly *a,
    const struct mlkem_factor *b)
{
	for (size_t i = 0; i < MLKEM_N; i += 2) {
		int32_t a0 = a->c[i], a1 = a->c[i + 1];
		int32_t b0 = b->f.c[i], b1 = b->f.c[i + 1];

		sum->c[i] += a0 * b0 + a1 * b->twisted[i / 2];
		sum->c[i + 1] += a0 * b1 + a1 * b0;
	}
}

void
mlkem_finish_sum(struct mlkem_poly *f, const struct mlkem_sum *sum)
{
	for (size_t i = 0; i < MLKEM_N; i++)
		f->c[i] = montgomery(sum->c[i]);
}

void
mlkem_to_montgomery(struct mlkem_poly *f)
{
	for (size_t i = 0; i < MLKEM_N; i++)
		f->c[i] = multiply(f->c[i], MONTGOMERY_SQUARED);
}

void
mlkem_add(struct mlkem_poly *sum, const struct mlkem_poly *a)
{
	for (size_t i = 0; i < MLKEM_N; i++)
		sum->c[i] = (int16_t)(sum->c[i] + a->c[i]);
}

void
mlkem_subtract(struct mlkem_poly *from, const struct mlkem_poly *a)
{
	for (size_t i = 0; i < MLKEM_N; i++)
		from->c[i] = (int16_t)(from->c[i] - a->c[i]);
}

void
mlkem_canonical(struct mlkem_poly *f)
{
	for (size_t i = 0; i < MLKEM_N; i++) {
		int16_t a = barrett(f->c[i]);

		f->c[i] = (int16_t)(a + ((a >> 15) & Q));
	}
}

size_t
mlkem_sample_uniform(
    struct mlkem_poly *f, size_t have, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i + 3 <= len && have < MLKEM_N; i += 3) {
		unsigned a = bytes[i] | (bytes[i + 1] & 15u) << 8;
		unsigned b = bytes[i + 1] >> 4 | (unsigned)bytes[i + 2] << 4;

		if (a < Q)
			f->c[have++] = (int16_t)a;
		if (b < Q && have < MLKEM_N)
			f->c[have++] = (int16_t)b;
	}
	return have;
}

void
mlkem_sample_noise(struct mlkem_poly *f, const uint8_t bytes[MLKEM_NOISE_LEN])
{
	for (size_t i = 0; i < MLKEM_N; i += 8) {
		const uint8_t *b = &bytes[i / 2];
		uint32_t bits = b[0] | (uint32_t)b[1] << 8 |
		    (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
		/* Sixteen sums of two neighbouring bits. */
		uint32_t sums =
		    (bits & 0x55555555) + ((bits >> 1) & 0x55555555);

		for (unsigned j = 0; j < 8; j++) {
			int plus = (int)(sums >> (4 * j) & 3);
			int minus = (int)(sums >> (4 * j + 2) & 3);

			f->c[i + j] = (int16_t)(plus - minus);
		}
	}
}

/*
 * round(a * 2^d / q) mod 2^d for 0 <= a < q.  The quotient is a product with
 * 2^36 / q rounded up: exact here, as a test tries every a.
 */
static uint32_t
compress(int16_t a, unsigned d)
{
	uint64_t t = ((uint64_t)(uint16_t)a << d) + Q / 2;

	return (uint32_t)(t * 20642679 >> 36) & ((1u << d) - 1);
}

/* round(a * q / 2^d). */
static int16_t
decompress(uint32_t a, unsigned d)
{
	return (int16_t)((a * Q + (1u << (d - 1))) >> d);
}

void
mlkem_pack(uint8_t *bytes, const struct mlkem_poly *f, unsigned d)
{
	uint32_t bits = 0;
	unsigned have = 0;

	for (size_t i = 0; i < MLKEM_N; i++) {
		bits |= (d == 12 ? (uint32_t)(uint16_t)f->c[i] :
				   compress(f->c[i], d))
		    << have;
		for (have += d; have >= 8; have -= 8) {
			*bytes++ = (uint8_t)bits;
			bits >>= 8;
		}
	}
}

int
mlkem_unpack(struct mlkem_poly *f, const uint8_t *bytes, unsigned d)
{
	uint32_t bits = 0, over = 0;
	unsigned have = 0;

	for (size_t i = 0; i < MLKEM_N; i++) {
		uint32_t a;

		for (; have < d; have += 8)
			bits |= (uint32_t)*bytes++ << have;
		a = bits & ((1u << d) - 1);
		bits >>= d;
		have -= d;
		f->c[i] = d == 12 ? (int16_t)a : decompress(a, d);
		over |= (uint32_t)(Q - 1) - a; /* its sign: a >= q */
	}
	return d == 12 && over >> 31 != 0 ? -1 : 0;
}
