/*
 * config/policy/forward.c: one matcher for all forwards.
 */
#include "config/policy/forward.h"
#include "tests/unit/config/decide.h"
#include "tests/unit/config/suites.h"
#include "tests/unit/config/support.h"

#include <stdio.h>
#include <string.h>

#define ASK POLICY_ASK_ADDRESS
#define YES POLICY_YES
#define NO  POLICY_NO

static void
decide_with(const char *grants)
{
	static char text[2048];
	struct policy_facts facts = facts_of_alice();

	snprintf(text, sizeof(text),
	    "rules = ( { name = \"r\"; methods = [ \"publickey\" ]; %s } );",
	    grants);
	decide(text, &facts);
}

/* ---- connecting ---- */

static const struct {
	const char *targets, *typed, *address; /* NULL: not looked up yet */
	enum policy_answer answer;
} connect_rows[] = {
    /* A pattern of digits and dots is about addresses, not about names. */
    {"10.20.30.*:22", "10.20.30.attacker.example", NULL, ASK},
    {"10.20.30.*:22", "10.20.30.attacker.example", "127.0.0.1", NO},
    {"10.20.30.*:22", "10.20.30.attacker.example", "10.20.30.4", YES},
    {"10.20.30.*:22", "10.20.30.4", NULL, YES},
    {"10.20.30.*:22", "db", "10.20.30.4", YES},
    {"10.20.30.*:22", "db", "10.20.31.4", NO},
    {"10.20.30.*:22", "10.20.30.", "127.0.0.1", NO},
    {"1*:22", "1234::5", NULL, NO},
    {"1*:22", "db", "1234::5", NO},
    {"?.*:22", "10.0.0.1", NULL, NO},
    /* and a name's is not about addresses */
    {"*a*:22", "fe80::a", NULL, NO},
    {"*f.1:22", "0x7f.1", NULL, NO},
    {"*.example:22", "a.example", NULL, YES},
    {"*.EXAMPLE:22", "A.example", "127.0.0.1", YES},
    {"*.example:22", "a.example.", NULL, NO},
    {"*.example:22", "a.example.evil", NULL, NO},
    {"localhost:22", "127.0.0.1", NULL, NO},
    {"*:22", "anything", NULL, YES},
    {"*:22", "fe80::1%1", NULL, YES},
    {"*:22", "", NULL, YES},
    /* Every spelling of an address is that address. */
    {"10.0.0.0/8:22", "::ffff:10.0.0.1", NULL, YES},
    {"10.0.0.0/8:22", "::ffff:0a00:0001", NULL, YES},
    {"10.0.0.0/8:22", "::ffff:11.0.0.1", NULL, NO},
    {"10.*:22", "::ffff:10.0.0.1", NULL, YES},
    {"127.0.0.1:22", "127.1", NULL, YES},
    {"127.0.0.1:22", "0x7f000001", NULL, YES},
    {"127.0.0.1:22", "2130706433", NULL, YES},
    {"127.0.0.1:22", "0177.0.0.1", NULL, YES},
    {"127.0.0.1:22", "127.0.0.1 x", NULL, ASK},
    {"127.0.0.1:22", "127.0.0.1.", NULL, ASK},
    {"10.0.0.0/8:22", "0x7f000001", NULL, NO},
    {"10.0.0.0/8:22", "012.0.0.1", NULL, YES},
    {"10.0.0.0/8:22", "012.0.0.1", "127.0.0.1", YES}, /* the typed one */
    {"[fe80::]/10:22", "fe80::1%1", NULL, YES},
    {"[2001:db8::]/32:22", "2001:db8::1", NULL, YES},
    {"[2001:db8::]/32:22", "::ffff:32.1.13.184", NULL, NO},
    /* The kernel takes these two to the loopback addresses. */
    {"0.0.0.0/8:22", "0.0.0.0", NULL, NO},
    {"0.0.0.0/8:22", "0", NULL, NO},
    {"127.0.0.0/8:22", "0", NULL, YES},
    {"[::]/64:22", "::", NULL, YES},
    {"[::]:22", "::", NULL, NO},
    {"10.0.0.0/8:22", "db", "0.0.0.0", NO},
    {"127.0.0.1:22", "::", NULL, NO},
    /* sshd's: what was typed, and nothing else. */
    {"=127.0.0.1:22", "127.0.0.1", NULL, YES},
    {"=127.0.0.1:22", "127.1", NULL, NO},
    {"=127.0.0.1:22", "localhost", NULL, NO},
    {"=127.0.0.1:22", "localhost", "127.0.0.1", NO},
    {"=10.0.0.0/8:22", "10.0.0.1", NULL, NO},
    {"=10.*:22", "10.0.0.1", NULL, NO},
    {"=*.example:22", "a.example", NULL, NO},
    {"=[::1]:22", "::1", NULL, YES},
    {"=db:22", "db", "192.0.2.1", YES},
    {"=db:22", "DB", NULL, NO},
    /* ports */
    {"*:21", "db", NULL, NO},
    {"*:20-30", "db", NULL, YES},
};

