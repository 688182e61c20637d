/*
 * Patterns of authorized_keys, known_hosts and the configuration.  Texts and
 * patterns may be a client's or a user's: time and size are bounded.
 */
#include "lib/match.h"

#include "lib/err.h"

#include <string.h>

static char
fold(char c, unsigned flags)
{
	if ((flags & MATCH_NOCASE) && c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c;
}

/*
 * Only the last '*' is ever taken back: what an earlier one could have
 * matched instead, the last one can match too.
 */
static bool
match_bytes(const char *text, size_t text_len, const char *pattern,
    size_t pattern_len, unsigned flags)
{
	size_t t = 0, p = 0, star = SIZE_MAX, resume = 0;

	while (t < text_len) {
		if (p < pattern_len && pattern[p] == '*') {
			star = p++;
			resume = t;
		} else if (p < pattern_len &&
		    (pattern[p] == '?' ||
			fold(pattern[p], flags) == fold(text[t], flags))) {
			p++;
			t++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++resume;
		} else
			return false;
	}
	while (p < pattern_len && pattern[p] == '*')
		p++;
	return p == pattern_len;
}

static bool
text_fits(const char *text)
{
	return strnlen(text, MATCH_TEXT_MAX + 1) <= MATCH_TEXT_MAX;
}

bool
match_pattern(const char *text, const char *pattern, unsigned flags)
{
	if (!text_fits(text) ||
	    strnlen(pattern, MATCH_PATTERN_MAX + 1) > MATCH_PATTERN_MAX)
		return false;
	return match_bytes(text, strlen(text), pattern, strlen(pattern), flags);
}

/* One entry of a list, '!' taken off, terminated. */
struct entry {
	char pattern[MATCH_PATTERN_MAX + 1];
	bool negated;
};

/* MATCH_YES: an entry; MATCH_NO: the list is at its end; or MATCH_ERROR. */
static enum match
next_entry(const char **list, struct entry *e)
{
	const char *start = *list;
	size_t len;

	while (*start == ',')
		start++;
	if (*start == '\0')
		return MATCH_NO;
	len = strcspn(start, ",");
	*list = &start[len];
	e->negated = start[0] == '!';
	if (e->negated) {
		start++;
		len--;
	}
	if (len == 0 || len > MATCH_PATTERN_MAX)
		return MATCH_ERROR;
	memcpy(e->pattern, start, len);
	e->pattern[len] = '\0';
	return MATCH_YES;
}

enum match
match_list(const char *text, const char *list, unsigned flags)
{
	enum match result = MATCH_NO, next;
	struct entry e;

	while ((next = next_entry(&list, &e)) == MATCH_YES) {
		if (!match_pattern(text, e.pattern, flags))
			continue;
		/* Read on to the end: a malformed rest is still an error. */
		if (e.negated)
			result = MATCH_NEGATED;
		else if (result == MATCH_NO)
			result = MATCH_YES;
	}
	return next == MATCH_ERROR ? MATCH_ERROR : result;
}

/* One entry against an address: network, address, or wildcard over its text. */
static enum match
match_address(const struct net_address *a, const char *pattern)
{
	char text[NET_TEXT_MAX];
	struct net_network n;

	if (pattern[0] != '!' && net_parse_network(pattern, &n) == 0)
		return net_contains(&n, a) ? MATCH_YES : MATCH_NO;
	if (strchr(pattern, '/') != NULL || pattern[0] == '!')
		return MATCH_ERROR;
	return match_pattern(net_print(a, text), pattern, MATCH_NOCASE) ?
	    MATCH_YES :
	    MATCH_NO;
}

enum match
match_host_list(const char *host, const struct net_address *a, const char *list)
{
	enum match result = MATCH_NO, next, hit;
	struct entry e;

	while ((next = next_entry(&list, &e)) == MATCH_YES) {
		if ((hit = match_address(a, e.pattern)) == MATCH_ERROR)
			return MATCH_ERROR;
		if (hit == MATCH_NO && host != NULL &&
		    match_pattern(host, e.pattern, MATCH_NOCASE))
			hit = MATCH_YES;
		if (hit == MATCH_NO)
			continue;
		if (e.negated)
			result = MATCH_NEGATED;
		else if (result == MATCH_NO)
			result = MATCH_YES;
	}
	return next == MATCH_ERROR ? MATCH_ERROR : result;
}

enum match
match_address_list(const struct net_address *a, const char *list)
{
	return match_host_list(NULL, a, list);
}

int
match_check_host_list(const char *list)
{
	const struct net_address none = {0};

	return match_host_list(NULL, &none, list) == MATCH_ERROR ? E_FORMAT : 0;
}
