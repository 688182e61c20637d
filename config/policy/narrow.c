/*
 * The grants of a decision on their way to an open connection's monitor, and
 * at work there.  The judge that writes them and the monitor that reads them
 * run as root; what is read is checked like any other message.
 */
#include "config/policy/narrow.h"

#include "config/arena.h"
#include "config/options.h"
#include "config/parse.h"
#include "config/policy/granted.h"
#include "config/policy/match.h"
#include "lib/err.h"
#include "lib/rd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX 4096

static const enum grant live[] = {GRANT_pty, GRANT_shell, GRANT_exec,
    GRANT_subsystems, GRANT_sftp_only, GRANT_accept_env, GRANT_user_rc,
    GRANT_local_forward, GRANT_remote_forward, GRANT_gateway_ports,
    GRANT_unix_local, GRANT_unix_remote, GRANT_unix_mask, GRANT_unix_unlink,
    GRANT_agent, GRANT_x11, GRANT_tun, GRANT_max_sessions,
    GRANT_max_user_sessions, GRANT_hang_up};
#define LIVE_COUNT (sizeof(live) / sizeof(live[0]))

bool
narrow_is_live(enum grant grant)
{
	for (size_t i = 0; i < LIVE_COUNT; i++)
		if (live[i] == grant)
			return true;
	return false;
}

bool
narrow_is_list(enum grant grant)
{
	return option_of_grant(grant)->tighten == TIGHTEN_LAYER;
}

uint64_t
narrow_number(const struct decision *d, enum grant grant)
{
	const struct option *option = option_of_grant(grant);
	const void *member = (const char *)&d->grants + option->offset;

	return option->type == OPTION_BOOL ? *(const bool *)member :
					     *(const uint32_t *)member;
}

void
narrow_entries(const void *list, enum grant grant, struct buf *out)
{
	const struct targets *targets = list;
	const struct strings *strings = list;

	if (option_of_grant(grant)->type == OPTION_TARGETS)
		for (size_t i = 0; i < targets->count; i++)
			buf_text(out, targets->items[i].text);
	else
		for (size_t i = 0; i < strings->count; i++)
			buf_text(out, strings->items[i]);
}

void
narrow_begin(struct decision *copy, const struct decision *from)
{
	*copy = *from;
	copy->arena = arena_new();
}

static struct origin
origin_of(struct decision *d, const char *file, unsigned line)
{
	struct origin origin = {arena_strdup(d->arena, file), line};

	return origin;
}

int
narrow_by_number(struct decision *d, enum grant grant, uint64_t number,
    const char *file, unsigned line)
{
	bool flag = number != 0;
	uint32_t value = (uint32_t)number;
	const struct option *option;

	if ((unsigned)grant >= GRANT_COUNT || !narrow_is_live(grant) ||
	    narrow_is_list(grant) || number > UINT32_MAX)
		return E_FORMAT;
	option = option_of_grant(grant);
	return decision_tighten_value(d, grant,
	    option->type == OPTION_BOOL ? (const void *)&flag :
					  (const void *)&value,
	    origin_of(d, file, line));
}

static int
read_targets(struct decision *d, struct rd *r, struct targets *out)
{
	while (r->pos < r->len && r->err == 0) {
		char *text = rd_strdup(r, CONFIG_STRING_MAX);
		struct target t = {0};
		const char *fault = parse_target(d->arena, text, &t);

		free(text);
		if (fault != NULL || out->count == ENTRIES_MAX)
			return E_FORMAT;
		out->items = arena_grow(d->arena, out->items, out->count,
		    out->count + 1, sizeof(*out->items));
		out->items[out->count++] = t;
	}
	return r->err;
}

static int
read_strings(struct decision *d, struct rd *r, struct strings *out)
{
	while (r->pos < r->len && r->err == 0) {
		char *text = rd_strdup(r, CONFIG_STRING_MAX);
		char *kept = arena_strdup(d->arena, text);

		free(text);
		if (out->count == ENTRIES_MAX)
			return E_FORMAT;
		out->items = arena_grow(d->arena, out->items, out->count,
		    out->count + 1, sizeof(*out->items));
		out->items[out->count++] = kept;
	}
	return r->err;
}

int
narrow_by_entries(struct decision *d, enum grant grant, const uint8_t *data,
    size_t len, const char *file, unsigned line)
{
	struct strings *strings;
	struct targets *targets;
	struct rd r;
	void *list;
	int err;

	if ((unsigned)grant >= GRANT_COUNT || !narrow_is_live(grant) ||
	    !narrow_is_list(grant))
		return E_FORMAT;
	rd_init(&r, data, len);
	if (option_of_grant(grant)->type == OPTION_TARGETS) {
		list = targets = arena_alloc(d->arena, sizeof(*targets));
		err = read_targets(d, &r, targets);
	} else {
		list = strings = arena_alloc(d->arena, sizeof(*strings));
		err = read_strings(d, &r, strings);
	}
	if (err != 0)
		return E_FORMAT;
	return decision_tighten_value(d, grant, list, origin_of(d, file, line));
}

void
narrow_difference(const struct decision *a, const struct decision *b,
    char *names, size_t size)
{
	size_t used = 0;

	names[0] = '\0';
	for (size_t i = 0; i < LIVE_COUNT && used < size; i++) {
		const struct option *option = option_of_grant(live[i]);
		char *one = granted_text(a, option);
		char *other = granted_text(b, option);

		if (strcmp(one, other) != 0)
			used += (size_t)snprintf(&names[used], size - used,
			    "%s%s", used > 0 ? ", " : "", option->name);
		free(one);
		free(other);
	}
}
