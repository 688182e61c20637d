/*
 * Conversations: a module's questions travel to the client as one info
 * request (RFC 4256), a password change request (RFC 4252 section 8), or
 * packets of a method of its own.  The client may answer, answer nonsense,
 * start another request, or leave; the module hears of the last two at once.
 */
#include "daemon/monitor/auth.h"

#include "config/consent.h"
#include "daemon/monitor/decoy.h"
#include "lib/audit.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/rd.h"
#include "lib/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INSTRUCTION_MAX WALL_ASK_MAX
#define PROMPT_MAX	(CONSENT_FILE_MAX + 256)
#define ANSWER_MAX	SSH_PASSWORD_MAX

void
ask_forget(struct monitor *m)
{
	struct auth *a = m->auth;

	if (a->answers != NULL)
		wipe(a->answers, a->answers_len);
	free(a->answers);
	a->answers = NULL;
	a->answers_len = 0;
}

char *
ask_clean(const char *text, size_t max)
{
	char *clean = mem_strndup(text, strnlen(text, max));

	for (char *p = clean; *p != '\0'; p++)
		if (((unsigned char)*p < 0x20 && *p != '\n' && *p != '\t') ||
		    *p == 0x7f)
			*p = '?';
	return clean;
}

/* May the client be asked anything at this moment? */
static int
may_ask(struct monitor *m)
{
	struct auth *a = m->auth;

	if (a->attempt.abandoned || m->ended)
		return SALLYPORT_GONE;
	if (a->in_session || m->state != STATE_AUTH)
		return SALLYPORT_STATE;
	if (a->asks >= AUTH_ASKS_MAX) {
		log_warn("too many questions in one connection");
		return SALLYPORT_STATE;
	}
	a->asks++;
	return SALLYPORT_OK;
}

/*
 * Wait for an answer of one type in a state of its own.  0 and *message,
 * which the caller gives to wall_done(); or SALLYPORT_GONE.
 */
static int
await(struct monitor *m, enum wall_type type, struct wall_message *message)
{
	const enum wall_type types[] = {type, MSG_nothing};
	int err;

	if (m->slot != NULL)
		m->slot->asking = 1;
	err = monitor_wait(m, types, message);
	if (m->slot != NULL)
		m->slot->asking = 0;
	/* The client may have thought for minutes. */
	m->auth->attempt.now = time(NULL);
	if (err == 0)
		return SALLYPORT_OK;
	m->auth->attempt.abandoned = true;
	return SALLYPORT_GONE;
}

/* Cut the responses apart inside a->answers, each with a NUL behind it. */
static int
take_answers(struct monitor *m, const struct msg_auth_answers *x,
    struct sallyport_prompt *prompts, size_t count)
{
	struct auth *a = m->auth;
	struct rd r;
	size_t used = 0;

	if (x->count != count)
		return SALLYPORT_STATE;
	a->answers_len = x->responses.len + count + 1;
	a->answers = mem_zalloc(a->answers_len);
	rd_init(&r, x->responses.data, x->responses.len);
	for (size_t i = 0; i < count; i++) {
		size_t len;
		const uint8_t *text = rd_string(&r, ANSWER_MAX, &len);
		char *place = (char *)&a->answers[used];

		if (memchr(text, '\0', len) != NULL)
			rd_fail(&r, E_FORMAT);
		if (r.err != 0)
			break;
		memcpy(place, text, len);
		place[len] = '\0';
		if (a->walk.hopeless)
			decoy_password(place, len);
		prompts[i].answer = place;
		used += len + 1;
	}
	return rd_end(&r) == 0 ? SALLYPORT_OK : SALLYPORT_STATE;
}

/* The prompts as they travel: count times string, boolean. */
static int
write_prompts(
    struct buf *b, const struct sallyport_prompt *prompts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *clean = ask_clean(
		    prompts[i].text == NULL ? "" : prompts[i].text, PROMPT_MAX);

		buf_text(b, clean);
		buf_bool(b, prompts[i].echo != 0);
		free(clean);
	}
	return buf_end(b);
}

