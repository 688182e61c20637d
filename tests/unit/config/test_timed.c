/*
 * config/policy/timed.c: files of grants for a time; and narrow.c, what a later
 * policy takes away from an open connection.
 */
#include "config/policy/match.h"
#include "config/policy/narrow.h"
#include "config/policy/timed.h"
#include "lib/err.h"
#include "tests/unit/config/suites.h"
#include "tests/unit/config/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOOD                               \
	"user = ann\nrule = maintenance\n" \
	"begins = 2026-11-30T08:00:00Z\nuntil = 2026-11-30T10:00:00Z\n"

static const struct {
	const char *text, *why; /* NULL: it is good */
} files[] = {
    {GOOD, NULL},
    {"\n# a comment\n" GOOD "ticket = CHG-1 = x\napprover = bob\n", NULL},
    {"", "\"user\" is missing"},
    {"user = ann\nrule = maintenance\n", "\"until\" is missing"},
    {GOOD "user = bob\n", "line 5: user: a second time"},
    {GOOD "users = bob\n", "line 5: there is no key \"users\""},
    {GOOD "ticket=1\n", "line 5: no \"key = value\""},
    {GOOD "ticket = \n", "line 5: a value that is empty"},
    {GOOD "ticket = a\tb\n", "line 5: a value that is empty"},
    {GOOD "ticket = 1", "line 5: the file is cut short"},
    {"rule = a/b\n", "line 1: rule: "},
    {"until = 2026-02-29T00:00:00Z\n", "line 1: until: no time"},
    {"until = 2026-02-28T24:00:00Z\n", "line 1: until: no time"},
    {"until = 2026-02-28 00:00:00Z\n", "line 1: until: no time"},
    {"until = +026-02-28T00:00:00Z\n", "line 1: until: no time"},
    {"user = a\nrule = b\nbegins = 2026-11-30T10:00:00Z\n"
     "until = 2026-11-30T10:00:00Z\n",
	"it ends before it begins"},
};

START_TEST(a_file_is_understood_or_grants_nothing)
{
	static const struct timed_grant none;
	char why[TIMED_WHY_MAX];
	struct timed_grant g;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		int err =
		    timed_parse(files[i].text, strlen(files[i].text), &g, why);

		ck_assert_msg((err == 0) == (files[i].why == NULL), "%s: %s",
		    files[i].text, why);
		if (err == 0)
			continue;
		ck_assert_msg(
		    strncmp(why, files[i].why, strlen(files[i].why)) == 0,
		    "%s: %s", files[i].text, why);
		ck_assert_mem_eq(&g, &none, sizeof(g));
	}
}
END_TEST

START_TEST(a_file_cut_anywhere_grants_nothing_or_less)
{
	char why[TIMED_WHY_MAX];
	struct timed_grant g;

	for (size_t len = 0; len < sizeof(GOOD) - 1; len++)
		ck_assert_int_ne(timed_parse(GOOD, len, &g, why), 0);
}
END_TEST

START_TEST(what_was_written_comes_back)
{
	struct timed_grant g, back;
	char why[TIMED_WHY_MAX], *text = NULL;
	size_t size = 0;
	FILE *out;

	ck_assert_int_eq(
	    timed_parse(files[1].text, strlen(files[1].text), &g, why), 0);
	ck_assert_str_eq(g.ticket, "CHG-1 = x");
	ck_assert_ptr_nonnull(out = open_memstream(&text, &size));
	timed_write(&g, out);
	fclose(out);
	ck_assert_int_eq(timed_parse(text, size, &back, why), 0);
	ck_assert_mem_eq(&g, &back, sizeof(g));
	free(text);
}
END_TEST

START_TEST(a_grant_holds_for_its_user_rule_and_time_alone)
{
	struct policy_facts f = {.user = "ann", .timed_state = FACT_KNOWN};
	struct timed_grant g;
	char why[TIMED_WHY_MAX];

	ck_assert_int_eq(timed_parse(GOOD, strlen(GOOD), &g, why), 0);
	f.timed = &g;
	f.timed_count = 1;
	f.now = (time_t)g.begins;
	ck_assert_ptr_eq(timed_find(&f, "maintenance"), &g);
	ck_assert_ptr_null(timed_find(&f, "other"));
	f.user = "bob";
	ck_assert_ptr_null(timed_find(&f, "maintenance"));
	f.user = "ann";
	f.now = (time_t)g.begins - 1;
	ck_assert_ptr_null(timed_find(&f, "maintenance"));
	f.now = (time_t)g.until - 1;
	ck_assert_ptr_eq(timed_find(&f, "maintenance"), &g);
	f.now = (time_t)g.until;
	ck_assert_ptr_null(timed_find(&f, "maintenance"));
	f.now = (time_t)g.begins;
	f.timed_state = FACT_UNKNOWN;
	ck_assert_ptr_null(timed_find(&f, "maintenance"));
}
END_TEST

