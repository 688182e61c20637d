/*
 * config/policy/match.c: a fact that is not known refuses where it is asked
 * for; a guard sees every method that was walked.
 */
#include "config/policy/policy.h"
#include "tests/unit/config/decide.h"
#include "tests/unit/config/suites.h"
#include "tests/unit/config/support.h"

#include <stdio.h>
#include <string.h>

START_TEST(groups_that_are_not_known_refuse_where_they_are_asked)
{
	struct policy_facts facts = facts_of_alice();

	facts.groups_state = FACT_UNKNOWN;
	decide(MATCH("group = \"staff\";"), &facts);
	ck_assert_int_eq(decision.verdict, POLICY_REFUSED);
	ck_assert_int_eq(decision.reason, REFUSAL_unknown_fact);
	ck_assert(decision.decoy);
	done();
	decide(MATCH("group = [ \"!staff\" ];"), &facts);
	ck_assert_int_eq(decision.verdict, POLICY_REFUSED);
	done();
	/* A condition that is false for sure makes the group irrelevant. */
	decide(MATCH("group = \"staff\"; user = \"bob\";"), &facts);
	ck_assert_int_eq(decision.verdict, POLICY_GRANTED);
	ck_assert_str_eq(decision.rule->name, "any");
	done();
	decide(RULES("") "guards = ( { name = \"g\"; match = "
			 "{ group = \"staff\"; }; pty = false; } );",
	    &facts);
	ck_assert_int_eq(decision.verdict, POLICY_REFUSED);
	ck_assert_int_eq(decision.reason, REFUSAL_unknown_fact);
	done();
}
END_TEST

START_TEST(a_source_that_is_not_known_refuses_where_it_is_asked)
{
	struct policy_facts facts = facts_of_alice();

	memset(&facts.source, 0, sizeof(facts.source));
	decide(MATCH("from = [ \"!10.0.0.0/8\" ];"), &facts);
	ck_assert_int_eq(decision.verdict, POLICY_REFUSED);
	ck_assert_int_eq(decision.reason, REFUSAL_unknown_fact);
	done();
}
END_TEST

/* -i: the connection came by no listener. */
START_TEST(without_a_listener_a_list_that_excludes_one_refuses)
{
	struct policy_facts facts = facts_of_alice();

	facts.listener = NULL;
	decide("listeners = ( { name = \"main\"; } ); " RULES(
		   "") "guards = ( { name = \"g\"; match = { listener = "
		       "\"!main\"; }; refuse = true; } );",
	    &facts);
	ck_assert_int_eq(decision.verdict, POLICY_REFUSED);
	ck_assert_int_eq(decision.reason, REFUSAL_unknown_fact);
	done();
	decide(MATCH("listener = [ \"*\", \"!main\" ];"), &facts);
	ck_assert_int_eq(decision.reason, REFUSAL_unknown_fact);
	done();
	decide(MATCH("listener = \"main\";"), &facts);
	ck_assert_int_eq(decision.verdict, POLICY_GRANTED);
	ck_assert_str_eq(decision.rule->name, "any");
	done();
}
END_TEST

struct absent_row {
	const char *match;
	enum policy_verdict verdict; /* of a password, without a key */
};

static const struct absent_row absent_rows[] = {
    {"key_type = \"!sk-*\";", POLICY_REFUSED},
    {"key_type = [ \"*\", \"!sk-*\" ];", POLICY_REFUSED},
    {"key_source = \"!ldap\";", POLICY_REFUSED},
    {"key_type = \"ssh-rsa\";", POLICY_GRANTED},
    {"key_ca = \"SHA256:x++++++++++++++++++++++++++++++++++++++++++\";",
	POLICY_GRANTED},
    {"method = \"publickey\"; key_type = \"!sk-*\";", POLICY_GRANTED},
    {"method = \"!publickey\";", POLICY_REFUSED},
};

START_TEST(a_password_does_not_pass_by_a_guard_that_excludes_keys)
{
	static const char *const walked[] = {"password"};
	struct policy_facts facts = facts_of_alice();
	char text[512];

	snprintf(text, sizeof(text),
	    "rules = ( { name = \"r\"; methods = [ \"publickey\", "
	    "\"password\" ]; } ); guards = ( { name = \"g\"; match = { %s }; "
	    "refuse = true; } );",
	    absent_rows[_i].match);
	decide(text, &facts);
	facts.methods = walked;
	facts.method_count = 1;
	policy_guard(config, &facts, &decision);
	ck_assert_int_eq(decision.verdict, absent_rows[_i].verdict);
	done();
}
END_TEST

/* Guards may make a chain longer than its eight steps. */
START_TEST(a_guard_sees_every_method_that_was_walked)
{
	static const char *const walked[] = {
	    "publickey", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "password"};
	struct policy_facts facts = facts_of_alice();

	decide("rules = ( { name = \"r\"; methods = [ "
	       "\"publickey,a1,a2,a3,a4,a5,a6,a7\" ]; } ); guards = ( { name = "
	       "\"m\"; require = \"password\"; }, { name = \"g\"; match = { "
	       "method = \"password\"; }; refuse = true; } );",
	    &facts);
	facts.methods = walked;
	facts.method_count = 9;
	facts.key_state = FACT_KNOWN;
	facts.key_type = "ssh-ed25519";
	facts.key_fingerprint =
	    "SHA256:x++++++++++++++++++++++++++++++++++++++++++";
	facts.key_source = "user";
	policy_guard(config, &facts, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_REFUSED);
	ck_assert_int_eq(decision.reason, REFUSAL_guard_refuses);
	done();
}
END_TEST

Suite *
suite_unknown(void)
{
	Suite *suite = suite_create("unknown");
	TCase *tc = tcase_create("unknown");

	tcase_add_test(
	    tc, groups_that_are_not_known_refuse_where_they_are_asked);
	tcase_add_test(
	    tc, a_source_that_is_not_known_refuses_where_it_is_asked);
	tcase_add_test(tc, without_a_listener_a_list_that_excludes_one_refuses);
	tcase_add_loop_test(tc,
	    a_password_does_not_pass_by_a_guard_that_excludes_keys, 0,
	    sizeof(absent_rows) / sizeof(absent_rows[0]));
	tcase_add_test(tc, a_guard_sees_every_method_that_was_walked);
	suite_add_tcase(suite, tc);
	return suite;
}
