/*
 * sallyportctl explain: the policy's decision over somebody, by the code that
 * the monitor runs, with the facts that the monitor would gather.
 */
#include "daemon/ctl/explain.h"

#include "config/load.h"
#include "daemon/ctl/client.h"
#include "daemon/ctl/ctl.h"
#include "daemon/ctl/standing.h"
#include "daemon/ctl/when.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "privsep/directory.h"
#include "privsep/grants_directory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define METHODS_MAX 8

struct asked {
	const char *user, *from, *listener, *at, *methods, *key, *principal,
	    *expect;
	bool live, brief, delegated;
};

/* ---- the question ---- */

static int
take_options(const struct ctl *ctl, int argc, char **argv, struct asked *a)
{
	const struct {
		const char *name;
		const char **value;
	} rows[] = {
	    {"--user", &a->user},
	    {"--from", &a->from},
	    {"--listener", &a->listener},
	    {"--at", &a->at},
	    {"--method", &a->methods},
	    {"--key", &a->key},
	    {"--principal", &a->principal},
	    {"--expect", &a->expect},
	};
	const size_t n = sizeof(rows) / sizeof(rows[0]);

	for (int i = 0; i < argc; i++) {
		size_t k = 0;

		if (strcmp(argv[i], "--live") == 0) {
			a->live = true;
			continue;
		}
		if (strcmp(argv[i], "--brief") == 0) {
			a->brief = true;
			continue;
		}
		if (strcmp(argv[i], "--delegated") == 0) {
			a->delegated = true;
			continue;
		}
		while (k < n && strcmp(argv[i], rows[k].name) != 0)
			k++;
		if (k == n)
			return ctl_usage(ctl, "%s: no such option", argv[i]);
		if (++i == argc)
			return ctl_usage(
			    ctl, "%s: a value is expected", rows[k].name);
		*rows[k].value = argv[i];
	}
	if (a->expect != NULL && strcmp(a->expect, "allow") != 0 &&
	    strcmp(a->expect, "deny") != 0)
		return ctl_usage(ctl, "--expect: allow or deny");
	if (a->delegated && a->principal == NULL)
		return ctl_usage(ctl, "--delegated: whose? --principal");
	return a->user == NULL || a->from == NULL ?
	    ctl_usage(ctl, "--user and --from are required") :
	    CTL_OK;
}

static void
look_up_user(struct question *q, const char *name)
{
	struct passwd pw;

	if (account_look_up(name, policy_asks_groups(q->config), true, &pw,
		&q->groups, &q->facts) == FACT_KNOWN)
		q->passwd = mem_dup(&pw, sizeof(pw));
}

static void
tell_fault(const char *file, const char *why, void *arg)
{
	(void)arg;
	ctl_fail("%s grants nothing: %s", file, why);
}

static void
look_up_grants(struct question *q)
{
	struct policy_facts *f = &q->facts;

	if (!policy_asks_grants(q->config))
		return;
	f->timed_state = grants_read(q->config->grants_directory, f->user,
	    tell_fault, NULL, &q->timed, &f->timed_count);
	f->timed = q->timed;
}

static int
gather(const struct ctl *ctl, const struct asked *a, struct question *q)
{
	const struct config *config = q->config;
	bool known = false;

	if (net_parse(a->from, &q->facts.source) != 0)
		return ctl_usage(ctl, "%s: is no numeric address", a->from);
	if (!when_parse(a->at == NULL ? "now" : a->at, &q->facts.now))
		return ctl_usage(ctl,
		    "%s: is no time (\"08:30\", "
		    "\"2026-11-21 08:30\", \"@SECONDS\")",
		    a->at);
	/* With one listener alone there is no doubt. */
	q->facts.listener = a->listener;
	if (a->listener == NULL && config->listener_count == 1)
		q->facts.listener = config->listeners[0].name;
	q->facts.listener_unknown = q->facts.listener == NULL;
	for (size_t i = 0; i < config->listener_count; i++)
		known |= a->listener != NULL &&
		    strcmp(config->listeners[i].name, a->listener) == 0;
	if (a->listener != NULL && !known)
		return ctl_fail("%s: there is no such listener", a->listener);
	q->facts.key_state = q->facts.principal_state = FACT_ABSENT;
	look_up_user(q, a->user);
	look_up_grants(q);
	return CTL_OK;
}

