/*
 * config/policy/compose.c, enter.c: overlays fill what the rule leaves open,
 * in order, and nothing else; what cannot be judged refuses.
 */
#include "config/options.h"
#include "config/policy/forward.h"
#include "config/policy/match.h"
#include "config/show.h"
#include "lib/mem.h"
#include "tests/unit/config/decide.h"
#include "tests/unit/config/suites.h"
#include "tests/unit/config/support.h"

#include <stdlib.h>
#include <string.h>

#define RULE(x)	    "rules = ( { name = \"r\"; " x " } );"
#define KEY	    "methods = [ \"publickey\" ]; "
#define OVERLAYS(x) "overlays = ( " x " );"
#define STAFF	    "match = { group = \"staff\"; }; "
#define BOB	    "match = { user = \"bob\"; }; "

static char *
shown(enum grant grant)
{
	const struct option *option = option_of_grant(grant);
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	show_value(out, option, (const char *)&decision.grants + option->offset,
	    SHOW_CONFIG);
	fclose(out);
	return text;
}

struct row {
	const char *text;
	enum grant grant;
	const char *wanted;
};

static const struct row rows[] = {
    /* Where the rule sets nothing the first that matches does. */
    {RULE(KEY) OVERLAYS("{ name = \"a\"; " STAFF "agent = true; },"
			"{ name = \"b\"; agent = false; }"),
	GRANT_agent, "true"},
    {RULE(KEY) OVERLAYS("{ name = \"a\"; " BOB "agent = true; },"
			"{ name = \"b\"; max_sessions = 3; }"),
	GRANT_agent, "false"},
    {RULE(KEY) OVERLAYS("{ name = \"a\"; " BOB "agent = true; },"
			"{ name = \"b\"; max_sessions = 3; }"),
	GRANT_max_sessions, "3"},
    {RULE("") OVERLAYS("{ name = \"a\"; " KEY " }"), GRANT_methods,
	"[\"publickey\"]"},
    /* The rule's own stays, what it inherits too. */
    {RULE(KEY "agent = false;") OVERLAYS("{ name = \"a\"; agent = true; }"),
	GRANT_agent, "false"},
    {"rules = ( { name = \"r\"; extends = \"x\"; }, { name = \"x\"; " KEY
     "max_sessions = 2; } );" OVERLAYS("{ name = \"a\"; max_sessions = 9; }"),
	GRANT_max_sessions, "2"},
    {RULE(KEY "command = \"x\";") OVERLAYS("{ name = \"a\"; agent = true; }"),
	GRANT_agent, "false"},
    /* A forced command forbids what comes behind it, unless told not to. */
    {RULE(KEY) OVERLAYS("{ name = \"a\"; command = \"x\"; x11 = true; },"
			"{ name = \"b\"; agent = true; x11 = true; }"),
	GRANT_agent, "false"},
    {RULE(KEY) OVERLAYS("{ name = \"a\"; command = \"x\"; x11 = true; },"
			"{ name = \"b\"; agent = true; x11 = true; }"),
	GRANT_x11, "true"},
    {RULE(KEY) OVERLAYS("{ name = \"a\"; sftp_only = true; },"
			"{ name = \"b\"; agent = true; }"),
	GRANT_agent, "false"},
    {RULE(KEY) OVERLAYS("{ name = \"a\"; command = \"x\"; },"
			"{ name = \"b\"; agent = true; "
			"command_restricts = false; }"),
	GRANT_agent, "true"},
    {RULE(KEY "command = \"x\"; command_restricts = false;"), GRANT_pty,
	"true"},
    /* Lists with + add up, others do not; names before = count once. */
    {RULE(KEY) OVERLAYS("{ name = \"a\"; accept_env = [ \"+A\" ]; },"
			"{ name = \"b\"; accept_env = [ \"+B\", \"+A\" ]; },"
			"{ name = \"c\"; accept_env = [ \"C\" ]; }"),
	GRANT_accept_env, "[\"A\", \"B\"]"},
    {RULE(KEY) OVERLAYS("{ name = \"a\"; accept_env = [ \"A\" ]; },"
			"{ name = \"b\"; accept_env = [ \"+B\" ]; }"),
	GRANT_accept_env, "[\"A\"]"},
    {RULE(KEY "accept_env = \"A\";")
	    OVERLAYS("{ name = \"b\"; accept_env = [ \"+B\" ]; }"),
	GRANT_accept_env, "[\"A\"]"},
    {RULE(KEY) OVERLAYS(
	 "{ name = \"a\"; subsystem_commands = [ \"+s=1\" ]; },"
	 "{ name = \"b\"; subsystem_commands = [ \"+s=2\", \"+t=3\" ]; }"),
	GRANT_subsystem_commands, "[\"s=1\", \"t=3\"]"},
    {RULE(KEY) OVERLAYS(
	 "{ name = \"a\"; key_sources = [ \"+f=x\", \"+f=y\" ]; },"
	 "{ name = \"b\"; key_sources = [ \"+f=user\", \"+ca=none\" ]; },"
	 "{ name = \"c\"; key_sources = [ \"+ca=ca\", \"+z\" ]; }"),
	GRANT_key_sources, "[\"x\", \"y\", \"z\"]"},
    /* Switches. */
    {RULE(KEY "agent = true; x11 = true; tun = \"yes\"; forwarding = false;"),
	GRANT_agent, "false"},
    {RULE(KEY "agent = true; x11 = true; tun = \"yes\"; forwarding = false;"),
	GRANT_tun, "\"no\""},
};

