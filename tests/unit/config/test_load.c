/*
 * config/load.c, rules.c, value.c, algorithms.c: text to struct config, and
 * every error with file, line, key and what would be right.
 */
#include "config/algorithms.h"
#include "config/reader.h"
#include "lib/ssh/cipher_table.h"
#include "tests/unit/config/suites.h"
#include "tests/unit/config/support.h"

#include <stdlib.h>
#include <string.h>

START_TEST(no_file_at_all_gives_the_defaults)
{
	struct config *c = config_defaults();

	ck_assert_uint_eq(c->listener_count, 1);
	ck_assert_uint_eq(c->listeners[0].port, 22);
	ck_assert_uint_eq(c->limits.login_grace, 60);
	ck_assert_uint_eq(c->limits.max_auth_tries, 4);
	ck_assert_uint_eq(c->crypto.rekey_bytes, 1 << 30);
	ck_assert_uint_eq(c->crypto.rekey_seconds, 3600);
	ck_assert_uint_eq(c->limits.penalties.maximum, 600);
	ck_assert_str_eq(c->crypto.kex.items[0], "mlkem768x25519-sha256");
	ck_assert_str_eq(c->privsep.worker_user, "sallyport");
	ck_assert_uint_eq(c->rule_count, 0);
	ck_assert(c->decoy != NULL);
	ck_assert_uint_eq(c->host_keys.count, 3);
	config_free(c);
}
END_TEST

START_TEST(the_shipped_file_loads_and_says_what_it_should)
{
	char *text = file_text(SOURCE_DIR "/config/sallyport.conf");
	struct config *c = config_of(text);

	ck_assert_uint_eq(c->rule_count, 2);
	ck_assert_str_eq(c->rules[0].name, "root");
	ck_assert_uint_eq(c->rules[0].grants.root_login, ROOT_KEY);
	ck_assert_uint_eq(c->rules[1].grants.methods.count, 2);
	ck_assert(c->rules[1].grants.agent);
	ck_assert(!c->rules[0].grants.agent);
	ck_assert_uint_eq(c->module_count, 2);
	ck_assert_str_eq(c->modules[0].file, "pam.so");
	ck_assert_str_eq(c->modules[0].options.items[0].key, "service");
	ck_assert_str_eq(c->modules[0].options.items[0].value, "sallyport");
	ck_assert_uint_eq(c->modules[1].options.count, 2);
	ck_assert_str_eq(c->modules[1].options.items[1].key, "user.file");
	ck_assert(c->decoy == &c->rules[1]);
	config_free(c);
	free(text);
}
END_TEST

struct row {
	const char *text;
	const char *errors;
};

#define RULE(x) \
	"rules = ( { name = \"r\"; methods = [ \"publickey\" ]; " x "} );"

