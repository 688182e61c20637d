/*
 * The moduli file, read by root before any worker exists.
 *
 * A line is: time type tests tries size generator modulus, where size is one
 * less than the modulus's bits, and the last two are hexadecimal.
 */
#include "lib/ssh/moduli_private.h"

#include "lib/err.h"
#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

#define TYPE_SAFE      2 /* p and (p-1)/2 are prime */
#define TEST_COMPOSITE 0x01 /* known not to be prime */
#define TESTS_REAL     (0x04 | 0x08 | 0x10) /* Miller-Rabin, Jacobi, proof */

/* One field of a line; words are separated by single or more spaces. */
struct word {
	const char *text;
	size_t len;
};

static bool
next_word(const char **at, const char *end, struct word *word)
{
	while (*at < end && (**at == ' ' || **at == '\t'))
		(*at)++;
	word->text = *at;
	while (*at < end && **at != ' ' && **at != '\t')
		(*at)++;
	word->len = (size_t)(*at - word->text);
	return word->len != 0;
}

static bool
read_number(const struct word *word, uint32_t max, uint32_t *value)
{
	uint64_t n = 0;

	for (size_t i = 0; i < word->len; i++) {
		if (word->text[i] < '0' || word->text[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(word->text[i] - '0');
		if (n > max)
			return false;
	}
	*value = (uint32_t)n;
	return true;
}

static bool
is_digits(const struct word *word)
{
	for (size_t i = 0; i < word->len; i++) {
		if (word->text[i] < '0' || word->text[i] > '9')
			return false;
	}
	return true;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Hexadecimal to bytes without leading zeros; false if not, or too long. */
static bool
read_hex(const struct word *word, uint8_t *out, size_t max, size_t *out_len)
{
	const char *text = word->text;
	size_t digits = word->len, len;

	while (digits > 0 && *text == '0') {
		text++;
		digits--;
	}
	len = (digits + 1) / 2;
	if (len > max)
		return false;
	memset(out, 0, len);
	for (size_t i = 0; i < digits; i++) {
		size_t place = digits - 1 - i; /* counted from the end */
		int digit = hex_digit(text[i]);

		if (digit < 0)
			return false;
		out[len - 1 - place / 2] |=
		    (uint8_t)(digit << (place % 2 == 0 ? 0 : 4));
	}
	*out_len = len;
	return true;
}

static unsigned
bit_length(const uint8_t *p, size_t len)
{
	if (len == 0)
		return 0;
	return (unsigned)(len * 8) - (unsigned)(__builtin_clz(p[0]) - 24);
}

static void
keep(struct moduli *m, const uint8_t *p, size_t p_len, const uint8_t *g,
    size_t g_len)
{
	struct moduli_entry *e;

	if (m->count == m->room) {
		m->room = m->room == 0 ? 64 : 2 * m->room;
		m->entries = mem_grow(m->entries, m->room, sizeof(*m->entries));
	}
	e = &m->entries[m->count++];
	e->p = mem_dup(p, p_len);
	memcpy(e->g, g, g_len);
	e->g_len = g_len;
	e->bits = bit_length(p, p_len);
}

/* The numbers in front: whether the line is of a group to be used. */
static int
read_head(const char **at, const char *end, uint32_t *size, bool *wanted)
{
	uint32_t type, tests, tries;
	struct word word;

	/* The time may have more digits than a number holds. */
	if (!next_word(at, end, &word) || !is_digits(&word))
		return E_FORMAT;
	if (!next_word(at, end, &word) || !read_number(&word, 5, &type) ||
	    !next_word(at, end, &word) || !read_number(&word, 0x1f, &tests) ||
	    !next_word(at, end, &word) ||
	    !read_number(&word, 1u << 30, &tries) ||
	    !next_word(at, end, &word) || !read_number(&word, 65536, size))
		return E_FORMAT;
	*wanted = type == TYPE_SAFE && (tests & TEST_COMPOSITE) == 0 &&
	    (tests & TESTS_REAL) != 0 && tries != 0 &&
	    *size + 1 >= MODULI_BITS_MIN && *size + 1 <= MODULI_BITS_MAX;
	return 0;
}

static int
read_line(struct moduli *m, const char *at, const char *end)
{
	uint8_t p[MODULI_BYTES_MAX], g[MODULI_GENERATOR_BYTES];
	struct word generator, modulus, more;
	size_t p_len, g_len;
	uint32_t size;
	bool wanted;
	int err;

	if ((err = read_head(&at, end, &size, &wanted)) != 0)
		return err;
	if (!next_word(&at, end, &generator) ||
	    !next_word(&at, end, &modulus) || next_word(&at, end, &more))
		return E_FORMAT;
	if (!wanted)
		return 0;
	if (!read_hex(&generator, g, sizeof(g), &g_len) ||
	    !read_hex(&modulus, p, sizeof(p), &p_len))
		return E_FORMAT;
	/* 1 < g, p odd, and of the size the line says. */
	if (g_len == 0 || (g_len == 1 && g[0] == 1) ||
	    bit_length(p, p_len) != size + 1 || (p[p_len - 1] & 1) == 0)
		return E_FORMAT;
	keep(m, p, p_len, g, g_len);
	return 0;
}

/* Whether nothing but blanks, or a comment, is on the line. */
static bool
is_empty(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t' || *at == '\r'))
		at++;
	return at == end || *at == '#';
}

int
moduli_parse(
    const char *text, size_t len, struct moduli **moduli, unsigned *line)
{
	const char *at = text, *end = &text[len];
	struct moduli *m;
	int err = 0;

	*line = 0;
	if (len > MODULI_FILE_MAX)
		return E_TOO_LARGE;
	m = mem_zalloc(sizeof(*m));
	while (at < end && err == 0) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));

		if (stop == NULL)
			stop = end;
		++*line;
		if (!is_empty(at, stop))
			err = read_line(m, at, stop);
		at = stop == end ? end : &stop[1];
	}
	if (err != 0) {
		moduli_free(m);
		return err;
	}
	*line = 0;
	*moduli = m;
	return 0;
}

size_t
moduli_count(const struct moduli *moduli)
{
	return moduli == NULL ? 0 : moduli->count;
}

void
moduli_free(struct moduli *moduli)
{
	if (moduli == NULL)
		return;
	for (size_t i = 0; i < moduli->count; i++)
		free(moduli->entries[i].p);
	free(moduli->entries);
	free(moduli);
}