/* As sshd: of the first round it does not know who asks. */
static void
tell_round(struct monitor *m)
{
	const struct audit_context *c = audit_context();
	struct auth *a = m->auth;
	char method[128];

	snprintf(method, sizeof(method), "%s%s%s", a->attempt.method,
	    a->asks > 1 ? "/" : "",
	    a->asks <= 1 ? "" :
		a->consent.due ?
			   "consent" :
			   m->template->modules[a->current].settings->name);
	AUDIT_QUIETLY(c->user_state != AUDIT_USER_INVALID && !c->denied,
	    auth_postponed, .method = method);
}

int
ask_round(struct sallyport_login *login, const char *instruction,
    struct sallyport_prompt *prompts, size_t count)
{
	struct monitor *m = login->program;
	struct auth *a = m->auth;
	struct wall_message message;
	enum slot_call call;
	struct buf b;
	char *clean;
	int err;

	for (size_t i = 0; i < count; i++)
		prompts[i].answer = "";
	if (strcmp(a->attempt.method, "keyboard-interactive") != 0 ||
	    count > SALLYPORT_PROMPTS_MAX)
		return SALLYPORT_STATE;
	if ((err = may_ask(m)) != SALLYPORT_OK)
		return err;
	ask_forget(m);
	clean =
	    ask_clean(instruction == NULL ? "" : instruction, INSTRUCTION_MAX);
	buf_init(&b, WALL_ASK_MAX);
	if (write_prompts(&b, prompts, count) != 0) {
		err = SALLYPORT_TOO_LARGE;
		goto out;
	}
	tell_round(m);
	call = auth_call_pause(m);
	monitor_move(m, STATE_ASKING);
	MONITOR_SEND(m, auth_ask, .name = "", .instruction = clean,
	    .count = (uint32_t)count, .prompts = {b.data, b.len});
	err = await(m, MSG_auth_answers, &message);
	monitor_move(m, STATE_AUTH);
	if (err == SALLYPORT_OK) {
		err = take_answers(m, &message.auth_answers, prompts, count);
		a->attempt.broken = err != SALLYPORT_OK;
		wall_done(&m->worker, &message);
	}
	auth_call_resume(m, call);
out:
	free(clean);
	buf_free(&b);
	return err;
}

/* Text for later, when there is no way to show it now. */
static void
keep_text(struct auth *a, const char *text)
{
	size_t old = a->session_text == NULL ? 0 : strlen(a->session_text);
	size_t len = strlen(text);

	if (old + len + 2 > WALL_BANNER_MAX)
		return;
	a->session_text = mem_grow(a->session_text, old + len + 2, 1);
	memcpy(&a->session_text[old], text, len);
	old += len;
	if (len > 0 && text[len - 1] != '\n')
		a->session_text[old++] = '\n';
	a->session_text[old] = '\0';
}

int
ask_show(struct sallyport_login *login, const char *text)
{
	struct monitor *m = login->program;
	struct auth *a = m->auth;
	char *clean;
	size_t len;

	if (a->attempt.abandoned || m->ended)
		return SALLYPORT_GONE;
	if (strcmp(a->attempt.method, "keyboard-interactive") == 0 &&
	    !a->in_session && m->state == STATE_AUTH)
		return ask_round(login, text, NULL, 0);
	clean = ask_clean(text, INSTRUCTION_MAX - 1);
	len = strlen(clean);
	if (a->in_session || m->state != STATE_AUTH) {
		keep_text(a, clean);
	} else if (++a->asks <= AUTH_ASKS_MAX) {
		/* A banner is a line of its own. */
		clean = mem_grow(clean, len + 2, 1);
		if (len == 0 || clean[len - 1] != '\n')
			memcpy(&clean[len], "\n", 2);
		MONITOR_SEND(m, banner, .text = clean);
	}
	free(clean);
	return SALLYPORT_OK;
}

