/*
 * config/policy/may.c, tighten.c: what a decision allows afterwards,
 * and how keys and certificates narrow it.
 */
#include "config/policy/forward.h"
#include "lib/mem.h"
#include "tests/unit/config/decide.h"
#include "tests/unit/config/suites.h"
#include "tests/unit/config/support.h"

#include <stdlib.h>
#include <string.h>

START_TEST(an_empty_list_of_revocation_lists_asks_none)
{
	struct policy_facts facts = facts_of_alice();

	decide(RULES("{ name = \"m\"; methods = [ \"publickey\" ]; "
		     "key_revoked = [ ]; },"),
	    &facts);
	ck_assert(!policy_asks_revoked(&decision, "/krl"));
	done();
	decide(
	    RULES("{ name = \"m\"; methods = [ \"publickey\" ]; },"), &facts);
	ck_assert(policy_asks_revoked(&decision, "/krl"));
	done();
}
END_TEST

START_TEST(sftp_only_leaves_the_sftp_subsystem_and_nothing_else)
{
	struct policy_facts facts = facts_of_alice();

	decide("rules = ( { name = \"r\"; methods = [ \"publickey\" ]; "
	       "sftp_only = true; local_forward = [ \"*:*\" ]; } );",
	    &facts);
	ck_assert(!decision.grants.shell);
	ck_assert(!decision.grants.exec);
	ck_assert(!decision.grants.pty);
	ck_assert(policy_may_subsystem(&decision, "sftp"));
	ck_assert(!policy_may_subsystem(&decision, "netconf"));
	ck_assert_int_eq(
	    policy_may_connect(&decision, "a", 1, NULL), POLICY_YES);
	done();
	decide(RULES("") "guards = ( { name = \"g\"; sftp_only = true; } );",
	    &facts);
	ck_assert(!decision.grants.shell);
	ck_assert(!decision.grants.pty);
	ck_assert(!policy_may_subsystem(&decision, "netconf"));
	done();
}
END_TEST

START_TEST(every_layer_of_a_list_must_allow)
{
	struct policy_facts facts = facts_of_alice();
	struct net_address address, elsewhere;

	ck_assert_int_eq(net_parse("10.1.1.1", &address), 0);
	decide("rules = ( { name = \"r\"; methods = [ \"publickey\" ]; "
	       "local_forward = [ \"*.example.com:443\", \"10.0.0.0/8:22\" ];"
	       " accept_env = [ \"LC_*\", \"X\", \"LD_*\" ]; } ); guards = ( "
	       "{ name = \"g\"; local_forward = [ \"www.*:*\", "
	       "\"10.1.0.0/16:*\" ]; accept_env = \"LC_*\"; } );",
	    &facts);
	ck_assert_int_eq(
	    policy_may_connect(&decision, "www.example.com", 443, NULL),
	    POLICY_YES);
	ck_assert_int_eq(
	    policy_may_connect(&decision, "ftp.example.com", 443, NULL),
	    POLICY_ASK_ADDRESS);
	ck_assert_int_eq(net_parse("10.9.9.9", &elsewhere), 0);
	ck_assert_int_eq(
	    policy_may_connect(&decision, "ftp.example.com", 443, &elsewhere),
	    POLICY_NO);
	ck_assert_int_eq(
	    policy_may_connect(&decision, "www.example.com", 80, NULL),
	    POLICY_NO);
	ck_assert_int_eq(
	    policy_may_connect(&decision, "10.1.1.1", 22, NULL), POLICY_YES);
	ck_assert_int_eq(
	    policy_may_connect(&decision, "10.2.1.1", 22, NULL), POLICY_NO);
	ck_assert_int_eq(
	    policy_may_connect(&decision, "db", 22, NULL), POLICY_ASK_ADDRESS);
	ck_assert_int_eq(
	    policy_may_connect(&decision, "db", 22, &address), POLICY_YES);
	ck_assert_int_eq(
	    policy_may_connect(&decision, "db", 65558, NULL), POLICY_NO);
	ck_assert(policy_may_env(&decision, "LC_ALL"));
	ck_assert(!policy_may_env(&decision, "X"));
	ck_assert(!policy_may_env(&decision, "LD_PRELOAD"));
	ck_assert(!policy_may_env(&decision, "PATH"));
	ck_assert(!policy_may_env(&decision, "SSH_ORIGINAL_COMMAND"));
	ck_assert(!policy_may_unix_connect(&decision, "/run/x"));
	done();
}
END_TEST

START_TEST(a_refused_decision_allows_nothing)
{
	struct policy_facts facts = facts_of_alice();

	facts.user_state = FACT_ABSENT;
	decide("rules = ( { name = \"r\"; methods = [ \"publickey\" ]; "
	       "local_forward = [ \"*:*\" ]; remote_forward = [ \"*:*\" ]; "
	       "unix_local = \"*\"; unix_remote = \"*\"; } );",
	    &facts);
	ck_assert_int_eq(
	    policy_may_connect(&decision, "a", 1, NULL), POLICY_NO);
	ck_assert(!may_listen(&decision, "localhost", 1));
	ck_assert(!policy_may_unix_connect(&decision, "/a"));
	ck_assert(!policy_may_unix_listen(&decision, "/a"));
	ck_assert(!policy_may_env(&decision, "LANG"));
	ck_assert(!policy_may_subsystem(&decision, "sftp"));
	done();
}
END_TEST

