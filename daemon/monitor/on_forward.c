/*
 * Forwarding: every connect and every listener is held against the frozen
 * decision and audited here; the session process makes the sockets, as the
 * user.
 */
#include "daemon/monitor/sessions.h"

#include "daemon/monitor/auth.h"
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

/* One address of a name may take this long. */
#define CONNECT_SECONDS 20

static void
forward_denied(struct monitor *m, uint32_t channel, const char *kind,
    const char *host, uint32_t port, const char *reason)
{
	AUDIT(fwd_denied, .kind = kind, .host = host, .port = port,
	    .reason = reason);
	chan_refuse(m, channel, SSH_OPEN_ADMINISTRATIVELY_PROHIBITED,
	    "administratively prohibited");
}

/* The targets of every layer, as text: a line each, "&" between layers. */
static char *
permit_text(const struct decision *d)
{
	const struct layers *l = &d->layers[LAYER_local_forward];
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (f == NULL)
		return mem_strdup("none:0\n");
	for (size_t i = 0; i < l->count; i++) {
		const struct targets *t = l->items[i].list;

		if (i != 0)
			fputs("&\n", f);
		for (size_t k = 0; k < t->count; k++)
			fprintf(f, "%s\n", t->items[k].text);
	}
	fclose(f);
	return text;
}

int
on_tcp_connect(struct monitor *m, struct wall_message *message)
{
	const struct msg_tcp_connect *t = &message->tcp_connect;
	enum policy_answer answer;
	struct chan *c;
	char *permit;

	answer = policy_may_connect(m->decision, t->host, t->port, NULL);
	if (answer == POLICY_NO || t->port == 0 || t->host[0] == '\0') {
		forward_denied(
		    m, t->channel, "direct-tcpip", t->host, t->port, "policy");
		return 0;
	}
	if (monitor_session(m, t->channel, NULL) != 0 ||
	    (c = chan_add(m, t->channel, CHAN_FORWARD)) == NULL)
		return 0;
	c->started = true;
	c->what = "direct-tcpip";
	c->target = mem_strdup(t->host);
	c->target_port = t->port;
	permit = answer == POLICY_ASK_ADDRESS ? permit_text(m->decision) :
						mem_strdup("");
	if (strlen(permit) > WALL_LIST_MAX) {
		free(permit);
		permit = mem_strdup("none:0\n");
	}
	SESSION_ORDER(m, reach_tcp, .channel = t->channel, .host = t->host,
	    .port = t->port, .seconds = CONNECT_SECONDS, .permit = permit);
	free(permit);
	return 0;
}

int
on_unix_connect(struct monitor *m, struct wall_message *message)
{
	const struct msg_unix_connect *u = &message->unix_connect;
	struct chan *c;

	if (u->path[0] == '\0' ||
	    !policy_may_unix_connect(m->decision, u->path)) {
		forward_denied(
		    m, u->channel, "direct-streamlocal", u->path, 0, "policy");
		return 0;
	}
	if (monitor_session(m, u->channel, NULL) != 0 ||
	    (c = chan_add(m, u->channel, CHAN_FORWARD)) == NULL)
		return 0;
	c->started = true;
	c->what = "direct-streamlocal";
	c->target = mem_strdup(u->path);
	SESSION_ORDER(m, reach_unix, .channel = u->channel, .path = u->path);
	return 0;
}

int
on_reached(struct monitor *m, struct wall_message *message)
{
	const struct msg_reached *r = &message->reached;
	struct chan *c = chan_find(m, r->channel);
	struct net_address address;

	if (c == NULL || c->kind != CHAN_FORWARD || c->what == NULL)
		return 0;
	if (r->reason != 0) {
		AUDIT(fwd_failed, .kind = c->what, .host = c->target,
		    .port = c->target_port, .reason = r->text);
		chan_refuse(m, c->id, r->reason, r->text);
		chan_remove(m, c);
		return 0;
	}
	memset(&address, 0, sizeof(address));
	if (net_parse(r->address, &address) != 0)
		(void)net_parse_port(r->address, &address);
	AUDIT(fwd_open, .kind = c->what, .host = c->target,
	    .address = address.family != NET_NONE ? &address : NULL,
	    .port = c->target_port, .channel = c->id);
	MONITOR_SEND(m, granted, .channel = c->id);
	return 0;
}

/* ---- listeners ---- */

static void
listen_denied(struct monitor *m, uint32_t request, const char *kind,
    const char *host, uint32_t port, const char *reason)
{
	AUDIT(listen_denied, .kind = kind, .host = host, .port = port,
	    .reason = reason);
	MONITOR_SEND(m, not_listening, .request = request);
}