static const struct row rows[] = {
    {"lisetners = ();",
	"a.conf:1: lisetners: unknown key; did you mean \"listeners\"?\n"},
    {"limits = { login_grce = 5; };",
	"a.conf:1: limits.login_grce: "
	"unknown key; did you mean \"limits.login_grace\"?\n"},
    {"login_grace = 5;",
	"a.conf:1: login_grace: unknown key; did you "
	"mean \"limits.login_grace\"?\n"},
    {"limits = { penalties = { crush = 5; }; };",
	"a.conf:1: limits.penalties.crush: unknown key; did you mean "
	"\"limits.penalties.crash\"?\n"},
    {"qqqqqqqqqqqqqqqq = 5;", "a.conf:1: qqqqqqqqqqqqqqqq: unknown key\n"},
    {"limits = 5;", "a.conf:1: limits: wrong type: this is a group, { ... }\n"},
    {"limits = { login_grace = \"soon\"; };",
	"a.conf:1: "
	"limits.login_grace: \"soon\": not a time; seconds, or like "
	"\"1h30m\" (units s m h d w)\n"},
    {"limits = { login_grace = 100000; };",
	"a.conf:1: "
	"limits.login_grace: 100000 is out of range: 5 to 3600\n"},
    {"limits = { login_grace = -1; };",
	"a.conf:1: limits.login_grace: "
	"-1 is out of range: 5 to 3600\n"},
    {"limits = { login_grace = true; };",
	"a.conf:1: limits.login_grace: wrong type: this is a time: "
	"seconds, or a string like \"1h30m\"\n"},
    {"limits = { login_grace = 1.5; };",
	"a.conf:1: limits.login_grace: wrong type: this is a time: "
	"seconds, or a string like \"1h30m\"\n"},
    {"tcp_keepalive = 1;",
	"a.conf:1: tcp_keepalive: wrong type: this is "
	"a true or false\n"},
    {"log = { level = \"verbos\"; };",
	"a.conf:1: log.level: \"verbos\" "
	"is not one of: quiet error warn info verbose debug; did you mean "
	"\"verbose\"?\n"},
    {"log = { targets = [ \"syslog\", \"here\" ]; };",
	"a.conf:1: log.targets: \"here\": not a log target; system, "
	"journal, syslog, stderr, or /a/file\n"},
    {"log = { targets = [ \"syslog\", \"stderr\", \"journal\" ]; };",
	"a.conf:1: log.targets: only one of system, journal, and syslog can "
	"be named\n"},
    {"log = { targets = [ \"stderr\", \"journal\", \"/var/log/x\" ]; };", ""},
    {"host_keys = [];", "a.conf:1: host_keys: at least 1 entries are needed\n"},
    {"host_keys = [ \"key\" ];",
	"a.conf:1: host_keys: \"key\": not an absolute path\n"},
    {"host_keys = [ 5 ];",
	"a.conf:1: host_keys: wrong type: this is a "
	"list of absolute paths\n"},
    {"pid_file = \"none\";", ""},
    {"xauth = \"none\";",
	"a.conf:1: xauth: \"none\": not an absolute "
	"path\n"},
    {"crypto = { kex = [ \"curve25519-sha265\" ]; };",
	"a.conf:1: crypto.kex: \"curve25519-sha265\": unknown name; did "
	"you mean \"curve25519-sha256\"?\n"},
    {"crypto = { kex = [ \"+curve25519-sha256\", \"x\" ]; };",
	"a.conf:1: crypto.kex: \"x\": a list either begins every entry "
	"with + - ^ or none\n"},
    {"crypto = { ciphers = [ \"-*\" ]; };",
	"a.conf:1: crypto.ciphers: nothing is left in the list\n"},
    {"crypto = { profile = \"fips\"; ciphers = "
     "[ \"+chacha20-poly1305@openssh.com\" ]; };",
	"a.conf:1: crypto.ciphers: \"chacha20-poly1305@openssh.com\": "
	"unknown name\n"},
    {"crypto = { macs = [ \"hmac-sha2-256\", \"hmac-sha2-256\" ]; };",
	"a.conf:1: crypto.macs: \"hmac-sha2-256\": named twice; did you "
	"mean \"hmac-sha2-256\"?\n"},
    {"listeners = ( { address = \"127.0.0.1\"; } );",
	"a.conf:1: listeners: \"name\" is missing\n"},
    {"listeners = ( { name = \"a\"; address = \"localhost\"; } );",
	"a.conf:1: listeners.address: \"localhost\": not a numeric "
	"address; like \"192.0.2.1\", \"2001:db8::1\", or \"*\" for "
	"all\n"},
    {"listeners = ( { name = \"a\"; port = 65536; } );",
	"a.conf:1: listeners.port: 65536 is out of range: 1 to 65535\n"},
    {"listeners = ( { name = \"a\"; },\n{ name = \"a\"; port = 23; } );",
	"a.conf:2: listeners.name: \"a\" is defined already, in "
	"a.conf:1\n"},
    {"listeners = { name = \"a\"; };",
	"a.conf:1: listeners: wrong type: this is a list of groups, "
	"listeners = ( { ... }, { ... } );\n"},
    {"subsystems = ( { name = \"x\"; command = \"internal\"; } );",
	"a.conf:1: subsystems.command: only sftp is served "
	"internally\n"},
    {"modules = ( { name = \"x\"; file = \"../x.so\"; } );",
	"a.conf:1: modules.file: \"../x.so\": an absolute path, or a name "
	"without /\n"},
    {RULE("ptty = false; "),
	"a.conf:1: rules.r.ptty: unknown key; did you mean \"pty\"?\n"},
    {RULE("match = { usr = \"x\"; }; "),
	"a.conf:1: rules.r.match.usr: "
	"unknown key; did you mean \"user\"?\n"},
    {RULE("match = { user = []; }; "),
	"a.conf:1: rules.r.match.user: an "
	"empty list matches nobody: leave the key out to match all\n"},
    {RULE("match = { key_type = \"x\"; }; "),
	"a.conf:1: rules.r.match.key_type: is known after authentication "
	"only: it can stand in a guard, not in a rule\n"},
    {RULE("match = { from = \"10.0.0.1/8\"; }; "),
	"a.conf:1: rules.r.match.from: \"10.0.0.1/8\": prefix length too "
	"long, or bits set after the prefix\n"},
    {RULE("match = 5; "),
	"a.conf:1: rules.r: wrong type: match is a group, { ... }, or a "
	"list of groups\n"},
    {RULE("match = { listener = \"wan\"; }; "),
	"a.conf:1: warning: match.listener: no listener is named "
	"\"wan\"\n"},
    {RULE("match = {}; "),
	"a.conf:1: rules.r: an empty match is for everybody: leave the key "
	"out to say so\n"},
    {RULE("match = (); "),
	"a.conf:1: rules.r: an empty match is for everybody: leave the key "
	"out to say so\n"},
    {RULE("") "guards = ( { name = \"g\"; match = ( {} ); pty = false; } );",
	"a.conf:1: guards.g: an empty match is for everybody: leave the key "
	"out to say so\n"},
    {RULE("") "guards = ( { name = \"g\"; match = { listener = \"!wan\"; "
	      "}; pty = false; } );",
	"a.conf:1: match.listener: no listener is named \"wan\"\n"},
    {RULE("sftp_read_only = true; subsystem_commands = \"sftp=/bin/x\"; "),
	"a.conf:1: rules.r.subsystem_commands: sftp_read_only holds for the "
	"internal sftp server only, which \"sftp=/bin/x\" is not\n"},
    {RULE("sftp_only = true; subsystem_commands = \"sftp=/bin/x\"; "),
	"a.conf:1: rules.r.subsystem_commands: sftp_only holds for the "
	"internal sftp server only, which \"sftp=/bin/x\" is not\n"},
    {RULE("sftp_only = true; subsystem_commands = \"sftp=internal\"; "), ""},
    {RULE("sftp_umask = 27; "),
	"a.conf:1: rules.r.sftp_umask: wrong "
	"type: this is a octal mode as a string, \"0027\"\n"},
    {RULE("sftp_umask = \"1777\"; "),
	"a.conf:1: rules.r.sftp_umask: "
	"\"1777\" is out of range: up to \"0777\"\n"},
    {RULE("extends = \"R\"; "),
	"a.conf:1: extends: there is no rule "
	"\"R\"; did you mean \"r\"?\n"},
    {RULE("extends = \"r\"; "),
	"a.conf:1: rules.r.extends: the rule "
	"extends itself, through \"r\"\n"},
    {RULE("command = \"x\"; sftp_only = true; "),
	"a.conf:1: rules.r: command and sftp_only exclude each other\n"},
    {"rules = ( { name = \"r\"; } );",
	"a.conf:1: rules.r: \"methods\" is missing: say which chains "
	"authenticate, or refuse = true\n"},
    {"rules = ( { methods = [ \"publickey\" ]; } );",
	"a.conf:1: rules: \"name\" is missing\n"},
    {"rules = ( { name = \"r\"; refuse = true; match = "
     "{ user = \"a\"; }; },\n{ name = \"r\"; refuse = true; } );",
	"a.conf:2: rules.name: \"r\" is defined already, in a.conf:1\n"},
    {RULE("") "\ndecoy = \"x\";", "a.conf:2: decoy: there is no rule \"x\"\n"},
    {"guards = ( { name = \"g\"; methods = [ \"publickey\" ]; } );",
	"a.conf:1: guards.g.methods: cannot stand in a guard: guards only "
	"take away (forbid and require change chains)\n"},
    {"guards = ( { name = \"g\"; set_env = [ \"A=b\" ]; } );",
	"a.conf:1: guards.g.set_env: cannot stand in a guard: guards only "
	"take away\n"},
    {"privsep = { worker_user = \"x\"; keyholder_user = \"x\"; };",
	"a.conf:1: privsep.keyholder_user: must not be the worker's "
	"user\n"},
    {"limits = { startups = { begin = 70; }; };",
	"a.conf:1: limits.startups.begin: is larger than "
	"limits.startups.full\n"},
    {"tcp_keepalive = true\nxauth \"/x\";",
	"a.conf:2: xauth: a word where a value is expected: strings stand "
	"in \"quotes\", booleans are true and false\n"
	"a.conf:2: syntax error; settings are name = value;\n"},
    /* A fault of the text hides no misspelt key of its line. */
    {RULE("pty = yes; agnet = true; "),
	"a.conf:1: yes: a word where a value is expected: strings stand in "
	"\"quotes\", booleans are true and false\n"
	"a.conf:1: rules.r.agnet: unknown key; did you mean \"agent\"?\n"},
    {RULE("forward = true; "),
	"a.conf:1: rules.r.forward: unknown key; did you mean "
	"\"forwarding\"?\n"},
    {RULE("local_forwrd = [ ]; "),
	"a.conf:1: rules.r.local_forwrd: unknown key; did you mean "
	"\"local_forward\"?\n"},
    {RULE("local_forward = \"none\"; accept_env = [ \"none\" ]; "),
	"a.conf:1: rules.r.local_forward: write [ ] for none\n"
	"a.conf:1: rules.r.accept_env: write [ ] for none\n"},
    {"Port 22\n# root\nPermitRootLogin no\nMatch User bob\n",
	"a.conf:1: this is a configuration of sshd's; \"sallyportctl import "
	"a.conf\" writes it in the words of this server\n"},
    /* Keys that can have no effect. */
    {RULE("") "limits = { penalties = { auth_failure = \"1m\"; "
	      "minimum = \"5m\"; }; };",
	"a.conf:1: warning: limits.penalties.minimum: penalties wear off while "
	"they add up: 6 failed logins within 60 seconds would be needed; "
	"failures, within and block count them\n"},
    {RULE("") "limits = { penalties = { auth_failure = \"1m\"; "
	      "minimum = \"5m\"; failures = 5; }; };",
	""},
    {"", "a.conf: warning: is empty\n"},
    {RULE("match = { user = \"root\"; }; "),
	"a.conf:1: warning: rules.r: it names root, and root_login is \"no\": "
	"root is refused; refuse = true says so\n"},
    {RULE("match = { user = \"root\"; }; root_login = \"key\"; "), ""},
    {RULE("match = { group = \"root\"; }; root_login = \"key\"; "),
	"a.conf:1: warning: rules.r.root_login: root does not come to a rule "
	"that does not name it: match = { user = \"root\"; }\n"},
    {RULE("") "guards = ( { name = \"g\"; agent = true; } );",
	"a.conf:1: warning: guards.g.agent: takes nothing away, and a guard "
	"cannot grant\n"},
    {RULE("") "guards = ( { name = \"g\"; sftp_only = false;\n"
	      "accept_env = [ \"*\" ];\nlocal_forward = [ \"*:*\" ];\n"
	      "max_sessions = 5; pty = false; } );",
	"a.conf:1: warning: guards.g.sftp_only: takes nothing away, and a "
	"guard cannot grant\n"
	"a.conf:2: warning: guards.g.accept_env: takes nothing away, and a "
	"guard cannot grant\n"
	"a.conf:3: warning: guards.g.local_forward: takes nothing away, and a "
	"guard cannot grant\n"},
    {RULE("") "guards = ( { name = \"g\"; match = { user = \"x\"; }; } );",
	"a.conf:1: warning: guards.g: takes nothing away\n"},
    {RULE("") "guards = ( { name = \"g\"; forbid = [ \"password\" ]; } );", ""},
};