START_TEST(a_fresh_decision_allows_nothing)
{
	time_t ends;

	decision_init(&decision);
	ck_assert_int_eq(decision.verdict, POLICY_REFUSED);
	decision.verdict = POLICY_GRANTED; /* even so */
	ck_assert_int_eq(
	    policy_may_connect(&decision, "a", 1, NULL), POLICY_NO);
	ck_assert(!may_listen(&decision, "localhost", 1));
	ck_assert(!policy_may_env(&decision, "LANG"));
	ck_assert(!policy_may_now(&decision, 0, &ends));
	decision_free(&decision);
}
END_TEST

START_TEST(keys_and_certificates_only_tighten)
{
	struct policy_facts facts = facts_of_alice();
	struct origin origin = {"authorized_keys", 3};
	static const char *const open[] = {"db:5432", "[2001:db8::1]:22"};
	static const char *const ports[] = {"8080"};

	decide("rules = ( { name = \"r\"; methods = [ \"publickey\" ]; agent "
	       "= true; local_forward = \"*:*\"; remote_forward = \"*:*\"; } "
	       ");",
	    &facts);
	ck_assert_int_eq(
	    decision_tighten_off(&decision, GRANT_agent, origin), 0);
	ck_assert(!decision.grants.agent);
	ck_assert_int_eq(decision_tighten_off(&decision, GRANT_x11, origin), 0);
	ck_assert(!decision.grants.x11);
	ck_assert_int_eq(decision_tighten_targets(
			     &decision, GRANT_local_forward, open, 2, origin),
	    0);
	ck_assert_int_eq(
	    policy_may_connect(&decision, "db", 5432, NULL), POLICY_YES);
	ck_assert_int_eq(
	    policy_may_connect(&decision, "db", 1, NULL), POLICY_NO);
	ck_assert_int_eq(decision_tighten_targets(
			     &decision, GRANT_remote_forward, ports, 1, origin),
	    0);
	ck_assert(may_listen(&decision, "", 8080));
	ck_assert(!may_listen(&decision, "", 8081));
	ck_assert_int_eq(
	    decision_tighten_off(&decision, GRANT_local_forward, origin), 0);
	ck_assert_int_eq(
	    policy_may_connect(&decision, "db", 5432, NULL), POLICY_NO);
	ck_assert_int_eq(decision_tighten_command(&decision, "a", origin), 0);
	ck_assert_str_eq(decision.grants.command, "a");
	ck_assert_int_eq(decision_tighten_command(&decision, "a", origin), 0);
	ck_assert_int_ne(decision_tighten_command(&decision, "b", origin), 0);
	ck_assert_int_eq(decision.verdict, POLICY_REFUSED);
	done();
}
END_TEST

START_TEST(the_rules_command_goes_before_the_keys)
{
	struct policy_facts facts = facts_of_alice();
	struct origin origin = {"authorized_keys", 3};

	decide("rules = ( { name = \"r\"; methods = [ \"publickey\" ]; "
	       "command = \"rule\"; } );",
	    &facts);
	ck_assert_int_eq(decision_tighten_command(&decision, "key", origin), 0);
	ck_assert_str_eq(decision.grants.command, "rule");
	done();
}
END_TEST

START_TEST(a_late_guards_command_goes_before_the_keys_too)
{
	static const char *const walked[] = {"publickey"};
	struct policy_facts facts = facts_of_alice();
	struct origin origin = {"authorized_keys", 3};

	decide("rules = ( { name = \"r\"; methods = [ \"publickey\" ]; } ); "
	       "guards = ( { name = \"g\"; match = { method = \"publickey\"; "
	       "}; command = \"guard\"; } );",
	    &facts);
	ck_assert_int_eq(decision_tighten_command(&decision, "key", origin), 0);
	ck_assert(decision.key_commands);
	facts.methods = walked;
	facts.method_count = 1;
	facts.key_state = FACT_KNOWN;
	facts.key_type = "ssh-ed25519";
	facts.key_fingerprint = "SHA256:x";
	facts.key_source = "user";
	policy_guard(config, &facts, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_GRANTED);
	ck_assert_str_eq(decision.grants.command, "guard");
	ck_assert(!decision.key_commands);
	done();
}
END_TEST

START_TEST(channel_timeouts_take_the_least_of_the_layers)
{
	struct policy_facts facts = facts_of_alice();

	decide("rules = ( { name = \"r\"; methods = [ \"publickey\" ]; "
	       "channel_timeouts = [ \"session:shell=1h\", \"session*=2h\", "
	       "\"*=3h\" ]; } ); guards = ( { name = \"g\"; channel_timeouts "
	       "= \"x11*=1m\"; } );",
	    &facts);
	ck_assert_uint_eq(channel_timeout_of(&decision, "session:shell"), 3600);
	ck_assert_uint_eq(
	    channel_timeout_of(&decision, "session:command"), 7200);
	ck_assert_uint_eq(channel_timeout_of(&decision, "x11-connection"), 60);
	ck_assert_uint_eq(channel_timeout_of(&decision, "global"), CONFIG_NONE);
	done();
}
END_TEST