START_TEST(a_target_is_an_address_or_a_name)
{
	struct net_address address;
	char grants[256];

	snprintf(grants, sizeof(grants), "local_forward = [ \"%s\" ];",
	    connect_rows[_i].targets);
	decide_with(grants);
	if (connect_rows[_i].address != NULL)
		ck_assert_int_eq(
		    net_parse(connect_rows[_i].address, &address), 0);
	ck_assert_msg(policy_may_connect(&decision, connect_rows[_i].typed, 22,
			  connect_rows[_i].address != NULL ? &address : NULL) ==
		connect_rows[_i].answer,
	    "row %d: %s for %s", _i, connect_rows[_i].targets,
	    connect_rows[_i].typed);
	done();
}
END_TEST

/* The reported case: both lists say the same of the same address. */
START_TEST(a_network_and_a_pattern_agree)
{
	static const char *const yes[] = {"192.168.1.1", "10.1.2.3"};
	struct net_address a;

	decide_with("local_forward = [ \"192.168.0.0/16:22\", \"10.*:22\" ];");
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(net_parse(yes[i], &a), 0);
		ck_assert_int_eq(
		    policy_may_connect(&decision, "name", 22, &a), YES);
		ck_assert_int_eq(
		    policy_may_connect(&decision, yes[i], 22, NULL), YES);
	}
	ck_assert_int_eq(net_parse("127.0.0.1", &a), 0);
	ck_assert_int_eq(policy_may_connect(&decision, "name", 22, &a), NO);
	ck_assert_int_eq(
	    policy_may_connect(&decision, "10.1.evil", 22, &a), NO);
	done();
}
END_TEST

/* ---- listening ---- */

static const struct {
	const char *gateway, *targets, *asked;
	const char *addresses; /* that may be listened on */
} listen_rows[] = {
    {"no", "*:*", "localhost", "127.0.0.1 ::1 "},
    {"no", "*:*", "", "127.0.0.1 ::1 "},
    {"no", "*:*", "*", "127.0.0.1 ::1 "},
    {"no", "*:*", "::", "127.0.0.1 ::1 "},
    {"no", "*:*", "192.0.2.1", "127.0.0.1 ::1 "},
    {"no", "*:*", "127.0.0.1", "127.0.0.1 "},
    {"no", "*:*", "::1", "::1 "},
    {"no", "*:*", "::ffff:127.0.0.1", "127.0.0.1 "},
    {"client", "*:*", "", "0.0.0.0 :: "},
    {"client", "*:*", "*", "0.0.0.0 :: "},
    {"client", "*:*", "0.0.0.0", "0.0.0.0 "},
    {"client", "*:*", "::", ":: "},
    {"client", "*:*", "localhost", "127.0.0.1 ::1 "},
    {"client", "*:*", "LocalHost", "127.0.0.1 ::1 "},
    {"client", "*:*", "192.0.2.1", "192.0.2.1 "},
    {"client", "*:*", "a.name", ""},
    {"client", "*:*", "127.1", ""},
    {"yes", "*:*", "localhost", "0.0.0.0 :: "},
    {"yes", "*:*", "192.0.2.1", "0.0.0.0 :: "},
    /* "localhost" is the loopback addresses, whatever was asked for. */
    {"client", "localhost:*", "localhost", "127.0.0.1 ::1 "},
    {"client", "localhost:*", "127.0.0.1", "127.0.0.1 "},
    {"client", "localhost:*", "", ""},
    {"client", "localhost:*", "0.0.0.0", ""},
    {"no", "localhost:*", "", ""},
    {"no", "localhost:*", "192.0.2.1", ""},
    {"yes", "localhost:*", "localhost", "127.0.0.1 ::1 "},
    {"yes", "localhost:*", "", ""},
    {"no", "192.0.2.1:*", "192.0.2.1", ""},
    {"no", "*:*", "a.name", "127.0.0.1 ::1 "},
    /* The address of the permitted family is chosen. */
    {"client", "127.0.0.1:*", "localhost", "127.0.0.1 "},
    {"client", "[::]:*", "", ":: "},
    {"client", "0.0.0.0:*", "*", "0.0.0.0 "},
    {"client", "192.0.2.0/24:*", "192.0.2.9", "192.0.2.9 "},
    {"client", "192.0.2.0/24:*", "192.0.3.9", ""},
    {"client", "192.0.2.*:*", "192.0.2.9", "192.0.2.9 "},
    {"client", "192.0.2.*:*", "::ffff:192.0.2.9", "192.0.2.9 "},
    /* All addresses are in no smaller network. */
    {"client", "0.0.0.0/8:*", "", ""},
    {"client", "0.*:*", "0.0.0.0", ""},
    {"client", "0.0.0.0/0:*", "0.0.0.0", "0.0.0.0 "},
    /* sshd's PermitListen: a pattern for what was typed. */
    {"no", "=localhost:*", "localhost", "127.0.0.1 ::1 "},
    {"no", "=localhost:*", "LOCALHOST", "127.0.0.1 ::1 "},
    {"no", "=localhost:*", "127.0.0.1", ""},
    {"no", "=localhost:*", "", ""},
    {"yes", "=localhost:*", "localhost", "0.0.0.0 :: "},
    {"client", "=192.0.2.*:*", "192.0.2.9", "192.0.2.9 "},
    {"client", "=[::1]:*", "::1", "::1 "},
    {"client", "*:1", "", ""},
};