START_TEST(an_overlay_fills_what_the_rule_leaves_open)
{
	struct policy_facts facts = facts_of_alice();
	char *got;

	decide(rows[_i].text, &facts);
	ck_assert_int_eq(decision.verdict, POLICY_GRANTED);
	got = shown(rows[_i].grant);
	ck_assert_msg(strcmp(got, rows[_i].wanted) == 0, "%s: %s, not %s",
	    rows[_i].text, got, rows[_i].wanted);
	free(got);
	done();
}
END_TEST

struct refused {
	const char *text;
	enum refusal reason;
};

static const struct refused refused_cases[] = {
    /* A refusal stands, whoever speaks it. */
    {RULE("refuse = true;") OVERLAYS("{ name = \"a\"; " KEY "}"),
	REFUSAL_rule_refuses},
    {RULE(KEY) OVERLAYS("{ name = \"a\"; " STAFF "refuse = true; }"),
	REFUSAL_rule_refuses},
    {RULE(KEY "refuse = false;")
	    OVERLAYS("{ name = \"a\"; " STAFF "refuse = true; }"),
	REFUSAL_rule_refuses},
    {RULE(KEY) OVERLAYS(
	 "{ name = \"a\"; agent = true; }") "guards = ( { name = \"g\"; refuse "
					    "= true; } );",
	REFUSAL_guard_refuses},
    /* Command and sftp_only from two places. */
    {RULE(KEY "command = \"x\";")
	    OVERLAYS("{ name = \"a\"; sftp_only = true; }"),
	REFUSAL_conflict},
    /* No chain is left. */
    {RULE(KEY) OVERLAYS("{ name = \"a\"; publickey = false; }"),
	REFUSAL_no_chain},
    {RULE("") OVERLAYS("{ name = \"a\"; methods = [ ]; }"), REFUSAL_no_chain},
    {RULE("methods = [ \"publickey,password\" ]; password = false;"),
	REFUSAL_no_chain},
    {RULE("methods = [ \"keyboard-interactive:pam\" ]; "
	  "keyboard_interactive = false;"),
	REFUSAL_no_chain},
    {RULE("methods = [ \"hostbased\" ]; hostbased = false;"), REFUSAL_no_chain},
    {RULE(KEY) "guards = ( { name = \"g\"; publickey = false; } );",
	REFUSAL_no_chain},
    /* Lists of users and groups; every one counts. */
    {RULE(KEY "deny_users = [ \"x\", \"al*\" ];"), REFUSAL_deny_users},
    {RULE(KEY "deny_users = \"alice@192.0.2.0/24\";"), REFUSAL_deny_users},
    {RULE(KEY "allow_users = [ ];"), REFUSAL_allow_users},
    {RULE(KEY "allow_users = \"bob\";"), REFUSAL_allow_users},
    {RULE(KEY "allow_users = \"alice@10.0.0.0/8\";"), REFUSAL_allow_users},
    {RULE(KEY "allow_users = \"alice@192.0.2.0/24,!192.0.2.1\";"),
	REFUSAL_allow_users},
    {RULE(KEY "deny_groups = \"st*\";"), REFUSAL_deny_groups},
    {RULE(KEY "allow_groups = \"wheel\";"), REFUSAL_allow_groups},
    {RULE(KEY "allow_users = \"alice\";") "guards = ( { name = \"g\"; "
					  "allow_users = \"bob\"; } );",
	REFUSAL_allow_users},
    {RULE(KEY "deny_users = \"x\";") "guards = ( { name = \"g\"; deny_users = "
				     "\"alice\"; } );",
	REFUSAL_deny_users},
    {RULE(KEY) OVERLAYS("{ name = \"a\"; deny_users = [ \"+x\" ]; },"
			"{ name = \"b\"; deny_users = [ \"+alice\" ]; }"),
	REFUSAL_deny_users},
};