/* Each of 64 entries of the greatest length counts, or it is not loaded. */
START_TEST(no_channel_timeout_is_lost_on_its_way_to_the_worker)
{
	struct policy_facts facts = facts_of_alice();
	char *text = mem_zalloc(65536), kind[128], *problems;
	int i, at;

	at = sprintf(text,
	    "rules = ( { name = \"r\"; methods = [ \"x\" ]; "
	    "channel_timeouts = [ \"session=1\"");
	for (i = 1; i < 64; i++)
		at += sprintf(
		    &text[at], ", \"session:subsystem:%077d=%d\"", i, i + 1);
	sprintf(&text[at], " ]; } );");
	decide(text, &facts);
	for (i = 1; i < 64; i++) {
		snprintf(kind, sizeof(kind), "session:subsystem:%077d", i);
		ck_assert_uint_eq(
		    channel_timeout_of(&decision, kind), (uint32_t)i + 1);
	}
	done();
	/* One byte more in a kind, and it would be cut: refused. */
	problems = problems_of(
	    "guards = ( { name = \"g\"; channel_timeouts = "
	    "\"session:subsystem:0123456789012345678901234567890123456789"
	    "01234567890123456789012345678901234567=1\"; } );");
	ck_assert_msg(
	    strstr(problems, "not a channel time-out") != NULL, "%s", problems);
	free(problems);
	free(text);
}
END_TEST

static void
is_refused(const char *guard, const char *says)
{
	char text[512], *problems;

	snprintf(
	    text, sizeof(text), "guards = ( { name = \"g\"; %s } );", guard);
	problems = problems_of(text);
	ck_assert_msg(
	    strstr(problems, says) != NULL, "%s: %s", guard, problems);
	free(problems);
}

/* A slip of the pen that would switch the guard off. */
START_TEST(what_can_match_nothing_is_not_loaded)
{
	static const char kind[] = "no kind of channel";
	static const char fingerprint[] = "not a fingerprint";

	is_refused("channel_timeouts = \"sesion=5m\";", kind);
	is_refused("channel_timeouts = \"x11=5m\";", kind);
	is_refused("channel_timeouts = \"session:subsystem:=5m\";", kind);
	is_refused("channel_timeouts = \"sesion:*=5m\";", kind);
	is_refused("match = { key_ca = \"SHA256:short\"; }; pty = false;",
	    fingerprint);
	is_refused("key_cas = "
		   "\"SHA256:0123456789012345678901234567890123456789abcd\";",
	    fingerprint);
	is_refused("key_cas = "
		   "\"SHA256:0123456789012345678901234567890123456789ab=\";",
	    fingerprint);
}
END_TEST

START_TEST(channel_timeouts_that_do_not_fit_are_not_loaded)
{
	char *text = mem_zalloc(1 << 20), *problems;
	int guard, i, at;

	at = sprintf(text,
	    "rules = ( { name = \"r\"; methods = [ \"x\" ]; } "
	    ");\nguards = (");
	for (guard = 0; guard < 8; guard++) {
		at += sprintf(&text[at],
		    "%s { name = \"g%d\"; channel_timeouts = [ \"session=1\"",
		    guard > 0 ? "," : "", guard);
		for (i = 1; i < 64; i++)
			at += sprintf(
			    &text[at], ", \"session:subsystem:%063d=1\"", i);
		at += sprintf(&text[at], " ]; }");
	}
	sprintf(&text[at], " );");
	problems = problems_of(text);
	ck_assert_msg(
	    strstr(problems,
		"a.conf:1: rules.r.channel_timeouts: too long together") !=
		NULL,
	    "%s", problems);
	free(problems);
	free(text);
}
END_TEST

Suite *
suite_policy_may(void)
{
	Suite *suite = suite_create("policy_may");
	TCase *tc = tcase_create("policy_may");

	tcase_add_test(
	    tc, sftp_only_leaves_the_sftp_subsystem_and_nothing_else);
	tcase_add_test(tc, an_empty_list_of_revocation_lists_asks_none);
	tcase_add_test(tc, every_layer_of_a_list_must_allow);
	tcase_add_test(tc, a_refused_decision_allows_nothing);
	tcase_add_test(tc, a_fresh_decision_allows_nothing);
	tcase_add_test(tc, keys_and_certificates_only_tighten);
	tcase_add_test(tc, the_rules_command_goes_before_the_keys);
	tcase_add_test(tc, channel_timeouts_take_the_least_of_the_layers);
	tcase_add_test(tc, no_channel_timeout_is_lost_on_its_way_to_the_worker);
	tcase_add_test(tc, what_can_match_nothing_is_not_loaded);
	tcase_add_test(tc, channel_timeouts_that_do_not_fit_are_not_loaded);
	tcase_add_test(tc, a_late_guards_command_goes_before_the_keys_too);
	suite_add_tcase(suite, tc);
	return suite;
}
