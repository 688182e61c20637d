/*
 * config/import*.c: what maps, what is reported, and how the file is read.
 * That decisions are equal to sshd's is compare_import's work.
 */
#include "config/import.h"
#include "config/importer.h"
#include "lib/mem.h"
#include "tests/unit/config/imported.h"
#include "tests/unit/config/suites.h"
#include "tests/unit/config/support.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
check_import(const char *text, const char *wanted, const char *wanted_report)
{
	char *report, *got;

	imported_begin();
	got = imported(text, &report);
	ck_assert_msg(strstr(got, wanted) != NULL, "%s\nin\n%s", wanted, got);
	ck_assert_str_eq(report, wanted_report);
	config_free(config_of(got));
	free(got);
	free(report);
	imported_end();
}

struct row {
	const char *text;
	const char *wanted; /* in the result */
	const char *report;
};

static const struct row rows[] = {
    {"Port 2222\nListenAddress 127.0.0.1\nListenAddress [::1]:23\n",
	"\t{ name = \"listener-1\"; address = \"127.0.0.1\"; port = 2222; "
	"},\n\t{ name = \"listener-2\"; address = \"::1\"; port = 23; }\n",
	""},
    {"AddressFamily inet\n", "address = \"0.0.0.0\"; port = 22;", ""},
    {"ListenAddress ssh.example.com\nListenAddress 127.0.0.1\n",
	"address = \"127.0.0.1\"",
	"1: ListenAddress ssh.example.com: a "
	"numeric address is needed\n"},
    {"HostKey /etc/passwd\nHostKey /etc/group\nHostCertificate /etc/hosts\n",
	"host_keys = [ \"/etc/passwd\", \"/etc/group\" ];\n"
	"host_certificates = [ \"/etc/hosts\" ];\n",
	""},
    {"HostKey /none/1\nHostKey /etc/passwd\nHostCertificate /none/2\n",
	"host_keys = [ \"/etc/passwd\" ];\n",
	"1: warning: HostKey /none/1: no such file: left out\n"
	"3: warning: HostCertificate /none/2: no such file: left out\n"},
    {"HostKey /none/1\n", "",
	"1: warning: HostKey /none/1: no such file: left out\n"
	"1: no host key of those named can be used\n"},
    {"Ciphers aes256-ctr,3des-cbc\n", "\tciphers = [ \"aes256-ctr\" ];",
	"1: warning: Ciphers: sallyport has no \"3des-cbc\": left out\n"},
    {"MACs -hmac-md5*,umac*\n",
	"crypto = {\n\tmacs = "
	"[ \"hmac-sha2-256-etm@openssh.com\"",
	"1: warning: MACs: sallyport has no \"hmac-md5*\": left out\n"},
    {"KexAlgorithms +diffie-hellman-group14-sha256\n",
	"\"diffie-hellman-group14-sha256\" ];", ""},
    {"KexAlgorithms ^ecdh-sha2-nistp256\n",
	"kex = [ \"ecdh-sha2-nistp256\", \"mlkem768x25519-sha256\"", ""},
    {"HostKeyAlgorithms ssh-ed25519\n",
	"host_key_algorithms = [ \"ssh-ed25519\" ];", ""},
    {"CASignatureAlgorithms ssh-ed25519\n",
	"ca_algorithms = [ \"ssh-ed25519\" ];", ""},
    {"Compression no\n", "compression = [ \"none\" ];", ""},
    {"RekeyLimit 512M 30m\n",
	"rekey_bytes = 536870912L;\n\trekey_seconds"
	" = \"30m\";",
	""},
    {"RekeyLimit default 1s\n", "rekey_seconds = \"1s\";", ""},
    {"RekeyLimit 1G 30d\n", "rekey_seconds = 604800;", ""},
    {"RekeyLimit 1G 0\n", "rekey_seconds = \"none\";", ""},
    {"ModuliFile /m\n", "moduli_file = \"/m\";", ""},
    {"LoginGraceTime 2m\n", "login_grace = 120;", ""},
    {"LoginGraceTime 0\n", "login_grace = 3600;",
	"1: warning: "
	"LoginGraceTime 0: sallyport waits an hour at most\n"},
    {"MaxStartups 5:40:50\nPerSourceMaxStartups 3\n"
     "PerSourceNetBlockSize 24:56\n",
	"startups = { begin = 5; rate = 40;"
	" full = 50; };\n\tsource = { connections = 3; prefix4 = 24; "
	"prefix6 = 56; };",
	""},
    {"PerSourcePenalties authfail:7s max:20m overflow:deny-all\n"
     "PerSourcePenaltyExemptList 10.0.0.0/8\n",
	"penalties = { "
	"auth_failure = 7; maximum = 1200; overflow_refuses = true; "
	"exempt = [ \"10.0.0.0/8\" ];",
	""},
    {"PerSourcePenalties no\n", "penalties = { enabled = false;", ""},
    {"SyslogFacility AUTHPRIV\nLogLevel VERBOSE\n",
	"level = \"verbose\";\n\tfacility = \"authpriv\";", ""},
    {"PrintMotd yes\nPrintLastLog no\n",
	"motd = \"server\"; last_login = \"pam\";", ""},
    {"Subsystem sftp /usr/lib/openssh/sftp-server -f AUTH\n",
	"{ name = \"sftp\"; command = \"internal\"; }",
	"1: warning: subsystem sftp: internal takes the place of "
	"/usr/lib/openssh/sftp-server\n"},
    {"Subsystem sftp internal-sftp\nSubsystem netconf /bin/nc -x\n",
	"{ name = \"netconf\"; command = \"/bin/nc -x\"; }", ""},
    {"IPQoS af21 cs1\n",
	"ip_qos_interactive = \"af21\";\nip_qos_bulk = "
	"\"cs1\";",
	""},
    {"IPQoS lowdelay\n", "", "1: warning: IPQoS lowdelay: DSCP names only\n"},
    {"VersionAddendum x y\nXAuthLocation /x\nX11DisplayOffset 20\n"
     "TCPKeepAlive no\nPidFile none\n",
	"version_addendum = \"x y\";\n"
	"pid_file = \"none\";\nxauth = \"/x\";\nx11_display_offset = 20;\n"
	"tcp_keepalive = false;\n",
	""},
    {"PAMServiceName login\n", "service = \"login\";", ""},
    {"AuthorizedKeysFile .ssh/k /etc/keys/%u\n",
	"user = { file = [ \"%h/.ssh/k\", \"/etc/keys/%u\" ];", ""},
    {"AuthorizedKeysFile none\nAuthorizedKeysCommand /bin/k %u %t\n"
     "AuthorizedKeysCommandUser nobody\n",
	"sources = [ \"command\" ];\n\t\tcommand = { command = "
	"[ \"/bin/k\", \"%u\", \"%t\" ];\n\t\t\tuser = \"nobody\";",
	""},
    {"AuthorizedKeysCommand /bin/k %C\nAuthorizedKeysCommandUser x\n", "/bin/k",
	"1: AuthorizedKeysCommand: sallyport does not know %C "
	"here\n"},
    {"TrustedUserCAKeys /ca\nAuthorizedPrincipalsFile /p/%u\n"
     "RevokedKeys /krl\n",
	"ca_keys = [ \"/ca\" ];\n\t\tprincipals = { "
	"file = [ \"/p/%u\" ];\n\t\t};\n\t\trevoked = [ \"/krl\" ];",
	""},
    {"TrustedUserCAKeys /ca\nAuthorizedPrincipalsCommand /bin/p %u\n"
     "AuthorizedPrincipalsCommandUser nobody\n",
	"principals = { command = [ \"/bin/p\", \"%u\" ];", ""},
    {"TrustedUserCAKeys /ca\nAuthorizedPrincipalsFile /p/%u\n"
     "AuthorizedPrincipalsCommand /bin/p %u\n"
     "AuthorizedPrincipalsCommandUser nobody\n",
	"principals = { file = [ \"/p/%u\" ];\n"
	" command = [ \"/bin/p\", \"%u\" ];\n"
	"\t\t\tuser = \"nobody\";\n\t\t};\n",
	""},
    {"HostbasedAuthentication yes\n",
	"{ name = \"hostbased\"; options = { }; }", ""},
    {"HostbasedAuthentication yes\nIgnoreRhosts no\n"
     "HostbasedUsesNameFromPacketOnly yes\n",
	"options = { user_files = true; name_from_packet = true; };", ""},
    {"RekeyLimit 1K\n", "rekey_bytes = 65536L;",
	"1: warning: RekeyLimit 1K: sallyport rekeys after 64K at the "
	"earliest\n"},
    {"LoginGraceTime 3\n", "login_grace = 5;",
	"1: warning: LoginGraceTime 3: sallyport waits 5 s at least\n"},
    {"PidFile /run/x.pid\n", "pid_file = \"/run/x.pid\";", ""},
    {"Port 22\n", "penalties = { enabled = false;", ""},
    {"RevokedKeys /dev/null\n", "sources = [ \"user\" ];", ""},
    {"RevokedKeys none\n", "sources = [ \"user\" ];", ""},
    {"Subsystem foo\n", "", "1: Subsystem foo: its command is missing\n"},
    {"Subsystem foo /bin/foo \"a b\" c\n",
	"{ name = \"foo\"; command = \"/bin/foo \\\"a b\\\" c\"; }", ""},
    {"AuthorizedKeysCommand /bin/keys\nAuthorizedKeysCommandUser root\n",
	"command = { command = [ \"/bin/keys\", \"%u\" ];\n"
	"\t\t\tuser = \"nobody\";",
	"2: warning: AuthorizedKeysCommandUser root: sallyport runs no such "
	"command as root; it runs as nobody, see that it works so\n"},
    {"ChrootDirectory /srv\nForceCommand internal-sftp -d %u\n",
	"sftp_start = \"/%u\";", ""},
    {"Subsystem sftp internal-sftp\n", "sftp_without_shell = true;", ""},
    {"Subsystem sftp /usr/lib/openssh/sftp-server\n",
	"sftp_without_shell = false;",
	"1: warning: subsystem sftp: internal takes the place of "
	"/usr/lib/openssh/sftp-server\n"},
    {"ForceCommand internal-sftp -d %d/in\n", "sftp_start = \"%h/in\";", ""},
    {"Subsystem sftp /opt/other -x\nMatch User al\n"
     "ForceCommand internal-sftp\nSubsystem sftp /opt/other -x\n",
	"\t  sftp_only = true;\n", ""},
    {"Ciphers aes128-gcm@openssh.com\nMACs hmac-md5\n", "",
	"2: warning: MACs: sallyport has no \"hmac-md5\": left out\n"
	"2: warning: MACs: no cipher of the list needs one of these: left "
	"out\n"},
    {"ChannelTimeout session=5m global=1h x11*=0\n"
     "UnusedConnectionTimeout 9m\n",
	"unused_timeout = \"9m\";\n\t  channel_timeouts = "
	"[ \"session=5m\", \"global=1h\", \"x11*=0\" ];",
	""},
    {"RefuseConnection no\nMatch Invalid-User\nRefuseConnection yes\n",
	"{ name = \"match-1\";\n\t  match = { invalid_user = true; };\n"
	"\t  refuse = true;\n\t}",
	""},
    {"Match Group a,b User c*,!cd\nPermitTTY no\n",
	"match = { user = [ \"c*\", \"!cd\" ]; group = [ \"a\", \"b\" ]; };",
	""},
    {"Match Address 10.*,!10.1.2.3 LocalPort 22\nPermitTTY no\n",
	"{ from = [ \"10.0.0.0/8\", \"!10.1.2.3\" ]; listener = "
	"[ \"listener-1\" ]; }",
	""},
    {"ListenAddress 10.0.0.1\nMatch LocalAddress 10.0.0.1\nPermitTTY "
     "no\n",
	"{ listener = [ \"listener-1\" ]; }", ""},
    {"Match LocalAddress 10.0.0.1\nPermitTTY no\n", "",
	"1: Match LocalAddress: give the address a ListenAddress of its "
	"own; the block is left out\n1: warning: this Match block has no "
	"effect in the result\n"},
    {"Match RDomain x\nPermitTTY no\n", "",
	"1: Match RDomain: sallyport "
	"has no such condition; the block is left out\n1: warning: this "
	"Match block has no effect in the result\n"},
    {"UseDNS yes\nMatch Host *.example.com\nPermitTTY no\n", "",
	"1: warning: UseDNS yes: sallyport has \"no\" only\n"
	"2: \"*.example.com\": sallyport knows networks only, no host "
	"names and no such wildcards\n2: warning: this Match block has no "
	"effect in the result\n"},
    {"RevokedKeys /k /l\nMatch User x\nRevokedKeys /m\n",
	"\t\trevoked = [ \"/k\", \"/l\", \"/m\" ];", ""},
    {"RevokedKeys /k /l\nMatch User x\nRevokedKeys /m\n",
	"\t  key_revoked = [ \"/m\" ];\n", ""},
    {"RevokedKeys /k /l\nMatch User x\nRevokedKeys /m\n",
	"\t  key_revoked = [ \"/k\", \"/l\" ];\n", ""},
    {"Match User x\nRevokedKeys /m\n", "\t  key_revoked = [ ];\n", ""},
    {"Match User x\nTrustedUserCAKeys /x\nAuthorizedPrincipalsFile .p\n",
	"\t\tca-1 = { ca_keys = [ \"/x\" ];\n\t\t};\n", ""},
    {"Match User x\nTrustedUserCAKeys /x\nAuthorizedPrincipalsFile .p\n",
	"\t\tnames-1 = { principals = true; file = [ \"%h/.p\" ];\n\t\t};\n",
	""},
    {"Match User x\nTrustedUserCAKeys /x\nAuthorizedPrincipalsFile .p\n",
	"\t  key_sources = [ \"+ca=ca-1\", \"+names=names-1\" ];\n", ""},
    {"TrustedUserCAKeys /ca\nMatch User x\n"
     "AuthorizedPrincipalsCommand /bin/p %u\n"
     "AuthorizedPrincipalsCommandUser nobody\n",
	"\t\task-1 = { principals = true; command = [ \"/bin/p\", "
	"\"%u\" ];\n",
	""},
    {"TrustedUserCAKeys /ca\nMatch User x\nTrustedUserCAKeys none\n",
	"\t  key_sources = [ \"+ca=none\" ];\n", ""},
    {"TrustedUserCAKeys /ca\nMatch User x\nTrustedUserCAKeys /x\n",
	"\t  key_sources = [ \"+ca=ca-1\" ];\n", ""},
    {"AuthorizedKeysFile /k\nMatch User x\nAuthorizedKeysFile none\n"
     "Match User y\nAuthorizedKeysFile /k\n",
	"\t\tsources = [ \"user\" ];\n", ""},
    {"AuthorizedKeysFile /k\nMatch User x\nAuthorizedKeysFile none\n",
	"\t  key_sources = [ \"+files=none\" ];\n", ""},
    {"AuthorizedKeysFile none\n", "\t  key_sources = [ ];\n", ""},
    {"HostbasedAuthentication yes\n",
	"\t  key_sources = [ \"+files=user\", \"+hostbased=hostbased\" ];\n",
	""},
    {"AllowUsers a b@10.0.0.0/8,!10.1.1.1 c@* d@x.example.com\n"
     "DenyGroups g !h\n",
	"guards = (\n\t{ name = \"access\";\n"
	"\t  allow_users = [ \"a\", \"b@10.0.0.0/8,!10.1.1.1\", "
	"\"c@0.0.0.0/0,::/0\" ];\n\t  deny_groups = [ \"g\" ];\n",
	"1: warning: \"x.example.com\": a host name never matches while "
	"UseDNS is no: left out\n"},
    {"AllowUsers a\nMatch Group g\nAllowUsers b\n",
	"\t  allow_users = [ \"+b\" ];\n", ""},
    {"AllowUsers a\nMatch Group g\nAllowUsers b\n",
	"\t{ name = \"sshd\";\n\t  allow_users = [ \"a\" ];\n", ""},
    {"Match Group g\nIPQoS cs1\nMatch User u\nIPQoS cs2\nPermitTTY no\n",
	"\t{ name = \"match-2-qos\";\n\t  match = { user = [ \"u\" ]; };\n"
	"\t  ip_qos_interactive = \"cs2\";\n"
	"\t  ip_qos_bulk = \"cs2\";\n\t},\n",
	""},
    {"Subsystem sftp internal-sftp -R\nMatch Group g\n"
     "ForceCommand internal-sftp -d /in\n",
	"\t{ name = \"sshd-sftp\";\n\t  sftp_read_only = true;\n", ""},
    {"Port 22\n", "\t  subsystems = [ ];\n", ""},
    {"Match User x\nPasswordAuthentication no\nMatch Group g\n"
     "PubkeyAuthentication no\n",
	"\t  password = false;\n\t},\n", ""},
    {"AuthenticationMethods publickey,gssapi-with-mic password\n",
	"\t  methods = [ \"password\" ];\n",
	"1: warning: AuthenticationMethods publickey,gssapi-with-mic: no "
	"module "
	"serves it: left out\n"},
    {"PermitRootLogin forced-commands-only\n"
     "AuthenticationMethods publickey,password\n",
	"\t  root_login = \"forced-command\";\n",
	"2: AuthenticationMethods publickey,password: with PermitRootLogin "
	"forced-commands-only the result lets root in by it, which sshd never "
	"does\n"},
    {"Match User x\nCASignatureAlgorithms ssh-ed25519\n",
	"\t  key_ca_algorithms = [ \"ssh-ed25519\" ];\n", ""},
    {"Match User x\nRekeyLimit 1M 1h\n",
	"\t  rekey_bytes = 1048576L;\n\t  rekey_seconds = \"1h\";\n", ""},
    {"Match User x\nIPQoS cs1\n",
	"\t  ip_qos_interactive = \"cs1\";\n\t  ip_qos_bulk = \"cs1\";\n", ""},
    {"Match User x\nX11DisplayOffset 30\n", "\t  x11_display_offset = 30;\n",
	""},
    {"Subsystem x /bin/x\nMatch User x\nSubsystem sftp internal-sftp -R\n"
     "Subsystem x /bin/y -z\n",
	"\t  subsystem_commands = [ \"+sftp=internal\", \"+x=/bin/y -z\" "
	"];\n",
	""},
    {"Subsystem sftp internal-sftp -R -u 027\n",
	"\t  sftp_read_only = true;\n\t  sftp_umask = \"027\";\n", ""},
    {"Match User x\nPAMServiceName y\n", "\t  pam_service = \"y\";\n", ""},
    {"PAMServiceName y\nMatch User x\nPAMServiceName sshd\n",
	"\t  pam_service = \"sshd\";\n", ""},
    {"PermitRootLogin forced-commands-only\n",
	"\t  root_login = \"forced-command\";\n", ""},
    {"MaxAuthTries many\n", "", "1: MaxAuthTries many: a number is expected\n"},
    {"MaxAuthTries 1000\n", "\t  max_auth_tries = 100;\n",
	"1: warning: MaxAuthTries 1000: sallyport has 1 to 100\n"},
    {"Port 0\nPort 22\nPort 22\n",
	"\t{ name = \"listener-1\"; address = \"*\"; port = 22; }\n)",
	"1: Port 0: a number from 1 to 65535 is expected\n"},
    {"MaxStartups 1:2\n", "",
	"1: MaxStartups 1:2: one number, or three with colons\n"},
    {"StreamLocalBindMask rw\n", "unix_mask = \"0177\"",
	"1: StreamLocalBindMask rw: an octal mask is expected\n"},
    {"PermitTunnel perhaps\n", "",
	"1: PermitTunnel perhaps: yes, no, point-to-point or ethernet\n"},
    {"Banner \xff\n# \xff\n", "",
	"1: byte 0xff: a control character, or no UTF-8\n"},
    {"AuthorizedKeysFile .ssh/keys.d/*.pub\n",
	"file = [ \"%h/.ssh/keys.d/*.pub\" ];", ""},
    {"RSAMinSize 3072\n", "\t  key_rsa_bits = 3072;\n", ""},
    {"Match User x\nPort 23\n", "",
	"2: Port: not allowed in a Match "
	"block\n"},
    {"StrictModes no\nPermitEmptyPasswords yes\nProtocol 2\n"
     "GSSAPIAuthentication yes\nKerberosAuthentication no\n",
	"",
	"1: warning: StrictModes no: sallyport has \"yes\" only\n"
	"2: warning: PermitEmptyPasswords yes: sallyport has \"no\" only\n"
	"3: warning: Protocol: obsolete: sshd ignores it too\n"
	"4: warning: GSSAPIAuthentication: there is no /etc/krb5.keytab: "
	"left out\n"},
    {"KerberosAuthentication yes\n", "",
	"1: warning: KerberosAuthentication yes: passwords against the KDC are "
	"PAM's work (pam_krb5)\n"},
    {"GSSAPIAuthentication no\nGSSAPIKeyExchange no\n"
     "GSSAPICleanupCredentials yes\n",
	"", ""},
    {"NoSuchThing yes\n", "", "1: NoSuchThing: unknown keyword\n"},
    {"Banner \"/etc/passwd\" # comment\nbanner=/etc/group\n",
	"banner = \"/etc/passwd\";", ""},
    {"Banner=/etc/passwd\n", "banner = \"/etc/passwd\";", ""},
    {"Banner = /etc/passwd\n", "banner = \"/etc/passwd\";", ""},
    {"Banner \"Authorised use only\"\n", "",
	"1: warning: Banner Authorised use only: there is no such file, so "
	"sshd shows nothing: left out\n"},
    {"Banner \"/c\n", "", "1: a quote is not closed\n"},
    {"ForceCommand echo \"a  b\" 'c\"d' # e \n",
	"command = \"echo \\\"a  b\\\" 'c\\\"d' # e\";", ""},
    {"ForceCommand=\"x\" y\n", "command = \"\\\"x\\\" y\";", ""},
    {"ChallengeResponseAuthentication no\nPasswordAuthentication no\n",
	"\t  password = false;\n\t  keyboard_interactive = false;\n", ""},
    {"SetEnv A=1 A=2 B=3\nSetEnv C=4\n", "set_env = [ \"A=1\", \"B=3\" ];", ""},
};