static void
listening(const char *asked, uint32_t port, char *out, size_t size)
{
	struct net_address list[LISTEN_ADDRESSES_MAX];
	size_t n = policy_may_listen(&decision, asked, port, list);
	char text[NET_TEXT_MAX];

	out[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		ck_assert_uint_eq(list[i].port, port);
		snprintf(&out[strlen(out)], size - strlen(out), "%s ",
		    net_print(&list[i], text));
	}
}

START_TEST(a_listener_is_judged_by_its_addresses)
{
	char grants[256], found[200];

	snprintf(grants, sizeof(grants),
	    "gateway_ports = \"%s\"; remote_forward = [ \"%s\" ];",
	    listen_rows[_i].gateway, listen_rows[_i].targets);
	decide_with(grants);
	listening(listen_rows[_i].asked, 8080, found, sizeof(found));
	ck_assert_msg(strcmp(found, listen_rows[_i].addresses) == 0,
	    "row %d: <%s> gives <%s>", _i, listen_rows[_i].asked, found);
	done();
}
END_TEST

START_TEST(listening_is_by_address_and_port)
{
	decide_with("gateway_ports = \"client\"; remote_forward = [ "
		    "\"localhost:8000-8999\", \"192.0.2.7:25\" ]; "
		    "unix_remote = \"/home/*\";");
	ck_assert(may_listen(&decision, "localhost", 8080));
	ck_assert(may_listen(&decision, "::1", 8080));
	ck_assert(!may_listen(&decision, "*", 8080));
	ck_assert(!may_listen(&decision, "localhost", 80));
	ck_assert(!may_listen(&decision, "localhost", 0));
	ck_assert(may_listen(&decision, "192.0.2.7", 25));
	ck_assert(!may_listen(&decision, "192.0.2.8", 25));
	ck_assert(!may_listen(&decision, "localhost", 8080 + 65536));
	ck_assert(policy_may_unix_listen(&decision, "/home/a/s"));
	ck_assert(!policy_may_unix_listen(&decision, "/etc/s"));
	ck_assert(!policy_may_unix_listen(&decision, "home/a/s"));
	done();
}
END_TEST

/* ---- UNIX sockets ---- */

/* In the one spelling that the kernel has for it. */
START_TEST(a_path_is_a_real_one)
{
	struct policy_facts facts = facts_of_alice();

	decide("rules = ( { name = \"r\"; methods = [ \"publickey\" ]; "
	       "unix_local = [ \"/run/app/*\", \"/tmp/*\", "
	       "\"!/tmp/secret\" ]; unix_remote = \"/home/a/*\"; } );",
	    &facts);
	ck_assert(policy_may_unix_connect(&decision, "/run/app/x"));
	ck_assert(policy_may_unix_connect(&decision, "/run/app/..x"));
	ck_assert(policy_may_unix_connect(&decision, "/run/app/..."));
	ck_assert(!policy_may_unix_connect(&decision, "/run/app//x"));
	ck_assert(!policy_may_unix_connect(&decision, "/run/app/./x"));
	ck_assert(!policy_may_unix_connect(&decision, "/run/app/x/."));
	ck_assert(!policy_may_unix_connect(&decision, "/run/app/x/"));
	ck_assert(!policy_may_unix_connect(&decision, "/tmp/../run/docker"));
	ck_assert(!policy_may_unix_connect(&decision, "/"));
	ck_assert(!policy_may_unix_connect(&decision, "/run/app/../docker"));
	ck_assert(!policy_may_unix_connect(&decision, "/run/app/.."));
	ck_assert(!policy_may_unix_connect(&decision, "/../run/app/x"));
	ck_assert(!policy_may_unix_connect(&decision, "run/app/x"));
	ck_assert(!policy_may_unix_connect(&decision, ""));
	ck_assert(policy_may_unix_connect(&decision, "/tmp/other"));
	ck_assert(!policy_may_unix_connect(&decision, "/tmp/secret"));
	ck_assert(!policy_may_unix_connect(&decision, "/tmp//secret"));
	ck_assert(!policy_may_unix_connect(&decision, "/tmp/./secret"));
	ck_assert(!policy_may_unix_connect(&decision, "//tmp/secret/"));
	ck_assert(policy_may_unix_listen(&decision, "/home/a/s"));
	ck_assert(!policy_may_unix_listen(&decision, "/home/a/../b/s"));
	done();
}
END_TEST

