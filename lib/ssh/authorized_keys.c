/*
 * Lines of authorized_keys and principals files, which users write.  Parsed in
 * the monitor, by the publickey module.
 */
#include "lib/ssh/authorized_keys.h"

#include "lib/err.h"
#include "lib/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static int
refuse(int err, char *why, size_t size, const char *what)
{
	snprintf(why, size, "%s", what);
	return err;
}

/* The line without white space around it, or why there is nothing to parse. */
static int
trim(const char **line, size_t *len, char *why, size_t size)
{
	const char *at = *line;
	size_t left = *len;

	if (left > AUTHORIZED_KEYS_LINE_MAX)
		return refuse(E_TOO_LARGE, why, size, "line is too long");
	if (memchr(at, '\0', left) != NULL)
		return refuse(E_FORMAT, why, size, "a NUL byte in the line");
	while (left != 0 && is_blank(*at))
		at++, left--;
	while (left != 0 &&
	    (is_blank(at[left - 1]) || at[left - 1] == '\r' ||
		at[left - 1] == '\n'))
		left--;
	if (left == 0 || *at == '#')
		return refuse(E_NOT_FOUND, why, size, "no key in the line");
	*line = at;
	*len = left;
	return 0;
}

/*
 * The length of the first word; blanks inside quotes do not end it.  0 when a
 * quote is not closed.
 */
static size_t
first_word(const char *line, size_t len)
{
	bool quoted = false;
	size_t i;

	for (i = 0; i < len && (quoted || !is_blank(line[i])); i++) {
		if (line[i] == '\\' && i + 1 < len && line[i + 1] == '"')
			i++;
		else if (line[i] == '"')
			quoted = !quoted;
	}
	return quoted ? 0 : i;
}

static size_t
skip_blanks(const char *line, size_t len, size_t at)
{
	while (at < len && is_blank(line[at]))
		at++;
	return at;
}

/* "ssh-dss AAAA..." is a key of a type we do not know, not a bad option. */
static bool
is_unknown_key(const char *line, size_t len, size_t word)
{
	size_t next = skip_blanks(line, len, word);

	return memchr(line, '=', word) == NULL &&
	    memchr(line, ',', word) == NULL && len - next > 4 &&
	    memcmp(&line[next], "AAAA", 4) == 0;
}

static int
parse_key(const char *line, size_t len, struct authorized_line *out, char *why,
    size_t size)
{
	size_t comment_len;
	const char *comment;
	int err;

	err = key_parse_line(line, len, &out->key, &comment, &comment_len);
	if (err == E_UNSUPPORTED)
		return refuse(err, why, size, "key of an unknown type");
	if (err != 0) {
		snprintf(why, size, "malformed key: %s", err_text(err));
		return err;
	}
	if (key_cert(out->key) != NULL)
		return refuse(
		    E_VALUE, why, size, "a certificate where a key belongs");
	out->comment = mem_strndup(comment, comment_len);
	return 0;
}

static int
parse_options_and_key(const char *line, size_t len, struct authorized_line *out,
    char *why, size_t size)
{
	size_t word = first_word(line, len);
	bool is_cert;
	int err;

	if (word == 0)
		return refuse(E_FORMAT, why, size, "a quote is not closed");
	if (key_type_of_name(line, word, &is_cert) != KEY_NONE)
		return parse_key(line, len, out, why, size);
	if (is_unknown_key(line, len, word))
		return refuse(
		    E_UNSUPPORTED, why, size, "key of an unknown type");
	err = key_options_parse(line, word, &out->options, why, size);
	if (err != 0)
		return err;
	word = skip_blanks(line, len, word);
	if (word == len)
		return refuse(E_FORMAT, why, size, "no key after the options");
	return parse_key(&line[word], len - word, out, why, size);
}

/*
 * OpenSSH's auth_authorise_keyopts(): a line that was meant for an authority
 * must not let its key in by itself when the word cert-authority is missing.
 */
static int
check_key_line(const struct key_options *o, char *why, size_t size)
{
	if (o->principals != NULL && !o->cert_authority)
		return refuse(
		    E_VALUE, why, size, "principals without cert-authority");
	return 0;
}

/* A principals line stands for a name, so it can describe no authority. */
static int
check_principals_line(const struct key_options *o, char *why, size_t size)
{
	if (o->cert_authority)
		return refuse(E_VALUE, why, size,
		    "cert-authority in a line of principals");
	if (o->principals != NULL)
		return refuse(
		    E_VALUE, why, size, "principals in a line of principals");
	return 0;
}

int
authorized_keys_parse(const char *line, size_t len, struct authorized_line *out,
    char *why, size_t size)
{
	struct authorized_line parsed = {0};
	int err;

	if ((err = trim(&line, &len, why, size)) != 0)
		return err;
	key_options_init(&parsed.options);
	err = parse_options_and_key(line, len, &parsed, why, size);
	if (err == 0)
		err = check_key_line(&parsed.options, why, size);
	if (err != 0) {
		authorized_line_free(&parsed);
		return err;
	}
	*out = parsed;
	return 0;
}

/* The length up to a comment, which begins with '#' outside quotes. */
static size_t
before_comment(const char *line, size_t len)
{
	bool quoted = false;
	size_t i;

	for (i = 0; i < len && (quoted || line[i] != '#'); i++) {
		if (line[i] == '\\' && i + 1 < len && line[i + 1] == '"')
			i++;
		else if (line[i] == '"')
			quoted = !quoted;
	}
	while (i > 0 && is_blank(line[i - 1]))
		i--;
	return i;
}

static int
parse_principal(const char *line, size_t len, struct authorized_line *out,
    char *why, size_t size)
{
	size_t word, at;
	int err;

	len = before_comment(line, len);
	word = first_word(line, len);
	if (word == 0)
		return refuse(E_FORMAT, why, size, "a quote is not closed");
	if (word < len) {
		err = key_options_parse(line, word, &out->options, why, size);
		if (err != 0)
			return err;
		at = skip_blanks(line, len, word);
		line += at;
		len -= at;
	}
	if (memchr(line, ' ', len) != NULL || memchr(line, '\t', len) != NULL)
		return refuse(
		    E_FORMAT, why, size, "more than options and a principal");
	out->principal = mem_strndup(line, len);
	return 0;
}

int
authorized_principals_parse(const char *line, size_t len,
    struct authorized_line *out, char *why, size_t size)
{
	struct authorized_line parsed = {0};
	int err;

	if ((err = trim(&line, &len, why, size)) != 0)
		return err;
	key_options_init(&parsed.options);
	err = parse_principal(line, len, &parsed, why, size);
	if (err == 0)
		err = check_principals_line(&parsed.options, why, size);
	if (err != 0) {
		authorized_line_free(&parsed);
		return err;
	}
	*out = parsed;
	return 0;
}

void
authorized_line_free(struct authorized_line *line)
{
	key_free(line->key);
	key_options_free(&line->options);
	free(line->comment);
	free(line->principal);
	memset(line, 0, sizeof(*line));
}
