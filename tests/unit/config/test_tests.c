/*
 * config/tests.c and policy/tests.c: what a policy's tests may say, and what is
 * told of one that fails.
 */
#include "config/policy/tests.h"
#include "config/show.h"
#include "lib/mem.h"
#include "tests/unit/config/suites.h"
#include "tests/unit/config/support.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#define POLICY                                                                \
	"listeners = ( { name = \"main\"; }, { name = \"inner\"; port = "     \
	"2222; } );\n"                                                        \
	"rules = (\n"                                                         \
	"{ name = \"root\"; match = { user = \"root\"; from = "               \
	"\"10.0.0.0/8\"; };"                                                  \
	" methods = [\"publickey\"]; root_login = \"key\"; },\n"              \
	"{ name = \"staff\"; match = { group = \"staff\"; };"                 \
	" methods = [\"publickey\"]; local_forward = [\"db:5432\"]; },\n"     \
	"{ name = \"night\"; match = { user = \"nat\"; time = \"22:00-06:00 " \
	"UTC\"; };"                                                           \
	" methods = [\"password\"]; },\n"                                     \
	"{ name = \"inner\"; match = { listener = \"inner\"; };"              \
	" methods = [\"password\"]; } );\n"                                   \
	"guards = (\n"                                                        \
	"{ name = \"no-agent\"; match = { from = \"192.0.2.0/24\"; };"        \
	" agent = false; },\n"                                                \
	"{ name = \"rsa\"; match = { key_type = \"ssh-rsa\"; };"              \
	" refuse = true; } );\n"
#define TEST(x) POLICY "tests = ( { name = \"t\"; " x " } );\n"
#define KEY	"methods = \"publickey\"; key_type = \"ssh-ed25519\"; "
#define ALICE	"user = \"alice\"; uid = 1000; groups = [\"staff\"]; "
#define HERE                                                                  \
	"from = \"192.0.2.1\"; listener = \"main\"; at = \"2026-11-30 09:00 " \
	"UTC\"; "

/* "staff" has all; others nothing. */
static void
account(struct arena *arena, const char *name, bool groups,
    struct policy_facts *facts)
{
	static const char *const staff[] = {"staff"};

	(void)arena;
	(void)groups;
	facts->user = name;
	facts->user_state = FACT_KNOWN;
	facts->groups_state = FACT_KNOWN;
	facts->uid = 1001;
	if (strcmp(name, "ghost") == 0)
		facts->user_state = facts->groups_state = FACT_ABSENT;
	if (strcmp(name, "sam") == 0) {
		facts->groups = staff;
		facts->group_count = 1;
	}
}

/* The report of running them; the caller frees it. */
static char *
told(const char *text, policy_account_fn *look_up)
{
	struct config *config = config_of(text);
	struct problems problems = {0};
	char *out = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&out, &size);

	policy_tests(config, look_up, &problems);
	problems_print(&problems, f);
	fclose(f);
	problems_free(&problems);
	config_free(config);
	return out;
}

