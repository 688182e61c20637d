/*
 * Overlays as text: what the loader refuses, what show and explain print.
 */
#include "config/policy/match.h"
#include "config/show.h"
#include "tests/unit/config/suites.h"
#include "tests/unit/config/support.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#define RULE(x)	    "rules = ( { name = \"r\"; " x " } );"
#define KEY	    "methods = [ \"publickey\" ]; "
#define OVERLAYS(x) "overlays = ( " x " );"
#define STAFF	    "match = { group = \"staff\"; }; "
#define BOB	    "match = { user = \"bob\"; }; "

struct error {
	const char *text;
	const char *wanted; /* in the problems */
};

static const struct error errors[] = {
    {RULE("") OVERLAYS("{ name = \"a\"; " STAFF KEY "}"),
	"rules.r: \"methods\" is missing"},
    {RULE("methods = [ ];") OVERLAYS("{ name = \"a\"; " KEY "}"),
	"rules.r: \"methods\" is missing"},
    {RULE(KEY) OVERLAYS("{ name = \"a\"; forbid = \"password\"; }"),
	"overlays.a.forbid: cannot stand in an overlay, which sets grants"},
    {RULE(KEY) OVERLAYS("{ name = \"a\"; require = \"password\"; }"),
	"cannot stand in an overlay"},
    {RULE(KEY) OVERLAYS("{ name = \"a\"; extends = \"r\"; pty = true; }"),
	"cannot stand in an overlay"},
    {RULE(KEY) OVERLAYS("{ name = \"a\"; match = { method = \"x\"; }; "
			"pty = false; }"),
	"it can stand in a guard, not in an overlay"},
    {RULE(KEY) OVERLAYS("{ name = \"a\"; refuse = false; }"),
	"overlays.a.refuse: false takes back no refusal"},
    {RULE(KEY) OVERLAYS("{ name = \"a\"; }"), "overlays.a: sets nothing"},
    {RULE(KEY) OVERLAYS("{ pty = true; }"), "overlays: \"name\" is missing"},
    {RULE(KEY) OVERLAYS("{ name = \"a\"; pty = 1; }"),
	"overlays.a.pty: wrong type"},
    {RULE(KEY) OVERLAYS("{ name = \"a\"; ptty = true; }"),
	"overlays.a.ptty: unknown key; did you mean \"pty\"?"},
    {RULE(KEY) OVERLAYS("{ name = \"a\"; match = { }; pty = true; }"),
	"an empty match is for everybody"},
    {RULE(KEY) OVERLAYS("{ name = \"a\"; pty = true; },"
			"{ name = \"a\"; pty = false; }"),
	"overlays.name: \"a\" is defined already"},
    {RULE(KEY) OVERLAYS("{ name = \"a\"; pty = true; }, { name = \"b\"; " STAFF
			"pty = false; }"),
	"overlays.b: never sets anything: overlay \"a\""},
    {RULE(KEY) OVERLAYS("{ name = \"a\"; accept_env = [ \"+A\", \"B\" ]; }"),
	"either each entry begins with +"},
    {RULE(KEY) OVERLAYS("{ name = \"a\"; command = \"x\"; sftp_only = "
			"true; }"),
	"overlays.a: command and sftp_only exclude each other"},
    {RULE(KEY) OVERLAYS("{ name = \"a\"; match = { listener = \"x\"; }; "
			"pty = false; }"),
	"no listener is named \"x\""},
    {RULE(KEY "allow_users = \"bob@example.com\";"), "not a network"},
    {RULE(KEY "allow_users = \"!bob\";"), "an entry excludes by deny_users"},
    {RULE(KEY "deny_groups = [ \"!wheel\" ];"),
	"an entry excludes by deny_groups"},
    {RULE(KEY "deny_groups = [ \"\" ];"), "not a group"},
    /* Without this it would be the name of nobody, and refuse nobody. */
    {RULE(KEY "deny_users = [ \"+bob\" ];"), "only lists of overlays add up"},
    {RULE(KEY) "guards = ( { name = \"g\"; deny_groups = [ \"+x\" ]; } );",
	"only lists of overlays add up"},
    {RULE(KEY "allow_users = \"@10.0.0.0/8\";"), "not a user"},
    {RULE(KEY "allow_users = \"a@10.0.0.0/8,\";"), "not a network"},
};

START_TEST(the_loader_refuses_what_an_overlay_may_not)
{
	char *got = problems_of(errors[_i].text);

	ck_assert_msg(strstr(got, errors[_i].wanted) != NULL, "%s\nin\n%s",
	    errors[_i].wanted, got);
	free(got);
}
END_TEST

START_TEST(show_prints_overlays_that_load_again)
{
	static const char text[] = RULE("")
	    OVERLAYS("{ name = \"a\"; match = ( { group = \"x\"; }, { from = "
		     "\"10.0.0.0/8\"; } ); accept_env = [ \"+A\" ]; "
		     "subsystem_commands = [ \"+sftp=internal\" ]; },"
		     "{ name = \"b\"; " KEY "refuse = true; }");
	struct config *c = config_of(text), *again;
	char *one = NULL, *two = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&one, &size);

	(void)config_show_list(c, "overlays", true, out);
	(void)config_show_list(c, "rules", false, out);
	fclose(out);
	ck_assert_msg(
	    strstr(one, "accept_env = [\"+A\"];\t# test.conf:1") != NULL, "%s",
	    one);
	ck_assert(strstr(one, "[\"+sftp=internal\"]") != NULL);
	ck_assert(strstr(one, "max_sessions") == NULL);
	again = config_of(one);
	out = open_memstream(&two, &size);
	(void)config_show_list(again, "overlays", true, out);
	fclose(out);
	ck_assert_uint_eq(again->overlay_count, 2);
	ck_assert(again->overlays[0].joins[GRANT_accept_env]);
	free(one);
	free(two);
	config_free(again);
	config_free(c);
}
END_TEST

START_TEST(explain_tells_each_overlay_and_the_origin_of_what_it_set)
{
	struct policy_facts facts = facts_of_alice();
	struct config *c = config_of(RULE(KEY "pty = true;") "\n" OVERLAYS(
	    "\n{ name = \"a\"; " BOB "agent = true; },\n{ name = \"b\"; " STAFF
	    "agent = true; },\n{ name = \"c\"; pty = false; }"));
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	policy_explain(c, &facts, EXPLAIN_TEXT, out);
	fclose(out);
	ck_assert(strstr(text,
		      "overlay a (test.conf:3): does not match: user: "
		      "\"alice\" is not listed") != NULL);
	ck_assert(strstr(text, "overlay b (test.conf:4): matches:") != NULL);
	ck_assert(strstr(text,
		      "overlay c (test.conf:5): does not match: all that it "
		      "sets is set already") != NULL);
	ck_assert(strstr(text, "agent = true\t# test.conf:4") != NULL);
	free(text);
	out = open_memstream(&text, &size);
	policy_explain(c, &facts, EXPLAIN_JSON, out);
	fclose(out);
	ck_assert(strstr(text, "\"overlays\":[{\"name\":\"a\"") != NULL);
	free(text);
	config_free(c);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

Suite *
suite_overlay_text(void)
{
	Suite *suite = suite_create("overlay_text");
	TCase *tc = tcase_create("overlay_text");

	tcase_add_loop_test(
	    tc, the_loader_refuses_what_an_overlay_may_not, 0, COUNT(errors));
	tcase_add_test(tc, show_prints_overlays_that_load_again);
	tcase_add_test(
	    tc, explain_tells_each_overlay_and_the_origin_of_what_it_set);
	suite_add_tcase(suite, tc);
	return suite;
}