START_TEST(nothing_is_looked_at_where_nothing_can_be_permitted)
{
	static const struct {
		const char *grants;
		bool local, remote;
	} rows[] = {{"", false, false}, {"unix_local = [];", false, false},
	    {"unix_local = \"/run/x\";", true, false},
	    {"unix_remote = \"*\";", false, true}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		decide_with(rows[i].grants);
		ck_assert_int_eq(
		    policy_may_unix_somewhere(&decision, GRANT_unix_local),
		    rows[i].local);
		ck_assert_int_eq(
		    policy_may_unix_somewhere(&decision, GRANT_unix_remote),
		    rows[i].remote);
		done();
	}
}
END_TEST

/* ---- the reason ---- */

START_TEST(a_refusal_names_the_rule_or_the_guard)
{
	struct policy_facts facts = facts_of_alice();
	struct policy_forward f = {
	    .grant = GRANT_local_forward, .host = "db", .port = 22};
	char why[256];

	decide("rules = ( { name = \"base\"; methods = [ \"publickey\" ]; "
	       "local_forward = [ \"*:22-443\" ]; } );\n"
	       "guards = ( { name = \"no-ssh\";\n"
	       "local_forward = [ \"*:443\" ]; agent = false; } );",
	    &facts);
	policy_forward_refuser(config, &decision, &f, why, sizeof(why));
	ck_assert_msg(strstr(why, "local_forward of guard no-ssh (") == why &&
		strstr(why, ":3)") != NULL,
	    "%s", why);
	f.port = 80;
	policy_forward_refuser(config, &decision, &f, why, sizeof(why));
	ck_assert_msg(strstr(why, "guard no-ssh") != NULL, "%s", why);
	f.port = 1;
	policy_forward_refuser(config, &decision, &f, why, sizeof(why));
	ck_assert_msg(
	    strstr(why, "local_forward of rule base (") == why, "%s", why);
	f.grant = GRANT_unix_local;
	f.host = "/run/x";
	policy_forward_refuser(config, &decision, &f, why, sizeof(why));
	ck_assert_str_eq(why, "rule base grants no unix_local");
	policy_grant_refuser(config, &decision, GRANT_x11, why, sizeof(why));
	ck_assert_str_eq(why, "rule base grants no x11");
	done();
}
END_TEST

START_TEST(a_key_is_named_by_its_line)
{
	static const char *const open[] = {"db:5432"};
	struct policy_forward f = {
	    .grant = GRANT_local_forward, .host = "db", .port = 1};
	char why[256];

	decide_with("local_forward = [ \"*:*\" ];");
	ck_assert_int_eq(
	    decision_tighten_targets(&decision, GRANT_local_forward, open, 1,
		(struct origin){"/home/a/.ssh/authorized_keys", 3}),
	    0);
	policy_forward_refuser(config, &decision, &f, why, sizeof(why));
	ck_assert_str_eq(
	    why, "local_forward of /home/a/.ssh/authorized_keys:3");
	done();
}
END_TEST

Suite *
suite_policy_forward(void)
{
	Suite *suite = suite_create("policy_forward");
	TCase *tc = tcase_create("policy_forward");

	tcase_add_loop_test(tc, a_target_is_an_address_or_a_name, 0,
	    sizeof(connect_rows) / sizeof(connect_rows[0]));
	tcase_add_test(tc, a_network_and_a_pattern_agree);
	tcase_add_loop_test(tc, a_listener_is_judged_by_its_addresses, 0,
	    sizeof(listen_rows) / sizeof(listen_rows[0]));
	tcase_add_test(tc, listening_is_by_address_and_port);
	tcase_add_test(tc, a_path_is_a_real_one);
	tcase_add_test(tc, nothing_is_looked_at_where_nothing_can_be_permitted);
	tcase_add_test(tc, a_refusal_names_the_rule_or_the_guard);
	tcase_add_test(tc, a_key_is_named_by_its_line);
	suite_add_tcase(suite, tc);
	return suite;
}
