/*
 * A module by a stranger: it calls any function of the host in any of its own
 * functions, and says whatever it likes of a login.  It knows the installed
 * header alone, and keeps what the host answered for the test to read.
 */
#include "modules/sallyport_module.h"

#include <stdio.h>
#include <string.h>

#define SEEN __attribute__((visibility("default")))

/* Read by the test: the last answer, how many calls there were, the name. */
extern int hostile_result, hostile_calls;
extern char hostile_user[64];
SEEN int hostile_result, hostile_calls;
SEEN char hostile_user[64];

static const struct sallyport_host *host;
static struct sallyport_login *kept; /* end() is not given it */
static char wish[32], at[32], text[128];
static int expired;

static const char *const methods[] = {
    "password", "keyboard-interactive", "packets@hostile", NULL};

static const struct sallyport_option options[] = {
    {"call", SALLYPORT_TEXT, 0, 0, 0, NULL, "", ""},
    {"at", SALLYPORT_TEXT, 0, 0, 0, NULL, "", ""},
    {"text", SALLYPORT_TEXT, 0, 0, 0, NULL, "", ""},
    {"expired", SALLYPORT_BOOL, 0, 0, 0, NULL, "false", ""},
    {NULL, 0, 0, 0, 0, NULL, NULL, NULL},
};

static int
load(const struct sallyport_host *h, const struct sallyport_setting *settings,
    size_t count, void **state)
{
	host = h;
	*state = NULL;
	expired = hostile_calls = hostile_result = 0;
	wish[0] = at[0] = text[0] = hostile_user[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		const char *value = settings[i].value;

		if (strcmp(settings[i].name, "call") == 0)
			snprintf(wish, sizeof(wish), "%s", value);
		else if (strcmp(settings[i].name, "at") == 0)
			snprintf(at, sizeof(at), "%s", value);
		else if (strcmp(settings[i].name, "text") == 0)
			snprintf(text, sizeof(text), "%s", value);
		else
			expired = strcmp(value, "true") == 0;
	}
	return 0;
}

static int
tell_key(struct sallyport_login *login)
{
	const struct sallyport_key key = {.size = sizeof(key),
	    .type = "ssh-ed25519",
	    .fingerprint = "SHA256:x",
	    .source = "user"};

	return host->key(login, &key);
}

static int
receive(struct sallyport_login *login)
{
	const uint8_t *payload;
	uint8_t number;
	size_t len;

	return host->packet_receive(login, &number, &payload, &len);
}

static int
ask_change(struct sallyport_login *login)
{
	const char *old, *fresh;

	return host->ask_change(login, "Change", &old, &fresh);
}

static int
call(struct sallyport_login *login)
{
	struct sallyport_prompt prompt = {.text = "Well? "};

	if (strcmp(wish, "key") == 0)
		return tell_key(login);
	if (strcmp(wish, "restrict_to") == 0)
		return host->restrict_to(login, SALLYPORT_NO_PTY, NULL);
	if (strcmp(wish, "command") == 0)
		return host->restrict_to(login, SALLYPORT_COMMAND, text);
	if (strcmp(wish, "user_changed") == 0)
		return host->user_changed(login, "daemon");
	if (strcmp(wish, "environment") == 0)
		return host->environment(
		    login, text[0] == '\0' ? "ROLE=admin" : text);
	if (strcmp(wish, "exhausted") == 0)
		host->exhausted(login);
	if (strcmp(wish, "fail_delay") == 0)
		host->fail_delay(login, 1);
	if (strcmp(wish, "ask") == 0)
		return host->ask(login, NULL, &prompt, 1);
	if (strcmp(wish, "show") == 0)
		return host->show(login, "Look.");
	if (strcmp(wish, "ask_change") == 0)
		return ask_change(login);
	if (strcmp(wish, "packet_send") == 0)
		return host->packet_send(login, 60, "x", 1);
	if (strcmp(wish, "packet_receive") == 0)
		return receive(login);
	return 0;
}

static void
act(struct sallyport_login *login, const char *stage)
{
	if (strcmp(at, stage) != 0)
		return;
	hostile_calls++;
	hostile_result = call(login);
}

static void *
begin(void *state, struct sallyport_login *login)
{
	kept = login;
	act(login, "begin");
	return state;
}

static void
end(void *connection)
{
	(void)connection;
	act(kept, "end");
}

static enum sallyport_verdict
authenticate(void *connection, struct sallyport_login *login)
{
	size_t len;
	const uint8_t *password = host->bytes(login, SALLYPORT_PASSWORD, &len);

	(void)connection;
	snprintf(hostile_user, sizeof(hostile_user), "%s",
	    host->text(login, SALLYPORT_USER));
	/* "quiet" is the one password with which it does nothing. */
	if (len != 5 || memcmp(password, "quiet", 5) != 0)
		act(login, "authenticate");
	if (len == 4 && memcmp(password, "deny", 4) == 0)
		return SALLYPORT_DENY;
	if (len == 5 && memcmp(password, "allow", 5) == 0)
		return SALLYPORT_IGNORE; /* the next module's to allow */
	if (len == 6 && memcmp(password, "ignore", 6) == 0)
		return SALLYPORT_IGNORE;
	return SALLYPORT_ALLOW;
}

static enum sallyport_verdict
account(void *connection, struct sallyport_login *login)
{
	(void)connection;
	act(login, "account");
	return expired ? SALLYPORT_EXPIRED : SALLYPORT_ALLOW;
}

static enum sallyport_verdict
change_password(void *connection, struct sallyport_login *login)
{
	(void)connection;
	act(login, "change_password");
	expired = 0;
	return SALLYPORT_ALLOW;
}

static enum sallyport_verdict
open_session(void *connection, struct sallyport_login *login)
{
	(void)connection;
	act(login, "open_session");
	return SALLYPORT_ALLOW;
}

static void
close_session(void *connection, struct sallyport_login *login)
{
	(void)connection;
	act(login, "close_session");
}

SALLYPORT_MODULE = {
    .abi = SALLYPORT_MODULE_ABI,
    .size = sizeof(struct sallyport_module),
    .name = "hostile",
    .version = "1",
    .methods = methods,
    .options = options,
    .load = load,
    .begin = begin,
    .end = end,
    .authenticate = authenticate,
    .account = account,
    .change_password = change_password,
    .open_session = open_session,
    .close_session = close_session,
};