/* --method; with a key or principal alone, the method that has one. */
static void
take_methods(const struct asked *a, struct question *q)
{
	const char **list = mem_array(METHODS_MAX, sizeof(*list));
	char *text = mem_strdup(a->methods != NULL ? a->methods :
		     a->key != NULL		   ? "publickey" :
		     a->principal != NULL	   ? "gssapi-with-mic" :
						     ""),
	     *rest = text, *word;

	while ((word = strsep(&rest, ",")) != NULL)
		if (*word != '\0' && q->facts.method_count < METHODS_MAX)
			list[q->facts.method_count++] = mem_strdup(word);
	q->method_count = q->facts.method_count;
	free(text);
	q->facts.methods = list;
}

static bool
names_method(const struct question *q, const char *beginning)
{
	for (size_t i = 0; i < q->facts.method_count; i++)
		if (strncmp(
			q->facts.methods[i], beginning, strlen(beginning)) == 0)
			return true;
	return false;
}

/* The facts that the module found are given to the guards. */
static void
tell_key(struct question *q, const struct key_answer *a)
{
	key_facts_tell(&a->facts, a->algorithm, &q->facts);
	q->facts.key_command = a->command;
}

/* ---- the answer ---- */

static void
key_text(const struct key_answer *a)
{
	printf("\nkey %s %s, %u bits: ", a->facts.type, a->facts.fingerprint,
	    a->facts.bits);
	if (a->accepted) {
		fputs("would be accepted, by ", stdout);
		plain_text(a->facts.place[0] != '\0' ? a->facts.place :
						       a->facts.source,
		    stdout);
		putchar('\n');
	} else {
		fputs("would be refused: ", stdout);
		plain_text(
		    a->reason[0] != '\0' ? a->reason : "not accepted", stdout);
		putchar('\n');
	}
	for (size_t i = 0; i < a->restriction_count; i++) {
		fputs("  with ", stdout);
		plain_text(a->restrictions[i], stdout);
		putchar('\n');
	}
	for (size_t i = 0; i < a->note_count; i++) {
		fputs("  ", stdout);
		plain_text(a->notes[i], stdout);
		putchar('\n');
	}
}

static void
json_member(const char *name, const char *value)
{
	printf("\"%s\":", name);
	if (value[0] != '\0')
		json_text(value, stdout);
	else
		fputs("null", stdout);
	putchar(',');
}

static void
json_list(const char *name, char *const *list, size_t count)
{
	printf("\"%s\":[", name);
	for (size_t i = 0; i < count; i++) {
		fputs(i > 0 ? "," : "", stdout);
		json_text(list[i], stdout);
	}
	putchar(']');
}

static void
key_json(const struct key_answer *a)
{
	fputs(",\"key\":{", stdout);
	printf("\"accepted\":%s,\"bits\":%u,", a->accepted ? "true" : "false",
	    a->facts.bits);
	json_member("type", a->facts.type);
	json_member("algorithm", a->algorithm);
	json_member("fingerprint", a->facts.fingerprint);
	json_member("ca", a->facts.ca_fingerprint);
	json_member("source", a->accepted ? a->facts.source : "");
	json_member("place", a->accepted ? a->facts.place : "");
	json_member("reason", a->accepted ? "" : a->reason);
	json_list("restrictions", a->restrictions, a->restriction_count);
	putchar(',');
	json_list("notes", a->notes, a->note_count);
	putchar('}');
}

/* ---- can she get in? ---- */

struct answer {
	struct decision decision; /* by policy, before any method */
	struct key_answer *key; /* NULL: none was asked about */
	struct standings standings;
	const char *word; /* "yes", "no", "unknown" */
	char because[768];
};

