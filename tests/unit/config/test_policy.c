/*
 * config/policy*.c: who is let in, as what, and what not knowing costs.
 */
#include "config/policy/policy.h"
#include "config/policy/match.h"
#include "tests/unit/config/decide.h"
#include "tests/unit/config/suites.h"
#include "tests/unit/config/support.h"

#include <stdlib.h>
#include <string.h>

struct row {
	const char *match;
	int matches; /* 1, 0, or -1: unknown, refused */
};

static const struct row rows[] = {
    {"user = \"alice\";", 1},
    {"user = \"al*\";", 1},
    {"user = \"Alice\";", 0},
    {"user = [ \"*\", \"!alice\" ];", 0},
    {"user = [ \"!bob\" ];", 1},
    {"group = \"staff\";", 1},
    {"group = [ \"wheel\", \"st?ff\" ];", 1},
    {"group = [ \"staff\", \"!users\" ];", 0},
    {"group = \"wheel\";", 0},
    {"uid = \"1000-2000\";", 1},
    {"uid = [ \"1\", \"999\" ];", 0},
    {"from = \"192.0.2.0/24\";", 1},
    {"from = [ \"192.0.2.0/24\", \"!192.0.2.1\" ];", 0},
    {"from = [ \"!10.0.0.0/8\" ];", 1},
    {"from = \"2001:db8::/32\";", 0},
    {"listener = \"main\";", 1},
    {"listener = \"ma*\";", 1},
    {"listener = [ \"!main\" ];", 0},
    {"time = \"tue 22:00-23:00 UTC\";", 1},
    {"time = \"tue 22:14-23:00 UTC\";", 0},
    {"time = \"tue 21:00-22:13 UTC\";", 0},
    {"time = \"tue 23:00-01:00 Europe/Berlin\";", 1},
    {"time = \"mon 23:00-06:00 UTC\";", 0},
    {"time = \"22:00-23:00 No/Where\";", -1},
    {"user = \"bob\"; time = \"22:00-23:00 No/Where\";", 0},
    {"user = \"alice\"; group = \"wheel\";", 0},
    {"invalid_user = true;", 0},
    {"user = \"alice\"; }, { group = \"staff\"; ", 1},
    {"user = \"a*\"; }, { user = [ \"*\", \"!alice\" ]; ", 0},
    {"user = \"a*\"; }, { time = \"22:00-23:00 No/Where\"; ", -1},
};

START_TEST(a_rule_matches_when_all_its_conditions_hold)
{
	struct policy_facts facts = facts_of_alice();
	char text[512];

	snprintf(text, sizeof(text), MATCH("%s"), rows[_i].match);
	decide(text, &facts);
	if (rows[_i].matches < 0) {
		ck_assert_int_eq(decision.verdict, POLICY_REFUSED);
		ck_assert_int_eq(decision.reason, REFUSAL_unknown_fact);
	} else {
		ck_assert_int_eq(decision.verdict, POLICY_GRANTED);
		ck_assert_str_eq(
		    decision.rule->name, rows[_i].matches ? "m" : "any");
	}
	done();
}
END_TEST

START_TEST(a_user_that_is_not_known_is_refused_whatever_matches)
{
	struct policy_facts facts = facts_of_alice();

	facts.user_state = FACT_UNKNOWN;
	decide(RULES(""), &facts);
	ck_assert_int_eq(decision.verdict, POLICY_REFUSED);
	ck_assert_int_eq(decision.reason, REFUSAL_unknown_fact);
	done();
}
END_TEST

START_TEST(an_absent_user_walks_the_decoy)
{
	struct policy_facts facts = facts_of_alice();

	facts.user_state = FACT_ABSENT;
	facts.groups_state = FACT_ABSENT;
	decide(RULES("{ name = \"d\"; methods = [ \"password\" ]; match = "
		     "{ user = \"x\"; }; },") "decoy = \"d\";",
	    &facts);
	ck_assert_int_eq(decision.verdict, POLICY_REFUSED);
	ck_assert_int_eq(decision.reason, REFUSAL_unknown_user);
	ck_assert(decision.decoy);
	ck_assert_str_eq(decision.rule->name, "d");
	ck_assert_uint_eq(decision.chains.count, 1);
	ck_assert_str_eq(decision.chains.items[0].text, "password");
	policy_guard(config, &facts, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_REFUSED);
	done();
}
END_TEST

