/*
 * Key options: name, no-name, name="value", separated by commas.  They are
 * users' text, parsed in the monitor: what is not understood whole grants
 * nothing.
 */
#include "lib/ssh/authorized_keys.h"

#include "lib/err.h"
#include "lib/match.h"
#include "lib/mem.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define NAME_SIZE  64
#define TUNNEL_MAX 0x7ffffffdu
#define PORT_MAX   65535

/* Where we are in the text, and where a reason goes. */
struct cursor {
	const char *at;
	const char *end;
	char *why;
	size_t size;
};

typedef int take_value(struct key_options *o, char *value, struct cursor *c);

static int
refuse(struct cursor *c, const char *what)
{
	snprintf(c->why, c->size, "%s", what);
	return E_FORMAT;
}

static void
append(char ***list, size_t *count, char *text)
{
	*list = mem_grow(*list, *count + 1, sizeof(char *));
	(*list)[(*count)++] = text;
}

/* Each take_ function gets a value that it owns from then on. */

static int
take_command(struct key_options *o, char *value, struct cursor *c)
{
	if (o->command != NULL) {
		free(value);
		return refuse(c, "more than one command");
	}
	o->command = value;
	return 0;
}

static int
take_from(struct key_options *o, char *value, struct cursor *c)
{
	if (o->from_count != 0 || value[0] == '\0' ||
	    match_check_host_list(value) != 0) {
		free(value);
		return refuse(c,
		    o->from_count != 0 ? "more than one from" :
					 "malformed from");
	}
	append(&o->from, &o->from_count, value);
	return 0;
}

static int
take_principals(struct key_options *o, char *value, struct cursor *c)
{
	if (o->principals != NULL || value[0] == '\0') {
		free(value);
		return refuse(c, "more than one, or empty, principals");
	}
	o->principals = value;
	return 0;
}

