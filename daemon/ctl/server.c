/*
 * The commands that the running server answers, and how people see it.
 */
#include "config/parse.h"
#include "daemon/ctl/client.h"
#include "daemon/ctl/keys.h"
#include "daemon/ctl/nft.h"
#include "daemon/ctl/when.h"

#include "lib/mem.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DRAIN_POLL_S 1

static uint64_t
number(const struct record *r, const char *name)
{
	return strtoull(record_get(r, name), NULL, 10);
}

static bool
is_true(const struct record *r, const char *name)
{
	return strcmp(record_get(r, name), "true") == 0;
}

/* "12s", "5m", "3h07m", "2d04h". */
static void
print_span(uint64_t s)
{
	if (s < 60)
		printf("%" PRIu64 "s", s);
	else if (s < 3600)
		printf("%" PRIu64 "m", s / 60);
	else if (s < 86400)
		printf(
		    "%" PRIu64 "h%02um", s / 3600, (unsigned)(s % 3600 / 60));
	else
		printf("%" PRIu64 "d%02uh", s / 86400,
		    (unsigned)(s % 86400 / 3600));
}

static void
print_size(uint64_t bytes)
{
	static const char units[] = "BKMGTP";
	size_t unit = 0;

	while (bytes >= 10240 && units[unit + 1] != '\0') {
		bytes /= 1024;
		unit++;
	}
	printf("%" PRIu64 "%c", bytes, units[unit]);
}

/* ---- status ---- */

static void
print_trial(const struct record *r)
{
	const char *trial = record_get(r, "trial");

	if (strcmp(trial, "on") == 0) {
		printf("policy: on trial until ");
		when_print(number(r, "trial_until"));
		printf(", \"sallyportctl confirm\" keeps it");
		if (*record_get(r, "trial_login") != '\0') {
			printf(", or a login by ");
			plain_text(record_get(r, "trial_login"), stdout);
		}
		putchar('\n');
	} else if (strcmp(trial, "over") == 0) {
		puts("policy: the one before the files on the disk, which "
		     "were not confirmed");
	}
	if (number(r, "planned") != 0) {
		printf("reload: planned for ");
		when_print(number(r, "planned"));
		putchar('\n');
	}
}

static void
print_status(const struct records *answer)
{
	const struct record *r = &answer->items[0];

	printf("sallyport %s, process %s, since ", record_get(r, "version"),
	    record_get(r, "pid"));
	when_print(number(r, "since"));
	printf("\nconfiguration: ");
	plain_text(record_get(r, "config"), stdout);
	printf(", generation %s (%s alive)\n", record_get(r, "generation"),
	    record_get(r, "generations"));
	printf("listening on: ");
	plain_text(record_get(r, "listeners"), stdout);
	if (*record_get(r, "listeners_failed") != '\0')
		printf(
		    "\nnot listening: %s", record_get(r, "listeners_failed"));
	if (*record_get(r, "helpers") != '\0')
		printf("\nhelpers of modules: %s", record_get(r, "helpers"));
	printf("\nlog level: %s", record_get(r, "log_level"));
	printf("\nconnections: %s, of which %s have not logged in\n",
	    record_get(r, "connections"), record_get(r, "unauthenticated"));
	print_trial(r);
	printf("health checks: %s\n", record_get(r, "health_checks"));
	if (is_true(r, "draining"))
		puts("draining: new connections are refused");
	if (number(r, "stuck_children") > 0)
		printf("stuck: %s processes of %s users wait for files that "
		       "no server answers for\n",
		    record_get(r, "stuck_children"),
		    record_get(r, "stuck_users"));
}

typedef void print_fn(const struct records *answer);

/* Ask, and print the answer: as JSON, an object when single. */
static int
ask(const struct ctl *ctl, const char *const *words, size_t count, bool single,
    print_fn *print)
{
	struct records answer = {0};
	int status = client_ask(ctl, words, count, &answer, NULL);

	if (status == CTL_OK && single && answer.count == 0)
		status = ctl_fail("the server's answer is empty");
	else if (status == CTL_OK && ctl->json)
		records_json(&answer, single, stdout);
	else if (status == CTL_OK)
		print(&answer);
	records_free(&answer);
	return status;
}

static int
ask_plain(const struct ctl *ctl, int argc, bool single, print_fn *print)
{
	const char *words[] = {ctl->command};

	if (argc != 0)
		return ctl_usage(ctl, "no arguments are expected");
	return ask(ctl, words, 1, single, print);
}

int
status_command(const struct ctl *ctl, int argc, char **argv)
{
	(void)argv;
	return ask_plain(ctl, argc, true, print_status);
}

/* ---- sessions ---- */

