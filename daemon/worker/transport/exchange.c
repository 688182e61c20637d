/*
 * The middle of a key exchange: the client's share comes, ours is made, and
 * the monitor is asked for the exchange hash and the host key's signature
 * over it.  Nothing is read while it computes.
 */
#include "daemon/worker/phases.h"
#include "daemon/worker/transport/transport.h"

#include "lib/err.h"

#include <string.h>

/* A share with room for the largest group. */
#define SHARE_MAX                                                        \
	(MODULI_BYTES_MAX + 16 > KEX_SHARE_MAX ? MODULI_BYTES_MAX + 16 : \
						 KEX_SHARE_MAX)

/* GSS_S_FAILURE of RFC 2743, as RFC 2744 writes it. */
#define GSS_FAILURE (UINT32_C(13) << 16)

bool
exchange_holds_output(const struct transport *t)
{
	return t->ex.sent && t->ex.stage != STAGE_NEWKEYS;
}

int
exchange_begin(struct transport *t)
{
	struct exchange *ex = &t->ex;
	const char *name = ex->choice.names[KEXINIT_KEX];
	unsigned attributes;

	ex->method = kex_find(name, strlen(name));
	if (ex->method == NULL)
		return E_UNSUPPORTED;
	buf_init(&ex->client_share, SHARE_MAX);
	buf_init(&ex->server_share, SHARE_MAX);
	buf_init(&ex->secret, KEX_SECRET_MAX);
	buf_init(&ex->token, WALL_TOKEN_MAX);
	ex->gex_min = ex->gex_n = ex->gex_max = 0;
	memset(&ex->group, 0, sizeof(ex->group));
	attributes = kex_attributes(ex->method);
	ex->stage = (attributes & KEX_GROUP_EXCHANGE) != 0 ? STAGE_GEX_REQUEST :
	    (attributes & KEX_GSS) != 0			   ? STAGE_GSS_INIT :
							     STAGE_SHARE;
	return 0;
}

void
exchange_forget(struct transport *t)
{
	struct exchange *ex = &t->ex;

	buf_free(&ex->ours);
	buf_free(&ex->theirs);
	buf_free(&ex->client_share);
	buf_free(&ex->server_share);
	buf_free(&ex->secret);
	buf_free(&ex->token);
}

static struct bytes
bytes_of(const struct buf *b)
{
	return (struct bytes){b->data, b->len};
}

static void
ask_monitor(struct transport *t)
{
	struct exchange *ex = &t->ex;

	ex->stage = STAGE_MONITOR;
	transport_hold(t->w, HOLD_MONITOR);
	TELL(t->w, kex, .kexinit_client = bytes_of(&ex->theirs),
	    .kexinit_server = bytes_of(&ex->ours),
	    .client_share = bytes_of(&ex->client_share),
	    .server_share = bytes_of(&ex->server_share),
	    .shared_secret = bytes_of(&ex->secret), .gex_min = ex->gex_min,
	    .gex_preferred = ex->gex_n, .gex_max = ex->gex_max,
	    .gex_p = {ex->group.p, ex->group.p_len},
	    .gex_g = {ex->group.g, ex->group.g_len},
	    .token = bytes_of(&ex->token));
}

static int
refuse_share(struct transport *t, int err)
{
	worker_disconnect(t->w, BYE_PROTOCOL_ERROR,
	    SSH_DISCONNECT_KEY_EXCHANGE_FAILED, "key exchange %s: %s",
	    t->ex.choice.names[KEXINIT_KEX], err_text(err));
	return err;
}

static int
on_share(struct transport *t, struct rd *r)
{
	struct exchange *ex = &t->ex;
	size_t len;
	const uint8_t *share = kex_read_share(ex->method, r, &len);
	int err = rd_end(r);

	if (err == 0 && ex->group.p_len != 0)
		err = kex_gex_respond(ex->method, &ex->group, share, len,
		    &ex->server_share, &ex->secret);
	else if (err == 0)
		err = kex_server_respond(
		    ex->method, share, len, &ex->server_share, &ex->secret);
	if (err != 0)
		return refuse_share(t, err);
	buf_bytes(&ex->client_share, share, len);
	ask_monitor(t);
	return 0;
}

/*
 * RFC 4462 section 2.1: the share comes behind a token, which the ticketholder
 * judges.  With Kerberos there is one, so that no KEXGSS_CONTINUE is awaited.
 */
static int
on_gss_init(struct transport *t, struct rd *r)
{
	struct buf *b = &t->ex.token;
	size_t len;
	const uint8_t *token = rd_string(r, WALL_TOKEN_MAX, &len);

	if (r->err == 0)
		buf_bytes(b, token, len);
	return on_share(t, r);
}

