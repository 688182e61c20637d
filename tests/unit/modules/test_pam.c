/*
 * pam.so: its conversation by itself, and the whole of it on real stacks of
 * pam_debug, which returns in each phase what a test wants.
 */
#include "tests/unit/modules/fake.h"
#include "tests/unit/modules/suites.h"

#include "lib/err.h"
#include "modules/pam/conversation.c"

#include <sys/stat.h>
#include <unistd.h>

/* ---- the conversation --------------------------------------------------- */

const struct sallyport_host *pam_host;

static struct {
	unsigned asked, shown, changes, fail_at;
	char instruction[256], shown_text[256];
	size_t counts[8];
} client;

static int
client_ask(struct sallyport_login *login, const char *instruction,
    struct sallyport_prompt *prompts, size_t count)
{
	static char answers[8][32];

	(void)login;
	snprintf(client.instruction, sizeof(client.instruction), "%s",
	    instruction == NULL ? "" : instruction);
	client.counts[client.asked++] = count;
	if (client.asked == client.fail_at)
		return SALLYPORT_GONE;
	for (size_t i = 0; i < count; i++) {
		snprintf(answers[i], sizeof(answers[i]), "a%zu", i);
		prompts[i].answer = answers[i];
	}
	return SALLYPORT_OK;
}

static int
client_show(struct sallyport_login *login, const char *text)
{
	(void)login;
	client.shown++;
	snprintf(client.shown_text, sizeof(client.shown_text), "%s", text);
	return SALLYPORT_OK;
}

static const uint8_t *
client_bytes(
    struct sallyport_login *login, enum sallyport_bytes which, size_t *len)
{
	(void)login;
	ck_assert_int_eq(which, SALLYPORT_PASSWORD);
	*len = 6;
	return (const uint8_t *)"secret";
}

static int
client_change(struct sallyport_login *login, const char *prompt,
    const char **old, const char **fresh)
{
	(void)login;
	snprintf(client.shown_text, sizeof(client.shown_text), "%s", prompt);
	client.changes++;
	*old = "old";
	*fresh = client.changes == 1 ? "weak" : "strong";
	return SALLYPORT_OK;
}

static void client_log(struct sallyport_login *login, enum sallyport_log l,
    const char *format, ...) SALLYPORT_FORMAT(3, 4);
static void
client_log(struct sallyport_login *login, enum sallyport_log l,
    const char *format, ...)
{
	(void)login;
	(void)l;
	(void)format;
}

static const struct sallyport_host client_host = {.ask = client_ask,
    .show = client_show,
    .bytes = client_bytes,
    .ask_change = client_change,
    .log = client_log};

/* "i:text h:prompt v:prompt e:error": a call's messages. */
static int
converse(
    struct pam_connection *c, const char *script, char *answers, size_t size)
{
	static struct pam_state state;
	struct pam_message messages[8];
	const struct pam_message *pointers[8];
	struct pam_response *responses = NULL;
	struct pam_one one = {.connection = c};
	char text[512], *save;
	int count = 0, err;

	pam_host = &client_host;
	if (c->state == NULL)
		c->state = &state;
	snprintf(text, sizeof(text), "%s", script);
	for (char *m = strtok_r(text, ";", &save); m != NULL;
	     m = strtok_r(NULL, ";", &save), count++) {
		messages[count].msg = &m[2];
		messages[count].msg_style = m[0] == 'i' ? PAM_TEXT_INFO :
		    m[0] == 'e'				? PAM_ERROR_MSG :
		    m[0] == 'h'				? PAM_PROMPT_ECHO_OFF :
		    m[0] == 'v'				? PAM_PROMPT_ECHO_ON :
							  99;
		pointers[count] = &messages[count];
	}
	err = pam_converse(count, pointers, &responses, &one);
	answers[0] = '\0';
	ck_assert((err == PAM_SUCCESS) == (responses != NULL));
	for (int i = 0; responses != NULL && i < count; i++) {
		ck_assert_int_eq(responses[i].resp_retcode, 0);
		snprintf(&answers[strlen(answers)], size - strlen(answers),
		    "%s;", responses[i].resp == NULL ? "" : responses[i].resp);
		free(responses[i].resp);
	}
	free(responses);
	return err;
}