START_TEST(an_error_names_file_line_key_and_what_would_be_right)
{
	char *got = problems_of(rows[_i].text);

	ck_assert_str_eq(got, rows[_i].errors);
	free(got);
}
END_TEST

START_TEST(all_errors_are_reported_not_the_first_alone)
{
	char *got = problems_of("tcp_keepalive = 1;\n"
				"tcp_keepalive = true;\n"
				"nonsense = 5;\n"
				"log = { level = \"x\"; idnet = \"y\"; };\n"
				"x11_display_offset = 4294967318;\n"
				"limits = { login_grace = 0; };\n"
				"rules = ( { name = \"r\"; pty = 5; } );\n");

	ck_assert_uint_eq(lines_in(got), 9);
	ck_assert(strstr(got, "a.conf:1: tcp_keepalive: wrong type") != NULL);
	ck_assert(strstr(got,
		      "a.conf:2: tcp_keepalive: is set already, in "
		      "line 1") != NULL);
	ck_assert(strstr(got, "a.conf:3: nonsense: unknown") != NULL);
	ck_assert(strstr(got, "a.conf:4: log.level: \"x\"") != NULL);
	ck_assert(strstr(got, "a.conf:4: log.idnet: unknown key") != NULL);
	ck_assert(strstr(got, "a.conf:5: 4294967318: is larger") != NULL);
	ck_assert(strstr(got, "a.conf:6: limits.login_grace: 0") != NULL);
	ck_assert(strstr(got, "a.conf:7: rules.r.pty: wrong type") != NULL);
	ck_assert(strstr(got, "a.conf:7: rules.r: \"methods\" is") != NULL);
	free(got);
}
END_TEST

