/*
 * Would this key be accepted?  The module that serves publickey is asked as
 * the monitor asks it for a client's query: the same code looks through the
 * same files and programs, with this host's functions behind it.
 */
#include "daemon/ctl/explain.h"

#include "config/module_options.h"
#include "config/policy/match.h"
#include "daemon/ctl/ctl.h"
#include "daemon/ctl/child.h"
#include "daemon/ctl/module.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/safefile.h"
#include "lib/ssh/cert.h"
#include "lib/ssh/key_alg.h"
#include "lib/ssh/key_private.h"
#include "privsep/errand_run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOBODY	   65534
#define ANSWER_MAX (256 * 1024)

struct sallyport_login {
	struct question *q;
	struct decision decision;
	struct key_answer *a;
	const struct key *key;
	char address[NET_TEXT_MAX];
	char ca_algorithms[2048];
	char parameter[64];
	char *groups; /* one a line */
};

/* Where problem() writes during load(). */
static const struct module_settings *loading;

static void __attribute__((format(printf, 2, 0)))
note(struct key_answer *a, const char *format, va_list args)
{
	if (a->note_count < EXPLAIN_NOTES_MAX)
		a->notes[a->note_count++] = mem_vprintf(format, args);
}

static void __attribute__((format(printf, 2, 3)))
notef(struct key_answer *a, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	note(a, format, args);
	va_end(args);
}

static void
restriction(struct key_answer *a, char *text)
{
	if (a->restriction_count < EXPLAIN_NOTES_MAX)
		a->restrictions[a->restriction_count++] = text;
	else
		free(text);
}

/* ---- the functions a module gets ---- */

static void __attribute__((format(printf, 2, 3)))
host_problem(const struct sallyport_setting *setting, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = mem_vprintf(format, args);
	va_end(args);
	if (setting != NULL)
		fprintf(stderr, "%s:%u: %s: %s\n", setting->file, setting->line,
		    setting->name, text);
	else
		fprintf(stderr, "%s:%u: module %s: %s\n", loading->origin.file,
		    loading->origin.line, loading->name, text);
	free(text);
}

static void __attribute__((format(printf, 3, 4)))
host_log(struct sallyport_login *login, enum sallyport_log level,
    const char *format, ...)
{
	va_list args;

	if (login == NULL)
		return;
	va_start(args, format);
	/* At this level the publickey module says what a line asks. */
	if (level == SALLYPORT_LOG_DEBUG)
		restriction(login->a, mem_vprintf(format, args));
	else if (level <= SALLYPORT_LOG_INFO)
		note(login->a, format, args);
	va_end(args);
}

static const char *
host_text(struct sallyport_login *login, enum sallyport_text which)
{
	const struct question *q = login->q;

	switch (which) {
	case SALLYPORT_USER:
		return q->facts.user;
	case SALLYPORT_HOME:
		return q->passwd == NULL ? "/nonexistent" : q->passwd->pw_dir;
	case SALLYPORT_SHELL:
		return q->passwd == NULL ? "/bin/sh" : q->passwd->pw_shell;
	case SALLYPORT_METHOD:
		return "publickey";
	case SALLYPORT_PARAMETER:
		return login->parameter;
	case SALLYPORT_SOURCE:
		return login->address;
	case SALLYPORT_LISTENER:
		return q->facts.listener == NULL ? "" : q->facts.listener;
	case SALLYPORT_ALGORITHM:
		return login->a->algorithm;
	case SALLYPORT_RULE:
		return login->decision.rule == NULL ?
		    "" :
		    login->decision.rule->name;
	case SALLYPORT_CA_ALGORITHMS:
		return login->ca_algorithms;
	case SALLYPORT_REASON:
		return login->a->reason;
	case SALLYPORT_GROUPS:
		return login->groups;
	default:
		return "";
	}
}

static int64_t
host_number(struct sallyport_login *login, enum sallyport_number which)
{
	const struct passwd *pw = login->q->passwd;

	switch (which) {
	case SALLYPORT_UID:
		return pw == NULL ? NOBODY : pw->pw_uid;
	case SALLYPORT_GID:
		return pw == NULL ? NOBODY : pw->pw_gid;
	case SALLYPORT_KNOWN:
		return pw != NULL;
	case SALLYPORT_RSA_BITS:
		return login->q->config->crypto.rsa_bits;
	case SALLYPORT_TIME:
		return login->q->facts.now;
	default: /* no signature: a query */
		return 0;
	}
}

