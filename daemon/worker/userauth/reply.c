/*
 * Turns the monitor's answers to a request into packets.
 */
#include "daemon/worker/userauth/userauth.h"

#include "daemon/worker/transport/transport.h"

#include "lib/err.h"

/* The client's turn. */
static void
client_may(struct worker *w, enum userauth_state state)
{
	w->userauth->state = state;
	transport_release(w, HOLD_AUTH);
}

int
on_auth_verdict(struct worker *w, struct wall_message *m)
{
	const struct msg_auth_verdict *v = &m->auth_verdict;
	struct buf *b;

	if (w->phase != PHASE_USERAUTH)
		return w->phase == PHASE_CLOSING ? 0 : E_STATE;
	if (v->result == AUTH_SUCCESS) {
		packet_start(w, SSH_MSG_USERAUTH_SUCCESS);
		packet_send(w);
		w->phase = PHASE_OPEN;
		transport_authenticated(w);
	} else {
		b = packet_start(w, SSH_MSG_USERAUTH_FAILURE);
		buf_text(b, v->methods);
		buf_bool(b, v->result == AUTH_PARTIAL);
		packet_send(w);
	}
	client_may(w, USERAUTH_IDLE);
	return 0;
}

int
on_auth_key_ok(struct worker *w, struct wall_message *m)
{
	struct buf *b = packet_start(w, SSH_MSG_USERAUTH_PK_OK);

	buf_string(
	    b, m->auth_key_ok.algorithm.data, m->auth_key_ok.algorithm.len);
	buf_string(b, m->auth_key_ok.key.data, m->auth_key_ok.key.len);
	packet_send(w);
	client_may(w, USERAUTH_IDLE);
	return 0;
}

int
on_auth_ask(struct worker *w, struct wall_message *m)
{
	struct buf *b = packet_start(w, SSH_MSG_USERAUTH_INFO_REQUEST);

	buf_text(b, m->auth_ask.name);
	buf_text(b, m->auth_ask.instruction);
	buf_text(b, ""); /* language, RFC 4256 section 3.2 */
	buf_u32(b, m->auth_ask.count);
	buf_bytes(b, m->auth_ask.prompts.data, m->auth_ask.prompts.len);
	packet_send(w);
	client_may(w, USERAUTH_ASKING);
	return 0;
}

int
on_auth_change(struct worker *w, struct wall_message *m)
{
	struct buf *b = packet_start(w, SSH_MSG_USERAUTH_PASSWD_CHANGEREQ);

	buf_text(b, m->auth_change.prompt);
	buf_text(b, "");
	packet_send(w);
	client_may(w, USERAUTH_CHANGING);
	return 0;
}

int
on_auth_send(struct worker *w, struct wall_message *m)
{
	struct buf *b;

	if (m->auth_send.number < 60)
		return E_VALUE;
	b = packet_start(w, m->auth_send.number);
	buf_bytes(b, m->auth_send.payload.data, m->auth_send.payload.len);
	packet_send(w);
	client_may(w, USERAUTH_METHOD);
	return 0;
}

/* RFC 4252 section 5.4: at any time before success. */
int
on_banner(struct worker *w, struct wall_message *m)
{
	struct buf *b = packet_start(w, SSH_MSG_USERAUTH_BANNER);

	buf_text(b, m->banner.text);
	buf_text(b, "");
	packet_send(w);
	return 0;
}
