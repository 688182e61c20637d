/*
 * The transport protocol's small messages (RFC 4253 section 11, RFC 8308,
 * OpenSSH's PROTOCOL 1.9).
 */
#include "daemon/worker/phases.h"
#include "daemon/worker/transport/transport.h"

#include "lib/err.h"
#include "lib/log.h"

#include <string.h>

#define TEXT_MAX       1024
#define EXTENSIONS_MAX 64

int
transport_disconnect(struct worker *w, struct rd *r)
{
	uint32_t reason = rd_u32(r);
	size_t len;
	const uint8_t *text = rd_string(r, SSH_PACKET_MAX, &len);

	/* Old clients leave the language tag out. */
	if (r->err != 0)
		len = 0;
	worker_end(w, BYE_PEER_DISCONNECTED, reason, "%.*s",
	    (int)(len < TEXT_MAX ? len : TEXT_MAX), (const char *)text);
	return 0;
}

int
transport_ignore(struct worker *w, struct rd *r)
{
	(void)w;
	(void)r;
	return 0;
}

int
transport_unimplemented(struct worker *w, struct rd *r)
{
	(void)w;
	log_debug("peer did not know our packet %u", rd_u32(r));
	return 0;
}

void
control_unimplemented(struct transport *t)
{
	buf_u32(packet_start(t->w, SSH_MSG_UNIMPLEMENTED), t->from.seq);
	packet_send(t->w);
}

int
transport_unknown(struct worker *w, struct rd *r)
{
	(void)r;
	control_unimplemented(w->transport);
	return 0;
}

/* RFC 8308: none of the client's extensions changes what we do. */
int
transport_ext_info(struct worker *w, struct rd *r)
{
	uint32_t count = rd_u32(r);
	size_t len;

	(void)w;
	if (count > EXTENSIONS_MAX)
		rd_fail(r, E_LIMIT);
	for (uint32_t i = 0; i < count && r->err == 0; i++) {
		rd_string(r, TEXT_MAX, &len);
		rd_string(r, SSH_PACKET_MAX, &len);
	}
	return rd_end(r);
}

void
control_send_ext_info(struct transport *t)
{
	struct buf *b = packet_start(t->w, SSH_MSG_EXT_INFO);

	buf_u32(b, 3);
	buf_text(b, "server-sig-algs");
	buf_text(b, t->settings->signature_algorithms);
	buf_text(b, "publickey-hostbound@openssh.com");
	buf_text(b, "0");
	buf_text(b, "ping@openssh.com");
	buf_text(b, "0");
	packet_send(t->w);
}

int
transport_ping(struct worker *w, struct rd *r)
{
	size_t len;
	const uint8_t *data = rd_string(r, SSH_PACKET_MAX, &len);
	int err = rd_end(r);

	if (err == 0) {
		buf_string(packet_start(w, SSH_MSG_PONG), data, len);
		packet_send(w);
	}
	return err;
}

/*
 * RFC 4253 section 7.1: after the peer's KEXINIT and until its NEWKEYS only
 * the transport's own messages may come; under strict key exchange the first
 * time only those that the exchange needs.  But asyncssh and others go on
 * with their channels in a later one, where the old keys protect them: let
 * them, as OpenSSH does.  What they want answered is held back, and bounded.
 */
bool
transport_forbids(const struct worker *w, uint8_t number)
{
	const struct exchange *ex = &w->transport->ex;

	if (!ex->received || number == SSH_MSG_DISCONNECT)
		return false;
	if (number >= SSH_MSG_KEXINIT && number <= 49)
		return false;
	if (ex->strict && !ex->again)
		return true;
	if (ex->again && number >= SSH_MSG_GLOBAL_REQUEST && number < 128)
		return false;
	return number == 0 || number > SSH_MSG_DEBUG;
}