static const struct {
	const char *text;
	const char *says[3]; /* none: it passes */
} rows[] = {
    /* allow and deny, by what */
    {TEST(ALICE HERE KEY "expect = \"allow\"; rule = \"staff\";"), {NULL}},
    {TEST(ALICE HERE KEY "expect = \"deny\";"),
	{"test.conf:10: tests.t: expected deny, came allow",
	    "decided by rule staff (test.conf:4)"}},
    {TEST("user = \"bob\"; uid = 1; groups = []; " HERE "expect = \"allow\";"),
	{"expected allow, came deny (no_rule): no rule matches",
	    "rule staff (test.conf:4): does not match: group: wanted is "
	    "staff"}},
    {TEST("user = \"bob\"; uid = 1; groups = []; " HERE
	  "expect = \"deny\"; reason = \"no_rule\";"),
	{NULL}},
    {TEST("user = \"bob\"; uid = 1; groups = []; " HERE
	  "expect = \"deny\"; reason = \"time\";"),
	{"expected deny because of time, came no_rule"}},
    {TEST(ALICE HERE KEY "expect = \"allow\"; rule = \"inner\";"),
	{"expected \"inner\" to decide, came \"staff\""}},
    {TEST(ALICE HERE "methods = \"publickey\"; key_type = \"ssh-rsa\"; "
		     "key_bits = 3072; expect = \"deny\"; rule = \"rsa\"; "
		     "reason = \"guard_refuses\";"),
	{NULL}},
    {TEST(ALICE HERE "methods = \"publickey\"; key_type = \"ssh-rsa\"; "
		     "key_bits = 3072; expect = \"allow\";"),
	{"came deny (guard_refuses)", "guard rsa (test.conf:9): matches"}},
    /* root is declared by its name */
    {TEST("user = \"root\"; from = \"10.1.2.3\"; listener = \"main\"; "
	  "groups = []; at = \"@0\"; " KEY
	  "expect = \"allow\"; rule = \"root\";"),
	{NULL}},
    {TEST("user = \"root\"; groups = [\"staff\"]; " HERE KEY
	  "expect = \"deny\";"),
	{NULL}},
    /* grants, with what guards made of them */
    {TEST(ALICE HERE KEY "expect = \"allow\"; grants = { agent = false; "
			 "local_forward = [\"db:5432\"]; pty = true; };"),
	{NULL}},
    {TEST(ALICE HERE KEY "expect = \"allow\"; grants = { agent = true; "
			 "local_forward = [\"*:*\"]; };"),
	{"expected agent = true, came false",
	    "expected local_forward = [\"*:*\"], came [\"db:5432\"]"}},
    /* a fact that is asked and not given fails either way */
    {TEST("user = \"alice\"; uid = 1000; " HERE "expect = \"deny\";"),
	{"expected deny, came neither", "groups are not known",
	    "does not give: groups"}},
    {TEST(ALICE "listener = \"main\"; at = \"@0\"; " KEY "expect = \"allow\";"),
	{"came neither", "source address is not known", "not give: from"}},
    {TEST("user = \"nat\"; uid = 2; groups = []; from = \"10.0.0.1\"; "
	  "listener = \"main\"; expect = \"deny\";"),
	{"came neither", "time: it is not known", "at"}},
    {TEST("user = \"nat\"; uid = 2; groups = []; from = \"10.0.0.1\"; "
	  "listener = \"main\"; at = \"2026-11-30 23:00 UTC\"; "
	  "methods = \"password\"; expect = \"allow\";"),
	{NULL}},
    {TEST("user = \"nat\"; uid = 2; groups = []; from = \"10.0.0.1\"; "
	  "at = \"2026-11-30 12:00 UTC\"; methods = \"password\"; "
	  "expect = \"deny\";"),
	{"came neither", "listener", NULL}},
    {TEST(ALICE HERE "expect = \"allow\";"),
	{"came neither: guard rsa (test.conf:9) asks methods", "methods"}},
    {TEST(ALICE HERE "methods = \"publickey\"; expect = \"allow\";"),
	{"came neither", "key is not known", "not give: key_type"}},
    /* accounts of the machine */
    {TEST("user = \"sam\"; " HERE KEY "expect = \"allow\"; rule = \"staff\";"),
	{NULL}},
    {TEST("user = \"ghost\"; " HERE "expect = \"deny\";"), {NULL}},
    {TEST("user = \"x\"; invalid_user = true; " HERE "expect = \"deny\";"),
	{NULL}},
    {TEST(ALICE "from = \"192.0.2.1\"; at = \"tomorrow\"; expect = \"deny\";"),
	{"at: \"tomorrow\" is no time"}},
    {TEST(ALICE "from = \"192.0.2.1\"; at = \"2026-11-30 09:00 ../UTC\"; "
		"expect = \"deny\";"),
	{"is no time"}},
};

