/*
 * config/check.c and unreachable.c: what a start would stumble over.
 */
#include "config/check.h"
#include "lib/mem.h"
#include "tests/unit/config/suites.h"
#include "tests/unit/config/support.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *place;

static void
make_place(void)
{
	place = unit_folder();
}

static void
remove_place(void)
{
	unit_remove(place);
	free(place);
}

static void
put(const char *name, mode_t mode)
{
	char *path = mem_printf("%s/%s", place, name);
	FILE *out = fopen(path, "w");

	ck_assert(out != NULL);
	fclose(out);
	ck_assert_int_eq(chmod(path, mode), 0);
	free(path);
}

/* ---- what the system would say ---- */

static int
known_user(void *context, const char *name)
{
	(void)context;
	return strcmp(name, "ghost") == 0 ? 0 :
	    strcmp(name, "dim") == 0	  ? -1 :
					    1;
}

static void
load_module(void *context, const struct module_settings *module,
    struct problems *problems)
{
	(void)context;
	if (module->options.count > 0)
		problem_error(problems, module->origin.file,
		    module->origin.line, "modules.%s: unknown option %s",
		    module->name, module->options.items[0].key);
}

static bool
serves(void *context, const struct chain_step *step)
{
	(void)context;
	return strcmp(step->method, "publickey") == 0 ||
	    strcmp(step->method, "password") == 0;
}

static bool
good_key(void *context, const char *path, char *why, size_t why_size)
{
	(void)context;
	snprintf(why, why_size, "has a passphrase");
	return strstr(path, "locked") == NULL;
}

static bool
has_algorithm(void *context, enum algorithm_kind kind, const char *name)
{
	(void)context;
	return kind != ALGORITHM_MAC || strcmp(name, "hmac-sha2-512") != 0;
}

static const struct check_calls calls = {.user = known_user,
    .group = known_user,
    .module = load_module,
    .serves = serves,
    .host_key = good_key,
    .algorithm = has_algorithm};

/* The problems of a check; @ in the text stands for the place. */
static char *
checked(const char *text, const struct check_calls *with)
{
	struct problems problems = {0};
	struct config *config;
	char *full = NULL, *got = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&full, &size);
	int err;

	for (; *text != '\0'; text++) {
		if (*text == '@')
			fputs(place, out);
		else
			fputc(*text, out);
	}
	fclose(out);
	config = config_of(full);
	err = config_check(config, with, &problems);
	ck_assert_int_eq(err != 0, problems.errors > 0);
	out = open_memstream(&got, &size);
	problems_print(&problems, out);
	fclose(out);
	problems_free(&problems);
	config_free(config);
	free(full);
	return got;
}

#define GOOD                                            \
	"host_keys = [ \"@/key\" ]; crypto = { macs = " \
	"[ \"hmac-sha2-256\" ]; };\n"                   \
	"modules = ( { name = \"m\"; file = \"@/m.so\"; } );\n"
#define GUARD(x) GOOD RULE("") "guards = ( { name = \"g\"; " x " } );\n"
#define NO_EXEC                                                           \
	"test.conf:3: warning: rules.r.record_pty: programs without a "   \
	"terminal are not recorded, and the client chooses; record_exec " \
	"records them\n"
#define NO_PTY                                                           \
	"test.conf:3: warning: rules.r.record_exec: programs on a "      \
	"terminal are not recorded, and the client chooses; record_pty " \
	"records them\n"
#define RULE(x) \
	"rules = ( { name = \"r\"; methods = [ \"publickey\" ]; " x "} );\n"

START_TEST(a_sound_configuration_has_no_problem)
{
	char *got;

	make_place();
	put("key", 0600);
	put("m.so", 0644);
	got = checked(GOOD RULE(""), &calls);
	ck_assert_str_eq(got, "");
	free(got);
	remove_place();
}
END_TEST

struct row {
	const char *text;
	const char *problem; /* a part of the only line */
};