START_TEST(a_scalar_set_in_two_files_names_both_places)
{
	static const char *const texts[] = {"\nlog = { level = \"info\"; };",
	    "log = {\n\n level = \"debug\"; ident = \"x\"; };"};
	char *got = problems_of_files(texts, 2);

	ck_assert_str_eq(got,
	    "b.conf:3: log.level: is set already, in "
	    "a.conf:2; set it once\n");
	free(got);
}
END_TEST

START_TEST(a_rule_name_in_two_files_names_both_places)
{
	static const char *const texts[] = {RULE("match = { user = \"a\"; }; "),
	    "\n" RULE("match = { user = \"b\"; }; ")};
	char *got = problems_of_files(texts, 2);

	ck_assert_str_eq(got,
	    "b.conf:2: rules.name: \"r\" is defined "
	    "already, in a.conf:1\n");
	free(got);
}
END_TEST

START_TEST(drop_ins_put_their_rules_first_and_groups_add_up)
{
	struct bundle bundle = {0};
	struct problems problems = {0};
	struct config *c = NULL;
	static const char one[] = RULE("") "log = { level = \"info\"; };";
	static const char two[] =
	    "rules = ( { name = \"s\"; refuse = true; } );"
	    "log = { ident = \"sshd\"; };";

	config_bundle_add(&bundle, "10.conf", one, strlen(one));
	config_bundle_add(&bundle, "main.conf", two, strlen(two));
	ck_assert_int_eq(config_load(&bundle, &c, &problems), 0);
	ck_assert_uint_eq(c->rule_count, 2);
	ck_assert_str_eq(c->rules[0].name, "r");
	ck_assert_str_eq(c->rules[0].origin.file, "10.conf");
	ck_assert_str_eq(c->rules[1].name, "s");
	ck_assert_int_eq((int)c->log.level, LOG_LEVEL_INFO);
	ck_assert_str_eq(c->log.ident, "sshd");
	config_free(c);
	problems_free(&problems);
	config_bundle_free(&bundle);
}
END_TEST

