/*
 * A module by a stranger: it calls any function of the host in any of its own
 * functions, and says whatever it likes of a login.  It knows the installed
 * header alone, and keeps what the host answered for the test to read.
 */

#include "modules/sallyport_module.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEEN __attribute__((visibility("default")))

/* Read by the test: the last answer, how many calls there were, the name. */
extern int hostile_result, hostile_calls, hostile_child;
extern char hostile_user[64], hostile_text[512];
SEEN int hostile_result, hostile_calls, hostile_child;
SEEN char hostile_user[64], hostile_text[512];

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

/* Deeds to the process: in load(), or wherever `at` says. */
static void
limit_processes(void)
{
	struct rlimit limit;

	(void)getrlimit(RLIMIT_NPROC, &limit);
	limit.rlim_cur = 0;
	(void)setrlimit(RLIMIT_NPROC, &limit);
}

static void
replace_input(void)
{
	int fd = open("/dev/zero", O_RDONLY);

	if (fd >= 0) {
		(void)dup2(fd, STDIN_FILENO);
		close(fd);
	}
}

static void
open_high(void)
{
	(void)fcntl(STDIN_FILENO, F_DUPFD, 1100);
}

static void
leave_child(void)
{
	pid_t pid = fork();

	while (pid == 0)
		pause();
	hostile_child = (int)pid;
}

/* Twice, as programs that go into the background do. */
static void
leave_daemon(void)
{
	int fds[2], status;
	pid_t pid, daemon = 0;

	if (pipe(fds) != 0)
		return;
	if ((pid = fork()) == 0) {
		daemon = fork();
		while (daemon == 0)
			pause();
		(void)!write(fds[1], &daemon, sizeof(daemon));
		_exit(0);
	}
	(void)!read(fds[0], &daemon, sizeof(daemon));
	(void)waitpid(pid, &status, 0);
	close(fds[0]);
	close(fds[1]);
	hostile_child = (int)daemon;
}

static void
set_timer(void)
{
	(void)alarm(1000);
}

static void
crash(void)
{
	abort();
}

static void
leave(void)
{
	exit(0);
}

static void
hang(void)
{
	for (;;)
		pause();
}

static void
open_umask(void)
{
	(void)umask(0);
}

static void
change_directory(void)
{
	(void)!chdir("/tmp");
}

static void
set_variable(void)
{
	setenv("LD_PRELOAD", "/tmp/x.so", 1);
}

static void
unset_variable(void)
{
	unsetenv("PATH");
}

static void
ignore_signal(void)
{
	signal(SIGUSR2, SIG_IGN);
}

static void
block_signal(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
}

static void
be_nice(void)
{
	(void)setpriority(PRIO_PROCESS, 0, 5);
}

static void
become_another(void)
{
	(void)!setegid(1);
}

static void
die_with_parent(void)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
}

static void
take_no_privileges(void)
{
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static void
leave_namespace(void)
{
	(void)unshare(CLONE_NEWUTS);
}

static void
tell_stderr(void)
{
	fprintf(stderr, "these were my last words\n");
	exit(1);
}

static const struct {
	const char *name;
	void (*act)(void);
} deeds[] = {
    {"umask", open_umask},
    {"limit", limit_processes},
    {"chdir", change_directory},
    {"setenv", set_variable},
    {"unsetenv", unset_variable},
    {"ignore", ignore_signal},
    {"block", block_signal},
    {"stdin", replace_input},
    {"high", open_high},
    {"child", leave_child},
    {"daemon", leave_daemon},
    {"timer", set_timer},
    {"nice", be_nice},
    {"egid", become_another},
    {"parent", die_with_parent},
    {"privileges", take_no_privileges},
    {"namespace", leave_namespace},
    {"crash", crash},
    {"exit", leave},
    {"hang", hang},
    {"stderr", tell_stderr},
};

static void
do_deed(const char *name)
{
	for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++)
		if (strcmp(deeds[i].name, name) == 0)
			deeds[i].act();
}

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
	if (strcmp(at, "load") == 0)
		do_deed(wish);
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

/* One more than before, which takes its time. */
static int
count_up(struct sallyport_login *login)
{
	char number[16];
	void *data;
	size_t len;
	int n = 0, err = host->state_read(login, "the/count", &data, &len);

	if (err == SALLYPORT_OK) {
		n = atoi(data);
		free(data);
	} else if (err != SALLYPORT_NOT_FOUND) {
		return err;
	}
	usleep(2000);
	snprintf(number, sizeof(number), "%d", n + 1);
	err = host->state_write(login, "the/count", number, strlen(number));
	return err == SALLYPORT_OK ? n + 1 : err;
}

