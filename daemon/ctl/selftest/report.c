/*
 * The report of a self-test, as text and as JSON.
 */
#include "daemon/ctl/selftest/report.h"

#include "privsep/wall.h"

#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const results[SELFTEST_RESULTS] = {
    "whole", "refused", "failed", "untried"};

const struct record *
selftest_step(const struct selftest_report *r, const char *step)
{
	for (size_t i = r->steps.count; i-- > 0;)
		if (strcmp(record_get(&r->steps.items[i], "step"), step) == 0)
			return &r->steps.items[i];
	return NULL;
}

bool
selftest_take_session(struct selftest_report *r, char *text)
{
	char *line = text, *next;
	bool head = false;

	for (; *line != '\0'; line = next) {
		next = &line[strcspn(line, "\n")];
		if (*next == '\0')
			return false;
		*next++ = '\0';
		if (!head && strcmp(line, SELFTEST_HEAD) != 0)
			return false;
		if (head && record_parse(&r->session, line) != 0)
			return false;
		head = true;
	}
	return head;
}

void
selftest_compare(struct selftest_report *r, unsigned long server)
{
	static const char prefix[] = "namespace.";
	char path[128], target[128];

	for (size_t i = 0; i < r->session.count; i++) {
		struct records one = {&r->session.items[i], 1};
		const char *name = record_get(one.items, "name");
		ssize_t n;

		if (strncmp(name, prefix, sizeof(prefix) - 1) != 0)
			continue;
		snprintf(path, sizeof(path), "/proc/%lu/ns/%s", server,
		    &name[sizeof(prefix) - 1]);
		if ((n = readlink(path, target, sizeof(target) - 1)) < 0)
			continue;
		target[n] = '\0';
		record_text(&one, "note",
		    strcmp(target, record_get(one.items, "value")) == 0 ?
			"the server's" :
			"its own");
	}
}

static bool
is_slow(const struct selftest_report *r, const struct record *step)
{
	uint64_t us = strtoull(record_get(step, "us"), NULL, 10);

	return us != 0 && us >= r->slow_us;
}

static const char *
step_title(const struct record *step)
{
	static const char *const titles[][2] = {{"kex", "key exchange"},
	    {"rule", "rule"}, {"refused", "refused"}, {"failed", "failed"},
	    {"more", "more is asked for"}, {"accepted", "accepted"},
	    {"session", "session opened"}, {"session_failed", "no session"},
	    {"started", "started"}, {"start_refused", "not started"},
	    {"untried", "not tried"}, {"consent", "consent"},
	    {"variable", "set by modules"}};
	const char *kind = record_get(step, "step");

	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		if (strcmp(kind, titles[i][0]) == 0)
			return titles[i][1];
	return record_get(step, "name"); /* of a call */
}

static void
print_step(const struct selftest_report *r, const struct record *step)
{
	bool call = strcmp(record_get(step, "step"), "call") == 0;
	uint64_t us = strtoull(record_get(step, "us"), NULL, 10);
	const char *name = call ? "" : record_get(step, "name");
	const char *detail = record_get(step, "detail");

	if (us != 0)
		printf("  %8.1f ms ", (double)us / 1000);
	else
		printf("  %11s ", "");
	printf("%-4s ", is_slow(r, step) ? "SLOW" : "");
	plain_text(step_title(step), stdout);
	if (name[0] != '\0') {
		fputs(": ", stdout);
		plain_text(name, stdout);
	}
	if (detail[0] != '\0') {
		fputs(call ? " (" : ": ", stdout);
		plain_text(detail, stdout);
		fputs(call ? ")" : "", stdout);
	}
	putchar('\n');
}

/* Numbers of users and groups with what the name service calls them. */
static void
print_ids(const char *name, const char *value)
{
	const char *at = value;
	const struct passwd *pw;
	const struct group *gr;
	char *end;

	for (unsigned long id; *at != '\0'; at = end) {
		id = strtoul(at, &end, 10);
		if (end == at)
			break;
		pw = strcmp(name, "uid") == 0 ? getpwuid((uid_t)id) : NULL;
		gr = strcmp(name, "uid") != 0 ? getgrgid((gid_t)id) : NULL;
		printf("%s%lu", at == value ? "" : " ", id);
		if (pw == NULL && gr == NULL)
			continue;
		putchar('(');
		plain_text(pw != NULL ? pw->pw_name : gr->gr_name, stdout);
		putchar(')');
	}
}

static void
print_session(const struct record *line)
{
	const char *name = record_get(line, "name");
	const char *value = record_get(line, "value");
	const char *note = record_get(line, "note");

	fputs("  ", stdout);
	plain_text(name, stdout);
	printf("%*s ", strlen(name) < 20 ? (int)(20 - strlen(name)) : 0, "");
	if (strcmp(name, "uid") == 0 || strcmp(name, "gid") == 0 ||
	    strcmp(name, "groups") == 0)
		print_ids(name, value);
	else
		plain_text(value, stdout);
	if (note[0] != '\0')
		printf("  (%s)", note);
	putchar('\n');
}

void
selftest_print(const struct selftest_report *r)
{
	fputs("self-test of ", stdout);
	plain_text(r->user, stdout);
	fputs(" from ", stdout);
	plain_text(r->source, stdout);
	printf(": %s", results[r->result]);
	if (r->why[0] != '\0') {
		fputs(": ", stdout);
		plain_text(r->why, stdout);
	}
	printf(" (%" PRIu64 " ms, connection %s)\n", r->ms, r->connection);
	for (size_t i = 0; i < r->steps.count; i++)
		print_step(r, &r->steps.items[i]);
	if (r->session.count > 0)
		puts("what a program of this session finds:");
	for (size_t i = 0; i < r->session.count; i++)
		print_session(&r->session.items[i]);
}

static void
json_member(const char *name, const char *value, const char *before)
{
	fputs(before, stdout);
	json_text(name, stdout);
	fputs(": ", stdout);
	json_text(value, stdout);
}

static void
json_steps(const struct selftest_report *r)
{
	for (size_t i = 0; i < r->steps.count; i++) {
		const struct record *s = &r->steps.items[i];

		fputs(i > 0 ? ", " : "", stdout);
		json_member("step", record_get(s, "step"), "{");
		json_member("name", record_get(s, "name"), ", ");
		json_member("detail", record_get(s, "detail"), ", ");
		printf(", \"microseconds\": %" PRIu64 ", \"slow\": %s}",
		    (uint64_t)strtoull(record_get(s, "us"), NULL, 10),
		    is_slow(r, s) ? "true" : "false");
	}
}

void
selftest_json(const struct selftest_report *r)
{
	json_member("result", results[r->result], "{");
	json_member("why", r->why, ", ");
	json_member("user", r->user, ", ");
	json_member("source", r->source, ", ");
	json_member("connection", r->connection, ", ");
	printf(", \"milliseconds\": %" PRIu64 ", \"steps\": [", r->ms);
	json_steps(r);
	fputs("], \"session\": [", stdout);
	for (size_t i = 0; i < r->session.count; i++) {
		const struct record *s = &r->session.items[i];

		fputs(i > 0 ? ", " : "", stdout);
		json_member("name", record_get(s, "name"), "{");
		json_member("value", record_get(s, "value"), ", ");
		json_member("note", record_get(s, "note"), ", ");
		putchar('}');
	}
	puts("]}");
}
