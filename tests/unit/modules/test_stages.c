/*
 * Each function of the host in each function of a hostile module, and what
 * a failed attempt leaves: nothing.
 */
#include "daemon/monitor/auth.h"
#include "lib/audit.h"
#include "lib/err.h"
#include "tests/unit/modules/fake.h"
#include "tests/unit/modules/suites.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct fake f;

static const char *const base =
    "module_directory = \"%s\";\n"
    "deadlines = { failure_delay = 1; };\n"
    "records = { btmp = false; };\n"
    "modules = ( %s { name = \"hostile\"; file = \"module_hostile\";"
    " options = { %s }; } );\n"
    "rules = ( { name = \"all\"; match = { user = \"daemon\"; };"
    " pty = true; methods = [ %s ]; } );\n";

static void
start_beside(const char *other, const char *options, const char *methods)
{
	char text[4096];

	snprintf(
	    text, sizeof(text), base, fake_modules(), other, options, methods);
	fake_start(&f, text);
}

static void
start(const char *options, const char *methods)
{
	start_beside("", options, methods);
}

static void *
seen(const char *name)
{
	void *at = dlsym(f.t.modules[f.t.n_modules - 1].library, name);

	ck_assert_ptr_nonnull(at);
	return at;
}

static const char *const stages[] = {"begin", "authenticate", "account",
    "change_password", "open_session", "close_session", "end"};
#define STAGES 7

