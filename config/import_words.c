/*
 * Every keyword of sshd_config up to OpenSSH 10.5, and of Debian's and Red
 * Hat's patches, and what becomes of it: for the import, and for the table in
 * doc/MIGRATING.md, which config/print_options writes.
 */
#include "config/import.h"
#include "config/importer.h"

#include <string.h>
#include <strings.h>

#define OBSOLETE "obsolete: sshd ignores it too"
#define KERBEROS "passwords against the KDC are PAM's work (pam_krb5)"

/* clang-format off: a keyword, a paragraph */
static const struct import_word words[] = {
    {"AcceptEnv", WORD_RULE,
	"`accept_env`; those of several `Match` blocks add up"},
    {"AddressFamily", WORD_SERVER, "`listeners`"},
    {"AllowAgentForwarding", WORD_RULE, "`agent`"},
    {"AllowGroups", WORD_RULE,
	"`allow_groups` of a guard; of an overlay if a `Match` "
	"block has it"},
    {"AllowStreamLocalForwarding", WORD_RULE, "`unix_local`, `unix_remote`"},
    {"AllowTcpForwarding", WORD_RULE, "`tcp_forward`"},
    {"AllowUsers", WORD_RULE, "`allow_users`, as AllowGroups"},
    {"AuthenticationMethods", WORD_RULE,
	"`methods`; chains with a method that no module serves are "
	"left out"},
    {"AuthorizedKeysCommand", WORD_RULE,
	"a key source with `command`, chosen by `key_sources`"},
    {"AuthorizedKeysCommandUser", WORD_RULE,
	"`user` of that source; root: warning, it runs as nobody"},
    {"AuthorizedKeysFile", WORD_RULE,
	"a key source with `file`, chosen by `key_sources`; wildcards as in "
	"OpenSSH 10"},
    {"AuthorizedPrincipalsCommand", WORD_RULE,
	"`principals.command`; in `Match` a source with "
	"`principals`"},
    {"AuthorizedPrincipalsCommandUser", WORD_RULE, "`user` of that command"},
    {"AuthorizedPrincipalsFile", WORD_RULE,
	"`principals.file`; in `Match` a source with `principals`"},
    {"Banner", WORD_RULE,
	"`banner`; no file of that name: left out, with a warning"},
    {"CASignatureAlgorithms", WORD_RULE,
	"`crypto.ca_algorithms`; in `Match` also "
	"`key_ca_algorithms`"},
    {"ChannelTimeout", WORD_RULE, "`channel_timeouts`"},
    {"ChrootDirectory", WORD_RULE, "`chroot`"},
    {"Ciphers", WORD_SERVER,
	"`crypto.ciphers`; unknown ones are left out, with a "
	"warning"},
    {"ClientAliveCountMax", WORD_RULE, "`keepalive_count`"},
    {"ClientAliveInterval", WORD_RULE, "`keepalive_interval`"},
    {"Compression", WORD_SERVER, "`crypto.compression`"},
    {"DebianBanner", WORD_IGNORED,
	"sallyport's version line names no distribution"},
    {"DenyGroups", WORD_RULE, "`deny_groups`, as AllowGroups"},
    {"DenyUsers", WORD_RULE, "`deny_users`, as AllowGroups"},
    {"DisableForwarding", WORD_RULE, "`forwarding = false`"},
    {"ExposeAuthInfo", WORD_RULE, "`expose_auth`"},
    {"FingerprintHash", WORD_FIXED, "sha256"},
    {"ForceCommand", WORD_RULE,
	"`command`, or `sftp_only` with `sftp_start` (-d), "
	"`sftp_umask` (-u), `sftp_read_only` (-R); -p, -P: error"},
    {"GatewayPorts", WORD_RULE, "`gateway_ports`"},
    {"GSSAPIAuthentication", WORD_RULE,
	"the module `gssapi` (package sallyport-gssapi), the step "
	"`gssapi-with-mic`, `gssapi` and `delegation`; no /etc/krb5.keytab: "
	"left out, with a "
	"warning"},
    {"GSSAPICleanupCredentials", WORD_RULE, "`keep_delegated`"},
    {"GSSAPIDelegateCredentials", WORD_IGNORED,
	"it is a client's; `delegation` takes what clients delegate"},
    {"GSSAPIEnablek5users", WORD_RULE,
	"`k5users` of gssapi, for all users: its commands are not enforced, "
	"it bars the mapped name; guards give principals commands"},
    {"GSSAPIIndicators", WORD_IGNORED,
	"the gssapi module does not look at authentication indicators"},
    {"GSSAPIKexAlgorithms", WORD_SERVER,
	"`crypto.gss_kex`; those with SHA-1, and on other groups and curves "
	"than its own, are left out"},
    {"GSSAPIKeyExchange", WORD_SERVER,
	"`kerberos.key_exchange`, and the step `gssapi-keyex`"},
    {"GSSAPIStoreCredentialsOnRekey", WORD_RULE, "`renew_delegated`"},
    {"GSSAPIStrictAcceptorCheck", WORD_SERVER, "`kerberos.strict_acceptor`"},
    {"HostbasedAcceptedAlgorithms", WORD_UNSUPPORTED,
	"hostbased takes what crypto.key_algorithms has"},
    {"HostbasedAuthentication", WORD_RULE,
	"the module `hostbased`, and `hostbased`"},
    {"HostbasedUsesNameFromPacketOnly", WORD_RULE,
	"`name_from_packet` of the module, for all"},
    {"HostCertificate", WORD_SERVER,
	"`host_certificates`; a missing file is left out, with a "
	"warning"},
    {"HostKey", WORD_SERVER,
	"`host_keys`; a missing file, a DSA or FIDO key is left out, with a "
	"warning"},
    {"HostKeyAgent", WORD_FIXED, "none"},
    {"HostKeyAlgorithms", WORD_SERVER, "`crypto.host_key_algorithms`"},
    {"IgnoreRhosts", WORD_RULE, "`user_files` of the module, for all"},
    {"IgnoreUserKnownHosts", WORD_FIXED, "yes"},
    {"Include", WORD_RULE, "read, where it stands"},
    {"IPQoS", WORD_RULE,
	"`ip_qos_interactive`, `ip_qos_bulk`; DSCP names only"},
    {"KbdInteractiveAuthentication", WORD_RULE, "`keyboard_interactive`"},
    {"KerberosAuthentication", WORD_OFF, KERBEROS},
    {"KerberosGetAFSToken", WORD_IGNORED, KERBEROS},
    {"KerberosOrLocalPasswd", WORD_IGNORED, KERBEROS},
    {"KerberosTicketCleanup", WORD_IGNORED, KERBEROS},
    {"KerberosUniqueCCache", WORD_IGNORED, KERBEROS},
    {"KerberosUseKuserok", WORD_RULE, "`k5login` of gssapi, for all users"},
    {"KexAlgorithms", WORD_SERVER, "`crypto.kex`"},
    {"ListenAddress", WORD_SERVER, "`listeners`; a name or `rdomain`: error"},
    {"LoginGraceTime", WORD_SERVER, "`limits.login_grace`, 5 s to 1 h"},
    {"LogLevel", WORD_RULE, "`log.level`; in `Match` `log_level`"},
    {"LogVerbose", WORD_IGNORED, "a developer's aid"},
    {"MACs", WORD_SERVER, "`crypto.macs`"},
    {"Match", WORD_RULE,
	"`overlays`; Host with names, RDomain, LocalAddress of a "
	"wildcard listener: error, the block is left out"},
    {"MaxAuthTries", WORD_RULE, "`max_auth_tries`"},
    {"MaxSessions", WORD_RULE, "`max_sessions`"},
    {"MaxStartups", WORD_SERVER, "`limits.startups`"},
    {"ModuliFile", WORD_SERVER, "`crypto.moduli_file`"},
    {"PAMServiceName", WORD_RULE,
	"`service` of the module `pam`; in `Match` `pam_service`"},
    {"PasswordAuthentication", WORD_RULE, "`password`"},
    {"PermitEmptyPasswords", WORD_FIXED, "no"},
    {"PermitListen", WORD_RULE, "`remote_forward`"},
    {"PermitOpen", WORD_RULE, "`local_forward`"},
    {"PermitRootLogin", WORD_RULE, "`root_login`"},
    {"PermitTTY", WORD_RULE, "`pty`"},
    {"PermitTunnel", WORD_RULE, "`tun`"},
    {"PermitUserEnvironment", WORD_FIXED, "no"},
    {"PermitUserRC", WORD_RULE, "`user_rc`"},
    {"PerSourceMaxStartups", WORD_SERVER, "`limits.source.connections`"},
    {"PerSourceNetBlockSize", WORD_SERVER,
	"`limits.source.prefix4`, `prefix6`"},
    {"PerSourcePenalties", WORD_SERVER,
	"`limits.penalties`; without it they are off"},
    {"PerSourcePenaltyExemptList", WORD_SERVER, "`limits.penalties.exempt`"},
    {"PidFile", WORD_SERVER, "`pid_file`"},
    {"Port", WORD_SERVER, "`listeners`"},
    {"PrintLastLog", WORD_SERVER, "`records.last_login`"},
    {"PrintMotd", WORD_SERVER, "`records.motd`"},
    {"PubkeyAcceptedAlgorithms", WORD_RULE,
	"`crypto.key_algorithms` and `key_types`"},
    {"PubkeyAuthentication", WORD_RULE, "`publickey`"},
    {"PubkeyAuthOptions", WORD_RULE, "`key_touch`, `key_verify`"},
    {"RDomain", WORD_FIXED, "none"},
    {"RefuseConnection", WORD_RULE, "`refuse`"},
    {"RekeyLimit", WORD_RULE,
	"`crypto.rekey_bytes`, `rekey_seconds`; in `Match` the "
	"grants of these names"},
    {"RequiredRSASize", WORD_RULE, "`key_rsa_bits`"},
    {"RevokedKeys", WORD_RULE,
	"`revoked` of the module `publickey`; in `Match` also "
	"`key_revoked`; none, /dev/null: nothing"},
    {"SecurityKeyProvider", WORD_FIXED, "internal"},
    {"SetEnv", WORD_RULE, "`set_env`"},
    {"SshdAuthPath", WORD_IGNORED, "sallyport's processes are its own"},
    {"SshdSessionPath", WORD_IGNORED, "sallyport's processes are its own"},
    {"StreamLocalBindMask", WORD_RULE, "`unix_mask`"},
    {"StreamLocalBindUnlink", WORD_RULE, "`unix_unlink`"},
    {"StrictModes", WORD_FIXED, "yes"},
    {"Subsystem", WORD_RULE,
	"`subsystems`; in `Match` `subsystems` and "
	"`subsystem_commands`; sftp-server becomes `internal`"},
    {"SyslogFacility", WORD_SERVER, "`log.facility`"},
    {"TCPKeepAlive", WORD_SERVER, "`tcp_keepalive`"},
    {"TrustedUserCAKeys", WORD_RULE,
	"`ca_keys` of the module `publickey`; in `Match` a source "
	"with `ca_keys`"},
    {"UnusedConnectionTimeout", WORD_RULE, "`unused_timeout`"},
    {"UseDNS", WORD_FIXED, "no"},
    {"UsePAM", WORD_FIXED, "yes"},
    {"VersionAddendum", WORD_SERVER, "`version_addendum`"},
    {"X11DisplayOffset", WORD_RULE, "`x11_display_offset`"},
    {"X11Forwarding", WORD_RULE, "`x11`"},
    {"X11UseLocalhost", WORD_FIXED, "yes"},
    {"XAuthLocation", WORD_SERVER, "`xauth`"},
    {"AFSTokenPassing", WORD_IGNORED, OBSOLETE},
    {"AuthorizedKeysFile2", WORD_IGNORED, OBSOLETE},
    {"CheckMail", WORD_IGNORED, OBSOLETE},
    {"ExposeAuthenticationMethods", WORD_IGNORED, OBSOLETE},
    {"KerberosTgtPassing", WORD_IGNORED, OBSOLETE},
    {"KeyRegenerationInterval", WORD_IGNORED, OBSOLETE},
    {"Protocol", WORD_IGNORED, OBSOLETE},
    {"ReverseMappingCheck", WORD_IGNORED, OBSOLETE},
    {"RhostsAuthentication", WORD_IGNORED, OBSOLETE},
    {"RhostsRSAAuthentication", WORD_IGNORED, OBSOLETE},
    {"RSAAuthentication", WORD_IGNORED, OBSOLETE},
    {"ServerKeyBits", WORD_IGNORED, OBSOLETE},
    {"UseLogin", WORD_IGNORED, OBSOLETE},
    {"UsePrivilegeSeparation", WORD_IGNORED, OBSOLETE},
    {"VerifyReverseMapping", WORD_IGNORED, OBSOLETE},
};
/* clang-format on */