int
on_tcp_listen(struct monitor *m, struct wall_message *message)
{
	const struct msg_tcp_listen *l = &message->tcp_listen;
	uint32_t gateway = m->decision->grants.gateway_ports;
	struct binding *b = NULL;

	if (!policy_may_listen(m->decision, l->address, l->port) ||
	    (l->port != 0 && l->port < 1024 && m->passwd.pw_uid != 0)) {
		listen_denied(m, l->request, "tcpip-forward", l->address,
		    l->port, "policy");
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
	b->port = l->port;
	SESSION_ORDER(m, bind_tcp, .number = b->number, .address = l->address,
	    .port = l->port, .wildcard = gateway != GATEWAY_NO,
	    .everywhere = gateway == GATEWAY_YES);
	return 0;
}

int
on_unix_listen(struct monitor *m, struct wall_message *message)
{
	const struct msg_unix_listen *l = &message->unix_listen;
	const struct grants *g = &m->decision->grants;
	struct binding *b;

	if (l->path[0] == '\0' ||
	    !policy_may_unix_listen(m->decision, l->path)) {
		listen_denied(
		    m, l->request, "streamlocal-forward", l->path, 0, "policy");
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
	SESSION_ORDER(m, bind_unix, .number = b->number, .path = l->path,
	    .mask = g->unix_mask & 0777, .unlink = g->unix_unlink);
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

static void
audit_unbound(const struct binding *b)
{
	if (b->bound && (b->kind == BIND_TCP || b->kind == BIND_UNIX))
		AUDIT(listen_close,
		    .kind = b->kind == BIND_TCP ? "tcpip-forward" :
						  "streamlocal-forward",
		    .host = b->address, .port = b->port);
}

int
on_unlisten(struct monitor *m, struct wall_message *message)
{
	const struct msg_unlisten *u = &message->unlisten;
	struct binding *b;

	for (b = m->sessions->bindings; b != NULL; b = b->next)
		if (b->bound && is_meant(b, u))
			break;
	if (b == NULL) {
		MONITOR_SEND(m, not_listening, .request = u->request);
		return 0;
	}
	SESSION_ORDER(m, unbind, .number = b->number);
	audit_unbound(b);
	MONITOR_SEND(m, listening, .request = u->request, .port = b->port);
	binding_remove(m, b);
	return 0;
}

/* ---- agent and X11: listeners that belong to a session channel ---- */

int
on_agent(struct monitor *m, struct wall_message *message)
{
	uint32_t id = message->agent.channel;
	struct chan *c = chan_find(m, id);
	struct binding *b;

	if (c == NULL || c->kind != CHAN_SESSION || c->started)
		return E_STATE;
	if (!m->decision->grants.agent) {
		AUDIT(fwd_denied, .kind = "auth-agent", .reason = "policy");
		chan_refuse(m, id, 0, "");
		return 0;
	}
	if (c->agent != NULL) {
		chan_refuse(m, id, 0, "");
		return 0;
	}
	if (monitor_session(m, id, c->tty[0] != '\0' ? c->tty : NULL) != 0)
		return 0;
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

	if (c == NULL || c->kind != CHAN_SESSION || c->started)
		return E_STATE;
	if (!m->decision->grants.x11 || !x11_is_sane(x) || c->display != NULL) {
		AUDIT(fwd_denied, .kind = "x11",
		    .reason = m->decision->grants.x11 ? "malformed request" :
							"policy");
		chan_refuse(m, x->channel, 0, "");
		return 0;
	}
	if (monitor_session(m, x->channel, c->tty[0] != '\0' ? c->tty : NULL) !=
	    0)
		return 0;
	if ((b = binding_add(m, BIND_X11)) == NULL) {
		chan_refuse(m, x->channel, 0, "");
		return 0;
	}
	b->channel = x->channel;
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
		log_info("%s forwarding: %s",
		    b->kind == BIND_AGENT ? "agent" : "X11",
		    strerror((int)k->error));
		chan_refuse(m, c->id, 0, "");
		return;
	}
	if (b->kind == BIND_AGENT) {
		free(c->agent);
		c->agent = mem_strdup(k->detail);
		AUDIT(agent_forward, .channel = c->id);
	} else {
		free(c->display);
		c->display = mem_strdup(k->detail);
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
		AUDIT(listen_denied,
		    .kind = b->kind == BIND_TCP ? "tcpip-forward" :
						  "streamlocal-forward",
		    .host = b->address, .port = b->port,
		    .reason = strerror((int)k->error));
		MONITOR_SEND(m, not_listening, .request = b->request);
	} else {
		if (b->port == 0)
			b->port = k->port;
		AUDIT(listen_open,
		    .kind = b->kind == BIND_TCP ? "tcpip-forward" :
						  "streamlocal-forward",
		    .host = b->address, .port = b->port);
		MONITOR_SEND(
		    m, listening, .request = b->request, .port = b->port);
	}
	if (k->error != 0)
		binding_remove(m, b);
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
	AUDIT(fwd_open, .kind = kinds[b->kind], .host = b->address,
	    .address = address.family != NET_NONE ? &address : NULL,
	    .port = b->port);
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
	char name[IFNAMSIZ];
	struct chan *c;
	uint32_t unit;
	int fd;

	tun_name(t, name);
	/* A key's tunnel="n" allows that one alone. */
	if (t->mode == 0 || (m->decision->grants.tun & t->mode) == 0 ||
	    (auth_tun_unit(m, &unit) && t->unit != unit)) {
		forward_denied(m, t->channel, "tun", name, 0, "policy");
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

void
forwards_end_of(struct monitor *m, uint32_t channel)
{
	struct binding *b, *next;

	for (b = m->sessions->bindings; b != NULL; b = next) {
		next = b->next;
		if ((b->kind != BIND_AGENT && b->kind != BIND_X11) ||
		    b->channel != channel)
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
