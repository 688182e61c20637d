/*
 * The requirements of the benchmarks: CIS Debian Linux 12 1.1.0, CIS RHEL 9
 * 2.0.0, the DISA STIGs for RHEL 9 V2R9 and Ubuntu 24.04 V1R5.  The words are
 * ours.
 *
 * A change is a drop-in for policy.d that makes the check hold
 * (tests/integration/test_compliance.py applies each), or commands behind "# ".
 */
#include "config/compliance/tables.h"

#include <string.h>

/* clang-format off: one requirement, one paragraph */

/* ---- files ---- */

#define MODES "# chown root:root FILE; chmod 600 FILE; chmod 755 DIRECTORY"

static const struct check config_files = {.look = look_config_files,
    .asked = "the files of the configuration root:root, 0600 or less; their "
	     "directories root's, writable by nobody else",
    .change = MODES};
static const struct check config_owner = {.look = look_config_owner,
    .asked = "the files and directories of the configuration are root's",
    .change = MODES};
static const struct check config_group = {.look = look_config_group,
    .asked = "the files and directories of the configuration are of group root",
    .change = MODES};
static const struct check config_modes = {.look = look_config_modes,
    .asked = "the files of the configuration 0600 or less, their directories "
	     "writable by root alone",
    .change = MODES};
static const struct check private_keys = {.look = look_private_keys,
    .asked = "private host keys root:root 0600 or less (0640 for the group "
	     "ssh_keys)",
    .change = "# chown root:root FILE; chmod 600 FILE"};
static const struct check public_keys = {.look = look_public_keys,
    .asked = "public host keys root:root 0644 or less",
    .change = "# chown root:root FILE.pub; chmod 644 FILE.pub"};
static const struct check program = {.look = look_program,
    .asked = "the program is there",
    .change = "# apt-get install sallyport"};
static const struct check enabled = {.look = look_enabled,
    .asked = "the service is started with the machine",
    .change = "# systemctl enable --now sallyport.service"};

/* ---- who comes in, and how ---- */

static const struct check access_list = {.look = look_access_list,
    .asked = "every rule is for some, by name or group, or a guard or list "
	     "keeps others out",
    .change =
	"guards = ( { name = \"only-sallyport-users\"; "
	"match = { group = [ \"!sallyport-users\" ]; }; refuse = true; } );"};
static const struct check banner = {.look = look_banner,
    .asked = "a text is shown before authentication, also to who is refused",
    .change = "banner = \"/etc/issue.net\";"};
static const struct check acknowledged = {
    .questions = {{"consent_file", DEMAND_SET, NULL},
	{"consent_require", DEMAND_IS, "true"}},
    .change = "guards = ( { name = \"consent\"; consent = { file = "
	      "\"/etc/issue.net\"; require = true; }; } );"};
static const struct check no_gssapi = {
    .questions = {{"methods", DEMAND_WITHOUT, "[ \"gssapi-*\" ]"}},
    .look = look_key_exchange,
    .change = "guards = ( { name = \"no-gssapi\"; gssapi = false; } ); "
	      "kerberos = { key_exchange = false; };"};
static const struct check no_kerberos = {
    .reason = "fixed: the server asks no KDC for a typed password, and has "
	      "no key for it",
    .proof = "sallyportd(8), -T: kerberosauthentication no"};
static const struct check no_hostbased = {
    .questions = {{"methods", DEMAND_WITHOUT, "[ \"hostbased\" ]"}},
    .change = "guards = ( { name = \"no-hostbased\"; hostbased = false; } );"};
static const struct check no_user_hosts = {.look = look_host_files,
    .asked = "the module hostbased reads no file of a user's (.shosts, "
	     ".ssh/known_hosts); .rhosts is read by nothing",
    .proof = "tests/integration/test_hostbased.py: "
	     "test_users_files_count_only_if_configured",
    .change = "# take user_files out of the options of the module hostbased"};
static const struct check no_root = {
    .questions = {{"root_login", DEMAND_IS, "\"no\""}},
    .change = "guards = ( { name = \"no-root\"; root_login = \"no\"; } );"};