static void
print_session(const struct record *r)
{
	const char *user = record_get(r, "user");
	bool in = is_true(r, "logged_in");

	printf("%s  ", record_get(r, "id"));
	plain_text(*user == '\0' ? "-" : user, stdout);
	printf(" from %s port %s, ", record_get(r, "source"),
	    record_get(r, "port"));
	if (!in) {
		printf("not logged in (%s), for ", record_get(r, "state"));
		print_span(number(r, "age"));
		putchar('\n');
		return;
	}
	printf("since ");
	when_print(number(r, "since"));
	printf(", idle ");
	print_span(number(r, "idle"));
	printf("\n\trule ");
	plain_text(record_get(r, "rule"), stdout);
	printf(", by ");
	plain_text(record_get(r, "method"), stdout);
	if (*record_get(r, "key") != '\0')
		printf(", key %s", record_get(r, "key"));
	if (*record_get(r, "principal") != '\0') {
		printf(", principal ");
		plain_text(record_get(r, "principal"), stdout);
	}
	printf("\n\t%s channels, received ", record_get(r, "channels"));
	print_size(number(r, "bytes_in"));
	printf(", sent ");
	print_size(number(r, "bytes_out"));
	if (*record_get(r, "tty") != '\0') {
		printf(", terminal ");
		plain_text(record_get(r, "tty"), stdout);
	}
	if (*record_get(r, "call") != '\0')
		printf(", in a call: %s", record_get(r, "call"));
	putchar('\n');
}

static void
print_sessions(const struct records *answer)
{
	for (size_t i = 0; i < answer->count; i++)
		print_session(&answer->items[i]);
}

static void
print_message(const struct records *answer)
{
	for (size_t i = 0; i < answer->count; i++)
		printf("connection %s %s\n",
		    record_get(&answer->items[i], "id"),
		    is_true(&answer->items[i], "told") ?
			"is told" :
			"has not taken the last message yet");
}

int
sessions_command(const struct ctl *ctl, int argc, char **argv)
{
	const char *words[] = {"message", NULL, NULL};

	if (argc == 0)
		return ask_plain(ctl, argc, false, print_sessions);
	if (argc != 3 || strcmp(argv[0], "message") != 0)
		return ctl_usage(
		    ctl, "\"message\", a target and a text are expected");
	words[1] = argv[1];
	words[2] = argv[2];
	return ask(ctl, words, 3, false, print_message);
}

/* ---- kill ---- */

static void
print_kill(const struct records *answer)
{
	for (size_t i = 0; i < answer->count; i++)
		printf("connection %s is told to end\n",
		    record_get(&answer->items[i], "id"));
}

int
kill_command(const struct ctl *ctl, int argc, char **argv)
{
	const char *words[] = {"kill", argc == 1 ? argv[0] : ""};

	if (argc != 1)
		return ctl_usage(ctl, "one target is expected");
	return ask(ctl, words, 2, false, print_kill);
}

/* ---- drain ---- */

static void
print_drain(const struct records *answer)
{
	const struct record *r = &answer->items[0];

	print_trial(r);
	if (is_true(r, "draining"))
		printf("draining; %s connections are left\n",
		    record_get(r, "connections"));
	else
		puts("new connections are welcome");
}

static int
wait_until_empty(const struct ctl *ctl)
{
	const char *words[] = {"status"};
	struct records answer;
	uint64_t left = 1;
	int status;

	do {
		memset(&answer, 0, sizeof(answer));
		status = client_ask(ctl, words, 1, &answer, NULL);
		if (status == CTL_OK && answer.count > 0)
			left = number(&answer.items[0], "connections");
		records_free(&answer);
		if (status == CTL_OK && left > 0)
			sleep(DRAIN_POLL_S);
	} while (status == CTL_OK && left > 0);
	return status;
}

int
drain_command(const struct ctl *ctl, int argc, char **argv)
{
	const char *words[] = {"drain", "on"};
	bool wait = argc == 1 && strcmp(argv[0], "wait") == 0;
	int status;

	if (argc > 1 ||
	    (argc == 1 && !wait && strcmp(argv[0], "on") != 0 &&
		strcmp(argv[0], "off") != 0))
		return ctl_usage(ctl, "on, off or wait is expected");
	if (argc == 1 && !wait)
		words[1] = argv[0];
	status = ask(ctl, words, 2, true, print_drain);
	if (status == CTL_OK && wait)
		status = wait_until_empty(ctl);
	return status;
}

/* ---- penalties ---- */

/* The server knows the account's uid alone. */
static void
print_account(const struct record *r)
{
	const struct passwd *pw = getpwuid((uid_t)number(r, "uid"));

	if (pw != NULL)
		plain_text(pw->pw_name, stdout);
	else
		printf("uid %s", record_get(r, "uid"));
	printf(": %s, %s; none are counted in %s seconds\n",
	    record_get(r, "cause"),
	    is_true(r, "in_force") ? "refused" : "not yet refused",
	    record_get(r, "seconds"));
}

static void
print_penalties(const struct records *answer)
{
	for (size_t i = 0; i < answer->count; i++) {
		const struct record *r = &answer->items[i];

		if (*record_get(r, "uid") != '\0') {
			print_account(r);
			continue;
		}
		printf("%s: %s seconds for %s%s\n", record_get(r, "source"),
		    record_get(r, "seconds"), record_get(r, "cause"),
		    is_true(r, "in_force") ? ", refused" :
					     ", not yet enforced");
	}
}