START_TEST(refuse_and_no_match_walk_the_decoy_too)
{
	struct policy_facts facts = facts_of_alice();

	decide(RULES("{ name = \"no\"; match = { user = \"alice\"; }; "
		     "refuse = true; },"),
	    &facts);
	ck_assert_int_eq(decision.reason, REFUSAL_rule_refuses);
	ck_assert_str_eq(decision.rule->name, "any");
	done();
	decide("rules = ( { name = \"b\"; match = { user = \"bob\"; }; "
	       "methods = [ \"publickey\" ]; } );",
	    &facts);
	ck_assert_int_eq(decision.reason, REFUSAL_no_rule);
	ck_assert(decision.decoy);
	done();
}
END_TEST

START_TEST(invalid_user_rules_meet_only_names_that_do_not_exist)
{
	struct policy_facts facts = facts_of_alice();

	facts.user_state = FACT_ABSENT;
	decide(RULES("{ name = \"no\"; match = { invalid_user = true; }; "
		     "refuse = true; },"),
	    &facts);
	ck_assert_int_eq(decision.reason, REFUSAL_rule_refuses);
	done();
}
END_TEST

struct root_row {
	const char *match;
	const char *rest;
	bool enters;
};

static const struct root_row root_rows[] = {
    {"user = \"root\";", "root_login = \"key\";", true},
    {"uid = \"0\";", "root_login = \"yes\";", true},
    {"user = [ \"bob\", \"root\" ];", "root_login = \"key\";", true},
    {"user = \"root\";", "", false},
    {"user = \"*\";", "root_login = \"yes\";", false},
    {"user = \"roo?\";", "root_login = \"yes\";", false},
    {"uid = \"0-10\";", "root_login = \"yes\";", false},
    {"group = \"root\";", "root_login = \"yes\";", false},
    {"user = [ \"!bob\" ];", "root_login = \"yes\";", false},
    {"from = \"192.0.2.0/24\";", "root_login = \"yes\";", false},
    {"uid = \"0-10\"; }, { user = \"root\";", "root_login = \"key\";", true},
    {"user = \"root\"; }, { user = \"b*\";", "root_login = \"key\";", false},
    {"user = \"root\"; }, { user = \"r*\";", "root_login = \"key\";", true},
};

START_TEST(root_enters_by_a_rule_that_names_it_only)
{
	static const char *const groups[] = {"root"};
	struct policy_facts facts = facts_of_alice();
	char text[512];

	facts.user = "root";
	facts.uid = 0;
	facts.groups = groups;
	facts.group_count = 1;
	snprintf(text, sizeof(text),
	    "rules = ( { name = \"r\"; match = "
	    "( { %s } ); methods = [ \"publickey\" ]; %s } );",
	    root_rows[_i].match, root_rows[_i].rest);
	decide(text, &facts);
	ck_assert_int_eq(
	    decision.verdict == POLICY_GRANTED, root_rows[_i].enters);
	done();
}
END_TEST

START_TEST(another_name_of_uid_0_is_root_as_well)
{
	struct policy_facts facts = facts_of_alice();

	facts.user = "toor";
	facts.uid = 0;
	decide("rules = ( { name = \"r\"; match = { user = \"root\"; }; "
	       "methods = [ \"publickey\" ]; root_login = \"yes\"; }," ANY ");",
	    &facts);
	ck_assert_int_eq(decision.verdict, POLICY_REFUSED);
	ck_assert_int_eq(decision.reason, REFUSAL_no_rule);
	done();
}
END_TEST

START_TEST(root_login_key_drops_chains_of_passwords)
{
	struct policy_facts facts = facts_of_alice();

	facts.user = "root";
	facts.uid = 0;
	decide("rules = ( { name = \"r\"; match = { user = \"root\"; }; "
	       "methods = [ \"password\", \"publickey,password\" ]; "
	       "root_login = \"key\"; } );",
	    &facts);
	ck_assert_int_eq(decision.verdict, POLICY_GRANTED);
	ck_assert_uint_eq(decision.chains.count, 1);
	ck_assert_str_eq(decision.chains.items[0].text, "publickey,password");
	done();
	decide("rules = ( { name = \"r\"; match = { user = \"root\"; }; "
	       "methods = [ \"password\" ]; root_login = \"key\"; } );",
	    &facts);
	ck_assert_int_eq(decision.verdict, POLICY_REFUSED);
	ck_assert_int_eq(decision.reason, REFUSAL_root);
	done();
}
END_TEST