static const uint8_t *
host_bytes(
    struct sallyport_login *login, enum sallyport_bytes which, size_t *len)
{
	*len = 0;
	if (which == SALLYPORT_PUBLIC_KEY)
		return key_blob(login->key, len);
	if (which == SALLYPORT_REQUEST_USER) {
		*len = strlen(login->q->facts.user);
		return (const uint8_t *)login->q->facts.user;
	}
	return (const uint8_t *)"";
}

static void __attribute__((format(printf, 2, 3)))
host_reason(struct sallyport_login *login, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(login->a->reason, sizeof(login->a->reason), format, args);
	va_end(args);
}

#define KEEP(place, text) \
	snprintf((place), sizeof(place), "%s", (text) == NULL ? "" : (text))

/* May it be this key, and from this source: the policy's word. */
static int
host_key(struct sallyport_login *login, const struct sallyport_key *key)
{
	static const char *const methods[] = {"publickey"};
	struct key_answer *a = login->a;
	struct policy_facts facts = login->q->facts;
	char why[256] = "";

	KEEP(a->source, key->source);
	KEEP(a->place, key->place);
	facts.key_state = FACT_KNOWN;
	facts.key_type = a->type;
	facts.key_algorithm = a->algorithm;
	facts.key_fingerprint = a->fingerprint;
	facts.key_source = a->source[0] != '\0' ? a->source : NULL;
	facts.key_ca = a->ca[0] != '\0' ? a->ca : NULL;
	facts.key_bits = a->bits;
	facts.key_touched = facts.key_verified = true; /* not known yet */
	facts.methods = methods;
	facts.method_count = 1;
	if (policy_may_key_here(
		login->q->config, &login->decision, &facts, why, sizeof(why)))
		return SALLYPORT_OK;
	KEEP(a->reason, why);
	notef(a, "policy: %s", why);
	return SALLYPORT_REFUSED;
}

/* As the monitor judges it at success. */
static bool
may_set(const struct sallyport_login *login, const char *setting)
{
	char *name = mem_strndup(setting, strcspn(setting, "="));
	bool may = policy_may_env(&login->decision, name);

	free(name);
	return may;
}

/* In the words of authorized_keys. */
static int
host_restrict_to(struct sallyport_login *login, enum sallyport_restriction what,
    const char *value)
{
	static const char *const words[] = {
	    [SALLYPORT_NO_PTY] = "no-pty",
	    [SALLYPORT_NO_AGENT] = "no-agent-forwarding",
	    [SALLYPORT_NO_X11] = "no-x11-forwarding",
	    [SALLYPORT_NO_PORT_FORWARDING] = "no-port-forwarding",
	    [SALLYPORT_NO_USER_RC] = "no-user-rc",
	    [SALLYPORT_NO_TUN] = "no tunnel",
	    [SALLYPORT_COMMAND] = "command",
	    [SALLYPORT_PERMIT_OPEN] = "permitopen",
	    [SALLYPORT_PERMIT_LISTEN] = "permitlisten",
	    [SALLYPORT_ENVIRONMENT] = "environment",
	    [SALLYPORT_TUN_UNIT] = "tunnel",
	};
	struct key_answer *a = login->a;

	if ((size_t)what >= sizeof(words) / sizeof(words[0]))
		return SALLYPORT_REFUSED;
	if (what == SALLYPORT_ENVIRONMENT && !may_set(login, value))
		restriction(a,
		    mem_printf("environment=\"%s\", which is not set: "
			       "accept_env does not list it",
			value));
	else
		restriction(a,
		    value == NULL ?
			mem_strdup(words[what]) :
			mem_printf("%s=\"%s\"", words[what], value));
	if (what == SALLYPORT_COMMAND && a->command == NULL)
		a->command = mem_strdup(value);
	return SALLYPORT_OK;
}

static int
host_asks_revoked(struct sallyport_login *login, const char *path)
{
	return policy_asks_revoked(&login->decision, path);
}

static int
host_counts_source(struct sallyport_login *login, const char *source)
{
	return policy_counts_source(&login->decision, source);
}

static int
host_one_text(struct sallyport_login *login, const char *text)
{
	(void)login;
	(void)text;
	return SALLYPORT_STATE;
}

static void
host_exhausted(struct sallyport_login *login)
{
	(void)login;
}

