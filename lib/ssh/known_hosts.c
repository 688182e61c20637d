/*
 * known_hosts, searched: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT.  The file is
 * the administrator's; the name and the key are what a client host claims.
 */
#include "lib/ssh/known_hosts.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/match.h"
#include "lib/mem.h"
#include "lib/secret.h"
#include "lib/ssh/base64.h"
#include "lib/ssh/cert.h"
#include "lib/ssh/key_inside.h"

#include <openssl/hmac.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_MAGIC    "|1|"
#define HASH_TEXT_MAX 32 /* 20 bytes in base64 are 28 */
#define LOOKUP_MAX    1100
#define HOSTS_MAX     MATCH_TEXT_MAX

enum marker { MARKER_NONE, MARKER_CA, MARKER_REVOKED, MARKER_UNKNOWN };

struct line {
	enum marker marker;
	const char *hosts;
	size_t hosts_len;
	const char *key;
	size_t key_len;
};

static size_t
word_len(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len && text[i] != ' ' && text[i] != '\t')
		i++;
	return i;
}

static size_t
blank_len(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len && (text[i] == ' ' || text[i] == '\t'))
		i++;
	return i;
}

static enum marker
marker_of(const char *text, size_t len)
{
	if (len == 15 && memcmp(text, "@cert-authority", len) == 0)
		return MARKER_CA;
	if (len == 8 && memcmp(text, "@revoked", len) == 0)
		return MARKER_REVOKED;
	return MARKER_UNKNOWN;
}

/* The parts of a line; false for what holds no entry. */
static bool
split(const char *text, size_t len, struct line *line)
{
	size_t word, skip = blank_len(text, len);

	text += skip;
	len -= skip;
	line->marker = MARKER_NONE;
	if (len != 0 && text[0] == '@') {
		word = word_len(text, len);
		line->marker = marker_of(text, word);
		word += blank_len(&text[word], len - word);
		text += word;
		len -= word;
	}
	if (len == 0 || text[0] == '#')
		return false;
	line->hosts = text;
	line->hosts_len = word_len(text, len);
	skip = line->hosts_len +
	    blank_len(&text[line->hosts_len], len - line->hosts_len);
	line->key = &text[skip];
	line->key_len = len - skip;
	return true;
}

/* One base64 field of a hashed name. */
static bool
decode_field(const char *text, size_t len, uint8_t out[SHA_DIGEST_LENGTH])
{
	struct buf b;

	buf_init_over(&b, out, SHA_DIGEST_LENGTH);
	return len <= HASH_TEXT_MAX && base64_decode(text, len, &b) == 0 &&
	    b.len == SHA_DIGEST_LENGTH;
}

/* |1|salt|HMAC-SHA1(salt, name) */
static enum match
match_hash(const char *hosts, size_t len, const char *name)
{
	uint8_t salt[SHA_DIGEST_LENGTH], hash[SHA_DIGEST_LENGTH];
	uint8_t made[SHA_DIGEST_LENGTH];
	const char *bar;

	hosts += strlen(HASH_MAGIC);
	len -= strlen(HASH_MAGIC);
	if ((bar = memchr(hosts, '|', len)) == NULL ||
	    !decode_field(hosts, (size_t)(bar - hosts), salt) ||
	    !decode_field(&bar[1], len - (size_t)(bar - hosts) - 1, hash) ||
	    HMAC(key_evp_digest(KEY_SHA1), salt, sizeof(salt),
		(const unsigned char *)name, strlen(name), made, NULL) == NULL)
		return MATCH_ERROR;
	return secret_equal(made, sizeof(made), hash, sizeof(hash)) ?
	    MATCH_YES :
	    MATCH_NO;
}

/* MATCH_ERROR: a list that cannot be read. */
static enum match
match_names(const struct line *line, const char *name)
{
	char hosts[HOSTS_MAX];

	if (line->hosts_len >= sizeof(hosts) ||
	    memchr(line->hosts, '\0', line->hosts_len) != NULL)
		return MATCH_ERROR;
	if (line->hosts_len > strlen(HASH_MAGIC) &&
	    memcmp(line->hosts, HASH_MAGIC, strlen(HASH_MAGIC)) == 0)
		return match_hash(line->hosts, line->hosts_len, name);
	memcpy(hosts, line->hosts, line->hosts_len);
	hosts[line->hosts_len] = '\0';
	return match_list(name, hosts, MATCH_NOCASE);
}