static void
set_answer(
    struct answer *a, const char *word, const char *what, const char *why)
{
	a->word = word;
	snprintf(a->because, sizeof(a->because), "%s%s%s", what,
	    what[0] != '\0' ? ": " : "", why);
}

static const struct standing *
worst_standing(const struct standings *s)
{
	const struct standing *worst = NULL;

	for (size_t i = 0; i < s->count; i++)
		if (worst == NULL || s->items[i].state > worst->state)
			worst = &s->items[i];
	return worst;
}

/* A refusal that is certain goes before all that is not known. */
static void
find_answer(const struct question *q, struct answer *a)
{
	const struct decision *d = &a->decision;
	const struct standing *worst = worst_standing(&a->standings);
	bool refused = d->verdict == POLICY_REFUSED;
	bool open = refused && d->reason == REFUSAL_unknown_fact &&
	    q->facts.listener_unknown;

	if (refused && !open)
		set_answer(a, "no", "policy", d->why);
	else if (worst != NULL && worst->state == STANDING_REFUSES)
		set_answer(a, "no", worst->what, worst->text);
	else if (open)
		set_answer(a, "unknown", "policy", d->why);
	else if (a->key != NULL && !a->key->accepted)
		set_answer(a, "no", "key",
		    a->key->reason[0] != '\0' ? a->key->reason :
						"not accepted");
	else if (worst != NULL && worst->state == STANDING_UNKNOWN)
		set_answer(a, "unknown", worst->what, worst->text);
	else if (q->facts.method_count > 0 && d->verdict == POLICY_MORE)
		set_answer(a, "unknown", "policy", "more methods are asked");
	else
		set_answer(a, "yes", "", "");
}

static void
ask_all(const struct ctl *ctl, const struct asked *asked, struct question *q,
    struct answer *a)
{
	decision_init(&a->decision);
	policy_decide(q->config, &q->facts, &a->decision);
	if (q->facts.method_count > 0)
		policy_guard(q->config, &q->facts, &a->decision);
	if (q->passwd != NULL)
		explain_account(q, &a->decision, &a->standings);
	if (asked->principal != NULL)
		standing_add(&a->standings, STANDING_NOTE, "principal",
		    "~/.k5login, or auth_to_local in krb5.conf, must name it "
		    "besides: that is asked at a login only");
	if (asked->at == NULL || strcmp(asked->at, "now") == 0)
		explain_server(ctl, q, &a->standings);
	find_answer(q, a);
}

static void
answer_text(const struct asked *asked, const struct answer *a)
{
	if (a->key != NULL)
		key_text(a->key);
	putchar('\n');
	for (size_t i = 0; i < a->standings.count; i++) {
		const struct standing *s = &a->standings.items[i];

		if (asked->brief && s->state == STANDING_GOOD)
			continue;
		printf("%s %s: ", s->what, standing_word(s->state));
		plain_text(s->text, stdout);
		putchar('\n');
	}
	printf("may log in: %s%s", a->word, a->because[0] != '\0' ? ", " : "");
	plain_text(a->because, stdout);
	putchar('\n');
}

static void
standings_json(const struct answer *a)
{
	fputs(",\"standing\":[", stdout);
	for (size_t i = 0; i < a->standings.count; i++) {
		const struct standing *s = &a->standings.items[i];

		printf("%s{\"what\":\"%s\",\"state\":\"%s\",\"text\":",
		    i > 0 ? "," : "", s->what, standing_word(s->state));
		json_text(s->text, stdout);
		putchar('}');
	}
	printf("],\"may_log_in\":\"%s\",\"because\":", a->word);
	if (a->because[0] != '\0')
		json_text(a->because, stdout);
	else
		fputs("null", stdout);
}

/* The policy's object with the rest inside. */
static void
answer_json(const struct question *q, const struct answer *a)
{
	policy_explain(q->config, &q->facts, EXPLAIN_JSON_OPEN, stdout);
	if (a->key != NULL)
		key_json(a->key);
	standings_json(a);
	fputs(",\"modules\":[", stdout);
	explain_modules(q->config, true);
	fputs("]}\n", stdout);
}