/* After authentication. */

static const char *const by_key[] = {"publickey:publickey"};

static struct policy_facts
facts_with_key(void)
{
	struct policy_facts facts = facts_of_alice();

	facts.methods = by_key;
	facts.method_count = 1;
	facts.key_state = FACT_KNOWN;
	facts.key_type = "ssh-ed25519";
	facts.key_fingerprint = "SHA256:abc";
	facts.key_source = "files";
	facts.key_bits = 256;
	return facts;
}

START_TEST(root_login_forced_command_needs_one_of_rule_or_key)
{
	struct policy_facts facts = facts_with_key();
	const char *text = "rules = ( { name = \"r\"; match = "
			   "{ user = \"root\"; }; methods = "
			   "[ \"publickey\" ]; root_login = "
			   "\"forced-command\"; } );";

	facts.user = "root";
	facts.uid = 0;
	decide(text, &facts);
	ck_assert_int_eq(decision.verdict, POLICY_GRANTED);
	policy_guard(config, &facts, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_REFUSED);
	ck_assert_int_eq(decision.reason, REFUSAL_root);
	done();
	facts.key_command = "backup";
	decide(text, &facts);
	policy_guard(config, &facts, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_GRANTED);
	done();
}
END_TEST

START_TEST(a_chain_that_was_not_walked_is_no_success)
{
	static const char *const password[] = {"password"};
	struct policy_facts facts = facts_of_alice();

	facts.methods = password;
	facts.method_count = 1;
	decide(RULES(""), &facts);
	policy_guard(config, &facts, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_REFUSED);
	ck_assert_int_eq(decision.reason, REFUSAL_no_chain);
	done();
	facts.method_count = 0;
	decide(RULES(""), &facts);
	policy_guard(config, &facts, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_REFUSED);
	done();
}
END_TEST

START_TEST(half_a_chain_is_no_success)
{
	struct policy_facts facts = facts_with_key();

	decide("rules = ( { name = \"r\"; methods = "
	       "[ \"publickey,password\" ]; } );",
	    &facts);
	policy_guard(config, &facts, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_REFUSED);
	done();
	decide("rules = ( { name = \"r\"; methods = "
	       "[ \"publickey,publickey\" ]; } );",
	    &facts);
	policy_guard(config, &facts, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_REFUSED);
	done();
}
END_TEST

START_TEST(a_key_that_is_not_described_refuses)
{
	struct policy_facts facts = facts_with_key();

	facts.key_state = FACT_UNKNOWN;
	decide(RULES(""), &facts);
	policy_guard(config, &facts, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_REFUSED);
	ck_assert_int_eq(decision.reason, REFUSAL_unknown_fact);
	done();
}
END_TEST

struct key_row {
	const char *grants;
	const char *type;
	const char *ca;
	unsigned bits;
	bool touched, verified;
	bool good;
};