static const struct check no_blank_password = {.look = look_passwords,
    .reason = "fixed: PAM is asked with PAM_DISALLOW_NULL_AUTHTOK, whatever "
	      "the stack says (nullok)",
    .proof = "tests/integration/test_compliance.py: "
	     "test_an_empty_password_lets_nobody_in",
    .change = "# name pam as the module of these steps: \"password:pam\""};
static const struct check pam = {.look = look_pam,
    .asked = "the module pam is loaded: it judges the account and opens the "
	     "session of every login",
    .proof = "tests/integration/test_pam.py: "
	     "test_the_same_with_keyboard_interactive_and_keys",
    .change = "# add { name = \"pam\"; } to modules"};
static const struct check pubkey = {
    .questions = {{"methods", DEMAND_HAS, "[ \"publickey\" ]"}},
    .change = "# add \"publickey\" to the methods of the rule"};
static const struct check strict_modes = {
    .reason =
	"fixed: a key file, and each directory above it up to the home, "
	"must be the user's or root's and writable by nobody else (but for a "
	"private group of the user's alone: private_groups)",
    .proof = "tests/integration/test_login.py: "
	     "test_bad_modes_of_the_home_are_named"};
/* No other name is known to be harmless to every program. */
#define HARMLESS                                                        \
	"[ \"LANG\", \"LANGUAGE\", \"LC_*\", \"TERM\", \"COLORTERM\", " \
	"\"NO_COLOR\", \"XMODIFIERS\" ]"
static const struct check no_user_environment = {
    .questions = {{"accept_env", DEMAND_ONLY, HARMLESS}},
    .asked =
	"~/.ssh/environment is read by nothing; environment= of a key "
	"line sets what accept_env lets the client set, which is language, "
	"terminal and colours alone",
    .proof = "tests/integration/test_hostile.py: "
	     "test_a_key_s_environment_loads_no_library",
    .change = "guards = ( { name = \"env\"; accept_env = [ \"LANG\", "
	      "\"LC_*\" ]; } );"};
static const struct check no_unattended = {
    .questions = {{"accept_env", DEMAND_ONLY, HARMLESS}},
    .look = look_passwords,
    .asked = "no empty password lets anybody in (fixed where PAM judges them), "
	     "and no file of a user's sets the environment beyond language, "
	     "terminal and colours",
    .proof = "tests/integration/test_compliance.py: "
	     "test_an_empty_password_lets_nobody_in",
    .change = "guards = ( { name = \"env\"; accept_env = [ \"LANG\", "
	      "\"LC_*\" ]; } );"};

/* ---- algorithms ---- */

static const struct check ciphers_cis = {
    .questions = {{"crypto.ciphers", DEMAND_WITHOUT, "[ \"*-cbc\" ]"}},
    .change = "crypto = { profile = \"cis\"; };"};
static const struct check no_chacha = {
    .questions = {{"crypto.ciphers", DEMAND_WITHOUT, "[ \"chacha20*\" ]"}},
    .change = "crypto = { profile = \"cis\"; };"};
static const struct check ciphers_stig = {
    .questions = {{"crypto.ciphers", DEMAND_ONLY,
	"[ \"aes256-gcm@openssh.com\", \"aes256-ctr\", "
	"\"aes128-gcm@openssh.com\", \"aes128-ctr\" ]"}},
    .change = "crypto = { profile = \"stig\"; };"};
static const struct check ciphers_ubuntu = {
    .questions = {{"crypto.ciphers", DEMAND_ONLY,
	"[ \"aes256-gcm@openssh.com\", \"aes256-ctr\", \"aes192-ctr\", "
	"\"aes128-gcm@openssh.com\", \"aes128-ctr\" ]"}},
    .change = "crypto = { profile = \"stig\"; };"};
static const struct check macs_cis = {
    .questions = {{"crypto.macs", DEMAND_WITHOUT,
	"[ \"hmac-md5*\", \"hmac-ripemd*\", \"hmac-sha1*\", \"umac-*\" ]"}},
    .change = "crypto = { profile = \"cis\"; };"};
