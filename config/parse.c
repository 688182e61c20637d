/*
 * Times, sizes, networks, chains, targets and time windows, from their text.
 * For the loader, and for what authorized_keys adds to a decision.  The text
 * is the administrator's, or in a decision's case the user's: bounded, and
 * judged whole.
 */
#include "config/parse.h"
#include "config/policy/channel.h"
#include "lib/err.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Decimal digits from *text on, without sign or leading blanks. */
static bool
take_number(const char **text, uint64_t *value)
{
	const char *p = *text;
	uint64_t n = 0;

	if (!isdigit((unsigned char)*p))
		return false;
	for (; isdigit((unsigned char)*p); p++) {
		if (n > (UINT64_MAX - 9) / 10)
			return false;
		n = n * 10 + (uint64_t)(*p - '0');
	}
	*text = p;
	*value = n;
	return true;
}

/* A number with a unit from the list; factor 1 stands for no unit. */
struct unit {
	char letter;
	uint64_t factor;
};

static bool
take_unit(
    const char **text, const struct unit *list, size_t count, uint64_t *factor)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (tolower((unsigned char)**text) != list[i].letter)
			continue;
		(*text)++;
		*factor = list[i].factor;
		return true;
	}
	return false;
}

const char *
parse_time(const char *text, uint64_t *seconds)
{
	static const struct unit units[] = {
	    {'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
	static const char bad[] = "not a time; seconds, or like \"1h30m\" "
				  "(units s m h d w)";
	uint64_t total = 0, number, factor;

	if (*text == '\0')
		return bad;
	while (*text != '\0') {
		if (!take_number(&text, &number))
			return bad;
		factor = 1;
		if (*text != '\0' && !take_unit(&text, units, 5, &factor))
			return bad;
		if (number > UINT32_MAX || total > UINT32_MAX)
			return bad;
		total += number * factor;
	}
	*seconds = total;
	return NULL;
}

#define GRACE_MAX (7 * 86400)

const char *
parse_grace(const char *text, uint64_t *seconds)
{
	static const char bad[] = "not one of \"close\", \"ignore\", or a time "
				  "such as \"grace 5m\"";
	uint64_t time;

	if (strcmp(text, "close") == 0)
		*seconds = 0;
	else if (strcmp(text, "ignore") == 0)
		*seconds = CONFIG_NONE;
	else if (strncmp(text, "grace ", 6) != 0 ||
	    parse_time(&text[6], &time) != NULL || time == 0 ||
	    time > GRACE_MAX)
		return bad;
	else
		*seconds = time;
	return NULL;
}

const char *
parse_size(const char *text, uint64_t *bytes)
{
	static const struct unit units[] = {{'k', 1ULL << 10},
	    {'m', 1ULL << 20}, {'g', 1ULL << 30}, {'t', 1ULL << 40}};
	static const char bad[] = "not a size; bytes, or like \"64K\", \"1G\"";
	uint64_t number, factor = 1;

	if (!take_number(&text, &number))
		return bad;
	if (*text != '\0' && !take_unit(&text, units, 4, &factor))
		return bad;
	if (*text != '\0' || number > UINT64_MAX / factor)
		return bad;
	*bytes = number * factor;
	return NULL;
}

const char *
parse_mode(const char *text, uint32_t *mode)
{
	uint32_t value = 0;
	size_t i, len = strlen(text);

	if (len == 0 || len > 5)
		return "not a mode; octal digits, like \"0755\"";
	for (i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '7')
			return "not a mode; octal digits, like \"0755\"";
		value = value << 3 | (uint32_t)(text[i] - '0');
	}
	if (value > 07777)
		return "not a mode; octal digits, like \"0755\"";
	*mode = value;
	return NULL;
}

const char *
parse_network(const char *text, struct net_network *network)
{
	switch (net_parse_network(text, network)) {
	case 0:
		return NULL;
	case E_VALUE:
		return "prefix length too long, or bits set after the prefix";
	default:
		return "not a network; like \"10.0.0.0/8\" or "
		       "\"2001:db8::/32\", ! in front to exclude";
	}
}

const char *
parse_login(const char *text)
{
	const char *at = strrchr(text, '@'), *fault = NULL;
	struct net_network network;
	char one[NET_TEXT_MAX + 8];
	size_t len;

	if (*text == '\0' || at == text || strlen(text) > 1024)
		return "not a user; like \"bob\" or \"ann@10.0.0.0/8\"";
	if (text[0] == '!')
		return "an entry excludes by deny_users, not by !";
	while (at != NULL && fault == NULL) {
		len = strcspn(at + 1, ",");
		if (len >= sizeof(one))
			return "not a network";
		memcpy(one, at + 1, len);
		one[len] = '\0';
		fault = parse_network(one, &network);
		at = at[1 + len] == ',' ? at + 1 + len : NULL;
	}
	return fault;
}

const char *
parse_group(const char *text)
{
	if (*text == '\0' || strlen(text) > 1024)
		return "not a group; like \"staff\" or \"adm-*\"";
	return text[0] == '!' ? "an entry excludes by deny_groups, not by !" :
				NULL;
}

const char *
parse_uids(const char *text, struct uid_range *range)
{
	static const char bad[] = "not a uid or range; like \"1000\" or "
				  "\"1000-60000\"";
	uint64_t first, last;

	if (!take_number(&text, &first))
		return bad;
	last = first;
	if (*text == '-') {
		text++;
		if (!take_number(&text, &last))
			return bad;
	}
	if (*text != '\0' || last >= UINT32_MAX || first > last)
		return bad;
	range->first = (uid_t)first;
	range->last = (uid_t)last;
	return NULL;
}

static bool
is_word_of(const char *text, size_t len, const char *more, size_t max)
{
	size_t i;

	if (len == 0 || len > max)
		return false;
	for (i = 0; i < len; i++) {
		if (!isalnum((unsigned char)text[i]) &&
		    (text[i] == '\0' || strchr(more, text[i]) == NULL))
			return false;
	}
	return true;
}

static bool
is_word(const char *text, size_t len, const char *more)
{
	return is_word_of(text, len, more, CONFIG_NAME_MAX);
}

const char *
parse_name(const char *text)
{
	if (!is_word(text, strlen(text), "._-@"))
		return "not a name; letters, digits and . _ - @, at most 63";
	return NULL;
}

/* One step: method[:module[/service]]. */
static const char *
parse_step(
    struct arena *arena, const char *text, size_t len, struct chain_step *step)
{
	const char *colon = memchr(text, ':', len), *slash;
	size_t method_len = colon != NULL ? (size_t)(colon - text) : len;

	if (!is_word(text, method_len, "._-@"))
		return "not a chain; methods with commas between, each "
		       "method, method:module or method:module/service";
	step->method = arena_strndup(arena, text, method_len);
	if (colon == NULL)
		return NULL;
	len -= method_len + 1;
	slash = memchr(colon + 1, '/', len);
	method_len = slash != NULL ? (size_t)(slash - colon - 1) : len;
	if (!is_word(colon + 1, method_len, "._-"))
		return "not a module's name after the colon of a step";
	step->module = arena_strndup(arena, colon + 1, method_len);
	if (slash == NULL)
		return NULL;
	len -= method_len + 1;
	if (!is_word(slash + 1, len, "._-"))
		return "not a service's name after the slash of a step";
	step->service = arena_strndup(arena, slash + 1, len);
	return NULL;
}

const char *
parse_chain(struct arena *arena, const char *text, struct chain *chain)
{
	struct chain_step steps[8];
	const char *end, *wrong;
	size_t count = 0;

	memset(steps, 0, sizeof(steps));
	chain->text = arena_strdup(arena, text);
	for (;; text = end + 1) {
		if (count == 8)
			return "a chain has at most 8 steps";
		end = strchrnul(text, ',');
		wrong = parse_step(
		    arena, text, (size_t)(end - text), &steps[count]);
		if (wrong != NULL)
			return wrong;
		if (strcmp(steps[count].method, "none") == 0)
			return "the method none authenticates nobody";
		count++;
		if (*end == '\0')
			break;
	}
	chain->steps = arena_array(arena, count, sizeof(*chain->steps));
	memcpy(chain->steps, steps, count * sizeof(steps[0]));
	chain->count = count;
	return NULL;
}

static bool
parse_ports(const char *text, struct target *target)
{
	uint64_t first, last;

	if (strcmp(text, "*") == 0) {
		target->port_first = 0;
		target->port_last = UINT16_MAX;
		return true;
	}
	if (!take_number(&text, &first))
		return false;
	last = first;
	if (*text == '-') {
		text++;
		if (!take_number(&text, &last))
			return false;
	}
	if (*text != '\0' || first > last || last > UINT16_MAX)
		return false;
	target->port_first = (uint16_t)first;
	target->port_last = (uint16_t)last;
	return true;
}

/* The text before the last colon, without brackets; NULL: not a host. */
static char *
parse_host(struct arena *arena, const char *text, const char *colon)
{
	const char *close;
	char *host;

	if (text[0] == '[') {
		close = strchr(text, ']');
		if (close == NULL || close > colon)
			return NULL;
		host = arena_printf(arena, "%.*s%.*s", (int)(close - text - 1),
		    text + 1, (int)(colon - close - 1), close + 1);
	} else {
		host = arena_strndup(arena, text, (size_t)(colon - text));
	}
	if (*host == '\0' || *host == '!' || strpbrk(host, " \t,\"") != NULL ||
	    strlen(host) > 255)
		return NULL;
	return host;
}

/* Set the kind of a target from its host; NULL, or the fault. */
static const char *
classify_host(struct target *target)
{
	const char *host = target->host;

	if (strspn(host, "*") == strlen(host)) {
		target->kind = TARGET_ANY;
		return NULL;
	}
	if (net_parse_network(host, &target->network) == 0) {
		target->kind = TARGET_NETWORK;
		target->host = NULL;
		return NULL;
	}
	if (strpbrk(host, "/[]:") != NULL)
		return "not a host, an address or a network before the port";
	target->kind = TARGET_NAME;
	if (strspn(host, "0123456789.*?") == strlen(host)) {
		target->kind = TARGET_ADDRESS;
		if (strpbrk(host, "*?") == NULL)
			return "no address: an IPv4 address has four numbers";
	}
	return NULL;
}

const char *
parse_target(struct arena *arena, const char *text, struct target *target)
{
	static const char bad[] =
	    "not a target; like \"host:22\", "
	    "\"10.0.0.0/8:*\", \"[2001:db8::]/32:443\", \"*:1-1023\"";
	bool typed = text[0] == '=';
	const char *host = &text[typed], *colon = strrchr(host, ':');

	memset(target, 0, sizeof(*target));
	if (colon == NULL || colon == host || !parse_ports(colon + 1, target))
		return bad;
	target->text = arena_strdup(arena, text);
	target->host = parse_host(arena, host, colon);
	if (target->host == NULL)
		return bad;
	if (*host != '[' && strchr(target->host, ':') != NULL)
		return "an IPv6 address stands in brackets: "
		       "\"[2001:db8::1]:443\"";
	if (!typed)
		return classify_host(target);
	target->kind = TARGET_TYPED;
	return NULL;
}

static bool
take_clock(const char **text, unsigned *minutes)
{
	uint64_t hours, mins;

	if (!take_number(text, &hours) || **text != ':')
		return false;
	(*text)++;
	if (!isdigit((unsigned char)(*text)[0]) ||
	    !isdigit((unsigned char)(*text)[1]) || !take_number(text, &mins))
		return false;
	if (mins > 59 || hours > 24 || (hours == 24 && mins != 0))
		return false;
	*minutes = (unsigned)(hours * 60 + mins);
	return true;
}

static int
take_day(const char **text)
{
	static const char names[7][4] = {
	    "sun", "mon", "tue", "wed", "thu", "fri", "sat"};
	int i;

	for (i = 0; i < 7; i++) {
		if (strncasecmp(*text, names[i], 3) == 0) {
			*text += 3;
			return i;
		}
	}
	return -1;
}

/* "mon-fri,sun"; nothing at all means every day. */
static bool
take_days(const char **text, unsigned *days)
{
	int first, last;

	*days = 0;
	if (isdigit((unsigned char)**text)) {
		*days = 0x7f;
		return true;
	}
	for (;; (*text)++) {
		if ((first = take_day(text)) < 0)
			return false;
		last = first;
		if (**text == '-') {
			(*text)++;
			if ((last = take_day(text)) < 0)
				return false;
		}
		for (*days |= 1U << first; first != last;) {
			first = (first + 1) % 7;
			*days |= 1U << first;
		}
		if (**text != ',')
			break;
	}
	return **text == ' ' || **text == '\0';
}

static const char *
skip_blanks(const char *text)
{
	while (*text == ' ')
		text++;
	return text;
}

static bool
is_zone(const char *text)
{
	return is_word(text, strlen(text), "/_+-") && text[0] != '/' &&
	    strstr(text, "..") == NULL;
}

const char *
parse_window(struct arena *arena, const char *text, struct time_window *window)
{
	static const char bad[] =
	    "not a time window; like \"08:00-18:00\", "
	    "\"mon-fri 22:00-06:00\", \"sat,sun 00:00-24:00 Europe/Berlin\"";

	window->text = arena_strdup(arena, text);
	if (!take_days(&text, &window->days))
		return bad;
	text = skip_blanks(text);
	window->first = 0;
	window->last = 24 * 60;
	if (isdigit((unsigned char)*text)) {
		if (!take_clock(&text, &window->first) || *text++ != '-' ||
		    !take_clock(&text, &window->last))
			return bad;
		if (window->first >= 24 * 60 || window->first == window->last)
			return "a time window begins before 24:00, and does "
			       "not end when it begins";
		if (*text != ' ' && *text != '\0')
			return bad;
	}
	text = skip_blanks(text);
	if (*text == '\0')
		return NULL;
	if (!is_zone(text))
		return bad;
	window->zone = arena_strdup(arena, text);
	return NULL;
}

const char *
parse_channel(
    struct arena *arena, const char *text, struct channel_timeout *timeout)
{
	static const char bad[] = "not a channel time-out; like "
				  "\"direct-tcpip=10m\", \"session:*=1h\"";
	const char *equals = strrchr(text, '=');
	uint64_t seconds;

	if (equals == NULL ||
	    !is_word_of(text, (size_t)(equals - text), "._-@:*?",
		CONFIG_CHANNEL_KIND_MAX))
		return bad;
	timeout->kind = arena_strndup(arena, text, (size_t)(equals - text));
	if (!channel_kind_exists(timeout->kind))
		return "no kind of channel; like \"direct-tcpip=10m\", "
		       "\"session:*=1h\"";
	if (parse_time(equals + 1, &seconds) != NULL || seconds >= UINT32_MAX)
		return bad;
	timeout->seconds = (uint32_t)seconds;
	return NULL;
}

const char *
parse_assignment(const char *text)
{
	const char *equals = strchr(text, '=');
	size_t i;

	if (equals == NULL || equals == text)
		return "not an assignment; NAME=value";
	for (i = 0; text + i < equals; i++) {
		if (!isalpha((unsigned char)text[i]) && text[i] != '_' &&
		    (i == 0 || !isdigit((unsigned char)text[i])))
			return "not a variable's name; letters, digits, _";
	}
	return NULL;
}

/* 32 bytes in base64, without the "=" that ssh-keygen leaves out. */
#define FINGERPRINT_LENGTH 43

const char *
parse_fingerprint(const char *text)
{
	if (strcmp(text, "*") != 0 &&
	    (strncmp(text, "SHA256:", 7) != 0 ||
		strlen(&text[7]) != FINGERPRINT_LENGTH ||
		!is_word(&text[7], FINGERPRINT_LENGTH, "+/")))
		return "not a fingerprint; \"SHA256:...\" as ssh-keygen -l "
		       "prints it";
	return NULL;
}

const char *
parse_log_target(const char *text)
{
	static const char *const words[] = {
	    "system", "journal", "syslog", "stderr"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(text, words[i]) == 0)
			return NULL;
	return "not a log target; system, journal, syslog, stderr, or /a/file";
}
