/*
 * A useful module by its header alone: passwords of a site, one state file a
 * user ("!" in front: it must be changed), with a dialogue to change them.
 */
#include "modules/sallyport_module.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct sallyport_host *host;
static const char *const methods[] = {"password", "keyboard-interactive", NULL};

static const struct sallyport_option options[] = {
    {.name = "initial",
	.type = SALLYPORT_TEXT,
	.flags = SALLYPORT_OPTION_REQUIRED,
	.help = "the first password of everybody, which must be changed"},
    {.name = NULL},
};

static const struct sallyport_event events[] = {
    {"password.changed", SALLYPORT_LOG_INFO, "length", "a new password"},
    {.name = NULL},
};

static int
load(const struct sallyport_host *h, const struct sallyport_setting *settings,
    size_t count, void **state)
{
	host = h;
	*state = count > 0 ? strdup(settings[0].value) : NULL;
	return *state == NULL;
}

static void
unload(void *state)
{
	free(state);
}

static void *
begin(void *state, struct sallyport_login *login)
{
	(void)login;
	return state;
}

static int
same(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned char differ = a_len != b_len;

	for (size_t i = 0; i < a_len; i++)
		differ |= (unsigned char)(a[i] ^ b[b_len == 0 ? 0 : i % b_len]);
	return !differ;
}

/* The user's password; "!..." if it must be changed.  free() it. */
static char *
password_of(struct sallyport_login *login, const char *initial)
{
	void *data;
	size_t len;
	char *text;

	if (host->state_read(login, host->text(login, SALLYPORT_USER), &data,
		&len) == SALLYPORT_OK)
		return data;
	text = malloc(strlen(initial) + 2);
	if (text != NULL)
		sprintf(text, "!%s", initial);
	return text;
}

static int
proves(struct sallyport_login *login, const char *initial, const char *typed,
    size_t len)
{
	char *kept = password_of(login, initial);
	const char *right = kept == NULL ? "" : kept + (kept[0] == '!');
	int good = kept != NULL && same(typed, len, right, strlen(right));

	free(kept);
	return good;
}

static enum sallyport_verdict
authenticate(void *connection, struct sallyport_login *login)
{
	struct sallyport_prompt prompt = {.text = "Site password: "};
	const uint8_t *typed;
	size_t len;

	if (strcmp(host->text(login, SALLYPORT_METHOD), "password") == 0) {
		typed = host->bytes(login, SALLYPORT_PASSWORD, &len);
		return proves(login, connection, (const char *)typed, len) ?
		    SALLYPORT_ALLOW :
		    SALLYPORT_DENY;
	}
	if (host->ask(login, NULL, &prompt, 1) != SALLYPORT_OK)
		return SALLYPORT_DENY;
	return proves(login, connection, prompt.answer, strlen(prompt.answer)) ?
	    SALLYPORT_ALLOW :
	    SALLYPORT_DENY;
}

static enum sallyport_verdict
account(void *connection, struct sallyport_login *login)
{
	char *kept = password_of(login, connection);
	int due = kept != NULL && kept[0] == '!';

	free(kept);
	return due ? SALLYPORT_EXPIRED : SALLYPORT_ALLOW;
}

static enum sallyport_verdict
change_password(void *connection, struct sallyport_login *login)
{
	struct sallyport_prompt prompts[] = {
	    {.text = "New password: "}, {.text = "Again: "}};
	char fresh[128] = "", length[16];
	const char *values[] = {length}, *old, *new;

	(void)connection;
	if (strcmp(host->text(login, SALLYPORT_METHOD), "password") == 0) {
		if (host->ask_change(login, "New password: ", &old, &new) !=
		    SALLYPORT_OK)
			return SALLYPORT_DENY;
		snprintf(fresh, sizeof(fresh), "%s", new);
	} else if (host->ask(login, "Time for another", prompts, 2) ==
		SALLYPORT_OK &&
	    strcmp(prompts[0].answer, prompts[1].answer) == 0) {
		snprintf(fresh, sizeof(fresh), "%s", prompts[0].answer);
	}
	if (strlen(fresh) < 8 || fresh[0] == '!') {
		host->tell_user(login, "At least eight characters");
		return SALLYPORT_DENY;
	}
	if (host->state_write(login, host->text(login, SALLYPORT_USER), fresh,
		strlen(fresh)) != SALLYPORT_OK)
		return SALLYPORT_UNAVAILABLE;
	snprintf(length, sizeof(length), "%zu", strlen(fresh));
	host->event(login, "password.changed", values, "password changed");
	return SALLYPORT_ALLOW;
}

SALLYPORT_MODULE = {
    SALLYPORT_SIZES,
    .name = "site",
    .version = "1",
    .methods = methods,
    .options = options,
    .events = events,
    .load = load,
    .unload = unload,
    .begin = begin,
    .authenticate = authenticate,
    .account = account,
    .change_password = change_password,
};