static const struct row rows[] = {
    {GOOD RULE("match = { user = [ \"a\", \"!ghost\" ]; };"),
	"test.conf:3: warning: rules.r.match.user: there is no user "
	"\"ghost\"\n"},
    {GOOD RULE("match = { group = \"ghost\"; };"),
	"test.conf:3: warning: rules.r.match.group: there is no group "
	"\"ghost\""},
    {GOOD RULE("key_types = \"ssh-dss\";"),
	"test.conf:3: warning: rules.r.key_types: there is no type of key "
	"\"ssh-dss\"; did you mean \"ssh-rsa\"?\n"},
    {GOOD RULE("key_revoked = \"/etc/krl\";"),
	"test.conf:3: rules.r.key_revoked: there is no revocation list "
	"\"/etc/krl\"\n"},
    {GOOD RULE("key_types = [ \"sk-*\", \"rsa-sha2-512\" ];"), ""},
    {GUARD("match = { user = \"ghost\"; }; pty = false;"),
	"test.conf:4: guards.g.match.user: there is no user \"ghost\"\n"},
    {GUARD("match = { group = \"!ghost\"; }; pty = false;"),
	"test.conf:4: guards.g.match.group: there is no group \"ghost\"\n"},
    {GUARD("match = { group = \"dim\"; }; pty = false;"), ""},
    {GUARD("deny_users = [ \"a\", \"dim\", \"ghost\" ];"),
	"test.conf:4: warning: guards.g.deny_users: there is no user "
	"\"ghost\"\n"},
    {GUARD("deny_groups = \"ghost\";"),
	"test.conf:4: warning: guards.g.deny_groups: there is no group "
	"\"ghost\"\n"},
    {GOOD RULE("allow_users = [ \"gh*\", \"ghost\" ];"),
	"test.conf:3: warning: rules.r.allow_users: there is no user "
	"\"ghost\"\n"},
    {GOOD RULE("") "overlays = ( { name = \"o\"; allow_groups = [ \"+dim\", "
		   "\"+ghost\" ]; } );",
	"test.conf:4: warning: overlays.o.allow_groups: there is no group "
	"\"ghost\"\n"},
    {GUARD("forbid = \"pasword\";"),
	"test.conf:4: guards.g.forbid: there is no method \"pasword\"; did "
	"you mean \"password\"?\n"},
    {GUARD("forbid = \"password:mm\";"),
	"test.conf:4: guards.g.forbid: there is no module \"mm\"; did you "
	"mean \"m\"?\n"},
    {GUARD("forbid = [ \"pass*\", \"gssapi-*\", \"hostbased:m\" ];"), ""},
    {GOOD RULE("") "kerberos = { key_exchange = true; };",
	"test.conf:4: kerberos.key_exchange: needs the module gssapi\n"},
    {GOOD RULE("record = { pty = true; };"), NO_EXEC},
    {GOOD RULE("record = { pty = true; exec = true; };"), ""},
    {GOOD RULE("record = { pty = true; }; shell = false;"), NO_EXEC},
    {GOOD RULE("record_pty = true; shell = false; exec = false;"), ""},
    {GOOD RULE("record_pty = true; sftp_only = true;"), ""},
    {GOOD RULE("record_pty = true; command = \"internal-sftp\";"), ""},
    {GOOD RULE("record_pty = true; pty = true; command = \"/bin/true\";"),
	NO_EXEC},
    {GOOD RULE("record_pty = true; shell = false; exec = false; "
	       "subsystem_commands = [ \"t=/bin/true\" ];"),
	NO_EXEC},
    {GOOD RULE("record_exec = true;"), NO_PTY},
    {GOOD RULE("record_exec = true; pty = false;"), ""},
    {GOOD RULE("record_exec = true; command = \"/bin/true\";"), ""},
    {GOOD RULE("record_exec = true; refuse = true;"), ""},
    {GOOD RULE("record_pty = true;") "guards = ( { name = \"g\"; "
				     "record_exec = true; } );\n",
	""},
    {GOOD RULE("record_exec = true;") "guards = ( { name = \"g\"; "
				      "pty = false; } );\n",
	""},
    {GOOD RULE("record_exec = true;") "guards = ( { name = \"g\"; "
				      "match = { user = \"dim\"; }; "
				      "record_pty = true; } );\n",
	NO_PTY},
    {GOOD RULE("renew_delegated = true;"),
	"test.conf:3: warning: renew_delegated: needs "
	"kerberos.key_exchange\n"},
    {"host_keys = [ \"@/key\" ]; crypto = { macs = [ \"hmac-sha2-256\" ]; "
     "gss_kex = [ ]; };\n"
     "modules = ( { name = \"m\"; file = \"@/gssapi.so\"; } );\n" RULE(
	 "") "kerberos = { keytab = \"@/key\"; key_exchange = true; };",
	"test.conf:4: kerberos.key_exchange: crypto.gss_kex is empty\n"},
    {GUARD("match = { method = \"!publikey\"; }; pty = false;"),
	"test.conf:4: guards.g.match.method: there is no method "
	"\"publikey\"; did you mean \"publickey\"?\n"},
    {GUARD("match = { key_type = \"sk-ssh-ed2552*\"; }; pty = false;"),
	"test.conf:4: guards.g.match.key_type: there is no type of key "
	"\"sk-ssh-ed2552*\""},
    {GUARD("key_types = [ \"!ssh-dss\", \"*\" ];"),
	"test.conf:4: guards.g.key_types: there is no type of key "
	"\"ssh-dss\"; did you mean \"ssh-rsa\"?\n"},
    {GUARD("key_revoked = \"/etc/krl\";"),
	"test.conf:4: guards.g.key_revoked: there is no revocation list "
	"\"/etc/krl\"\n"},
    {GUARD("key_revoked = \"*\";"), ""},
    {GUARD("channel_timeouts = [ \"*-tcpip=5m\", \"session:sub*=1\", "
	   "\"session:subsystem:x=1\", \"*sftp=1\", \"global=9\" ];"),
	""},
    {GOOD RULE("match = { user = \"dim\"; };"), ""},
    {GOOD RULE("match = { user = \"gh?st\"; };"), ""},
    {GOOD RULE("banner = \"/nonexistent\";"),
	"test.conf:3: warning: "
	"banner: /nonexistent: No such file or directory\n"},
    {GOOD RULE("command = \"/nonexistent/x -a\";"),
	"test.conf:3: "
	"warning: command: /nonexistent/x: No such file"},
    {GOOD RULE("command = \"/bin/true -a\";"), ""},
    {GOOD RULE("unix_local = [ \"*\", \"/run/*/x\", \"!*/y\", \"/a..b\" "
	       "]; unix_remote = \"/tmp/?\";"),
	""},
    {GOOD RULE("unix_local = \"run/x\";"),
	"test.conf:3: unix_local: \"run/x\" matches no real path\n"},
    {GOOD RULE("unix_remote = \"/run//x\";"),
	"test.conf:3: unix_remote: \"/run//x\" matches no real path\n"},
    {GOOD RULE("unix_local = \"/run/\";"), "matches no real path\n"},
    {GOOD RULE("unix_local = \"/run/./*\";"), "matches no real path\n"},
    {GUARD("unix_local = [ \"*\", \"!/run/../x\" ];"),
	"test.conf:4: unix_local: \"/run/../x\" matches no real path\n"},
    {GUARD("unix_local = [ \"*\", \"!/proc/self/x\" ];"), ""},
    {GUARD("unix_local = [ \"*\", \"!/var/run/x\" ];"),
	"test.conf:4: unix_local: \"/var/run/x\" matches no real path: "
	"/var/run is a link\n"},
    {GOOD RULE("chroot = \"/tmp/%u\";"),
	"test.conf:3: chroot: /tmp must be a directory of root's"},
    {GOOD RULE("times = \"00:00-01:00 No/Where\";"),
	"test.conf:3: "
	"times: the time zone \"No/Where\" is not known here\n"},
    {GOOD RULE("match = { time = \"00:00-01:00 Europe/Berlin\"; };"), ""},
    {GOOD "rules = ( { name = \"r\"; methods = [ \"publickey,otp\" ]; } "
	  ");",
	"test.conf:3: r: chain \"publickey,otp\": no module "
	"serves the method \"otp\"\n"},
    {GOOD "rules = ( { name = \"r\"; methods = [ \"password:pma\" ]; } "
	  ");",
	"test.conf:3: r: chain \"password:pma\": there is no "
	"module \"pma\"\n"},
    {GOOD RULE("") "guards = ( { name = \"g\"; require = \"otp\"; } );",
	"test.conf:4: g: chain \"otp\": no module serves the method "
	"\"otp\"\n"},
    {GOOD RULE("") "guards = ( { name = \"g\"; forbid = \"pub*\"; } );",
	"test.conf:4: warning: guards.g.forbid: leaves rule \"r\" of "
	"test.conf:3 no chain"},
    {GOOD RULE("") "privsep = { worker_user = \"ghost\"; };",
	"test.conf:4: privsep.worker_user: there is no user \"ghost\"\n"},
    {GOOD RULE("") "version_software = \"Open-SSH\";",
	"test.conf:4: version_software: \"Open-SSH\": \"-\" may not stand in "
	"it\n"},
    {GOOD RULE("") "version_software = \"OpenSSH_9.9\";", ""},
    {GOOD RULE("") "version_addendum = \"a\\rb\";",
	"test.conf:4: version_addendum: a control character\n"},
    {GOOD RULE("") "log = { targets = \"/nonexistent/log\"; };",
	"test.conf:4: log.targets: /nonexistent/: No such file"},
    {GOOD RULE("") "subsystems = ( { name = \"x\"; command = "
		   "\"/nonexistent\"; } );",
	"test.conf:4: warning: "
	"subsystems.command: /nonexistent: No such file"},
    {"host_keys = [ \"@/missing\", \"@/key\" ]; crypto = { macs = "
     "[ \"hmac-sha2-256\" ]; };\nmodules = ( { name = \"m\"; file = "
     "\"@/m.so\"; } );" RULE(""),
	"test.conf:1: host_keys: "},
    {"host_keys = [ \"@/open\", \"@/key\" ]; crypto = { macs = "
     "[ \"hmac-sha2-256\" ]; };\nmodules = ( { name = \"m\"; file = "
     "\"@/m.so\"; } );" RULE(""),
	"test.conf:1: host_keys: "},
    {"host_keys = [ \"@/locked\", \"@/key\" ]; crypto = { macs = "
     "[ \"hmac-sha2-256\" ]; };\nmodules = ( { name = \"m\"; file = "
     "\"@/m.so\"; } );" RULE(""),
	"/locked: has a passphrase\n"},
    {"host_keys = [ \"@/key\" ]; crypto = { macs = [ \"hmac-sha2-512\" ];"
     " };\nmodules = ( { name = \"m\"; file = \"@/m.so\"; } );" RULE(""),
	"test.conf:1: crypto.macs: \"hmac-sha2-512\" is not to be had"},
    {"host_keys = [ \"@/key\" ]; crypto = { macs = [ \"hmac-sha2-256\" ];"
     " };\nmodules = ( { name = \"m\"; file = \"@/m.so\"; options = "
     "{ x = 1; }; } );" RULE(""),
	"test.conf:2: modules.m: "},
    {"host_keys = [ \"@/key\" ]; crypto = { macs = [ \"hmac-sha2-256\" ];"
     " };\nmodules = ( { name = \"m\"; file = \"@/writable.so\"; } );" RULE(""),
	"test.conf:2: modules.m: "},
};