START_TEST(plus_minus_and_caret_change_the_profile)
{
	struct config *c =
	    config_of("crypto = { profile = \"cis\"; kex = [ "
		      "\"^ecdh-sha2-nistp521\", \"-sntrup*\", "
		      "\"+diffie-hellman-group14-sha256\" ]; ciphers = "
		      "[ \"aes128-ctr\" ]; };");
	const struct strings *kex = &c->crypto.kex;

	ck_assert_str_eq(kex->items[0], "ecdh-sha2-nistp521");
	ck_assert_str_eq(kex->items[1], "mlkem768x25519-sha256");
	ck_assert_str_eq(kex->items[2], "mlkem768nistp256-sha256");
	ck_assert_str_eq(kex->items[3], "mlkem1024nistp384-sha384");
	ck_assert_str_eq(kex->items[4], "curve25519-sha256");
	ck_assert_str_eq(
	    kex->items[kex->count - 1], "diffie-hellman-group14-sha256");
	ck_assert_uint_eq(kex->count, 9);
	ck_assert_uint_eq(c->crypto.ciphers.count, 1);
	config_free(c);
}
END_TEST

#define NAME(name, ...) name,

static void
check_all_named(
    enum algorithm_kind kind, const char *const *names, size_t count)
{
	const char *const *known = algorithm_names(kind, CRYPTO_MODERN);
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; known[j] != NULL; j++)
			found += strcmp(names[i], known[j]) == 0;
	/* One without a place in legacy is missing; of two in one, the second.
	 */
	ck_assert_uint_eq(found, count);
}

