/*
 * config/policy/timed.c: files of grants for a time; and narrow.c, what a later
 * policy takes away from an open connection.
 */
#include "config/options.h"
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

/* Asked at the login or at a start, and never again.  A row that is added to
 * grants.h must be put here or into narrow.c. */
static const enum grant at_start[] = {GRANT_refuse, GRANT_allow_users,
    GRANT_deny_users, GRANT_allow_groups, GRANT_deny_groups, GRANT_methods,
    GRANT_publickey, GRANT_password, GRANT_keyboard_interactive, GRANT_gssapi,
    GRANT_hostbased, GRANT_pam_service, GRANT_max_auth_tries, GRANT_guesses,
    GRANT_guess_every, GRANT_root_login, GRANT_key_types, GRANT_key_sources,
    GRANT_key_cas, GRANT_key_rsa_bits, GRANT_key_certificate, GRANT_key_touch,
    GRANT_key_verify, GRANT_key_ca_algorithms, GRANT_key_revoked,
    GRANT_principals, GRANT_delegation, GRANT_keep_delegated,
    GRANT_renew_delegated, GRANT_times, GRANT_banner, GRANT_consent_file,
    GRANT_consent_require, GRANT_subsystem_commands, GRANT_command,
    GRANT_command_restricts, GRANT_sftp_start, GRANT_sftp_umask,
    GRANT_sftp_read_only, GRANT_sftp_without_shell, GRANT_chroot, GRANT_set_env,
    GRANT_expose_auth, GRANT_expose_connection, GRANT_reset_input,
    GRANT_record_pty, GRANT_record_exec, GRANT_record_input,
    GRANT_record_required, GRANT_record_notice, GRANT_record_max_size,
    GRANT_record_idle, GRANT_forwarding, GRANT_tcp_forward,
    GRANT_x11_display_offset, GRANT_idle_timeout, GRANT_unused_timeout,
    GRANT_channel_timeouts, GRANT_max_session_time, GRANT_on_change,
    GRANT_until_certificate_ends, GRANT_warn_before, GRANT_keepalive_interval,
    GRANT_keepalive_count, GRANT_rekey_bytes, GRANT_rekey_seconds,
    GRANT_ip_qos_interactive, GRANT_ip_qos_bulk, GRANT_log_level};

static bool
is_at_start(enum grant grant)
{
	for (size_t i = 0; i < sizeof(at_start) / sizeof(at_start[0]); i++)
		if (at_start[i] == grant)
			return true;
	return false;
}

/* Is it of a type that narrow.c reads as what it is? */
static bool
travels(const struct option *option)
{
	switch (option->type) {
	case OPTION_TARGETS:
	case OPTION_STRINGS:
		return option->tighten == TIGHTEN_LAYER;
	case OPTION_BOOL:
	case OPTION_NUMBER:
	case OPTION_TIME:
	case OPTION_CHOICE:
	case OPTION_MODE:
		return option->tighten != TIGHTEN_LAYER;
	default:
		return false;
	}
}

START_TEST(each_grant_is_asked_at_the_start_or_is_live)
{
	const struct option *option;
	enum grant grant;

	for (grant = 0; grant < GRANT_COUNT; grant++) {
		option = option_of_grant(grant);
		ck_assert_msg(narrow_is_live(grant) != is_at_start(grant),
		    "%s: live, or asked at the start?", option->name);
		if (!narrow_is_live(grant))
			continue;
		ck_assert_msg(
		    option->tighten != TIGHTEN_NEVER && travels(option),
		    "%s: a later policy cannot take it away", option->name);
	}
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
	tcase_add_test(c, each_grant_is_asked_at_the_start_or_is_live);
	suite_add_tcase(s, c);
	return s;
}
