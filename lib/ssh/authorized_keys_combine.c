/*
 * Key options as a whole: none, those of a certificate, and what is left when
 * two sources of them must both agree.  Nothing here ever widens.
 */
#include "lib/ssh/authorized_keys.h"

#include "lib/err.h"
#include "lib/mem.h"
#include "lib/ssh/cert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
key_options_init(struct key_options *o)
{
	memset(o, 0, sizeof(*o));
#define SET_GRANT(member, allow, forbid, extension) o->member = true;
	KEY_GRANT_LIST(SET_GRANT)
#undef SET_GRANT
	o->tunnel = AUTHORIZED_KEYS_TUNNEL_ANY;
}

static void
free_list(char **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

void
key_options_free(struct key_options *o)
{
	free(o->command);
	free(o->principals);
	free_list(o->from, o->from_count);
	free_list(o->environment, o->environment_count);
	free_list(o->permit_open, o->permit_open_count);
	free_list(o->permit_listen, o->permit_listen_count);
	memset(o, 0, sizeof(*o));
}

/* tun has no extension: a certificate says nothing of it. */
void
key_options_of_cert(const struct cert *cert, struct key_options *out)
{
	key_options_init(out);
	out->pty = cert->permit_pty;
	out->port = cert->permit_port;
	out->agent = cert->permit_agent;
	out->x11 = cert->permit_x11;
	out->user_rc = cert->permit_user_rc;
	out->verify_required = cert->verify_required;
	out->no_touch_required = cert->no_touch_required;
	if (cert->force_command != NULL)
		out->command = mem_strdup(cert->force_command);
	if (cert->source_address != NULL)
		mem_push(&out->from, &out->from_count,
		    mem_strdup(cert->source_address));
}

static int
combine_command(struct key_options *o, const struct key_options *other)
{
	if (other->command == NULL)
		return 0;
	if (o->command == NULL)
		o->command = mem_strdup(other->command);
	return strcmp(o->command, other->command) == 0 ? 0 : E_DENIED;
}

/* As in a line of its own: the first of a name wins. */
static void
combine_environment(struct key_options *o, const struct key_options *other)
{
	size_t had = o->environment_count, j;

	for (size_t i = 0; i < other->environment_count; i++) {
		const char *value = other->environment[i];
		size_t len = strcspn(value, "=") + 1;

		for (j = 0; j < had; j++)
			if (strncmp(o->environment[j], value, len) == 0)
				break;
		if (j == had && o->environment_count < AUTHORIZED_KEYS_ENV_MAX)
			mem_push(&o->environment, &o->environment_count,
			    mem_strdup(value));
	}
}

/* The target that both "host:port" allow; '*' is any host or any port. */
static char *
common_target(const char *a, const char *b)
{
	const char *a_port = strrchr(a, ':'), *b_port = strrchr(b, ':');
	size_t a_len = (size_t)(a_port - a), b_len = (size_t)(b_port - b);
	bool a_any = a_len == 1 && a[0] == '*',
	     b_any = b_len == 1 && b[0] == '*';

	if (!a_any && !b_any && (a_len != b_len || memcmp(a, b, a_len) != 0))
		return NULL;
	if (strcmp(a_port, ":*") != 0 && strcmp(b_port, ":*") != 0 &&
	    strcmp(a_port, b_port) != 0)
		return NULL;
	return mem_printf("%.*s%s", (int)(a_any ? b_len : a_len), a_any ? b : a,
	    strcmp(a_port, ":*") == 0 ? b_port : a_port);
}

/* An empty list is no restriction, so nothing in common must be an error. */
static int
combine_targets(
    char ***list, size_t *count, char *const *other, size_t other_count)
{
	char **common = NULL, *target;
	size_t found = 0;
	int err = 0;

	if (other_count == 0)
		return 0;
	for (size_t i = 0; *count == 0 && i < other_count; i++)
		mem_push(&common, &found, mem_strdup(other[i]));
	for (size_t i = 0; i < *count; i++) {
		for (size_t j = 0; j < other_count; j++) {
			if (found == AUTHORIZED_KEYS_LIST_MAX)
				continue; /* fewer is stricter */
			target = common_target((*list)[i], other[j]);
			if (target == NULL)
				continue;
			mem_push(&common, &found, mem_strdup(target));
			free(target);
		}
	}
	if (found == 0)
		err = E_DENIED;
	free_list(*list, *count);
	*list = common;
	*count = found;
	return err;
}

static void
combine_tunnel(struct key_options *o, const struct key_options *other)
{
	if (o->tunnel == AUTHORIZED_KEYS_TUNNEL_ANY)
		o->tunnel = other->tunnel;
	else if (other->tunnel != AUTHORIZED_KEYS_TUNNEL_ANY &&
	    other->tunnel != o->tunnel)
		o->tun = false;
}

static int
combine_from(struct key_options *o, const struct key_options *other)
{
	if (o->from_count + other->from_count > AUTHORIZED_KEYS_FROM_MAX)
		return E_DENIED;
	for (size_t i = 0; i < other->from_count; i++)
		mem_push(&o->from, &o->from_count, mem_strdup(other->from[i]));
	return 0;
}

static void
combine_flags(struct key_options *o, const struct key_options *other)
{
#define AND_GRANT(member, allow, forbid, extension) \
	o->member = o->member && other->member;
	KEY_GRANT_LIST(AND_GRANT)
#undef AND_GRANT
	combine_tunnel(o, other);
	o->restricted = o->restricted || other->restricted;
	o->verify_required = o->verify_required || other->verify_required;
	o->no_touch_required = o->no_touch_required && other->no_touch_required;
	if (o->expires == 0 ||
	    (other->expires != 0 && other->expires < o->expires))
		o->expires = other->expires;
}

int
key_options_combine(struct key_options *o, const struct key_options *other,
    char *why, size_t size)
{
	const char *reason = NULL;

	combine_flags(o, other);
	combine_environment(o, other);
	if (combine_command(o, other) != 0)
		reason = "two different forced commands";
	else if (combine_from(o, other) != 0)
		reason = "too many lists of sources";
	else if (combine_targets(&o->permit_open, &o->permit_open_count,
		     other->permit_open, other->permit_open_count) != 0)
		reason = "permitopen lists have nothing in common";
	else if (combine_targets(&o->permit_listen, &o->permit_listen_count,
		     other->permit_listen, other->permit_listen_count) != 0)
		reason = "permitlisten lists have nothing in common";
	if (reason == NULL)
		return 0;
	snprintf(why, size, "%s", reason);
	return E_DENIED;
}