/* A line that cannot be read counts for nothing, unless it revokes. */
static enum known_hosts_answer
if_broken(const struct line *line)
{
	return line->marker == MARKER_REVOKED ? KNOWN_HOSTS_REVOKED :
						KNOWN_HOSTS_UNKNOWN;
}

/* The answer for the key by one line that names the host. */
static enum known_hosts_answer
judge(const struct line *line, const struct key *key)
{
	const struct cert *cert = key_cert(key);
	enum known_hosts_answer answer = KNOWN_HOSTS_UNKNOWN;
	struct key *listed;
	int err;

	err = key_parse_line(line->key, line->key_len, &listed, NULL, NULL);
	if (err == E_UNSUPPORTED) /* then it is not this key */
		return KNOWN_HOSTS_UNKNOWN;
	if (err != 0)
		return if_broken(line);
	switch (line->marker) {
	case MARKER_REVOKED:
		if (key_equal_plain(listed, key) ||
		    (cert != NULL && key_equal_plain(listed, cert->ca)))
			answer = KNOWN_HOSTS_REVOKED;
		break;
	case MARKER_CA:
		if (cert != NULL && key_equal(listed, cert->ca))
			answer = KNOWN_HOSTS_CA;
		break;
	default:
		if (cert == NULL && key_equal(listed, key))
			answer = KNOWN_HOSTS_KEY;
	}
	key_free(listed);
	return answer;
}

static enum known_hosts_answer
ask_line(const char *text, size_t len, const char *name, const struct key *key)
{
	struct line line;
	enum match match;

	while (len != 0 && text[len - 1] == '\r')
		len--;
	if (!split(text, len, &line) || line.marker == MARKER_UNKNOWN)
		return if_broken(&line);
	match = match_names(&line, name);
	if (len > KNOWN_HOSTS_LINE_MAX || match == MATCH_ERROR)
		return if_broken(&line);
	return match == MATCH_YES ? judge(&line, key) : KNOWN_HOSTS_UNKNOWN;
}

/* Is the first answer to be kept when the second comes? */
static bool
outranks(enum known_hosts_answer a, enum known_hosts_answer b)
{
	static const int rank[] = {
	    [KNOWN_HOSTS_UNKNOWN] = 0,
	    [KNOWN_HOSTS_CA] = 1,
	    [KNOWN_HOSTS_KEY] = 1,
	    [KNOWN_HOSTS_REVOKED] = 2,
	};

	return rank[a] >= rank[b];
}

enum known_hosts_answer
known_hosts_find(const char *file, size_t len, const char *name, unsigned port,
    const struct key *key, unsigned *line)
{
	enum known_hosts_answer answer = KNOWN_HOSTS_UNKNOWN, next;
	const char *end = &file[len], *newline;
	char lookup[LOOKUP_MAX];
	unsigned number, decided = 0;
	int n;

	if (line != NULL)
		*line = 0;
	n = port == 0 || port == 22 ?
	    snprintf(lookup, sizeof(lookup), "%s", name) :
	    snprintf(lookup, sizeof(lookup), "[%s]:%u", name, port);
	if (n < 0 || (size_t)n >= sizeof(lookup) || name[0] == '\0' ||
	    len > KNOWN_HOSTS_FILE_MAX || key_evp_ready() != 0)
		return KNOWN_HOSTS_UNKNOWN;
	for (number = 1; file < end; number++) {
		newline = memchr(file, '\n', (size_t)(end - file));
		if (newline == NULL)
			newline = end;
		next = ask_line(file, (size_t)(newline - file), lookup, key);
		if (!outranks(answer, next)) {
			answer = next;
			decided = number;
		}
		file = newline == end ? end : &newline[1];
	}
	if (line != NULL)
		*line = decided;
	return answer;
}