static const struct {
	enum pam_mode mode;
	bool all;
	const char *script;
	int err;
	const char *answers;
	unsigned asked, shown;
	size_t first_count;
} rows[] = {
    {MODE_ASK, false, "h:Password: ", 0, "a0;", 1, 0, 1},
    /* prompts in a row are one question, in order */
    {MODE_ASK, false, "h:a;v:b;h:c", 0, "a0;a1;a2;", 1, 0, 3},
    /* a text alone is shown at once */
    {MODE_ASK, false, "i:Look", 0, ";", 1, 0, 0},
    {MODE_ASK, false, "i:Touch;h:PIN", 0, ";a0;", 1, 0, 1},
    {MODE_ASK, false, "h:a;i:then;h:b", 0, "a0;;a0;", 2, 0, 1},
    {MODE_ASK, false, "h:a;e:wrong", 0, "a0;;", 2, 0, 1},
    {MODE_ASK, false, "x:binary", PAM_CONV_ERR, "", 0, 0, 0},
    {MODE_ASK, false, "h:a;x:binary", PAM_CONV_ERR, "", 1, 0, 1},
    {MODE_PASSWORD, false, "h:Password: ", 0, "secret;", 0, 0, 0},
    {MODE_PASSWORD, false, "h:Password: ;h:Again: ", PAM_CONV_ERR, "", 0, 0, 0},
    {MODE_PASSWORD, true, "h:Password: ;h:Again: ", 0, "secret;secret;", 0, 0,
	0},
    {MODE_PASSWORD, false, "v:Who: ", PAM_CONV_ERR, "", 0, 0, 0},
    {MODE_PASSWORD, true, "v:Who: ", PAM_CONV_ERR, "", 0, 0, 0},
    {MODE_PASSWORD, false, "i:hello;h:P", 0, ";secret;", 0, 1, 0},
    {MODE_SHOW, false, "i:hello;e:error", 0, ";;", 0, 2, 0},
    {MODE_SHOW, false, "h:question", PAM_CONV_ERR, "", 0, 0, 0},
    {MODE_SILENT, false, "i:hello", 0, ";", 0, 0, 0},
    {MODE_SILENT, false, "h:question", PAM_CONV_ERR, "", 0, 0, 0},
};

START_TEST(each_mode_answers_what_it_may)
{
	const struct pam_state state = {.all_prompts = rows[_i].all};
	struct pam_connection c = {.state = &state};
	char answers[512];

	memset(&client, 0, sizeof(client));
	pam_converse_begin(&c, rows[_i].mode);
	ck_assert_int_eq(
	    converse(&c, rows[_i].script, answers, sizeof(answers)),
	    rows[_i].err);
	ck_assert_str_eq(answers, rows[_i].answers);
	ck_assert_uint_eq(client.asked, rows[_i].asked);
	ck_assert_uint_eq(client.shown, rows[_i].shown);
	ck_assert_uint_eq(client.counts[0], rows[_i].first_count);
	pam_converse_end(&c);
}
END_TEST

START_TEST(the_password_is_given_once_in_a_phase)
{
	struct pam_connection c = {0};
	char answers[64];

	memset(&client, 0, sizeof(client));
	pam_converse_begin(&c, MODE_PASSWORD);
	ck_assert_int_eq(converse(&c, "h:Password: ", answers, 64), 0);
	ck_assert_int_eq(
	    converse(&c, "h:Password: ", answers, 64), PAM_CONV_ERR);
	pam_converse_begin(&c, MODE_PASSWORD);
	ck_assert_int_eq(converse(&c, "h:Password: ", answers, 64), 0);
	pam_converse_end(&c);
}
END_TEST

START_TEST(a_client_that_leaves_unwinds_the_stack)
{
	struct pam_connection c = {0};
	char answers[64];

	memset(&client, 0, sizeof(client));
	client.fail_at = 2;
	pam_converse_begin(&c, MODE_ASK);
	ck_assert_int_eq(
	    converse(&c, "h:a;i:then;h:b", answers, 64), PAM_CONV_ERR);
	pam_converse_end(&c);
}
END_TEST

