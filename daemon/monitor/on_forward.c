/*
 * Listeners (remote forwards, agent, X11) and tunnels: each is held against
 * the frozen decision and audited here; the session process makes the
 * sockets, as the user.  Connections of clients are in on_connect.c, what is
 * about UNIX sockets alone in on_unix.c.
 */
#include "daemon/monitor/sessions.h"

#include "config/policy/forward.h"
#include "daemon/monitor/auth.h"
#include "lib/addresses.h"
#include "lib/audit.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/mem.h"

#include <sys/ioctl.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- listeners ---- */

void
listen_denied(struct monitor *m, uint32_t request, const char *kind,
    const char *host, uint32_t port, const char *reason)
{
	AUDIT_QUIETLY(true, listen_denied, .kind = kind, .host = host,
	    .port = port, .reason = reason);
	MONITOR_SEND(m, not_listening, .request = request);
}

/* In sshd's words, one of its addresses for all. */
static void
tell_no_port(const char *address, uint32_t port, int error)
{
	AUDIT(listen_failed, .kind = "tcpip-forward",
	    .host = strcmp(address, "localhost") == 0		? "127.0.0.1" :
		address[0] == '\0' || strcmp(address, "*") == 0 ? "0.0.0.0" :
								  address,
	    .port = port, .reason = strerror(error));
	AUDIT(listen_none, .port = port);
}

/* The addresses that it may listen on; none: why[] says the reason. */
static struct addresses
permitted_listeners(struct monitor *m, const struct msg_tcp_listen *l,
    char *why, size_t why_size)
{
	const struct policy_forward forward = {
	    .grant = GRANT_remote_forward, .host = l->address, .port = l->port};
	struct addresses out = {.count = 0};

	_Static_assert(LISTEN_ADDRESSES_MAX <= ADDRESSES_MAX, "room");
	if (l->port != 0 && l->port < 1024 && m->passwd.pw_uid != 0) {
		snprintf(why, why_size, "ports below 1024 are root's");
		tell_no_port(l->address, l->port, EACCES);
		return out;
	}
	out.count =
	    policy_may_listen(m->decision, l->address, l->port, out.items);
	if (out.count == 0)
		policy_forward_refuser(
		    m->template->config, m->decision, &forward, why, why_size);
	return out;
}

int
on_tcp_listen(struct monitor *m, struct wall_message *message)
{
	const struct msg_tcp_listen *l = &message->tcp_listen;
	uint8_t bytes[ADDRESSES_BYTES];
	struct addresses addresses;
	struct binding *b = NULL;
	char why[WHY_MAX];

	addresses = permitted_listeners(m, l, why, sizeof(why));
	if (addresses.count == 0) {
		listen_denied(
		    m, l->request, "tcpip-forward", l->address, l->port, why);
		return 0;
	}
	if (monitor_session(m, UINT32_MAX, NULL) != 0)
		return 0;
	if ((b = binding_add(m, BIND_TCP)) == NULL) {
		listen_denied(m, l->request, "tcpip-forward", l->address,
		    l->port, "too many listeners");
		return 0;
	}
	b->request = l->request;
	b->address = mem_strdup(l->address);
	b->port = b->asked = l->port;
	SESSION_ORDER(m, bind_tcp, .number = b->number, .address = l->address,
	    .addresses = {.data = bytes,
		.len = addresses_write(&addresses, bytes)},
	    .port = l->port);
	return 0;
}

static bool
is_meant(const struct binding *b, const struct msg_unlisten *u)
{
	if (u->path[0] != '\0')
		return b->kind == BIND_UNIX && strcmp(b->address, u->path) == 0;
	return b->kind == BIND_TCP && strcmp(b->address, u->address) == 0 &&
	    b->port == u->port;
}

/* Where it is: a socket's path may be a way of links. */
static const char *
listens_at(const struct binding *b)
{
	return b->place != NULL ? b->place : b->address;
}

static void
audit_unbound(const struct binding *b)
{
	if (b->bound && (b->kind == BIND_TCP || b->kind == BIND_UNIX))
		AUDIT(listen_close,
		    .kind = b->kind == BIND_TCP ? "tcpip-forward" :
						  "streamlocal-forward",
		    .host = listens_at(b), .port = b->port);
}

int
on_unlisten(struct monitor *m, struct wall_message *message)
{
	const struct msg_unlisten *u = &message->unlisten;
	struct binding *b;

	for (b = m->sessions->bindings; b != NULL; b = b->next)
		if (b->bound && !b->closing && is_meant(b, u))
			break;
	if (b == NULL) {
		MONITOR_SEND(m, not_listening, .request = u->request);
		return 0;
	}
	b->closing = true;
	b->request = u->request;
	SESSION_ORDER(m, unbind, .number = b->number);
	return 0;
}