static bool
is_variable(const char *value)
{
	size_t len = strspn(value,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789_");

	return len != 0 && value[len] == '=';
}

static bool
has_variable(const struct key_options *o, const char *value)
{
	size_t len = strcspn(value, "=") + 1;

	for (size_t i = 0; i < o->environment_count; i++)
		if (strncmp(o->environment[i], value, len) == 0)
			return true;
	return false;
}

/* The first of a name wins. */
static int
take_environment(struct key_options *o, char *value, struct cursor *c)
{
	bool fine = is_variable(value);

	if (fine && has_variable(o, value)) {
		free(value);
		return 0;
	}
	if (!fine || o->environment_count == AUTHORIZED_KEYS_ENV_MAX) {
		free(value);
		return refuse(c, "malformed, or too much, environment");
	}
	append(&o->environment, &o->environment_count, value);
	return 0;
}

static bool
is_port(const char *text)
{
	unsigned long port = 0;

	if (strcmp(text, "*") == 0)
		return true;
	for (const char *p = text; *p != '\0'; p++) {
		if (*p < '0' || *p > '9' || p - text == 5)
			return false;
		port = port * 10 + (unsigned long)(*p - '0');
	}
	return port >= 1 && port <= PORT_MAX;
}

/*
 * host:port, [host]:port, and for listeners a bare port; as "host:port" with
 * brackets around what holds colons.  NULL when malformed.
 */
static char *
normal_target(const char *value, bool bare_port)
{
	const char *host = value, *port;
	size_t len;

	if (bare_port && is_port(value))
		return mem_printf("*:%s", value);
	if (value[0] == '[') {
		host = &value[1];
		len = strcspn(host, "]");
		if (host[len] != ']' || host[len + 1] != ':')
			return NULL;
		port = &host[len + 2];
	} else {
		len = strcspn(host, ":");
		if (host[len] != ':')
			return NULL;
		port = &host[len + 1];
	}
	if (len == 0 || strcspn(host, " \t,[") < len || !is_port(port))
		return NULL;
	if (memchr(host, ':', len) != NULL)
		return mem_printf("[%.*s]:%s", (int)len, host, port);
	return mem_printf("%.*s:%s", (int)len, host, port);
}

static int
take_target(
    char ***list, size_t *count, char *value, bool bare_port, struct cursor *c)
{
	char *target = normal_target(value, bare_port);

	free(value);
	if (target == NULL)
		return refuse(c, "malformed host:port");
	if (*count == AUTHORIZED_KEYS_LIST_MAX) {
		free(target);
		return refuse(c, "too many permitted hosts and ports");
	}
	append(list, count, target);
	return 0;
}

static int
take_permitopen(struct key_options *o, char *value, struct cursor *c)
{
	return take_target(
	    &o->permit_open, &o->permit_open_count, value, false, c);
}

static int
take_permitlisten(struct key_options *o, char *value, struct cursor *c)
{
	return take_target(
	    &o->permit_listen, &o->permit_listen_count, value, true, c);
}

/* A tunnel option gives back what `restrict` took, for that unit alone. */
static int
take_tunnel(struct key_options *o, char *value, struct cursor *c)
{
	unsigned long unit = 0;
	bool digits =
	    value[0] != '\0' && strspn(value, "0123456789") == strlen(value);

	if (strcasecmp(value, "any") == 0)
		unit = AUTHORIZED_KEYS_TUNNEL_ANY;
	else if (!digits || strlen(value) > 10 ||
	    (unit = strtoul(value, NULL, 10)) > TUNNEL_MAX) {
		free(value);
		return refuse(c, "malformed tunnel");
	}
	free(value);
	o->tunnel = (uint32_t)unit;
	o->tun = true;
	return 0;
}

/* Two digits of text, which the caller has counted. */
static int
two_digits(const char *text)
{
	return (text[0] - '0') * 10 + text[1] - '0';
}

/* YYYYMMDD[HHMM[SS]][Z]; without Z it is local time.  0: malformed. */
static uint64_t
parse_time(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	bool utc = strcasecmp(&text[digits], "Z") == 0;
	struct tm tm = {0}, seen;
	time_t t;

	if ((!utc && text[digits] != '\0') ||
	    (digits != 8 && digits != 12 && digits != 14))
		return 0;
	tm.tm_year = two_digits(text) * 100 + two_digits(&text[2]) - 1900;
	tm.tm_mon = two_digits(&text[4]) - 1;
	tm.tm_mday = two_digits(&text[6]);
	if (digits >= 12) {
		tm.tm_hour = two_digits(&text[8]);
		tm.tm_min = two_digits(&text[10]);
	}
	if (digits == 14)
		tm.tm_sec = two_digits(&text[12]);
	tm.tm_isdst = utc ? 0 : -1;
	seen = tm;
	t = utc ? timegm(&seen) : mktime(&seen);
	/* 30 February becomes 2 March, 25 o'clock the next day: not here. */
	if (t <= 0 || seen.tm_year != tm.tm_year || seen.tm_mon != tm.tm_mon ||
	    seen.tm_mday != tm.tm_mday || tm.tm_hour > 23 || tm.tm_min > 59 ||
	    tm.tm_sec > 59)
		return 0;
	return (uint64_t)t;
}

/* If the option is repeated, the earliest time counts. */
static int
take_expiry(struct key_options *o, char *value, struct cursor *c)
{
	uint64_t when = parse_time(value);

	free(value);
	if (when == 0)
		return refuse(c, "malformed expiry-time");
	if (o->expires == 0 || when < o->expires)
		o->expires = when;
	return 0;
}

static const struct {
	const char *name;
	take_value *take;
} values[] = {
    {"command", take_command},
    {"environment", take_environment},
    {"expiry-time", take_expiry},
    {"from", take_from},
    {"permitlisten", take_permitlisten},
    {"permitopen", take_permitopen},
    {"principals", take_principals},
    {"tunnel", take_tunnel},
};

/* Not every grant has a name to give it, or to take it, by. */
static bool
is_option(const char *name, const char *option)
{
	return option != NULL && strcasecmp(name, option) == 0;
}

/* The grants, from the one table, and what else is a flag. */
static bool
take_flag(struct key_options *o, const char *name)
{
#define TAKE_GRANT(member, allow, forbid, extension)             \
	if (is_option(name, allow) || is_option(name, forbid)) { \
		o->member = is_option(name, allow);              \
		return true;                                     \
	}
	KEY_GRANT_LIST(TAKE_GRANT)
#undef TAKE_GRANT
	if (strcasecmp(name, "restrict") == 0) {
#define CLEAR_GRANT(member, allow, forbid, extension) o->member = false;
		KEY_GRANT_LIST(CLEAR_GRANT)
#undef CLEAR_GRANT
		o->restricted = true;
	} else if (strcasecmp(name, "cert-authority") == 0)
		o->cert_authority = true;
	else if (strcasecmp(name, "verify-required") == 0)
		o->verify_required = true;
	else if (strcasecmp(name, "no-verify-required") == 0)
		o->verify_required = false;
	else if (strcasecmp(name, "no-touch-required") == 0)
		o->no_touch_required = true;
	else if (strcasecmp(name, "touch-required") == 0)
		o->no_touch_required = false;
	else
		return false;
	return true;
}

/* The text between quotes; \" is a quote, and no other escape exists. */
static char *
next_value(struct cursor *c)
{
	char *value = mem_alloc((size_t)(c->end - c->at) + 1);
	size_t len = 0;

	if (c->at == c->end || *c->at != '"')
		goto bad;
	for (c->at++; c->at < c->end && *c->at != '"'; c->at++) {
		if (*c->at == '\\' && c->end - c->at > 1 && c->at[1] == '"')
			c->at++;
		value[len++] = *c->at;
	}
	if (c->at == c->end)
		goto bad;
	c->at++;
	value[len] = '\0';
	return value;
bad:
	free(value);
	return NULL;
}

static int
refuse_option(struct cursor *c, const char *what, const char *name)
{
	snprintf(c->why, c->size, "%s option \"%s\"", what, name);
	return E_FORMAT;
}

static int
parse_valued(struct key_options *o, const char *name, struct cursor *c)
{
	char *value;

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		if (strcasecmp(name, values[i].name) != 0)
			continue;
		if ((value = next_value(c)) == NULL)
			return refuse_option(c, "no quoted value after", name);
		return values[i].take(o, value, c);
	}
	return refuse_option(c, "unknown", name);
}