START_TEST(a_keyword_maps_or_is_reported_with_its_line)
{
	check_import(rows[_i].text, rows[_i].wanted, rows[_i].report);
}
END_TEST

/* Weight M or S in shared/reference/openssh-features.md: these must map. */
static const char *const must_map[] = {"Port", "ListenAddress", "AddressFamily",
    "PidFile", "Include", "Match", "TCPKeepAlive", "IPQoS", "VersionAddendum",
    "ModuliFile", "KexAlgorithms", "Ciphers", "MACs", "HostKeyAlgorithms",
    "PubkeyAcceptedAlgorithms", "CASignatureAlgorithms", "RequiredRSASize",
    "RekeyLimit", "Compression", "HostKey", "HostCertificate",
    "PubkeyAuthentication", "PasswordAuthentication",
    "KbdInteractiveAuthentication", "AuthenticationMethods", "PermitRootLogin",
    "AllowUsers", "DenyUsers", "AllowGroups", "DenyGroups", "MaxAuthTries",
    "LoginGraceTime", "Banner", "ExposeAuthInfo", "RefuseConnection",
    "PAMServiceName", "AuthorizedKeysFile", "AuthorizedKeysCommand",
    "AuthorizedKeysCommandUser", "TrustedUserCAKeys",
    "AuthorizedPrincipalsFile", "AuthorizedPrincipalsCommand",
    "AuthorizedPrincipalsCommandUser", "RevokedKeys", "PubkeyAuthOptions",
    "Subsystem", "ForceCommand", "ChrootDirectory", "AcceptEnv", "SetEnv",
    "PermitUserRC", "PermitTTY", "PrintMotd", "PrintLastLog", "X11Forwarding",
    "X11DisplayOffset", "ClientAliveInterval", "ClientAliveCountMax",
    "AllowTcpForwarding", "AllowStreamLocalForwarding", "AllowAgentForwarding",
    "DisableForwarding", "PermitOpen", "PermitListen", "GatewayPorts",
    "StreamLocalBindMask", "StreamLocalBindUnlink", "MaxStartups",
    "MaxSessions", "PerSourceMaxStartups", "PerSourceNetBlockSize",
    "PerSourcePenalties", "PerSourcePenaltyExemptList", "ChannelTimeout",
    "UnusedConnectionTimeout", "SyslogFacility", "LogLevel"};