START_TEST(each_problem_is_named_with_its_place)
{
	const struct row *row = &rows[_i];
	char *got;

	make_place();
	put("key", 0600);
	put("open", 0644);
	put("locked", 0600);
	put("m.so", 0644);
	put("gssapi.so", 0644);
	put("writable.so", 0666);
	got = checked(row->text, &calls);
	if (row->problem[0] == '\0')
		ck_assert_str_eq(got, "");
	else
		ck_assert_uint_eq(lines_in(got), 1);
	ck_assert_msg(strstr(got, row->problem) != NULL, "%s", got);
	free(got);
	remove_place();
}
END_TEST

static const char *
lacks_ml_kem(void *context, enum algorithm_kind kind, const char *name)
{
	(void)context;
	return kind == ALGORITHM_KEX && strncmp(name, "mlkem", 5) == 0 ?
	    "no ML-KEM" :
	    NULL;
}

/* Silent for a profile's list, a warning where it is written. */
START_TEST(what_libcrypto_lacks_is_told_where_it_is_written)
{
	static const struct {
		const char *crypto, *problem;
	} cases[] = {
	    {"", ""},
	    {"profile = \"fips\"; ", ""},
	    {"profile = \"fips\"; kex = [ \"mlkem768nistp256-sha256\", "
	     "\"ecdh-sha2-nistp256\" ]; ",
		"warning: crypto.kex: \"mlkem768nistp256-sha256\" is left out: "
		"no ML-KEM"},
	    {"kex = [ \"mlkem768nistp256-sha256\" ]; ",
		"crypto.kex: nothing is left in the list: no ML-KEM"},
	};
	struct check_calls with = calls;
	char text[512], *got;

	with.lacking = lacks_ml_kem;
	make_place();
	put("key", 0600);
	put("m.so", 0644);
	snprintf(text, sizeof(text),
	    "host_keys = [ \"@/key\" ]; crypto = { %smacs = "
	    "[ \"hmac-sha2-256\" ]; };\nmodules = ( { name = \"m\"; "
	    "file = \"@/m.so\"; } );\n" RULE(""),
	    cases[_i].crypto);
	got = checked(text, &with);
	if (cases[_i].problem[0] == '\0')
		ck_assert_str_eq(got, "");
	ck_assert_msg(strstr(got, cases[_i].problem) != NULL, "%s", got);
	free(got);
	remove_place();
}
END_TEST

