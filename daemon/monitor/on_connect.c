/*
 * TCP connections that clients ask for (direct-tcpip), and the outcome of these
 * and of those to UNIX sockets (on_unix.c).  The session process, as the user,
 * looks up names; the addresses that come back are held against the frozen
 * decision, and those that it permits are what the session is ordered to
 * connect to: no answer of a name service can change in between.
 */
#include "daemon/monitor/sessions.h"

#include "config/policy/forward.h"
#include "lib/addresses.h"
#include "lib/audit.h"
#include "lib/err.h"
#include "lib/mem.h"

#include <string.h>

/* Each for itself: the look-up of a name, and then all its addresses. */
#define RESOLVE_SECONDS 20
#define CONNECT_SECONDS 20

void
forward_denied(struct monitor *m, uint32_t channel, const char *kind,
    const char *host, uint32_t port, const char *reason)
{
	AUDIT(fwd_denied, .kind = kind, .host = host, .port = port,
	    .reason = reason);
	/* The client puts the name of the code before this, and people look
	   for the two together. */
	chan_refuse(
	    m, channel, SSH_OPEN_ADMINISTRATIVELY_PROHIBITED, "open failed");
}

/* As the client names it, where that is an address or a host's name. */
static const char *
originator_text(const char *text)
{
	static const char known[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789.:%-_";

	return text[strspn(text, known)] == '\0' ? text : "unknown";
}

static void
connect_denied(struct monitor *m, uint32_t channel, const char *host,
    uint32_t port, const struct net_address *address, const char *originator,
    uint32_t originator_port)
{
	const struct policy_forward forward = {.grant = GRANT_local_forward,
	    .host = host,
	    .port = port,
	    .address = address};
	char why[WHY_MAX];

	policy_forward_refuser(
	    m->template->config, m->decision, &forward, why, sizeof(why));
	AUDIT(fwd_refused, .kind = "direct-tcpip", .host = host, .port = port,
	    .text = originator_text(originator), .code = originator_port);
	forward_denied(m, channel, "direct-tcpip", host, port, why);
}

void
forward_failed(struct monitor *m, struct chan *c, uint32_t reason,
    const char *text, const char *how)
{
	AUDIT(fwd_failed, .kind = c->what, .how = how, .host = c->target,
	    .port = c->target_port, .reason = text);
	chan_refuse(m, c->id, reason, text);
	chan_remove(m, c);
}

struct chan *
forward_channel(struct monitor *m, uint32_t id, const char *what,
    const char *target, uint32_t port)
{
	struct chan *c;

	if (monitor_session(m, id, NULL) != 0 ||
	    (c = chan_add(m, id, CHAN_FORWARD)) == NULL)
		return NULL;
	c->started = true;
	c->what = what;
	c->target = mem_strdup(target);
	c->target_port = port;
	return c;
}

static void
order_connect(
    struct monitor *m, const struct chan *c, const struct addresses *addresses)
{
	uint8_t bytes[ADDRESSES_BYTES];

	SESSION_ORDER(m, reach_tcp, .channel = c->id,
	    .addresses = {.data = bytes,
		.len = addresses_write(addresses, bytes)},
	    .port = c->target_port, .seconds = CONNECT_SECONDS);
}

int
on_tcp_connect(struct monitor *m, struct wall_message *message)
{
	const struct msg_tcp_connect *t = &message->tcp_connect;
	struct addresses literal = {.count = 0};
	struct chan *c;

	if (t->port == 0 || t->host[0] == '\0') {
		forward_denied(m, t->channel, "direct-tcpip", t->host, t->port,
		    "no host and port");
		return 0;
	}
	if (policy_may_connect(m->decision, t->host, t->port, NULL) ==
	    POLICY_NO) {
		connect_denied(m, t->channel, t->host, t->port, NULL,
		    t->originator, t->originator_port);
		return 0;
	}
	c = forward_channel(m, t->channel, "direct-tcpip", t->host, t->port);
	if (c == NULL)
		return 0;
	c->originator = mem_strdup(t->originator);
	c->originator_port = t->originator_port;
	if (policy_host_address(t->host, &literal.items[0])) {
		literal.count = 1;
		order_connect(m, c, &literal);
		return 0;
	}
	c->lookup = ++m->sessions->next_number;
	SESSION_ORDER(m, resolve, .number = c->lookup, .host = t->host,
	    .seconds = RESOLVE_SECONDS);
	return 0;
}

int
on_resolved(struct monitor *m, struct wall_message *message)
{
	const struct msg_resolved *r = &message->resolved;
	struct chan *c = chan_find_lookup(m, r->number);
	struct addresses all, permitted = {.count = 0};

	if (addresses_read(r->addresses.data, r->addresses.len, 0, &all) != 0)
		return E_FORMAT;
	/* The channel may have gone meanwhile. */
	if (c == NULL || c->target_port == 0)
		return 0;
	c->lookup = 0;
	if (all.count == 0) {
		forward_failed(
		    m, c, SSH_OPEN_CONNECT_FAILED, r->text, "lookup");
		return 0;
	}
	for (size_t i = 0; i < all.count; i++)
		if (policy_may_connect(m->decision, c->target, c->target_port,
			&all.items[i]) == POLICY_YES)
			permitted.items[permitted.count++] = all.items[i];
	if (permitted.count != 0) {
		order_connect(m, c, &permitted);
		return 0;
	}
	connect_denied(m, c->id, c->target, c->target_port, &all.items[0],
	    c->originator, c->originator_port);
	chan_remove(m, c);
	return 0;
}

int
on_reached(struct monitor *m, struct wall_message *message)
{
	const struct msg_reached *r = &message->reached;
	struct chan *c = chan_find(m, r->channel);
	struct net_address address;

	if (c == NULL || c->kind != CHAN_FORWARD || c->what == NULL ||
	    c->lookup != 0)
		return 0;
	if (r->reason != 0) {
		forward_failed(m, c, r->reason, r->text,
		    c->target_port == 0 ? "path" : NULL);
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