/* The client hears of it when nobody can connect any more. */
int
on_unbound(struct monitor *m, struct wall_message *message)
{
	struct binding *b = binding_find(m, message->unbound.number);

	if (b == NULL || !b->closing)
		return 0;
	audit_unbound(b);
	MONITOR_SEND(m, listening, .request = b->request, .port = b->port);
	binding_remove(m, b);
	return 0;
}

/* ---- agent and X11: listeners that a session channel asks for ----------- */

/*
 * They live as long as the connection, so that what a session leaves behind
 * (tmux, a program with windows) goes on reaching its client, and are shared
 * by the sessions: one agent, one display for a cookie.
 */
static struct binding *
find_shared(struct monitor *m, enum bind_kind kind, const char *cookie)
{
	for (struct binding *b = m->sessions->bindings; b != NULL; b = b->next)
		if (b->kind == kind && b->bound && !b->closing && !b->single &&
		    (cookie == NULL || strcmp(b->address, cookie) == 0))
			return b;
	return NULL;
}

int
on_agent(struct monitor *m, struct wall_message *message)
{
	uint32_t id = message->agent.channel;
	struct chan *c = chan_find(m, id);
	struct binding *b;
	char why[WHY_MAX];

	if (c == NULL || c->kind != CHAN_SESSION || c->started)
		return E_STATE;
	if (!m->decision->grants.agent) {
		policy_grant_refuser(m->template->config, m->decision,
		    GRANT_agent, why, sizeof(why));
		AUDIT_QUIETLY(
		    true, fwd_denied, .kind = "auth-agent", .reason = why);
		chan_refuse(m, id, 0, "");
		return 0;
	}
	if (c->agent != NULL) {
		chan_refuse(m, id, 0, "");
		return 0;
	}
	if (monitor_session(m, id, c->tty[0] != '\0' ? c->tty : NULL) != 0)
		return 0;
	if ((b = find_shared(m, BIND_AGENT, NULL)) != NULL) {
		c->agent = mem_strdup(b->place);
		AUDIT(agent_forward, .channel = id);
		MONITOR_SEND(m, granted, .channel = id);
		return 0;
	}
	if ((b = binding_add(m, BIND_AGENT)) == NULL) {
		chan_refuse(m, id, 0, "");
		return 0;
	}
	b->channel = id;
	SESSION_ORDER(m, bind_agent, .number = b->number, .channel = id);
	return 0;
}