START_TEST(a_refused_new_password_is_asked_for_again)
{
	struct pam_connection c = {0};
	char answers[64];

	memset(&client, 0, sizeof(client));
	pam_converse_begin(&c, MODE_CHANGE);
	ck_assert_int_eq(converse(&c, "h:Current password: ", answers, 64), 0);
	ck_assert_str_eq(answers, "old;");
	ck_assert_int_eq(converse(&c, "h:New password: ", answers, 64), 0);
	ck_assert_int_eq(
	    converse(&c, "h:Retype new password: ", answers, 64), 0);
	ck_assert_str_eq(answers, "weak;");
	ck_assert_uint_eq(client.changes, 1);
	ck_assert_int_eq(
	    converse(&c, "e:BAD PASSWORD: too short", answers, 64), 0);
	ck_assert_int_eq(converse(&c, "h:New password: ", answers, 64), 0);
	ck_assert_str_eq(answers, "strong;");
	ck_assert_uint_eq(client.changes, 2);
	ck_assert_str_eq(client.shown_text, "BAD PASSWORD: too short");
	pam_converse_end(&c);
}
END_TEST

START_TEST(absurd_calls_are_refused)
{
	struct pam_connection c = {0};
	struct pam_one one = {.connection = &c};
	struct pam_response *responses = (void *)&c;
	const struct pam_message *none[1] = {NULL};

	ck_assert_int_eq(pam_converse(0, none, &responses, &one), PAM_CONV_ERR);
	ck_assert_ptr_null(responses);
	ck_assert_int_eq(
	    pam_converse(-1, none, &responses, &one), PAM_CONV_ERR);
	ck_assert_int_eq(
	    pam_converse(PAM_MAX_NUM_MSG + 1, none, &responses, &one),
	    PAM_CONV_ERR);
	ck_assert_int_eq(pam_converse(1, none, &responses, &one), PAM_CONV_ERR);
}
END_TEST

/* ---- real stacks -------------------------------------------------------- */

static struct fake f;

