/*
 * config/show.c and explain.c: what is printed is read back, and says why.
 */
#include "config/show.h"
#include "tests/unit/config/suites.h"
#include "tests/unit/config/support.h"

#include <stdlib.h>
#include <string.h>

static char *
shown(const struct config *config, bool defaults)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	config_show(config, defaults, out);
	fclose(out);
	return text;
}

/* Without the comments, which name other files the second time. */
static char *
bare(char *text)
{
	char *from, *to = text;

	for (from = text; *from != '\0'; from++) {
		if (from[0] == '\t' && from[1] == '#')
			from += strcspn(from, "\n");
		*to++ = *from;
	}
	*to = '\0';
	return text;
}

static const char rich[] =
    "listeners = ( { name = \"a\"; address = \"127.0.0.1\"; port = 2222; "
    "banner = \"none\"; },"
    "{ name = \"b\"; address = \"::1\"; freebind = true; "
    "banner = \"/etc/issue.net\"; host_keys = [ \"/k\" ]; crypto = { profile"
    " = \"legacy\"; kex = [ \"-mlkem*\" ]; macs = [ \"hmac-sha1\" ]; }; },"
    "{ name = \"c\"; host_keys = [ \"/k\", \"/l\" ]; } );"
    "crypto = { profile = \"compatible\"; kex = [ \"-sntrup*\" ];"
    " rekey_bytes = \"4G\"; rekey_seconds = \"none\"; };"
    "limits = { penalties = { exempt = [ \"10.0.0.0/8\", \"::1\" ]; }; };"
    "log = { level = \"quiet\"; targets = [ \"stderr\", \"/a\\\"b\" ]; };"
    "ip_qos_interactive = \"none\"; pid_file = \"none\";"
    "modules = ( { name = \"m\"; options = { a = 1; b = [ \"x\", \"y\" ];"
    " c = { d = true; e = { f = \"g\\\\h\"; }; };"
    " s = ( { n = \"1\"; v = \"2\"; }, { n = \"3\"; v = \"4\"; } );"
    " last = \"z\"; }; } );"
    "subsystems = ( { name = \"x\"; command = \"/bin/x -a\"; } );"
    "guards = ( { name = \"g\"; match = { method = \"p*\"; from = "
    "\"!10.0.0.0/8\"; }; forbid = \"x\"; require = \"password\"; pty = "
    "false; } );"
    "rules = ( { name = \"r\"; match = { uid = [ \"1\", \"5-9\" ]; user = "
    "\"!a\"; time = \"mon 01:00-02:00\"; invalid_user = true; };"
    " methods = [ \"publickey,password:pam/x\" ]; set_env = [ \"A=b c\" ];"
    " local_forward = [ \"[2001:db8::]/32:1-2\" ]; sftp_umask = \"027\";"
    " channel_timeouts = [ \"x11*=5\" ]; command = \"none\"; },"
    "{ name = \"s\"; extends = \"r\"; refuse = true; match = "
    "( { user = \"a\"; }, { uid = \"1\"; }, { user = \"b\"; } ); } );";

START_TEST(what_is_shown_is_read_back_the_same)
{
	struct config *first = config_of(rich), *second;
	char *one = shown(first, _i != 0), *two, *again;

	second = config_of(one);
	two = shown(second, _i != 0);
	ck_assert_str_eq(bare(one), bare(two));
	ck_assert_uint_eq(
	    second->modules[0].options.count, first->modules[0].options.count);
	ck_assert_str_eq(second->modules[0].options.items[4].value, "g\\h");
	ck_assert_str_eq(second->modules[0].options.items[4].key, "c.e.f");
	ck_assert_str_eq(second->modules[0].options.items[7].value, "3");
	again = shown(second, true);
	ck_assert(strstr(again, "login_grace = 60;") != NULL);
	free(again);
	free(one);
	free(two);
	config_free(first);
	config_free(second);
}
END_TEST

START_TEST(the_defaults_can_be_shown_and_read_back)
{
	struct config *first = config_defaults(), *second;
	char *one = shown(first, true), *two;
	size_t i;

	for (i = 0; i < option_count; i++) {
		const char *last = strrchr(options[i].name, '.');

		if (options[i].section == SECTION_SERVER &&
		    options[i].fallback != NULL)
			ck_assert_msg(
			    strstr(one,
				last != NULL ? last + 1 : options[i].name) !=
				NULL,
			    "%s", options[i].name);
	}
	second = config_of(one);
	two = shown(second, true);
	ck_assert_str_eq(bare(one), bare(two));
	free(one);
	free(two);
	config_free(first);
	config_free(second);
}
END_TEST

static char *
explained(const char *text, const struct policy_facts *facts,
    enum explain_format format)
{
	struct config *config = config_of(text);
	char *got = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&got, &size);

	policy_explain(config, facts, format, out);
	fclose(out);
	config_free(config);
	return got;
}