static int
parse_option(struct key_options *o, struct cursor *c)
{
	char name[NAME_SIZE];
	size_t len = 0;

	while (&c->at[len] < c->end && c->at[len] != ',' && c->at[len] != '=')
		len++;
	snprintf(name, sizeof(name), "%.*s",
	    (int)(len < NAME_SIZE ? len : NAME_SIZE), c->at);
	if (len >= NAME_SIZE || memchr(c->at, '\0', len) != NULL)
		return refuse_option(c, "unknown", name);
	c->at += len;
	if (c->at < c->end && *c->at == '=') {
		c->at++;
		return parse_valued(o, name, c);
	}
	if (!take_flag(o, name))
		return refuse_option(c, "unknown", name);
	return 0;
}

static int
parse_all(struct key_options *o, struct cursor *c)
{
	int err;

	while (c->at < c->end) {
		if ((err = parse_option(o, c)) != 0)
			return err;
		if (c->at == c->end)
			return 0;
		if (*c->at != ',')
			return refuse(c, "no comma between options");
		c->at++;
		if (c->at == c->end)
			return refuse(c, "comma behind the last option");
	}
	return 0;
}

int
key_options_parse(const char *text, size_t len, struct key_options *options,
    char *why, size_t size)
{
	struct cursor c = {text, &text[len], why, size};
	int err;

	key_options_init(options);
	if (memchr(text, '\0', len) != NULL)
		return refuse(&c, "a NUL byte in the options");
	if ((err = parse_all(options, &c)) != 0) {
		key_options_free(options);
		key_options_init(options);
	}
	return err;
}