static const struct check no_etm = {
    .questions = {{"crypto.macs", DEMAND_WITHOUT, "[ \"*-etm@*\" ]"}},
    .change = "crypto = { profile = \"cis\"; };"};
static const struct check macs_stig = {
    .questions = {{"crypto.macs", DEMAND_ONLY, "[ \"hmac-sha2-*\" ]"}},
    .change = "crypto = { profile = \"stig\"; };"};
static const struct check kex_cis = {
    .questions = {{"crypto.kex", DEMAND_WITHOUT, "[ \"*-sha1\" ]"}},
    .change = "crypto = { profile = \"cis\"; };"};
static const struct check kex_stig = {
    .questions = {{"crypto.kex", DEMAND_ONLY,
		      "[ \"ecdh-sha2-nistp*\", "
		      "\"diffie-hellman-group-exchange-sha256\" ]"},
	{"crypto.gss_kex", DEMAND_ONLY, "[ \"gss-nistp*\" ]"}},
    .change = "crypto = { profile = \"stig\"; };"};
static const struct check rekey = {
    .questions = {{"rekey_bytes", DEMAND_AT_MOST, "\"1G\""},
	{"rekey_seconds", DEMAND_AT_MOST, "\"1h\""}},
    .change = "guards = ( { name = \"rekey\"; rekey_bytes = \"1G\"; "
	      "rekey_seconds = \"1h\"; } );"};
static const struct check system_policy = {
    .questions = {{"crypto.profile", DEMAND_IS, "\"system\""}},
    .look = look_policy_file,
    .proof = "tests/integration/test_crypto_policy.py: "
	     "test_nothing_widens_the_policy",
    .change = "crypto = { profile = \"system\"; };"};

/* ---- how long, how many ---- */

static const struct check keepalive_cis = {
    .questions = {{"keepalive_interval", DEMAND_AT_MOST, "300"},
	{"keepalive_count", DEMAND_AT_MOST, "3"}},
    .change = "guards = ( { name = \"keepalive\"; keepalive_interval = 300; "
	      "keepalive_count = 3; } );"};
static const struct check keepalive_once = {
    .questions = {{"keepalive_interval", DEMAND_SET, NULL},
	{"keepalive_count", DEMAND_IS, "1"}},
    .change = "guards = ( { name = \"keepalive\"; keepalive_interval = 600; "
	      "keepalive_count = 1; } );"};
/* The text asks of inactivity what a keepalive does not do. */
static const struct check idle_stig = {
    .questions = {{"keepalive_interval", DEMAND_AT_MOST, "600"},
	{"idle_timeout", DEMAND_AT_MOST, "600"}},
    .change = "guards = ( { name = \"idle\"; keepalive_interval = 600; "
	      "idle_timeout = 600; } );"};
static const struct check login_grace = {
    .questions = {{"limits.login_grace", DEMAND_AT_MOST, "60"}},
    .change = "limits = { login_grace = 60; };"};
static const struct check auth_tries = {
    .questions = {{"max_auth_tries", DEMAND_AT_MOST, "4"}},
    .change = "guards = ( { name = \"tries\"; max_auth_tries = 4; } );"};
static const struct check sessions = {
    .questions = {{"max_sessions", DEMAND_AT_MOST, "10"}},
    .change = "guards = ( { name = \"sessions\"; max_sessions = 10; } );"};
static const struct check startups = {
    .questions = {{"limits.startups.begin", DEMAND_AT_MOST, "10"},
	{"limits.startups.rate", DEMAND_AT_LEAST, "30"},
	{"limits.startups.full", DEMAND_AT_MOST, "60"}},
    .change = "limits = { startups = { begin = 10; rate = 30; full = 60; }; "
	      "};"};

/* ---- what a session may ---- */

static const struct check no_forwarding = {
    .questions = {{"local_forward", DEMAND_UNSET, NULL},
	{"remote_forward", DEMAND_UNSET, NULL},
	{"unix_local", DEMAND_UNSET, NULL}, {"unix_remote", DEMAND_UNSET, NULL},
	{"agent", DEMAND_IS, "false"}, {"x11", DEMAND_IS, "false"},
	{"tun", DEMAND_IS, "\"no\""}},
    .change = "guards = ( { name = \"no-forwarding\"; forwarding = false; } "
	      ");"};
