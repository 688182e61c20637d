/*
 * A useful module by its header alone: whoever comes from another address than
 * the last time proves more, with a word that the site has given out.
 */
#include "modules/sallyport_module.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct sallyport_host *host;
static const char *const methods[] = {"password", "keyboard-interactive", NULL};

static const struct sallyport_option options[] = {
    {.name = "word",
	.type = SALLYPORT_TEXT,
	.flags = SALLYPORT_OPTION_REQUIRED,
	.help = "the word"},
    {.name = NULL},
};

static const struct sallyport_event events[] = {
    {"source.new", SALLYPORT_LOG_WARN, "last", "another address than before"},
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

/* For the test the password is the user's name. */
static enum sallyport_verdict
authenticate(void *connection, struct sallyport_login *login)
{
	struct sallyport_prompt prompt = {.text = "The word: "};
	const char *user = host->text(login, SALLYPORT_USER);
	const uint8_t *typed;
	size_t len;

	if (strcmp(host->text(login, SALLYPORT_METHOD), "password") == 0) {
		typed = host->bytes(login, SALLYPORT_PASSWORD, &len);
		return len == strlen(user) && memcmp(typed, user, len) == 0 ?
		    SALLYPORT_ALLOW :
		    SALLYPORT_DENY;
	}
	if (host->ask(login, "You come from another address", &prompt, 1) !=
	    SALLYPORT_OK)
		return SALLYPORT_DENY;
	return strcmp(prompt.answer, connection) == 0 ? SALLYPORT_ALLOW :
							SALLYPORT_DENY;
}

static int
has_said_the_word(struct sallyport_login *login)
{
	struct sallyport_step step = {.size = sizeof(step)};

	for (size_t i = 0; host->step(login, i, &step) == SALLYPORT_OK; i++)
		if (strcmp(step.method, "keyboard-interactive") == 0)
			return 1;
	return 0;
}

static enum sallyport_verdict
account(void *connection, struct sallyport_login *login)
{
	const char *user = host->text(login, SALLYPORT_USER);
	const char *source = host->text(login, SALLYPORT_SOURCE);
	char step[128];
	void *last = NULL;
	size_t len;
	int err = host->state_read(login, user, &last, &len);
	int same = err == SALLYPORT_OK && strcmp(last, source) == 0;

	(void)connection;
	if (!same && err == SALLYPORT_OK)
		host->event(login, "source.new",
		    (const char *[]){(const char *)last}, "from %s", source);
	free(last);
	if (same)
		return SALLYPORT_ALLOW;
	if (has_said_the_word(login))
		return host->state_write(login, user, source, strlen(source)) ==
			SALLYPORT_OK ?
		    SALLYPORT_ALLOW :
		    SALLYPORT_UNAVAILABLE;
	snprintf(step, sizeof(step), "keyboard-interactive:%s",
	    host->text(login, SALLYPORT_INSTANCE));
	return host->demand(login, step) == SALLYPORT_OK ? SALLYPORT_ALLOW :
							   SALLYPORT_DENY;
}

SALLYPORT_MODULE = {
    SALLYPORT_SIZES,
    .name = "risk",
    .version = "1",
    .methods = methods,
    .options = options,
    .events = events,
    .load = load,
    .unload = unload,
    .begin = begin,
    .authenticate = authenticate,
    .account = account,
};
