/*
 * Questions to the schema, and the nearest name for one that is not in it.
 * For the loader, show, check, import and sallyportctl.
 */
#include "config/options.h"

#include <ctype.h>
#include <string.h>

#define NEAREST_LEN_MAX 48

const struct option *
option_find(enum option_section section, const char *name)
{
	size_t i;

	for (i = 0; i < option_count; i++) {
		if (options[i].section == section &&
		    strcmp(options[i].name, name) == 0)
			return &options[i];
	}
	return NULL;
}

bool
option_is_group(enum option_section section, const char *name)
{
	size_t i, len = strlen(name);

	for (i = 0; i < option_count; i++) {
		if (options[i].section == section &&
		    strncmp(options[i].name, name, len) == 0 &&
		    options[i].name[len] == '.')
			return true;
	}
	return false;
}

const struct option *
option_of_grant(enum grant grant)
{
	/* the table ends with their rows; a test walks all grants */
	return &options[option_count - GRANT_COUNT + grant];
}

size_t
word_distance(const char *a, const char *b)
{
	size_t row[NEAREST_LEN_MAX + 1], i, j, above, diagonal, best;
	size_t a_len = strlen(a), b_len = strlen(b);

	if (a_len > NEAREST_LEN_MAX || b_len > NEAREST_LEN_MAX)
		return SIZE_MAX;
	for (j = 0; j <= b_len; j++)
		row[j] = j;
	for (i = 1; i <= a_len; i++) {
		diagonal = row[0];
		row[0] = i;
		for (j = 1; j <= b_len; j++) {
			above = row[j];
			best = diagonal +
			    (tolower((unsigned char)a[i - 1]) !=
				tolower((unsigned char)b[j - 1]));
			if (above + 1 < best)
				best = above + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
			diagonal = above;
		}
	}
	return row[b_len];
}

/* Is candidate nearer than *best?  A third of the letters may be wrong. */
static bool
is_nearer(const char *name, const char *candidate, size_t *best)
{
	size_t len = strlen(name), other = strlen(candidate);
	size_t far = word_distance(name, candidate);

	if (far >= *best || far * 3 > (len > other ? len : other) + 1)
		return false;
	*best = far;
	return true;
}

const char *
option_nearest(enum option_section section, const char *name)
{
	const char *nearest = NULL, *last, *dot;
	size_t i, best = NEAREST_LEN_MAX;

	for (i = 0; i < option_count; i++) {
		if (options[i].section != section)
			continue;
		if (is_nearer(name, options[i].name, &best))
			nearest = options[i].name;
	}
	/* The right key in the wrong group: compare the last parts. */
	last = strrchr(name, '.') != NULL ? strrchr(name, '.') + 1 : name;
	for (i = 0; i < option_count && nearest == NULL; i++) {
		if (options[i].section != section)
			continue;
		dot = strrchr(options[i].name, '.');
		if (strcmp(dot != NULL ? dot + 1 : options[i].name, last) == 0)
			nearest = options[i].name;
	}
	return nearest;
}

/* Words that people try, and that resemble nothing of ours. */
const char *
option_hint(const char *name)
{
	static const struct {
		const char *name, *hint;
	} hints[] = {
	    {"forwarding", "local_forward\", \"remote_forward"},
	    {"port_forwarding", "local_forward\", \"remote_forward"},
	    {"tcp_forwarding", "local_forward\", \"remote_forward"},
	    {"allow_tcp_forwarding", "local_forward\", \"remote_forward"},
	    {"permit_open", "local_forward"},
	    {"permit_listen", "remote_forward"},
	    {"x11_forwarding", "x11"},
	    {"agent_forwarding", "agent"},
	    {"force_command", "command"},
	    {"chroot_directory", "chroot"},
	    {"permit_root_login", "root_login"},
	    {"authentication_methods", "methods"},
	};

	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (strcmp(name, hints[i].name) == 0)
			return hints[i].hint;
	return NULL;
}