static const struct key_row key_rows[] = {
    {"", "ssh-ed25519", NULL, 256, false, false, true},
    {"key_types = \"ssh-ed25519\";", "ssh-ed25519", NULL, 256, 0, 0, 1},
    {"key_types = \"sk-*\";", "ssh-ed25519", NULL, 256, 0, 0, 0},
    {"key_sources = \"ldap\";", "ssh-ed25519", NULL, 256, 0, 0, 0},
    {"key_sources = [ \"ldap\", \"fi*\" ];", "ssh-ed25519", NULL, 256, 0, 0, 1},
    {"key_certificate = true;", "ssh-ed25519", NULL, 256, 0, 0, 0},
    {"key_certificate = true;", "ssh-ed25519-cert-v01@openssh.com",
	"SHA256:ca+++++++++++++++++++++++++++++++++++++++++", 256, 0, 0, 1},
    {"", "ssh-ed25519-cert-v01@openssh.com", NULL, 256, 0, 0, 0},
    {"key_cas = \"SHA256:ca+++++++++++++++++++++++++++++++++++++++++\";",
	"ssh-ed25519-cert-v01@openssh.com",
	"SHA256:ca+++++++++++++++++++++++++++++++++++++++++", 256, 0, 0, 1},
    {"key_cas = \"SHA256:ca+++++++++++++++++++++++++++++++++++++++++\";",
	"ssh-ed25519-cert-v01@openssh.com",
	"SHA256:other++++++++++++++++++++++++++++++++++++++", 256, 0, 0, 0},
    {"", "ssh-rsa", NULL, 2048, 0, 0, 1},
    {"", "ssh-rsa", NULL, 2047, 0, 0, 0},
    {"key_rsa_bits = 4096;", "ssh-rsa", NULL, 3072, 0, 0, 0},
    {"", "sk-ssh-ed25519@openssh.com", NULL, 256, 0, 0, 1},
    {"key_touch = true;", "sk-ssh-ed25519@openssh.com", NULL, 256, 0, 0, 0},
    {"key_touch = true;", "sk-ssh-ed25519@openssh.com", NULL, 256, 1, 0, 1},
    {"key_touch = false;", "sk-ssh-ed25519@openssh.com", NULL, 256, 0, 0, 1},
    {"key_verify = true;", "sk-ssh-ed25519@openssh.com", NULL, 256, 1, 0, 0},
    {"key_verify = true;", "sk-ssh-ed25519@openssh.com", NULL, 256, 1, 1, 1},
    {"key_verify = true;", "ssh-ed25519", NULL, 256, 0, 0, 1},
};

START_TEST(a_key_must_meet_every_requirement)
{
	const struct key_row *row = &key_rows[_i];
	struct policy_facts facts = facts_with_key();
	char text[512], why[128];

	facts.key_type = row->type;
	facts.key_ca = row->ca;
	facts.key_bits = row->bits;
	facts.key_touched = row->touched;
	facts.key_verified = row->verified;
	snprintf(text, sizeof(text),
	    "rules = ( { name = \"r\"; methods = "
	    "[ \"publickey\" ]; %s } );",
	    row->grants);
	decide(text, &facts);
	ck_assert_int_eq(
	    policy_may_key(&decision, &facts, why, sizeof(why)), row->good);
	policy_guard(config, &facts, &decision);
	ck_assert_int_eq(decision.verdict == POLICY_GRANTED, row->good);
	if (!row->good)
		ck_assert_int_eq(decision.reason, REFUSAL_key);
	done();
}
END_TEST

#define REFUSES(match)                                                         \
	"} ); guards = ( { name = \"g\"; refuse = true; match = { " match " }" \
	";"
static const struct {
	const char *text;
	const char *principal; /* NULL: another method */
	int unknown, good;
} principal_rows[] = {
    {"principals = \"*@REALM\";", "ann@REALM", 0, 1},
    {"principals = \"*@REALM\";", "ann@OTHER", 0, 0},
    {"principals = [ \"*\", \"!*/admin@*\" ];", "ann/admin@REALM", 0, 0},
    {"principals = [];", "ann@REALM", 0, 0},
    {"principals = [];", NULL, 0, 1},
    {REFUSES("realm = \"REALM\";"), "ann@REALM", 0, 0},
    {REFUSES("realm = \"REALM\";"), "ann@OTHER", 0, 1},
    /* An "@" that is quoted is part of a name. */
    {REFUSES("realm = \"REALM\";"), "ann\\@REALM@OTHER", 0, 1},
    {REFUSES("realm = \"REALM\";"), NULL, 0, 1},
    {REFUSES("realm = \"REALM\";"), NULL, 1, 0},
    /* Without a ticket a list that excludes is not known to hold. */
    {REFUSES("realm = \"!REALM\";"), NULL, 0, 0},
    {REFUSES("principal = \"*/admin@*\";"), "ann/admin@REALM", 0, 0},
    {REFUSES("principal = \"*/admin@*\";"), "ann@REALM", 0, 1},
};