static void
print_answer(const struct ctl *ctl, const struct asked *asked,
    const struct question *q, const struct answer *a)
{
	if (ctl->json) {
		answer_json(q, a);
		return;
	}
	policy_explain(q->config, &q->facts,
	    asked->brief ? EXPLAIN_BRIEF : EXPLAIN_TEXT, stdout);
	if (!asked->brief)
		explain_modules(q->config, false);
	answer_text(asked, a);
}

/* "unknown" is neither. */
static int
as_expected(const struct asked *asked, const struct answer *a)
{
	const char *wanted;

	if (asked->expect == NULL)
		return CTL_OK;
	wanted = strcmp(asked->expect, "allow") == 0 ? "yes" : "no";
	return strcmp(a->word, wanted) == 0 ? CTL_OK : CTL_FAILED;
}

static int
explain(const struct ctl *ctl, const struct asked *asked, struct question *q)
{
	struct answer a = {.key = NULL};
	int status;

	if ((status = gather(ctl, asked, q)) != CTL_OK)
		return status;
	if (asked->key != NULL) {
		a.key = mem_zalloc(sizeof(*a.key));
		if (explain_key(q, asked->key, a.key) != 0) {
			key_answer_free(a.key);
			free(a.key);
			return CTL_FAILED;
		}
	}
	take_methods(asked, q);
	if (a.key != NULL && a.key->accepted && a.key->facts.told)
		tell_key(q, a.key);
	else if (a.key != NULL && !a.key->accepted)
		q->facts.method_count = 0; /* it never gets that far */
	else if (names_method(q, "publickey"))
		q->facts.key_state = FACT_UNKNOWN;
	q->facts.principal = asked->principal;
	q->facts.delegated = asked->delegated;
	if (asked->principal != NULL)
		q->facts.principal_state = FACT_KNOWN;
	else if (names_method(q, "gssapi-"))
		q->facts.principal_state = FACT_UNKNOWN;
	ask_all(ctl, asked, q, &a);
	print_answer(ctl, asked, q, &a);
	status = as_expected(asked, &a);
	if (a.key != NULL)
		key_answer_free(a.key);
	free(a.key);
	standings_free(&a.standings);
	decision_free(&a.decision);
	return status;
}

/* The configuration that the running server serves new connections with. */
static int
live_config(
    const struct ctl *ctl, struct bundle *bundle, struct config **config)
{
	const char *words[] = {"bundle"};
	struct problems problems = {0};
	struct records answer = {0};
	int fd, status = client_ask(ctl, words, 1, &answer, &fd);

	if (status == CTL_OK &&
	    (fd < 0 || config_bundle_from_fd(fd, bundle) != 0 ||
		config_load(bundle, config, &problems) != 0)) {
		problems_print(&problems, stderr);
		status = ctl_fail("the server's configuration cannot be read");
	}
	if (fd >= 0)
		close(fd);
	problems_free(&problems);
	records_free(&answer);
	return status;
}

static void
question_free(struct question *q)
{
	for (size_t i = 0; i < q->method_count; i++)
		free((char *)(uintptr_t)q->facts.methods[i]);
	account_groups_free(&q->groups);
	free(q->timed);
	free((void *)(uintptr_t)q->facts.methods);
	if (q->passwd != NULL)
		directory_user_free(q->passwd);
	free(q->passwd);
	free(q);
}

int
explain_command(const struct ctl *ctl, int argc, char **argv)
{
	struct asked asked = {0};
	struct question *q;
	struct bundle bundle = {0};
	struct config *config = NULL;
	int status;

	if ((status = take_options(ctl, argc, argv, &asked)) != CTL_OK)
		return status;
	if (asked.live)
		status = live_config(ctl, &bundle, &config);
	else if ((config = offline_config(ctl, &bundle)) == NULL)
		status = CTL_FAILED;
	if (status == CTL_OK) {
		q = mem_zalloc(sizeof(*q));
		q->config = config;
		status = explain(ctl, &asked, q);
		question_free(q);
	}
	config_free(config);
	config_bundle_free(&bundle);
	return status;
}
