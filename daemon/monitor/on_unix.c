/*
 * UNIX sockets that clients ask for (direct-streamlocal, streamlocal-forward).
 * A path that a client writes says little of where it leads: the session
 * process, as the user, opens it and holds what it found; the real path of that
 * is held against the frozen decision, and the order is to use what is held.
 */
#include "daemon/monitor/sessions.h"

#include "config/policy/forward.h"
#include "lib/audit.h"
#include "lib/mem.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOT_ABSOLUTE "not an absolute path"

/* The decision on path; place: where that leads, or NULL. */
static void
set_reason(struct monitor *m, enum grant grant, const char *path,
    const char *place, char *why, size_t size)
{
	const struct policy_forward forward = {
	    .grant = grant, .host = place != NULL ? place : path};
	size_t len;

	policy_forward_refuser(
	    m->template->config, m->decision, &forward, why, size);
	len = strlen(why);
	if (place != NULL && strcmp(place, path) != 0)
		snprintf(&why[len], size - len, ", for %s", place);
}

/* ---- connecting ---- */

static void
connect_denied(
    struct monitor *m, uint32_t channel, const char *path, const char *place)
{
	char why[WHY_MAX + PATH_MAX];

	set_reason(m, GRANT_unix_local, path, place, why, sizeof(why));
	/* Its originator is reserved: OpenSSH's PROTOCOL, section 2.4. */
	AUDIT(fwd_refused, .kind = "direct-streamlocal", .host = path,
	    .text = "", .code = 0);
	forward_denied(m, channel, "direct-streamlocal", path, 0, why);
}

int
on_unix_connect(struct monitor *m, struct wall_message *message)
{
	const struct msg_unix_connect *u = &message->unix_connect;
	struct chan *c;

	if (u->path[0] != '/') {
		forward_denied(m, u->channel, "direct-streamlocal", u->path, 0,
		    NOT_ABSOLUTE);
		return 0;
	}
	if (!policy_may_unix_somewhere(m->decision, GRANT_unix_local)) {
		connect_denied(m, u->channel, u->path, NULL);
		return 0;
	}
	c = forward_channel(m, u->channel, "direct-streamlocal", u->path, 0);
	if (c == NULL)
		return 0;
	c->lookup = ++m->sessions->next_number;
	SESSION_ORDER(m, locate, .number = c->lookup, .path = u->path);
	return 0;
}

/*
 * An error says something of the user's files: it is told where the path
 * itself is permitted.
 */
static void
target_located(struct monitor *m, struct chan *c, const struct msg_located *l)
{
	bool found = l->path[0] != '\0';
	uint32_t number = c->lookup;

	c->lookup = 0;
	if (!policy_may_unix_connect(
		m->decision, found ? l->path : c->target)) {
		if (found)
			SESSION_ORDER(m, forget, .number = number);
		connect_denied(m, c->id, c->target, found ? l->path : NULL);
		chan_remove(m, c);
	} else if (found) {
		free(c->target);
		c->target = mem_strdup(l->path);
		SESSION_ORDER(
		    m, reach_unix, .channel = c->id, .number = number);
	} else {
		forward_failed(m, c, SSH_OPEN_CONNECT_FAILED, l->text, "path");
	}
}

/* ---- listening ---- */

static void
unix_listen_denied(
    struct monitor *m, uint32_t request, const char *path, const char *place)
{
	char why[WHY_MAX + PATH_MAX];

	set_reason(m, GRANT_unix_remote, path, place, why, sizeof(why));
	listen_denied(m, request, "streamlocal-forward", path, 0, why);
}

int
on_unix_listen(struct monitor *m, struct wall_message *message)
{
	const struct msg_unix_listen *l = &message->unix_listen;
	struct binding *b;

	if (l->path[0] != '/') {
		listen_denied(m, l->request, "streamlocal-forward", l->path, 0,
		    NOT_ABSOLUTE);
		return 0;
	}
	if (!policy_may_unix_somewhere(m->decision, GRANT_unix_remote)) {
		unix_listen_denied(m, l->request, l->path, NULL);
		return 0;
	}
	if (monitor_session(m, UINT32_MAX, NULL) != 0)
		return 0;
	if ((b = binding_add(m, BIND_UNIX)) == NULL) {
		listen_denied(m, l->request, "streamlocal-forward", l->path, 0,
		    "too many listeners");
		return 0;
	}
	b->request = l->request;
	b->address = mem_strdup(l->path);
	SESSION_ORDER(
	    m, locate, .number = b->number, .path = l->path, .listen = true);
	return 0;
}

static void
listener_located(
    struct monitor *m, struct binding *b, const struct msg_located *l)
{
	const struct grants *g = &m->decision->grants;
	bool found = l->path[0] != '\0';

	b->ordered = true;
	if (!policy_may_unix_listen(
		m->decision, found ? l->path : b->address)) {
		if (found)
			SESSION_ORDER(m, forget, .number = b->number);
		unix_listen_denied(
		    m, b->request, b->address, found ? l->path : NULL);
		binding_remove(m, b);
	} else if (found) {
		b->place = mem_strdup(l->path);
		SESSION_ORDER(m, bind_unix, .number = b->number,
		    .mask = g->unix_mask & 0777, .unlink = g->unix_unlink);
	} else {
		listen_denied(m, b->request, "streamlocal-forward", b->address,
		    0, l->text);
		binding_remove(m, b);
	}
}

int
on_located(struct monitor *m, struct wall_message *message)
{
	const struct msg_located *l = &message->located;
	struct binding *b = binding_find(m, l->number);
	struct chan *c = chan_find_lookup(m, l->number);

	if (b != NULL && b->kind == BIND_UNIX && !b->ordered)
		listener_located(m, b, l);
	else if (c != NULL && c->target_port == 0)
		target_located(m, c, l);
	else if (l->path[0] != '\0') /* the channel has gone meanwhile */
		SESSION_ORDER(m, forget, .number = l->number);
	return 0;
}