/* The sources that the publickey module reads, and the lists it loaded. */
START_TEST(key_sources_and_revocation_lists_are_those_of_the_modules)
{
	static const char start[] =
	    "modules = ( { name = \"publickey\"; options = { sources = [ "
	    "\"user\", \"ldap\" ]; revoked = [ \"/etc/krl\" ]; }; } );"
	    "rules = ( { name = \"r\"; methods = [ \"publickey\" ]; } );"
	    "guards = ( { name = \"g\"; ";
	static const struct row guards[] = {
	    {"match = { key_source = \"ldab\"; }; pty = false; } );",
		"guards.g.match.key_source: there is no key source \"ldab\"; "
		"did "
		"you mean \"ldap\"?"},
	    {"match = { key_source = \"l*\"; }; pty = false; } );", ""},
	    {"key_sources = \"users\"; } );",
		"guards.g.key_sources: there is no key source \"users\"; did "
		"you "
		"mean \"user\"?"},
	    {"key_sources = [ \"ldap\", \"ca_keys\" ]; } );", ""},
	    {"key_revoked = \"/etc/klr\"; } );",
		"guards.g.key_revoked: there is no revocation list "
		"\"/etc/klr\"; "
		"did you mean \"/etc/krl\"?"},
	    {"key_revoked = [ \"/etc/k*\" ]; } );", ""},
	};
	static const struct check_calls nothing = {0};
	size_t i;

	make_place();
	for (i = 0; i < sizeof(guards) / sizeof(guards[0]); i++) {
		char *text = mem_printf("%s%s", start, guards[i].text);
		char *got = checked(text, &nothing);

		ck_assert_msg(strstr(got, guards[i].problem) != NULL &&
			(strstr(got, "guards.g") != NULL) ==
			    (guards[i].problem[0] != '\0'),
		    "%s", got);
		free(got);
		free(text);
	}
	remove_place();
}
END_TEST