START_TEST(a_test_that_fails_says_what_was_expected_what_came_and_why)
{
	char *text = told(rows[_i].text, account);

	for (int i = 0; i < 3 && rows[_i].says[i] != NULL; i++)
		ck_assert_msg(strstr(text, rows[_i].says[i]) != NULL,
		    "row %d: %s is not in: %s", _i, rows[_i].says[i], text);
	if (rows[_i].says[0] == NULL)
		ck_assert_msg(*text == '\0', "row %d: %s", _i, text);
	free(text);
}
END_TEST

START_TEST(without_accounts_a_test_that_needs_one_is_told_of)
{
	char *text =
	    told(TEST("user = \"sam\"; " HERE KEY "expect = \"deny\";"), NULL);

	ck_assert_ptr_nonnull(strstr(text, "warning: tests.t: not run"));
	free(text);
	text = told(TEST(ALICE HERE KEY "expect = \"deny\";"), NULL);
	ck_assert_ptr_nonnull(strstr(text, "expected deny, came allow"));
	free(text);
}
END_TEST

/* A test that cannot be judged is refused when it is read. */
static const struct {
	const char *text, *says;
} faults[] = {
    {"expect = \"allow\";", "\"user\" is missing"},
    {"user = \"a\";", "\"expect\" is missing"},
    {ALICE "expect = \"alow\";", "did you mean \"allow\"?"},
    {ALICE "expect = \"deny\"; grups = [];",
	"tests.grups: unknown key; did you mean \"groups\"?"},
    {ALICE "expect = \"allow\"; grants = { agnet = true; };",
	"did you mean \"agent\"?"},
    {ALICE "expect = \"allow\"; grants = { methods = [\"x\"]; };",
	"no grant to compare"},
    {ALICE "expect = \"allow\"; grants = ( { pty = true; } );", "wrong type"},
    {ALICE "expect = \"deny\"; grants = { pty = true; };", "go with expect"},
    {ALICE "expect = \"allow\"; reason = \"key\";", "goes with expect"},
    {ALICE "expect = \"deny\"; reason = \"keys\";", "did you mean \"key\"?"},
    {ALICE "expect = \"more\";", "which are not enough?"},
    {ALICE "expect = \"deny\"; rule = \"stuff\";",
	"there is no rule, overlay or guard \"stuff\"; did you mean "
	"\"staff\"?"},
    {ALICE "expect = \"deny\"; listener = \"iner\";",
	"there is no listener \"iner\"; did you mean \"inner\"?"},
    {ALICE "expect = \"deny\"; from = \"10.0.0.0/8\";", "no numeric address"},
    {ALICE "expect = \"deny\"; from = \"*\";", "no numeric address"},
    {ALICE "expect = \"deny\"; invalid_user = true;", "neither uid nor groups"},
    {ALICE "expect = \"deny\"; key_touch = true;", "\"key_type\" is missing"},
    {ALICE "expect = \"deny\"; key_type = \"ssh-ed25519\";",
	"\"methods\" is missing"},
    {ALICE "expect = \"deny\"; methods = \"publickey\"; "
	   "key_type = \"ssh-rsa\";",
	"\"key_bits\" is missing"},
    {ALICE "expect = \"deny\"; methods = \"publickey\"; "
	   "key_type = \"sk-ssh-ed25519@openssh.com\"; key_touch = true;",
	"\"key_verify\" is missing"},
    {ALICE "expect = \"deny\"; methods = \"publickey\"; "
	   "key_type = \"ssh-ed25519-cert-v01@openssh.com\";",
	"\"key_ca\" is missing"},
};

START_TEST(a_test_that_cannot_be_judged_is_an_error)
{
	char *text = mem_printf(
	    POLICY "tests = ( { name = \"t\"; %s } );\n", faults[_i].text);
	char *problems = problems_of(text);

	ck_assert_msg(strstr(problems, faults[_i].says) != NULL,
	    "%s is not in: %s", faults[_i].says, problems);
	free(problems);
	free(text);
}
END_TEST