static void
write_service(const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/pam.d", fake_modules());
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/pam.d/%s", fake_modules(), name);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

static void
start_pam(const char *options, const char *methods)
{
	char text[4096];

	snprintf(text, sizeof(text),
	    "module_directory = \"%s\";\n"
	    "deadlines = { failure_delay = 1; };\n"
	    "records = { btmp = false; };\n"
	    "modules = ( { name = \"pam\"; options = { service = \"main\";"
	    " directory = \"%s/pam.d\"; %s }; } );\n"
	    "rules = ( { name = \"all\"; match = { user = \"daemon\"; };"
	    " methods = [ %s ]; max_auth_tries = 4; } );\n",
	    fake_modules(), fake_modules(), options, methods);
	fake_start(&f, text);
}

/* The result of each phase, and how the login ends. */
static const struct {
	const char *auth, *account, *credentials, *session;
	bool in, session_open;
	enum audit_event event;
} stacks[] = {
    {"success", "success", "success", "success", true, true, AUDIT_auth_ok},
    {"auth_err", "success", "success", "success", false, false,
	AUDIT_auth_fail},
    {"user_unknown", "success", "success", "success", false, false,
	AUDIT_auth_fail},
    {"maxtries", "success", "success", "success", false, false,
	AUDIT_auth_fail},
    {"authinfo_unavail", "success", "success", "success", false, false,
	AUDIT_auth_unavailable},
    {"system_err", "success", "success", "success", false, false,
	AUDIT_auth_unavailable},
    {"conv_err", "success", "success", "success", false, false,
	AUDIT_auth_fail},
    {"cred_insufficient", "success", "success", "success", false, false,
	AUDIT_auth_fail},
    {"new_authtok_reqd", "success", "success", "success", false, false,
	AUDIT_auth_fail},
    {"ignore", "success", "success", "success", false, false, AUDIT_auth_fail},
    {"success", "acct_expired", "success", "success", false, false,
	AUDIT_authz_deny},
    {"success", "perm_denied", "success", "success", false, false,
	AUDIT_authz_deny},
    {"success", "auth_err", "success", "success", false, false,
	AUDIT_authz_deny},
    {"success", "user_unknown", "success", "success", false, false,
	AUDIT_authz_deny},
    {"success", "ignore", "success", "success", false, false, AUDIT_authz_deny},
    {"success", "success", "cred_err", "success", true, false,
	AUDIT_session_failed},
    {"success", "success", "cred_unavail", "success", true, false,
	AUDIT_session_failed},
    {"success", "success", "success", "session_err", true, false,
	AUDIT_session_failed},
    {"success", "success", "success", "perm_denied", true, false,
	AUDIT_session_failed},
};

START_TEST(every_answer_of_every_phase_has_its_meaning)
{
	char text[1024];
	const char *why;

	snprintf(text, sizeof(text),
	    "auth required pam_debug.so auth=%s cred=%s\n"
	    "account required pam_debug.so acct=%s\n"
	    "session required pam_debug.so open_session=%s\n"
	    "password required pam_debug.so\n",
	    stacks[_i].auth, stacks[_i].credentials, stacks[_i].account,
	    stacks[_i].session);
	write_service("main", text);
	start_pam("", "\"password\"");
	fake_password(&f, "daemon", "x");
	ck_assert(f.logged_in == stacks[_i].in);
	if (stacks[_i].in) {
		f.m.state = STATE_OPEN;
		ck_assert_int_eq(auth_open_session(&f.m, NULL, &why) == 0,
		    stacks[_i].session_open);
	}
	ck_assert_uint_eq(fake_audit(stacks[_i].event), 1);
	fake_end(&f);
	/* One start, one end, of whatever was begun. */
	ck_assert_uint_eq(f.calls[CALL_PAM_START], 1);
	ck_assert_uint_ge(f.calls[CALL_PAM_END], 1);
	ck_assert_uint_eq(
	    f.calls[CALL_PAM_CLOSE_SESSION], stacks[_i].session_open);
}
END_TEST

/* All that pam_debug can say, which is all that libpam has a name for. */
static const char *const words[] = {"open_err", "symbol_err", "service_err",
    "system_err", "buf_err", "perm_denied", "auth_err", "cred_insufficient",
    "authinfo_unavail", "user_unknown", "maxtries", "new_authtok_reqd",
    "acct_expired", "session_err", "cred_unavail", "cred_expired", "cred_err",
    "no_module_data", "conv_err", "authtok_err", "authtok_recover_err",
    "authtok_lock_busy", "authtok_disable_aging", "try_again", "ignore",
    "abort", "authtok_expired", "module_unknown", "bad_item", "conv_again",
    "incomplete"};
#define WORDS  (sizeof(words) / sizeof(words[0]))
#define PHASES 4 /* auth, acct, cred, open_session */

START_TEST(no_error_of_any_phase_grants_anything)
{
	const char *says[PHASES] = {"success", "success", "success", "success"};
	size_t phase = (size_t)_i % PHASES;
	char text[1024];
	const char *why;

	says[phase] = words[(size_t)_i / PHASES];
	snprintf(text, sizeof(text),
	    "auth required pam_debug.so auth=%s cred=%s\n"
	    "account required pam_debug.so acct=%s\n"
	    "session required pam_debug.so open_session=%s\n"
	    "password required pam_deny.so\n",
	    says[0], says[2], says[1], says[3]);
	write_service("main", text);
	start_pam("", "\"password\"");
	fake_password(&f, "daemon", "x");
	ck_assert_msg(f.logged_in == (phase >= 2), "%s", text);
	if (phase >= 2) {
		f.m.state = STATE_OPEN;
		ck_assert_msg(
		    auth_open_session(&f.m, NULL, &why) != 0, "%s", text);
		ck_assert_uint_eq(fake_audit(AUDIT_session_failed), 1);
	}
	fake_end(&f);
	ck_assert_uint_eq(f.calls[CALL_PAM_CLOSE_SESSION], 0);
	ck_assert_uint_ge(f.calls[CALL_PAM_END], 1);
}
END_TEST

START_TEST(maxtries_ends_all_methods_of_pam)
{
	write_service("main",
	    "auth required pam_debug.so auth=maxtries\n"
	    "account required pam_permit.so\n");
	start_pam("", "\"password\", \"keyboard-interactive\"");
	fake_password(&f, "daemon", "x");
	fake_password(&f, "daemon", "x");
	fake_kbdint(&f, "daemon");
	ck_assert_uint_eq(f.calls[CALL_PAM_AUTHENTICATE], 1);
	ck_assert_uint_eq(fake_audit(AUDIT_auth_fail), 3);
	fake_end(&f);
}
END_TEST

START_TEST(steps_with_their_own_service_have_their_own_handle)
{
	write_service("main",
	    "auth required pam_deny.so\n"
	    "account required pam_permit.so\n");
	write_service("second",
	    "auth required pam_permit.so\n"
	    "account required pam_deny.so\n");
	start_pam("services = [ \"second\" ];",
	    "\"password:pam/second,keyboard-interactive:pam/second\"");
	fake_password(&f, "daemon", "x");
	ck_assert(!f.logged_in);
	ck_assert_uint_eq(fake_audit(AUDIT_auth_partial), 1);
	fake_kbdint(&f, "daemon");
	/* Auth by "second", twice; account by "main". */
	ck_assert_msg(f.logged_in, "%s", f.m.auth->attempt.reason);
	ck_assert_uint_eq(f.calls[CALL_PAM_START], 2);
	fake_end(&f);
}
END_TEST

START_TEST(a_service_that_is_not_there_refuses_the_start)
{
	char directory[256], service[] = "nosuch", key[] = "service",
			     where[] = "directory", name[] = "pam";
	struct pair pairs[] = {
	    {key, service, {"t.conf", 5}}, {where, directory, {"t.conf", 6}}};
	struct module_settings s = {.name = name, .options = {pairs, 2}};
	struct problems problems = {0};
	struct hosted h;

	write_service("main", "auth required pam_permit.so\n");
	snprintf(directory, sizeof(directory), "%s/pam.d", fake_modules());
	ck_assert_int_eq(fake_load(&s, NULL, &h, &problems), E_VALUE);
	ck_assert_uint_eq(problems.items[0].line, 5);
	ck_assert_ptr_nonnull(strstr(
	    problems.items[0].text, "there is no PAM service \"nosuch\""));
	problems_free(&problems);
}
END_TEST

/* The rules' services are looked for, too: where they were written. */
START_TEST(a_service_that_only_a_rule_names_must_exist)
{
	char directory[256], value[] = "absent", key[] = "services",
			     where[] = "directory", name[] = "pam";
	char other[] = "service", main_service[] = "main";
	struct pair pairs[] = {{other, main_service, {"t.conf", 5}},
	    {where, directory, {"t.conf", 6}}};
	struct pair named = {key, value, {"rules.conf", 7}};
	const struct pairs services = {&named, 1};
	struct module_settings s = {.name = name, .options = {pairs, 2}};
	struct problems problems = {0};
	struct hosted h;

	write_service("main", "auth required pam_permit.so\n");
	snprintf(directory, sizeof(directory), "%s/pam.d", fake_modules());
	ck_assert_int_eq(fake_load(&s, &services, &h, &problems), E_VALUE);
	ck_assert_str_eq(problems.items[0].file, "rules.conf");
	ck_assert_uint_eq(problems.items[0].line, 7);
	problems_free(&problems);
}
END_TEST

Suite *
suite_pam(void)
{
	Suite *s = suite_create("pam");
	TCase *t = tcase_create("conversation");

	tcase_add_loop_test(t, each_mode_answers_what_it_may, 0,
	    (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(t, the_password_is_given_once_in_a_phase);
	tcase_add_test(t, a_client_that_leaves_unwinds_the_stack);
	tcase_add_test(t, a_refused_new_password_is_asked_for_again);
	tcase_add_test(t, absurd_calls_are_refused);
	suite_add_tcase(s, t);
	if (geteuid() != 0)
		return s;
	t = tcase_create("stacks");
	tcase_set_timeout(t, 20);
	tcase_add_loop_test(
	    t, no_error_of_any_phase_grants_anything, 0, (int)(WORDS * PHASES));
	tcase_add_loop_test(t, every_answer_of_every_phase_has_its_meaning, 0,
	    (int)(sizeof(stacks) / sizeof(stacks[0])));
	tcase_add_test(t, maxtries_ends_all_methods_of_pam);
	tcase_add_test(t, steps_with_their_own_service_have_their_own_handle);
	tcase_add_test(t, a_service_that_is_not_there_refuses_the_start);
	tcase_add_test(t, a_service_that_only_a_rule_names_must_exist);
	suite_add_tcase(s, t);
	return s;
}
