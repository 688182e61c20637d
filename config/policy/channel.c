/*
 * channel_timeouts on their way to the worker, which alone sees traffic: the
 * monitor prints the lists of every layer, the worker asks what they say of a
 * kind of channel.  Both link this file.
 */
#include "config/policy/channel.h"
#include "lib/match.h"

#include <stdlib.h>
#include <string.h>

/* As the worker names its channels (kind_name, audit of starts). */
static const char *const kinds[] = {"session", "session:shell",
    "session:command", "direct-tcpip", "direct-streamlocal@openssh.com",
    "forwarded-tcpip", "forwarded-streamlocal@openssh.com", "agent-connection",
    "x11-connection", "tun-connection"};
static const char subsystem[] = "session:subsystem:";

bool
channel_kind_exists(const char *pattern)
{
	size_t i;

	if (strcmp(pattern, "global") == 0)
		return true;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (match_pattern(kinds[i], pattern, MATCH_CASE))
			return true;
	}
	/* The names of subsystems are anybody's. */
	i = strcspn(pattern, "*?");
	return strncmp(pattern, subsystem,
		   i < sizeof(subsystem) - 1 ? i : sizeof(subsystem) - 1) ==
	    0 &&
	    (pattern[i] != '\0' || i > sizeof(subsystem) - 1);
}

static void
print_entry(const struct channel_timeout *entry, bool first, struct buf *out)
{
	char seconds[24];

	snprintf(seconds, sizeof(seconds), "=%u", (unsigned)entry->seconds);
	if (!first)
		buf_u8(out, ' ');
	buf_bytes(out, entry->kind, strlen(entry->kind));
	buf_bytes(out, seconds, strlen(seconds));
}

size_t
channel_timeouts_room(const struct channel_timeouts *list)
{
	size_t room = 2, i; /* " &" */

	for (i = 0; i < list->count; i++)
		room += strlen(list->items[i].kind) + sizeof(" =4294967295");
	return room;
}

void
channel_timeouts_print(const struct decision *d, struct buf *out)
{
	const struct layers *layers = &d->layers[GRANT_channel_timeouts];
	size_t i, k;

	for (i = 0; i < layers->count; i++) {
		const struct channel_timeouts *list = layers->items[i].list;

		if (i > 0)
			buf_bytes(out, " &", 2);
		for (k = 0; k < list->count; k++)
			print_entry(&list->items[k], i == 0 && k == 0, out);
	}
}

/* Does "pattern=seconds" (len bytes) speak of this kind? */
static bool
entry_matches(
    const char *entry, size_t len, const char *kind, uint32_t *seconds)
{
	char pattern[CONFIG_CHANNEL_KIND_MAX + 1];
	const char *equals = memchr(entry, '=', len);
	size_t n = equals == NULL ? 0 : (size_t)(equals - entry);

	if (n == 0 || n >= sizeof(pattern))
		return false;
	memcpy(pattern, entry, n);
	pattern[n] = '\0';
	/* "global" is a clock of its own, not a pattern. */
	if (strcmp(pattern, "global") == 0 || strcmp(kind, "global") == 0 ?
		strcmp(pattern, kind) != 0 :
		!match_pattern(kind, pattern, MATCH_CASE))
		return false;
	*seconds = (uint32_t)strtoul(&equals[1], NULL, 10);
	return true;
}

uint32_t
channel_timeouts_least(const char *text, const char *kind)
{
	uint32_t least = CONFIG_NONE, seconds;
	const char *p = text;
	bool found = false;

	while (*(p += strspn(p, " ")) != '\0') {
		size_t len = strcspn(p, " ");

		if (len == 1 && *p == '&') {
			found = false;
		} else if (!found && entry_matches(p, len, kind, &seconds)) {
			found = true; /* 0: never, whatever follows */
			if (seconds != 0 && seconds < least)
				least = seconds;
		}
		p += len;
	}
	return least;
}