static void
print_cleared(const struct records *answer)
{
	printf("%s cleared\n", record_get(&answer->items[0], "cleared"));
}

static void
print_added(const struct records *answer)
{
	const struct record *r = &answer->items[0];

	printf("%s: %s seconds, refused from now on\n", record_get(r, "source"),
	    record_get(r, "seconds"));
}

static int
add_penalty(const struct ctl *ctl, const char *address, const char *span)
{
	const char *words[] = {"penalties", "add", address, NULL};
	char seconds[24];
	uint64_t n;

	if (parse_time(span, &n) != NULL)
		return ctl_usage(ctl,
		    "%s: a time such as 30, 10m, 2h or 1d is expected", span);
	snprintf(seconds, sizeof(seconds), "%" PRIu64, n);
	words[3] = seconds;
	return ask(ctl, words, 4, true, print_added);
}

/* "user:NAME" for the server, which knows uids; false: no such user. */
static bool
name_account(const char *target, char *word, size_t size)
{
	const struct passwd *pw;

	if (strncmp(target, "user:", 5) != 0) {
		snprintf(word, size, "%s", target);
		return true;
	}
	if ((pw = getpwnam(&target[5])) == NULL)
		return false;
	snprintf(word, size, "uid:%u", (unsigned)pw->pw_uid);
	return true;
}

int
penalties_command(const struct ctl *ctl, int argc, char **argv)
{
	char target[256] = "";
	const char *words[] = {"penalties", "clear", target};

	if (argc == 0)
		return ask(ctl, words, 1, false, print_penalties);
	if (argc == 3 && strcmp(argv[0], "add") == 0)
		return add_penalty(ctl, argv[1], argv[2]);
	if (argc == 2 && strcmp(argv[0], "export") == 0 &&
	    strcmp(argv[1], "--nft") == 0)
		return nft_export(ctl);
	if (argc > 2 || strcmp(argv[0], "clear") != 0)
		return ctl_usage(ctl,
		    "add with an address and a time, export --nft, clear, "
		    "or nothing, is expected");
	if (argc == 2 && !name_account(argv[1], target, sizeof(target)))
		return ctl_fail("%s: no such user", argv[1]);
	return ask(ctl, words, 1 + (size_t)argc, true, print_cleared);
}

/* ---- log-level ---- */

static void
print_generation(const struct records *answer)
{
	printf("generation %s serves new connections\n",
	    record_get(&answer->items[0], "generation"));
}

static void
print_level(const struct records *answer)
{
	const struct record *r = &answer->items[0];

	printf("%s (configured: %s)\n", record_get(r, "log_level"),
	    record_get(r, "configured"));
}

int
log_level_command(const struct ctl *ctl, int argc, char **argv)
{
	const char *words[] = {"log-level", argc == 1 ? argv[0] : ""};

	if (argc == 0)
		return ask(ctl, words, 1, true, print_level);
	if (argc != 1)
		return ctl_usage(ctl, "one level is expected, or nothing");
	return ask(ctl, words, 2, true, print_generation);
}

/* ---- stats: Prometheus' text format ---- */

static void
print_label(const struct record *r, const char *name, const char *value,
    const char *before)
{
	const char *label = record_get(r, name);

	if (*label == '\0')
		return;
	printf("%s%s=", before, label);
	json_text(record_get(r, value), stdout);
}

static void
print_sample(const struct record *r)
{
	uint64_t value = number(r, "value");

	fputs(record_get(r, "sample"), stdout);
	if (*record_get(r, "label") != '\0') {
		print_label(r, "label", "is", "{");
		print_label(r, "label2", "is2", ",");
		putchar('}');
	}
	if (is_true(r, "milliseconds"))
		printf(" %" PRIu64 ".%03u\n", value / 1000,
		    (unsigned)(value % 1000));
	else
		printf(" %" PRIu64 "\n", value);
}

static void
print_stats(const struct records *answer)
{
	for (size_t i = 0; i < answer->count; i++) {
		const struct record *r = &answer->items[i];
		const char *metric = record_get(r, "metric");

		if (*metric == '\0') {
			print_sample(r);
			continue;
		}
		printf("# HELP %s %s\n", metric, record_get(r, "help"));
		printf("# TYPE %s %s\n", metric, record_get(r, "kind"));
	}
}

int
stats_command(const struct ctl *ctl, int argc, char **argv)
{
	struct records answer = {0};
	const char *words[] = {ctl->command};
	int status;

	(void)argv;
	if (argc != 0)
		return ctl_usage(ctl, "no arguments are expected");
	status = client_ask(ctl, words, 1, &answer, NULL);
	if (status == CTL_OK) {
		/* Only root may read the table. */
		if (geteuid() == 0)
			keys_table_stats(&answer);
		if (ctl->json)
			records_json(&answer, false, stdout);
		else
			print_stats(&answer);
	}
	records_free(&answer);
	return status;
}
