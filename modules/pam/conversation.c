/*
 * The conversation with a PAM stack, in the monitor.  All messages of one call
 * are answered in their order; consecutive prompts become one info request;
 * texts reach the client at once.  The password method has one answer to give,
 * and gives it once.
 */
#include "modules/pam/pam.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 65535 /* as much as one message to the client takes */

static void
wipe_text(char **text)
{
	if (*text != NULL)
		explicit_bzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

void
pam_converse_begin(struct pam_connection *c, enum pam_mode mode)
{
	c->mode = mode;
	c->password_used = false;
	c->text_since_round = false;
	c->rounds = 0;
}

void
pam_converse_end(struct pam_connection *c)
{
	wipe_text(&c->old_password);
	wipe_text(&c->new_password);
	free(c->text);
	c->text = NULL;
	c->mode = MODE_SILENT;
}

static bool
is_prompt(const struct pam_message *m)
{
	return m->msg_style == PAM_PROMPT_ECHO_OFF ||
	    m->msg_style == PAM_PROMPT_ECHO_ON;
}

static bool
is_text(const struct pam_message *m)
{
	return m->msg_style == PAM_TEXT_INFO || m->msg_style == PAM_ERROR_MSG;
}

/* Lines one below the other. */
static char *
append(char *text, const char *line)
{
	size_t old = text == NULL ? 0 : strlen(text);
	size_t len = strnlen(line, TEXT_MAX);
	char *longer;

	if (old + len + 2 > TEXT_MAX)
		return text;
	longer = realloc(text, old + len + 2);
	if (longer == NULL)
		return text;
	if (old > 0 && longer[old - 1] != '\n')
		longer[old++] = '\n';
	memcpy(&longer[old], line, len);
	longer[old + len] = '\0';
	return longer;
}

/* One round with the client: prompts first to last - 1 of the messages. */
static int
ask_client(struct pam_connection *c, const char *instruction,
    const struct pam_message **messages, size_t first, size_t last,
    struct pam_response *responses)
{
	struct sallyport_prompt prompts[SALLYPORT_PROMPTS_MAX];
	size_t count = last - first;
	int err;

	if (count > SALLYPORT_PROMPTS_MAX || ++c->rounds > PAM_ROUNDS_MAX)
		return PAM_CONV_ERR;
	for (size_t i = 0; i < count; i++)
		prompts[i] =
		    (struct sallyport_prompt){.text = messages[first + i]->msg,
			.echo = messages[first + i]->msg_style ==
			    PAM_PROMPT_ECHO_ON};
	err = pam_host->ask(c->login, instruction, prompts, count);
	if (err != SALLYPORT_OK)
		return PAM_CONV_ERR;
	for (size_t i = 0; i < count; i++) {
		responses[first + i].resp = strdup(prompts[i].answer);
		if (responses[first + i].resp == NULL)
			return PAM_BUF_ERR;
	}
	return PAM_SUCCESS;
}

/* MODE_ASK: texts, then prompts, then the client; until all is said. */
static int
converse_asking(struct pam_connection *c, size_t count,
    const struct pam_message **messages, struct pam_response *responses)
{
	size_t i = 0, first;
	int err = PAM_SUCCESS;

	while (i < count && err == PAM_SUCCESS) {
		char *instruction = NULL;

		for (; i < count && is_text(messages[i]); i++)
			instruction = append(instruction, messages[i]->msg);
		for (first = i; i < count && is_prompt(messages[i]); i++)
			;
		if (first == i && instruction == NULL)
			err = PAM_CONV_ERR; /* a style nobody can answer */
		else
			err = ask_client(
			    c, instruction, messages, first, i, responses);
		free(instruction);
	}
	return err;
}

static int
answer_with(struct pam_response *response, const void *text, size_t len)
{
	if (memchr(text, '\0', len) != NULL)
		return PAM_CONV_ERR;
	response->resp = strndup(text, len);
	return response->resp == NULL ? PAM_BUF_ERR : PAM_SUCCESS;
}

static int
answer_password(struct pam_connection *c, const struct pam_message *message,
    struct pam_response *response)
{
	const uint8_t *password;
	size_t len;

	if (message->msg_style != PAM_PROMPT_ECHO_OFF ||
	    (c->password_used && !c->state->all_prompts))
		return PAM_CONV_ERR;
	c->password_used = true;
	password = pam_host->bytes(c->login, SALLYPORT_PASSWORD, &len);
	return answer_with(response, password, len);
}

/* Does the prompt want the password that is to go? */
static bool
wants_old(const struct pam_message *message)
{
	char text[256];
	size_t i;

	for (i = 0; i + 1 < sizeof(text) && message->msg[i] != '\0'; i++)
		text[i] = (char)tolower((unsigned char)message->msg[i]);
	text[i] = '\0';
	if (strstr(text, "new") != NULL || strstr(text, "retype") != NULL)
		return false;
	return strstr(text, "current") != NULL || strstr(text, "old") != NULL ||
	    strstr(text, "login password") != NULL ||
	    strncmp(text, "password", 8) == 0;
}

/* Have the client give both passwords; again when the last were refused. */
static int
change_round(struct pam_connection *c)
{
	const char *old, *fresh;

	if (++c->rounds > PAM_ROUNDS_MAX)
		return PAM_CONV_ERR;
	if (pam_host->ask_change(c->login,
		c->text != NULL ?
		    c->text :
		    "Your password has expired and must be changed.",
		&old, &fresh) != SALLYPORT_OK)
		return PAM_CONV_ERR;
	wipe_text(&c->old_password);
	wipe_text(&c->new_password);
	free(c->text);
	c->text = NULL;
	c->text_since_round = false;
	c->old_password = strdup(old);
	c->new_password = strdup(fresh);
	return c->old_password == NULL || c->new_password == NULL ?
	    PAM_BUF_ERR :
	    PAM_SUCCESS;
}

static int
answer_change(struct pam_connection *c, const struct pam_message *message,
    struct pam_response *response)
{
	const char *answer;
	int err;

	if (message->msg_style != PAM_PROMPT_ECHO_OFF)
		return PAM_CONV_ERR;
	if (c->new_password == NULL || c->text_since_round)
		if ((err = change_round(c)) != PAM_SUCCESS)
			return err;
	answer = wants_old(message) ? c->old_password : c->new_password;
	return answer_with(response, answer, strlen(answer));
}

static void
say(struct pam_connection *c, const struct pam_message *message)
{
	switch (c->mode) {
	case MODE_SILENT:
		pam_host->log(
		    c->login, SALLYPORT_LOG_VERBOSE, "%s", message->msg);
		break;
	case MODE_CHANGE:
		c->text = append(c->text, message->msg);
		if (c->new_password != NULL)
			c->text_since_round = true;
		break;
	default:
		pam_host->show(c->login, message->msg);
		break;
	}
}

/* All modes but MODE_ASK: one message after the other. */
static int
converse_plainly(struct pam_connection *c, size_t count,
    const struct pam_message **messages, struct pam_response *responses)
{
	int err = PAM_SUCCESS;

	for (size_t i = 0; i < count && err == PAM_SUCCESS; i++) {
		if (is_text(messages[i]))
			say(c, messages[i]);
		else if (c->mode == MODE_PASSWORD)
			err = answer_password(c, messages[i], &responses[i]);
		else if (c->mode == MODE_CHANGE)
			err = answer_change(c, messages[i], &responses[i]);
		else
			err = PAM_CONV_ERR; /* nobody can be asked */
	}
	return err;
}

int
pam_converse(int count, const struct pam_message **messages,
    struct pam_response **responses, void *one)
{
	struct pam_connection *c = ((struct pam_one *)one)->connection;
	struct pam_response *r;
	int err;

	*responses = NULL;
	if (count <= 0 || count > PAM_MAX_NUM_MSG)
		return PAM_CONV_ERR;
	for (int i = 0; i < count; i++)
		if (messages[i] == NULL || messages[i]->msg == NULL)
			return PAM_CONV_ERR;
	r = calloc((size_t)count, sizeof(*r));
	if (r == NULL)
		return PAM_BUF_ERR;
	if (c->mode == MODE_ASK)
		err = converse_asking(c, (size_t)count, messages, r);
	else
		err = converse_plainly(c, (size_t)count, messages, r);
	if (err == PAM_SUCCESS) {
		*responses = r;
		return PAM_SUCCESS;
	}
	for (int i = 0; i < count; i++)
		wipe_text(&r[i].resp);
	free(r);
	return err;
}
