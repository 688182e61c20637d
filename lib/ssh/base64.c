/*
 * Base64 for keys in text files and for private key files, which hold
 * secrets: characters are converted by arithmetic, not by table look-ups, so
 * no memory address depends on them.
 */
#include "lib/ssh/base64.h"

#include "lib/buf.h"
#include "lib/err.h"

/* 0xff.. when low <= value <= high, all below 256; else 0. */
static unsigned
between(unsigned value, unsigned low, unsigned high)
{
	return (((low - 1u - value) & (value - 1u - high)) >> 31) * 0xffu;
}

static char
encode_digit(unsigned v)
{
	return (char)((between(v, 0, 25) & (v + 'A')) |
	    (between(v, 26, 51) & (v - 26 + 'a')) |
	    (between(v, 52, 61) & (v - 52 + '0')) | (between(v, 62, 62) & '+') |
	    (between(v, 63, 63) & '/'));
}

/* 0 to 63; above: not a digit. */
static unsigned
decode_digit(unsigned char c)
{
	unsigned upper = between(c, 'A', 'Z'), lower = between(c, 'a', 'z');
	unsigned digit = between(c, '0', '9'), plus = between(c, '+', '+');
	unsigned slash = between(c, '/', '/');
	unsigned none = ~(upper | lower | digit | plus | slash) & 0xff;

	return (upper & (c - 'A')) | (lower & (c - 'a' + 26u)) |
	    (digit & (c - '0' + 52u)) | (plus & 62) | (slash & 63) | none;
}

size_t
base64_encode(const void *data, size_t len, char *text, size_t size)
{
	const uint8_t *in = data;
	size_t at = 0, left;
	uint32_t v;

	if (size < BASE64_SIZE(len)) {
		if (size != 0)
			text[0] = '\0';
		return 0;
	}
	for (size_t i = 0; i < len; i += 3) {
		left = len - i;
		v = (uint32_t)in[i] << 16;
		if (left > 1)
			v |= (uint32_t)in[i + 1] << 8;
		if (left > 2)
			v |= in[i + 2];
		text[at++] = encode_digit(v >> 18);
		text[at++] = encode_digit(v >> 12 & 63);
		text[at++] = left > 1 ? encode_digit(v >> 6 & 63) : '=';
		text[at++] = left > 2 ? encode_digit(v & 63) : '=';
	}
	text[at] = '\0';
	return at;
}

/* The last group may end in one or two '='; loose bits must be zero. */
static int
decode_last(const char *text, struct buf *b)
{
	unsigned v0 = decode_digit((unsigned char)text[0]);
	unsigned v1 = decode_digit((unsigned char)text[1]);
	unsigned v2 = decode_digit((unsigned char)text[2]);
	unsigned v3 = decode_digit((unsigned char)text[3]);

	if ((v0 | v1) > 63)
		return E_FORMAT;
	if (text[3] != '=') {
		if ((v2 | v3) > 63)
			return E_FORMAT;
	} else if (text[2] != '=') {
		if (v2 > 63 || (v2 & 3) != 0)
			return E_FORMAT;
	} else if ((v1 & 15) != 0)
		return E_FORMAT;
	buf_u8(b, (uint8_t)(v0 << 2 | v1 >> 4));
	if (text[2] != '=')
		buf_u8(b, (uint8_t)(v1 << 4 | v2 >> 2));
	if (text[3] != '=')
		buf_u8(b, (uint8_t)(v2 << 6 | v3));
	return buf_end(b);
}

int
base64_decode(const char *text, size_t len, struct buf *b)
{
	unsigned bad = 0, v[4];
	uint8_t *out;
	size_t body;

	if (len % 4 != 0)
		return E_FORMAT;
	if (len == 0)
		return 0;
	body = len - 4;
	if ((out = buf_add(b, body / 4 * 3)) == NULL)
		return E_TOO_LARGE;
	for (size_t i = 0; i < body; i += 4) {
		for (size_t j = 0; j < 4; j++) {
			v[j] = decode_digit((unsigned char)text[i + j]);
			bad |= v[j] & ~63u;
		}
		*out++ = (uint8_t)(v[0] << 2 | v[1] >> 4);
		*out++ = (uint8_t)(v[1] << 4 | v[2] >> 2);
		*out++ = (uint8_t)(v[2] << 6 | v[3]);
	}
	if (bad != 0)
		return E_FORMAT;
	return decode_last(&text[body], b);
}