START_TEST(a_keyword_of_weight_maps)
{
	const struct import_word *word = import_find_word(must_map[_i]);

	ck_assert_msg(word != NULL &&
		(word->kind == WORD_SERVER || word->kind == WORD_RULE),
	    "%s", must_map[_i]);
}
END_TEST

START_TEST(a_missing_file_is_an_error)
{
	struct problems report = {0};
	FILE *out = fopen("/dev/null", "w");

	ck_assert_int_ne(config_import("/nonexistent", out, &report), 0);
	ck_assert_uint_eq(report.errors, 1);
	fclose(out);
	problems_free(&report);
}
END_TEST

/* Generated, so that it never lags behind the table. */
START_TEST(the_guide_lists_every_keyword)
{
	char *page = file_text(SOURCE_DIR "/doc/MIGRATING.md");
	char *begin = strstr(page, IMPORT_WORDS_BEGIN), *end, *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	import_print_words(out);
	fclose(out);
	ck_assert(begin != NULL);
	begin += strlen(IMPORT_WORDS_BEGIN);
	end = strstr(begin, IMPORT_WORDS_END);
	ck_assert_msg(end != NULL && (size_t)(end - begin) == size &&
		memcmp(begin, text, size) == 0,
	    "the page is stale: make config/print_options && "
	    "config/print_options doc/MIGRATING.md");
	free(text);
	free(page);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

Suite *
suite_import(void)
{
	Suite *suite = suite_create("import");
	TCase *tc = tcase_create("import");

	tcase_add_loop_test(
	    tc, a_keyword_maps_or_is_reported_with_its_line, 0, COUNT(rows));
	tcase_add_loop_test(tc, a_keyword_of_weight_maps, 0, COUNT(must_map));
	tcase_add_test(tc, the_guide_lists_every_keyword);
	tcase_add_test(tc, a_missing_file_is_an_error);
	suite_add_tcase(suite, tc);
	return suite;
}
