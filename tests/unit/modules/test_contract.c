/*
 * The contract between host and module, by a module that keeps and breaks it,
 * and the course of requests: counting, chains, decoys, accounts, changes.
 */
#include "daemon/monitor/auth.h"
#include "lib/audit.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "tests/unit/modules/fake.h"
#include "tests/unit/modules/suites.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static struct fake f;

/* The user is one that every Debian has, with a shell that exists. */
static const char *const base =
    "module_directory = \"%s\";\n"
    "deadlines = { failure_delay = 1; };\n"
    "records = { btmp = false; };\n"
    "modules = ( { name = \"test\"; file = \"module_test\"; options = { %s };"
    " } );\n"
    "rules = ( { name = \"all\"; match = { user = \"daemon\"; };"
    " methods = [ %s ]; max_auth_tries = 3; } );\n";

static void
start(const char *options, const char *methods)
{
	char text[4096];

	snprintf(text, sizeof(text), base, fake_modules(), options, methods);
	fake_start(&f, text);
}

static bool
failed(const struct sent *s)
{
	return s->type == MSG_auth_verdict && s->result == AUTH_FAILURE;
}

static bool
partial(const struct sent *s)
{
	return s->type == MSG_auth_verdict && s->result == AUTH_PARTIAL;
}

START_TEST(a_right_password_logs_in)
{
	start("account = \"allow\";", "\"password\"");
	ck_assert(failed(fake_none(&f, "daemon")));
	ck_assert_str_eq(f.sent[0].text, "password");
	fake_password(&f, "daemon", "allow");
	ck_assert(f.logged_in);
	ck_assert_uint_eq(fake_audit(AUDIT_auth_ok), 1);
	ck_assert_uint_eq(fake_audit(AUDIT_auth_fail), 0);
	ck_assert_ptr_nonnull(f.m.decision);
	ck_assert_str_eq(f.slot.method, "password");
	fake_end(&f);
}
END_TEST

static const char *const failures[] = {"deny", "ignore", "unavailable",
    "locked", "expired", "nonsense", "ask", "changed user", "exhausted"};

START_TEST(whatever_is_not_a_yes_is_the_same_no)
{
	const struct sent *s;
	bool outage;

	start("account = \"allow\";", "\"password\"");
	s = fake_password(&f, "daemon", failures[_i]);
	ck_assert(failed(s));
	ck_assert_str_eq(s->text, "password");
	ck_assert_uint_eq(f.sent_count, 1);
	ck_assert(!f.logged_in);
	/* An outage is nobody's failure. */
	outage = strcmp(failures[_i], "unavailable") == 0;
	ck_assert_uint_eq(fake_audit(AUDIT_auth_fail), !outage);
	ck_assert_uint_eq(fake_audit(AUDIT_auth_unavailable), outage);
	ck_assert_int_eq(
	    auth_exit_code(&f.m), outage ? EXIT_OUTAGE : EXIT_AUTH_FAILED);
	if (strcmp(failures[_i], "exhausted") == 0)
		ck_assert(failed(fake_password(&f, "daemon", "allow")));
	fake_end(&f);
}
END_TEST

START_TEST(tries_are_counted_and_none_is_not)
{
	start("account = \"allow\";", "\"password\"");
	fake_none(&f, "daemon");
	fake_password(&f, "daemon", "deny");
	fake_password(&f, "daemon", "deny");
	ck_assert(!f.disconnected);
	fake_password(&f, "daemon", "deny");
	ck_assert(f.disconnected);
	ck_assert_ptr_nonnull(strstr(
	    f.disconnect_text, "Too many authentication failures (incident "));
	ck_assert_uint_eq(fake_audit(AUDIT_auth_maxtries), 1);
	ck_assert_int_eq(auth_exit_code(&f.m), EXIT_AUTH_FAILED);
	fake_end(&f);
}
END_TEST

START_TEST(user_and_service_are_frozen)
{
	start("", "\"password\"");
	fake_none(&f, "daemon");
	fake_none(&f, "bin");
	ck_assert(f.disconnected);
	fake_end(&f);
}
END_TEST

/* Users that may not log in: the decoy answers, and a right password is of no
 * use. */
static const char *const strangers[] = {
    "spt_modules_nobody", "bin", "root", "../../etc/passwd", "-rf", "", "a\nb"};

