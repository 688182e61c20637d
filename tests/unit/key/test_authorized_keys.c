/*
 * authorized_keys and principals lines, and options combined.
 */
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/ssh/authorized_keys.h"
#include "lib/ssh/cert.h"
#include "tests/unit/key/data.h"
#include "tests/unit/key/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY                                                                 \
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2" \
	"qYjJa8CGmj3B1Ea"

/*
 * The options of a line as one text, so that a row is a line and its meaning:
 * what is granted, then what is demanded.
 */
static char *
describe(const struct key_options *o)
{
	char *text = mem_zalloc(32768);

#define SAY_GRANT(member, allow, forbid, extension) \
	if (o->member)                              \
		strcat(text, #member " ");
	KEY_GRANT_LIST(SAY_GRANT)
#undef SAY_GRANT
	if (o->tun && o->tunnel != AUTHORIZED_KEYS_TUNNEL_ANY)
		sprintf(&text[strlen(text)], "tunnel=%u ", o->tunnel);
	if (o->command != NULL)
		sprintf(&text[strlen(text)], "command=<%s> ", o->command);
	for (size_t i = 0; i < o->from_count; i++)
		sprintf(&text[strlen(text)], "from=<%s> ", o->from[i]);
	for (size_t i = 0; i < o->environment_count; i++)
		sprintf(&text[strlen(text)], "env=<%s> ", o->environment[i]);
	if (o->expires != 0)
		sprintf(&text[strlen(text)], "expires=%llu ",
		    (unsigned long long)o->expires);
	for (size_t i = 0; i < o->permit_open_count; i++)
		sprintf(&text[strlen(text)], "open=<%s> ", o->permit_open[i]);
	for (size_t i = 0; i < o->permit_listen_count; i++)
		sprintf(
		    &text[strlen(text)], "listen=<%s> ", o->permit_listen[i]);
	if (o->principals != NULL)
		sprintf(&text[strlen(text)], "principals=<%s> ", o->principals);
	strcat(text, o->cert_authority ? "ca " : "");
	strcat(text, o->verify_required ? "verify " : "");
	strcat(text, o->no_touch_required ? "no-touch " : "");
	if (text[0] != '\0')
		text[strlen(text) - 1] = '\0';
	return text;
}

#define ALL "pty port agent x11 user_rc tun"

static const struct {
	const char *options;
	const char *meaning; /* NULL: refused */
} rows[] = {
    {"", ALL},
    {"no-pty", "port agent x11 user_rc tun"},
    {"No-PTY,NO-agent-forwarding", "port x11 user_rc tun"},
    {"no-port-forwarding,no-x11-forwarding,no-user-rc", "pty agent tun"},
    {"restrict", ""},
    {"restrict,pty", "pty"},
    {"pty,restrict", ""},
    {"restrict,port-forwarding,agent-forwarding,x11-forwarding,user-rc",
	"port agent x11 user_rc"},
    {"restrict,tunnel=\"3\"", "tun tunnel=3"},
    {"tunnel=\"3\",restrict", ""},
    {"tunnel=\"any\"", ALL},
    {"tunnel=\"0\"", ALL " tunnel=0"},
    {"tunnel=\"\"", NULL},
    {"tunnel=\"2147483646\"", NULL},
    {"tunnel=\"4294967296\"", NULL},
    {"tunnel=\"-1\"", NULL},
    {"command=\"echo \\\"a, b\\\" # c\"", ALL " command=<echo \"a, b\" # c>"},
    {"command=\"\"", ALL " command=<>"},
    {"command=\"a\\b\"", ALL " command=<a\\b>"},
    {"command=\"a\",command=\"a\"", NULL},
    {"command=a", NULL},
    {"command", NULL},
    {"command=\"a", NULL},
    {"command=\"a\"no-pty", NULL},
    {"command=\"a\",", NULL},
    {",command=\"a\"", NULL},
    {"no-pty,,no-user-rc", NULL},
    {"no-pty=\"yes\"", NULL},
    {"no-command", NULL},
    {"no-restrict", NULL},
    {"tun", NULL},
    {"novel", NULL},
    {"novel=\"x\"", NULL},
    {"from=\"*.example.org,!bad.example.org,10.0.0.0/8\"",
	ALL " from=<*.example.org,!bad.example.org,10.0.0.0/8>"},
    {"from=\"\"", NULL},
    {"from=\"10.0.0.0/33\"", NULL},
    {"from=\"a\",from=\"b\"", NULL},
    {"environment=\"A=1\",environment=\"B=x=y\",environment=\"A=2\"",
	ALL " env=<A=1> env=<B=x=y>"},
    {"environment=\"A\"", NULL},
    {"environment=\"=1\"", NULL},
    {"environment=\"A-B=1\"", NULL},
    {"expiry-time=\"20300102Z\"", ALL " expires=1893542400"},
    {"expiry-time=\"203001020304Z\"", ALL " expires=1893553440"},
    {"expiry-time=\"20300102030405z\"", ALL " expires=1893553445"},
    {"expiry-time=\"20300102Z\",expiry-time=\"20290102Z\"",
	ALL " expires=1862006400"},
    {"expiry-time=\"20300230Z\"", NULL},
    {"expiry-time=\"20301301Z\"", NULL},
    {"expiry-time=\"203001022400Z\"", NULL},
    {"expiry-time=\"2030010203Z\"", NULL},
    {"expiry-time=\"20300102 Z\"", NULL},
    {"expiry-time=\"\"", NULL},
    {"expiry-time=\"19600101Z\"", NULL},
    {"permitopen=\"host.example.org:80\",permitopen=\"[::1]:22\","
     "permitopen=\"[10.0.0.1]:*\",permitopen=\"*:443\"",
	ALL " open=<host.example.org:80> open=<[::1]:22> open=<10.0.0.1:*>"
	    " open=<*:443>"},
    {"permitopen=\"host\"", NULL},
    {"permitopen=\"host:\"", NULL},
    {"permitopen=\":80\"", NULL},
    {"permitopen=\"host:0\"", NULL},
    {"permitopen=\"host:65536\"", NULL},
    {"permitopen=\"host:http\"", NULL},
    {"permitopen=\"::1:22\"", NULL},
    {"permitopen=\"[::1]22\"", NULL},
    {"permitopen=\"80\"", NULL},
    {"permitlisten=\"8080\",permitlisten=\"localhost:9090\"",
	ALL " listen=<*:8080> listen=<localhost:9090>"},
    {"permitlisten=\"localhost:000080\"", NULL},
    {"cert-authority,principals=\"a,b\"", ALL " principals=<a,b> ca"},
    {"principals=\"\"", NULL},
    {"verify-required,no-touch-required", ALL " verify no-touch"},
    {"verify-required,no-verify-required", ALL},
    /* as sshd: a line meant for an authority does not open by itself */
    {"principals=\"a,b\"", NULL},
    {"restrict,principals=\"a\"", NULL},
    {"no-touch-required,touch-required", ALL},
};

START_TEST(options_mean_what_they_say_or_grant_nothing)
{
	struct authorized_line parsed;
	char why[256] = "";
	char *line = mem_printf("%s%s" KEY " a comment", rows[_i].options,
	    rows[_i].options[0] == '\0' ? "" : " ");
	char *meaning;
	int err = authorized_keys_parse(
	    line, strlen(line), &parsed, why, sizeof(why));

	if (rows[_i].meaning == NULL) {
		ck_assert_int_ne(err, 0);
		ck_assert_int_ne(err, E_NOT_FOUND);
		ck_assert_str_ne(why, "");
	} else {
		ck_assert_msg(err == 0, "%s: %s", line, why);
		meaning = describe(&parsed.options);
		ck_assert_str_eq(meaning, rows[_i].meaning);
		ck_assert_str_eq(parsed.comment, "a comment");
		ck_assert_int_eq(key_type(parsed.key), KEY_ED25519);
		authorized_line_free(&parsed);
		free(meaning);
	}
	free(line);
}
END_TEST

/* A shorter line has fewer options or no key: no cut grants what is whole. */
START_TEST(no_cut_of_a_line_is_a_line)
{
	char *line = mem_printf("%s%s" KEY, rows[_i].options,
	    rows[_i].options[0] == '\0' ? "" : " ");
	struct authorized_line parsed;
	char why[64], *copy;

	for (size_t cut = 0; cut < strlen(line); cut++) {
		copy = malloc(cut + 1);
		memcpy(copy, line, cut);
		ck_assert_int_ne(
		    authorized_keys_parse(copy, cut, &parsed, why, sizeof(why)),
		    0);
		free(copy);
	}
	free(line);
}
END_TEST

static const struct {
	const char *line;
	int err;
	const char *why;
} odd[] = {
    {"", E_NOT_FOUND, NULL},
    {"   \t\r\n", E_NOT_FOUND, NULL},
    {"  # " KEY, E_NOT_FOUND, NULL},
    {"\t" KEY "\r", 0, NULL},
    {KEY, 0, NULL},
    {"restrict\t" KEY, 0, NULL},
    {"restrict", E_FORMAT, "no key after the options"},
    {"ssh-dss AAAAB3NzaC1kc3MAAA== x", E_UNSUPPORTED, "key of an unknown type"},
    {"no-pty ssh-dss AAAAB3NzaC1kc3MAAA== x", E_UNSUPPORTED,
	"key of an unknown type"},
    {"command=\"a b " KEY, E_FORMAT, "a quote is not closed"},
    {"nonsense " KEY, E_FORMAT, "unknown option \"nonsense\""},
    {"ssh-ed25519 AAAA", E_TRUNCATED,
	"malformed key: data ends in the middle of a field"},
};

START_TEST(odd_lines_have_their_reasons)
{
	struct authorized_line parsed;
	char why[256] = "";

	ck_assert_int_eq(authorized_keys_parse(odd[_i].line,
			     strlen(odd[_i].line), &parsed, why, sizeof(why)),
	    odd[_i].err);
	if (odd[_i].why != NULL)
		ck_assert_str_eq(why, odd[_i].why);
	if (odd[_i].err == 0)
		authorized_line_free(&parsed);
}
END_TEST

/* As a site writes that lists its offices. */
START_TEST(a_line_may_name_many_networks)
{
	char *line = mem_alloc(AUTHORIZED_KEYS_LINE_MAX), why[256] = "";
	struct authorized_line parsed;
	size_t len = (size_t)sprintf(line, "from=\"");

	for (unsigned i = 0; i < 700; i++)
		len += (size_t)sprintf(&line[len], "%s2001:db8:%x:%x::/64",
		    i > 0 ? "," : "", 0xa000 + i, 0xb000 + i);
	len += (size_t)sprintf(&line[len], "\" %s", KEY);
	ck_assert_uint_gt(len, 8192);
	ck_assert_int_eq(
	    authorized_keys_parse(line, len, &parsed, why, sizeof(why)), 0);
	ck_assert_uint_eq(parsed.options.from_count, 1);
	authorized_line_free(&parsed);
	free(line);
}
END_TEST

START_TEST(long_lines_nuls_and_certificates_are_refused)
{
	struct authorized_line parsed;
	char why[256], *line = mem_alloc(AUTHORIZED_KEYS_LINE_MAX + 2);
	size_t len;
	char *cert = data_read("user-cert.pub", &len);

	memset(line, ' ', AUTHORIZED_KEYS_LINE_MAX + 2);
	memcpy(&line[AUTHORIZED_KEYS_LINE_MAX - strlen(KEY)], KEY, strlen(KEY));
	ck_assert_int_eq(authorized_keys_parse(line, AUTHORIZED_KEYS_LINE_MAX,
			     &parsed, why, sizeof(why)),
	    0);
	authorized_line_free(&parsed);
	ck_assert_int_eq(
	    authorized_keys_parse(
		line, AUTHORIZED_KEYS_LINE_MAX + 1, &parsed, why, sizeof(why)),
	    E_TOO_LARGE);
	line[3] = '\0';
	ck_assert_int_eq(authorized_keys_parse(line, AUTHORIZED_KEYS_LINE_MAX,
			     &parsed, why, sizeof(why)),
	    E_FORMAT);
	ck_assert_int_eq(
	    authorized_keys_parse(cert, len, &parsed, why, sizeof(why)),
	    E_VALUE);
	free(cert);
	free(line);
}
END_TEST

static const struct {
	const char *line;
	int err;
	const char *principal;
	const char *meaning;
} principals[] = {
    {"alice", 0, "alice", ALL},
    {"  alice\t\r\n", 0, "alice", ALL},
    {"alice,bob", 0, "alice,bob", ALL},
    {"command=\"a b\",no-pty alice", 0, "alice",
	"port agent x11 user_rc tun command=<a b>"},
    {"# alice", E_NOT_FOUND, NULL, NULL},
    {"alice # of operations", 0, "alice", ALL},
    {"alice# of operations", 0, "alice", ALL},
    {"no-pty alice\t# \"of\" operations", 0, "alice",
	"port agent x11 user_rc tun"},
    {"command=\"echo # x\" alice", 0, "alice", ALL " command=<echo # x>"},
    {"cert-authority alice", E_VALUE, NULL, NULL},
    {"principals=\"bob\" alice", E_VALUE, NULL, NULL},
    {"cert-authority,principals=\"bob\" alice", E_VALUE, NULL, NULL},
    {"", E_NOT_FOUND, NULL, NULL},
    {"nonsense alice", E_FORMAT, NULL, NULL},
    {"no-pty alice bob", E_FORMAT, NULL, NULL},
    {"command=\"a alice", E_FORMAT, NULL, NULL},
};

START_TEST(principals_lines_have_options_and_a_name)
{
	const char *line = principals[_i].line;
	struct authorized_line parsed;
	char why[128], *meaning;

	ck_assert_int_eq(authorized_principals_parse(
			     line, strlen(line), &parsed, why, sizeof(why)),
	    principals[_i].err);
	if (principals[_i].err != 0)
		return;
	ck_assert_ptr_null(parsed.key);
	ck_assert_str_eq(parsed.principal, principals[_i].principal);
	meaning = describe(&parsed.options);
	ck_assert_str_eq(meaning, principals[_i].meaning);
	free(meaning);
	authorized_line_free(&parsed);
}
END_TEST

static const struct {
	const char *a;
	const char *b;
	const char *meaning; /* NULL: refused */
} pairs[] = {
    {"", "", ALL},
    {"no-pty", "no-port-forwarding", "agent x11 user_rc tun"},
    {"restrict,pty", "restrict,agent-forwarding", ""},
    {"command=\"a\"", "", ALL " command=<a>"},
    {"command=\"a\"", "command=\"a\"", ALL " command=<a>"},
    {"command=\"a\"", "command=\"b\"", NULL},
    {"command=\"\"", "command=\"b\"", NULL},
    {"from=\"a\"", "from=\"b\"", ALL " from=<a> from=<b>"},
    {"expiry-time=\"20300102Z\"", "", ALL " expires=1893542400"},
    {"expiry-time=\"20300102Z\"", "expiry-time=\"20290102Z\"",
	ALL " expires=1862006400"},
    {"environment=\"A=1\"", "environment=\"A=2\",environment=\"B=3\"",
	ALL " env=<A=1> env=<B=3>"},
    {"permitopen=\"a:1\"", "", ALL " open=<a:1>"},
    {"permitopen=\"a:1\",permitopen=\"b:2\"", "permitopen=\"b:*\"",
	ALL " open=<b:2>"},
    {"permitopen=\"*:80\"", "permitopen=\"a:*\",permitopen=\"b:81\"",
	ALL " open=<a:80>"},
    {"permitopen=\"a:1\"", "permitopen=\"b:1\"", NULL},
    {"permitopen=\"a:1\"", "permitopen=\"a:2\"", NULL},
    {"permitopen=\"[::1]:1\"", "permitopen=\"[::1]:1\"", ALL " open=<[::1]:1>"},
    {"permitlisten=\"8080\"", "permitlisten=\"localhost:8080\"",
	ALL " listen=<localhost:8080>"},
    {"permitlisten=\"8080\"", "permitlisten=\"8081\"", NULL},
    {"tunnel=\"1\"", "tunnel=\"any\"", ALL " tunnel=1"},
    {"tunnel=\"1\"", "tunnel=\"2\"", "pty port agent x11 user_rc"},
    {"no-touch-required", "", ALL},
    {"no-touch-required", "no-touch-required", ALL " no-touch"},
    {"verify-required", "", ALL " verify"},
};

START_TEST(two_sources_combine_to_the_stricter_whatever_their_order)
{
	struct key_options a, b;
	char why[128] = "", *meaning;

	for (int turn = 0; turn < 2; turn++) {
		const char *first = turn == 0 ? pairs[_i].a : pairs[_i].b;
		const char *second = turn == 0 ? pairs[_i].b : pairs[_i].a;
		int err;

		/* The order of names and sources is that of the texts. */
		if (turn == 1 &&
		    (strstr(first, "env") != NULL ||
			strstr(first, "from") != NULL))
			break;
		ck_assert_int_eq(key_options_parse(first, strlen(first), &a,
				     why, sizeof(why)),
		    0);
		ck_assert_int_eq(key_options_parse(second, strlen(second), &b,
				     why, sizeof(why)),
		    0);
		err = key_options_combine(&a, &b, why, sizeof(why));
		if (pairs[_i].meaning == NULL) {
			ck_assert_int_eq(err, E_DENIED);
			ck_assert_str_ne(why, "");
		} else {
			ck_assert_int_eq(err, 0);
			meaning = describe(&a);
			ck_assert_str_eq(meaning, pairs[_i].meaning);
			free(meaning);
		}
		key_options_free(&a);
		key_options_free(&b);
	}
}
END_TEST

START_TEST(a_certificate_says_what_its_extensions_permit)
{
	struct key *key = data_key("user_options-cert.pub");
	struct key *plain = data_key("user-cert.pub");
	struct key_options options;
	char *meaning;

	key_options_of_cert(key_cert(key), &options);
	meaning = describe(&options);
	ck_assert_str_eq(meaning,
	    "pty tun command=<echo \"hi, there\"> "
	    "from=<192.0.2.0/24,2001:db8::/32> verify "
	    "no-touch");
	free(meaning);
	key_options_free(&options);
	key_options_of_cert(key_cert(plain), &options);
	meaning = describe(&options);
	ck_assert_str_eq(meaning, ALL);
	free(meaning);
	key_options_free(&options);
	key_free(plain);
	key_free(key);
}
END_TEST

Suite *
suite_authorized_keys(void)
{
	Suite *s = suite_create("authorized_keys");
	TCase *t = tcase_create("authorized_keys");
	int count = (int)(sizeof(rows) / sizeof(rows[0]));

	tcase_add_loop_test(
	    t, options_mean_what_they_say_or_grant_nothing, 0, count);
	tcase_add_loop_test(t, no_cut_of_a_line_is_a_line, 0, count);
	tcase_add_loop_test(t, odd_lines_have_their_reasons, 0,
	    (int)(sizeof(odd) / sizeof(odd[0])));
	tcase_add_test(t, a_line_may_name_many_networks);
	tcase_add_test(t, long_lines_nuls_and_certificates_are_refused);
	tcase_add_loop_test(t, principals_lines_have_options_and_a_name, 0,
	    (int)(sizeof(principals) / sizeof(principals[0])));
	tcase_add_loop_test(t,
	    two_sources_combine_to_the_stricter_whatever_their_order, 0,
	    (int)(sizeof(pairs) / sizeof(pairs[0])));
	tcase_add_test(t, a_certificate_says_what_its_extensions_permit);
	suite_add_tcase(s, t);
	return s;
}