/* xauth's input is made of these: nothing else may be in them. */
static bool
x11_is_sane(const struct msg_x11 *x)
{
	static const char hex[] = "0123456789abcdefABCDEF";
	static const char name[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "abcdefghijklmnopqrstuvwxyz0123456789-_.";

	return x->protocol[0] != '\0' && x->cookie[0] != '\0' &&
	    x->protocol[strspn(x->protocol, name)] == '\0' &&
	    x->cookie[strspn(x->cookie, hex)] == '\0';
}

int
on_x11(struct monitor *m, struct wall_message *message)
{
	const struct msg_x11 *x = &message->x11;
	struct chan *c = chan_find(m, x->channel);
	struct binding *b;
	char why[WHY_MAX] = "malformed request", *cookie;

	if (c == NULL || c->kind != CHAN_SESSION || c->started)
		return E_STATE;
	if (!m->decision->grants.x11 || !x11_is_sane(x) || c->display != NULL) {
		if (!m->decision->grants.x11)
			policy_grant_refuser(m->template->config, m->decision,
			    GRANT_x11, why, sizeof(why));
		AUDIT_QUIETLY(true, fwd_denied, .kind = "x11", .reason = why);
		chan_refuse(m, x->channel, 0, "");
		return 0;
	}
	if (monitor_session(m, x->channel, c->tty[0] != '\0' ? c->tty : NULL) !=
	    0)
		return 0;
	cookie = mem_printf("%s %s %u", x->protocol, x->cookie, x->screen);
	if (!x->single && (b = find_shared(m, BIND_X11, cookie)) != NULL) {
		free(cookie);
		c->display = mem_strdup(b->place);
		AUDIT(x11_forward, .port = b->port, .channel = c->id);
		MONITOR_SEND(m, granted, .channel = c->id);
		return 0;
	}
	if ((b = binding_add(m, BIND_X11)) == NULL) {
		free(cookie);
		chan_refuse(m, x->channel, 0, "");
		return 0;
	}
	b->channel = x->channel;
	b->single = x->single;
	b->address = cookie;
	SESSION_ORDER(m, bind_x11, .number = b->number, .channel = x->channel,
	    .single = x->single, .protocol = x->protocol, .cookie = x->cookie,
	    .screen = x->screen,
	    .display_offset = m->decision->grants.x11_display_offset);
	return 0;
}

/* The session told how a listener for a channel came out. */
static void
bound_for_channel(
    struct monitor *m, struct binding *b, const struct msg_bound *k)
{
	struct chan *c = chan_find(m, b->channel);

	if (c == NULL)
		return;
	if (k->error != 0) {
		/* The session looks for xauth before it makes a display. */
		if (b->kind == BIND_X11 && k->error == ENOENT)
			log_info("X11 forwarding: the user has no program %s",
			    m->template->config->xauth);
		else
			log_info("%s forwarding: %s",
			    b->kind == BIND_AGENT ? "agent" : "X11",
			    strerror((int)k->error));
		chan_refuse(m, c->id, 0, "");
		return;
	}
	if (b->kind == BIND_AGENT) {
		free(c->agent);
		c->agent = mem_strdup(k->detail);
		b->place = mem_strdup(k->detail);
		AUDIT(agent_forward, .channel = c->id);
	} else {
		free(c->display);
		c->display = mem_strdup(k->detail);
		b->place = mem_strdup(k->detail);
		b->port = k->port;
		AUDIT(x11_forward, .port = k->port, .channel = c->id);
	}
	MONITOR_SEND(m, granted, .channel = c->id);
}

int
on_bound(struct monitor *m, struct wall_message *message)
{
	const struct msg_bound *k = &message->bound;
	struct binding *b = binding_find(m, k->number);

	if (b == NULL || b->bound)
		return 0;
	b->bound = k->error == 0;
	if (b->kind == BIND_AGENT || b->kind == BIND_X11) {
		bound_for_channel(m, b, k);
	} else if (k->error != 0) {
		if (b->kind == BIND_TCP)
			tell_no_port(b->address, b->port, (int)k->error);
		else
			AUDIT_QUIETLY(true, listen_denied,
			    .kind = "streamlocal-forward",
			    .host = listens_at(b),
			    .reason = strerror((int)k->error));
		MONITOR_SEND(m, not_listening, .request = b->request);
	} else {
		if (b->port == 0)
			b->port = k->port;
		AUDIT(listen_open,
		    .kind = b->kind == BIND_TCP ? "tcpip-forward" :
						  "streamlocal-forward",
		    .host = listens_at(b), .port = b->port);
		MONITOR_SEND(
		    m, listening, .request = b->request, .port = b->port);
	}
	if (k->error != 0)
		binding_remove(m, b);
	else
		forwards_narrow(m); /* it was asked for before that */
	return 0;
}

int
on_accepted(struct monitor *m, struct wall_message *message)
{
	const struct msg_accepted *a = &message->accepted;
	struct binding *b = binding_find(m, a->number);
	static const char *const kinds[] = {[BIND_TCP] = "forwarded-tcpip",
	    [BIND_UNIX] = "forwarded-streamlocal",
	    [BIND_AGENT] = "auth-agent",
	    [BIND_X11] = "x11"};
	struct net_address address;

	if (b == NULL)
		return 0;
	if (net_parse(a->address, &address) != 0)
		memset(&address, 0, sizeof(address));
	AUDIT(fwd_open, .kind = kinds[b->kind],
	    .host = b->kind == BIND_X11 ? NULL : b->address,
	    .address = address.family != NET_NONE ? &address : NULL,
	    .port = b->kind == BIND_X11 ? 0 : b->port);
	return 0;
}

/* The worker's number for such a connection, so that its end is audited. */
int
on_channel_offered(struct monitor *m, struct wall_message *message)
{
	static const char *const kinds[] = {[INCOMING_TCP] = "forwarded-tcpip",
	    [INCOMING_UNIX] = "forwarded-streamlocal",
	    [INCOMING_AGENT] = "auth-agent",
	    [INCOMING_X11] = "x11"};
	const struct msg_channel_offered *o = &message->channel_offered;
	struct chan *c;

	if (o->kind > INCOMING_X11)
		return E_VALUE;
	if (m->sessions->n_chans >= CHANS_MAX ||
	    chan_find(m, o->channel) != NULL)
		return 0;
	c = chan_add(m, o->channel, CHAN_FORWARD);
	if (c == NULL)
		return 0;
	c->started = true;
	c->what = kinds[o->kind];
	c->target = mem_strdup(o->address);
	c->target_port = o->port;
	return 0;
}

/* ---- tun ---- */

/* The device asked for; "tun" or "tap" alone when any will do. */
static void
tun_name(const struct msg_tun *t, char name[IFNAMSIZ])
{
	const char *kind = t->mode == 1 ? "tun" : "tap";

	if (t->unit == UINT32_MAX || t->unit == 0x7fffffff)
		snprintf(name, IFNAMSIZ, "%s", kind);
	else
		snprintf(name, IFNAMSIZ, "%s%" PRIu32, kind, t->unit);
}

/* name: what is asked for, and then what it is. */
static int
open_tun(uint32_t mode, char name[IFNAMSIZ])
{
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	struct ifreq ifr;

	if (fd < 0)
		return -1;
	memset(&ifr, 0, sizeof(ifr));
	ifr.ifr_flags = (short)((mode == 1 ? IFF_TUN : IFF_TAP) | IFF_NO_PI);
	if (name[3] != '\0') /* else the kernel counts */
		memcpy(ifr.ifr_name, name, IFNAMSIZ);
	if (ioctl(fd, TUNSETIFF, &ifr) != 0) {
		close(fd);
		return -1;
	}
	snprintf(name, IFNAMSIZ, "%s", ifr.ifr_name);
	return fd;
}

int
on_tun(struct monitor *m, struct wall_message *message)
{
	const struct msg_tun *t = &message->tun;
	struct wall_message give = {
	    .type = MSG_hand_over, .fds = {-1, -1, -1, -1}};
	char name[IFNAMSIZ], why[WHY_MAX];
	struct chan *c;
	uint32_t unit;
	int fd;

	tun_name(t, name);
	if (t->mode == 0 || (m->decision->grants.tun & t->mode) == 0) {
		policy_grant_refuser(m->template->config, m->decision,
		    GRANT_tun, why, sizeof(why));
		forward_denied(m, t->channel, "tun", name, 0, why);
		return 0;
	}
	if (auth_tun_unit(m, &unit) && t->unit != unit) {
		forward_denied(m, t->channel, "tun", name, 0,
		    "the key permits another device");
		return 0;
	}
	if (monitor_session(m, t->channel, NULL) != 0)
		return 0;
	if ((fd = open_tun(t->mode, name)) < 0) {
		log_info("%s: %s", name, strerror(errno));
		chan_refuse(
		    m, t->channel, SSH_OPEN_CONNECT_FAILED, "no tunnel device");
		return 0;
	}
	if ((c = chan_add(m, t->channel, CHAN_FORWARD)) != NULL) {
		c->started = true;
		c->what = "tun";
		c->target = mem_strdup(name);
		AUDIT(tun_open, .name = name,
		    .kind = t->mode == 1 ? "point-to-point" : "ethernet",
		    .channel = t->channel);
		give.fds[0] = fd;
		give.hand_over.channel = t->channel;
		session_order(m, &give);
		MONITOR_SEND(m, granted, .channel = t->channel);
	}
	close(fd);
	return 0;
}

/* Does the decision, as it is now, permit all that this one listens on? */
static bool
still_permitted(const struct monitor *m, const struct binding *b)
{
	struct net_address one[LISTEN_ADDRESSES_MAX],
	    other[LISTEN_ADDRESSES_MAX];
	size_t n;

	switch (b->kind) {
	case BIND_AGENT:
		return m->decision->grants.agent;
	case BIND_X11:
		return m->decision->grants.x11;
	case BIND_UNIX:
		return policy_may_unix_listen(m->decision, listens_at(b));
	case BIND_TCP:
		break;
	}
	n = policy_may_listen(m->decision, b->address, b->asked, one);
	return n > 0 &&
	    n ==
	    policy_may_listen(m->auth->decision, b->address, b->asked, other);
}

void
forwards_narrow(struct monitor *m)
{
	struct binding *b, *next;

	for (b = m->sessions->bindings; b != NULL; b = next) {
		next = b->next;
		if (!b->bound || b->closing || still_permitted(m, b))
			continue;
		SESSION_ORDER(m, unbind, .number = b->number);
		audit_unbound(b);
		binding_remove(m, b);
	}
}

void
forwards_end_of(struct monitor *m, uint32_t channel)
{
	struct binding *b, *next;

	for (b = m->sessions->bindings; b != NULL; b = next) {
		next = b->next;
		if ((b->kind != BIND_AGENT && b->kind != BIND_X11) ||
		    b->channel != channel || (b->bound && !b->single))
			continue;
		SESSION_ORDER(m, unbind, .number = b->number);
		binding_remove(m, b);
	}
}

void
forwards_close(struct monitor *m)
{
	for (struct binding *b = m->sessions->bindings; b != NULL; b = b->next)
		audit_unbound(b);
}