START_TEST(every_cipher_and_mac_can_be_configured)
{
	static const char *const ciphers[] = {CIPHER_TABLE(NAME)};
	static const char *const macs[] = {MAC_TABLE(NAME)};

	check_all_named(
	    ALGORITHM_CIPHER, ciphers, sizeof(ciphers) / sizeof(ciphers[0]));
	check_all_named(ALGORITHM_MAC, macs, sizeof(macs) / sizeof(macs[0]));
}
END_TEST

START_TEST(extends_inherits_grants_and_never_the_match)
{
	struct config *c = config_of(
	    "rules = ( { name = \"base\"; match = { user = \"b\"; };\n"
	    "  methods = [ \"publickey\" ]; agent = true;\n"
	    "  max_sessions = 3; },\n"
	    "{ name = \"derived\"; extends = \"base\"; max_sessions = 4; } );");
	const struct rule *derived = &c->rules[1];

	ck_assert_uint_eq(derived->match_count, 0);
	ck_assert_uint_eq(derived->grants.methods.count, 1);
	ck_assert(derived->grants.agent);
	ck_assert_uint_eq(derived->grants.max_sessions, 4);
	ck_assert_uint_eq(derived->grants.origins[GRANT_agent].line, 2);
	ck_assert_uint_eq(derived->grants.origins[GRANT_max_sessions].line, 4);
	ck_assert_uint_eq(derived->grants.origins[GRANT_x11].line, 0);
	config_free(c);
}
END_TEST

static char *
rule_ring(int count, bool closed)
{
	static char text[8192];
	size_t len;
	int i;

	len = (size_t)sprintf(text, "rules = (");
	for (i = 0; i < count; i++) {
		len += (size_t)sprintf(text + len,
		    "%s{ name = \"r%d\"; "
		    "match = { user = \"u%d\"; }; methods = [ \"publickey\" "
		    "]; ",
		    i == 0 ? "" : ",\n", i, i);
		if (closed || i + 1 < count)
			len += (size_t)sprintf(
			    text + len, "extends = \"r%d\"; ", (i + 1) % count);
		len += (size_t)sprintf(text + len, "}");
	}
	sprintf(text + len, ");");
	return text;
}

START_TEST(a_circle_of_extends_is_an_error_for_each_in_it)
{
	char *got = problems_of(rule_ring(3, true));

	ck_assert_uint_eq(lines_in(got), 3);
	ck_assert(strstr(got,
		      "a.conf:2: rules.r1.extends: the rule extends "
		      "itself, through \"r2\"") != NULL);
	free(got);
}
END_TEST

START_TEST(extends_goes_eight_deep_and_no_deeper)
{
	char *got = problems_of(rule_ring(9, false));

	ck_assert_str_eq(got, "");
	free(got);
	got = problems_of(rule_ring(10, false));
	ck_assert_str_eq(got,
	    "a.conf:1: rules.r0.extends: deeper than 8, or "
	    "in a circle\n");
	free(got);
}
END_TEST