START_TEST(no_host_key_no_module_no_rule)
{
	static const struct check_calls nothing = {0};
	char *got;

	make_place();
	got = checked("host_keys = [ \"@/none\" ];", &nothing);
	ck_assert(strstr(got, "there is no usable host key") != NULL);
	ck_assert(strstr(got, "modules: there is none") != NULL);
	ck_assert(strstr(got, "warning: rules: there is none") != NULL);
	free(got);
	remove_place();
}
END_TEST

/* ---- rules that are never reached ---- */

struct reach_row {
	const char *earlier;
	const char *later;
	bool unreachable;
};

static const struct reach_row reach_rows[] = {
    {"", "", true},
    {"", "user = \"alice\";", true},
    {"", "user = \"root\";", false},
    {"", "uid = \"0\";", false},
    {"user = \"root\";", "user = \"root\";", true},
    {"user = \"a*\";", "user = \"alice\";", true},
    {"user = \"a*\";", "user = \"a*\";", true},
    {"user = \"a*\";", "user = \"al*\";", false},
    {"user = \"a*\";", "user = [ \"alice\", \"bob\" ];", false},
    {"user = [ \"a*\", \"!ann\" ];", "user = \"alice\";", false},
    {"user = \"alice\";", "", false},
    {"group = \"g\";", "group = \"g\"; user = \"alice\";", true},
    {"group = \"g\";", "user = \"alice\";", false},
    {"from = \"10.0.0.0/8\";", "from = \"10.1.0.0/16\";", true},
    {"from = \"10.1.0.0/16\";", "from = \"10.0.0.0/8\";", false},
    {"from = \"!10.1.0.0/16\";", "from = \"10.0.0.0/8\";", false},
    {"uid = \"1000-2000\";", "uid = \"1500\";", true},
    {"uid = \"1000-2000\";", "uid = \"1500-2001\";", false},
    {"time = \"00:00-01:00\";", "time = \"00:00-01:00\";", true},
    {"time = \"00:00-01:00\";", "", false},
    {"invalid_user = true;", "", false},
    {"invalid_user = true;", "invalid_user = true;", true},
    {"", "invalid_user = true;", true},
    {"listener = \"*\";", "listener = \"main\";", true},
    {"by_grant = true;", "", false},
};