START_TEST(strangers_walk_the_decoy_and_never_get_in)
{
	const struct sent *s;

	start("account = \"allow\";",
	    "\"publickey\", \"password\", \"keyboard-interactive\"");
	s = fake_none(&f, strangers[_i]);
	ck_assert(failed(s));
	ck_assert_ptr_nonnull(strstr(s->text, "password"));
	ck_assert(failed(fake_password(&f, strangers[_i], "allow")));
	fake_reply(&f, ANSWERS, NULL, NULL, NULL);
	fake_reply(&f, ANSWERS, "rex", "bone", NULL);
	ck_assert(failed(fake_kbdint(&f, strangers[_i])));
	ck_assert(!f.logged_in);
	ck_assert_uint_eq(fake_audit(AUDIT_auth_ok), 0);
	ck_assert_uint_eq(fake_audit(AUDIT_auth_fail), 2);
	fake_end(&f);
}
END_TEST

START_TEST(questions_travel_together_and_texts_at_once)
{
	const struct sent *s;

	start("account = \"allow\";", "\"keyboard-interactive\"");
	fake_reply(&f, ANSWERS, NULL, NULL, NULL);
	fake_reply(&f, ANSWERS, "rex", "bone", NULL);
	fake_kbdint(&f, "daemon");
	ck_assert(f.logged_in);
	ck_assert_uint_eq(f.sent_count, 2);
	s = &f.sent[0];
	ck_assert_int_eq(s->type, MSG_auth_ask);
	ck_assert_str_eq(s->text, "Woof.");
	ck_assert_uint_eq(s->count, 0);
	s = &f.sent[1];
	ck_assert_str_eq(s->text, "Two questions");
	ck_assert_uint_eq(s->count, 2);
	/* The escape sequence did not pass. */
	ck_assert_str_eq(s->prompts, "Name of?[31m your dog: \n*Secret: \n");
	fake_end(&f);
}
END_TEST

START_TEST(a_wrong_number_of_answers_is_a_failure)
{
	start("account = \"allow\";", "\"keyboard-interactive\"");
	fake_reply(&f, ANSWERS, NULL, NULL, NULL);
	fake_reply(&f, ANSWERS, "rex", "bone", NULL);
	f.replies[1].count_lie = _i;
	if (_i == 0) {
		fake_kbdint(&f, "daemon");
		ck_assert(f.logged_in);
	} else {
		ck_assert(failed(fake_kbdint(&f, "daemon")));
		ck_assert(!f.logged_in);
	}
	fake_end(&f);
}
END_TEST

START_TEST(an_abandoned_request_gets_no_verdict)
{
	start("account = \"allow\";", "\"keyboard-interactive\"");
	fake_reply(&f, ANSWERS, NULL, NULL, NULL);
	fake_reply(&f, _i == 0 ? ABANDONS : LEAVES, NULL, NULL, NULL);
	fake_kbdint(&f, "daemon");
	ck_assert(!f.logged_in);
	ck_assert_uint_eq(fake_count(&f, MSG_auth_verdict), 0);
	/* The next request starts afresh. */
	fake_reply(&f, ANSWERS, NULL, NULL, NULL);
	fake_reply(&f, ANSWERS, "rex", "bone", NULL);
	fake_kbdint(&f, "daemon");
	ck_assert(f.logged_in);
	fake_end(&f);
}
END_TEST

START_TEST(a_method_of_a_modules_own_has_packets)
{
	start("account = \"allow\";", "\"packets@test\"");
	fake_reply(&f, SENDS_PACKET, "token", NULL, NULL);
	fake_other(&f, "daemon", "packets@test", "hello");
	ck_assert_int_eq(f.sent[0].type, MSG_auth_send);
	ck_assert_uint_eq(f.sent[0].number, 60);
	ck_assert_str_eq(f.sent[0].text, "token?");
	ck_assert(f.logged_in);
	fake_end(&f);
}
END_TEST

START_TEST(a_known_method_does_not_come_as_another)
{
	struct wall_message x = {.type = MSG_auth_other};

	start("", "\"password\"");
	x.auth_other.user = (struct bytes){(const uint8_t *)"daemon", 6};
	x.auth_other.service =
	    (struct bytes){(const uint8_t *)"ssh-connection", 14};
	x.auth_other.method = (struct bytes){(const uint8_t *)"password", 8};
	ck_assert_int_eq(on_auth_other(&f.m, &x), E_VALUE);
	ck_assert_int_eq(on_auth_answers(&f.m, &x), E_STATE);
	fake_end(&f);
}
END_TEST

