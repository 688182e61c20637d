/*
 * The monitor's side of Kerberos: a wall of its own to the ticketholder for
 * each try, through the door that all monitors share.  A ticketholder that
 * dies or does not answer fails that try and nothing else.
 */
#include "daemon/monitor/auth.h"
#include "daemon/monitor/delegated.h"

#include "lib/audit.h"
#include "lib/err.h"
#include "lib/log.h"
#include "modules/sallyport_ticket.h"
#include "privsep/wall_queue.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Longer than the ticketholder lets one call take. */
#define ANSWER_MS 5000

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
		wall_done(&a->ticket.wall, &a->ticket.last);
	a->ticket.has_last = false;
}

void
host_ticket_end(struct monitor *m)
{
	struct auth *a = m->auth;

	forget_answer(a);
	if (a->ticket.wall.fd >= 0)
		wall_free(&a->ticket.wall);
	a->ticket.wall.fd = -1;
	a->ticket.failed = false;
}

/* The door is all monitors': what it does not take is not kept by this one. */
static int
knock(struct monitor *m, int end)
{
	struct wall door;
	int fd = dup(m->template->door), err;

	if (fd < 0)
		return E_SYSTEM;
	wall_init(&door, fd, PATH_MONITORS_DOOR, PATH_MONITORS_DOOR);
	err = wall_send(&door,
	    &(const struct wall_message){
		.type = MSG_consult, .fds = {end, -1, -1, -1}});
	if (err == 0)
		err = wall_queue_drain(&door, ANSWER_MS);
	wall_free(&door);
	return err;
}

static int
begin(struct monitor *m)
{
	struct auth *a = m->auth;
	int ends[2], err;

	if (wall_pair(ends) != 0)
		return E_SYSTEM;
	wall_init(&a->ticket.wall, ends[0], PATH_MONITOR_TICKETS,
	    PATH_TICKETS_MONITOR);
	err = knock(m, ends[1]);
	close(ends[1]);
	return err;
}

static int
await(struct wall *w)
{
	struct pollfd p = {.fd = w->fd, .events = POLLIN};
	int n;

	do
		n = poll(&p, 1, ANSWER_MS);
	while (n < 0 && errno == EINTR);
	return n == 0 ? E_TIMEOUT : n < 0 ? E_SYSTEM : 0;
}

/* One question and its answer, which is kept in a->ticket.last. */
static int
ask(struct monitor *m, const struct wall_message *question,
    enum wall_type wanted)
{
	struct auth *a = m->auth;
	int err = wall_send(&a->ticket.wall, question);

	if (err == 0)
		err = wall_queue_drain(&a->ticket.wall, ANSWER_MS);
	if (err == 0)
		err = await(&a->ticket.wall);
	if (err == 0)
		err = wall_receive(&a->ticket.wall, &a->ticket.last);
	if (err == 0) {
		a->ticket.has_last = true;
		err = a->ticket.last.type == wanted ? 0 : E_STATE;
	}
	if (err == 0)
		return SALLYPORT_OK;
	a->ticket.failed = true;
	because(m, "the ticketholder does not answer: %s", err_text(err));
	log_error("the ticketholder does not answer: %s", err_text(err));
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
	if (m->template->door < 0 || a->ticket.failed) {
		because(m, "there is no ticketholder");
		return SALLYPORT_STATE;
	}
	if (len > WALL_TOKEN_MAX) {
		because(m, "the token is too large");
		return SALLYPORT_REFUSED;
	}
	forget_answer(a);
	if (a->ticket.wall.fd < 0 && (err = begin(m)) != 0) {
		a->ticket.failed = true;
		because(m, "no ticketholder is reached: %s", err_text(err));
		return SALLYPORT_SYSTEM;
	}
	question.ticket_token.token = (struct bytes){token, len};
	if ((err = ask(m, &question, MSG_ticket_answer)) != SALLYPORT_OK)
		return err;
	ticket->token = answer->token.data;
	ticket->token_len = answer->token.len;
	if (answer->state == TICKET_FAILED) {
		a->ticket.failed = true;
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
take_delegated(struct monitor *m)
{
	struct auth *a = m->auth;
	const struct wall_message question = {
	    .type = MSG_ticket_take, .fds = {-1, -1, -1, -1}};
	const struct msg_ticket_delegated *answer =
	    &a->ticket.last.ticket_delegated;
	int err;

	if (a->walk.hopeless || !a->decision->grants.delegation) {
		delegated_try(m, (struct bytes){NULL, 0});
		return SALLYPORT_OK;
	}
	forget_answer(a);
	if ((err = ask(m, &question, MSG_ticket_delegated)) != SALLYPORT_OK)
		return err;
	if (answer->tickets.len == 0)
		AUDIT(tickets_lost, .principal = a->attempt.principal,
		    .reason = answer->text);
	delegated_try(m, answer->tickets);
	/* Wipes what has been received. */
	forget_answer(a);
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

int
ticket_verify(struct sallyport_login *login, const void *data, size_t len,
    const void *mic, size_t mic_len)
{
	struct monitor *m = login->program;
	struct auth *a = m->auth;
	struct wall_message question = {
	    .type = MSG_ticket_mic, .fds = {-1, -1, -1, -1}};
	char principal[WALL_TEXT_MAX + 1];
	bool delegated;
	int err;

	if (a->ticket.failed || !a->ticket.has_last ||
	    a->ticket.last.type != MSG_ticket_answer ||
	    a->ticket.last.ticket_answer.state != TICKET_DONE)
		return SALLYPORT_STATE;
	if (len > WALL_TEXT_MAX || mic_len > WALL_TEXT_MAX) {
		because(m, "the MIC is too large");
		return SALLYPORT_REFUSED;
	}
	snprintf(principal, sizeof(principal), "%s",
	    a->ticket.last.ticket_answer.principal);
	delegated = a->ticket.last.ticket_answer.delegated;
	forget_answer(a);
	question.ticket_mic.data = (struct bytes){data, len};
	question.ticket_mic.mic = (struct bytes){mic, mic_len};
	if ((err = ask(m, &question, MSG_ticket_checked)) != SALLYPORT_OK)
		return err;
	if (!a->ticket.last.ticket_checked.good) {
		a->ticket.failed = true;
		because(m, "%s", a->ticket.last.ticket_checked.text);
		return SALLYPORT_REFUSED;
	}
	err = take_principal(m, principal);
	return err == SALLYPORT_OK && delegated ? take_delegated(m) : err;
}