static const struct {
	const char *name, *of;
} aliases[] = {
    {"AuthorizedKeysCommandRunAs", "AuthorizedKeysCommandUser"},
    {"ChallengeResponseAuthentication", "KbdInteractiveAuthentication"},
    {"DSAAuthentication", "PubkeyAuthentication"},
    {"HostbasedAcceptedKeyTypes", "HostbasedAcceptedAlgorithms"},
    {"HostDSAKey", "HostKey"},
    {"KeepAlive", "TCPKeepAlive"},
    {"PubkeyAcceptedKeyTypes", "PubkeyAcceptedAlgorithms"},
    {"RSAMinSize", "RequiredRSASize"},
    {"SKeyAuthentication", "KbdInteractiveAuthentication"},
};

const struct import_word *
import_find_word(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
		if (strcasecmp(name, aliases[i].name) == 0)
			name = aliases[i].of;
	}
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(name, words[i].name) == 0)
			return &words[i];
	}
	return NULL;
}

static void
put_row(FILE *out, const struct import_word *word)
{
	fprintf(out, "| `%s` | ", word->name);
	switch (word->kind) {
	case WORD_SERVER:
	case WORD_RULE:
		fputs(word->note, out);
		break;
	case WORD_FIXED:
		fprintf(out, "always `%s`; another value: warning", word->note);
		break;
	case WORD_OFF:
		fprintf(
		    out, "always `no`; another value: warning: %s", word->note);
		break;
	case WORD_IGNORED:
	case WORD_UNSUPPORTED:
		fprintf(out, "left out, with a warning: %s", word->note);
		break;
	}
	fprintf(out, "%s |\n",
	    word->kind == WORD_SERVER ? " (not in `Match`)" : "");
}

void
import_print_words(FILE *out)
{
	size_t i;

	fputs("\n| sshd_config | in the result |\n|---|---|\n", out);
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		put_row(out, &words[i]);
	for (i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		fprintf(out, "| `%s` | as `%s` |\n", aliases[i].name,
		    aliases[i].of);
	fputc('\n', out);
}
