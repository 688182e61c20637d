/*
 * The ticketholder, as modules ask it: a context of its own for each try of
 * gssapi-with-mic, and the one of the first key exchange for gssapi-keyex.
 * The client's principal counts once its MIC was right.
 */
#include "daemon/monitor/auth.h"
#include "daemon/monitor/delegated.h"

#include "lib/audit.h"
#include "lib/err.h"
#include "lib/log.h"
#include "modules/sallyport_ticket.h"

#include <stdio.h>
#include <string.h>

static void LOG_PRINTF(2, 3) because(struct monitor *m, const char *format, ...)
{
	char *reason = m->auth->attempt.reason;
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof(m->auth->attempt.reason), format, args);
	va_end(args);
}

static void
forget_answer(struct auth *a)
{
	if (a->ticket.has_last)
		wall_done(&a->ticket.context.wall, &a->ticket.last);
	a->ticket.has_last = false;
}

void
host_ticket_end(struct monitor *m)
{
	struct auth *a = m->auth;

	forget_answer(a);
	ticket_end(&a->ticket.context);
}

/* Asks in the context given; a failure is the try's reason. */
static int
ask(struct monitor *m, struct ticket_context *t,
    const struct wall_message *question, struct wall_message *answer)
{
	int err = ticket_ask(t, m->template->door, question, answer);

	if (err == 0)
		return SALLYPORT_OK;
	because(m, "the ticketholder does not answer: %s", err_text(err));
	return SALLYPORT_SYSTEM;
}

int
ticket_accept(struct sallyport_login *login, const void *token, size_t len,
    struct sallyport_ticket *ticket)
{
	struct monitor *m = login->program;
	struct auth *a = m->auth;
	struct wall_message question = {
	    .type = MSG_ticket_token, .fds = {-1, -1, -1, -1}};
	const struct msg_ticket_answer *answer = &a->ticket.last.ticket_answer;
	int err;

	if (ticket->size < sizeof(*ticket))
		return SALLYPORT_STATE;
	ticket->complete = 0;
	ticket->token = NULL;
	ticket->token_len = 0;
	ticket->principal = ticket->local = "";
	if (m->template->door < 0 || a->ticket.context.failed) {
		because(m, "there is no ticketholder");
		return SALLYPORT_STATE;
	}
	if (len > WALL_TOKEN_MAX) {
		because(m, "the token is too large");
		return SALLYPORT_REFUSED;
	}
	forget_answer(a);
	question.ticket_token.token = (struct bytes){token, len};
	if ((err = ask(m, &a->ticket.context, &question, &a->ticket.last)) !=
	    SALLYPORT_OK)
		return err;
	a->ticket.has_last = true;
	ticket->token = answer->token.data;
	ticket->token_len = answer->token.len;
	if (answer->state == TICKET_FAILED) {
		a->ticket.context.failed = true;
		because(m, "%s", answer->text);
		return SALLYPORT_REFUSED;
	}
	ticket->complete = answer->state == TICKET_DONE;
	ticket->principal = answer->principal;
	ticket->local = answer->local;
	return SALLYPORT_OK;
}

/*
 * The tickets that the client has delegated, if the rule takes them; a guard
 * may still forbid.  Without the tickets the login goes on: nothing is lost but
 * them.
 */
static int
take_delegated(struct monitor *m, struct ticket_context *t)
{
	struct auth *a = m->auth;
	const struct wall_message question = {
	    .type = MSG_ticket_take, .fds = {-1, -1, -1, -1}};
	struct wall_message answer;
	const struct bytes *tickets = &answer.ticket_delegated.tickets;
	int err;

	if (a->walk.hopeless || !a->decision->grants.delegation) {
		delegated_try(m, (struct bytes){NULL, 0});
		return SALLYPORT_OK;
	}
	err = ask(m, t, &question, &answer);
	if (err != SALLYPORT_OK)
		return err;
	if (tickets->len == 0)
		AUDIT(tickets_lost, .principal = a->attempt.principal,
		    .reason = answer.ticket_delegated.text);
	delegated_try(m, *tickets);
	/* Wipes what has been received. */
	wall_done(&t->wall, &answer);
	return SALLYPORT_OK;
}