/* RFC 4419 section 3: the client says what size it wants. */
static int
on_gex_request(struct transport *t, struct rd *r)
{
	struct exchange *ex = &t->ex;
	struct buf *b;
	int err;

	ex->gex_min = rd_u32(r);
	ex->gex_n = rd_u32(r);
	ex->gex_max = rd_u32(r);
	if ((err = rd_end(r)) != 0)
		return err;
	err = moduli_choose(
	    t->moduli, ex->gex_min, ex->gex_n, ex->gex_max, &ex->group);
	if (err != 0)
		return refuse_share(t, err);
	b = packet_start(t->w, SSH_MSG_KEX_DH_GEX_GROUP);
	buf_mpint(b, ex->group.p, ex->group.p_len);
	buf_mpint(b, ex->group.g, ex->group.g_len);
	packet_send(t->w);
	ex->stage = STAGE_GEX_INIT;
	return 0;
}

/* Messages 30 to 49. */
int
transport_kex_method(struct worker *w, struct rd *r)
{
	struct transport *t = w->transport;
	struct exchange *ex = &t->ex;
	uint8_t number = r->data[0];

	if (ex->drop_guess && ex->received) {
		ex->drop_guess = false;
		return 0;
	}
	if (ex->stage == STAGE_SHARE && number == SSH_MSG_KEX_ECDH_INIT)
		return on_share(t, r);
	if (ex->stage == STAGE_GSS_INIT && number == SSH_MSG_KEXGSS_INIT)
		return on_gss_init(t, r);
	if (ex->stage == STAGE_GEX_REQUEST &&
	    number == SSH_MSG_KEX_DH_GEX_REQUEST)
		return on_gex_request(t, r);
	if (ex->stage == STAGE_GEX_INIT && number == SSH_MSG_KEX_DH_GEX_INIT)
		return on_share(t, r);
	return E_STATE;
}

/* RFC 4462 section 2.1; without KEXGSS_HOSTKEY (monitor/on_key.c). */
static void
send_gss_reply(struct transport *t, const struct msg_kex_done *done)
{
	struct exchange *ex = &t->ex;
	struct buf *b = packet_start(t->w, SSH_MSG_KEXGSS_COMPLETE);

	kex_write_share(
	    ex->method, b, ex->server_share.data, ex->server_share.len);
	buf_string(b, done->signature.data, done->signature.len);
	buf_bool(b, done->token.len != 0);
	if (done->token.len != 0)
		buf_string(b, done->token.data, done->token.len);
	packet_send(t->w);
}

static void
send_reply(struct transport *t, const struct msg_kex_done *done)
{
	struct exchange *ex = &t->ex;
	struct buf *b;

	if ((kex_attributes(ex->method) & KEX_GSS) != 0) {
		send_gss_reply(t, done);
		return;
	}
	b = packet_start(t->w,
	    ex->group.p_len != 0 ? SSH_MSG_KEX_DH_GEX_REPLY :
				   SSH_MSG_KEX_ECDH_REPLY);
	buf_string(b, done->host_key.data, done->host_key.len);
	kex_write_share(
	    ex->method, b, ex->server_share.data, ex->server_share.len);
	buf_string(b, done->signature.data, done->signature.len);
	packet_send(t->w);
}

int
on_kex_done(struct worker *w, struct wall_message *m)
{
	struct transport *t = w->transport;
	struct exchange *ex = &t->ex;
	const struct msg_kex_done *done = &m->kex_done;
	int err;

	if (w->phase == PHASE_CLOSING)
		return 0;
	if (ex->stage != STAGE_MONITOR)
		return E_STATE;
	if (!ex->again) {
		if (done->session_id.len == 0 ||
		    done->session_id.len > sizeof(ex->session_id))
			return E_VALUE;
		memcpy(ex->session_id, done->session_id.data,
		    done->session_id.len);
		ex->session_id_len = done->session_id.len;
	}
	send_reply(t, done);
	err =
	    newkeys_send(t, done->exchange_hash.data, done->exchange_hash.len);
	exchange_forget(t);
	if (err != 0)
		return err;
	ex->stage = STAGE_NEWKEYS;
	if (!ex->again && ex->ext_info)
		control_send_ext_info(t);
	output_held(t);
	transport_release(w, HOLD_MONITOR);
	return 0;
}

/* The words of libkrb5 are for the log; its own token tells the client. */
static void
send_gss_error(struct transport *t, struct bytes token)
{
	struct buf *b;

	if (token.len != 0) {
		b = packet_start(t->w, SSH_MSG_KEXGSS_CONTINUE);
		buf_string(b, token.data, token.len);
		packet_send(t->w);
	}
	b = packet_start(t->w, SSH_MSG_KEXGSS_ERROR);
	buf_u32(b, GSS_FAILURE);
	buf_u32(b, 0);
	buf_text(b, "the ticket is not accepted");
	buf_text(b, "");
	packet_send(t->w);
}

int
on_kex_failed(struct worker *w, struct wall_message *m)
{
	struct transport *t = w->transport;

	if (w->phase == PHASE_CLOSING)
		return 0;
	if (t->ex.stage != STAGE_MONITOR)
		return E_STATE;
	send_gss_error(t, m->kex_failed.token);
	worker_disconnect(w, BYE_NEGOTIATION_FAILED,
	    SSH_DISCONNECT_KEY_EXCHANGE_FAILED,
	    "key exchange %s: the ticket is not accepted",
	    t->ex.choice.names[KEXINIT_KEX]);
	return 0;
}
