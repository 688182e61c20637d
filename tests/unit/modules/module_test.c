/*
 * A module that does what a test wants: the password, the method's data or an
 * option says which virtue or fault to show.  Never installed.
 */
#include "modules/sallyport_module.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static const struct sallyport_host *host;

static const char *const methods[] = {
    "password", "keyboard-interactive", "packets@test", NULL};

static const struct sallyport_option options[] = {
    {"fault", SALLYPORT_WORD, 0, 0, 0,
	"none thread descriptor signal refuse silent begin", "none", ""},
    {"number", SALLYPORT_NUMBER, 0, 1, 10, NULL, "1", ""},
    {"time", SALLYPORT_SECONDS, 0, 60, 3600, NULL, "60", ""},
    {"size", SALLYPORT_SIZE, 0, 1, 4096, NULL, "1", ""},
    {"path", SALLYPORT_PATH, 0, 0, 0, NULL, "", ""},
    {"list", SALLYPORT_TEXT, SALLYPORT_OPTION_MANY, 0, 0, NULL, "", ""},
    {"flag", SALLYPORT_BOOL, 0, 0, 0, NULL, "false", ""},
    {"account", SALLYPORT_WORD, 0, 0, 0,
	"allow deny expired locked "
	"ignore",
	"ignore", ""},
    {"session", SALLYPORT_WORD, 0, 0, 0, "allow deny", "allow", ""},
    {NULL, 0, 0, 0, 0, NULL, NULL, NULL},
};

static char account_says[32] = "ignore", session_says[32] = "allow";
static bool begin_hangs;

static void *
sleep_for_ever(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static int
load(const struct sallyport_host *h, const struct sallyport_setting *settings,
    size_t count, void **state)
{
	static pthread_t thread;

	host = h;
	strcpy(account_says, "ignore");
	strcpy(session_says, "allow");
	begin_hangs = false;
	*state = &host;
	for (size_t i = 0; i < count; i++) {
		const char *value = settings[i].value;

		if (strcmp(settings[i].name, "account") == 0)
			snprintf(
			    account_says, sizeof(account_says), "%s", value);
		if (strcmp(settings[i].name, "session") == 0)
			snprintf(
			    session_says, sizeof(session_says), "%s", value);
		if (strcmp(settings[i].name, "fault") != 0)
			continue;
		if (strcmp(value, "thread") == 0)
			pthread_create(&thread, NULL, sleep_for_ever, NULL);
		else if (strcmp(value, "descriptor") == 0)
			(void)!open("/dev/null", O_RDONLY);
		else if (strcmp(value, "signal") == 0)
			signal(SIGUSR2, SIG_IGN);
		else if (strcmp(value, "begin") == 0)
			begin_hangs = true;
		else if (strcmp(value, "silent") == 0)
			return -1;
		else if (strcmp(value, "refuse") == 0)
			h->problem(&settings[i], "refused on request");
	}
	return 0;
}

static void *
begin(void *state, struct sallyport_login *login)
{
	(void)state;
	(void)login;
	while (begin_hangs)
		pause();
	return NULL;
}

static enum sallyport_verdict
by_name(const char *word)
{
	static const struct {
		const char *word;
		enum sallyport_verdict verdict;
	} rows[] = {{"allow", SALLYPORT_ALLOW}, {"ignore", SALLYPORT_IGNORE},
	    {"unavailable", SALLYPORT_UNAVAILABLE},
	    {"locked", SALLYPORT_LOCKED}, {"expired", SALLYPORT_EXPIRED}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].word, word) == 0)
			return rows[i].verdict;
	return SALLYPORT_DENY;
}

static enum sallyport_verdict
misbehave(struct sallyport_login *login, const char *how)
{
	struct sallyport_prompt prompt = {.text = "Now?"};

	if (strcmp(how, "crash") == 0)
		abort();
	if (strcmp(how, "exit") == 0)
		exit(3);
	if (strcmp(how, "hang") == 0)
		for (;;)
			pause();
	if (strcmp(how, "leak") == 0)
		return open("/dev/null", O_RDONLY) < 0 ? SALLYPORT_DENY :
							 SALLYPORT_ALLOW;
	if (strcmp(how, "nonsense") == 0)
		return (enum sallyport_verdict)4711;
	if (strcmp(how, "ask") == 0)
		/* At a wrong time: nobody can be asked by this method. */
		return host->ask(login, NULL, &prompt, 1) == SALLYPORT_STATE ?
		    SALLYPORT_DENY :
		    SALLYPORT_ALLOW;
	if (strcmp(how, "exhausted") == 0)
		host->exhausted(login);
	if (strcmp(how, "slow") == 0)
		host->fail_delay(login, 100000);
	if (strcmp(how, "dumpable") == 0)
		return prctl(PR_SET_DUMPABLE, 1) == 0 ? SALLYPORT_ALLOW :
							SALLYPORT_DENY;
	if (strcmp(how, "forgotten call") == 0) {
		host->call_begin(login, SALLYPORT_CALL_NAME_SERVICE, "x");
		return SALLYPORT_ALLOW;
	}
	if (strcmp(how, "changed user") == 0)
		return host->user_changed(login, "root") == SALLYPORT_OK ?
		    SALLYPORT_ALLOW :
		    SALLYPORT_DENY;
	return by_name(how);
}

