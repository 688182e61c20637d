/*
 * The reader of JSON: json_read.h.  It recurses nowhere: what is open stands in
 * an array.
 */
#include "lib/json_read.h"

#include "lib/err.h"
#include "lib/escape.h"
#include "lib/mem.h"

#include <string.h>

void
json_read_init(struct json_read *j, const void *text, size_t len)
{
	memset(j, 0, sizeof(*j));
	j->text = text;
	j->len = len;
}

void
json_read_fail(struct json_read *j, const char *why)
{
	if (j->why == NULL)
		j->why = why;
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The next byte that is no white space, NUL at the end. */
static char
next(struct json_read *j)
{
	while (j->pos < j->len && is_space(j->text[j->pos]))
		j->pos++;
	return j->why == NULL && j->pos < j->len ? j->text[j->pos] : '\0';
}

static bool
take(struct json_read *j, char c, const char *why)
{
	if (next(j) == c) {
		j->pos++;
		return true;
	}
	json_read_fail(j, why);
	return false;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

enum json_kind
json_read_peek(struct json_read *j)
{
	char c = next(j);

	switch (c) {
	case '{':
		return JSON_OBJECT;
	case '[':
		return JSON_ARRAY;
	case '"':
		return JSON_TEXT;
	case 't':
	case 'f':
		return JSON_BOOL;
	case 'n':
		return JSON_NULL;
	default:
		return c == '-' || is_digit(c) ? JSON_NUMBER : JSON_NOTHING;
	}
}

/* ---- objects and arrays ---- */

void
json_read_open(struct json_read *j, char which)
{
	if (!take(j, which,
		which == '{' ? "an object is expected" : "a list is expected"))
		return;
	if (j->depth == JSON_DEPTH) {
		json_read_fail(j, "too many values inside of each other");
		return;
	}
	j->open[j->depth] = which;
	j->first[j->depth] = true;
	j->depth++;
}

/* Is there one more in what is open?  Else it is left. */
static bool
more(struct json_read *j, char which)
{
	char c = next(j);

	if (j->why != NULL)
		return false;
	if (j->depth == 0 || j->open[j->depth - 1] != which) {
		json_read_fail(j, "a value was left unread");
		return false;
	}
	if (c == (which == '{' ? '}' : ']')) {
		j->pos++;
		j->depth--;
		return false;
	}
	if (!j->first[j->depth - 1] &&
	    !take(j, ',', "a comma or the end is expected"))
		return false;
	j->first[j->depth - 1] = false;
	return true;
}

bool
json_read_item(struct json_read *j)
{
	return more(j, '[');
}

bool
json_read_member(struct json_read *j, char name[JSON_NAME_MAX])
{
	struct buf b;

	name[0] = '\0';
	if (!more(j, '{'))
		return false;
	buf_init_over(&b, name, JSON_NAME_MAX - 1);
	json_read_text(j, &b);
	name[b.len] = '\0';
	if (j->why == NULL && strlen(name) != b.len)
		json_read_fail(j, "a name has a NUL");
	take(j, ':', "a colon is expected");
	return j->why == NULL;
}

/* ---- texts ---- */

/* Four hexadecimal digits. */
static uint32_t
read_unit(struct json_read *j)
{
	uint32_t value = 0;

	for (int i = 0; i < 4; i++) {
		char c = j->pos < j->len ? j->text[j->pos] : '\0';

		if (is_digit(c)) {
			value = value << 4 | (uint32_t)(c - '0');
		} else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
			value = value << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
		} else {
			json_read_fail(j, "\\u needs four hexadecimal digits");
			return 0;
		}
		j->pos++;
	}
	return value;
}

static void
put_character(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_u8(out, (uint8_t)c);
		return;
	}
	if (c < 0x800) {
		buf_u8(out, (uint8_t)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buf_u8(out, (uint8_t)(0xe0 | c >> 12));
		} else {
			buf_u8(out, (uint8_t)(0xf0 | c >> 18));
			buf_u8(out, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
		}
		buf_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
}

/* Behind "\u": a character, or the first of a pair of surrogates. */
static void
read_escaped_unit(struct json_read *j, struct buf *out)
{
	uint32_t c = read_unit(j), low;

	if (c >= 0xdc00 && c < 0xe000) {
		json_read_fail(j, "half a surrogate");
		return;
	}
	if (c >= 0xd800 && c < 0xdc00) {
		if (j->len - j->pos < 2 || j->text[j->pos] != '\\' ||
		    j->text[j->pos + 1] != 'u') {
			json_read_fail(j, "half a surrogate");
			return;
		}
		j->pos += 2;
		low = read_unit(j);
		if (low < 0xdc00 || low >= 0xe000) {
			json_read_fail(j, "half a surrogate");
			return;
		}
		c = 0x10000 + ((c - 0xd800) << 10 | (low - 0xdc00));
	}
	put_character(out, c);
}

static void
read_escape(struct json_read *j, struct buf *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	char c = j->pos < j->len ? j->text[j->pos] : '\0';
	const char *at = c == '\0' ? NULL : strchr(from, c);

	j->pos += j->pos < j->len;
	if (c == 'u')
		read_escaped_unit(j, out);
	else if (at != NULL)
		buf_u8(out, (uint8_t)to[at - from]);
	else
		json_read_fail(j, "no such escape sequence");
}

/* As many bytes as can be taken as they are; 0: none, or it is broken. */
static size_t
plain_run(struct json_read *j)
{
	size_t n = 0, left = j->len - j->pos, one;
	const char *at = &j->text[j->pos];
	uint32_t c;

	while (n < left && at[n] != '"' && at[n] != '\\') {
		if ((unsigned char)at[n] < 0x20) {
			json_read_fail(j, "a control character in a text");
			return 0;
		}
		one = (unsigned char)at[n] < 0x80 ?
		    1 :
		    escape_character(&at[n], left - n, &c);
		if (one == 0) {
			json_read_fail(j, "bytes that are no UTF-8");
			return 0;
		}
		n += one;
	}
	return n;
}

void
json_read_text(struct json_read *j, struct buf *out)
{
	size_t n;

	if (!take(j, '"', "a text is expected"))
		return;
	while (j->why == NULL) {
		n = plain_run(j);
		buf_bytes(out, &j->text[j->pos], n);
		j->pos += n;
		if (buf_end(out) != 0) {
			json_read_fail(j, "a text is too long");
		} else if (j->pos == j->len) {
			json_read_fail(j, "a text has no end");
		} else if (j->text[j->pos] == '"') {
			j->pos++;
			return;
		} else if (j->text[j->pos] == '\\') {
			j->pos++;
			read_escape(j, out);
		}
	}
}

char *
json_read_string(struct json_read *j, size_t max)
{
	struct buf b;
	char *text = NULL;

	buf_init(&b, max);
	json_read_text(j, &b);
	if (j->why == NULL && b.len > 0 && memchr(b.data, 0, b.len) != NULL)
		json_read_fail(j, "a text has a NUL");
	if (j->why == NULL)
		text = mem_strndup(b.len > 0 ? (char *)b.data : "", b.len);
	buf_free(&b);
	return text;
}

/* ---- words and numbers ---- */

static bool
take_word(struct json_read *j, const char *word)
{
	size_t len = strlen(word);

	if (j->len - j->pos < len || memcmp(&j->text[j->pos], word, len) != 0)
		return false;
	j->pos += len;
	return true;
}

bool
json_read_bool(struct json_read *j)
{
	if (next(j) == 't' && take_word(j, "true"))
		return true;
	if (next(j) != 'f' || !take_word(j, "false"))
		json_read_fail(j, "true or false is expected");
	return false;
}

static size_t
digits(struct json_read *j)
{
	size_t start = j->pos;

	while (j->pos < j->len && is_digit(j->text[j->pos]))
		j->pos++;
	if (j->pos == start)
		json_read_fail(j, "a digit is expected");
	return j->pos - start;
}

static bool
at_byte(const struct json_read *j, char c)
{
	return j->pos < j->len && j->text[j->pos] == c;
}

/* RFC 8259 section 6: a number; where its whole part begins and how long. */
static void
whole_part(struct json_read *j, size_t *start, size_t *len)
{
	*start = j->pos;
	*len = digits(j);
	if (*len > 1 && j->text[*start] == '0')
		json_read_fail(j, "a number begins with 0");
}

static uint64_t
value_of(struct json_read *j, size_t start, size_t len)
{
	uint64_t value = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned digit = (unsigned)(j->text[start + i] - '0');

		if (value > (UINT64_MAX - digit) / 10) {
			json_read_fail(j, "a number is too large");
			return 0;
		}
		value = value * 10 + digit;
	}
	return value;
}

static void
no_more_of_number(struct json_read *j)
{
	if (at_byte(j, '.') || at_byte(j, 'e') || at_byte(j, 'E'))
		json_read_fail(j, "a number of another form is expected");
}

uint64_t
json_read_u64(struct json_read *j)
{
	size_t start, len;

	(void)next(j);
	whole_part(j, &start, &len);
	no_more_of_number(j);
	return j->why != NULL ? 0 : value_of(j, start, len);
}

uint64_t
json_read_micros(struct json_read *j)
{
	size_t start, len, fraction = 0;
	uint64_t value, parts = 0;

	(void)next(j);
	whole_part(j, &start, &len);
	value = j->why != NULL ? 0 : value_of(j, start, len);
	if (j->why == NULL && at_byte(j, '.')) {
		j->pos++;
		start = j->pos;
		fraction = digits(j);
	}
	no_more_of_number(j);
	for (size_t i = 0; i < 6; i++)
		parts = parts * 10 +
		    (i < fraction ? (unsigned)(j->text[start + i] - '0') : 0);
	if (j->why == NULL && value > (UINT64_MAX - parts) / 1000000)
		json_read_fail(j, "a number is too large");
	return j->why != NULL ? 0 : value * 1000000 + parts;
}

static void
skip_number(struct json_read *j)
{
	size_t start, len;

	if (at_byte(j, '-'))
		j->pos++;
	whole_part(j, &start, &len);
	if (at_byte(j, '.')) {
		j->pos++;
		(void)digits(j);
	}
	if (at_byte(j, 'e') || at_byte(j, 'E')) {
		j->pos++;
		if (at_byte(j, '+') || at_byte(j, '-'))
			j->pos++;
		(void)digits(j);
	}
}

static void
skip_text(struct json_read *j)
{
	struct buf b;

	buf_init(&b, j->len);
	json_read_text(j, &b);
	buf_free(&b);
}

/* One that holds nothing, or the beginning of one that does. */
static void
skip_one(struct json_read *j)
{
	switch (json_read_peek(j)) {
	case JSON_OBJECT:
		json_read_open(j, '{');
		break;
	case JSON_ARRAY:
		json_read_open(j, '[');
		break;
	case JSON_TEXT:
		skip_text(j);
		break;
	case JSON_NUMBER:
		skip_number(j);
		break;
	case JSON_BOOL:
		(void)json_read_bool(j);
		break;
	case JSON_NULL:
		if (!take_word(j, "null"))
			json_read_fail(j, "a value is expected");
		break;
	case JSON_NOTHING:
		json_read_fail(j, "a value is expected");
	}
}

void
json_read_skip(struct json_read *j)
{
	unsigned outside = j->depth;
	char name[JSON_NAME_MAX];
	bool one;

	skip_one(j);
	while (j->why == NULL && j->depth > outside) {
		one = j->open[j->depth - 1] == '{' ? json_read_member(j, name) :
						     json_read_item(j);
		if (one)
			skip_one(j);
	}
}

int
json_read_end(struct json_read *j)
{
	if (j->why == NULL && j->depth > 0)
		json_read_fail(j, "a value was left unread");
	(void)next(j);
	if (j->why == NULL && j->pos < j->len)
		json_read_fail(j, "there is more behind the end");
	return j->why == NULL ? 0 : E_FORMAT;
}
