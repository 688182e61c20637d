/*
 * JSON strings of what a program writes (RFC 8259): whatever the user's
 * programs send comes through here, a gigabyte at a time, so runs of plain
 * ASCII are copied eight bytes at once, and line ends cost little more.
 */
#include "daemon/recorder/quote.h"

#include <string.h>

#define ONES  0x0101010101010101u
#define HIGHS 0x8080808080808080u

/*
 * The high bit of each of these eight bytes that needs more than a copy.  The
 * lowest one is right; a borrow may have set one above it for nothing.
 */
static inline uint64_t
odd_bytes(uint64_t word)
{
	uint64_t quote = word ^ ONES * '"', backslash = word ^ ONES * '\\';

	return (word | (word - ONES * 0x20) | (word + ONES) | (quote - ONES) |
		   (backslash - ONES)) &
	    HIGHS;
}

static inline bool
is_plain(uint8_t c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/*
 * Copy plain bytes until one that is not; how many.  More of out may be
 * written, but no more than len.
 */
static inline size_t
copy_plain(uint8_t *out, const uint8_t *data, size_t len)
{
	size_t at = 0;
	uint64_t word, odd;

	for (; len - at >= sizeof(word); at += sizeof(word)) {
		memcpy(&word, &data[at], sizeof(word));
		memcpy(&out[at], &word, sizeof(word));
		if ((odd = odd_bytes(word)) == 0)
			continue;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		return at + (size_t)__builtin_ctzll(odd) / 8;
#else
		break;
#endif
	}
	for (; at < len && is_plain(data[at]); at++)
		out[at] = data[at];
	return at;
}

/*
 * The length of the character at data, no ASCII (RFC 3629: neither overlong,
 * nor a surrogate, nor above U+10FFFF); 0: none begins here; -1: it may be one,
 * of which the rest is to come.
 */
static int
character(const uint8_t *data, size_t len)
{
	uint8_t first = data[0], low = 0x80, high = 0xbf;
	size_t need = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

	if (first < 0xc2 || first > 0xf4)
		return 0;
	if (first == 0xe0)
		low = 0xa0;
	else if (first == 0xed)
		high = 0x9f;
	else if (first == 0xf0)
		low = 0x90;
	else if (first == 0xf4)
		high = 0x8f;
	for (size_t i = 1; i < need; i++) {
		if (i >= len)
			return -1;
		if (data[i] < low || data[i] > high)
			return 0;
		low = 0x80;
		high = 0xbf;
	}
	return (int)need;
}

static inline size_t
put_escape(uint8_t *out, uint8_t c)
{
	static const char digits[] = "0123456789abcdef";
	static const char letters[] = "btn\0fr"; /* 8 to 13 */

	out[0] = '\\';
	if (c == '"' || c == '\\') {
		out[1] = c;
		return 2;
	}
	if (c >= 8 && c <= 13 && c != 11) {
		out[1] = (uint8_t)letters[c - 8];
		return 2;
	}
	memcpy(&out[1], "u00", 3);
	out[4] = (uint8_t)digits[c >> 4];
	out[5] = (uint8_t)digits[c & 15];
	return 6;
}

/* A character from U+0080 on, whole, or a byte that is none: its length. */
static size_t
put_wide(uint8_t *out, const uint8_t *data, int n, size_t *written)
{
	size_t len;

	if (n == 2 && data[0] == 0xc2 && data[1] < 0xa0) {
		*written += put_escape(out, data[1]);
		return 2;
	}
	if (n > 0) {
		len = (size_t)n;
		memcpy(out, data, len);
		*written += len;
		return len;
	}
	memcpy(out, "\xef\xbf\xbd", 3);
	*written += 3;
	return 1;
}

size_t
quote_bytes(
    uint8_t *out, const uint8_t *data, size_t len, bool last, size_t *taken)
{
	size_t at = 0, written = 0;

	for (;;) {
		size_t run = copy_plain(&out[written], &data[at], len - at);
		int n;

		at += run;
		written += run;
		if (at == len)
			break;
		if (data[at] < 0x80) {
			written += put_escape(&out[written], data[at++]);
			continue;
		}
		n = character(&data[at], len - at);
		if (n < 0 && !last)
			break;
		at += put_wide(&out[written], &data[at], n, &written);
	}
	*taken = at;
	return written;
}
