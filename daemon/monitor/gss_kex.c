/*
 * A key exchange by GSS-API (RFC 4462 section 2), the monitor's half: the
 * client's token makes a context at the ticketholder, and the MIC over the
 * exchange hash takes the place of the host key's signature.  Kerberos accepts
 * with one token (RFC 4121 has two messages): a context that wants another is
 * refused, so that an exchange is one question here, too.
 */
#include "daemon/monitor/gss_kex.h"
#include "daemon/monitor/delegated.h"
#include "daemon/monitor/ticket.h"

#include "lib/audit.h"
#include "lib/err.h"

#include <stdio.h>

/* The exchange is over, and with it the connection. */
static void
refuse(struct monitor *m, struct bytes token, const char *why)
{
	AUDIT(kex_refused, .reason = why);
	m->exchange_failed = true;
	MONITOR_SEND(m, kex_failed, .token = token);
}

/* That is no fault of the client's. */
static int
refuse_silent(struct monitor *m, int err)
{
	if (m->state == STATE_KEX)
		m->exit_code = EXIT_OUTAGE;
	refuse(m, (struct bytes){NULL, 0}, "the ticketholder does not answer");
	return err;
}

static const char *
take_answer(struct gss_exchange *x, const struct msg_ticket_answer *answer)
{
	if (answer->state == TICKET_FAILED)
		return answer->text;
	if (answer->state != TICKET_DONE)
		return "the client's context wants more than one token";
	snprintf(x->principal, sizeof(x->principal), "%s", answer->principal);
	snprintf(x->local, sizeof(x->local), "%s", answer->local);
	x->delegated = answer->delegated;
	return NULL;
}

/* 0: the worker has been told; else the exchange has been refused. */
static int
finish(struct monitor *m, struct gss_exchange *x, struct bytes token,
    struct bytes hash)
{
	struct wall_message answer,
	    question = {.type = MSG_ticket_sign, .fds = {-1, -1, -1, -1}};
	const struct bytes none = {NULL, 0};
	const struct msg_ticket_signed *mic = &answer.ticket_signed;
	int err;

	question.ticket_sign.hash = hash;
	err = ticket_ask(&x->ticket, m->template->door, &question, &answer);
	if (err != 0)
		return refuse_silent(m, err);
	if (mic->mic.len == 0) {
		refuse(m, none, mic->text);
		err = E_DENIED;
	} else {
		MONITOR_SEND(m, kex_done, .exchange_hash = hash,
		    .session_id = {m->session_id, m->session_id_len},
		    .signature = mic->mic, .token = token);
	}
	wall_done(&x->ticket.wall, &answer);
	return err;
}

static int
exchange(struct monitor *m, struct gss_exchange *x, struct bytes token,
    struct bytes hash)
{
	struct wall_message answer,
	    question = {.type = MSG_ticket_token, .fds = {-1, -1, -1, -1}};
	const char *why;
	int err;

	question.ticket_token.token = token;
	err = ticket_ask(&x->ticket, m->template->door, &question, &answer);
	if (err != 0)
		return refuse_silent(m, err);
	why = take_answer(x, &answer.ticket_answer);
	if (why != NULL) {
		refuse(m, answer.ticket_answer.token, why);
		err = E_DENIED;
	} else
		err = finish(m, x, answer.ticket_answer.token, hash);
	wall_done(&x->ticket.wall, &answer);
	return err;
}

int
gss_kex_answer(struct monitor *m, struct bytes token, struct bytes hash)
{
	struct gss_exchange *x = gss_exchange_new();
	int err;

	monitor_call(m, CALL_TICKETHOLDER, "key exchange");
	err = exchange(m, x, token, hash);
	monitor_call_done(m);
	/* gssapi-keyex goes by the first (RFC 4462 section 4). */
	if (err == 0 && (m->exchanges == 1 || delegated_renews(m, x))) {
		gss_exchange_free(m->gss);
		m->gss = x;
	} else
		gss_exchange_free(x);
	return err;
}

/* The client makes no MIC in a rekey: ours has to do. */
void
gss_kex_newkeys(struct monitor *m)
{
	struct gss_exchange *x = m->gss;
	const struct wall_message question = {.type = MSG_ticket_take,
	    .fds = {-1, -1, -1, -1},
	    .ticket_take = {.rekey = true}};
	struct wall_message answer;
	int err;

	if (x == NULL || m->state != STATE_OPEN)
		return;
	m->gss = NULL;
	monitor_call(m, CALL_TICKETHOLDER, "delegated tickets");
	err = ticket_ask(&x->ticket, m->template->door, &question, &answer);
	monitor_call_done(m);
	if (err == 0) {
		delegated_renew(m, answer.ticket_delegated.tickets,
		    answer.ticket_delegated.text);
		/* Wipes what has been received. */
		wall_done(&x->ticket.wall, &answer);
	} else
		delegated_renew(m, (struct bytes){NULL, 0},
		    "the ticketholder does not answer");
	gss_exchange_free(x);
}
