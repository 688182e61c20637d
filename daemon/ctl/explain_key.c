/*
 * Would this key be accepted?  The module that serves publickey is asked as
 * the monitor asks it for a client's query: the same code looks through the
 * same files and programs, and the same host stands behind it.
 */
#include "daemon/ctl/explain.h"

#include "config/policy/match.h"
#include "daemon/ctl/ctl.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/rd.h"
#include "modules/host/child.h"
#include "modules/host/probe.h"
#include "modules/host/restrictions.h"
#include "modules/host/services.h"
#include "modules/host/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX (256 * 1024)

struct asking {
	struct question *q;
	const struct module_settings *settings;
	struct decision decision;
	struct attempt attempt;
	struct sallyport_login login;
	struct key_answer *a;
};

static void __attribute__((format(printf, 2, 3)))
notef(struct key_answer *a, const char *format, ...)
{
	va_list args;

	if (a->note_count == EXPLAIN_NOTES_MAX)
		return;
	va_start(args, format);
	a->notes[a->note_count++] = mem_vprintf(format, args);
	va_end(args);
}

static void __attribute__((format(printf, 2, 3)))
restriction(struct key_answer *a, const char *format, ...)
{
	va_list args;

	if (a->restriction_count == EXPLAIN_NOTES_MAX)
		return;
	va_start(args, format);
	a->restrictions[a->restriction_count++] = mem_vprintf(format, args);
	va_end(args);
}

/* ---- our own part of the functions that the module calls ---- */

static void
keep_log(struct sallyport_login *login, const char *module,
    enum sallyport_log level, const char *text)
{
	struct asking *asking = login == NULL ? NULL : login->program;

	(void)module;
	if (asking == NULL)
		return;
	/* At this level the publickey module says what a line asks. */
	if (level == SALLYPORT_LOG_DEBUG)
		restriction(asking->a, "%s", text);
	else if (level <= SALLYPORT_LOG_INFO)
		notef(asking->a, "%s", text);
}

static void
keep_audit(struct sallyport_login *login, const char *event,
    const char *subject, char *text)
{
	struct asking *asking = login->program;

	(void)event;
	if (*text != '\0')
		notef(asking->a, "%s: %s", subject, text);
}

static const char *
text_of(struct sallyport_login *login, enum sallyport_text which)
{
	struct asking *asking = login->program;

	return which == SALLYPORT_GROUPS ?
	    account_group_text(&asking->q->groups) :
	    NULL;
}

static void
key_refused(struct sallyport_login *login, const char *why)
{
	struct asking *asking = login->program;

	notef(asking->a, "policy: %s", why);
}

/* As the monitor judges it at success. */
static bool
may_set(const struct decision *d, const char *setting)
{
	char *name = mem_strndup(setting, strcspn(setting, "="));
	bool may = policy_may_env(d, name);

	free(name);
	return may;
}

/* In the words of authorized_keys. */
static int
keep_restriction(struct sallyport_login *login, enum sallyport_restriction what,
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
	struct asking *asking = login->program;
	struct key_answer *a = asking->a;

	if (restrictions_add(&login->attempt->restrictions, what, value) != 0)
		return SALLYPORT_REFUSED;
	if (what == SALLYPORT_ENVIRONMENT && !may_set(&asking->decision, value))
		restriction(a,
		    "environment=\"%s\", which is not set: accept_env does "
		    "not list it",
		    value);
	else if (value == NULL)
		restriction(a, "%s", words[what]);
	else
		restriction(a, "%s=\"%s\"", words[what], value);
	return SALLYPORT_OK;
}

static void
looked(struct sallyport_login *login, const char *path, int err)
{
	struct asking *asking = login->program;

	if (err == SALLYPORT_OK || err == SALLYPORT_NOT_FOUND)
		notef(asking->a, "%s: %s", path,
		    err == SALLYPORT_OK ? "read" : "no such file");
}

static void
ran(struct sallyport_login *login, const char *path, int err, const char *why)
{
	struct asking *asking = login->program;

	notef(asking->a, "%s: %s", path, err == SALLYPORT_OK ? "run" : why);
}

static const struct host_calls calls = {
    .log = keep_log,
    .audit = keep_audit,
    .text = text_of,
    .key_refused = key_refused,
    .restrict_to = keep_restriction,
    .looked = looked,
    .ran = ran,
};

/* ---- the module ---- */

/* Its answer, and the restrictions that a success would bring. */
static void
judge(struct asking *asking, int said)
{
	struct key_answer *a = asking->a;
	struct attempt *t = &asking->attempt;
	struct restrictions granted = {0};

	a->accepted = host_verdict(&asking->login, asking->settings->name,
			  said) == SALLYPORT_ALLOW;
	snprintf(a->reason, sizeof(a->reason), "%s", t->reason);
	if (t->key_facts.told)
		a->facts = t->key_facts;
	if (a->accepted &&
	    restrictions_merge(&granted, &t->restrictions, &asking->decision,
		t->key_facts.source) != 0) {
		a->accepted = false;
		snprintf(a->reason, sizeof(a->reason),
		    "restrictions contradict each other");
	}
	if (t->restrictions.command != NULL)
		a->command = mem_strdup(t->restrictions.command);
	restrictions_free(&granted);
	restrictions_free(&t->restrictions);
}