/* Its own name, then "method:module/parameter=fingerprint" of each step. */
static int
look_at_steps(struct sallyport_login *login)
{
	struct sallyport_step step = {.size = sizeof(step)};
	size_t used, i = 0;

	used = (size_t)snprintf(hostile_text, sizeof(hostile_text), "%s",
	    host->text(login, SALLYPORT_INSTANCE));
	while (host->step(login, i++, &step) == SALLYPORT_OK &&
	    used < sizeof(hostile_text))
		used += (size_t)snprintf(&hostile_text[used],
		    sizeof(hostile_text) - used, " %s:%s/%s=%s", step.method,
		    step.module, step.parameter,
		    step.fingerprint == NULL ? "" : step.fingerprint);
	/* One that knows less of the structure than the server. */
	step.size = 4;
	return host->step(login, 0, &step);
}

/* How far the clock has gone on while the client was asked. */
static int
look_at_time(struct sallyport_login *login)
{
	struct sallyport_prompt prompt = {.text = "Well? "};
	int64_t before = host->number(login, SALLYPORT_TIME);

	if (host->ask(login, NULL, &prompt, 1) != SALLYPORT_OK)
		return SALLYPORT_GONE;
	return (int)(host->number(login, SALLYPORT_TIME) - before);
}

/* A long line that wants to be two, and an event with its fields. */
static int
speak(struct sallyport_login *login)
{
	const char *values[] = {"17", NULL, "a b\"]\n"};

	host->log(
	    login, SALLYPORT_LOG_INFO, "first\nsecond \"x\" %0250d end", 7);
	if (host->event(login, "no.such", values, "x") != SALLYPORT_NOT_FOUND)
		return SALLYPORT_SYSTEM;
	return host->event(login, "token.used", values, "token %s used", text);
}

static int
ask_helper(struct sallyport_login *login)
{
	char reply[64];
	size_t got;

	return host->ask_helper(login, "x", 1, reply, sizeof(reply), &got, 0);
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
	if (strcmp(wish, "demand") == 0)
		return host->demand(login,
		    text[0] == '\0' ? host->text(login, SALLYPORT_METHOD) :
				      text);
	if (strcmp(wish, "tell_user") == 0)
		return host->tell_user(login, "%s\033[1m", "Call the desk");
	if (strcmp(wish, "add_group") == 0)
		return host->add_group(login, text[0] == '\0' ? "bin" : text);
	if (strcmp(wish, "ask_helper") == 0)
		return ask_helper(login);
	if (strcmp(wish, "count") == 0)
		return count_up(login);
	if (strcmp(wish, "state_write") == 0)
		return host->state_write(login, text, "x", 1);
	if (strcmp(wish, "steps") == 0)
		return look_at_steps(login);
	if (strcmp(wish, "time") == 0)
		return look_at_time(login);
	if (strcmp(wish, "speak") == 0)
		return speak(login);
	do_deed(wish);
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

static void
unload(void *state)
{
	(void)state;
	if (strcmp(at, "unload") == 0)
		host->log(NULL, SALLYPORT_LOG_INFO, "unloaded");
}

static void
describe(void *state, void (*print)(void *to, const char *line), void *to)
{
	(void)state;
	print(to, "does what it likes");
	print(to, expired ? "says expired" : "says nothing");
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
	if (strcmp(text, "refuse") == 0 && strcmp(at, "account") == 0)
		return SALLYPORT_DENY;
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
	if (strcmp(text, "refuse") == 0)
		return SALLYPORT_DENY;
	return strcmp(text, "ignore") == 0 ? SALLYPORT_IGNORE : SALLYPORT_ALLOW;
}

static void
close_session(void *connection, struct sallyport_login *login)
{
	(void)connection;
	act(login, "close_session");
}

static const struct sallyport_event events[] = {
    {"token.used", SALLYPORT_LOG_WARN, "serial  owner text", "a token"},
    {NULL, SALLYPORT_LOG_ERROR, NULL, NULL},
};

SALLYPORT_MODULE = {
    .abi = SALLYPORT_MODULE_ABI,
    .size = sizeof(struct sallyport_module),
    .name = "hostile",
    .version = "1",
    .methods = methods,
    .options = options,
    .load = load,
    .unload = unload,
    .describe = describe,
    .begin = begin,
    .end = end,
    .authenticate = authenticate,
    .account = account,
    .change_password = change_password,
    .open_session = open_session,
    .close_session = close_session,
    .events = events,
};
