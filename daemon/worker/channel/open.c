/*
 * Opening channels, in both directions; RFC 4254 section 5.1.  What the
 * client opens is a question to the monitor, and where a socket is needed
 * the channel stands when both the monitor's yes and the socket are there.
 */
#include "daemon/worker/channel/channel.h"

#include "lib/err.h"
#include "lib/log.h"
#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

#define STREAM_DEADLINE 30000 /* ms from the monitor's yes to the socket */

struct opening {
	struct channels *t;
	struct rd *r;
	uint32_t peer, window, packet;
};

typedef int open_handler(struct opening *o);

static int
refuse_open(struct opening *o, uint32_t reason, const char *text)
{
	struct buf *b = packet_start(o->t->w, SSH_MSG_CHANNEL_OPEN_FAILURE);

	buf_u32(b, o->peer);
	buf_u32(b, reason);
	buf_text(b, text);
	buf_text(b, "");
	packet_send(o->t->w);
	return 0;
}

void
channel_refuse(struct channel *c, uint32_t reason, const char *text)
{
	struct opening o = {.t = c->table, .peer = c->peer};

	if (reason < SSH_OPEN_ADMINISTRATIVELY_PROHIBITED ||
	    reason > SSH_OPEN_RESOURCE_SHORTAGE)
		reason = SSH_OPEN_ADMINISTRATIVELY_PROHIBITED;
	refuse_open(&o, reason, text);
	channel_free(c);
}

void
channel_confirm(struct channel *c)
{
	struct buf *b =
	    packet_start(c->table->w, SSH_MSG_CHANNEL_OPEN_CONFIRMATION);

	buf_u32(b, c->peer);
	buf_u32(b, c->id);
	buf_u32(b, c->window);
	buf_u32(b, CHANNEL_PACKET);
	packet_send(c->table->w);
	c->state = CHANNEL_OPEN;
	c->used_at = loop_now(c->table->w->loop);
}

static void
on_no_stream(void *arg)
{
	channel_refuse(arg, SSH_OPEN_CONNECT_FAILED, "no answer");
}

/* The monitor said yes, or the socket came: go on when both are there. */
void
channel_stream_ready(struct channel *c)
{
	if (c->granted && c->output.fd >= 0) {
		loop_timer_stop(&c->timer);
		channel_confirm(c);
		channel_begin(c);
	} else if (c->granted) {
		loop_timer_start(c->table->w->loop, &c->timer, STREAM_DEADLINE,
		    on_no_stream, c);
	}
}

static struct channel *
new_channel(struct opening *o, enum channel_kind kind)
{
	struct channel *c = channel_new(o->t, kind);

	if (c == NULL) {
		refuse_open(o, SSH_OPEN_RESOURCE_SHORTAGE, "too many channels");
		return NULL;
	}
	c->peer = o->peer;
	c->peer_window = c->peer_max = o->window;
	c->peer_packet = o->packet;
	return c;
}

static int
open_session(struct opening *o)
{
	struct channel *c;
	int err = rd_end(o->r);

	if (err != 0)
		return err;
	if (o->t->no_more_sessions) {
		worker_disconnect(o->t->w, BYE_PROTOCOL_ERROR,
		    SSH_DISCONNECT_PROTOCOL_ERROR,
		    "session opened after no-more-sessions");
		return 0;
	}
	if ((c = new_channel(o, KIND_SESSION)) != NULL)
		TELL(o->t->w, session_open, .channel = c->id);
	return 0;
}

static int
open_direct_tcp(struct opening *o)
{
	struct channel *c;
	char *host = channel_text(o->r, WALL_HOST_MAX);
	uint32_t port = rd_u32(o->r);
	char *from = channel_text(o->r, WALL_HOST_MAX);
	uint32_t from_port = rd_u32(o->r);
	int err = rd_end(o->r);

	if (err == 0 &&
	    (host == NULL || host[0] == '\0' || from == NULL ||
		port > PORT_MAX)) {
		refuse_open(o, SSH_OPEN_CONNECT_FAILED, "no such address");
	} else if (err == 0 && (c = new_channel(o, KIND_DIRECT_TCP)) != NULL) {
		c->socket = true;
		TELL(o->t->w, tcp_connect, .channel = c->id, .host = host,
		    .port = port, .originator = from,
		    .originator_port = from_port);
	}
	free(host);
	free(from);
	return err;
}

static int
open_direct_unix(struct opening *o)
{
	struct channel *c;
	char *path = channel_text(o->r, WALL_PATH_MAX - 1);
	size_t len;
	int err;

	(void)rd_string(o->r, SSH_PACKET_MAX, &len); /* reserved */
	(void)rd_u32(o->r);
	err = rd_end(o->r);
	if (err == 0 && (path == NULL || path[0] == '\0')) {
		refuse_open(o, SSH_OPEN_CONNECT_FAILED, "no such path");
	} else if (err == 0 && (c = new_channel(o, KIND_DIRECT_UNIX)) != NULL) {
		c->socket = true;
		TELL(o->t->w, unix_connect, .channel = c->id, .path = path);
	}
	free(path);
	return err;
}

static int
open_tun(struct opening *o)
{
	struct channel *c;
	uint32_t mode = rd_u32(o->r), unit = rd_u32(o->r);
	int err = rd_end(o->r);

	if (err != 0)
		return err;
	if (mode != 1 && mode != 2)
		return refuse_open(o, SSH_OPEN_ADMINISTRATIVELY_PROHIBITED,
		    "no such tunnel mode");
	if ((c = new_channel(o, KIND_TUN)) == NULL)
		return 0;
	c->tun = true;
	c->tun_layer3 = mode == 1;
	TELL(o->t->w, tun, .channel = c->id, .mode = mode, .unit = unit);
	return 0;
}

