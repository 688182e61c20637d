/*
 * %-tokens of file patterns and command words.  A user name goes into a path
 * only when it is a plain name: a slash or a dot in front is somebody's try.
 */
#include "modules/publickey/publickey.h"

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/ssh/base64.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPANDED_MAX 65536

static void
add(struct buf *b, const char *text)
{
	buf_bytes(b, text, strlen(text));
}

static void
add_user(struct buf *b, const char *user)
{
	size_t start = b->len;

	add(b, user);
	for (size_t i = start; i < b->len; i++)
		if (b->data[i] == '/' || b->data[i] < 0x20 ||
		    (i == start && (b->data[i] == '.' || b->data[i] == '-')))
			b->data[i] = '_';
}

static void
add_key(struct buf *b, const struct key *key)
{
	size_t len;
	const uint8_t *blob = key_blob(key, &len);
	char *text = mem_alloc(BASE64_SIZE(len));

	base64_encode(blob, len, text, BASE64_SIZE(len));
	add(b, text);
	free(text);
}

/* Tokens of a certificate: what its CA vouches for, and the CA. */
static bool
add_of_cert(const struct request *r, char token, struct buf *b)
{
	char number[32];

	if (r->cert == NULL)
		return false;
	switch (token) {
	case 'i':
		add(b, r->cert->key_id);
		return true;
	case 's':
		snprintf(number, sizeof(number), "%llu",
		    (unsigned long long)r->cert->serial);
		add(b, number);
		return true;
	case 'F':
		add(b, r->ca_fingerprint);
		return true;
	case 'K':
		add_key(b, r->cert->ca);
		return true;
	case 'T':
		add(b, key_name(r->cert->ca));
		return true;
	default:
		return false;
	}
}

static bool
add_token(const struct request *r, char token, bool command, struct buf *b)
{
	char number[32];

	switch (token) {
	case '%':
		add(b, "%");
		return true;
	case 'h':
		add(b, pk_host->text(r->login, SALLYPORT_HOME));
		return true;
	case 'u':
		add_user(b, pk_host->text(r->login, SALLYPORT_USER));
		return true;
	case 'U':
		snprintf(number, sizeof(number), "%lld",
		    (long long)pk_host->number(r->login, SALLYPORT_UID));
		add(b, number);
		return true;
	default:
		break;
	}
	if (!command)
		return false;
	switch (token) {
	case 't':
		add(b, key_name(r->key));
		return true;
	case 'k':
		add_key(b, r->key);
		return true;
	case 'f':
		add(b, r->fingerprint);
		return true;
	default:
		return add_of_cert(r, token, b);
	}
}

bool
pk_is_glob(const char *pattern)
{
	return strpbrk(pattern, "*?[") != NULL;
}

/* Text that was put in at start is no part of the pattern. */
static void
quote(struct buf *b, size_t start)
{
	char *text = mem_strndup((const char *)&b->data[start], b->len - start);

	b->len = start;
	for (const char *p = text; *p != '\0'; p++) {
		if (strchr("*?[]\\", *p) != NULL)
			buf_u8(b, '\\');
		buf_u8(b, (uint8_t)*p);
	}
	free(text);
}

char *
pk_expand(const struct request *r, const char *pattern, bool command)
{
	struct buf b;
	char *text = NULL;
	bool good = true, glob = !command && pk_is_glob(pattern);
	size_t start;

	buf_init(&b, EXPANDED_MAX);
	/* A relative file is the home directory's. */
	if (!command && pattern[0] != '/' && pattern[0] != '%') {
		add(&b, pk_host->text(r->login, SALLYPORT_HOME));
		add(&b, "/");
		if (glob)
			quote(&b, 0);
	}
	for (const char *p = pattern; *p != '\0' && good; p++) {
		start = b.len;
		if (*p != '%')
			buf_u8(&b, (uint8_t)*p);
		else
			good = add_token(r, *++p, command, &b);
		if (glob && good && p > pattern && p[-1] == '%')
			quote(&b, start);
		if (*p == '\0')
			break;
	}
	if (good && buf_end(&b) == 0 && memchr(b.data, '\0', b.len) == NULL)
		text = mem_strndup((const char *)b.data, b.len);
	else
		pk_host->log(r->login, SALLYPORT_LOG_WARN,
		    "\"%s\" cannot be expanded", pattern);
	buf_free(&b);
	return text;
}