START_TEST(a_forced_command_implies_no_terminal_and_no_forwarding)
{
	struct config *c = config_of(
	    "rules = ( { name = \"open\"; methods = [ \"publickey\" ];\n"
	    " agent = true; x11 = true; local_forward = [ \"*:*\" ]; },\n"
	    "{ name = \"forced\"; extends = \"open\"; command = \"x\";\n"
	    " x11 = true; },\n"
	    "{ name = \"below\"; extends = \"forced\"; },\n"
	    "{ name = \"files\"; extends = \"open\"; sftp_only = true; } );");
	const struct grants *forced = &c->rules[1].grants;

	ck_assert(!forced->pty);
	ck_assert(!forced->agent);
	ck_assert(forced->x11);
	ck_assert_uint_eq(forced->local_forward.count, 0);
	ck_assert_uint_eq(forced->origins[GRANT_agent].line, 3);
	ck_assert(!c->rules[2].grants.agent);
	ck_assert(c->rules[2].grants.x11);
	ck_assert(!c->rules[3].grants.x11);
	ck_assert(!c->rules[3].grants.pty);
	ck_assert(c->rules[0].grants.pty);
	config_free(c);
}
END_TEST

START_TEST(every_default_in_the_schema_can_be_read)
{
	const struct option *option = &options[_i];
	struct arena *arena = arena_new();
	struct rule before, after;

	if (option->fallback != NULL) {
		/* Into two fillings: what is unchanged was not written. */
		memset(&before, 0x55, sizeof(before));
		memset(&after, 0xaa, sizeof(after));
		value_default(arena, option, &before);
		value_default(arena, option, &after);
		ck_assert_msg(((unsigned char *)&before)[0] != 0x55 ||
			((unsigned char *)&after)[0] != 0xaa,
		    "%s", option->name);
	}
	ck_assert_msg(strlen(option->help) > 8, "%s", option->name);
	ck_assert(option_type_text(option->type) != NULL);
	arena_free(arena);
}
END_TEST

START_TEST(every_grant_has_one_row_of_the_right_member)
{
	size_t i, rows_found = 0;

	for (i = 0; i < option_count; i++) {
		if (options[i].section == SECTION_GRANT &&
		    options[i].grant == _i)
			rows_found++;
	}
	ck_assert_uint_eq(rows_found, 1);
	ck_assert_int_eq(option_of_grant((enum grant)_i)->grant, _i);
}
END_TEST

/* A default of its own, or a top-level key of its type that its help names. */
START_TEST(every_grant_has_a_default)
{
	const struct option *grant = option_of_grant((enum grant)_i), *top;

	ck_assert((grant->fallback == NULL) == (grant->top != 0));
	if (grant->top == 0)
		return;
	for (top = options;
	     top->section != SECTION_SERVER || top->offset != grant->top; top++)
		ck_assert(top < &options[option_count]);
	ck_assert_int_eq(top->type, grant->type);
	ck_assert_ptr_eq(top->choices, grant->choices);
	ck_assert_msg(strstr(grant->help, top->name) != NULL, "%s: %s",
	    grant->name, top->name);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

Suite *
suite_load(void)
{
	Suite *suite = suite_create("load");
	TCase *tc = tcase_create("load");

	tcase_add_test(tc, no_file_at_all_gives_the_defaults);
	tcase_add_test(tc, the_shipped_file_loads_and_says_what_it_should);
	tcase_add_loop_test(tc,
	    an_error_names_file_line_key_and_what_would_be_right, 0,
	    COUNT(rows));
	tcase_add_test(tc, all_errors_are_reported_not_the_first_alone);
	tcase_add_test(tc, a_scalar_set_in_two_files_names_both_places);
	tcase_add_test(tc, a_rule_name_in_two_files_names_both_places);
	tcase_add_test(tc, drop_ins_put_their_rules_first_and_groups_add_up);
	tcase_add_test(tc, plus_minus_and_caret_change_the_profile);
	tcase_add_test(tc, extends_inherits_grants_and_never_the_match);
	tcase_add_test(tc, every_cipher_and_mac_can_be_configured);
	tcase_add_test(tc, a_circle_of_extends_is_an_error_for_each_in_it);
	tcase_add_test(tc, extends_goes_eight_deep_and_no_deeper);
	tcase_add_test(
	    tc, a_forced_command_implies_no_terminal_and_no_forwarding);
	tcase_add_loop_test(
	    tc, every_default_in_the_schema_can_be_read, 0, (int)option_count);
	tcase_add_loop_test(
	    tc, every_grant_has_one_row_of_the_right_member, 0, GRANT_COUNT);
	tcase_add_loop_test(tc, every_grant_has_a_default, 0, GRANT_COUNT);
	suite_add_tcase(suite, tc);
	return suite;
}