static const struct {
	const char *name;
	open_handler *handler;
} types[] = {
    {"session", open_session},
    {"direct-tcpip", open_direct_tcp},
    {"direct-streamlocal@openssh.com", open_direct_unix},
    {"tun@openssh.com", open_tun},
};

int
channel_open(struct worker *w, struct rd *r)
{
	struct opening o = {.t = w->channels, .r = r};
	const uint8_t *type;
	size_t len;

	if (o.t == NULL)
		return E_STATE;
	channels_announce(o.t);
	type = rd_string(r, SSH_PACKET_MAX, &len);
	o.peer = rd_u32(r);
	o.window = rd_u32(r);
	o.packet = rd_u32(r);
	if (r->err != 0)
		return r->err;
	if (o.packet == 0)
		return refuse_open(
		    &o, SSH_OPEN_CONNECT_FAILED, "a maximum packet size of 0");
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strlen(types[i].name) == len &&
		    memcmp(types[i].name, type, len) == 0)
			return types[i].handler(&o);
	return refuse_open(
	    &o, SSH_OPEN_UNKNOWN_CHANNEL_TYPE, "unknown channel type");
}

/* ---- opened by us ------------------------------------------------------- */

static enum channel_kind
incoming_channel_kind(uint8_t kind)
{
	switch (kind) {
	case INCOMING_TCP:
		return KIND_FORWARDED_TCP;
	case INCOMING_UNIX:
		return KIND_FORWARDED_UNIX;
	case INCOMING_AGENT:
		return KIND_AGENT;
	default:
		return KIND_X11;
	}
}

static const char *
incoming_type(const struct channels *t, enum channel_kind kind)
{
	switch (kind) {
	case KIND_FORWARDED_TCP:
		return "forwarded-tcpip";
	case KIND_FORWARDED_UNIX:
		return "forwarded-streamlocal@openssh.com";
	case KIND_X11:
		return "x11";
	default:
		break;
	}
	return t->agent_by_rfc ? "agent-connect" : "auth-agent@openssh.com";
}

int
on_incoming(struct worker *w, struct wall_message *m)
{
	const struct msg_incoming *in = &m->incoming;
	struct channels *t = w->channels;
	struct channel *c;
	struct buf *b;

	if (t == NULL || in->kind > INCOMING_X11)
		return E_VALUE;
	if (w->phase != PHASE_OPEN ||
	    (c = channel_new(t, incoming_channel_kind(in->kind))) == NULL)
		return 0; /* wall_done() closes the connection */
	c->state = CHANNEL_OFFERED;
	c->socket = true;
	if (channel_attach(c, m->fds[0]) != 0) {
		channel_free(c);
		return 0;
	}
	m->fds[0] = -1;
	TELL(t->w, channel_offered, .channel = c->id, .kind = in->kind,
	    .address = in->address, .port = in->port,
	    .originator = in->originator,
	    .originator_port = in->originator_port);
	b = packet_start(w, SSH_MSG_CHANNEL_OPEN);
	buf_text(b, incoming_type(t, (enum channel_kind)c->kind));
	buf_u32(b, c->id);
	buf_u32(b, c->window);
	buf_u32(b, CHANNEL_PACKET);
	if (c->kind == KIND_FORWARDED_TCP) {
		buf_text(b, in->address);
		buf_u32(b, in->port);
	} else if (c->kind == KIND_FORWARDED_UNIX) {
		buf_text(b, in->address);
		buf_text(b, "");
	}
	if (c->kind == KIND_FORWARDED_TCP || c->kind == KIND_X11) {
		buf_text(b, in->originator);
		buf_u32(b, in->originator_port);
	}
	packet_send(w);
	return 0;
}

/* The channel that an answer to our CHANNEL_OPEN is about. */
static struct channel *
offered(struct worker *w, uint32_t id)
{
	struct channel *c = channel_find(w->channels, id);

	return c != NULL && c->state == CHANNEL_OFFERED ? c : NULL;
}

int
channel_open_confirmed(struct worker *w, struct rd *r)
{
	uint32_t id = rd_u32(r), peer = rd_u32(r);
	uint32_t window = rd_u32(r), packet = rd_u32(r);
	struct channel *c;
	int err = rd_end(r);

	if (err != 0)
		return err;
	if ((c = offered(w, id)) == NULL)
		return E_VALUE;
	c->peer = peer;
	c->peer_window = c->peer_max = window;
	c->peer_packet = packet;
	c->state = CHANNEL_OPEN;
	c->used_at = loop_now(w->loop);
	if (packet != 0)
		channel_begin(c);
	else
		channel_force_close(c); /* nothing could ever be sent */
	return 0;
}

int
channel_open_failed(struct worker *w, struct rd *r)
{
	uint32_t id = rd_u32(r), reason = rd_u32(r);
	size_t len;
	struct channel *c;
	int err;

	(void)rd_string(r, SSH_PACKET_MAX, &len);
	if (rd_left(r) != 0) /* some leave the language out */
		(void)rd_string(r, SSH_PACKET_MAX, &len);
	if ((err = rd_end(r)) != 0)
		return err;
	if ((c = offered(w, id)) == NULL)
		return E_VALUE;
	log_verbose("channel %u: the client refused it (%u)", id, reason);
	channel_free(c);
	return 0;
}