static void
host_fail_delay(struct sallyport_login *login, uint32_t microseconds)
{
	(void)login;
	(void)microseconds;
}

static int
host_ask(struct sallyport_login *login, const char *instruction,
    struct sallyport_prompt *prompts, size_t count)
{
	(void)login;
	(void)instruction;
	(void)prompts;
	(void)count;
	return SALLYPORT_STATE;
}

static int
host_ask_change(struct sallyport_login *login, const char *prompt,
    const char **old_password, const char **new_password)
{
	(void)login;
	(void)prompt;
	(void)old_password;
	(void)new_password;
	return SALLYPORT_STATE;
}

static int
host_packet_send(struct sallyport_login *login, uint8_t number,
    const void *payload, size_t len)
{
	(void)login;
	(void)number;
	(void)payload;
	(void)len;
	return SALLYPORT_STATE;
}

static int
host_packet_receive(struct sallyport_login *login, uint8_t *number,
    const uint8_t **payload, size_t *len)
{
	(void)login;
	(void)number;
	(void)payload;
	(void)len;
	return SALLYPORT_STATE;
}

static void
host_call_begin(
    struct sallyport_login *login, enum sallyport_call call, const char *detail)
{
	(void)login;
	(void)call;
	(void)detail;
}

static int
host_open_user_file(struct sallyport_login *login, const char *path, size_t max,
    int *fd, char *why, size_t why_size)
{
	const struct errand_as as = explain_as_user(login->q);
	int err = errand_open(&as, path, host_text(login, SALLYPORT_HOME), max,
	    login->q->config->deadlines.key_command * 1000, fd, why, why_size);

	if (err == SALLYPORT_OK || err == SALLYPORT_NOT_FOUND)
		notef(login->a, "%s: %s", path,
		    err == SALLYPORT_OK ? "read" : "no such file");
	return err;
}

static int
host_match_user_files(struct sallyport_login *login, const char *pattern,
    char **names, size_t *len, char *why, size_t why_size)
{
	const struct errand_as as = explain_as_user(login->q);

	return errand_match(&as, pattern,
	    login->q->config->deadlines.key_command * 1000, names, len, why,
	    why_size);
}

static int
host_open_file(struct sallyport_login *login, const char *path, size_t max,
    int *fd, char *why, size_t why_size)
{
	const struct errand_as as = {.uid = 0, .gid = 0};

	return errand_open(&as, path, NULL, max,
	    login->q->config->deadlines.key_command * 1000, fd, why, why_size);
}

static int
host_run(struct sallyport_login *login, const struct sallyport_command *command,
    char **output, size_t *len, int *status, char *why, size_t why_size)
{
	int err = errand_run(command, (uid_t)host_number(login, SALLYPORT_UID),
	    output, len, status, why, why_size);

	notef(login->a, "%s: %s", command->argv[0],
	    err == SALLYPORT_OK ? "run" : why);
	return err;
}

static void __attribute__((format(printf, 4, 5)))
host_audit(struct sallyport_login *login, const char *event,
    const char *subject, const char *format, ...)
{
	va_list args;
	char *text;

	(void)event;
	va_start(args, format);
	text = mem_vprintf(format, args);
	va_end(args);
	if (login != NULL && *text != '\0')
		notef(login->a, "%s: %s", subject, text);
	free(text);
}

static const struct sallyport_host table = {
    .abi = SALLYPORT_MODULE_ABI,
    .size = sizeof(struct sallyport_host),
    .problem = host_problem,
    .log = host_log,
    .text = host_text,
    .number = host_number,
    .bytes = host_bytes,
    .reason = host_reason,
    .key = host_key,
    .restrict_to = host_restrict_to,
    .user_changed = host_one_text,
    .environment = host_one_text,
    .exhausted = host_exhausted,
    .fail_delay = host_fail_delay,
    .ask = host_ask,
    .show = host_one_text,
    .ask_change = host_ask_change,
    .packet_send = host_packet_send,
    .packet_receive = host_packet_receive,
    .call_begin = host_call_begin,
    .call_end = host_exhausted,
    .open_user_file = host_open_user_file,
    .open_file = host_open_file,
    .run = host_run,
    .audit = host_audit,
    .asks_revoked = host_asks_revoked,
    .counts_source = host_counts_source,
    .match_user_files = host_match_user_files,
};