/* In the child: the module runs; the answer is problems, or the key_answer. */
static void
ask_module(void *arg, struct buf *out)
{
	struct asking *asking = arg;
	const struct config *config = asking->q->config;
	struct pairs services = host_services(config, asking->settings->name);
	const struct host_loading how = {.directory = config->module_directory,
	    .services = &services,
	    .calls = &calls};
	struct sallyport_login *login = &asking->login;
	struct problems problems = {0};
	struct hosted h;
	void *connection;
	int said;

	if (host_load_one(asking->settings, &how, &h, &problems) != 0) {
		problems_print(&problems, stderr);
		return;
	}
	login->module = &h;
	login->stage = STAGE_BEGIN;
	connection =
	    h.module->begin == NULL ? NULL : h.module->begin(h.state, login);
	login->stage = STAGE_AUTHENTICATE;
	said = h.module->authenticate(connection, login);
	judge(asking, said);
	login->stage = STAGE_END;
	if (h.module->end != NULL)
		h.module->end(connection);
	host_unload_one(&h);
	key_answer_put(asking->a, out);
}

static int
ask_in_child(struct asking *asking, const struct config *config)
{
	const char *name = asking->settings->name;
	struct buf answer;
	char why[256];
	int status = CTL_OK;

	buf_init(&answer, ANSWER_MAX);
	if (child_run(ask_module, asking, probe_seconds(config), &answer, why,
		sizeof(why)) != 0)
		status = ctl_fail("module %s %s", name, why);
	else if (key_answer_take(asking->a, &answer) != 0)
		status = ctl_fail("module %s does not load", name);
	buf_free(&answer);
	return status;
}

/* The first module that serves publickey. */
static int
find_and_ask(struct asking *asking)
{
	const struct config *config = asking->q->config;
	struct problems problems = {0};
	struct probes modules = {0};
	int err = -1;

	for (size_t i = 0; i < config->module_count && err < 0; i++) {
		asking->settings = &config->modules[i];
		if (!probe_add(&modules, config, asking->settings, &problems)) {
			problems_print(&problems, stderr);
			err = CTL_FAILED;
		} else if (probe_serves(
			       &modules, asking->settings->name, "publickey")) {
			err = ask_in_child(asking, config);
		}
	}
	problems_free(&problems);
	probes_free(&modules);
	return err < 0 ? ctl_fail("no module serves publickey") : err;
}

/* The query of a client that has this key. */
static void
prepare(struct asking *asking, const struct key *key)
{
	struct question *q = asking->q;
	struct attempt *t = &asking->attempt;

	t->method = "publickey";
	t->query = true;
	t->now = q->facts.now;
	t->user = (struct bytes){
	    (const uint8_t *)q->facts.user, strlen(q->facts.user)};
	t->key.data = key_blob(key, &t->key.len);
	snprintf(
	    t->algorithm, sizeof(t->algorithm), "%s", asking->a->algorithm);
	decision_init(&asking->decision);
	policy_decide(q->config, &q->facts, &asking->decision);
	asking->login = (struct sallyport_login){.calls = &calls,
	    .program = asking,
	    .config = q->config,
	    .source = &q->facts.source,
	    .listener = q->facts.listener,
	    .user = account_name_is_sane(q->facts.user) ? q->facts.user :
							  ACCOUNT_ILLEGAL,
	    .illegal = !account_name_is_sane(q->facts.user),
	    .passwd = q->passwd,
	    .groups = q->groups.ids,
	    .group_count = q->groups.count,
	    .decision = &asking->decision,
	    .facts = &q->facts,
	    .attempt = t};
}

int
explain_key(struct question *q, const char *file, struct key_answer *a)
{
	struct asking *asking;
	struct key *key = NULL;
	int err;

	if (key_preload() != 0 || explain_read_key(file, &key) != 0)
		return -1;
	key_answer_describe(key, a);
	if (!policy_is_listed(
		&q->config->crypto.key_algorithms, a->algorithm)) {
		snprintf(a->reason, sizeof(a->reason),
		    "algorithm %s is not in crypto.key_algorithms",
		    a->algorithm[0] != '\0' ? a->algorithm : a->facts.type);
		key_free(key);
		return 0;
	}
	asking = mem_zalloc(sizeof(*asking));
	asking->q = q;
	asking->a = a;
	prepare(asking, key);
	err = find_and_ask(asking);
	decision_free(&asking->decision);
	free(asking);
	key_free(key);
	return err == CTL_OK ? 0 : -1;
}