/* Both passwords of a change, as C strings in a->answers. */
static int
take_passwords(struct monitor *m, const struct msg_auth_password *x,
    const char **old, const char **fresh)
{
	struct auth *a = m->auth;
	char *place;

	if (!x->change || x->password.len > ANSWER_MAX ||
	    x->new_password.len > ANSWER_MAX ||
	    memchr(x->password.data, '\0', x->password.len) != NULL ||
	    memchr(x->new_password.data, '\0', x->new_password.len) != NULL)
		return SALLYPORT_STATE;
	a->answers_len = x->password.len + x->new_password.len + 2;
	a->answers = mem_zalloc(a->answers_len);
	place = (char *)a->answers;
	memcpy(place, x->password.data, x->password.len);
	*old = place;
	place += x->password.len + 1;
	memcpy(place, x->new_password.data, x->new_password.len);
	*fresh = place;
	return SALLYPORT_OK;
}

int
ask_change(struct sallyport_login *login, const char *prompt, const char **old,
    const char **fresh)
{
	struct monitor *m = login->program;
	struct auth *a = m->auth;
	struct wall_message message;
	enum slot_call call;
	char *clean;
	int err;

	*old = *fresh = "";
	if (!a->in_change || strcmp(a->attempt.method, "password") != 0)
		return SALLYPORT_STATE;
	if ((err = may_ask(m)) != SALLYPORT_OK)
		return err;
	ask_forget(m);
	clean = ask_clean(prompt == NULL ? "" : prompt, WALL_TEXT_MAX);
	call = auth_call_pause(m);
	monitor_move(m, STATE_CHANGING);
	MONITOR_SEND(m, auth_change, .prompt = clean);
	free(clean);
	err = await(m, MSG_auth_password, &message);
	monitor_move(m, STATE_AUTH);
	if (err == SALLYPORT_OK) {
		err = take_passwords(m, &message.auth_password, old, fresh);
		a->attempt.broken = err != SALLYPORT_OK;
		wall_done(&m->worker, &message);
	}
	auth_call_resume(m, call);
	return err;
}

/* Only a method that is a module's own has packets of its own. */
static bool
has_packets(struct monitor *m)
{
	const struct attempt *a = &m->auth->attempt;

	return a->method == a->other && a->other[0] != '\0';
}

int
ask_packet_send(struct sallyport_login *login, uint8_t number,
    const void *payload, size_t len)
{
	struct monitor *m = login->program;
	int err;

	if (!has_packets(m) || number < 60 || number > 79)
		return SALLYPORT_STATE;
	if (len > WALL_ASK_MAX)
		return SALLYPORT_TOO_LARGE;
	if ((err = may_ask(m)) != SALLYPORT_OK)
		return err;
	monitor_move(m, STATE_ASKING);
	MONITOR_SEND(m, auth_send, .number = number, .payload = {payload, len});
	monitor_move(m, STATE_AUTH);
	return SALLYPORT_OK;
}

int
ask_packet_receive(struct sallyport_login *login, uint8_t *number,
    const uint8_t **payload, size_t *len)
{
	struct monitor *m = login->program;
	struct auth *a = m->auth;
	struct wall_message message;
	enum slot_call call;
	int err;

	*payload = NULL;
	*len = 0;
	if (!has_packets(m))
		return SALLYPORT_STATE;
	if ((err = may_ask(m)) != SALLYPORT_OK)
		return err;
	ask_forget(m);
	call = auth_call_pause(m);
	monitor_move(m, STATE_ASKING);
	err = await(m, MSG_auth_packet, &message);
	monitor_move(m, STATE_AUTH);
	if (err == SALLYPORT_OK) {
		const struct msg_auth_packet *x = &message.auth_packet;

		*number = x->number;
		*len = x->payload.len;
		a->answers_len = x->payload.len + 1;
		a->answers = mem_zalloc(a->answers_len);
		memcpy(a->answers, x->payload.data, x->payload.len);
		*payload = a->answers;
		wall_done(&m->worker, &message);
	}
	auth_call_resume(m, call);
	return err;
}