const char *
word_nearest(const char *name, const char *const *words, size_t count)
{
	const char *nearest = NULL;
	size_t i, best = NEAREST_LEN_MAX;

	for (i = 0; i < count; i++) {
		/* A name without its domain is nearer than any slip. */
		if (strncmp(words[i], name, strlen(name)) == 0 &&
		    words[i][strlen(name)] == '@')
			return words[i];
		if (is_nearer(name, words[i], &best))
			nearest = words[i];
	}
	return nearest;
}

#define TARGETS_LOG_TEXT "list of system, journal, syslog, stderr, file names"

void
option_print_number(FILE *out, const struct option *option, uint32_t value)
{
	bool grace = option->type == OPTION_GRACE;

	if (value == CONFIG_NONE && (option->flags & OPTION_NONE_OK) != 0)
		fputs("\"none\"", out);
	else if (option->type == OPTION_MODE)
		fprintf(out, "\"%04o\"", value);
	else if (grace && (value == 0 || value == CONFIG_NONE))
		fputs(value == 0 ? "\"close\"" : "\"ignore\"", out);
	else
		fprintf(out, grace ? "\"grace %u\"" : "%u", value);
}

const char *
option_type_text(enum option_type type)
{
	static const char *const texts[] = {
	    [OPTION_BOOL] = "true or false",
	    [OPTION_NUMBER] = "number",
	    [OPTION_PORT] = "port number",
	    [OPTION_TIME] = "time: seconds, or a string like \"1h30m\"",
	    [OPTION_GRACE] = "\"close\", \"grace TIME\" or \"ignore\"",
	    [OPTION_SIZE] = "size: bytes, or a string like \"1G\"",
	    [OPTION_SIZE32] = "size: bytes, or a string like \"1M\"",
	    [OPTION_CHOICE] = "one word of a list",
	    [OPTION_MODE] = "octal mode as a string, \"0027\"",
	    [OPTION_STRING] = "string",
	    [OPTION_NAME] = "name: letters, digits and . _ -",
	    [OPTION_PATH] = "absolute path",
	    [OPTION_HOME_PATH] = "path, absolute or beginning with %h",
	    [OPTION_ADDRESS] = "numeric address, or \"*\"",
	    [OPTION_STRINGS] = "list of strings",
	    [OPTION_PATHS] = "list of absolute paths",
	    [OPTION_ALGORITHMS] = "list of algorithm names",
	    [OPTION_TARGETS_LOG] = TARGETS_LOG_TEXT,
	    [OPTION_SETENV] = "list of NAME=value strings",
	    [OPTION_COMMANDS] = "list of NAME=command strings",
	    [OPTION_LOGINS] = "list of USER or USER@NETWORKS strings",
	    [OPTION_GROUPS] = "list of group patterns",
	    [OPTION_FINGERPRINTS] = "list of SHA256 fingerprints",
	    [OPTION_NETWORKS] = "list of networks",
	    [OPTION_UIDS] = "list of uids and ranges",
	    [OPTION_CHAIN] = "chain of methods, one string",
	    [OPTION_CHAINS] = "list of chains of methods",
	    [OPTION_TARGETS] = "list of host:port strings",
	    [OPTION_TIMES] = "list of time windows",
	    [OPTION_CHANNELS] = "list of kind=time strings",
	    [OPTION_PAIRS] = "group of the module's own keys",
	    [OPTION_LIST] = "list of groups",
	};

	return texts[type];
}

const char *
tighten_text(enum tighten tighten)
{
	static const char *const texts[TIGHTEN_COUNT] = {
	    [TIGHTEN_NEVER] = "not in guards",
	    [TIGHTEN_TRUE] = "true wins",
	    [TIGHTEN_FALSE] = "false wins",
	    [TIGHTEN_SMALLER] = "the smaller wins",
	    [TIGHTEN_LARGER] = "the larger wins",
	    [TIGHTEN_BITS_OR] = "bits of both",
	    [TIGHTEN_BITS_AND] = "bits common to both",
	    [TIGHTEN_LAYER] = "every list must allow",
	    [TIGHTEN_SAME] = "another value refuses the login",
	    [TIGHTEN_UNSET] = "set where nothing is",
	};

	return texts[tighten];
}