#define TICKET(x)                                                     \
	"rules = ( { name = \"k\"; methods = [\"gssapi-with-mic\"]; " \
	"principals = [\"*@REALM\"]; } );\n"                          \
	"tests = ( { name = \"t\"; " ALICE HERE                       \
	"methods = \"gssapi-with-mic\"; " x " } );\n"

static const struct {
	const char *text, *says; /* NULL: it passes */
} tickets[] = {
    {TICKET("principal = \"ann@REALM\"; expect = \"allow\";"), NULL},
    {TICKET("principal = \"ann@OTHER\"; expect = \"deny\"; "
	    "reason = \"principal\";"),
	NULL},
    {TICKET("expect = \"allow\";"), "the test does not give: principal"},
    {TICKET("principal = \"ann@REALM\"; delegated = true; "
	    "expect = \"deny\"; } ); guards = ( { name = \"d\"; "
	    "match = { delegated = true; }; refuse = true;"),
	NULL},
    {TICKET("principal = \"ann@REALM\"; "
	    "expect = \"allow\"; } ); guards = ( { name = \"d\"; "
	    "match = { delegated = true; }; refuse = true;"),
	NULL},
    {TICKET("expect = \"deny\";"), "the test does not give: principal"},
};

START_TEST(a_test_tells_who_came_in_with_a_ticket)
{
	char *out = told(tickets[_i].text, NULL);

	if (tickets[_i].says == NULL)
		ck_assert_str_eq(out, "");
	else
		ck_assert_msg(strstr(out, tickets[_i].says) != NULL, "%s", out);
	free(out);
}
END_TEST

static char *
shown(const char *text)
{
	struct config *config = config_of(text);
	char *out = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&out, &size);

	ck_assert(config_show_list(config, "tests", false, f));
	fclose(f);
	config_free(config);
	return out;
}

START_TEST(tests_are_shown_as_they_are_read)
{
	const char *all = TEST(ALICE HERE KEY
	    "key_source = \"s\"; key_bits = 256; key_command = \"x\"; "
	    "expect = \"allow\"; rule = \"staff\"; "
	    "grants = { agent = false; local_forward = [\"db:5432\"]; };");
	const char *few = TEST("user = \"a\"; groups = []; expect = \"deny\"; "
			       "reason = \"no_rule\";");
	char *one = shown(all), *again = mem_printf("%s%s", POLICY, one);
	char *two = shown(again);

	ck_assert_str_eq(one, two);
	ck_assert_ptr_nonnull(strstr(one, "key_command = \"x\""));
	ck_assert_ptr_nonnull(strstr(one, "local_forward = [\"db:5432\"]"));
	free(one);
	free(two);
	free(again);
	one = shown(few);
	ck_assert_str_eq(one,
	    "tests = (\n\t{ name = \"t\"; user = \"a\"; groups = []; "
	    "expect = \"deny\"; reason = \"no_rule\"; }\n);\n");
	free(one);
}
END_TEST

START_TEST(every_reason_has_a_word)
{
	for (int r = REFUSAL_no_rule; r <= REFUSAL_allow_groups; r++)
		ck_assert_str_ne(refusals[r].code, "none");
}
END_TEST

Suite *
suite_tests(void)
{
	Suite *suite = suite_create("tests");
	TCase *cases = tcase_create("tests");

	tcase_add_loop_test(cases,
	    a_test_that_fails_says_what_was_expected_what_came_and_why, 0,
	    sizeof(rows) / sizeof(rows[0]));
	tcase_add_loop_test(cases, a_test_tells_who_came_in_with_a_ticket, 0,
	    sizeof(tickets) / sizeof(tickets[0]));
	tcase_add_test(
	    cases, without_accounts_a_test_that_needs_one_is_told_of);
	tcase_add_loop_test(cases, a_test_that_cannot_be_judged_is_an_error, 0,
	    sizeof(faults) / sizeof(faults[0]));
	tcase_add_test(cases, tests_are_shown_as_they_are_read);
	tcase_add_test(cases, every_reason_has_a_word);
	suite_add_tcase(suite, cases);
	return suite;
}
