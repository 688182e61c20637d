/*
 * How elements of sntrup761's rings become bytes: small ones at two bits a
 * coefficient, the others as one number in mixed radix, made by joining
 * neighbours and giving off a byte whenever the joint radix is large enough.
 */
#include "lib/ssh/sntrup_ring.h"

#include "lib/secret.h"

#include <string.h>

#define P      SNTRUP_P
#define Q      SNTRUP_Q
#define HALF   ((SNTRUP_Q - 1) / 2)
#define LEVELS 11 /* 761 values joined in pairs until one is left */
#define JOINED 16384 /* a radix that gives off its low byte */

void
sntrup_pack_small(uint8_t *out, const int8_t a[P])
{
	for (size_t i = 0; i < P; i += 4) {
		unsigned byte = 0;

		for (size_t j = 0; j < 4 && i + j < P; j++)
			byte |= (unsigned)(a[i + j] + 1) << (2 * j);
		out[i / 4] = (uint8_t)byte;
	}
}

void
sntrup_unpack_small(int8_t a[P], const uint8_t *in)
{
	for (size_t i = 0; i < P; i++)
		a[i] = (int8_t)((in[i / 4] >> (2 * (i % 4)) & 3) - 1);
}

/* Radices are public; values are not branched on. */
static void
pack(uint8_t *out, uint16_t value[P], uint16_t radix)
{
	uint16_t m[P];
	size_t len = P;

	for (size_t i = 0; i < P; i++)
		m[i] = radix;
	while (len > 1) {
		size_t half = len / 2;

		for (size_t i = 0; i < half; i++) {
			uint32_t v = value[2 * i] +
			    (uint32_t)value[2 * i + 1] * m[2 * i];
			uint32_t product = (uint32_t)m[2 * i] * m[2 * i + 1];

			for (; product >= JOINED;
			     product = (product + 255) / 256) {
				*out++ = (uint8_t)v;
				v >>= 8;
			}
			value[i] = (uint16_t)v;
			m[i] = (uint16_t)product;
		}
		if (len % 2 != 0) {
			value[half] = value[len - 1];
			m[half] = m[len - 1];
		}
		len = half + len % 2;
	}
	for (uint32_t last = m[0]; last > 1; last = (last + 255) / 256) {
		*out++ = (uint8_t)value[0];
		value[0] = (uint16_t)(value[0] >> 8);
	}
}

/* State of one level of unpacking: radices and the bytes it has given off. */
struct level {
	size_t len;
	uint16_t radix[P];
	uint32_t low[(P + 1) / 2]; /* the bytes, as a number */
	uint32_t low_radix[(P + 1) / 2]; /* 1, 256 or 65536 */
};

/* Take the bytes of a level; the radices of the next. */
static const uint8_t *
take_level(const uint8_t *in, struct level *level, struct level *next)
{
	size_t half = level->len / 2;

	for (size_t i = 0; i < half; i++) {
		uint32_t product =
		    (uint32_t)level->radix[2 * i] * level->radix[2 * i + 1];

		level->low[i] = 0;
		level->low_radix[i] = 1;
		for (; product >= JOINED; product = (product + 255) / 256) {
			level->low[i] += *in++ * level->low_radix[i];
			level->low_radix[i] *= 256;
		}
		next->radix[i] = (uint16_t)product;
	}
	if (level->len % 2 != 0)
		next->radix[half] = level->radix[level->len - 1];
	next->len = half + level->len % 2;
	return in;
}

/* From the values of the next level to those of this, in place. */
static void
split_level(const struct level *level, uint16_t value[P])
{
	if (level->len % 2 != 0)
		value[level->len - 1] = value[level->len / 2];
	for (size_t i = level->len / 2; i-- > 0;) {
		uint32_t v = level->low[i] + level->low_radix[i] * value[i];

		value[2 * i] = (uint16_t)(v % level->radix[2 * i]);
		value[2 * i + 1] = (uint16_t)(v / level->radix[2 * i] %
		    level->radix[2 * i + 1]);
	}
}

/* Public data only: it divides.  Any bytes are some values. */
static void
unpack(const uint8_t *in, uint16_t value[P], uint16_t radix)
{
	struct level levels[LEVELS];
	size_t n = 0;

	levels[0].len = P;
	for (size_t i = 0; i < P; i++)
		levels[0].radix[i] = radix;
	for (; levels[n].len > 1; n++)
		in = take_level(in, &levels[n], &levels[n + 1]);
	value[0] = 0;
	if (levels[n].radix[0] > 1)
		value[0] = in[0];
	if (levels[n].radix[0] > 256)
		value[0] = (uint16_t)(value[0] | in[1] << 8);
	value[0] = (uint16_t)(value[0] % levels[n].radix[0]);
	while (n-- > 0)
		split_level(&levels[n], value);
}

void
sntrup_pack_key(uint8_t *out, const int16_t a[P])
{
	uint16_t value[P];

	for (size_t i = 0; i < P; i++)
		value[i] = (uint16_t)(a[i] + HALF);
	pack(out, value, Q);
	wipe(value, sizeof(value));
}

void
sntrup_unpack_key(int16_t a[P], const uint8_t *in)
{
	uint16_t value[P];

	unpack(in, value, Q);
	for (size_t i = 0; i < P; i++)
		a[i] = (int16_t)(value[i] - HALF);
}

void
sntrup_pack_rounded(uint8_t *out, const int16_t a[P])
{
	uint16_t value[P];

	/* An exact third, as a multiplication. */
	for (size_t i = 0; i < P; i++)
		value[i] = (uint16_t)((uint32_t)(a[i] + HALF) * 10923 >> 15);
	pack(out, value, (Q + 2) / 3);
	wipe(value, sizeof(value));
}

void
sntrup_unpack_rounded(int16_t a[P], const uint8_t *in)
{
	uint16_t value[P];

	unpack(in, value, (Q + 2) / 3);
	for (size_t i = 0; i < P; i++)
		a[i] = (int16_t)(value[i] * 3 - HALF);
}