/* The client has the key of the context: who it is counts from here on. */
static int
take_principal(struct monitor *m, const char *principal)
{
	struct auth *a = m->auth;

	snprintf(a->attempt.principal, sizeof(a->attempt.principal), "%s",
	    principal);
	if (a->principal[0] != '\0' && strcmp(a->principal, principal) != 0) {
		because(m, "two principals in one login");
		return SALLYPORT_REFUSED;
	}
	/* The decoy's rule is not this user's: it fails by itself. */
	if (a->walk.hopeless || policy_may_principal(a->decision, principal))
		return SALLYPORT_OK;
	because(m, "principal %.150s is not in principals", principal);
	return SALLYPORT_REFUSED;
}

/* Is the MIC the context's client's?  Then the login has its principal. */
static int
check_mic(struct monitor *m, struct ticket_context *t, struct bytes data,
    struct bytes mic, const char *principal, bool delegated)
{
	struct wall_message answer,
	    question = {.type = MSG_ticket_mic, .fds = {-1, -1, -1, -1}};
	int err;

	if (data.len > WALL_TEXT_MAX || mic.len > WALL_TEXT_MAX) {
		because(m, "the MIC is too large");
		return SALLYPORT_REFUSED;
	}
	question.ticket_mic.data = data;
	question.ticket_mic.mic = mic;
	err = ask(m, t, &question, &answer);
	if (err != SALLYPORT_OK)
		return err;
	if (!answer.ticket_checked.good) {
		t->failed = true;
		because(m, "%s", answer.ticket_checked.text);
		err = SALLYPORT_REFUSED;
	}
	wall_done(&t->wall, &answer);
	if (err == SALLYPORT_OK)
		err = take_principal(m, principal);
	return err == SALLYPORT_OK && delegated ? take_delegated(m, t) : err;
}

int
ticket_verify(struct sallyport_login *login, const void *data, size_t len,
    const void *mic, size_t mic_len)
{
	struct monitor *m = login->program;
	struct auth *a = m->auth;
	char principal[WALL_TEXT_MAX + 1];
	bool delegated;

	if (a->ticket.context.failed || !a->ticket.has_last ||
	    a->ticket.last.ticket_answer.state != TICKET_DONE)
		return SALLYPORT_STATE;
	snprintf(principal, sizeof(principal), "%s",
	    a->ticket.last.ticket_answer.principal);
	delegated = a->ticket.last.ticket_answer.delegated;
	forget_answer(a);
	return check_mic(m, &a->ticket.context, (struct bytes){data, len},
	    (struct bytes){mic, mic_len}, principal, delegated);
}

int
ticket_verify_exchange(struct sallyport_login *login, const void *data,
    size_t len, const void *mic, size_t mic_len,
    struct sallyport_ticket *ticket)
{
	struct monitor *m = login->program;
	struct gss_exchange *x = m->gss;

	if (ticket->size < sizeof(*ticket))
		return SALLYPORT_STATE;
	ticket->complete = 0;
	ticket->token = NULL;
	ticket->token_len = 0;
	ticket->principal = ticket->local = "";
	if (x == NULL) {
		because(m, "the first key exchange was not one of GSS-API");
		return SALLYPORT_STATE;
	}
	if (x->used) {
		because(m, "the key exchange has made its MIC already");
		return SALLYPORT_REFUSED;
	}
	x->used = true;
	ticket->complete = 1;
	ticket->principal = x->principal;
	ticket->local = x->local;
	return check_mic(m, &x->ticket, (struct bytes){data, len},
	    (struct bytes){mic, mic_len}, x->principal, x->delegated);
}