static void
join_ca_algorithms(struct sallyport_login *login)
{
	const struct strings *names = &login->q->config->crypto.ca_algorithms;
	char *text = login->ca_algorithms;
	size_t used = 0, size = sizeof(login->ca_algorithms);

	text[0] = '\0';
	for (size_t i = 0; i < names->count && used < size; i++)
		if (policy_may_ca_algorithm(&login->decision, names->items[i]))
			used += (size_t)snprintf(&text[used], size - used,
			    "%s%s", used > 0 ? "," : "", names->items[i]);
}

/* ---- the module ---- */

static int
load(const struct module_settings *settings,
    const struct sallyport_module *module, void **state)
{
	size_t count;
	struct sallyport_setting *s =
	    module_settings_make(module->options, settings, NULL, &count);
	int err = 0;

	loading = settings;
	if (module->load != NULL)
		err = module->load(&table, s, count, state);
	return err;
}

struct asking {
	const struct opened *o;
	const char *path;
	struct sallyport_login *login;
};

/* In the child: the module runs; the answer is the whole key_answer. */
static void
ask_module(void *arg, struct buf *out)
{
	const struct asking *asking = arg;
	struct sallyport_login *login = asking->login;
	const struct sallyport_module *module;
	void *state = NULL, *connection;
	char why[512];

	module = module_link(asking->path, why, sizeof(why));
	if (module == NULL || load(asking->o->settings, module, &state) != 0)
		return;
	connection =
	    module->begin == NULL ? state : module->begin(state, login);
	login->a->accepted =
	    module->authenticate(connection, login) == SALLYPORT_ALLOW;
	if (module->end != NULL)
		module->end(connection);
	if (module->unload != NULL)
		module->unload(state);
	key_answer_put(login->a, out);
}

static int
ask_in_child(struct asking *asking, const struct config *config)
{
	const char *name = asking->o->settings->name;
	struct buf answer;
	char why[256];
	int status = CTL_OK;

	buf_init(&answer, ANSWER_MAX);
	if (child_run(ask_module, asking, module_seconds(config), &answer, why,
		sizeof(why)) != 0)
		status = ctl_fail("module %s %s", name, why);
	else if (key_answer_take(asking->login->a, &answer) != 0)
		status = ctl_fail("module %s does not load", name);
	buf_free(&answer);
	return status;
}

/* The first module that serves publickey. */
static int
find_and_ask(struct sallyport_login *login)
{
	const struct config *config = login->q->config;
	struct modules modules = {0};
	char why[SAFEFILE_WHY_MAX] = "";
	int err = -1;

	for (size_t i = 0; i < config->module_count && err < 0; i++) {
		char *path = module_path(config, &config->modules[i]);

		if (!modules_open(&modules, &config->modules[i], path,
			module_seconds(config), why, sizeof(why)))
			err = ctl_fail("%s: %s", path, why);
		else if (modules_serve(
			     &modules, config->modules[i].name, "publickey"))
			err = ask_in_child(
			    &(struct asking){
				.o = &modules.items[modules.count - 1],
				.path = path,
				.login = login},
			    config);
		free(path);
	}
	modules_close(&modules);
	return err < 0 ? ctl_fail("no module serves publickey") : err;
}

int
explain_key(struct question *q, const char *file, struct key_answer *a)
{
	struct sallyport_login *login;
	struct key *key = NULL;
	int err;

	if (key_preload() != 0 || explain_read_key(file, &key) != 0)
		return -1;
	key_answer_describe(key, a);
	if (!policy_is_listed(
		&q->config->crypto.key_algorithms, a->algorithm)) {
		snprintf(a->reason, sizeof(a->reason),
		    "algorithm %s is not in crypto.key_algorithms",
		    a->algorithm[0] != '\0' ? a->algorithm : a->type);
		key_free(key);
		return 0;
	}
	login = mem_zalloc(sizeof(*login));
	login->q = q;
	login->a = a;
	login->key = key;
	if (q->facts.source.family != NET_NONE)
		net_print(&q->facts.source, login->address);
	decision_init(&login->decision);
	policy_decide(q->config, &q->facts, &login->decision);
	join_ca_algorithms(login);
	login->groups = explain_groups(q);
	err = find_and_ask(login);
	decision_free(&login->decision);
	free(login->groups);
	free(login);
	key_free(key);
	return err == CTL_OK ? 0 : -1;
}