START_TEST(chains_are_walked_step_by_step)
{
	const struct sent *s;

	start("account = \"allow\";", "\"password,keyboard-interactive\"");
	ck_assert(failed(fake_kbdint(&f, "daemon")));
	s = fake_password(&f, "daemon", "allow");
	ck_assert(partial(s));
	ck_assert_str_eq(s->text, "keyboard-interactive");
	ck_assert_uint_eq(fake_audit(AUDIT_auth_partial), 1);
	ck_assert(failed(fake_password(&f, "daemon", "allow")));
	fake_reply(&f, ANSWERS, NULL, NULL, NULL);
	fake_reply(&f, ANSWERS, "rex", "bone", NULL);
	fake_kbdint(&f, "daemon");
	ck_assert(f.logged_in);
	fake_end(&f);
}
END_TEST

static const char *const refusing[] = {"deny", "locked"};

START_TEST(an_account_that_is_refused_ends_the_connection)
{
	char option[64];

	snprintf(option, sizeof(option), "account = \"%s\";", refusing[_i]);
	start(option, "\"password\"");
	fake_password(&f, "daemon", "allow");
	ck_assert(!f.logged_in);
	ck_assert(f.disconnected);
	ck_assert_uint_eq(fake_audit(AUDIT_authz_deny), _i == 0);
	ck_assert_uint_eq(fake_audit(AUDIT_authz_account), _i == 1);
	ck_assert_uint_eq(fake_audit(AUDIT_auth_ok), 0);
	fake_end(&f);
}
END_TEST

START_TEST(an_expired_password_is_changed_within_the_method)
{
	start("account = \"expired\";", "\"password\"");
	fake_reply(&f, CHANGES, "old", "new", NULL);
	fake_password(&f, "daemon", "allow");
	ck_assert_int_eq(f.sent[0].type, MSG_auth_change);
	ck_assert_str_eq(f.sent[0].text, "Change it");
	ck_assert(f.logged_in);
	ck_assert_uint_eq(fake_audit(AUDIT_password_changed), 1);
	fake_end(&f);
}
END_TEST

START_TEST(a_change_that_fails_stays_due)
{
	const struct sent *s;

	start("account = \"expired\";", "\"password\"");
	fake_reply(&f, CHANGES, "old", "old", NULL);
	s = fake_password(&f, "daemon", "allow");
	ck_assert(failed(s));
	ck_assert_str_eq(s->text, "keyboard-interactive,password");
	ck_assert_uint_eq(fake_audit(AUDIT_password_change_refused), 1);
	fake_reply(&f, ANSWERS, "new", NULL, NULL);
	fake_kbdint(&f, "daemon");
	ck_assert(f.logged_in);
	fake_end(&f);
}
END_TEST

START_TEST(a_crash_or_exit_ends_this_process_alone)
{
	start("account = \"allow\";", "\"password\"");
	fake_password(&f, "daemon", _i == 0 ? "crash" : "exit");
	ck_abort_msg("the module survived");
}
END_TEST

START_TEST(a_call_that_was_begun_and_forgotten_is_ended)
{
	start("account = \"allow\";", "\"password\"");
	fake_password(&f, "daemon", "forgotten call");
	ck_assert(f.logged_in);
	ck_assert_int_eq(f.call, CALL_NONE);
	ck_assert_uint_ge(f.calls[CALL_NSS], 2);
	fake_end(&f);
}
END_TEST

/* As every change of ids does, where fs.suid_dumpable says so. */
START_TEST(a_call_that_made_us_dumpable_is_undone)
{
	start("account = \"allow\";", "\"password\"");
	fake_password(&f, "daemon", "dumpable");
	ck_assert(f.logged_in);
	ck_assert_int_eq(prctl(PR_GET_DUMPABLE), 0);
	fake_end(&f);
}
END_TEST

START_TEST(a_module_can_ask_for_a_slower_failure)
{
	uint64_t began;

	start("account = \"allow\";", "\"password\"");
	began = auth_clock();
	fake_password(&f, "daemon", "slow");
	ck_assert_uint_ge(auth_clock() - began, 100000);
	fake_end(&f);
}
END_TEST