static enum sallyport_verdict
converse(struct sallyport_login *login)
{
	struct sallyport_prompt prompts[2] = {
	    {.text = "Name of\x1b[31m your dog: ", .echo = 1},
	    {.text = "Secret: "}};
	char first[64];

	host->show(login, "Woof.");
	if (host->ask(login, "Two questions", prompts, 2) != SALLYPORT_OK)
		return SALLYPORT_ALLOW; /* the host must not believe it */
	snprintf(first, sizeof(first), "%s", prompts[0].answer);
	return strcmp(first, "rex") == 0 &&
		strcmp(prompts[1].answer, "bone") == 0 ?
	    SALLYPORT_ALLOW :
	    SALLYPORT_DENY;
}

static enum sallyport_verdict
exchange_packets(struct sallyport_login *login)
{
	uint8_t number;
	const uint8_t *payload;
	size_t len;

	if (host->packet_send(login, 59, "x", 1) == SALLYPORT_OK ||
	    host->packet_send(login, 80, "x", 1) == SALLYPORT_OK)
		return SALLYPORT_ALLOW;
	if (host->packet_send(login, 60, "token?", 6) != SALLYPORT_OK ||
	    host->packet_receive(login, &number, &payload, &len) !=
		SALLYPORT_OK)
		return SALLYPORT_DENY;
	return number == 61 && len == 5 && memcmp(payload, "token", 5) == 0 ?
	    SALLYPORT_ALLOW :
	    SALLYPORT_DENY;
}

static enum sallyport_verdict
authenticate(void *connection, struct sallyport_login *login)
{
	const char *method = host->text(login, SALLYPORT_METHOD);
	char word[64];
	size_t len;
	const uint8_t *password = host->bytes(login, SALLYPORT_PASSWORD, &len);

	(void)connection;
	if (strcmp(method, "keyboard-interactive") == 0)
		return converse(login);
	if (strcmp(method, "packets@test") == 0)
		return exchange_packets(login);
	snprintf(word, sizeof(word), "%.*s", (int)len, (const char *)password);
	host->reason(login, "the test wanted %s", word);
	return misbehave(login, word);
}

static enum sallyport_verdict
account(void *connection, struct sallyport_login *login)
{
	(void)connection;
	host->reason(login, "account %s", account_says);
	return by_name(account_says);
}

static enum sallyport_verdict
change_password(void *connection, struct sallyport_login *login)
{
	struct sallyport_prompt prompt = {.text = "New password: "};
	const char *old, *fresh;

	(void)connection;
	if (host->ask_change(login, "Change it", &old, &fresh) ==
	    SALLYPORT_OK) {
		if (strcmp(old, "old") != 0 || strcmp(fresh, "new") != 0)
			return SALLYPORT_DENY;
	} else if (host->ask(login, NULL, &prompt, 1) != SALLYPORT_OK ||
	    strcmp(prompt.answer, "new") != 0) {
		return SALLYPORT_DENY;
	}
	strcpy(account_says, "allow");
	return SALLYPORT_ALLOW;
}

static enum sallyport_verdict
open_session(void *connection, struct sallyport_login *login)
{
	(void)connection;
	host->show(login, "Welcome to the test.");
	host->environment(login, "TEST_TTY=none");
	host->environment(login, "no equals sign");
	if (host->text(login, SALLYPORT_TTY)[0] != '\0')
		host->environment(login, "TEST_TTY=some");
	host->reason(login, "session %s", session_says);
	return by_name(session_says);
}

SALLYPORT_MODULE = {
    .abi = SALLYPORT_MODULE_ABI,
    .size = sizeof(struct sallyport_module),
    .name = "test",
    .version = "1",
    .methods = methods,
    .options = options,
    .load = load,
    .begin = begin,
    .authenticate = authenticate,
    .account = account,
    .change_password = change_password,
    .open_session = open_session,
};
