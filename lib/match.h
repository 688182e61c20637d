/*
 * Wildcard patterns and pattern lists as OpenSSH's files have them (ssh_config
 * PATTERNS, from="" in authorized_keys).  No pattern takes more than
 * text length times pattern length steps; both are bounded.
 */
#ifndef LIB_MATCH_H
#define LIB_MATCH_H

#include "lib/net.h"

#include <stdbool.h>
#include <stddef.h>

#define MATCH_TEXT_MAX	  4096 /* longer texts match nothing */
#define MATCH_PATTERN_MAX 1024 /* longer patterns are an error */

enum match {
	MATCH_ERROR = -2, /* the list is malformed: refuse */
	MATCH_NEGATED = -1, /* a pattern with '!' matched: refuse */
	MATCH_NO = 0,
	MATCH_YES = 1,
};

enum match_flags {
	MATCH_CASE = 0, /* byte for byte */
	MATCH_NOCASE = 1, /* ASCII letters alike: host names */
};

/* '*' any bytes, '?' one byte.  False if too long. */
bool match_pattern(const char *text, const char *pattern, unsigned flags);

/*
 * A comma separated list; '!' negates.  A negated match anywhere in the list
 * wins over any other.  Empty entries match nothing; a lone '!' or an overlong
 * pattern is MATCH_ERROR.
 */
enum match match_list(const char *text, const char *list, unsigned flags);

/*
 * from="": patterns for the host name (lower case, may be NULL) and for the
 * printed address, and CIDR networks, in one list.  An entry with a '/' that
 * is no network is MATCH_ERROR.
 */
enum match match_host_list(
    const char *host, const struct net_address *a, const char *list);

/* A list of addresses, CIDR networks and wildcards for addresses alone. */
enum match match_address_list(const struct net_address *a, const char *list);

/* 0 if each entry could stand in match_host_list, else E_FORMAT. */
int match_check_host_list(const char *list);

#endif