/* A letter a stage: y works, n returns SALLYPORT_STATE and does nothing. */
static const struct {
	const char *function, *works, *method;
} rows[] = {
    {"key", "nynnnnn", "password"},
    {"restrict_to", "nyynnnn", "password"},
    {"user_changed", "nyyyynn", "password"},
    {"environment", "nyyyynn", "password"},
    {"exhausted", "nyyynnn", "password"},
    {"fail_delay", "nyyynnn", "password"},
    {"ask", "nyyynnn", "keyboard-interactive"},
    {"show", "nyyyynn", "password"},
    {"ask_change", "nnnynnn", "password"},
    {"demand", "nyynnnn", "password"},
    {"tell_user", "nnyyynn", "password"},
    {"add_group", "nnnnynn", "password"},
    {"packet_send", "nyynnnn", "packets@hostile"},
    {"packet_receive", "nyynnnn", "packets@hostile"},
    {"ask_helper", "nyyyyyn", "password"},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void
log_in(size_t row, bool change)
{
	if (strcmp(rows[row].method, "packets@hostile") == 0 && !change) {
		fake_reply(&f, SENDS_PACKET, "x", NULL, NULL);
		fake_other(&f, "daemon", "packets@hostile", "");
	} else if (strcmp(rows[row].method, "keyboard-interactive") == 0) {
		fake_reply(&f, ANSWERS, "x", NULL, NULL);
		fake_kbdint(&f, "daemon");
	} else {
		fake_reply(&f, CHANGES, "old", "new", NULL);
		fake_password(&f, "daemon", "x");
	}
}

/* A helper of the hostile module, in a child that answers each request. */
static struct {
	struct sallyport_module module;
	pid_t pid;
} helped;

static int
no_helper(struct sallyport_helper *helper)
{
	(void)helper;
	return 0;
}

static void __attribute__((noreturn)) answer_all(int fd)
{
	struct wall door;
	struct wall_message m;

	wall_init(&door, fd, PATH_MONITORS_DOOR, PATH_MONITORS_DOOR);
	while (wall_receive(&door, &m) == 0) {
		struct wall asker;
		struct wall_message request;

		wall_init(
		    &asker, m.fds[0], PATH_HELPER_MONITOR, PATH_MONITOR_HELPER);
		m.fds[0] = -1;
		if (wall_receive(&asker, &request) == 0 &&
		    request.type == MSG_helper_request) {
			(void)WALL_SEND(&asker, helper_answer,
			    .data = request.helper_request.data);
			wall_done(&asker, &request);
		}
		wall_free(&asker);
		wall_done(&door, &m);
	}
	_exit(0);
}

static void
start_helper(void)
{
	struct hosted *h = &f.t.modules[f.t.n_modules - 1];
	int door[2];

	helped.module = *h->module;
	helped.module.helper = no_helper;
	h->module = &helped.module;
	ck_assert_int_eq(wall_pair(door), 0);
	helped.pid = fork();
	if (helped.pid == 0) {
		close(door[1]);
		answer_all(door[0]);
	}
	close(door[0]);
	h->door = door[1];
	/* No process that the module has left. */
	f.m.auth->left[f.m.auth->left_count++] = helped.pid;
}

static bool
had_effect(size_t row, int result, const bool *exhausted)
{
	if (strcmp(rows[row].function, "exhausted") == 0)
		return *exhausted;
	if (strcmp(rows[row].function, "fail_delay") == 0)
		return f.m.auth != NULL && f.m.auth->attempt.delay != 0;
	return result == SALLYPORT_OK;
}

START_TEST(each_function_works_in_its_stages_alone)
{
	size_t row = (size_t)_i / STAGES, stage = (size_t)_i % STAGES;
	bool change = stage == 3, works = rows[row].works[stage] == 'y';
	bool exhausted, binds;
	const char *text;
	int *result, *calls;
	char options[256];

	snprintf(options, sizeof(options),
	    "call = \"%s\"; at = \"%s\"; expired = %s;", rows[row].function,
	    stages[stage], change ? "true" : "false");
	start(options,
	    "\"password\", \"keyboard-interactive\", \"packets@hostile\"");
	result = seen("hostile_result");
	calls = seen("hostile_calls");
	if (strcmp(rows[row].function, "ask_helper") == 0)
		start_helper();
	log_in(row, change);
	/* A module that is refused a restriction gets nobody in. */
	binds = strcmp(rows[row].function, "restrict_to") == 0 ||
	    strcmp(rows[row].function, "demand") == 0;
	ck_assert_int_eq(f.logged_in, works || stage > 3 || !binds);
	if (f.logged_in) {
		f.m.state = STATE_OPEN;
		ck_assert_int_eq(auth_open_session(&f.m, NULL, &text),
		    binds && stage == 4 ? E_DENIED : 0);
	}
	exhausted = f.m.auth->joined[0].exhausted;
	if (strcmp(rows[row].function, "restrict_to") == 0 && works)
		ck_assert(!f.m.decision->grants.pty);
	if (stage < 5) {
		ck_assert_int_eq(*calls, 1);
		ck_assert_int_eq(had_effect(row, *result, &exhausted), works);
	}
	auth_close(&f.m);
	if (f.logged_in || stage == 6)
		ck_assert_int_ge(*calls, 1);
	if (!works && strcmp(rows[row].function, "exhausted") != 0 &&
	    strcmp(rows[row].function, "fail_delay") != 0)
		ck_assert(
		    *result == SALLYPORT_STATE || *result == SALLYPORT_GONE);
	fake_end(&f);
}
END_TEST

/* In authenticate() and in account(): one more, then in. */
static const char *const demanding[] = {"authenticate", "account"};

START_TEST(a_step_that_is_demanded_comes_before_success)
{
	const struct sent *s;
	char options[160];

	snprintf(options, sizeof(options),
	    "call = \"demand\"; at = \"%s\"; "
	    "text = \"keyboard-interactive:test\";",
	    demanding[_i]);
	start_beside("{ name = \"test\"; file = \"module_test\"; },", options,
	    "\"password:hostile\"");
	s = fake_password(&f, "daemon", "x");
	ck_assert(!f.logged_in);
	ck_assert_int_eq(s->type, MSG_auth_verdict);
	ck_assert_uint_eq(s->result, AUTH_PARTIAL);
	ck_assert_str_eq(s->text, "keyboard-interactive");
	/* Accounts are asked when all has been proven. */
	ck_assert_uint_eq(f.calls[CALL_MODULE_ACCOUNT], _i == 0 ? 0 : 2);
	/* The first step again is not it. */
	fake_password(&f, "daemon", "x");
	ck_assert(!f.logged_in);
	fake_reply(&f, ANSWERS, NULL, NULL, NULL);
	fake_reply(&f, ANSWERS, "rex", "bone", NULL);
	fake_kbdint(&f, "daemon");
	ck_assert(f.logged_in);
	fake_end(&f);
}
END_TEST

/* It denies, or the demand cannot be met: nobody gets in. */
static const struct {
	const char *text, *password;
} unmet[] = {{"keyboard-interactive:nobody", "x"}, {"password,password", "x"},
    {"password", "deny"}, {"frobnicate", "x"}};

START_TEST(a_demand_that_cannot_be_met_denies)
{
	char options[160];

	snprintf(options, sizeof(options),
	    "call = \"demand\"; at = \"authenticate\"; text = \"%s\";",
	    unmet[_i].text);
	start(options, "\"password\"");
	fake_password(&f, "daemon", unmet[_i].password);
	ck_assert(!f.logged_in);
	ck_assert_uint_eq(f.m.auth->demand_count, 0);
	fake_end(&f);
}
END_TEST

START_TEST(the_user_is_told_why_the_account_is_refused)
{
	start("call = \"tell_user\"; at = \"account\"; text = \"refuse\";",
	    "\"password\"");
	fake_password(&f, "daemon", "x");
	ck_assert(!f.logged_in);
	ck_assert(f.disconnected);
	ck_assert_ptr_eq(
	    strstr(f.disconnect_text, "Call the desk?[1m"), f.disconnect_text);
	fake_end(&f);
}
END_TEST

START_TEST(the_user_is_told_why_the_session_is_refused)
{
	const char *text;

	start("call = \"tell_user\"; at = \"open_session\"; "
	      "text = \"refuse\";",
	    "\"password\"");
	fake_password(&f, "daemon", "x");
	f.m.state = STATE_OPEN;
	ck_assert_int_eq(auth_open_session(&f.m, NULL, &text), E_DENIED);
	ck_assert_str_eq(text, "Call the desk?[1m");
	fake_end(&f);
}
END_TEST

static const struct {
	const char *group;
	int result;
} groups[] = {{"bin", SALLYPORT_OK}, {"root", SALLYPORT_REFUSED},
    {"no such group", SALLYPORT_NOT_FOUND}};

START_TEST(a_group_is_added_for_the_session_but_not_root_s)
{
	char options[128];
	const char *text;
	gid_t list[64];
	bool has = false;
	int n;

	snprintf(options, sizeof(options),
	    "call = \"add_group\"; at = \"open_session\"; text = \"%s\";",
	    groups[_i].group);
	start(options, "\"password\"");
	fake_password(&f, "daemon", "x");
	f.m.state = STATE_OPEN;
	ck_assert_int_eq(auth_open_session(&f.m, NULL, &text), 0);
	ck_assert_int_eq(*(int *)seen("hostile_result"), groups[_i].result);
	n = getgroups(64, list);
	for (int i = 0; i < n; i++)
		has = has || list[i] == 2 || list[i] == 0;
	ck_assert_int_eq(has, groups[_i].result == SALLYPORT_OK);
	fake_end(&f);
}
END_TEST

static const char *const later[] = {
    "authenticate", "account", "open_session", "close_session"};

/* From the first success on, in every later function. */
START_TEST(what_was_proven_is_told_to_those_that_are_asked_later)
{
	char options[128];
	const char *text;
	int *result;

	snprintf(options, sizeof(options), "call = \"steps\"; at = \"%s\";",
	    later[_i]);
	start_beside("{ name = \"first\"; file = \"module_test\"; },", options,
	    "\"password:first,password:hostile\"");
	result = seen("hostile_result");
	fake_password(&f, "daemon", "allow");
	fake_password(&f, "daemon", "x");
	ck_assert(f.logged_in);
	f.m.state = STATE_OPEN;
	ck_assert_int_eq(auth_open_session(&f.m, NULL, &text), 0);
	ck_assert_uint_eq(f.m.auth->step_count, 2);
	auth_close(&f.m);
	ck_assert_str_eq(seen("hostile_text"),
	    _i == 0 ? "hostile password:first/=" :
		      "hostile password:first/= password:hostile/=");
	ck_assert_int_eq(*result, SALLYPORT_OK);
	fake_end(&f);
}
END_TEST

START_TEST(the_clock_goes_on_while_the_client_is_asked)
{
	start("call = \"time\"; at = \"authenticate\";",
	    "\"keyboard-interactive\"");
	fake_reply(&f, ANSWERS_LATE, "x", NULL, NULL);
	fake_kbdint(&f, "daemon");
	ck_assert_int_ge(*(int *)seen("hostile_result"), 1);
	fake_end(&f);
}
END_TEST

static const char *const answers[] = {"allow", "ignore", "refuse"};

/* Whatever open_session() said, and once. */
START_TEST(a_session_that_was_asked_for_is_closed)
{
	const char *text;
	char options[128];
	int *calls;

	snprintf(options, sizeof(options),
	    "call = \"nothing\"; at = \"close_session\"; text = \"%s\";",
	    answers[_i]);
	start(options, "\"password\"");
	calls = seen("hostile_calls");
	fake_password(&f, "daemon", "x");
	ck_assert(f.logged_in);
	f.m.state = STATE_OPEN;
	ck_assert_int_eq(
	    auth_open_session(&f.m, NULL, &text), _i == 2 ? E_DENIED : 0);
	auth_close(&f.m);
	ck_assert_int_eq(*calls, 1);
	fake_end(&f);
}
END_TEST

START_TEST(a_session_that_nobody_asked_for_is_not)
{
	int *calls;

	start("call = \"nothing\"; at = \"close_session\";", "\"password\"");
	calls = seen("hostile_calls");
	fake_password(&f, "daemon", "x");
	ck_assert(f.logged_in);
	auth_close(&f.m);
	ck_assert_int_eq(*calls, 0);
	fake_end(&f);
}
END_TEST

START_TEST(a_forced_command_of_an_account_binds)
{
	start("call = \"command\"; at = \"account\"; text = \"/bin/only\";",
	    "\"password\"");
	fake_password(&f, "daemon", "x");
	ck_assert(f.logged_in);
	ck_assert_str_eq(f.m.decision->grants.command, "/bin/only");
	fake_end(&f);
}
END_TEST

static const char *const failing[] = {"deny", "ignore"};

START_TEST(what_a_failed_attempt_set_goes_with_it)
{
	start("call = \"environment\"; at = \"authenticate\";", "\"password\"");
	fake_password(&f, "daemon", failing[_i]);
	ck_assert_int_eq(*(int *)seen("hostile_result"), SALLYPORT_OK);
	fake_password(&f, "daemon", "quiet");
	ck_assert(f.logged_in);
	ck_assert_ptr_null(auth_environment(&f.m)[0]);
	fake_end(&f);
}
END_TEST

static const char *const claims[] = {"key", "command", "environment"};

/* Both are asked in one attempt; the first has no opinion. */
START_TEST(what_a_module_without_opinion_said_is_not_the_next_ones)
{
	char options[128];

	snprintf(options, sizeof(options),
	    "call = \"%s\"; at = \"authenticate\"; text = \"A=x\";",
	    claims[_i]);
	start_beside("{ name = \"first\"; file = \"module_hostile\"; },"
		     "{ name = \"test\"; file = \"module_test\"; },",
	    options, "\"password\"");
	fake_password(&f, "daemon", "allow");
	ck_assert(f.logged_in);
	ck_assert_int_eq(*(int *)seen("hostile_calls"), 1);
	ck_assert(!f.m.auth->last_key.key_facts.told);
	ck_assert_ptr_null(f.m.decision->grants.command);
	ck_assert_ptr_null(auth_environment(&f.m)[0]);
	fake_end(&f);
}
END_TEST

static const struct {
	const char *setting;
	bool taken;
} variables[] = {
    {"ROLE=admin", true},
    {"PATH=/opt/bin:/bin", true},
    {"SSH_AUTH_SOCK=/run/agent", true},
    {"KRB5CCNAME=FILE:/tmp/x", true},
    {"LD_PRELOAD=/tmp/x.so", false},
    {"BASH_ENV=/tmp/x", false},
    {"ENV=/tmp/x", false},
    {"HOME=/tmp", false},
    {"USER=root", false},
    {"LOGNAME=root", false},
    {"SHELL=/bin/x", false},
    {"SSH_ORIGINAL_COMMAND=x", false},
    {"GCONV_PATH=/tmp", false},
    {"NO NAME=x", false},
    {"1X=x", false},
    {"=x", false},
    {"nothing", false},
};

START_TEST(variables_that_steer_programs_are_not_a_modules)
{
	char options[256];
	int *result;

	snprintf(options, sizeof(options),
	    "call = \"environment\"; at = \"%s\"; text = \"%s\";",
	    _i % 2 == 0 ? "authenticate" : "open_session",
	    variables[_i / 2].setting);
	start(options, "\"password\"");
	result = seen("hostile_result");
	fake_password(&f, "daemon", "x");
	ck_assert(f.logged_in);
	f.m.state = STATE_OPEN;
	ck_assert_int_eq(
	    auth_open_session(&f.m, NULL, &(const char *){NULL}), 0);
	if (variables[_i / 2].taken) {
		ck_assert_int_eq(*result, SALLYPORT_OK);
		ck_assert_str_eq(
		    auth_environment(&f.m)[0], variables[_i / 2].setting);
	} else {
		ck_assert_int_ne(*result, SALLYPORT_OK);
		ck_assert_ptr_null(auth_environment(&f.m)[0]);
	}
	fake_end(&f);
}
END_TEST

static const char *const illegal[] = {
    "alice 9.9.9.9 0\nauth bob", "-rf", "../x", "a:b"};

START_TEST(an_illegal_name_never_reaches_a_module)
{
	start("", "\"password\"");
	fake_password(&f, illegal[_i], "x");
	ck_assert(!f.logged_in);
	ck_assert_str_eq(seen("hostile_user"), "illegal-name");
	fake_end(&f);
}
END_TEST

/* The second module proves; the first says that its password is old. */
START_TEST(a_password_is_not_changed_without_its_modules_proof)
{
	start_beside("{ name = \"test\"; file = \"module_test\";"
		     " options = { account = \"expired\"; }; },",
	    "", "\"password:hostile\"");
	fake_reply(&f, CHANGES, "old", "new", NULL);
	fake_password(&f, "daemon", "x");
	ck_assert(!f.logged_in);
	ck_assert_uint_eq(fake_count(&f, MSG_auth_change), 0);
	ck_assert_uint_eq(fake_audit(AUDIT_password_changed), 0);
	ck_assert_uint_eq(fake_audit(AUDIT_authz_deny), 1);
	ck_assert(f.disconnected);
	fake_end(&f);
}
END_TEST

START_TEST(a_login_is_by_its_proof_not_by_the_new_password)
{
	start("expired = true;", "\"packets@hostile\"");
	fake_other(&f, "daemon", "packets@hostile", "");
	ck_assert_uint_eq(fake_audit(AUDIT_password_change_required), 1);
	ck_assert(!f.logged_in);
	fake_password(&f, "daemon", "new");
	ck_assert(f.logged_in);
	ck_assert_uint_eq(fake_audit(AUDIT_password_changed), 1);
	ck_assert_str_eq(fake_audit_method(), "packets@hostile");
	ck_assert_str_eq(auth_exposed(&f.m), "packets@hostile\n");
	fake_end(&f);
}
END_TEST

Suite *
suite_stages(void)
{
	Suite *s = suite_create("stages");
	TCase *t;

	if (geteuid() != 0)
		return s;
	t = tcase_create("stages");
	tcase_set_timeout(t, 20);
	tcase_add_loop_test(
	    t, each_function_works_in_its_stages_alone, 0, (int)ROWS * STAGES);
	tcase_add_loop_test(t, a_session_that_was_asked_for_is_closed, 0, 3);
	tcase_add_test(t, a_session_that_nobody_asked_for_is_not);
	tcase_add_loop_test(
	    t, what_was_proven_is_told_to_those_that_are_asked_later, 0, 4);
	tcase_add_loop_test(
	    t, a_step_that_is_demanded_comes_before_success, 0, 2);
	tcase_add_loop_test(t, a_demand_that_cannot_be_met_denies, 0, 4);
	tcase_add_test(t, the_user_is_told_why_the_account_is_refused);
	tcase_add_test(t, the_user_is_told_why_the_session_is_refused);
	tcase_add_loop_test(
	    t, a_group_is_added_for_the_session_but_not_root_s, 0, 3);
	tcase_add_test(t, the_clock_goes_on_while_the_client_is_asked);
	tcase_add_test(t, a_forced_command_of_an_account_binds);
	tcase_add_loop_test(t, what_a_failed_attempt_set_goes_with_it, 0, 2);
	tcase_add_loop_test(
	    t, what_a_module_without_opinion_said_is_not_the_next_ones, 0, 3);
	tcase_add_loop_test(t, variables_that_steer_programs_are_not_a_modules,
	    0, 2 * (int)(sizeof(variables) / sizeof(variables[0])));
	tcase_add_loop_test(t, an_illegal_name_never_reaches_a_module, 0,
	    (int)(sizeof(illegal) / sizeof(illegal[0])));
	tcase_add_test(t, a_password_is_not_changed_without_its_modules_proof);
	tcase_add_test(t, a_login_is_by_its_proof_not_by_the_new_password);
	suite_add_tcase(s, t);
	return s;
}