START_TEST(a_refusal_stands)
{
	struct policy_facts facts = facts_of_alice();

	decide(refused_cases[_i].text, &facts);
	ck_assert_int_eq(decision.verdict, POLICY_REFUSED);
	ck_assert_msg(decision.reason == refused_cases[_i].reason, "%s: %s",
	    refused_cases[_i].text, decision.why);
	ck_assert(decision.decoy);
	ck_assert_uint_gt(decision.chains.count, 0);
	done();
}
END_TEST

static const char *const allowed[] = {
    RULE(KEY "allow_users = [ \"bob\", \"a?ice\" ];"),
    RULE(KEY "allow_users = \"alice@10.0.0.0/8,192.0.2.0/24\";"),
    RULE(KEY "deny_users = \"alice@192.0.2.0/24,!192.0.2.1\";"),
    RULE(KEY "deny_users = \"ALICE\"; deny_groups = \"wheel\";"),
    RULE(KEY "allow_groups = [ \"wheel\", \"staff\" ];"),
    /* First the block's list, whatever stands behind it. */
    RULE(KEY)
	OVERLAYS("{ name = \"a\"; " STAFF "allow_users = [ \"+alice\" ]; },"
		 "{ name = \"b\"; allow_users = [ \"bob\" ]; }"),
};

START_TEST(who_is_listed_may_enter)
{
	struct policy_facts facts = facts_of_alice();

	decide(allowed[_i], &facts);
	ck_assert_msg(decision.verdict == POLICY_GRANTED, "%s: %s", allowed[_i],
	    decision.why);
	done();
}
END_TEST