START_TEST(sessions_open_once_and_their_texts_are_kept)
{
	const char *text;

	start("account = \"allow\";", "\"password\"");
	fake_password(&f, "daemon", "allow");
	f.m.state = STATE_OPEN;
	ck_assert_int_eq(auth_open_session(&f.m, "/dev/pts/7", &text), 0);
	ck_assert_int_eq(auth_open_session(&f.m, NULL, &text), 0);
	ck_assert_str_eq(auth_session_text(&f.m), "Welcome to the test.\n");
	ck_assert_str_eq(auth_environment(&f.m)[0], "TEST_TTY=some");
	ck_assert_ptr_null(auth_environment(&f.m)[1]);
	fake_end(&f);
}
END_TEST

START_TEST(a_session_that_is_refused_says_why)
{
	const char *text;

	start("account = \"allow\"; session = \"deny\";", "\"password\"");
	fake_password(&f, "daemon", "allow");
	f.m.state = STATE_OPEN;
	ck_assert_int_eq(auth_open_session(&f.m, NULL, &text), E_DENIED);
	ck_assert_str_eq(text, "session deny");
	ck_assert_int_eq(auth_open_session(&f.m, NULL, &text), E_DENIED);
	ck_assert_uint_eq(fake_audit(AUDIT_session_failed), 1);
	fake_end(&f);
}
END_TEST

START_TEST(without_an_account_module_a_bad_shell_is_found)
{
	/* "sync" has /bin/sync; a user without a usable shell is made up. */
	start("", "\"password\"");
	fake_none(&f, "daemon");
	strcpy(f.m.passwd.pw_shell, "/bin/x");
	ck_assert(failed(fake_password(&f, "daemon", "allow")));
	ck_assert_uint_eq(fake_audit(AUDIT_authz_account), 1);
	fake_end(&f);
}
END_TEST

Suite *
suite_contract(void)
{
	Suite *s = suite_create("contract");
	TCase *t;

	if (geteuid() != 0)
		return s;
	t = tcase_create("contract");
	tcase_set_timeout(t, 20);
	tcase_add_test(t, a_right_password_logs_in);
	tcase_add_loop_test(t, whatever_is_not_a_yes_is_the_same_no, 0,
	    (int)(sizeof(failures) / sizeof(failures[0])));
	tcase_add_test(t, tries_are_counted_and_none_is_not);
	tcase_add_test(t, user_and_service_are_frozen);
	tcase_add_loop_test(t, strangers_walk_the_decoy_and_never_get_in, 0,
	    (int)(sizeof(strangers) / sizeof(strangers[0])));
	tcase_add_test(t, questions_travel_together_and_texts_at_once);
	tcase_add_loop_test(t, a_wrong_number_of_answers_is_a_failure, -1, 2);
	tcase_add_loop_test(t, an_abandoned_request_gets_no_verdict, 0, 2);
	tcase_add_test(t, a_method_of_a_modules_own_has_packets);
	tcase_add_test(t, a_known_method_does_not_come_as_another);
	tcase_add_test(t, chains_are_walked_step_by_step);
	tcase_add_loop_test(
	    t, an_account_that_is_refused_ends_the_connection, 0, 2);
	tcase_add_test(t, an_expired_password_is_changed_within_the_method);
	tcase_add_test(t, a_change_that_fails_stays_due);
	tcase_add_test(t, a_call_that_was_begun_and_forgotten_is_ended);
	tcase_add_test(t, a_call_that_made_us_dumpable_is_undone);
	tcase_add_loop_test_raise_signal(
	    t, a_crash_or_exit_ends_this_process_alone, SIGABRT, 0, 1);
	tcase_add_loop_exit_test(
	    t, a_crash_or_exit_ends_this_process_alone, 9, 1, 2);
	tcase_add_test(t, a_module_can_ask_for_a_slower_failure);
	tcase_add_test(t, sessions_open_once_and_their_texts_are_kept);
	tcase_add_test(t, a_session_that_is_refused_says_why);
	tcase_add_test(t, without_an_account_module_a_bad_shell_is_found);
	suite_add_tcase(s, t);
	return s;
}