static char *
match_of(const char *conditions)
{
	return *conditions == '\0' ? mem_strdup("") :
				     mem_printf("match = { %s };", conditions);
}

START_TEST(a_rule_behind_one_that_takes_all_is_warned_of)
{
	const struct reach_row *row = &reach_rows[_i];
	char *earlier = match_of(row->earlier), *later = match_of(row->later);
	char *text = mem_printf("rules = ( { name = \"a\"; %s refuse = true; "
				"},\n{ name = \"b\"; %s refuse = true; } );",
	    earlier, later);
	char *got = problems_of(text);

	ck_assert_str_eq(got,
	    row->unreachable ? "a.conf:2: warning: rules.b: "
			       "is never reached: rule \"a\" of a.conf:1 takes "
			       "all it matches\n" :
			       "");
	free(got);
	free(text);
	free(earlier);
	free(later);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

Suite *
suite_check(void)
{
	Suite *suite = suite_create("check");
	TCase *tc = tcase_create("check");

	tcase_add_test(tc, a_sound_configuration_has_no_problem);
	tcase_add_loop_test(
	    tc, each_problem_is_named_with_its_place, 0, COUNT(rows));
	tcase_add_loop_test(
	    tc, what_libcrypto_lacks_is_told_where_it_is_written, 0, 4);
	tcase_add_test(
	    tc, key_sources_and_revocation_lists_are_those_of_the_modules);
	tcase_add_test(tc, no_host_key_no_module_no_rule);
	tcase_add_loop_test(tc, a_rule_behind_one_that_takes_all_is_warned_of,
	    0, COUNT(reach_rows));
	suite_add_tcase(suite, tc);
	return suite;
}