START_TEST(principals_are_judged_after_the_chain)
{
	const char *methods[] = {"publickey"};
	struct policy_facts facts = facts_of_alice();
	char text[512];

	facts.methods = methods;
	facts.method_count = 1;
	facts.key_state = FACT_KNOWN;
	facts.key_type = "ssh-ed25519";
	facts.key_bits = 256;
	snprintf(text, sizeof(text),
	    "rules = ( { name = \"r\"; methods = [ \"publickey\" ]; %s } );",
	    principal_rows[_i].text);
	facts.principal = principal_rows[_i].principal;
	facts.principal_state = facts.principal != NULL ? FACT_KNOWN :
	    principal_rows[_i].unknown			? FACT_UNKNOWN :
							  FACT_ABSENT;
	decide(text, &facts);
	ck_assert_int_eq(decision.verdict, POLICY_GRANTED);
	policy_guard(config, &facts, &decision);
	ck_assert_int_eq(
	    decision.verdict == POLICY_GRANTED, principal_rows[_i].good);
	done();
}
END_TEST

START_TEST(guards_forbid_and_require_before_and_after)
{
	struct policy_facts facts = facts_with_key();
	static const char *const both[] = {
	    "publickey", "keyboard-interactive:pam/otp"};

	decide("rules = ( { name = \"r\"; methods = [ \"publickey\", "
	       "\"password\" ]; } ); guards = ( { name = \"g\"; match = "
	       "{ from = \"192.0.2.0/24\"; }; forbid = \"pass*\"; require = "
	       "\"keyboard-interactive:pam/otp\"; } );",
	    &facts);
	ck_assert_uint_eq(decision.chains.count, 1);
	ck_assert_str_eq(decision.chains.items[0].text,
	    "publickey,keyboard-interactive:pam/otp");
	ck_assert_uint_eq(decision.chains.items[0].count, 2);
	policy_guard(config, &facts, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_REFUSED);
	done();

	decide("rules = ( { name = \"r\"; methods = [ \"publickey\" ]; } ); "
	       "guards = ( { name = \"g\"; match = { key_source = "
	       "\"files\"; }; require = \"keyboard-interactive:pam/otp\"; } "
	       ");",
	    &facts);
	ck_assert_str_eq(decision.chains.items[0].text, "publickey");
	policy_guard(config, &facts, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_MORE);
	ck_assert_uint_eq(decision.more.count, 1);
	ck_assert_str_eq(decision.more.steps[0].service, "otp");
	policy_guard(config, &facts, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_MORE);
	facts.methods = both;
	facts.method_count = 2;
	policy_guard(config, &facts, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_GRANTED);
	done();

	facts = facts_with_key();
	decide("rules = ( { name = \"r\"; methods = [ \"publickey\" ]; } ); "
	       "guards = ( { name = \"g\"; match = { method = "
	       "\"publickey\"; }; forbid = \"publickey\"; } );",
	    &facts);
	ck_assert_int_eq(decision.verdict, POLICY_GRANTED);
	policy_guard(config, &facts, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_REFUSED);
	ck_assert_int_eq(decision.reason, REFUSAL_no_chain);
	done();
}
END_TEST

START_TEST(a_guard_that_forbids_all_refuses_at_once)
{
	struct policy_facts facts = facts_of_alice();

	decide(RULES("") "guards = ( { name = \"g\"; forbid = \"*\"; } );",
	    &facts);
	ck_assert_int_eq(decision.verdict, POLICY_REFUSED);
	ck_assert_int_eq(decision.reason, REFUSAL_no_chain);
	ck_assert_uint_gt(decision.chains.count, 0); /* the decoy asks */
	done();
}
END_TEST

START_TEST(a_different_forced_command_refuses_the_same_does_not)
{
	struct policy_facts facts = facts_of_alice();

	decide("rules = ( { name = \"r\"; methods = [ \"publickey\" ]; "
	       "command = \"a\"; } ); guards = ( { name = \"g\"; command = "
	       "\"b\"; } );",
	    &facts);
	ck_assert_int_eq(decision.verdict, POLICY_REFUSED);
	ck_assert_int_eq(decision.reason, REFUSAL_conflict);
	done();
	decide("rules = ( { name = \"r\"; methods = [ \"publickey\" ]; "
	       "command = \"a\"; pty = true; } ); guards = ( { name = "
	       "\"g\"; command = \"a\"; } );",
	    &facts);
	ck_assert_int_eq(decision.verdict, POLICY_GRANTED);
	ck_assert(decision.grants.pty);
	done();
	decide(RULES("") "guards = ( { name = \"g\"; command = \"a\"; } );",
	    &facts);
	ck_assert_str_eq(decision.grants.command, "a");
	ck_assert(!decision.grants.pty);
	done();
}
END_TEST

