/*
 * Keys as one line of text: authorized_keys, known_hosts, .pub files.
 */
#include "lib/ssh/key.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/ssh/base64.h"
#include "lib/ssh/ssh2.h"

#include <stdlib.h>
#include <string.h>

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The next word; *at moves behind it and the blanks after it. */
static const char *
next_word(const char *line, size_t len, size_t *at, size_t *word_len)
{
	size_t start = *at, end;

	for (end = start; end < len && !is_blank(line[end]); end++)
		continue;
	*word_len = end - start;
	while (end < len && is_blank(line[end]))
		end++;
	*at = end;
	return &line[start];
}

static size_t
trimmed(const char *line, size_t len)
{
	while (len > 0 &&
	    (is_blank(line[len - 1]) || line[len - 1] == '\n' ||
		line[len - 1] == '\r'))
		len--;
	return len;
}

static int
decode(const char *type, size_t type_len, const char *text, size_t text_len,
    struct key **key)
{
	struct key *parsed;
	struct buf b;
	int err;

	if (text_len > BASE64_SIZE(SSH_KEY_BLOB_MAX))
		return E_TOO_LARGE;
	buf_init(&b, SSH_KEY_BLOB_MAX);
	if ((err = base64_decode(text, text_len, &b)) == 0)
		err = key_parse(b.data, b.len, &parsed);
	buf_free(&b);
	if (err != 0)
		return err;
	if (strlen(key_name(parsed)) != type_len ||
	    memcmp(key_name(parsed), type, type_len) != 0) {
		key_free(parsed);
		return E_FORMAT;
	}
	*key = parsed;
	return 0;
}

int
key_parse_line(const char *line, size_t len, struct key **key,
    const char **comment, size_t *comment_len)
{
	size_t at = 0, type_len, text_len;
	const char *type, *text;
	int err;

	len = trimmed(line, len);
	if (memchr(line, '\0', len) != NULL || memchr(line, '\n', len) != NULL)
		return E_FORMAT;
	while (at < len && is_blank(line[at]))
		at++;
	type = next_word(line, len, &at, &type_len);
	text = next_word(line, len, &at, &text_len);
	if (type_len == 0 || text_len == 0)
		return E_FORMAT;
	if ((err = decode(type, type_len, text, text_len, key)) != 0)
		return err;
	if (comment != NULL) {
		*comment = &line[at];
		*comment_len = len - at;
	}
	return 0;
}

void
key_write_line(const struct key *key, const char *comment, struct buf *b)
{
	size_t len;
	const uint8_t *blob = key_blob(key, &len);
	char *text = mem_alloc(BASE64_SIZE(len));
	size_t text_len = base64_encode(blob, len, text, BASE64_SIZE(len));

	buf_bytes(b, key_name(key), strlen(key_name(key)));
	buf_u8(b, ' ');
	buf_bytes(b, text, text_len);
	if (comment != NULL && comment[0] != '\0') {
		buf_u8(b, ' ');
		buf_bytes(b, comment, strlen(comment));
	}
	free(text);
}