static const struct check no_x11 = {.questions = {{"x11", DEMAND_IS, "false"}},
    .change = "guards = ( { name = \"no-x11\"; x11 = false; } );"};
static const struct check x11_loopback = {
    .reason = "fixed: a display listens on loopback only",
    .proof = "sallyport.conf(5), x11; tests/integration/test_compliance.py: "
	     "test_a_display_listens_on_loopback_alone"};
static const struct check no_compression = {
    .questions = {{"crypto.compression", DEMAND_ONLY, "[ \"none\" ]"}},
    .change = "crypto = { profile = \"stig\"; };"};

/* ---- what is told ---- */

static const struct check level_cis = {
    .questions = {{"log.level", DEMAND_ONLY, "[ \"info\", \"verbose\" ]"},
	{"log_level", DEMAND_ONLY, "[ \"info\", \"verbose\" ]"},
	{"log.targets", DEMAND_SET, NULL}},
    .change = "log = { level = \"verbose\"; }; # and targets, if they are []"};
static const struct check level_verbose = {
    .questions = {{"log.level", DEMAND_IS, "\"verbose\""},
	{"log_level", DEMAND_IS, "\"verbose\""},
	{"log.targets", DEMAND_SET, NULL}},
    .change = "log = { level = \"verbose\"; }; # and targets, if they are []"};
static const struct check last_login = {
    .questions = {{"records.last_login", DEMAND_IS, "\"server\""}},
    .change = "records = { last_login = \"server\"; };"};

/* ---- of something else ---- */

#define ELSEWHERE(name, why) \
	static const struct check name = {.meaningless = true, .reason = why}

ELSEWHERE(client, "a matter of the SSH client, which sallyport has none of");
ELSEWHERE(firewall, "a matter of the firewall");
ELSEWHERE(helpers,
    "sallyport ships neither ssh-agent nor ssh-keysign; "
    "packaging/audit/30-sallyport.rules watches its own programs");
ELSEWHERE(passphrases,
    "a matter of the users' own machines: a server never "
    "sees a private key of theirs");

/* ---- the items ---- */

#define ITEM(id, severity, title, check) {id, severity, title, &(check)},

static const struct item_row cis_debian12[] = {
#define CIS_DEBIAN12
#include "config/compliance/items.h"
#undef CIS_DEBIAN12
};
static const struct item_row cis_rhel9[] = {
#define CIS_RHEL9
#include "config/compliance/items.h"
#undef CIS_RHEL9
};
static const struct item_row stig_rhel9[] = {
#define STIG_RHEL9
#include "config/compliance/items.h"
#undef STIG_RHEL9
};
static const struct item_row stig_ubuntu2404[] = {
#define STIG_UBUNTU2404
#include "config/compliance/items.h"
#undef STIG_UBUNTU2404
};
/* clang-format on */

#define ROWS(rows) rows, sizeof(rows) / sizeof((rows)[0])

const struct benchmark_row benchmarks[BENCHMARKS] = {
    {"cis-debian12", "CIS Debian Linux 12 Benchmark 1.1.0", ROWS(cis_debian12)},
    {"cis-rhel9", "CIS Red Hat Enterprise Linux 9 Benchmark 2.0.0",
	ROWS(cis_rhel9)},
    {"stig-rhel9", "DISA STIG Red Hat Enterprise Linux 9 V2R9",
	ROWS(stig_rhel9)},
    {"stig-ubuntu2404", "DISA STIG Canonical Ubuntu 24.04 LTS V1R5",
	ROWS(stig_ubuntu2404)},
};

const struct benchmark_row *
benchmark_find(const char *name)
{
	for (size_t i = 0; i < BENCHMARKS; i++)
		if (strcmp(benchmarks[i].name, name) == 0)
			return &benchmarks[i];
	return NULL;
}