START_TEST(an_overlay_that_cannot_be_judged_refuses)
{
	struct policy_facts facts = facts_of_alice();

	facts.groups_state = FACT_UNKNOWN;
	decide(RULE(KEY) OVERLAYS("{ name = \"a\"; " STAFF "pty = false; }"),
	    &facts);
	ck_assert_int_eq(decision.reason, REFUSAL_unknown_fact);
	ck_assert(strstr(decision.why, "overlay a: group") != NULL);
	done();
	/* It could set nothing: nothing depends on it. */
	decide(RULE(KEY "pty = true;")
		   OVERLAYS("{ name = \"a\"; " STAFF "pty = false; }"),
	    &facts);
	ck_assert_int_eq(decision.verdict, POLICY_GRANTED);
	done();
	decide(RULE(KEY) OVERLAYS("{ name = \"b\"; pty = true; },"
				  "{ name = \"a\"; " STAFF "pty = false; }"),
	    &facts);
	ck_assert_int_eq(decision.verdict, POLICY_GRANTED);
	done();
	/* A list that adds up stays open. */
	decide(RULE(KEY) OVERLAYS(
		   "{ name = \"b\"; deny_users = [ \"+x\" ]; },"
		   "{ name = \"a\"; " STAFF "deny_users = [ \"+y\" ]; }"),
	    &facts);
	ck_assert_int_eq(decision.reason, REFUSAL_unknown_fact);
	done();
	/* So do lists of groups, but not everybody's. */
	decide(RULE(KEY "allow_groups = \"staff\";"), &facts);
	ck_assert_int_eq(decision.reason, REFUSAL_unknown_fact);
	done();
	decide(RULE(KEY "deny_groups = \"x\";"), &facts);
	ck_assert_int_eq(decision.reason, REFUSAL_unknown_fact);
	done();
	decide(RULE(KEY "allow_groups = \"*\";"), &facts);
	ck_assert_int_eq(decision.verdict, POLICY_GRANTED);
	done();
	memset(&facts.source, 0, sizeof(facts.source));
	decide(RULE(KEY "deny_users = \"alice@10.0.0.0/8\";"), &facts);
	ck_assert_int_eq(decision.reason, REFUSAL_unknown_fact);
	done();
}
END_TEST

START_TEST(groups_are_looked_up_when_an_overlay_or_a_list_asks)
{
	static const char *const asking[] = {
	    RULE(KEY) OVERLAYS("{ name = \"a\"; " STAFF "pty = false; }"),
	    RULE(KEY "allow_groups = \"x\";"),
	    RULE(KEY) "guards = ( { name = \"g\"; deny_groups = \"x\"; } );",
	    RULE(KEY) OVERLAYS("{ name = \"a\"; allow_groups = [ \"+x\" ]; }")};
	struct config *c;
	size_t i;

	for (i = 0; i < 4; i++) {
		c = config_of(asking[i]);
		ck_assert_msg(policy_asks_groups(c), "%s", asking[i]);
		config_free(c);
	}
	c = config_of(RULE(KEY "allow_users = \"x\";")
		OVERLAYS("{ name = \"a\"; " BOB "pty = false; }"));
	ck_assert(!policy_asks_groups(c));
	config_free(c);
}
END_TEST

/* The rule that names root decides; what it sets nobody changes. */
START_TEST(root_enters_by_a_rule_that_names_it)
{
	struct policy_facts facts = facts_of_alice();
	static const char all[] =
	    OVERLAYS("{ name = \"a\"; root_login = \"yes\"; }") RULE(KEY);
	static const char named[] =
	    OVERLAYS("{ name = \"a\"; match = { from = \"192.0.2.0/24\"; }; "
		     "root_login = \"yes\"; agent = true; }")
		RULE("match = { user = \"root\"; }; " KEY "agent = false;");
	static const char no[] =
	    OVERLAYS("{ name = \"a\"; root_login = \"yes\"; }") RULE(
		"match = { user = \"root\"; }; " KEY "root_login = \"no\";");

	facts.user = "root";
	facts.uid = 0;
	decide(all, &facts);
	ck_assert_int_eq(decision.reason, REFUSAL_no_rule);
	done();
	decide(named, &facts);
	ck_assert_int_eq(decision.verdict, POLICY_GRANTED);
	ck_assert(!decision.grants.agent);
	done();
	decide(no, &facts);
	ck_assert_int_eq(decision.reason, REFUSAL_root);
	done();
}
END_TEST

