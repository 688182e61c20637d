/*
 * Escaping for every log and audit output, in every process.  It trusts
 * nothing: the bytes may be a client's, a worker's or a file's.
 */
#include "lib/escape.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/*
 * Characters that show nothing, or turn around what is shown (Unicode's
 * Default_Ignorable, Bidi_Control, line separators, interlinear, tags).
 */
static const struct {
	uint32_t first, last;
} hidden[] = {
    {0x0080, 0x009f}, /* C1 */
    {0x00ad, 0x00ad},
    {0x034f, 0x034f},
    {0x061c, 0x061c},
    {0x115f, 0x1160},
    {0x17b4, 0x17b5},
    {0x180b, 0x180f},
    {0x200b, 0x200f}, /* zero width; LRM, RLM */
    {0x2028, 0x202e}, /* separators; bidi embeddings and overrides */
    {0x2060, 0x206f}, /* bidi isolates */
    {0x3164, 0x3164},
    {0xd800, 0xdfff}, /* surrogates */
    {0xfdd0, 0xfdef}, /* not characters */
    {0xfe00, 0xfe0f},
    {0xfeff, 0xfeff},
    {0xffa0, 0xffa0},
    {0xfff0, 0xfffb},
    {0xfffe, 0xffff},
    {0x1bca0, 0x1bca3},
    {0x1d173, 0x1d17a},
    {0xe0000, 0xe0fff},
};

static bool
shows(uint32_t c)
{
	if ((c & 0xfffe) == 0xfffe)
		return false;
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (c >= hidden[i].first && c <= hidden[i].last)
			return false;
	return true;
}

size_t
escape_character(const void *data, size_t len, uint32_t *character)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	const uint8_t *p = data;
	size_t n;
	uint32_t c;

	if (len == 0)
		return 0;
	if (p[0] < 0x80)
		n = 1, c = p[0];
	else if (p[0] >= 0xc2 && p[0] <= 0xdf)
		n = 2, c = p[0] & 0x1f;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		n = 3, c = p[0] & 0x0f;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		n = 4, c = p[0] & 0x07;
	else
		return 0;
	if (n > len)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < smallest[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*character = c;
	return n;
}

bool
escape_shows(uint32_t character)
{
	if (character < 0x80)
		return character >= 0x20 && character != 0x7f;
	return shows(character);
}

size_t
escape_printable(const void *data, size_t len)
{
	uint32_t c = 0;
	size_t n = escape_character(data, len, &c);

	return n != 0 && escape_shows(c) ? n : 0;
}

/* One character or byte of data as piece[]; returns the bytes taken. */
static size_t
next_piece(const uint8_t *data, size_t len, unsigned flags, char piece[8],
    size_t *piece_len)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = escape_printable(data, len);
	char short_form = '\0';

	if (n == 1 && data[0] == '\\' && (flags & ESCAPE_BACKSLASH))
		short_form = '\\';
	else if (n == 1 && data[0] == ' ' && (flags & ESCAPE_SPACE))
		n = 0;
	else if (n != 0) {
		memcpy(piece, data, n);
		*piece_len = n;
		return n;
	}
	if (data[0] == '\n')
		short_form = 'n';
	else if (data[0] == '\r')
		short_form = 'r';
	else if (data[0] == '\t')
		short_form = 't';
	piece[0] = '\\';
	if (short_form != '\0') {
		piece[1] = short_form;
		*piece_len = 2;
	} else {
		piece[1] = 'x';
		piece[2] = digits[data[0] >> 4];
		piece[3] = digits[data[0] & 15];
		*piece_len = 4;
	}
	return 1;
}

size_t
escape(char *out, size_t size, const void *data, size_t len, unsigned flags)
{
	const size_t cut = sizeof(ESCAPE_CUT) - 1;
	const uint8_t *p = data;
	size_t n = 0, safe = 0, piece_len, taken;
	char piece[8];

	for (size_t i = 0; i < len; i += taken) {
		taken = next_piece(&p[i], len - i, flags, piece, &piece_len);
		if (n + cut < size)
			safe = n; /* a cut mark would still fit here */
		if (n + piece_len >= size) {
			memcpy(&out[safe], ESCAPE_CUT, cut);
			n = safe + cut;
			break;
		}
		memcpy(&out[n], piece, piece_len);
		n += piece_len;
	}
	out[n] = '\0';
	return n;
}

size_t
escape_text(char *out, size_t size, const char *text, unsigned flags)
{
	/* size bytes of text cannot fit, so no more need to be looked at. */
	return escape(out, size, text, strnlen(text, size + 4), flags);
}