START_TEST(a_later_policy_takes_away_and_never_gives)
{
	static const uint8_t entries[] = {0, 0, 0, 4, 'a', ':', '2', '2'};
	struct decision d, copy;

	decision_init(&d);
	narrow_begin(&copy, &d);
	/* of the frozen decision's false no number makes true */
	ck_assert_int_eq(narrow_by_number(&copy, GRANT_agent, 1, "f", 1), 0);
	ck_assert(!copy.grants.agent);
	d.grants.agent = copy.grants.agent = true;
	ck_assert_int_eq(narrow_by_number(&copy, GRANT_agent, 0, "f", 1), 0);
	ck_assert(!copy.grants.agent && d.grants.agent);
	/* what is no live grant, or of the other kind, is not understood */
	ck_assert_int_eq(
	    narrow_by_number(&copy, GRANT_refuse, 1, "f", 1), E_FORMAT);
	ck_assert_int_eq(
	    narrow_by_number(&copy, GRANT_COUNT, 1, "f", 1), E_FORMAT);
	ck_assert_int_eq(
	    narrow_by_number(&copy, GRANT_local_forward, 1, "f", 1), E_FORMAT);
	ck_assert_int_eq(narrow_by_entries(&copy, GRANT_agent, entries,
			     sizeof(entries), "f", 1),
	    E_FORMAT);
	for (size_t len = 1; len < sizeof(entries); len++)
		ck_assert_int_eq(narrow_by_entries(&copy, GRANT_local_forward,
				     entries, len, "f", 1),
		    E_FORMAT);
	ck_assert_uint_eq(copy.layers[GRANT_local_forward].count, 0);
	ck_assert_int_eq(narrow_by_entries(&copy, GRANT_local_forward, entries,
			     sizeof(entries), "f", 1),
	    0);
	ck_assert_uint_eq(copy.layers[GRANT_local_forward].count, 1);
	ck_assert_uint_eq(d.layers[GRANT_local_forward].count, 0);
	decision_free(&copy);
	decision_free(&d);
}
END_TEST

START_TEST(the_same_lists_once_more_are_no_difference)
{
	static const uint8_t ssh[] = {0, 0, 0, 4, 'a', ':', '2', '2'};
	static const uint8_t web[] = {0, 0, 0, 4, 'b', ':', '8', '0'};
	static const uint8_t other[] = {0, 0, 0, 4, 'c', ':', '2', '5'};
	const enum grant grant = GRANT_local_forward;
	struct decision none, frozen, next;
	char names[256];

	decision_init(&none);
	narrow_begin(&frozen, &none);
	(void)narrow_by_entries(&frozen, grant, ssh, sizeof(ssh), "f", 1);
	(void)narrow_by_entries(&frozen, grant, web, sizeof(web), "f", 2);
	narrow_begin(&next, &frozen);
	/* a rule's and a guard's, in any order */
	(void)narrow_by_entries(&next, grant, web, sizeof(web), "f", 2);
	(void)narrow_by_entries(&next, grant, ssh, sizeof(ssh), "f", 1);
	narrow_difference(&frozen, &next, names, sizeof(names));
	ck_assert_str_eq(names, "");
	(void)narrow_by_entries(&next, grant, other, sizeof(other), "f", 3);
	narrow_difference(&frozen, &next, names, sizeof(names));
	ck_assert_str_eq(names, "local_forward");
	decision_free(&next);
	decision_free(&frozen);
	decision_free(&none);
}
END_TEST

Suite *
suite_timed(void)
{
	Suite *s = suite_create("timed");
	TCase *c = tcase_create("timed");

	tcase_add_test(c, a_file_is_understood_or_grants_nothing);
	tcase_add_test(c, a_file_cut_anywhere_grants_nothing_or_less);
	tcase_add_test(c, what_was_written_comes_back);
	tcase_add_test(c, a_grant_holds_for_its_user_rule_and_time_alone);
	tcase_add_test(c, a_later_policy_takes_away_and_never_gives);
	tcase_add_test(c, the_same_lists_once_more_are_no_difference);
	suite_add_tcase(s, c);
	return s;
}
