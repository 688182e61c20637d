/*
 * sallyportctl reload, confirm, revert: a policy is put in force, at once or
 * at a time, for good or on trial.
 */
#include "config/parse.h"
#include "daemon/ctl/client.h"
#include "daemon/ctl/when.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct asked {
	const char *confirm, *login, *at;
};

/* The words of a request: as daemon/master/control.h has them. */
struct request {
	char seconds[24], when[24];
	const char *words[4];
};

static int
read_arguments(const struct ctl *ctl, int argc, char **argv, struct asked *a)
{
	const struct {
		const char *name;
		const char **value;
	} rows[] = {
	    {"--confirm", &a->confirm},
	    {"--until-login", &a->login},
	    {"--at", &a->at},
	};
	const size_t n = sizeof(rows) / sizeof(rows[0]);

	for (int i = 0; i < argc; i++) {
		size_t k = 0;

		while (k < n && strcmp(argv[i], rows[k].name) != 0)
			k++;
		if (k == n)
			return ctl_usage(ctl, "%s: no such option", argv[i]);
		if (++i == argc)
			return ctl_usage(
			    ctl, "%s: a value is expected", rows[k].name);
		*rows[k].value = argv[i];
	}
	if (a->login != NULL && a->confirm == NULL)
		return ctl_usage(ctl, "--until-login needs --confirm");
	return CTL_OK;
}

static int
make_request(const struct ctl *ctl, const struct asked *a, struct request *r)
{
	uint64_t seconds = 0;
	time_t when = 0;

	*r = (struct request){.words = {"reload", r->seconds, "-", r->when}};
	if (a->confirm != NULL &&
	    (parse_time(a->confirm, &seconds) != NULL || seconds == 0))
		return ctl_usage(ctl,
		    "--confirm %s: a time such as 90, 5m or 1h30m is expected",
		    a->confirm);
	if (a->login != NULL)
		r->words[2] = a->login;
	snprintf(r->seconds, sizeof(r->seconds), "%" PRIu64, seconds);
	if (a->at != NULL && strcmp(a->at, "never") == 0) {
		snprintf(r->when, sizeof(r->when), "never");
		return CTL_OK;
	}
	if (a->at != NULL && !when_parse(a->at, &when))
		return ctl_usage(ctl,
		    "--at %s: never, or a time such as 22:30 or "
		    "\"2026-11-21 22:30\" is expected",
		    a->at);
	snprintf(r->when, sizeof(r->when), "%jd", (intmax_t)when);
	return CTL_OK;
}

static void
print_answer(const struct record *r)
{
	uint64_t planned = strtoull(record_get(r, "planned"), NULL, 10);

	if (planned != 0) {
		printf("the reload is planned for ");
		when_print(planned);
		putchar('\n');
	} else if (*record_get(r, "planned") != '\0') {
		puts("the reload is planned no more");
	} else {
		printf("generation %s serves new connections\n",
		    record_get(r, "generation"));
	}
}

static void
print_trial(const struct asked *a)
{
	if (a->confirm != NULL && a->at == NULL)
		printf(
		    "on trial for %s: \"sallyportctl confirm\" keeps it%s%s\n",
		    a->confirm, a->login == NULL ? "" : ", so does a login by ",
		    a->login == NULL ? "" : a->login);
}

/* The new generation serves; its listeners may not all be open. */
int
reload_command(const struct ctl *ctl, int argc, char **argv)
{
	struct asked a = {0};
	struct request r;
	struct records answer = {0};
	const char *failed;
	int status = read_arguments(ctl, argc, argv, &a);

	if (status == CTL_OK)
		status = make_request(ctl, &a, &r);
	if (status != CTL_OK)
		return status;
	status = client_ask(ctl, r.words, argc == 0 ? 1 : 4, &answer, NULL);
	if (status == CTL_OK && answer.count == 0)
		status = ctl_fail("the server's answer is empty");
	if (status == CTL_OK) {
		if (ctl->json)
			records_json(&answer, true, stdout);
		else
			print_answer(&answer.items[0]);
		if (!ctl->json)
			print_trial(&a);
		failed = record_get(&answer.items[0], "listeners_failed");
		if (*failed != '\0') {
			ctl_fail("not listening: %s", failed);
			status = CTL_PARTLY;
		}
	}
	records_free(&answer);
	return status;
}

static int
ask_plain(const struct ctl *ctl, int argc, const char *said)
{
	const char *words[] = {ctl->command};
	struct records answer = {0};
	int status;

	if (argc != 0)
		return ctl_usage(ctl, "no arguments are expected");
	status = client_ask(ctl, words, 1, &answer, NULL);
	if (status == CTL_OK && ctl->json)
		records_json(&answer, true, stdout);
	else if (status == CTL_OK)
		puts(said);
	records_free(&answer);
	return status;
}

int
confirm_command(const struct ctl *ctl, int argc, char **argv)
{
	(void)argv;
	return ask_plain(ctl, argc, "the policy is confirmed");
}

int
revert_command(const struct ctl *ctl, int argc, char **argv)
{
	(void)argv;
	return ask_plain(ctl, argc, "the policy before it comes back");
}