#define POLICY                                                               \
	"rules = ( { name = \"bob\"; match = { user = \"bob\"; }; refuse = " \
	"true; },\n{ name = \"all\"; methods = [ \"publickey\" ];\n"         \
	"pty = false; local_forward = [ \"*:*\" ]; },\n"                     \
	"{ name = \"rest\"; methods = [ \"password\" ]; } );\n"              \
	"guards = ( { name = \"g\"; local_forward = [ \"a:1\" ]; },\n"       \
	"{ name = \"late\"; match = { key_type = \"x\"; }; pty = false; } );"

START_TEST(explain_names_each_rule_guard_and_setting)
{
	struct policy_facts facts = facts_of_alice();
	char *got = explained(POLICY, &facts, EXPLAIN_TEXT);

	ck_assert(strstr(got,
		      "user alice: uid 1000\ngroups: staff users\n"
		      "from 192.0.2.1, listener main\n") == got);
	ck_assert(strstr(got,
		      "rule bob (test.conf:1): does not match: user: "
		      "\"alice\" is not listed\n") != NULL);
	ck_assert(strstr(got,
		      "rule all (test.conf:2): matches: every "
		      "condition holds\n") != NULL);
	ck_assert(strstr(got, "rule rest (test.conf:4): not reached") != NULL);
	ck_assert(strstr(got, "guard g (test.conf:5): matches") != NULL);
	ck_assert(strstr(got, "guard late (test.conf:6): asked after") != NULL);
	ck_assert(strstr(got, "decided by rule all (test.conf:2)\n") != NULL);
	ck_assert(strstr(got, "chain: publickey\n") != NULL);
	ck_assert(strstr(got, "  pty = false\t# test.conf:3\n") != NULL);
	ck_assert(strstr(got, "  shell = true\t# default\n") != NULL);
	ck_assert(strstr(got,
		      "  local_forward = [\"*:*\"]\t# test.conf:3\n"
		      "  local_forward and also in [\"a:1\"]\t# "
		      "test.conf:5\n") != NULL);
	free(got);
}
END_TEST

START_TEST(explain_prints_unknown_as_unknown)
{
	struct policy_facts facts = facts_of_alice();
	char *got;

	facts.groups_state = FACT_UNKNOWN;
	memset(&facts.source, 0, sizeof(facts.source));
	got = explained("rules = ( { name = \"r\"; match = { group = \"x\"; };"
			"methods = [ \"publickey\" ]; } );",
	    &facts, EXPLAIN_TEXT);
	ck_assert(strstr(got, "groups: unknown\nfrom unknown") != NULL);
	ck_assert(strstr(got, "rule r (test.conf:1): unknown: group") != NULL);
	ck_assert(strstr(got,
		      "refused: rule r: group: the user's groups are "
		      "not known\n") != NULL);
	ck_assert(strstr(got, "settings:") == NULL);
	free(got);
}
END_TEST

START_TEST(explain_as_json_has_the_same_facts)
{
	struct policy_facts facts = facts_of_alice();
	char *got = explained(POLICY, &facts, EXPLAIN_JSON);

	ck_assert(strstr(got,
		      "{\"user\":\"alice\",\"uid\":1000,\"groups\":"
		      "[\"staff\",\"users\"],\"from\":\"192.0.2.1\"") == got);
	ck_assert(strstr(got,
		      "{\"name\":\"bob\",\"result\":\"no\",\"why\":"
		      "\"user: \\\"alice\\\" is not listed\",\"file\":"
		      "\"test.conf\",\"line\":1}") != NULL);
	ck_assert(
	    strstr(got, "\"verdict\":\"granted\",\"reason\":\"none\"") != NULL);
	ck_assert(strstr(got,
		      "\"pty\":{\"value\":false,\"file\":"
		      "\"test.conf\",\"line\":3}") != NULL);
	ck_assert(strstr(got,
		      "\"max_user_sessions\":{\"value\":\"none\","
		      "\"file\":null,\"line\":0}") != NULL);
	free(got);
}
END_TEST

START_TEST(an_origin_tells_the_guard_that_tightened)
{
	struct policy_facts facts = facts_of_alice();
	char *got = explained("rules = ( { name = \"r\"; methods = "
			      "[ \"publickey\" ]; } );\n"
			      "guards = ( { name = \"g\";\n pty = false; } );",
	    &facts, EXPLAIN_TEXT);

	ck_assert(strstr(got, "  pty = false\t# test.conf:3\n") != NULL);
	free(got);
}
END_TEST

Suite *
suite_show(void)
{
	Suite *suite = suite_create("show");
	TCase *tc = tcase_create("show");

	tcase_add_loop_test(tc, what_is_shown_is_read_back_the_same, 0, 2);
	tcase_add_test(tc, the_defaults_can_be_shown_and_read_back);
	tcase_add_test(tc, explain_names_each_rule_guard_and_setting);
	tcase_add_test(tc, explain_prints_unknown_as_unknown);
	tcase_add_test(tc, explain_as_json_has_the_same_facts);
	tcase_add_test(tc, an_origin_tells_the_guard_that_tightened);
	suite_add_tcase(suite, tc);
	return suite;
}