START_TEST(prohibit_password_takes_no_password_in_any_chain)
{
	struct policy_facts facts = facts_of_alice();

	facts.user = "root";
	facts.uid = 0;
	decide(RULE("match = { user = \"root\"; }; methods = [ \"password\", "
		    "\"publickey,password\", \"publickey\", "
		    "\"publickey,keyboard-interactive:pam\" ]; "
		    "root_login = \"prohibit-password\";"),
	    &facts);
	ck_assert_int_eq(decision.verdict, POLICY_GRANTED);
	ck_assert_uint_eq(decision.chains.count, 1);
	ck_assert_str_eq(decision.chains.items[0].text, "publickey");
	done();
}
END_TEST

START_TEST(strangers_are_asked_as_overlays_say)
{
	struct policy_facts facts = facts_of_alice();
	static const char text[] = RULE("")
	    OVERLAYS("{ name = \"a\"; " STAFF "methods = [ \"publickey\" ]; },"
		     "{ name = \"b\"; methods = [ \"password\" ]; }");

	facts.user_state = FACT_ABSENT;
	facts.groups_state = FACT_ABSENT;
	decide(text, &facts);
	ck_assert_int_eq(decision.reason, REFUSAL_unknown_user);
	ck_assert_uint_eq(decision.chains.count, 1);
	ck_assert_str_eq(decision.chains.items[0].text, "password");
	done();
}
END_TEST

START_TEST(forwards_that_are_switched_off_stay_off)
{
	struct policy_facts facts = facts_of_alice();
	struct {
		const char *text;
		bool connect, listen, path;
	} cases[] = {
	    {"forwarding = false;", false, false, false},
	    {"tcp_forward = \"no\";", false, false, true},
	    {"tcp_forward = \"local\";", true, false, true},
	    {"tcp_forward = \"remote\";", false, true, true},
	    {"tcp_forward = \"yes\";", true, true, true},
	};
	char *text;
	size_t i;

	for (i = 0; i < 10; i++) {
		text = mem_printf(
		    RULE(KEY "local_forward = \"*:*\"; remote_forward "
			     "= \"*:*\"; "
			     "unix_local = \"*\"; unix_remote = "
			     "\"*\"; %s") "guards = ( { name = \"g\"; "
					  "max_sessions = 5; %s } );",
		    i < 5 ? cases[i].text : "",
		    i >= 5 ? cases[i - 5].text : "");
		decide(text, &facts);
		ck_assert_int_eq(
		    policy_may_connect(&decision, "h", 22, NULL) != POLICY_NO,
		    cases[i % 5].connect);
		ck_assert_int_eq(may_listen(&decision, "localhost", 22),
		    cases[i % 5].listen);
		ck_assert_int_eq(policy_may_unix_connect(&decision, "/x"),
		    cases[i % 5].path);
		ck_assert_int_eq(
		    policy_may_unix_listen(&decision, "/x"), cases[i % 5].path);
		done();
		free(text);
	}
}
END_TEST