START_TEST(adjoining_windows_end_together)
{
	struct policy_facts facts = facts_of_alice();
	time_t ends;

	/* now is Tue 22:13:20 UTC, 1700000000 */
	decide("rules = ( { name = \"r\"; methods = [ \"publickey\" ]; "
	       "times = [ \"tue 22:00-23:00 UTC\", \"tue 23:00-24:00 UTC\", "
	       "\"wed 00:00-01:30 UTC\", \"wed 02:00-03:00 UTC\" ]; } );",
	    &facts);
	ck_assert_int_eq(decision.verdict, POLICY_GRANTED);
	ck_assert(policy_may_now(&decision, facts.now, &ends));
	ck_assert_int_eq(ends, 1700000000 - 20 + 60 * (47 + 60 + 90));
	ck_assert(!policy_may_now(&decision, ends, &ends));
	done();
	facts.now += 86400;
	decide(RULES("{ name = \"t\"; methods = [ \"publickey\" ]; times = "
		     "\"tue 00:00-24:00 UTC\"; },"),
	    &facts);
	ck_assert_int_eq(decision.verdict, POLICY_REFUSED);
	ck_assert_int_eq(decision.reason, REFUSAL_time);
	done();
}
END_TEST

START_TEST(a_guard_outside_its_times_refuses_and_midnight_is_crossed)
{
	struct policy_facts facts = facts_of_alice();
	time_t ends;

	decide(RULES("") "guards = ( { name = \"g\"; times = "
			 "\"mon-fri 22:00-06:00 UTC\"; } );",
	    &facts);
	ck_assert_int_eq(decision.verdict, POLICY_GRANTED);
	ck_assert(policy_may_now(&decision, facts.now, &ends));
	ck_assert_int_eq(ends, 1700000000 - 800 + 8 * 3600);
	ck_assert(policy_may_now(&decision, ends - 1, &ends));
	ck_assert(!policy_may_now(&decision, ends, &ends));
	done();
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

Suite *
suite_policy(void)
{
	Suite *suite = suite_create("policy");
	TCase *tc = tcase_create("policy");

	tcase_add_loop_test(
	    tc, a_rule_matches_when_all_its_conditions_hold, 0, COUNT(rows));
	tcase_add_test(
	    tc, a_user_that_is_not_known_is_refused_whatever_matches);
	tcase_add_test(tc, an_absent_user_walks_the_decoy);
	tcase_add_test(tc, refuse_and_no_match_walk_the_decoy_too);
	tcase_add_test(
	    tc, invalid_user_rules_meet_only_names_that_do_not_exist);
	tcase_add_loop_test(
	    tc, root_enters_by_a_rule_that_names_it_only, 0, COUNT(root_rows));
	tcase_add_test(tc, another_name_of_uid_0_is_root_as_well);
	tcase_add_test(tc, root_login_key_drops_chains_of_passwords);
	tcase_add_test(tc, root_login_forced_command_needs_one_of_rule_or_key);
	tcase_add_test(tc, a_chain_that_was_not_walked_is_no_success);
	tcase_add_test(tc, half_a_chain_is_no_success);
	tcase_add_test(tc, a_key_that_is_not_described_refuses);
	tcase_add_loop_test(
	    tc, a_key_must_meet_every_requirement, 0, COUNT(key_rows));
	tcase_add_loop_test(tc, principals_are_judged_after_the_chain, 0,
	    sizeof(principal_rows) / sizeof(principal_rows[0]));
	tcase_add_test(tc, guards_forbid_and_require_before_and_after);
	tcase_add_test(tc, a_guard_that_forbids_all_refuses_at_once);
	tcase_add_test(
	    tc, a_different_forced_command_refuses_the_same_does_not);
	tcase_add_test(tc, adjoining_windows_end_together);
	tcase_add_test(
	    tc, a_guard_outside_its_times_refuses_and_midnight_is_crossed);
	suite_add_tcase(suite, tc);
	return suite;
}