/* Every grant may stand in an overlay, and a rule's own goes before it. */
START_TEST(a_grant_of_the_rule_is_not_changed_by_an_overlay)
{
	const struct option *option = option_of_grant((enum grant)_i);
	struct policy_facts facts = facts_of_alice();
	struct grants defaults;
	char *value = NULL, *text, *before, *after;
	size_t size = 0;
	FILE *out;

	if (_i == GRANT_refuse || _i == GRANT_methods || _i == GRANT_publickey)
		return;
	/* The rule says the default, the overlay something else. */
	decide(RULE(KEY), &facts);
	defaults = decision.grants;
	out = open_memstream(&value, &size);
	show_value(
	    out, option, (const char *)&defaults + option->offset, SHOW_CONFIG);
	fclose(out);
	done();
	text = mem_printf(
	    RULE(KEY "%s = %s;") OVERLAYS(
		"{ name = \"o\"; "
		"allow_users = [ \"+al*\" ]; deny_users = [ \"+x\" ]; "
		"allow_groups = [ \"+s*\" ]; deny_groups = [ \"+x\" ]; "
		"password = false; keyboard_interactive = false; "
		"hostbased = false; pam_service = \"x\"; max_auth_tries = 7; "
		"root_login = \"yes\"; key_types = \"x\"; "
		"key_sources = \"x\"; key_cas = "
		"\"SHA256:abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ\"; "
		"key_rsa_bits = 5000; key_certificate = true; "
		"key_touch = true; key_verify = true; "
		"key_ca_algorithms = \"x\"; key_revoked = \"/x\"; "
		"times = \"00:00-23:59\"; banner = \"/x\"; pty = false; "
		"shell = false; exec = false; subsystems = \"x\"; "
		"subsystem_commands = \"x=y\"; "
		"command_restricts = false; sftp_start = \"/x\"; "
		"sftp_umask = \"0011\"; sftp_read_only = true; "
		"chroot = \"/x\"; accept_env = \"X\"; set_env = \"X=1\"; "
		"user_rc = false; expose_auth = true; forwarding = false; "
		"tcp_forward = \"no\"; local_forward = \"x:1\"; "
		"remote_forward = \"x:1\"; gateway_ports = \"yes\"; "
		"unix_local = \"/x\"; unix_remote = \"/x\"; "
		"unix_mask = \"0011\"; unix_unlink = true; agent = true; "
		"x11 = true; x11_display_offset = 3; tun = \"yes\"; "
		"max_sessions = 3; max_user_sessions = 3; "
		"idle_timeout = 3; unused_timeout = 3; "
		"channel_timeouts = \"session=1\"; max_session_time = 3; "
		"warn_before = 3; keepalive_interval = 3; "
		"keepalive_count = 2; rekey_bytes = 65537; "
		"rekey_seconds = 3; ip_qos_interactive = \"cs1\"; "
		"ip_qos_bulk = \"cs1\"; log_level = \"error\"; }"),
	    option->name, value);
	decide(text, &facts);
	before = shown((enum grant)_i);
	if (_i != GRANT_agent && _i != GRANT_x11 && _i != GRANT_tun)
		ck_assert_msg(strcmp(before, value) == 0, "%s: %s, not %s",
		    option->name, before, value);
	done();
	free(text);
	/* And in the rule's place the overlay is taken. */
	if (_i != GRANT_command && _i != GRANT_sftp_only) {
		text =
		    mem_printf(RULE(KEY) OVERLAYS("{ name = \"o\"; %s = %s; }"),
			option->name, value);
		decide(text, &facts);
		ck_assert_str_eq(decision.grants.origins[_i].file, "test.conf");
		after = shown((enum grant)_i);
		ck_assert_str_eq(after, value);
		done();
		free(after);
		free(text);
	}
	free(before);
	free(value);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

Suite *
suite_overlays(void)
{
	Suite *suite = suite_create("overlays");
	TCase *tc = tcase_create("overlays");

	tcase_add_loop_test(
	    tc, an_overlay_fills_what_the_rule_leaves_open, 0, COUNT(rows));
	tcase_add_loop_test(tc, a_refusal_stands, 0, COUNT(refused_cases));
	tcase_add_loop_test(tc, who_is_listed_may_enter, 0, COUNT(allowed));
	tcase_add_test(tc, an_overlay_that_cannot_be_judged_refuses);
	tcase_add_test(tc, groups_are_looked_up_when_an_overlay_or_a_list_asks);
	tcase_add_test(tc, root_enters_by_a_rule_that_names_it);
	tcase_add_test(tc, prohibit_password_takes_no_password_in_any_chain);
	tcase_add_test(tc, strangers_are_asked_as_overlays_say);
	tcase_add_test(tc, forwards_that_are_switched_off_stay_off);
	tcase_add_loop_test(tc,
	    a_grant_of_the_rule_is_not_changed_by_an_overlay, 0, GRANT_COUNT);
	suite_add_tcase(suite, tc);
	return suite;
}
